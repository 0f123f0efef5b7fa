"""Backup and restore with PostgreSQL's own programs: everything comes back, but nobody who was erased meanwhile."""

import asyncio
import io
import json
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from geoengage.app import create_app
from geoengage.cli import app as commands
from geoengage.kit import backup
from geoengage.kit.db import Sessions, make_sessions, transaction
from geoengage.kit.settings import Settings
from geoengage.privacy import journal, service
from tests.api.test_consents_api import add_id
from tests.api.wall.world import make_phone
from tests.conftest import KEY
from tests.factories import World, make_world

EMAIL = "zora@example.com"
quiet = CliRunner()


@dataclass
class Installation:
    """A database of its own with real commits, its data folder, an API on it, and two people."""

    url: str
    engine: AsyncEngine
    sessions: Sessions
    settings: Settings
    client: httpx.AsyncClient
    world: World
    zora: UUID
    ben: UUID

    @property
    def environment(self) -> dict[str, str]:
        return {
            "GEOENGAGE_DATABASE_URL": self.url,
            "GEOENGAGE_DATA_DIR": str(self.settings.data_dir),
            "GEOENGAGE_SECRET_KEY": KEY,
        }

    async def texts(self) -> str:
        """All rows of all tables, as text."""
        async with transaction(self.sessions, None) as session:
            tables = await session.execute(
                text(
                    "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
                    " AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'spatial_ref_sys'"
                )
            )
            found = [
                (await session.execute(text(f"SELECT string_agg(to_jsonb(t)::text, ' ') FROM {name} t"))).scalar_one()  # noqa: S608
                for name in tables.scalars().all()
            ]
        await self.engine.dispose()
        return " ".join(row for row in found if row)


@pytest.fixture
async def here(committed: AsyncEngine, settings: Settings) -> AsyncIterator[Installation]:
    url = committed.url.render_as_string(hide_password=False)
    app = create_app(settings, url)
    app.state.sessions = sessions = make_sessions(committed)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        async with sessions() as session:
            world = await make_world(session, name="Toy chain")
            people = []
            for name in ("zora", "ben"):
                phone = await make_phone(client, world, world.app_id, name)
                body = {"external_id": f"c-{name}-1", "first_name": f"{name}-first"}
                linked = await client.post(f"/v1/devices/{phone.id}/link", json=body, headers=world.sk_headers)
                id_ = linked.json()["profile_id"]
                await add_id(session, world.tenant_id, id_, "email", f"{name}@example.com")
                people.append(UUID(id_))
            await session.commit()
        yield Installation(url, committed, sessions, settings, client, world, people[0], people[1])


async def run(here: Installation, *words: str, answer: str = "") -> tuple[int, str]:
    """A command on this installation; what it said. It runs in a thread: it has an event loop of its own."""
    await here.engine.dispose()  # `restore` wants nobody else connected
    done = await asyncio.to_thread(quiet.invoke, commands, list(words), input=answer, env=here.environment)
    return done.exit_code, done.output


async def erase(here: Installation, profile_id: UUID) -> None:
    answer = await here.client.post(
        f"/v1/profiles/{profile_id}/erase", json={"reason": "request"}, headers=here.world.sk_headers
    )
    assert answer.status_code == 200, answer.text


async def test_who_was_erased_since_is_erased_again(here: Installation, tmp_path: Path) -> None:
    upload = here.settings.data_dir / "imports" / str(here.world.tenant_id) / "one.csv"
    upload.parent.mkdir(parents=True)
    upload.write_text(f"email\n{EMAIL}\nben@example.com\n")
    file = tmp_path / "backup.tar"
    status, said = await run(here, "backup", str(file))
    assert status == 0, said
    assert "1 tenants, 1 files" in said
    assert "signing key is not in it" in said
    assert file.stat().st_mode & 0o077 == 0
    with tarfile.open(file) as tar:
        names = tar.getnames()
    assert {"manifest.json", "database.dump"} < set(names)
    assert not [name for name in names if "secret" in name]

    await erase(here, here.zora)
    assert EMAIL not in upload.read_text()
    assert EMAIL not in await here.texts()
    async with transaction(here.sessions, None) as session:
        await session.execute(text("UPDATE profile SET first_name = 'changed'"))
        await session.execute(text("CREATE TABLE of_a_later_version (id int)"))

    status, said = await run(here, "restore", str(file), answer="n\n")
    assert status == 1
    assert "Toy chain" in said
    assert "changed" in await here.texts()
    status, said = await run(here, "restore", str(file), answer="y\n")
    assert status == 0, said
    assert "1 people who were erased since are erased again" in said
    rows = await here.texts()
    assert "ben-first" in rows
    assert "ben@example.com" in rows
    for word in (EMAIL, "zora-first", "c-zora-1"):
        assert word not in rows
        assert word not in upload.read_text()
    assert "ben@example.com" in upload.read_text()
    async with transaction(here.sessions, None) as session:
        receipts = await session.execute(text("SELECT asked_by, reason FROM erasure_receipt"))
        assert [tuple(r) for r in receipts] == [("journal", "copy")]
        gone = await session.execute(text("SELECT to_regclass('of_a_later_version')"))
        assert gone.scalar_one() is None
        journaled = await session.execute(text("SELECT count(*) FROM erasure_journal"))
        assert journaled.scalar_one() == 2  # the first, and the copy's
    # the program works on what was restored
    me = await here.client.get(f"/v1/profiles/{here.ben}", headers=here.world.sk_headers)
    assert me.status_code == 200
    assert (await here.client.get(f"/v1/profiles/{here.zora}", headers=here.world.sk_headers)).status_code == 404


async def test_the_file_beside_the_database_is_enough(here: Installation, tmp_path: Path) -> None:
    """The disk with the database is lost; the journal's file is kept elsewhere, and the backup is restored anew."""
    file = tmp_path / "backup.tar"
    await run(here, "backup", str(file))
    await erase(here, here.zora)
    path = here.settings.data_dir / journal.FILE
    kept = path.read_text()
    assert "zora" not in kept
    async with transaction(here.sessions, None) as session:
        await session.execute(text("DELETE FROM erasure_journal"))
    status, said = await run(here, "restore", str(file), "--yes")
    assert (status, "1 people" in said) == (0, True), said
    assert EMAIL not in await here.texts()


async def test_a_repeated_import_is_erased_again(here: Installation) -> None:
    """The nightly run knows her by a name from before; who comes back later is new."""
    traces = service.Traces.of(here.settings, KEY)
    await erase(here, here.zora)
    now = datetime.now(UTC)
    for since, again in ((now - timedelta(days=400), 1), (now + timedelta(minutes=1), 0)):
        async with transaction(here.sessions, here.world.tenant_id) as session:
            new = {"t": here.world.tenant_id, "p": UUID(int=again + 5)}
            await session.execute(text("INSERT INTO profile (tenant_id, id) VALUES (:t, :p)"), new)
            await add_id(session, here.world.tenant_id, str(UUID(int=again + 5)), "email", EMAIL)
            await session.execute(
                text("UPDATE identifier SET created_at = :at WHERE value = :v"), {"at": since, "v": EMAIL}
            )
        assert await service.replay(here.sessions, traces, now) == again
        assert (EMAIL in await here.texts()) is not bool(again)


async def test_a_newer_backup_is_refused(here: Installation, tmp_path: Path) -> None:
    file, newer = tmp_path / "backup.tar", tmp_path / "newer.tar"
    await run(here, "backup", str(file))
    with tarfile.open(file) as old, tarfile.open(newer, "w") as new:
        for member in old.getmembers():
            content = old.extractfile(member).read()  # type: ignore[union-attr]
            if member.name == "manifest.json":
                content = json.dumps(json.loads(content) | {"revision": "9999"}).encode()
                member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    status, said = await run(here, "restore", str(newer), "--yes")
    assert status == 1
    assert "newer geoengage (schema 9999)" in said
    (tmp_path / "none.tar").write_bytes(b"no tar")
    status, said = await run(here, "restore", str(tmp_path / "none.tar"), "--yes")
    assert (status, "is no backup" in said) == (1, True)


@pytest.mark.parametrize("cut", [False, True], ids=["spoilt", "cut"])
async def test_a_restore_that_fails_changes_nothing(here: Installation, tmp_path: Path, cut: bool) -> None:
    file, damaged = tmp_path / "backup.tar", tmp_path / "damaged.tar"
    await run(here, "backup", str(file))
    with tarfile.open(file) as old, tarfile.open(damaged, "w") as new:
        for member in old.getmembers():
            content = old.extractfile(member).read()  # type: ignore[union-attr]
            if member.name == "database.dump":
                middle = len(content) // 2
                content = content[:middle] if cut else content[:middle] + b"\0" * 5_000 + content[middle + 5_000 :]
                member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    before = await here.texts()
    status, said = await run(here, "restore", str(damaged), "--yes")
    assert status == 1, said
    assert "nothing was changed" in said
    assert await here.texts() == before


async def test_nothing_is_restored_under_a_running_program(here: Installation, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    await run(here, "backup", str(file))
    dsn = backup._dsn(here.url)
    busy = await asyncio.to_thread(psycopg.connect, dsn, application_name="geoengage-worker")
    status, said = await run(here, "restore", str(file), "--yes")
    await asyncio.to_thread(busy.close)
    assert status == 1
    assert "geoengage-worker works on this database" in said


async def test_a_backup_asks_before_it_overwrites(here: Installation, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    file.write_text("precious")
    status, said = await run(here, "backup", str(file), answer="n\n")
    assert (status, "Overwrite it?" in said) == (1, True)
    assert file.read_text() == "precious"
    status, said = await run(here, "backup", str(tmp_path / "nowhere" / "x.tar"))
    assert (status, "no such folder" in said) == (1, True)

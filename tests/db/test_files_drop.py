"""The drop folder: files are taken when they are still, put away, held back when half their size, missed when late."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.ingest.files import jobs, service, store
from geoengage.kit.db import Sessions, make_sessions, transaction
from geoengage.kit.settings import ImportSettings, Settings
from tests.factories import World, make_world

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)


class Night:
    """A tenant's folder, a worker's part, and a clock that the test moves."""

    def __init__(self, sessions: Sessions, world: World, root: Path, still_s: float = 0) -> None:
        self.sessions, self.world, self.now = sessions, world, NOW
        self.folder = root / "erp-shop"
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = ImportSettings(drop_dir=root, drop_still_s=still_s)
        self.drop = jobs.DropFolder(sessions, settings, clock=lambda: self.now, ring=lambda: None)
        self.importer = jobs.Importer(sessions, lease_s=30, clock=lambda: self.now, ring=lambda: None)

    def leave(self, name: str, body: str, at: datetime | None = None) -> Path:
        """A file as the ERP leaves it."""
        path = self.folder / name
        path.write_text(body)
        moment = (at or self.now).timestamp()
        os.utime(path, (moment, moment))
        return path

    async def work(self) -> None:
        """What the worker does in a round, twice: to import, and to put away."""
        for _ in range(2):
            await self.drop.look()
            while await self.importer.step():
                pass
        await self.importer.finish()

    async def imports(self) -> list[tuple[str, str, str | None]]:
        return await self.rows("SELECT file_name, status, reason FROM data_import ORDER BY id")

    async def alerts(self) -> list[tuple[str, str, bool]]:
        return await self.rows("SELECT kind, reason, resolved_at IS NOT NULL FROM import_alert ORDER BY id")

    async def told(self) -> list[str]:
        rows = await self.rows("SELECT payload ->> 'text' FROM ledger WHERE type = 'import.alert' ORDER BY position")
        return [text_ for (text_,) in rows]

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.sessions() as session:
            return [tuple(row) for row in await session.execute(text(sql))]

    def files(self) -> list[str]:
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.rglob("*") if p.is_file())


def products(count: int) -> str:
    return "product_id,name\n" + "".join(f"p{n},x\n" for n in range(count))


@pytest.fixture
async def night(committed: AsyncEngine, tmp_path: Path) -> Night:
    sessions = make_sessions(committed)
    async with sessions() as session:
        world = await make_world(session, slug="erp-shop")
    return Night(sessions, world, tmp_path / "drop")


async def test_a_file_is_imported_and_put_away(night: Night) -> None:
    night.leave("products-2026-11-28.csv", products(5))
    night.leave("products-2026-11-29.csv.part", products(5))
    night.leave(".products-hidden.csv", products(5))
    (night.folder / "products-link.csv").symlink_to("/etc/hostname")
    await night.work()
    assert await night.imports() == [("products-2026-11-28.csv", "done", None)]
    (done,) = (name for name in night.files() if name.startswith("done/"))
    assert done.endswith("-products-2026-11-28.csv")
    assert (night.folder / "products-2026-11-29.csv.part").exists()
    await night.work()
    assert len(await night.imports()) == 1, "what was put away is not taken again"


async def test_a_file_that_still_grows_is_left_alone(night: Night, tmp_path: Path) -> None:
    slow = Night(night.sessions, night.world, tmp_path / "drop", still_s=0.3)
    path = slow.leave("products.csv", products(3))
    await slow.drop.look()
    await asyncio.sleep(0.35)
    path.write_text(products(6))
    await slow.drop.look()
    assert await slow.imports() == [], "it has changed since the last look"
    await asyncio.sleep(0.35)
    await slow.work()
    assert await slow.imports() == [("products.csv", "done", None)]
    assert await slow.rows("SELECT count(*) FROM product") == [(6,)]


async def test_half_its_usual_size_is_held_until_somebody_decides(night: Night) -> None:
    for day in range(4, 0, -1):
        at = NOW - timedelta(days=day)
        night.now = at
        night.leave("products.csv", products(40 + day), at)
        await night.work()
    night.now = NOW
    path = night.leave("products.csv", products(10))
    await night.work()
    assert (await night.imports())[-1] == ("products.csv", "held", "it has 11 lines; usual are 43")
    assert await night.alerts() == [("products", "small", False)]
    assert await night.told() == ["products.csv (products): it has 11 lines; usual are 43"]
    assert path.exists(), "it stays where it is"
    assert await night.rows("SELECT count(*) FROM product") == [(44,)]

    held = (await night.rows("SELECT id FROM data_import WHERE status = 'held'"))[0][0]
    async with transaction(night.sessions, night.world.tenant_id) as session:
        row = await store.get_import(session, night.world.tenant_id, held, lock=True)
        await service.start(session, night.world.tenant_id, row, by="test", now=NOW)
    await night.work()
    assert (await night.imports())[-1][:2] == ("products.csv", "done")
    assert await night.alerts() == [("products", "small", True)]
    assert not path.exists()


async def test_a_file_that_does_not_come_is_missed_once(night: Night) -> None:
    for day in range(5, 1, -1):
        at = (NOW - timedelta(days=day)).replace(hour=2, minute=5 * day)
        night.now = at
        night.leave("products.csv", products(40), at)
        await night.work()
    night.now = (NOW - timedelta(days=1)).replace(hour=3)
    await night.drop.note_late()
    assert await night.alerts() == [], "within its usual spread"
    night.now = (NOW - timedelta(days=1)).replace(hour=5)
    for _ in range(2):
        await night.drop.note_late()
    assert await night.alerts() == [("products", "late", False)]
    (said,) = await night.told()
    assert said.startswith("products: no file came; it is usual at 03:1")  # 02:17 UTC in Zürich
    night.leave("products.csv", products(41))
    await night.work()
    assert await night.alerts() == [("products", "late", True)]


async def test_what_cannot_be_read_goes_to_failed(night: Night) -> None:
    night.leave("orders-1.csv", "")
    night.leave("orders-2.csv", "a,b\n1,2\n")
    await night.work()
    assert sorted((name, status) for name, status, _ in await night.imports()) == [
        ("orders-1.csv", "failed"),
        ("orders-2.csv", "held"),
    ]
    assert await night.alerts() == [("orders", "failed", False)], "one alert a reason and day"
    assert next(n for n in night.files() if n.startswith("failed/")).endswith("-orders-1.csv")
    assert "orders-2.csv" in night.files(), "somebody may still say what its columns are"


async def test_old_files_and_uploads_are_deleted(night: Night, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "data", secret_key="x" * 32, imports=ImportSettings(drop_dir=night.folder.parent)
    )
    night.leave("products.csv", products(3))
    await night.work()
    assert len(night.files()) == 1
    await jobs.tidy(night.sessions, settings, datetime.now(UTC))
    assert len(night.files()) == 1
    await jobs.tidy(night.sessions, settings, datetime.now(UTC) + timedelta(days=8))
    assert night.files() == []


def test_the_folder_of_a_tenant_is_its_own() -> None:
    for wrong in ("{kind}*", "all/{tenant}-{kind}*", "{tenant}/../{kind}*", "{tenant}/*"):
        with pytest.raises(ValueError, match="drop_pattern"):
            Settings(imports=ImportSettings(drop_pattern=wrong))

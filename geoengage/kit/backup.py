"""One file that holds an installation: the database as pg_dump writes it, uploaded files, the journal of erasures.

The file is a tar: `manifest.json`, `database.dump`, `journal.jsonl`, `files/…`. A restore replaces the database in one
transaction, so one that fails leaves everything as it was. The signing key is not in the file.
"""

import contextlib
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import psycopg
from alembic.script import ScriptDirectory
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url

from geoengage.kit import pgprograms
from geoengage.kit.migrate import config

FORMAT = 1
CHUNK = 1 << 20
MANIFEST, DUMP, JOURNAL, FILES = "manifest.json", "database.dump", "journal.jsonl", "files"
Told = Callable[[str], None]

# What is ours in the schema `public`; PostGIS's own tables, functions and types belong to its extension and stay.
_DROP_OURS = """
DO $$
DECLARE r record;
BEGIN
  FOR r IN SELECT c.relname, c.relkind FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT c.relispartition
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relkind IN ('v', 'm') DESC
  LOOP
    EXECUTE format('DROP %s IF EXISTS public.%I CASCADE', CASE r.relkind WHEN 'v' THEN 'VIEW'
      WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, r.relname);
  END LOOP;
  FOR r IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  LOOP
    EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', r.name);
  END LOOP;
END $$;
"""


class BackupError(RuntimeError):
    """It cannot be done; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file holds. `revision`: the schema's, as Alembic names it."""

    format: int
    made_at: str
    revision: str
    tenants: int
    files: int


def backup(url: str, target: Path, folders: Sequence[Path], journal: Path, now: datetime, tell: Told) -> Manifest:
    """Write the file `target`, which only its owner may read; it appears when it is whole. `url` is SQLAlchemy's.

    `folders`: what is kept beside the database, each under its own name. A folder that is missing is left out.
    """
    with psycopg.connect(_dsn(url)) as connection:
        revision, tenants = _state(connection)
    if revision is None:
        raise BackupError("this database holds nothing of geoengage yet")
    part = target.with_name(f"{target.name}.part")
    with TemporaryDirectory(prefix="geoengage-backup-", dir=target.parent) as folder:
        dump = Path(folder) / DUMP
        _pg_dump(url, dump, tell)
        files = [path for each in folders if each.is_dir() for path in sorted(each.rglob("*")) if path.is_file()]
        manifest = Manifest(FORMAT, now.isoformat(), revision, tenants, len(files))
        (Path(folder) / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n")
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            with tarfile.open(fileobj=out, mode="w") as tar:
                tar.add(Path(folder) / MANIFEST, MANIFEST)
                tar.add(dump, DUMP)
                if journal.exists():
                    tar.add(journal, JOURNAL)
                for path in files:
                    base = next(each for each in folders if path.is_relative_to(each))
                    tar.add(path, f"{FILES}/{base.name}/{path.relative_to(base)}")
            out.flush()
            os.fsync(out.fileno())
    part.rename(target)
    return manifest


def read_manifest(source: Path) -> Manifest:
    """What a file holds; BackupError when it is no backup, or one of a newer program."""
    try:
        with tarfile.open(source) as tar:
            member = tar.extractfile(MANIFEST)
            found = json.load(member) if member else {}
        manifest = Manifest(**found)
    except (tarfile.TarError, OSError, KeyError, TypeError, ValueError) as error:
        raise BackupError(f"{source} is no backup of geoengage") from error
    known = {script.revision for script in ScriptDirectory.from_config(config("")).walk_revisions()}
    if manifest.format > FORMAT or manifest.revision not in known:
        raise BackupError(
            f"{source} was made by a newer geoengage (schema {manifest.revision}): update the program, then restore"
        )
    return manifest


def list_tenants(url: str) -> list[str]:
    """The names of the tenants in a database: what a restore would overwrite. Empty: there are none."""
    with psycopg.connect(_dsn(url)) as connection:
        if _state(connection)[0] is None:
            return []
        return [row[0] for row in connection.execute("SELECT name FROM tenant ORDER BY name")]


def restore(url: str, source: Path, folders: Sequence[Path], tell: Told) -> str:
    """Replace the database and the files by what a backup holds; returns the text of its journal of erasures.

    BackupError while other programs of ours are connected. The schema is as old as the backup: upgrade it afterwards.
    """
    with psycopg.connect(_dsn(url)) as connection:
        others = connection.execute(
            "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND application_name LIKE 'geoengage%%'"
        ).fetchall()
    if others:
        names = ", ".join(sorted(row[0] for row in others))
        raise BackupError(f"{names} works on this database: stop `geoengage serve` and `geoengage worker` first")
    with TemporaryDirectory(prefix="geoengage-restore-", dir=source.parent) as name:
        folder = Path(name)
        with tarfile.open(source) as tar:
            tar.extractall(folder, filter="data")
        _pg_restore(url, folder / DUMP, tell)
        for each in folders:
            found = folder / FILES / each.name
            if found.is_dir():
                shutil.rmtree(each, ignore_errors=True)
                each.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(found, each)
        journal = folder / JOURNAL
        return journal.read_text() if journal.exists() else ""


# --- PostgreSQL's programs ----------------------------------------------------------------------------------------


def _dsn(url: str, *, with_password: bool = True) -> str:
    parsed = make_url(url)
    values = {
        "host": parsed.host, "port": parsed.port, "user": parsed.username, "dbname": parsed.database,
        "password": parsed.password if with_password else None,
    } | dict(parsed.query)  # fmt: skip
    return make_conninfo(**{name: value for name, value in values.items() if value is not None})  # type: ignore[arg-type]


def _state(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[str | None, int]:
    """The revision of the schema, None where there is none, and how many tenants there are."""
    there = connection.execute("SELECT to_regclass('public.alembic_version'), to_regclass('public.tenant')").fetchone()
    if there is None or None in there:
        return None, 0
    row = connection.execute("SELECT (SELECT version_num FROM alembic_version), (SELECT count(*) FROM tenant)")
    revision, tenants = row.fetchone() or (None, 0)
    return (None, 0) if revision is None else (str(revision), int(str(tenants)))


def _program(name: str, url: str) -> Path:
    """One of PostgreSQL's programs, not older than the server: an older pg_dump refuses it."""
    with psycopg.connect(_dsn(url)) as connection:
        server = connection.info.server_version // 10_000
    found = [path / name for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)]
    if on_path := shutil.which(name):
        found.append(Path(on_path))
    for path in found:
        if path.exists() and int(pgprograms.run([path, "--version"]).split()[2].split(".")[0]) >= server:
            return path
    raise BackupError(f"no {name} of PostgreSQL {server} or newer on this machine: install postgresql-client-{server}")


def _version(bindir: Path) -> int:
    return int(bindir.parent.name) if bindir.parent.name.isdigit() else 0


def _environment(url: str) -> dict[str, str]:
    password = make_url(url).password
    return pgprograms.environment() | ({"PGPASSWORD": str(password)} if password else {})


def _pg_dump(url: str, target: Path, tell: Told) -> None:
    command: list[str | Path] = [
        _program("pg_dump", url), "--format=custom", "--compress=1", "--schema=public", "--no-owner",
        "--no-privileges", "--verbose", f"--file={target}", f"--dbname={_dsn(url, with_password=False)}",
    ]  # fmt: skip
    with _started(command, url, stderr=subprocess.PIPE) as process:
        last = ""
        for line in process.stderr or ():
            last = line.decode(errors="replace").strip()
            if "dumping contents of table" in last:
                tell(last.rpartition("table ")[2].strip('"'))
    if process.returncode:
        raise BackupError(f"pg_dump failed: {last}")


def _pg_restore(url: str, dump: Path, tell: Told) -> None:
    """Feed the dump to psql behind the statements that drop what is there, all in one transaction."""
    pg_restore = _program("pg_restore", url)
    try:
        listed = pgprograms.run([pg_restore, "--list", dump]).splitlines()
    except pgprograms.ClusterError as error:
        raise BackupError(f"nothing was changed; the file is damaged: {error}") from error
    wanted = dump.with_name("list")
    wanted.write_text("\n".join(line for line in listed if " SCHEMA " not in line) + "\n")  # `public` is there
    target = [f"--dbname={_dsn(url, with_password=False)}", "--no-psqlrc", "--quiet", "--single-transaction"]
    psql: list[str | Path] = [_program("psql", url), *target, "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-"]
    read: list[str | Path] = [
        pg_restore, "--no-owner", "--no-privileges", f"--use-list={wanted}", "--file=-", dump,
    ]  # fmt: skip
    with (
        _started(psql, url, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as into,
        _started(read, url, stdout=subprocess.PIPE) as out,
    ):
        whole = _feed(out.stdout, into.stdin, tell) and out.wait() == 0
        if not whole:
            into.kill()  # before it sees the end of its input, which would commit
        elif into.stdin:
            into.stdin.close()
        trouble = into.stderr.read().decode(errors="replace") if into.stderr else ""
    if not whole or into.returncode:
        raise BackupError(f"nothing was changed; the restore failed: {trouble.strip()[-500:] or 'unreadable dump'}")


def _feed(out: IO[bytes] | None, into: IO[bytes] | None, tell: Told) -> bool:
    """Copy; False when the reader went away, which its own messages explain."""
    if out is None or into is None:
        return False
    done = 0
    try:
        into.write(_DROP_OURS.encode() + b"CREATE EXTENSION IF NOT EXISTS postgis;\n")
        while chunk := out.read(CHUNK):
            into.write(chunk)
            done += len(chunk)
            tell(f"{done >> 20} MB read in")
        into.flush()
    except BrokenPipeError:
        return False
    return True


@contextlib.contextmanager
def _started(
    command: Sequence[str | Path],
    url: str,
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    opened = subprocess.Popen(  # noqa: S603 - programs found above, never a shell
        command, env=_environment(url), stdin=stdin, stdout=stdout, stderr=stderr
    )
    with contextlib.suppress(BrokenPipeError), opened as process:
        yield process

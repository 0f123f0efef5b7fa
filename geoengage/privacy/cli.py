"""Commands of rights: a backup that forgets whom it must, and the record of processing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from geoengage.kit import backup as files
from geoengage.kit import commands
from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import ClusterError
from geoengage.kit.db import Sessions, make_engine, make_sessions
from geoengage.kit.migrate import upgrade
from geoengage.kit.settings import Settings
from geoengage.privacy import journal, service
from geoengage.privacy.record import write

T = TypeVar("T")
app = typer.Typer(help="Personal data.", no_args_is_help=True)
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before overwriting.")]


def backup(file: Annotated[Path, typer.Argument(help="Where to write it.")], *, yes: Yes = False) -> None:
    """Write the database, uploaded files and the journal of erasures into one file. The program may be running.

    The signing key is not in it: keep `secret_key` of the data folder (or GEOENGAGE_SECRET_KEY) in another place.
    """
    target = file.absolute()
    if not target.parent.is_dir():
        raise commands.fail(f"{target.parent}: no such folder")
    if target.exists() and not yes:
        typer.confirm(f"{target} exists. Overwrite it?", abort=True)
    settings = commands.read_settings()
    traces = _traces(settings)
    with commands.database(settings) as url, _told("reading") as tell:
        _in_database(url, lambda sessions: service.keep_journal(sessions, traces))
        try:
            made = files.backup(url, target, [traces.uploads], traces.journal, utc_now(), tell)
        except (files.BackupError, ClusterError) as error:
            raise commands.fail(str(error)) from error
    size = target.stat().st_size / 1_000_000
    typer.echo(
        f"{target}: {made.tenants} tenants, {made.files} files, {size:.1f} MB, schema {made.revision}."
        " The signing key is not in it."
    )


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `geoengage backup` wrote.")], *, yes: Yes = False
) -> None:
    """Replace the database and the uploaded files by a backup, then erase again whoever was erased since.

    Stop `geoengage serve` and `geoengage worker` first. If it fails, everything is as it was.
    """
    settings = commands.read_settings()
    traces = _traces(settings)
    with commands.database(settings) as url:
        try:
            manifest = files.read_manifest(file)
            there = files.list_tenants(url)
            if there and not yes:
                typer.confirm(
                    f"This database holds {', '.join(there)}. Replace all of it by the backup of {manifest.made_at}?",
                    abort=True,
                )
            if there:  # what was erased since is known to the database that is about to be replaced
                _in_database(url, lambda sessions: service.keep_journal(sessions, traces))
            with _told("restoring") as tell:
                text = files.restore(url, file.absolute(), [traces.uploads], tell)
            upgrade(url)
        except (files.BackupError, ClusterError) as error:
            raise commands.fail(str(error)) from error
        journal.add(traces.journal, journal.read(text))
        erased = _in_database(url, lambda sessions: service.replay(sessions, traces, utc_now()))
    typer.echo(f"restored the backup of {manifest.made_at}; {erased} people who were erased since are erased again")


@app.command()
def record() -> None:
    """Print the record of processing: what each table holds about people, for how long, what an erasure does."""
    typer.echo(write())


@app.command()
def replay() -> None:
    """Erase again whoever the journal knows: after data were brought back by other means than `restore`.

    The worker does the same every night.
    """
    settings = commands.read_settings()
    traces = _traces(settings)
    with commands.database(settings) as url:
        erased = _in_database(url, lambda sessions: service.replay(sessions, traces, utc_now()))
    typer.echo(f"{erased} people who were erased before are erased again")


def _traces(settings: Settings) -> service.Traces:
    return service.Traces.of(settings, settings.signing_key())


def _in_database(url: str, work: Callable[[Sessions], Awaitable[T]]) -> T:
    async def run() -> T:
        engine = make_engine(url, pool_size=2, application_name="cli")
        try:
            return await work(make_sessions(engine))
        finally:
            await engine.dispose()

    return asyncio.run(run())


@contextmanager
def _told(what: str) -> Iterator[Callable[[str], None]]:
    """Says how far it is on one line, where there is somebody to read it."""
    console = Console(stderr=True)
    with console.status(f"{what} …") as status:
        yield lambda text: status.update(f"{what} {text}")

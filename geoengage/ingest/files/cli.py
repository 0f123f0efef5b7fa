"""`geoengage imports`: the same imports by command, with a progress bar. Interrupted, the same command goes on."""

import asyncio
import csv
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from geoengage.ingest.files import service, store
from geoengage.ingest.files.models import DataImport
from geoengage.ingest.files.rules import mapping as maps
from geoengage.ingest.files.rules.kinds import FIELDS, FileKind
from geoengage.ingest.files.rules.text import ENCODING_WORDS, UnreadableFile
from geoengage.ingest.files.shapes import Options
from geoengage.kit import commands, csvs
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions, make_engine, make_sessions, transaction
from geoengage.kit.errors import AppError
from geoengage.kit.ids import TenantId, new_id
from geoengage.tenancy.store import find_tenant_id

app = typer.Typer(help="Files of customers, consents, products, stock and orders.", no_args_is_help=True)
LEASE = timedelta(minutes=5)
BY = "command line"
T = TypeVar("T")
Tenant = Annotated[str, typer.Option(help="Slug of the tenant.")]
KindOption = Annotated[FileKind, typer.Option(help="What the rows are.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="HEADER=FIELD", help="What a column is; may be given again. FIELD empty: unread."),
]
Currency = Annotated[str | None, typer.Option(help="Currency (ISO 4217) of amounts where no column says it.")]
Zone = Annotated[str | None, typer.Option(help="Time zone (IANA) of times without one; else the tenant's.")]
Region = Annotated[str | None, typer.Option(help="Country (ISO 3166-1) of phone numbers without one.")]
Decimal = Annotated[str | None, typer.Option(help="Sign before the decimals, . or ,; else guessed.")]


@app.command()
def run(  # noqa: PLR0913 - the options of a command
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file, or such a file as .gz.")],
    *,
    kind: KindOption,
    tenant: Tenant,
    column: Columns = None,
    currency: Currency = None,
    timezone: Zone = None,
    region: Region = None,
    decimal: Decimal = None,
    errors: Annotated[Path | None, typer.Option(help="Where to write the lines that were not taken, as CSV.")] = None,
) -> None:
    """Import a file here and now. See docs/imports.md. The status is 1 when lines were not taken."""
    given = {"currency": currency, "timezone": timezone, "region": region, "decimal": decimal}

    async def work(sessions: Sessions) -> DataImport:
        tenant_id = await _tenant_id(sessions, tenant)
        row = await _take_up(sessions, tenant_id, kind, file.absolute(), column or [], given)
        row = await _to_the_end(sessions, tenant_id, row)
        if errors is not None and row.errors:
            await _write_errors(sessions, tenant_id, row, errors)
        return row

    row = _in_sessions(work)
    things = f"{row.added:,} added, {row.updated:,} updated, {row.unchanged:,} unchanged, {row.refused:,} refused"
    typer.echo(f"{row.file_name}: {row.records:,} rows; {kind}: {things}")
    if row.errors:
        typer.echo(f"{row.errors:,} error lines" + (f" in {errors}" if errors else "; --errors FILE writes them"))
    if row.status != "done":
        raise commands.fail(f"{row.status}: {row.reason}")
    raise typer.Exit(1 if row.errors else 0)


@app.command("map")
def map_(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A file, to see what its columns are taken for.")
    ] = None,
    *,
    kind: KindOption,
    tenant: Tenant,
    column: Columns = None,
    currency: Currency = None,
    timezone: Zone = None,
    region: Region = None,
    decimal: Decimal = None,
) -> None:
    """Show, and with --column and the like change, what columns of files of a kind are taken for."""
    given = {"currency": currency, "timezone": timezone, "region": region, "decimal": decimal}

    async def work(sessions: Sessions) -> tuple[dict[str, str], Options]:
        tenant_id = await _tenant_id(sessions, tenant)
        async with transaction(sessions, tenant_id) as session:
            saved = await store.find_mapping(session, tenant_id, kind)
            mapping = _with_columns(saved.mapping if saved else {}, column or [])
            options = _with_options(Options(**(saved.options if saved else {})), given)
            if column or any(given.values()):
                values = (mapping, options.stored())
                await store.put_mapping(session, tenant_id, kind, values, by=BY, now=utc_now())
        return mapping, options

    mapping, options = _in_sessions(work)
    words = {field.name: field.words for field in FIELDS[kind]}
    if file is None:
        typer.echo(
            "\n".join(f"{name} = {field}" for name, field in mapping.items()) or "nothing is saved; names are guessed"
        )
    else:
        looked, _ = asyncio.run(service.look_at(file, kind))
        typer.echo(
            f"{ENCODING_WORDS[looked.look.encoding]}, delimiter {looked.delimiter!r}, {looked.look.lines:,} lines"
        )
        guessed = maps.guess(kind, looked.header, mapping)
        typer.echo("\n".join(f"{name} = {_named(guessed.get(name), words)}" for name in looked.header))
        typer.echo("\n".join(f"missing: {why}" for why in maps.flaws(kind, looked.header, guessed).values()), nl=False)
    typer.echo(", ".join(f"{name} {value}" for name, value in options.stored().items() if value is not None))


def _named(field: str | None, words: dict[str, str]) -> str:
    return f"{field} ({words[field]})" if field else "not read"


def _in_sessions(work: Callable[[Sessions], Awaitable[T]]) -> T:
    """Do `work(sessions)` on the database of the settings; expected errors end the command."""

    async def connected(url: str) -> T:
        engine = make_engine(url, pool_size=2, application_name="geoengage-cli")
        try:
            return await work(make_sessions(engine))
        finally:
            await engine.dispose()

    with commands.database(commands.read_settings()) as url:
        try:
            return asyncio.run(connected(url))
        except AppError as error:
            raise commands.fail(error.detail) from error
        except KeyboardInterrupt:
            raise commands.fail("interrupted; the same command goes on where it was") from None


async def _tenant_id(sessions: Sessions, slug: str) -> TenantId:
    async with transaction(sessions, None) as session:  # cross-tenant: the tenant is looked up by its slug
        found = await find_tenant_id(session, slug)
    if found is None:
        raise commands.fail(f"there is no tenant '{slug}'")
    return found


def _with_columns(mapping: dict[str, str], columns: list[str]) -> dict[str, str]:
    """The mapping with what `--column HEADER=FIELD` says."""
    result = dict(mapping)
    for text in columns:
        name, sign, field = text.rpartition("=")
        if not sign:
            raise commands.fail(f"--column {text}: write it as HEADER=FIELD")
        if field:
            result[name] = field
        else:
            result.pop(name, None)
    return result


def _with_options(options: Options, given: dict[str, str | None]) -> Options:
    try:
        return Options.model_validate(options.stored() | {n: v for n, v in given.items() if v is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise commands.fail(f"--{first['loc'][0]}: {first['msg']}") from error


async def _take_up(
    sessions: Sessions,
    tenant_id: TenantId,
    kind: FileKind,
    path: Path,
    columns: list[str],
    given: dict[str, str | None],
) -> DataImport:
    """The import of that file: the one that an earlier command began and did not end, or a new one."""
    now, looked = utc_now(), await service.look_at(path, kind)
    written_at = await asyncio.to_thread(path.stat)
    async with transaction(sessions, tenant_id) as session:
        row = await store.find_unfinished(session, tenant_id, kind, looked[1])
        if row is None:
            sent_at = datetime.fromtimestamp(written_at.st_mtime, UTC)
            arrived = service.Arrived(new_id(now), kind, "command", path, path.name, sent_at, BY)
            row = await service.register(session, tenant_id, arrived, looked, now)
            assert row is not None  # noqa: S101 - its id is new
            mapping = _with_columns(row.mapping, columns)
            await service.change(session, tenant_id, row, mapping, _with_options(Options(**row.options), given), now)
            await service.start(session, tenant_id, row, by=BY, now=now)
            row.started_at = now
        row.status, row.path = "running", str(path)
        row.lease, row.lease_until = new_id(now), now + LEASE
        return row


async def _to_the_end(sessions: Sessions, tenant_id: TenantId, row: DataImport) -> DataImport:
    assert row.lease is not None  # noqa: S101 - just taken
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    times = (TextColumn("{task.fields[speed]:,.0f} rows/s"), TimeElapsedColumn(), TimeRemainingColumn())
    try:
        current = await service.open_run(sessions, tenant_id, row.id, row.lease)
        with Progress(*columns, *times, console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task(row.file_name, total=row.lines_total, completed=row.lines_done, speed=0.0)
            while row.status == "running":
                now = utc_now()
                row = await current.advance(sessions, now, now + LEASE)
                progress.update(bar, completed=row.lines_done, speed=row.rows_per_s or 0.0)
        await current.close()
    except service.Lost:
        raise commands.fail("another command goes on with this file, or somebody has cancelled it") from None
    except UnreadableFile as error:
        async with transaction(sessions, tenant_id) as session:
            row = await service.fail(session, tenant_id, row.id, str(error), utc_now())
    return row


async def _write_errors(sessions: Sessions, tenant_id: TenantId, row: DataImport, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("line", "column", "value", "reason", "record"))
        after = 0
        while True:
            async with transaction(sessions, tenant_id) as session:
                page = await store.list_errors(session, tenant_id, row.id, after, 5_000)
            if not page:
                return
            after = page[-1].number
            out.writerows((e.line, *map(csvs.harmless, (e.column_name, e.value, e.reason, e.record))) for e in page)

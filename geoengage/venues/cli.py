"""`geoengage venues`: malls from files into the database and back into files, the stores of a chain from a CSV file."""

import json
from collections.abc import Awaitable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from geoengage.kit import commands, errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.tenancy.store import find_tenant_id
from geoengage.venues import formats
from geoengage.venues.report import ImportMode, ImportRefused, ImportReport, Severity
from geoengage.venues.service import ExportFormat, ImportOptions, export_venue, find_mall, import_stores, import_venue

app = typer.Typer(help="Malls, stores and zones.", no_args_is_help=True)
SUFFIXES = (".json", ".geojson")
_SHOWN = 100  # problems; whoever has more has one mistake many times

Tenant = Annotated[str, typer.Option(help="Slug of the tenant.")]
Preview = Annotated[bool, typer.Option("--preview", help="Only say what would happen.")]
SkipInvalid = Annotated[bool, typer.Option("--skip-invalid", help="Store what is right all the same.")]


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(exists=True, help="Folder, .zip, .json or .geojson: ours, IMDF, floors.")],
    *,
    tenant: Tenant,
    draft: Annotated[bool, typer.Option("--draft", help="Leave new and changed zones unpublished.")] = False,
    preview: Preview = False,
    skip_invalid: SkipInvalid = False,
    name: Annotated[str | None, typer.Option(help="Name of the mall, where the files have none.")] = None,
    categories: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSON: what a floor plan's categories are.")
    ] = None,
) -> None:
    """Add or update a mall with all that belongs to it, matched by external id. Repeat it at will. See docs/venues.md.

    With something that cannot be taken nothing is stored, unless --skip-invalid leaves it out.
    """
    try:
        table = {} if categories is None else json.loads(categories.read_text(encoding="utf-8"))
        reading = formats.read(folder_files(path), formats.Options(name=name or path.stem, categories=table))
    except errors.AppError as error:
        raise commands.fail(error.detail) from error
    except ValueError as error:
        raise commands.fail(f"{categories}: {error}") from error
    options = ImportOptions(_mode(preview), skip_invalid=skip_invalid, publish=not draft, name=name)

    async def work(session: Session, now: datetime) -> ImportReport:
        tenant_id = await _tenant_id(session, tenant)
        with _progress() as progress:
            bar = progress.add_task("importing", total=len(reading.items))
            return await _told(import_venue(session, tenant_id, reading, options, now, lambda: progress.advance(bar)))

    _say(commands.run(work))


@app.command("import-stores")
def import_stores_(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file, see docs/stores.md.")],
    *,
    tenant: Tenant,
    preview: Preview = False,
    skip_invalid: SkipInvalid = False,
) -> None:
    """Add or update stores with catchment and delivery circles (drafts), matched by external id."""
    mode, body = _mode(preview), path.read_bytes()

    async def work(session: Session, now: datetime) -> ImportReport:
        tenant_id = await _tenant_id(session, tenant)
        return await _told(
            import_stores(session, tenant_id, body, now, by="import", mode=mode, skip_invalid=skip_invalid)
        )

    _say(commands.run(work))


@app.command()
def export(
    mall: Annotated[str, typer.Argument(help="External id of the mall, or its id.")],
    *,
    tenant: Tenant,
    to: Annotated[Path, typer.Option(help="The file to write.")],
    format_: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.GEOJSON,
) -> None:
    """Write a mall with all that belongs to it: one GeoJSON document, or an IMDF archive."""

    async def work(session: Session, _: datetime) -> bytes:
        tenant_id = await _tenant_id(session, tenant)
        row = await find_mall(session, tenant_id, mall)
        if row is None:
            raise commands.fail(f"there is no mall '{mall}'")
        return await export_venue(session, tenant_id, row, format_)

    content = commands.run(work)
    to.write_bytes(content)
    typer.echo(f"{to}: {len(content):,} bytes")


def _mode(preview: bool) -> ImportMode:
    return ImportMode.PREVIEW if preview else ImportMode.COMMIT


async def _tenant_id(session: Session, slug: str) -> TenantId:
    tenant_id = await find_tenant_id(session, slug)
    if tenant_id is None:
        raise commands.fail(f"there is no tenant '{slug}'")
    return tenant_id


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


async def _told(work: Awaitable[ImportReport]) -> ImportReport:
    """The report of an import; of one that is refused it is said before the transaction is undone."""
    try:
        return await work
    except ImportRefused as refused:
        typer.echo("\n".join(lines(refused.report)))
        raise


def _say(report: ImportReport) -> None:
    """Tell what was done. The status is 1 when something was refused, even if that was asked for."""
    typer.echo("\n".join(lines(report)))
    typer.echo("stored" if report.mode is ImportMode.COMMIT else "a preview: nothing was stored")
    raise typer.Exit(1 if any(report.refused()) else 0)


def folder_files(path: Path) -> formats.Files:
    """The JSON files of a folder by their paths in it, or what a file holds."""
    if path.is_file():
        return formats.files_of(path.read_bytes(), path.name)
    found = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix in SUFFIXES)
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in found}


def lines(report: ImportReport) -> list[str]:
    """A report for people: a line per kind that occurs, then one per warning and problem."""
    problems = list(_problems(report))
    more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    return [*_counts(report), *problems[:_SHOWN], *more]


def _counts(report: ImportReport) -> Iterator[str]:
    for kind, n in report.counts.items():
        if n.added + n.updated + n.unchanged + n.refused:
            yield f"{kind}: {n.added} added, {n.updated} updated, {n.unchanged} unchanged, {n.refused} refused"


def _problems(report: ImportReport) -> Iterator[str]:
    """What was not taken first, for that is what stops an import."""
    told = [(item, problem) for item in report.items for problem in item.problems]
    for severity, words in ((Severity.ERROR, "error"), (Severity.WARNING, "warning")):
        for item, problem in told:
            if problem.severity is severity:
                named = f" ({item.external_id})" if item.external_id else ""
                yield f"{words}: {_at(item.file, problem.pointer)}{named}: {problem.detail}"
    for warning in report.warnings:
        yield f"warning: {_at(warning.file, warning.pointer)}: {warning.detail}"


def _at(file: str | None, pointer: str) -> str:
    return f"{file} {pointer}" if file else pointer

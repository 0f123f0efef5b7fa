"""`geoengage venues`: import a mall from a folder of files, the stores of a chain from a CSV file."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from geoengage.kit import commands
from geoengage.kit.db import Session
from geoengage.tenancy.store import find_tenant_id
from geoengage.venues import report as reports
from geoengage.venues.service import ImportReport, import_folder, import_stores

app = typer.Typer(help="Malls, stores and zones.", no_args_is_help=True)


@app.command("import")
def import_(
    path: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="Folder with mall.json and GeoJSON files.")
    ],
    *,
    tenant: Annotated[str, typer.Option(help="Slug of the tenant.")],
    draft: Annotated[bool, typer.Option("--draft", help="Leave new and changed zones unpublished.")] = False,
) -> None:
    """Add or update a mall with its levels, units, stores and zones, matched by external id. Repeat it at will."""

    async def work(session: Session, now: datetime) -> ImportReport:
        tenant_id = await find_tenant_id(session, tenant)
        if tenant_id is None:
            raise commands.fail(f"there is no tenant '{tenant}'")
        return await import_folder(session, tenant_id, path, now, publish=not draft)

    report = commands.run(work)
    typer.echo("\n".join(lines(report)))
    raise typer.Exit(1 if report.problems else 0)


@app.command("import-stores")
def import_stores_(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file, see docs/stores.md.")],
    *,
    tenant: Annotated[str, typer.Option(help="Slug of the tenant.")],
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would happen.")] = False,
    skip_invalid: Annotated[bool, typer.Option("--skip-invalid", help="Store what is right all the same.")] = False,
) -> None:
    """Add or update stores with catchment and delivery circles (drafts), matched by external id."""
    mode = reports.ImportMode.PREVIEW if preview else reports.ImportMode.COMMIT
    body = path.read_bytes()

    async def work(session: Session, now: datetime) -> reports.ImportReport:
        tenant_id = await find_tenant_id(session, tenant)
        if tenant_id is None:
            raise commands.fail(f"there is no tenant '{tenant}'")
        return await import_stores(session, tenant_id, body, now, by="import", mode=mode, skip_invalid=skip_invalid)

    report = commands.run(work)
    typer.echo("\n".join(report_lines(report)))
    raise typer.Exit(1 if any(report.refused()) else 0)


def report_lines(report: reports.ImportReport) -> list[str]:
    """A report for people: a line per kind that occurs, then one per warning and problem."""
    counts = [
        f"{kind}: {n.added} added, {n.updated} updated, {n.unchanged} unchanged, {n.refused} refused"
        for kind, n in report.counts.items()
        if n.added + n.updated + n.unchanged + n.refused
    ]
    warnings = [f"warning: {warning.pointer}: {warning.detail}" for warning in report.warnings]
    problems = [f"{p.severity}: {p.pointer}: {p.detail}" for item in report.items for p in item.problems]
    return counts + warnings + problems


def lines(report: ImportReport) -> list[str]:
    """The report for people: a line per kind, then a line per problem."""
    kinds = dict.fromkeys([*report.added, *report.updated, *report.unchanged])
    counts = [
        f"{kind}: {report.added.get(kind, 0)} added, {report.updated.get(kind, 0)} updated,"
        f" {report.unchanged.get(kind, 0)} unchanged"
        for kind in kinds
    ]
    problems = [
        f"not taken: {p.file} {p.pointer}{f' ({p.external_id})' if p.external_id else ''}: {p.detail}"
        for p in report.problems
    ]
    return counts + problems

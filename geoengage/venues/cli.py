"""`geoengage venues`: import a mall from a folder of files."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from geoengage.kit import commands
from geoengage.kit.db import Session
from geoengage.tenancy.store import find_tenant_id
from geoengage.venues.service import ImportReport, import_folder

app = typer.Typer(help="Malls, stores and zones.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `import` a sub-command while it is the only one."""


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

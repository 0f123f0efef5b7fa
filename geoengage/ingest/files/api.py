"""HTTP of file imports: upload, mapping, preview, start, progress, error lines; saved mappings; the drop folder.

Products, customers and consents are the whole tenant's; stock and orders may come from a credential that is restricted
to stores, for these. Who may not read people sees no files of people.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from geoengage.ingest.files import service, store
from geoengage.ingest.files.models import DataImport
from geoengage.ingest.files.out import (
    DropFile,
    DropOut,
    ImportIn,
    ImportOut,
    ImportPage,
    KindsOut,
    MappingIn,
    MappingOut,
    PreviewOut,
    alerts_out,
    import_out,
    kinds_out,
    preview_out,
)
from geoengage.ingest.files.rules import arrivals
from geoengage.ingest.files.rules.kinds import OF_STORES, PERSONAL, FileKind
from geoengage.ingest.files.shapes import Options
from geoengage.kit import csvs, errors
from geoengage.kit.db import Session, transaction
from geoengage.kit.http import CONFLICT, EDIT, PROBLEMS, IfMatch, Now, Paging, Problem, Tx, check_version, etag
from geoengage.kit.ids import TenantId, new_id
from geoengage.tenancy.auth import CommerceCaller
from geoengage.tenancy.rules import Principal, Scope
from geoengage.tenancy.store import get_tenant

router = APIRouter(responses=PROBLEMS, tags=["imports"])
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file as it is: CSV in UTF-8, UTF-16 or Windows-1252; or such a file compressed by gzip.",
        "content": {"application/octet-stream": _BINARY},
    }
}
_TOO_LARGE: dict[int | str, dict[str, Any]] = {413: {"model": Problem, "description": "More than 500 MB."}}
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"description": "The error lines.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}
_WRITE_BYTES = 1 << 20
_ERRORS_PAGE = 5_000


def _kinds(me: Principal) -> list[FileKind]:
    """The kinds of file that a caller may send and see."""
    return [
        kind
        for kind in FileKind
        if (kind not in PERSONAL or me.may(Scope.PEOPLE)) and (kind in OF_STORES or me.store_ids is None)
    ]


def _check_kind(me: Principal, kind: FileKind) -> None:
    if kind in _kinds(me):
        return
    if me.store_ids is not None:
        raise errors.NotFound("there is no such import for a credential that is restricted to stores")
    raise errors.Forbidden(f"files of {kind} need the scope or role right 'people' as well", needs=Scope.PEOPLE.value)


async def _get(tx: Session, me: Principal, import_id: UUID, *, lock: bool = False) -> DataImport:
    row = await store.get_import(tx, me.tenant_id, import_id, within=me.store_ids, lock=lock)
    if row.kind not in _kinds(me):
        raise errors.NotFound(f"there is no import {import_id}")
    return row


def _author(me: Principal) -> str:
    return f"{me.kind.value}:{me.id}"


@router.get("/v1/imports/kinds")
async def list_import_kinds(me: CommerceCaller) -> KindsOut:
    """What files can be imported and which columns they may have. docs/imports.md has examples."""
    return kinds_out()


@router.post("/v1/imports/data", status_code=201, openapi_extra=_BODY, responses=_TOO_LARGE)
async def upload_import(
    request: Request,
    me: CommerceCaller,
    now: Now,
    kind: Annotated[FileKind, Query(description="What the rows are.")],
    file_name: Annotated[str, Query(max_length=200, description="What the file is called.")] = "upload.csv",
) -> ImportOut:
    """Send a file. Nothing is imported yet: the answer says how it was read and which columns were recognised.

    Up to 500 MB, compressed (gzip) or not. Customers and consents need the scope `people` too. A credential that is
    restricted to stores sends stock and orders of its own stores. Next: the preview, then start.
    """
    _check_kind(me, kind)
    import_id = new_id(now)
    path = service.upload_path(request.app.state.settings.data_dir, me.tenant_id, import_id)
    await _receive(request, path)
    try:
        looked = await service.look_at(path, kind)
        arrived = service.Arrived(import_id, kind, "upload", path, file_name, now, _author(me), me.store_ids)
        async with transaction(request.app.state.sessions, me.tenant_id) as session:
            row = await service.register(session, me.tenant_id, arrived, looked, now)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if row is None:
        raise errors.Conflict("this file is being imported already")
    return import_out(row, now)


async def _receive(request: Request, path: Path) -> None:
    """Write the body to the disk as it comes; what breaks off leaves nothing."""
    part = path.with_suffix(".part")

    def prepare() -> BinaryIO:
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return part.open("xb", buffering=_WRITE_BYTES)

    out = await asyncio.to_thread(prepare)
    try:
        with out:
            async for piece in request.stream():
                if out.write(piece) and len(piece) >= _WRITE_BYTES:
                    await asyncio.sleep(0)
        part.rename(path)
    except ClientDisconnect:
        raise errors.Invalid("the upload broke off; send it again") from None
    finally:
        part.unlink(missing_ok=True)


@router.get("/v1/imports/data")
async def list_imports(
    me: CommerceCaller,
    tx: Tx,
    now: Now,
    page: Paging,
    kind: Annotated[FileKind | None, Query(description="Only these.")] = None,
) -> ImportPage:
    """Files that were imported or wait for it, newest first, with what became of them."""
    kinds = [k for k in _kinds(me) if kind in (None, k)]
    rows = await store.list_imports(
        tx, me.tenant_id, before=page.after, limit=page.limit + 1, within=me.store_ids, kinds=kinds
    )
    items, following = page.cut(rows, lambda row: row.id)
    return ImportPage(items=[import_out(row, now) for row in items], next=following)


@router.get("/v1/imports/data/{import_id}")
async def get_import(import_id: UUID, response: Response, me: CommerceCaller, tx: Tx, now: Now) -> ImportOut:
    """An import: how far it is, how fast, when it will be done, what became of its rows."""
    return _out(response, await _get(tx, me, import_id), now)


@router.get("/v1/imports/data/{import_id}/preview", responses=CONFLICT)
async def preview_import(import_id: UUID, me: CommerceCaller, tx: Tx, now: Now) -> PreviewOut:
    """The first 20 rows and what each would become: they are stored, looked at and undone. Only before the start."""
    row = await _get(tx, me, import_id)
    if row.status not in ("waiting", "held"):
        raise errors.Conflict(f"this import is {row.status}; a preview is of one that waits")
    return preview_out(row, await service.preview(tx, me.tenant_id, row, now))


@router.patch("/v1/imports/data/{import_id}", responses=CONFLICT | EDIT)
async def change_import(
    import_id: UUID, body: ImportIn, response: Response, me: CommerceCaller, tx: Tx, now: Now, seen: IfMatch
) -> ImportOut:
    """Say what the columns are and how cells are meant, before the start."""
    row = await _get(tx, me, import_id, lock=True)
    check_version(row.version, seen)
    mapping = row.mapping if body.mapping is None else body.mapping
    options = Options(**row.options) if body.options is None else body.options
    await service.change(tx, me.tenant_id, row, mapping, options, now)
    return _out(response, row, now)


@router.post("/v1/imports/data/{import_id}/start", responses=CONFLICT)
async def start_import(import_id: UUID, response: Response, me: CommerceCaller, tx: Tx, now: Now) -> ImportOut:
    """Import the file, in the background. One that was held back is confirmed by it.

    Its mapping is remembered for the next file of the kind. A file is applied in pieces of some thousand rows; whatever
    stops it, it goes on behind the last one. The same file twice changes nothing.
    """
    row = await _get(tx, me, import_id, lock=True)
    await service.start(tx, me.tenant_id, row, by=_author(me), now=now)
    return _out(response, row, now)


@router.post("/v1/imports/data/{import_id}/cancel", responses=CONFLICT)
async def cancel_import(import_id: UUID, response: Response, me: CommerceCaller, tx: Tx, now: Now) -> ImportOut:
    """Stop it. What is stored already stays; the file is deleted."""
    row = await _get(tx, me, import_id, lock=True)
    await service.cancel(tx, me.tenant_id, row, now)
    service.unlink_upload(row)
    return _out(response, row, now)


@router.get("/v1/imports/data/{import_id}/errors.csv", response_class=Response, responses=_CSV)
async def get_import_errors(request: Request, import_id: UUID, me: CommerceCaller, tx: Tx) -> Response:
    """The lines that were not taken, as CSV: line, column, value, reason, record. No cell is a formula.

    At most 100,000 lines, kept for 30 days.
    """
    row = await _get(tx, me, import_id)
    return StreamingResponse(
        _error_lines(request, me.tenant_id, row.id),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="errors-{row.kind}-{row.created_at:%Y-%m-%d}.csv"'},
    )


async def _error_lines(request: Request, tenant_id: TenantId, import_id: UUID) -> AsyncIterator[str]:
    """Page by page, each in a short transaction. The mark at the start tells Excel that it is UTF-8."""
    yield csvs.MARK + csvs.lines([("line", "column", "value", "reason", "record")])
    after = 0
    while True:
        async with transaction(request.app.state.sessions, tenant_id) as session:
            page = await store.list_errors(session, tenant_id, import_id, after, _ERRORS_PAGE)
        if not page:
            return
        after = page[-1].number
        yield csvs.lines((e.line, e.column_name, e.value, e.reason, e.record) for e in page)


# --- saved mappings, the drop folder ------------------------------------------------------------------------------


@router.get("/v1/imports/mapping")
async def get_import_mapping(
    me: CommerceCaller, tx: Tx, kind: Annotated[FileKind, Query(description="Of files of this kind.")]
) -> MappingOut:
    """What was decided last for files of a kind."""
    _check_kind(me, kind)
    found = await store.find_mapping(tx, me.tenant_id, kind)
    if found is None:
        return MappingOut(kind=kind, mapping={}, options=Options(), updated_at=None)
    return MappingOut(kind=kind, mapping=found.mapping, options=Options(**found.options), updated_at=found.updated_at)


@router.put("/v1/imports/mapping")
async def put_import_mapping(
    body: MappingIn,
    me: CommerceCaller,
    tx: Tx,
    now: Now,
    kind: Annotated[FileKind, Query(description="Of files of this kind.")],
) -> MappingOut:
    """Decide for files of a kind, before the first one comes. For the whole tenant."""
    _check_kind(me, kind)
    if me.store_ids is not None:
        raise errors.NotFound("there is no such thing for a credential that is restricted to stores")
    values = (body.mapping, body.options.stored())
    await store.put_mapping(tx, me.tenant_id, kind, values, by=_author(me), now=now)
    return MappingOut(kind=kind, mapping=body.mapping, options=body.options, updated_at=now)


@router.get("/v1/imports/drop")
async def get_drop_folder(request: Request, me: CommerceCaller, tx: Tx, now: Now) -> DropOut:
    """The folder in which other systems leave files at night: what comes when, what is late, what was wrong."""
    if me.store_ids is not None:
        raise errors.NotFound("there is no such thing for a credential that is restricted to stores")
    settings, tenant = request.app.state.settings.imports, await get_tenant(tx, me.tenant_id)
    zone = ZoneInfo(tenant.timezone)
    files = []
    for kind in _kinds(me):
        past = await service.usual_arrivals(tx, me.tenant_id, kind)
        usual = arrivals.usual(past, zone)
        files.append(
            DropFile(
                kind=kind,
                pattern=settings.drop_pattern.format(tenant=tenant.slug, kind=kind.value),
                last_at=past[0][0] if past else None,
                usual_at=f"{usual.at:%H:%M}" if usual else None,
                usual_lines=usual.lines if usual else None,
                late_since=arrivals.late_since(past, now, zone),
            )
        )
    alerts = [row for row in await store.list_alerts(tx, me.tenant_id) if row.kind in _kinds(me)]
    return DropOut(enabled=settings.drop_dir is not None, files=files, alerts=alerts_out(alerts))


def _out(response: Response, row: DataImport, now: datetime) -> ImportOut:
    response.headers["ETag"] = etag(row.version)
    return import_out(row, now)

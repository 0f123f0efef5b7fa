"""HTTP of static lists: the lists, who is on them, by JSON and by file."""

from collections.abc import Collection, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from geoengage.kit.db import Session
from geoengage.kit.http import (
    CONFLICT,
    EDIT,
    PROBLEMS,
    IfMatch,
    NewId,
    Now,
    Paging,
    Problem,
    Tx,
    check_version,
    etag,
)
from geoengage.kit.ids import TenantId
from geoengage.segments.api.common import check_sees_people, own_store, shorts, told
from geoengage.segments.list_shapes import (
    MOST_REFUSED,
    ListChangeIn,
    ListChangeOut,
    PeopleListIn,
    PeopleListOut,
    PeopleListPage,
    PeopleListPatch,
    PeopleOnListPage,
    PersonIdIn,
    PersonOnList,
    RefusedRow,
)
from geoengage.segments.lists import service, store
from geoengage.segments.lists.models import PeopleList
from geoengage.segments.lists.rules import IdKind, ListFileMode, Refused, Row, read_file
from geoengage.segments.service.using import check_unused
from geoengage.segments.shapes import SegmentUseOut
from geoengage.segments.store.uses import list_uses
from geoengage.tenancy.auth import ProfileReader, SegmentEditor, SegmentReader
from geoengage.tenancy.rules import Principal, actor_name
from geoengage.tenancy.store import insert_audit_entry

router = APIRouter(tags=["segments"], responses=PROBLEMS)
_SHOWN = 120  # characters of a value that was refused
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "CSV in UTF-8, UTF-16 or Windows-1252, up to 25 MB.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}
_TOO_LARGE: dict[int | str, dict[str, Any]] = {
    413: {"model": Problem, "description": "More than 25 MB, or too many rows."}
}


async def _shown(tx: Session, me: Principal, rows: Sequence[PeopleList], now: Now) -> list[PeopleListOut]:
    tenant_id, ids = TenantId(me.tenant_id), [row.id for row in rows]
    counts = await store.count_people(tx, tenant_id, ids)
    used = await list_uses(tx, tenant_id, ids, now)
    return [
        PeopleListOut(
            id=row.id,
            name=row.name,
            description=row.description,
            store_id=row.store_id,
            people=(number := told(me, counts.get(row.id, 0))).people,
            hidden=number.hidden,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.changed_at,
            used_by=[SegmentUseOut.model_validate(use) for use in used.get(row.id, ())],
        )
        for row in rows
    ]


async def _answer(response: Response, tx: Session, me: Principal, row: PeopleList, now: Now) -> PeopleListOut:
    response.headers["ETag"] = etag(row.version)
    return (await _shown(tx, me, [row], now))[0]


@router.get("/v1/lists")
async def list_people_lists(me: SegmentReader, tx: Tx, now: Now, page: Paging) -> PeopleListPage:
    """Static lists, oldest first. A credential that is restricted to stores gets those of its stores."""
    rows = await store.list_lists(tx, TenantId(me.tenant_id), me.store_ids, page.after, page.limit + 1)
    kept, following = page.cut(rows, lambda row: row.id)
    return PeopleListPage(items=await _shown(tx, me, kept, now), next=following)


@router.post("/v1/lists", status_code=201)
async def create_people_list(
    body: PeopleListIn, response: Response, me: SegmentEditor, tx: Tx, now: Now, new: NewId
) -> PeopleListOut:
    """Make an empty list. People are put on it by `…/people` or `…/file`; a condition `in_list` names it."""
    tenant_id, store_id = TenantId(me.tenant_id), await own_store(tx, me, body.store_id)
    if new.replayed:
        row = await store.get_list(tx, tenant_id, new.id, me.store_ids)
    else:
        row = PeopleList(
            id=new.id, store_id=store_id, name=body.name, description=body.description, version=1, created_at=now,
            changed_at=now,
        )  # fmt: skip
        await store.insert_list(tx, tenant_id, row)
    return await _answer(response, tx, me, row, now)


@router.get("/v1/lists/{list_id}")
async def get_people_list(list_id: UUID, response: Response, me: SegmentReader, tx: Tx, now: Now) -> PeopleListOut:
    """One list."""
    row = await store.get_list(tx, TenantId(me.tenant_id), list_id, me.store_ids)
    return await _answer(response, tx, me, row, now)


@router.patch("/v1/lists/{list_id}", responses=EDIT)
async def change_people_list(
    list_id: UUID, body: PeopleListPatch, response: Response, me: SegmentEditor, tx: Tx, now: Now, version: IfMatch
) -> PeopleListOut:
    """Change name and description by JSON merge patch."""
    row = await store.get_list(tx, TenantId(me.tenant_id), list_id, me.store_ids, lock=True)
    check_version(row.version, version)
    await store.set_list(tx, TenantId(me.tenant_id), row, body.changes(), now)
    return await _answer(response, tx, me, row, now)


@router.delete("/v1/lists/{list_id}", status_code=204, responses=CONFLICT)
async def delete_people_list(list_id: UUID, me: SegmentEditor, tx: Tx, now: Now) -> None:
    """Delete a list. While a segment names it, it stays: 409 with `used_by`."""
    tenant_id = TenantId(me.tenant_id)
    row = await store.get_list(tx, tenant_id, list_id, me.store_ids, lock=True)
    await check_unused(tx, tenant_id, row.id, now)
    await store.delete_list(tx, tenant_id, row)


@router.get("/v1/lists/{list_id}/people")
async def list_people_on_list(list_id: UUID, me: ProfileReader, tx: Tx, page: Paging) -> PeopleOnListPage:
    """Who is on a list. Needs the scope `people`, or `customers` with a restriction to stores."""
    tenant_id = TenantId(me.tenant_id)
    row = await store.get_list(tx, tenant_id, list_id, me.store_ids)
    since = await store.list_people(tx, tenant_id, row.id, page.after, page.limit + 1)
    kept, following = page.cut(list(since), lambda id_: id_)
    people = [PersonOnList(**one.model_dump(), since=since[one.profile_id]) for one in await shorts(tx, me, kept)]
    return PeopleOnListPage(items=people, next=following)


@router.post("/v1/lists/{list_id}/people")
async def change_people_on_list(
    list_id: UUID, body: ListChangeIn, me: SegmentEditor, tx: Tx, now: Now
) -> ListChangeOut:
    """Put people on a list and take them off, by ids of whatever kind. Repeating it changes nothing.

    Needs the scope `people` too, or `customers` with a restriction to stores, whose customers are found then.
    """
    row = await _locked(tx, me, list_id)
    tenant_id = TenantId(me.tenant_id)
    done = await service.change(tx, tenant_id, row, _rows(body.add, 0), ListFileMode.ADD, now)
    gone = await service.change(tx, tenant_id, row, _rows(body.remove, len(body.add)), ListFileMode.REMOVE, now)
    done.removed, done.refused = gone.removed, done.refused + gone.refused
    await _note(tx, me, row, done, now)
    return _changed(done)


@router.post("/v1/lists/{list_id}/file", openapi_extra=_FILE, responses=_TOO_LARGE)
async def upload_people_list(
    list_id: UUID,
    request: Request,
    me: SegmentEditor,
    tx: Tx,
    now: Now,
    kind: Annotated[
        IdKind | None,
        Query(description="Only this kind of id counts; for a file without a header, what its first column is."),
    ] = None,
    mode: Annotated[
        ListFileMode,
        Query(description="`add` puts on, `remove` takes off, `replace`: these and nobody else are on it afterwards."),
    ] = ListFileMode.ADD,
) -> ListChangeOut:
    """Put people on a list, or take them off, by a CSV file of up to 500,000 rows.

    Columns by the first line, in any order: profile_id, external_id, loyalty_card, source_id, email, phone,
    anonymous_id, or as other systems call them; of several ids in a row the strongest counts. A row that names nobody
    is refused and listed, and the others are taken. Needs the scope `people` too, or `customers` with a restriction to
    stores, whose customers are found then.
    """
    row = await _locked(tx, me, list_id)
    rows = read_file(await request.body(), kind)
    done = await service.change(tx, TenantId(me.tenant_id), row, rows, mode, now)
    await _note(tx, me, row, done, now)
    return _changed(done)


async def _locked(tx: Session, me: Principal, list_id: UUID) -> PeopleList:
    check_sees_people(me)
    return await store.get_list(tx, TenantId(me.tenant_id), list_id, me.store_ids, lock=True)


async def _note(tx: Session, me: Principal, row: PeopleList, done: service.Changed, now: Now) -> None:
    """Putting people on a list is told in the audit log."""
    if done.added or done.removed:
        await insert_audit_entry(
            tx,
            TenantId(me.tenant_id),
            actor=actor_name(me),
            action="list.change",
            subject=str(row.id),
            reason=f"{done.added} put on, {done.removed} taken off",
            now=now,
        )


def _rows(people: Collection[PersonIdIn], before: int) -> list[Row | Refused]:
    return [Row(before + i, one.kind, one.value) for i, one in enumerate(people)]


def _changed(done: service.Changed) -> ListChangeOut:
    return ListChangeOut(
        added=done.added,
        already=done.already,
        removed=done.removed,
        refused=len(done.refused),
        errors=[
            RefusedRow(row=each.row, value=each.value[:_SHOWN], detail=each.detail)
            for each in sorted(done.refused, key=lambda each: each.row)[:MOST_REFUSED]
        ],
    )

"""HTTP of segments: make, read, change, archive, delete."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from geoengage.kit.db import Session
from geoengage.kit.http import (
    CONFLICT,
    EDIT,
    PROBLEMS,
    IfMatch,
    NewId,
    Now,
    Paging,
    Tx,
    check_version,
    etag,
)
from geoengage.kit.ids import TenantId
from geoengage.segments import service, store
from geoengage.segments.api.common import own_store, reading_out, told
from geoengage.segments.models import Segment
from geoengage.segments.rules import Condition, read_definition
from geoengage.segments.rules.telling import UNBUILT, Told
from geoengage.segments.rules.words import read, sentence
from geoengage.segments.service.archiving import archive, check_alive, restore
from geoengage.segments.service.reading import names_of
from geoengage.segments.service.using import check_unused
from geoengage.segments.shapes import (
    SegmentIn,
    SegmentOut,
    SegmentPage,
    SegmentPatch,
    SegmentSummary,
    SegmentUseOut,
)
from geoengage.segments.store.looking import Filter, list_segments
from geoengage.segments.store.uses import list_uses
from geoengage.tenancy.auth import SegmentEditor, SegmentReader
from geoengage.tenancy.rules import Principal, actor_name

router = APIRouter(tags=["segments"], responses=PROBLEMS)


def size_of(me: Principal, row: Segment) -> Told:
    """How many people are in a segment, as this caller may be told it."""
    built = row.live_version is not None or row.archived_at is not None
    return told(me, row.size) if built else Told(None, UNBUILT)


def _columns(me: Principal, row: Segment) -> dict[str, Any]:
    size = size_of(me, row)
    same = ("id", "name", "description", "store_id", "status", "version", "created_at", "archived_at")
    return {name: getattr(row, name) for name in same} | {
        "problem": row.failure,
        "people": size.people,
        "hidden": size.hidden,
        "updated_at": row.changed_at,
        "built_at": row.evaluated_at,
    }


async def _summaries(tx: Session, me: Principal, rows: Sequence[Segment]) -> list[SegmentSummary]:
    definitions = [read_definition(row.definition) for row in rows]
    names = await names_of(tx, TenantId(me.tenant_id), definitions)
    return [
        SegmentSummary(**_columns(me, row), sentence=sentence(definition, names))
        for row, definition in zip(rows, definitions, strict=True)
    ]


async def _answer(response: Response, tx: Session, me: Principal, row: Segment, now: Now) -> SegmentOut:
    tenant_id, definition = TenantId(me.tenant_id), read_definition(row.definition)
    names = await names_of(tx, tenant_id, [definition])
    used = await list_uses(tx, tenant_id, [row.id], now)
    response.headers["ETag"] = etag(row.version)
    return SegmentOut(
        **_columns(me, row),
        sentence=sentence(definition, names),
        definition=row.definition,
        reading=reading_out(read(definition, names)),
        used_by=[SegmentUseOut.model_validate(use) for use in used.get(row.id, ())],
    )


async def get_own(tx: Session, me: Principal, segment_id: UUID, *, lock: bool = False) -> Segment:
    """A segment that the caller may see, else SegmentNotFound. `lock`: for who changes it."""
    row = await store.get_segment(tx, TenantId(me.tenant_id), segment_id, me.store_ids)
    if lock:
        row = await store.lock_segment(tx, TenantId(me.tenant_id), segment_id) or row
    return row


@router.get("/v1/segments")
async def list_all_segments(
    me: SegmentReader,
    tx: Tx,
    page: Paging,
    store_id: Annotated[UUID | None, Query(description="Only of this store.")] = None,
    archived: Annotated[bool, Query(description="Those that were put away, instead of those that are alive.")] = False,
) -> SegmentPage:
    """Segments, oldest first. A credential that is restricted to stores gets those of its stores."""
    wanted = Filter(me.store_ids, store_id, archived)
    rows = await list_segments(tx, TenantId(me.tenant_id), wanted, page.after, page.limit + 1)
    kept, following = page.cut(rows, lambda row: row.id)
    return SegmentPage(items=await _summaries(tx, me, kept), next=following)


@router.post("/v1/segments", status_code=201)
async def create_segment(
    body: SegmentIn, response: Response, me: SegmentEditor, tx: Tx, now: Now, new: NewId
) -> SegmentOut:
    """Keep a segment. People are looked up for it within seconds (`status` becomes `ready`), and from then on they come
    and go by themselves. 422 names each member of the definition that is wrong.
    """
    store_id = await own_store(tx, me, body.store_id)
    if new.replayed:
        row = await get_own(tx, me, new.id)
    else:
        row = await service.create(
            tx, TenantId(me.tenant_id), id_=new.id, name=body.name, description=body.description, store_id=store_id,
            definition=body.definition, now=now, by=actor_name(me),
        )  # fmt: skip
    return await _answer(response, tx, me, row, now)


@router.get("/v1/segments/{segment_id}")
async def get_segment(segment_id: UUID, response: Response, me: SegmentReader, tx: Tx, now: Now) -> SegmentOut:
    """One segment: its definition, what that says in plain English, how many are in it, what rests on it."""
    return await _answer(response, tx, me, await get_own(tx, me, segment_id), now)


@router.patch("/v1/segments/{segment_id}", responses=EDIT | CONFLICT)
async def change_segment(
    segment_id: UUID, body: SegmentPatch, response: Response, me: SegmentEditor, tx: Tx, now: Now, version: IfMatch
) -> SegmentOut:
    """Change a segment by JSON merge patch; `definition` is replaced as a whole.

    People stay in it by the old definition until the new one is looked up for everybody; then they are exchanged at
    once, and nobody is told to have entered or left.
    """
    row = await get_own(tx, me, segment_id, lock=True)
    check_version(row.version, version)
    check_alive(row)
    await service.change(tx, TenantId(me.tenant_id), row, body.changes(), now)
    return await _answer(response, tx, me, row, now)


@router.post("/v1/segments/{segment_id}/archive", responses=CONFLICT)
async def archive_segment(segment_id: UUID, response: Response, me: SegmentEditor, tx: Tx, now: Now) -> SegmentOut:
    """Put a segment away: it is kept, nobody is in it. While something rests on it, it is not: 409 with `used_by`."""
    row = await get_own(tx, me, segment_id, lock=True)
    await archive(tx, TenantId(me.tenant_id), row, now)
    return await _answer(response, tx, me, row, now)


@router.post("/v1/segments/{segment_id}/restore")
async def restore_segment(segment_id: UUID, response: Response, me: SegmentEditor, tx: Tx, now: Now) -> SegmentOut:
    """Bring an archived segment back. People are looked up for it anew."""
    row = await get_own(tx, me, segment_id, lock=True)
    await restore(tx, row, now)
    return await _answer(response, tx, me, row, now)


@router.delete("/v1/segments/{segment_id}", status_code=204, responses=CONFLICT)
async def delete_segment(segment_id: UUID, me: SegmentEditor, tx: Tx, now: Now) -> None:
    """Delete a segment. While a campaign or another segment rests on it, it stays: 409 with `used_by`."""
    row = await get_own(tx, me, segment_id, lock=True)
    await check_unused(tx, TenantId(me.tenant_id), row.id, now)
    await service.delete(tx, TenantId(me.tenant_id), row, now)


def definition_of(row: Segment) -> Condition:
    """The definition by which people are in a segment now."""
    return read_definition(row.live_definition or row.definition)

"""HTTP of looking into segments: before saving, by numbers over time, against each other."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from geoengage.kit import errors
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.segments import service
from geoengage.segments.api.common import own_store, reading_out, sees_people, shorts, told
from geoengage.segments.api.segments import get_own, size_of
from geoengage.segments.rules.overlap import in_all, pairs
from geoengage.segments.rules.telling import UNBUILT
from geoengage.segments.rules.words import read, sentence
from geoengage.segments.service.reading import names_of
from geoengage.segments.shapes import (
    OverlapOut,
    OverlapPair,
    OverlapPart,
    OverlapSet,
    SegmentPreviewIn,
    SegmentPreviewOut,
    SizePoint,
    SizesOut,
)
from geoengage.segments.store.looking import Size, count_together, list_named_segments, list_sizes
from geoengage.segments.store.segments import SegmentNotFound
from geoengage.tenancy.auth import SegmentEditor, SegmentReader
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["segments"], responses=PROBLEMS)
SAMPLE = 5
MOST_POINTS = 800
_STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


@router.post("/v1/segments/preview")
async def preview_segment(body: SegmentPreviewIn, me: SegmentEditor, tx: Tx, now: Now) -> SegmentPreviewOut:
    """Who would be in a segment now: how many, and five of them. Nothing is kept.

    Who may not see people gets full tens and no sample. It looks everybody up, which takes a second for a million.
    """
    tenant_id, store_id = TenantId(me.tenant_id), await own_store(tx, me, body.store_id)
    await service.check_definition(tx, tenant_id, body.definition, store_id=store_id)
    found = await service.evaluate(tx, tenant_id, body.definition, now, store_id=store_id, limit=SAMPLE)
    names, number = await names_of(tx, tenant_id, [body.definition]), told(me, found.count)
    return SegmentPreviewOut(
        people=number.people,
        hidden=number.hidden,
        everyone=told(me, found.of).people,
        sentence=sentence(body.definition, names),
        reading=reading_out(read(body.definition, names)),
        sample=await shorts(tx, me, found.sample) if sees_people(me) else [],
    )


@router.get("/v1/segments/overlap")
async def get_segment_overlap(
    me: SegmentReader,
    tx: Tx,
    segment_id: Annotated[list[UUID], Query(min_length=2, max_length=5, description="Two to five segments.")],
) -> OverlapOut:
    """Who is in several segments: each of them, each two, and every combination that somebody is in."""
    tenant_id, ids = TenantId(me.tenant_id), list(dict.fromkeys(segment_id))
    if len(ids) < 2:
        raise errors.ItemErrors([{"pointer": "segment_id", "in": "query", "detail": "name two different segments"}])
    rows = await list_named_segments(tx, tenant_id, ids, me.store_ids)
    if missing := [id_ for id_ in ids if id_ not in rows]:
        raise SegmentNotFound(f"segment {missing[0]} does not exist")
    parts = await count_together(tx, tenant_id, ids)
    anybody = told(me, sum(parts.values()))
    return OverlapOut(
        segments=[
            OverlapSet(id=id_, name=rows[id_].name, people=(size := size_of(me, rows[id_])).people, hidden=size.hidden)
            for id_ in ids
        ],
        pairs=[
            OverlapPair(first=a, second=b, people=(both := told(me, in_all(parts, (a, b)))).people, hidden=both.hidden)
            for a, b in pairs(ids)
        ],
        parts=[
            OverlapPart(
                segment_ids=[id_ for id_ in ids if id_ in together],
                people=(number := told(me, count)).people,
                hidden=number.hidden,
            )
            for together, count in sorted(parts.items(), key=lambda part: (-part[1], sorted(part[0])))
        ],
        people=anybody.people,
        hidden=anybody.hidden,
    )


@router.get("/v1/segments/{segment_id}/sizes")
async def get_segment_sizes(
    segment_id: UUID,
    me: SegmentReader,
    tx: Tx,
    now: Now,
    from_: Annotated[
        AwareDatetime | None,
        Query(alias="from", description="Begin; left out, 30 days (hours: 2 days) before the end."),
    ] = None,
    to: Annotated[AwareDatetime | None, Query(description="End; left out, now.")] = None,
    step: Annotated[Literal["hour", "day"], Query(description="From one point to the next.")] = "day",
) -> SizesOut:
    """How many were in a segment over time, and how many came and went between two points. At most 800 points."""
    row = await get_own(tx, me, segment_id)
    end = min(to or now, now)
    ats = _points(from_ or end - (timedelta(days=30) if step == "day" else timedelta(days=2)), end, _STEPS[step])
    found = await list_sizes(tx, TenantId(me.tenant_id), row.id, ats)
    if end == now and row.live_version is not None:
        found[-1] = Size(found[-1].at, row.size, found[-1].entered, found[-1].exited)
    return SizesOut(segment_id=row.id, step=step, points=[_point(me, size) for size in found])


def _points(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    """Moments from the end backwards, a step apart, so that the last one is the end."""
    if start >= end:
        raise errors.ItemErrors(
            [{"pointer": "from", "in": "query", "detail": "must lie before the end, and in the past"}]
        )
    count = int((end - start) / step) + 1
    if count > MOST_POINTS:
        detail = f"{count:,} points; at most {MOST_POINTS}: take a larger step or a shorter time"
        raise errors.ItemErrors([{"pointer": "from", "in": "query", "detail": detail}])
    return [end - step * i for i in reversed(range(count))]


def _point(me: Principal, size: Size) -> SizePoint:
    entered, exited = told(me, size.entered).people, told(me, size.exited).people
    if size.people is None:
        return SizePoint(at=size.at, people=None, hidden=UNBUILT, entered=entered, exited=exited)
    number = told(me, size.people)
    return SizePoint(at=size.at, people=number.people, hidden=number.hidden, entered=entered, exited=exited)

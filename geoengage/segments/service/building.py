"""Building whole segments: evaluated beside what is in force, then switched in one transaction.

Nobody waits while people are evaluated. Then, under the tenant's lock, what the ledger has told meanwhile is looked at
once more, so that nothing that happened during a build is missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import numpy as np

from geoengage.kit import events, pgarrays
from geoengage.kit.db import Session
from geoengage.kit.event_base import Event
from geoengage.kit.ids import TenantId, new_id
from geoengage.segments import rules, store
from geoengage.segments.models import Segment
from geoengage.segments.rules.wakes import in_order
from geoengage.segments.service.evaluating import as_uuids, asked_by, evaluate_all
from geoengage.segments.service.membership import BY_DEFINITION, BY_REPAIR, Causes, recompute, tell
from geoengage.segments.service.reacting import REACTION, causes_of
from geoengage.segments.store import Move, People

MOST_TOGETHER = 20  # segments that share one pass over the data; memory grows by 10 MB each for a million people
MOST_TOLD = 100_000  # events during one build; with more of them the segment is evaluated anew afterwards
BUILD_S = 900
RETRY_AFTER = timedelta(hours=1)
# So far ahead a build writes when time will change something. Every build does, and one comes each day (REPAIR_AFTER),
# so what lies further away is written before it is near, even if builds fail for a week. For a million people in twenty
# usual segments that is a tenth of all such moments.
AHEAD = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Built:
    """A segment as it was evaluated: who is in, who is on the clock until when, and up to which event that is true.

    On the clock are those whom time can change soon.
    """

    id: UUID
    definition: dict[str, object]
    members: People
    timed: People
    due: np.ndarray[tuple[int], np.dtype[np.int64]]
    position: int
    at: datetime


async def list_rows(session: Session, tenant_id: TenantId, ids: Sequence[UUID]) -> list[tuple[UUID | None, list[UUID]]]:
    """These segments in the order of building: (store, those of it that share a pass), each after what it needs."""
    segments = {s.id: s for s in await store.list_segments(session, tenant_id, ids)}
    rows = in_order({id_: rules.read_definition(s.definition) for id_, s in segments.items()})
    found: list[tuple[UUID | None, list[UUID]]] = []
    for row in rows:
        for store_id in sorted({segments[id_].store_id for id_ in row}, key=str):
            own = [id_ for id_ in row if segments[id_].store_id == store_id]
            found += [(store_id, own)]
    return found


async def evaluate_segments(
    session: Session,
    tenant_id: TenantId,
    store_id: UUID | None,
    ids: Sequence[UUID],
    now: datetime,
    ahead: timedelta = AHEAD,
) -> list[Built]:
    """Evaluate everybody in these segments of one store; nothing is written."""
    await store.give_time(session, BUILD_S)
    position = await events.head(session, tenant_id)
    segments = await store.list_segments(session, tenant_id, ids)
    definitions = [rules.read_definition(segment.definition) for segment in segments]
    asked = await asked_by(session, tenant_id, now, store_id, None)
    found = await evaluate_all(session, tenant_id, asked, definitions)
    built = []
    for segment, truth in zip(segments, found.truths, strict=True):
        timed = truth.due < pgarrays.micros(now + ahead)
        built.append(
            Built(
                segment.id, segment.definition, found.people[truth.holds], found.people[timed], truth.due[timed],
                position, now,
            )
        )  # fmt: skip
    return built


class Overtaken(Exception):
    """The segment was changed, archived or deleted while it was built: nothing of it may stay."""


async def put_in_force(session: Session, tenant_id: TenantId, built: Built, now: datetime) -> None:
    """Switch to what was built. Raises Overtaken when it is out of date."""
    await store.give_time(session, BUILD_S)
    first = await _write_beside(session, tenant_id, built)
    cursor = await events.hold_cursor(session, tenant_id, REACTION, waits=True)
    segment = await store.lock_segment(session, tenant_id, built.id)
    if segment is None or segment.archived_at is not None or segment.definition != built.definition:
        raise Overtaken
    is_new = segment.live_definition != segment.definition
    entered, exited = await _switch(session, tenant_id, segment, built, now, is_first=first)
    segment.size = len(built.members)
    segment.live_definition, segment.status, segment.failure = segment.definition, "ready", None
    segment.live_version = segment.version if is_new else segment.live_version
    segment.evaluated_at, segment.stale_since, segment.leased_until = built.at, None, None
    await session.flush()
    moves = await _catch_up(session, tenant_id, segment, built, cursor or 0, now)
    await session.refresh(segment)
    await store.note_size(session, tenant_id, segment.id, segment.size, now)
    if len(entered) or len(exited):
        await _mark_dependents(session, tenant_id, segment.id, now)
    if is_new:
        told = rules.SegmentRebuilt(
            segment_id=segment.id, version=segment.version, size=segment.size, entered=len(entered),
            exited=len(exited), at=now,
        )  # fmt: skip
        await events.publish(session, tenant_id, [told], now)
    else:
        await _tell_repairs(session, tenant_id, segment, entered, exited, now)
    await tell(session, tenant_id, moves, now)


async def _write_beside(session: Session, tenant_id: TenantId, built: Built) -> bool:
    """A first build writes its members before anybody waits for it: until it is in force nobody reads them."""
    found = await store.list_segments(session, tenant_id, [built.id])
    if not found:
        raise Overtaken
    is_first = found[0].live_definition is None
    if is_first:
        nobody = built.members[:0]
        await store.write_members(session, tenant_id, built.id, built.members, nobody, built.at)
        await store.replace_dues(session, tenant_id, built.id, built.timed, built.due)
    return is_first


async def _switch(
    session: Session, tenant_id: TenantId, segment: Segment, built: Built, now: datetime, *, is_first: bool
) -> tuple[People, People]:
    """Bring members to what was built, with their history; returns who entered and who left."""
    if is_first:
        return built.members, built.members[:0]
    before = await store.read_members(session, tenant_id, built.id)
    entered, exited = np.setdiff1d(built.members, before), np.setdiff1d(before, built.members)
    await store.write_members(session, tenant_id, built.id, entered, exited, now)
    await store.replace_dues(session, tenant_id, built.id, built.timed, built.due)
    is_new = segment.live_definition != segment.definition
    row = {
        "at": now, "version": segment.version, "first": str(new_id(now))[:15],
        "reason": msgspec.json.encode({"by": [BY_DEFINITION if is_new else BY_REPAIR]}).decode(),
    }  # fmt: skip
    for people, way in ((entered, True), (exited, False)):
        await store.write_history(session, tenant_id, built.id, people, entered=way, row=row)
    return entered, exited


async def _catch_up(
    session: Session, tenant_id: TenantId, segment: Segment, built: Built, cursor: int, now: datetime
) -> list[Move]:
    """Look once more at those of whom the ledger told since the evaluation began, as far as the reaction has come."""
    if cursor <= built.position:
        return []  # the reaction has yet to come to what happened since, and will find this segment in force
    told = await events.read(session, tenant_id, built.position, min(cursor - built.position, MOST_TOLD))
    if cursor - built.position > MOST_TOLD:
        await store.set_stale(session, tenant_id, [segment.id], now)
    await session.flush()
    live = [each for each in await store.list_live(session, tenant_id) if each.id == segment.id]
    causes: Causes = await causes_of(session, tenant_id, told)
    return await recompute(session, tenant_id, live, causes, now)


async def _mark_dependents(session: Session, tenant_id: TenantId, segment_id: UUID, now: datetime) -> None:
    """Segments that are defined by this one have to be evaluated anew."""
    live = await store.list_live(session, tenant_id)
    users = [each.id for each in live if segment_id in rules.linked(each.definition)]
    if users:
        await store.set_stale(session, tenant_id, users, now)


async def _tell_repairs(
    session: Session, tenant_id: TenantId, segment: Segment, entered: People, exited: People, now: datetime
) -> None:
    """People who moved by news about everybody are told of like others."""
    version = segment.live_version or segment.version
    told: list[Event] = [
        kind(segment_id=segment.id, profile_id=id_, at=now, version=version)
        for kind, people in ((rules.SegmentEntered, entered), (rules.SegmentExited, exited))
        for id_ in as_uuids(people)
    ]
    await events.publish(session, tenant_id, told, now)


async def give_up(session: Session, tenant_id: TenantId, ids: Sequence[UUID], failure: str, now: datetime) -> None:
    """Note that a build failed. What was in force stays, and is evaluated anew an hour later at the earliest."""
    for segment in await store.list_segments(session, tenant_id, ids):
        if segment.status == "building":
            segment.status, segment.failure = "failed", failure[:500]
        segment.leased_until, segment.stale_since = now + RETRY_AFTER, None
    await session.flush()

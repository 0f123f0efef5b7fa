"""Membership kept current: the people about whom there is news, and those for whom it is time.

For some people the same statements run as for a rebuild, so both come to the same; only who changed is written. The
lock is the row of the reaction's cursor: news and time of a tenant are worked on one after the other.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from geoengage.kit import events, pgarrays
from geoengage.kit.db import Session
from geoengage.kit.event_base import Event
from geoengage.kit.ids import TenantId
from geoengage.segments import rules, store
from geoengage.segments.rules.logic import NEVER, Truth, reasons
from geoengage.segments.rules.wakes import News, in_order, woken_by
from geoengage.segments.service.evaluating import Evaluated, as_uuids, evaluate_all
from geoengage.segments.store import Asked, Live, Move

BY_TIME, BY_DEFINITION, BY_SEGMENT, BY_REPAIR = "time", "definition", "segment", "repair"


@dataclass(slots=True)
class Causes:
    """Why people are looked at: kinds of news by person, and what is due by (segment, person)."""

    news: dict[UUID, set[News]] = field(default_factory=lambda: defaultdict(set))
    due: dict[tuple[UUID, UUID], datetime] = field(default_factory=dict)

    @property
    def people(self) -> set[UUID]:
        """Everybody who is looked at."""
        return {*self.news, *(profile_id for _, profile_id in self.due)}


@dataclass(frozen=True, slots=True)
class _Work:
    session: Session
    tenant_id: TenantId
    timezone: str
    causes: Causes
    now: datetime


async def recompute(
    session: Session, tenant_id: TenantId, segments: Sequence[Live], causes: Causes, now: datetime
) -> list[Move]:
    """Evaluate these people anew in the segments that the news can change; returns who moved, in what order.

    Segments that are defined by others come after them. The caller holds the tenant's lock and tells the ledger.
    """
    concerned = _concerned(segments, causes)
    if not concerned or not causes.people:
        return []
    work = _Work(session, tenant_id, concerned[0].timezone, causes, now)
    moves: list[Move] = []
    for row in in_order({live.id: live.definition for live in concerned}):
        own = [live for live in concerned if live.id in row]
        for store_id in sorted({live.store_id for live in own}, key=str):
            moves += await _scope(work, store_id, [live for live in own if live.store_id == store_id])
    return moves


def _concerned(segments: Sequence[Live], causes: Causes) -> list[Live]:
    """Those that the news can change or that are due, and those that are defined by one of them."""
    news = set[News]().union(*causes.news.values())
    due = {segment_id for segment_id, _ in causes.due}
    found = {live.id for live in segments if live.id in due or live.wakes & news}
    size = -1
    while size != len(found):
        size = len(found)
        found |= {live.id for live in segments if rules.linked(live.definition) & found}
    return [live for live in segments if live.id in found]


async def _scope(work: _Work, store_id: UUID | None, segments: Sequence[Live]) -> list[Move]:
    """Segments of one store (None: the tenant's) that do not depend on each other."""
    people = sorted(work.causes.people)
    asked = Asked(work.now, work.timezone, store_id, people, is_routine=not work.causes.due)
    standing = await store.read_standing(work.session, work.tenant_id, [live.id for live in segments], people)
    found = await evaluate_all(work.session, work.tenant_id, asked, [live.definition for live in segments])
    moves: list[Move] = []
    dues: list[tuple[UUID, UUID, datetime | None]] = []
    place = {profile_id: n for n, profile_id in enumerate(as_uuids(found.people))}
    for n, live in enumerate(segments):
        for profile_id in people:
            at = place.get(profile_id)
            moves += _moved(work, live, profile_id, standing, found, n, at)
            due = None if at is None or found.truths[n].due[at] == NEVER else int(found.truths[n].due[at])
            before = standing.dues.get((live.id, profile_id))
            after = None if due is None else pgarrays.moment_of(due)
            if before != after:
                dues.append((live.id, profile_id, after))
    await store.write_moves(work.session, work.tenant_id, moves, work.now)
    await store.write_dues(work.session, work.tenant_id, dues)
    return moves


def _moved(
    work: _Work, live: Live, profile_id: UUID, standing: store.Standing, found: Evaluated, n: int, at: int | None
) -> list[Move]:
    """The person's move in a segment, if there is one. `at`: their place among those found; None: nobody any more."""
    was = (live.id, profile_id) in standing.members
    now_in = at is not None and bool(found.truths[n].holds[at])
    if was is now_in:
        return []
    due = work.causes.due.get((live.id, profile_id))
    news = work.causes.news.get(profile_id, set())
    by = sorted(str(kind) for kind in news & live.wakes) or [BY_TIME if due else BY_SEGMENT]
    reason: dict[str, list[str]] = {"by": by}
    if at is not None:
        reason["conditions"] = _why(live, found.leaves, at, news)
    moment = due if due is not None and by == [BY_TIME] else work.now
    return [Move(live.id, profile_id, now_in, moment, live.version, reason)]


def _why(live: Live, leaves: Mapping[str, Truth], at: int, news: Collection[News]) -> list[str]:
    touched = {
        path
        for path, leaf in rules.leaves(live.definition)
        if News.PERSON in news or woken_by(leaf) & set(news) or (not news and woken_by(leaf))
    }
    return reasons(live.definition, lambda leaf: bool(leaves[leaf.key].holds[at]), touched)


async def tell(session: Session, tenant_id: TenantId, moves: Sequence[Move], now: datetime) -> None:
    """Put moves into the ledger, but not those of people who are nobody any more: of them no condition is known."""
    told: list[Event] = []
    for m in moves:
        if "conditions" in m.reason:
            kind = rules.SegmentEntered if m.entered else rules.SegmentExited
            told.append(kind(segment_id=m.segment_id, profile_id=m.profile_id, at=m.at, version=m.version))
    await events.publish(session, tenant_id, told, now)

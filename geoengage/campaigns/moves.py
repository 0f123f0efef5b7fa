"""What it sets off that somebody enters or leaves a segment: a start that waits for a good time, and then a message.

The reaction only writes starts; `decide_due` is the one place that decides, also for those who were in the segment
when its campaign was activated. A start whose person has moved back meanwhile is dropped.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.campaigns import by_reference, entries, starts
from geoengage.campaigns.arriving import arrival, begin_with_present, once
from geoengage.campaigns.by_reference import Items
from geoengage.campaigns.drafting import About, Wish, choose, written
from geoengage.campaigns.giving import giver
from geoengage.campaigns.recommended import recommended_for
from geoengage.campaigns.rules import (
    FRESH,
    Content,
    Move,
    MoveCase,
    Policy,
    addressed,
    decide_move,
    in_audience,
    is_still_so,
    segments_of,
    stale_at,
    starts_at,
    values_for,
)
from geoengage.campaigns.service import load_policy
from geoengage.campaigns.starts import Start
from geoengage.campaigns.store import Running
from geoengage.kit.db import Session
from geoengage.kit.events import Recorded
from geoengage.kit.ids import TenantId, derived_id
from geoengage.messaging import service as messaging
from geoengage.messaging.rules import Draft
from geoengage.messaging.rules.text import NOTHING_RECOMMENDED, Recommended
from geoengage.profiles import store as profiles
from geoengage.profiles.rules import Recipient
from geoengage.segments.rules import SegmentEntered, SegmentExited, SegmentRebuilt

_MOVES: dict[str, tuple[type[SegmentEntered | SegmentExited], Move]] = {
    "segment.entered": (SegmentEntered, Move.ENTERED),
    "segment.exited": (SegmentExited, Move.EXITED),
}
_REBUILT = "segment.rebuilt"
WANTED = frozenset({*_MOVES, _REBUILT})


async def on_moves(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """Let a start wait for every campaign that these moves set off; a segment's first members count as present."""
    told = [(r.as_(_MOVES[r.type][0]), _MOVES[r.type][1]) for r in recorded if r.type in _MOVES]
    built = [r.as_(SegmentRebuilt) for r in recorded if r.type == _REBUILT]
    segments = {event.segment_id for event, _ in told} | {event.segment_id for event in built}
    waiting: Mapping[UUID, list[Running]] = defaultdict(list)
    for campaign in await starts.list_waiting_at(session, tenant_id, segments, now):
        waiting[campaign.content.segment_id or campaign.id].append(campaign)
    if not waiting:
        return
    clock = await _clock(session, tenant_id, [c.content for some in waiting.values() for c in some])
    set_off = [
        (event, c) for event, move in told for c in waiting[event.segment_id] if c.content.definition.move is move
    ]
    found = [
        _start(c, event.profile_id, _occurrence(event, c), event.at, clock, now)
        for event, c in set_off
        if not c.content.is_journey
    ]
    await starts.put(session, tenant_id, [s for s in found if s is not None])
    arrivals = [
        arrival(c, event.profile_id, _occurrence(event, c), event.at, now)
        for event, c in set_off
        if c.content.is_journey and now - event.at <= FRESH
    ]
    await entries.enter(session, tenant_id, once(arrivals))
    for event in built:
        if event.entered == event.size and event.exited == 0:  # nobody was in it before
            for campaign in waiting[event.segment_id]:
                if campaign.content.definition.present:
                    await begin_with_present(session, tenant_id, campaign.id, campaign.content, now)


def _occurrence(event: SegmentEntered | SegmentExited, campaign: Running) -> UUID:
    return derived_id(event.segment_id, event.profile_id, campaign.content.definition.move, event.at.isoformat())


Clock = tuple[Policy, ZoneInfo, Mapping[UUID, ZoneInfo]]


async def _clock(session: Session, tenant_id: TenantId, contents: Sequence[Content]) -> Clock:
    stores = {content.store_id for content in contents if content.store_id is not None}
    return await load_policy(session, tenant_id), *await starts.get_timezones(session, tenant_id, stores)


def _timezone(content: Content, clock: Clock) -> ZoneInfo:
    return clock[2].get(content.store_id, clock[1]) if content.store_id is not None else clock[1]


def _start(
    campaign: Running, profile_id: UUID, occurrence: UUID, moved_at: datetime, clock: Clock, now: datetime
) -> Start | None:
    """None: it is too late to say anything about it."""
    stale = stale_at(campaign.content, moved_at)
    if stale <= now:
        return None
    due_at = starts_at(campaign.content, clock[0], _timezone(campaign.content, clock), now, stale)
    return Start(campaign.id, profile_id, occurrence, moved_at, due_at)


async def decide_due(session: Session, tenant_id: TenantId, now: datetime, limit: int) -> int:
    """Decide on starts that are due: queue a message or record why not; returns how many people were looked at."""
    people = await starts.list_due_people(session, tenant_id, now, limit)
    if not people:
        return 0
    ids = await starts.list_devices_of(session, tenant_id, people)
    devices: dict[UUID, list[Recipient]] = defaultdict(list)
    for device in (await profiles.hold_recipients(session, tenant_id, ids)).values():
        if device.profile_id is not None:
            devices[device.profile_id].append(device)
    taken = await starts.take_due(session, tenant_id, people, now)
    running = await starts.list_running_named(session, tenant_id, {s.campaign_id for s in taken}, now)
    clock = await _clock(session, tenant_id, [c.content for c in running.values()])
    named = {id_ for campaign in running.values() for id_ in segments_of(campaign.content)}
    inside = await starts.list_segments_of(session, tenant_id, named, people)
    due, later = [], []
    for start in taken:
        campaign = running.get(start.campaign_id)
        if campaign is None:
            continue
        person = addressed(devices[start.profile_id], campaign.content, now)
        if person is None or not _is_meant(campaign.content, person, inside):
            continue
        again = _start(campaign, start.profile_id, start.occurrence, start.moved_at, clock, now)
        if again is not None and again.due_at > now:
            later.append(again)  # the hours have changed since it was put off
        else:
            due.append((start, campaign, person))
    await starts.put(session, tenant_id, later)
    await _send(session, tenant_id, due, clock, now)
    return len(people)


def _is_meant(content: Content, person: Recipient, inside: Mapping[UUID, frozenset[UUID]]) -> bool:
    segments = inside.get(person.profile_id or person.device_id, frozenset())
    still = is_still_so(content.definition.move, inside=content.segment_id in segments)
    return still and in_audience(content.definition.audience, person, segments)


async def _send(
    session: Session,
    tenant_id: TenantId,
    due: Sequence[tuple[Start, Running, Recipient]],
    clock: Clock,
    now: datetime,
) -> None:
    persons = sorted({person.person_id for _, _, person in due})
    budgets = dict(await messaging.lock_budgets(session, tenant_id, persons, now)) if persons else {}
    spoken_of = [(campaign.content.definition.content_id, person) for _, campaign, person in due]
    items = await by_reference.load(session, tenant_id, spoken_of, now)
    recommended = await recommended_for(session, tenant_id, [(c.content, person) for _, c, person in due], now)
    moments: dict[UUID, list[Wish[MoveCase]]] = defaultdict(list)
    for start, campaign, person in due:
        case = MoveCase(campaign.id, campaign.content, person, _timezone(campaign.content, clock))
        products = recommended.get((person.device_id, campaign.content.store_id), NOTHING_RECOMMENDED)
        moments[person.person_id].append(_wish(start, campaign, case, products, items))
    drafts, give = list[Draft](), giver(session, tenant_id, now)
    for person_id, rivals in moments.items():
        made, _ = await choose(
            rivals,
            budgets[person_id],
            lambda case, budget: decide_move(case, clock[0], budget, now),
            clock[0],
            give,
            now,
        )
        drafts += made
    if drafts:
        await messaging.enqueue(session, tenant_id, drafts, now)


def _wish(start: Start, campaign: Running, case: MoveCase, products: Recommended, items: Items) -> Wish[MoveCase]:
    person = case.person
    content = campaign.content.said_to(campaign.id, person.person_id)
    about = About(occurrence=start.occurrence, expires_at=stale_at(content, start.moved_at), timezone=case.timezone.key)
    values = values_for(content, person, campaign.store_name, recommended=products)
    item, offer_id = items.of(content.definition.content_id, person), content.definition.offer_id
    words = written(campaign, content.title, content.body, values, item, awaits_offer=offer_id is not None)
    return Wish(campaign, case, about, words, offer_id, person.profile_id)

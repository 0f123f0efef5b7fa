"""What a zone event sets off: the campaigns that wait for it, decided per person, handed to messaging as drafts.

A batch of events costs the same few queries as one event. Events are decided in ledger order, and what an earlier one
queued counts against the caps and cooldowns of a later one, as it would have in a batch of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.campaigns import by_reference, entries, store
from geoengage.campaigns.arriving import arrival, once
from geoengage.campaigns.by_reference import Items
from geoengage.campaigns.drafting import About, Wish, choose, written
from geoengage.campaigns.giving import Give, giver
from geoengage.campaigns.recommended import recommended_for
from geoengage.campaigns.rules import (
    Case,
    Place,
    Policy,
    decide,
    expires_at,
    in_audience,
    is_triggered,
    outlives_visit,
    segments_of,
    values_for,
)
from geoengage.campaigns.starts import list_segments_of
from geoengage.campaigns.store import Running
from geoengage.kit.db import Session, pipelined
from geoengage.kit.events import Recorded
from geoengage.kit.ids import TenantId, derived_id
from geoengage.messaging import service as messaging
from geoengage.messaging.rules import Budget, Draft, zone_gate
from geoengage.messaging.rules.text import NOTHING_RECOMMENDED, Recommended
from geoengage.presence.rules.events import ZoneDwelled, ZoneEntered, ZoneExited, ZoneTransition, is_history
from geoengage.profiles import store as profiles
from geoengage.profiles.rules import Recipient

_EVENTS: dict[str, type[ZoneTransition]] = {
    "zone.entered": ZoneEntered,
    "zone.dwelled": ZoneDwelled,
    "zone.exited": ZoneExited,
}
WANTED = frozenset(_EVENTS)


@dataclass(frozen=True, slots=True)
class _Start:
    """A campaign that an event has set off."""

    event: ZoneTransition
    place: Place
    campaign: Running


async def on_zone_events(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """Decide on every campaign that these events set off; queue its message or record why not."""
    events = [(r.as_(_EVENTS[r.type]), r.recorded_at) for r in recorded if r.type in _EVENTS]
    batch: list[ZoneTransition] = [event for event, recorded_at in events if not is_history(event.at, recorded_at)]
    starts = await _starts(session, tenant_id, batch, now)
    people = await _people(session, tenant_id, starts)
    await _begin_journeys(session, tenant_id, starts, people, now)
    starts = [s for s in starts if not s.campaign.content.is_journey]
    segments = await _segments(session, tenant_id, starts, people)
    starts = [s for s in starts if _addresses(s, people.get(s.event.device_id), segments)]
    if not starts:
        return
    persons = sorted({people[s.event.device_id].person_id for s in starts})
    async with pipelined(session):
        ends = await store.ask_visit_ends(session, tenant_id, {s.event.visit_id for s in starts})
        decided = await store.ask_policy(session, tenant_id)
        locked = await messaging.ask_budgets(session, tenant_id, persons, now)
    policy, budgets, ended = decided(), locked(), ends()
    cases = [(s, _case(s, people[s.event.device_id], ended)) for s in starts]
    recommended = await recommended_for(session, tenant_id, [(case.content, case.person) for _, case in cases], now)
    spoken_of = [(case.content.definition.content_id, case.person) for _, case in cases]
    items = await by_reference.load(session, tenant_id, spoken_of, now)
    give = giver(session, tenant_id, now)
    await messaging.enqueue(session, tenant_id, await _drafts(cases, policy, budgets, recommended, items, give), now)


async def _begin_journeys(
    session: Session, tenant_id: TenantId, starts: Sequence[_Start], people: Mapping[UUID, Recipient], now: datetime
) -> None:
    """Campaigns with steps: who is known comes in; the first step is looked at in a moment, with the audience."""
    found = [
        arrival(s.campaign, person.profile_id, derived_id(s.event.id), s.event.at, now)
        for s in starts
        if s.campaign.content.is_journey
        and (person := people.get(s.event.device_id)) is not None
        and person.profile_id is not None
    ]
    await entries.enter(session, tenant_id, once(found))


async def _starts(
    session: Session, tenant_id: TenantId, batch: Sequence[ZoneTransition], now: datetime
) -> list[_Start]:
    if not batch:
        return []
    zones = {(e.zone_id, e.zone_version) for e in batch}
    async with pipelined(session):
        asked = await store.ask_places(session, tenant_id, zones)
        waiting = await store.ask_running_at(session, tenant_id, zones, now)
    places, running = asked(), waiting()
    return [
        _Start(event, place, campaign)
        for event in batch
        if (place := places.get((event.zone_id, event.zone_version))) is not None
        for campaign in running
        if is_triggered(campaign.content, event, place)
    ]


async def _people(session: Session, tenant_id: TenantId, starts: Sequence[_Start]) -> dict[UUID, Recipient]:
    if not starts:
        return {}
    # Held: messages to somebody who is erased meanwhile would stay.
    return await profiles.hold_recipients(session, tenant_id, {s.event.device_id for s in starts})


async def _segments(
    session: Session, tenant_id: TenantId, starts: Sequence[_Start], people: Mapping[UUID, Recipient]
) -> Mapping[UUID, frozenset[UUID]]:
    """In which of the segments that the audiences name these people are."""
    named = {id_ for s in starts for id_ in segments_of(s.campaign.content)}
    if not named:
        return {}
    profile_ids = {person.profile_id for person in people.values() if person.profile_id is not None}
    return await list_segments_of(session, tenant_id, named, profile_ids)


def _addresses(start: _Start, person: Recipient | None, segments: Mapping[UUID, frozenset[UUID]]) -> bool:
    """A device that was deleted meanwhile is nobody."""
    if person is None:
        return False
    inside = segments.get(person.person_id, frozenset())
    return in_audience(start.campaign.content.definition.audience, person, inside)


def _case(start: _Start, person: Recipient, ends: Mapping[UUID, datetime]) -> Case:
    return Case(
        campaign_id=start.campaign.id,
        content=start.campaign.content,
        event=start.event,
        place=start.place,
        person=person,
        visit_ended_at=ends.get(start.event.visit_id),
    )


async def _drafts(
    cases: Sequence[tuple[_Start, Case]],
    policy: Policy,
    locked: Mapping[UUID, Budget],
    recommended: Mapping[tuple[UUID, UUID | None], Recommended],
    items: Items,
    give: Give,
) -> list[Draft]:
    """Event by event; what one event set off competes for the person's attention."""
    budgets, found, now = dict(locked), list[Draft](), items.now
    moments: dict[UUID, list[Wish[Case]]] = {}
    for start, case in cases:
        products = recommended.get((case.person.device_id, case.content.store_id), NOTHING_RECOMMENDED)
        moments.setdefault(case.event.id, []).append(_wish(start, case, products, items))
    for rivals in moments.values():
        person_id = rivals[0].case.person.person_id
        drafts, budgets[person_id] = await choose(
            rivals, budgets[person_id], lambda case, budget: decide(case, policy, budget, now), policy, give, now
        )
        found += drafts
    return found


def _wish(start: _Start, case: Case, recommended: Recommended, items: Items) -> Wish[Case]:
    event, place, campaign = case.event, case.place, start.campaign
    content = case.content.said_to(case.campaign_id, case.person.person_id)
    about = About(
        occurrence=event.visit_id,
        expires_at=expires_at(content, event, place.timezone),
        timezone=place.timezone.key,
        event=event,
        outlives_visit=outlives_visit(event),
        gates=(zone_gate(event.zone_id),),
    )
    values = values_for(content, case.person, campaign.store_name, place, recommended)
    item, offer_id = items.of(content.definition.content_id, case.person), content.definition.offer_id
    words = written(campaign, content.title, content.body, values, item, awaits_offer=offer_id is not None)
    return Wish(campaign, case, about, words, offer_id, case.person.profile_id)

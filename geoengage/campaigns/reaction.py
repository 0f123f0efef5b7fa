"""What a zone event sets off: the campaigns that wait for it, decided per person, handed to messaging as drafts.

A batch of events costs the same few queries as one event. Events are decided in ledger order, and what an earlier one
queued counts against the caps and cooldowns of a later one, as it would have in a batch of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.campaigns import store
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
    uses_recommendations,
    write_for,
)
from geoengage.campaigns.starts import list_segments_of
from geoengage.campaigns.store import Running
from geoengage.kit import log
from geoengage.kit.db import Session, pipelined
from geoengage.kit.events import Recorded
from geoengage.kit.ids import TenantId
from geoengage.messaging import service as messaging
from geoengage.messaging.rules import Budget, Draft, Send, campaign_gate, zone_gate
from geoengage.messaging.rules.text import NOTHING_RECOMMENDED, Recommended, TextError
from geoengage.presence.rules.events import ZoneDwelled, ZoneEntered, ZoneExited, ZoneTransition, is_history
from geoengage.profiles import store as profiles
from geoengage.profiles.rules import Recipient
from geoengage.recommendations import service as recommendations

STEP = "message"  # a campaign has one step so far
BAD_TEMPLATE = "bad_template"
_EVENTS: dict[str, type[ZoneTransition]] = {
    "zone.entered": ZoneEntered,
    "zone.dwelled": ZoneDwelled,
    "zone.exited": ZoneExited,
}
WANTED = frozenset(_EVENTS)
logger = log.get("campaigns")


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
    recommended = await _recommended(session, tenant_id, cases, now)
    await messaging.enqueue(session, tenant_id, list(_drafts(cases, policy, budgets, recommended, now)), now)


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


async def _recommended(
    session: Session, tenant_id: TenantId, cases: Sequence[tuple[_Start, Case]], now: datetime
) -> dict[tuple[UUID, UUID | None], Recommended]:
    """What texts that ask for it may recommend, by device and the store whose campaign it is."""
    asked: dict[UUID | None, dict[UUID, Recipient]] = {}
    for _, case in cases:
        if uses_recommendations(case.content.title, case.content.body):
            asked.setdefault(case.content.store_id, {})[case.person.device_id] = case.person
    found: dict[tuple[UUID, UUID | None], Recommended] = {}
    for store_id, people in asked.items():
        values = await recommendations.values_for(session, tenant_id, people.values(), store_id, now)
        found |= {(device_id, store_id): each for device_id, each in values.items()}
    return found


def _drafts(
    cases: Sequence[tuple[_Start, Case]],
    policy: Policy,
    locked: Mapping[UUID, Budget],
    recommended: Mapping[tuple[UUID, UUID | None], Recommended],
    now: datetime,
) -> Iterator[Draft]:
    budgets = dict(locked)
    for start, case in cases:
        person_id = case.person.person_id
        blockers = decide(case, policy, budgets[person_id], now)
        products = recommended.get((case.person.device_id, case.content.store_id), NOTHING_RECOMMENDED)
        draft = _draft(start, case, tuple(blockers), products)
        if not blockers and draft.fault is None:
            budgets[person_id] = budgets[person_id].spend(Send(case.campaign_id, case.event.id, now))
        yield draft


def _draft(start: _Start, case: Case, blockers: tuple[str, ...], recommended: Recommended) -> Draft:
    content, event, place = case.content, case.event, case.place
    title, body, fault = content.title, content.body, None
    try:
        text = write_for(content, place, case.person, start.campaign.store_name, recommended)
        title, body = text.title, text.body
    except TextError as error:
        # One campaign's mistake is told in its own messages; the other campaigns of the batch go on.
        logger.warning("template", campaign_id=str(case.campaign_id), error=str(error))
        fault = BAD_TEMPLATE
    return Draft(
        device_id=event.device_id,
        person_id=case.person.person_id,
        campaign_id=case.campaign_id,
        store_id=content.store_id,
        zone_id=event.zone_id,
        zone_version=event.zone_version,
        visit_id=event.visit_id,
        outlives_visit=outlives_visit(event),
        event_id=event.id,
        purpose=content.definition.purpose,
        title=title,
        body=body,
        push=content.definition.push,
        collapse_key=str(case.campaign_id),
        gates=(campaign_gate(case.campaign_id), zone_gate(event.zone_id)),
        expires_at=expires_at(content, event, place.timezone),
        blockers=blockers,
        fault=fault,
        step=STEP,
        occurrence=event.visit_id,
        timezone=place.timezone.key,
    )

"""What a campaign would have done in the last weeks, as it is written now: looked up, worked out, nothing written."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from geoengage.campaigns import facts, replay, service, starts, store
from geoengage.campaigns.best_hours import read_best
from geoengage.campaigns.counts import Whose
from geoengage.campaigns.models import Campaign
from geoengage.campaigns.recommended import is_due, recommended_to_people
from geoengage.campaigns.replay import Past, Span
from geoengage.campaigns.rules import (
    OF_PLACES,
    PUSH_ONLY,
    Content,
    Say,
    Somebody,
    addressed,
    asks_recommendations,
    best_hours_asked,
    consents,
    events_of,
    in_any_way,
    in_audience,
    messages_of,
    on_phone,
    segments_of,
    visible,
)
from geoengage.campaigns.rules.simulation import Person, Walked, simulate
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules import Budget, Send
from geoengage.profiles import store as profiles
from geoengage.profiles.rules import Reach, Recipient

MOST_PEOPLE = 5_000
GRANTED = "granted"


@dataclass(frozen=True, slots=True)
class Count:
    """How many times, to how many people; both None where that would point at one to nine."""

    count: int | None
    people: int | None


@dataclass(frozen=True, slots=True)
class StepTold:
    """What would have become of one message. `skipped`: by reason, small groups left out."""

    step: Say
    sent: Count
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Simulated:
    """A whole simulation. `is_whole`: nobody was left out because they were too many. `notes`: what of it is not as it
    was then, in sentences.
    """

    since: datetime
    until: datetime
    is_whole: bool
    entered: Count
    not_entered: Mapping[str, int]
    ended: Mapping[str, int]
    steps: Sequence[StepTold]
    days: Mapping[date, int | None]
    notes: Sequence[str] = ()


async def run(
    session: Session, tenant_id: TenantId, row: Campaign, whose: Whose, span: Span, *, exact: bool
) -> Simulated:
    """Simulate a campaign over that time. `exact`: the people are made up, so small numbers may be told."""
    content = store.content_of(row)
    home, stores = await starts.get_timezones(session, tenant_id, {row.store_id} if row.store_id else set())
    home = stores.get(row.store_id, home) if row.store_id else home
    zones, _ = await service.list_targets(session, tenant_id, [content])
    past = await replay.list_moments(session, tenant_id, content, {z.zone_id for z in zones}, home, span)
    policy = await service.load_policy(session, tenant_id)
    people = await _people(session, tenant_id, content, past, home, whose, span)

    def crunch() -> dict[UUID, Walked]:
        return {p.profile_id: simulate(row.id, content, policy, p, span.until) for p in people}

    walked = await asyncio.to_thread(crunch)
    return _sum(content, walked, past, span, home, exact=exact)


async def _people(
    session: Session, tenant_id: TenantId, content: Content, past: Past, home: ZoneInfo, whose: Whose, span: Span
) -> list[Person]:
    ids = sorted(past.moments, key=lambda id_: id_.int & 0xFFFFFFFF)[:MOST_PEOPLE]  # by what is random in an id
    devices: dict[UUID, list[Recipient]] = defaultdict(list)
    device_ids = await starts.list_devices_of(session, tenant_id, ids)
    for device in (await profiles.list_recipients(session, tenant_id, device_ids)).values():
        if device.profile_id is not None and whose.tests in (None, device.is_test):
            devices[device.profile_id].append(device)
    ids = [id_ for id_ in ids if devices[id_] or whose.tests is not True]
    many = content.definition.channels != PUSH_ONLY
    reaches = await profiles.list_reaches(session, tenant_id, ids) if many else {}
    inside = await starts.list_segments_of(session, tenant_id, segments_of(content), ids)
    deeds = await facts.list_deeds_since(session, tenant_id, ids, events_of(content), span.since)
    orders = await replay.list_orders(session, tenant_id, ids, span)
    sends = await replay.list_sends(session, tenant_id, ids)
    recommended = {}
    if asks_recommendations(content):
        asking = [(content.store_id, id_) for id_ in ids]
        recommended = await recommended_to_people(session, tenant_id, asking, devices, span.until)
    best = await read_best(session, tenant_id, content, ids, span.until)
    found = []
    for id_ in ids:
        phone = addressed(devices[id_], content, span.until, consents)
        somebody = _somebody(id_, content, phone, reaches.get(id_), span.until)
        segments = inside.get(id_, frozenset())
        open_ = next((d for d in devices[id_] if d.personalisation == GRANTED), None)
        found.append(
            Person(
                profile_id=id_,
                somebody=somebody,
                timezone=_zone(phone, home),
                moments=past.moments[id_],
                is_meant=any(in_audience(content.definition.audience, d, segments) for d in devices[id_]),
                budget=_budget(id_, sends.get(id_, ())),
                delay=timedelta(seconds=past.delay_s),
                attributes={} if open_ is None else open_.attributes,
                segments=segments,
                deeds=deeds.get(id_, ()),
                orders=orders.get(id_, ()),
                has_due=is_due(recommended.get((content.store_id, id_))),
                best=partial(best, id_),
            )
        )
    return found


def _somebody(id_: UUID, content: Content, phone: Recipient | None, reach: Reach | None, now: datetime) -> Somebody:
    if reach is not None:
        return in_any_way(reach)
    if phone is None:
        return Somebody(id_, None, None)
    found = on_phone(phone, content, now)
    if content.kind in OF_PLACES and not content.is_journey:  # there it is location that must be agreed to
        return replace(found, personalisation=phone.location)
    return found


def _zone(phone: Recipient | None, home: ZoneInfo) -> ZoneInfo:
    try:
        return home if phone is None or phone.timezone is None else ZoneInfo(phone.timezone)
    except (KeyError, ValueError, OSError):  # a phone's word for its zone
        return home


def _budget(person_id: UUID, sends: Any) -> Budget:
    return Budget(person_id, msgspec.convert(sends, tuple[Send, ...], strict=False))


def _sum(
    content: Content, walked: Mapping[UUID, Walked], past: Past, span: Span, home: ZoneInfo, *, exact: bool
) -> Simulated:
    def told(amounts: Mapping[UUID, int]) -> Count:
        people = sum(n > 0 for n in amounts.values())
        if visible(people, exact=exact) is None:
            return Count(None, None)
        return Count(sum(amounts.values()), people)

    def groups(each: Mapping[UUID, Counter[str]]) -> dict[str, int]:
        names = sorted({name for counter in each.values() for name in counter})
        counts = {name: told({id_: counter[name] for id_, counter in each.items()}).count for name in names}
        return {name: count for name, count in counts.items() if count}

    def days() -> dict[date, int | None]:
        by_day: dict[date, Counter[UUID]] = defaultdict(Counter)
        for id_, walk in walked.items():
            for message in walk.told:
                if message.reason is None:
                    by_day[message.at.astimezone(home).date()][id_] += 1
        return {day: told(by_day[day]).count for day in sorted(by_day)}

    steps = []
    for step in messages_of(content.course):
        mine = {id_: [m for m in walk.told if m.step == step.id] for id_, walk in walked.items()}
        sent = told({id_: sum(m.reason is None for m in messages) for id_, messages in mine.items()})
        reasons = {id_: Counter(m.reason for m in messages if m.reason) for id_, messages in mine.items()}
        steps.append(StepTold(step, sent, groups(reasons)))
    return Simulated(
        since=span.since,
        until=span.until,
        is_whole=past.is_whole and len(past.moments) <= MOST_PEOPLE,
        entered=told({id_: walk.entered for id_, walk in walked.items()}),
        not_entered=groups({id_: walk.refused for id_, walk in walked.items()}),
        ended=groups({id_: walk.ends for id_, walk in walked.items()}),
        steps=steps,
        days=days(),
        notes=_notes(content),
    )


def _notes(content: Content) -> list[str]:
    found = []
    if best_hours_asked(content.course):
        found.append("Each person’s best hour is the one that is known today.")
    if content.definition.win_back:
        found.append("Other campaigns that win people back were not looked at: somebody may be with one of them.")
    return found

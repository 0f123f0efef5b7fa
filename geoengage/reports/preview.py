"""What a drawn zone would have seen in the last days: stored pings of those who came near, through the engine again.

Memory, database and processor are bounded: so many devices and pings, and `complete` says whether that was all. The
database is asked in short transactions; the matching runs in a thread of its own, a slice of devices at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.campaigns import store as campaigns
from geoengage.campaigns.rules import segments_of, waits_at
from geoengage.campaigns.service import load_policy
from geoengage.campaigns.starts import list_segments_of
from geoengage.kit.db import Session, Sessions, transaction
from geoengage.kit.ids import TenantId
from geoengage.presence.index import Building, ZoneIndex
from geoengage.presence.rules.decide import Transition
from geoengage.presence.rules.fixes import IMPOSSIBLE_MPS
from geoengage.presence.rules.state import Fix
from geoengage.presence.service.indexes import load_buildings
from geoengage.presence.service.matching import LONGEST_CROSSING_S
from geoengage.profiles import store as profiles
from geoengage.reports import store
from geoengage.reports.replay import Visit, replay, visits
from geoengage.reports.rules import Tried, try_campaigns
from geoengage.reports.trial import place_of, starts
from geoengage.venues.rules import PublishedZone

MOST_DEVICES = 2_000
MOST_PINGS = 500_000
SLICE_DEVICES = 10  # a slice is read, matched and told of before the next
LEAD_IN = timedelta(hours=1)  # read before the window: who was inside when it began did not come in then


@dataclass(frozen=True, slots=True)
class Question:
    """Whose zone, over which time. `is_demo`: the people are simulated, so that test devices count and all is told."""

    tenant_id: TenantId
    zone: PublishedZone
    days: int
    now: datetime
    is_demo: bool
    most_devices: int = MOST_DEVICES
    most_pings: int = MOST_PINGS

    @property
    def clock(self) -> ZoneInfo:
        """The wall clock by which days are told apart."""
        return ZoneInfo(self.zone.timezone)

    @property
    def dates(self) -> list[date]:
        """The days of the window, today last."""
        today = self.now.astimezone(self.clock).date()
        return [today - timedelta(days=n) for n in reversed(range(self.days))]

    @property
    def since(self) -> datetime:
        """Midnight, where the zone is, at which the window begins."""
        return datetime.combine(self.dates[0], time(), self.clock)

    def near(self) -> store.Near:
        """Where a ping must be to matter. A zone that counts crossings sees those who pass between two pings too."""
        rules = self.zone.rules
        margin_m = rules.exit_tolerance_m + (LONGEST_CROSSING_S * IMPOSSIBLE_MPS if rules.crossing else 0.0)
        begin = self.since - LEAD_IN
        return store.Near(self.zone.geometry.bounds, margin_m, begin, self.now, tests=self.is_demo)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many devices of how many have been looked at."""

    done: int
    total: int


@dataclass(slots=True)
class Found:
    """What was seen. `persons`: person by device; `tried`: what campaigns would have done; `campaigns`: names."""

    question: Question
    persons: dict[UUID, UUID]
    visits: list[Visit] = field(default_factory=list)
    transitions: dict[UUID, list[Transition]] = field(default_factory=dict)
    tried: list[Tried] = field(default_factory=list)
    campaigns: dict[UUID, str] = field(default_factory=dict)
    looked_at: set[UUID] = field(default_factory=set)
    complete: bool = True


async def look(sessions: Sessions, question: Question) -> AsyncIterator[Progress | Found]:
    """Progress after each slice of devices, and what was found in the end."""
    async with transaction(sessions, question.tenant_id) as session:
        near = await store.list_devices_near(session, question.tenant_id, question.near(), question.most_devices + 1)
        buildings = await load_buildings(session, question.tenant_id)
    found = Found(question, dict(near[: question.most_devices]), complete=len(near) <= question.most_devices)
    index = _index(question.zone, buildings)
    left, ids = question.most_pings, list(found.persons)
    for start in range(0, len(ids), SLICE_DEVICES):
        some = ids[start : start + SLICE_DEVICES]
        async with transaction(sessions, question.tenant_id) as session:
            streams = await store.list_streams(
                session, question.tenant_id, some, question.near().since, question.now, left + 1
            )
        left -= sum(map(len, streams.values()))
        if left < 0:  # the last of them may be cut short, and what follows was not read
            found.complete = False
            break
        await _match(index, streams, found)
        yield Progress(start + len(some), len(ids))
    async with transaction(sessions, question.tenant_id) as session:
        await _try_campaigns(session, found)
    yield found


def _index(zone: PublishedZone, buildings: Sequence[Building]) -> ZoneIndex:
    """An index of the draft alone: other zones cannot change what happens in it."""
    return ZoneIndex(0, [zone], buildings)


async def _match(index: ZoneIndex, streams: Mapping[UUID, Sequence[Fix]], found: Found) -> None:
    """Replay a slice in a thread and keep what began within the window. One thread at a time uses the index."""
    done = await asyncio.to_thread(replay, index, streams, found.question.now)
    found.looked_at |= streams.keys()
    for device_id, replayed in done.items():
        told = [t for t in replayed.transitions if t.since >= found.question.since]
        if told:
            found.transitions[device_id] = told
            found.visits += visits(device_id, told)


async def _try_campaigns(session: Session, found: Found) -> None:
    """What the campaigns that run now would have sent to those who came, by the consents that they have now."""
    tenant_id, zone = found.question.tenant_id, found.question.zone
    stores = {zone.store_id} if zone.store_id is not None else set()
    running = await campaigns.list_running(session, tenant_id, {zone.zone_id}, stores, found.question.now)
    here = (zone.zone_id, zone.kind, zone.store_id)
    found.campaigns = {r.id: r.content.name for r in running if waits_at(r.content, *here)}
    people = await profiles.list_recipients(session, tenant_id, found.transitions)
    places = {zone.zone_id: place_of(zone)}
    begun = [
        start
        for device_id, transitions in found.transitions.items()
        if device_id in people
        for start in starts(tenant_id, device_id, people[device_id], transitions, places)
    ]
    policy = await load_policy(session, tenant_id)
    named = {id_ for r in running for id_ in segments_of(r.content)}
    segments = await list_segments_of(session, tenant_id, named, {p.person_id for p in people.values()})
    found.tried = list(try_campaigns(begun, [(r.id, r.content) for r in running], policy, segments))

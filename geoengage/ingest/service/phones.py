"""From a reading to stored pings, and what the phone is told back.

All pings go through the writer of POST /v1/pings. What each client must hear as answer, `api` knows.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prometheus_client import Counter

from geoengage.ingest import store
from geoengage.ingest.rules import background_geolocation, owntracks
from geoengage.ingest.rules.regions import FRESH, Asking, Region, Told, digests, must_tell, refresh_region
from geoengage.ingest.rules.vocabulary import Reading
from geoengage.kit.db import Session
from geoengage.kit.events import Recorded
from geoengage.kit.ids import TenantId
from geoengage.presence import store as presence
from geoengage.presence.rules.fixes import Rejected, UncheckedPing
from geoengage.presence.rules.relocation import map_epoch
from geoengage.presence.service import Batch, IndexCache, nearby
from geoengage.presence.writer import PingWriter
from geoengage.profiles.rules import withdrew_location
from geoengage.tenancy.rules import Principal
from geoengage.venues.store import venue_epoch

POINTS = Counter(
    "geoengage_ingest_points_total",
    "Parts of other programs' requests by what became of them.",
    ["client", "outcome"],
)
MOST_PINGS = 1_000  # of one batch, as POST /v1/pings takes them
NEAR_CROSSING = 200  # regions among which the one that was crossed is looked for


@dataclass(slots=True)
class Stored:
    """What became of a reading. `newest`: its newest position, if that is fresh enough to say where the phone is."""

    newest: UncheckedPing | None = None
    no_consent: bool = False


async def record(
    writer: PingWriter, tenant_id: TenantId, phone: Principal | None, reading: Reading, now: datetime
) -> Stored:
    """Store a reading's pings; durable when it returns. `phone` None: each ping names its device.

    Raises Unauthenticated when the phone's token was revoked, Unavailable when they cannot be stored now.
    """
    for reason in reading.ignored:
        POINTS.labels(reading.client, reason.value).inc()
    stored = Stored()
    for start in range(0, len(reading.pings), MOST_PINGS):
        pings = list(enumerate(reading.pings[start : start + MOST_PINGS]))
        batch = Batch(
            device_id=phone.id if phone else None,
            token_version=phone.token_version if phone else None,
            sent_at=None,
            received_at=now,
            pings=pings,
        )
        await writer.submit(tenant_id, batch)
        if batch.error is not None:
            raise batch.error
        _count(batch, reading.client)
        _look(stored, batch, now)
    return stored


def _count(batch: Batch, client: str) -> None:
    POINTS.labels(client, "accepted").inc(batch.accepted)
    POINTS.labels(client, "duplicate").inc(batch.duplicates)
    for _, reason in batch.refused:
        POINTS.labels(client, str(reason)).inc()


def _look(stored: Stored, batch: Batch, now: datetime) -> None:
    refused = dict(batch.refused)
    stored.no_consent |= Rejected.NO_LOCATION_CONSENT in refused.values()
    for number, ping in batch.pings:
        usable = number not in refused and ping.lon is not None and abs(now - ping.at) <= FRESH
        if usable and (stored.newest is None or ping.at > stored.newest.at):
            stored.newest = ping


# --- regions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pusher:
    """How a client is told regions. `push` gets the regions, the refresh circle and the zones that it has (None: none).

    `most`: how many it can monitor, the refresh circle among them.
    """

    most: int
    push: Callable[[Sequence[Region], Region, Collection[UUID] | None], Any]
    clear: Callable[[], Any]


def pusher_of(client: str) -> Pusher | None:
    """How to push regions to that client; None: it takes none."""
    if client in owntracks.MOST_REGIONS:
        return Pusher(
            owntracks.MOST_REGIONS[client],
            lambda regions, refresh, told: owntracks.push(client, regions, refresh, told),
            owntracks.clear,
        )
    if client == background_geolocation.CLIENT:
        return Pusher(
            background_geolocation.MOST_REGIONS,
            lambda regions, refresh, told: background_geolocation.push(regions, refresh),
            background_geolocation.clear,
        )
    return None


async def tell_regions(
    session: Session, indexes: IndexCache, phone: Principal, client: str, stored: Stored, now: datetime
) -> Any | None:
    """What the answer says about regions; None nearly always. Remembers it as told.

    Without location consent the phone's regions are taken from it, once.
    """
    pusher = pusher_of(client)
    if pusher is None:
        return None
    tenant_id = phone.tenant_id
    device = await presence.find_device(session, tenant_id, phone.id, phone.token_version)
    told = await store.find_told(session, tenant_id, phone.id)
    if not device.may_locate:
        if told is None:
            return None
        await store.forget_told(session, tenant_id, phone.id)
        return pusher.clear()
    at = stored.newest
    if at is None or at.lon is None or at.lat is None:
        return None
    epoch = map_epoch(await venue_epoch(session, tenant_id), device.relocation)
    asking = Asking(client, at.at, at.lon, at.lat, epoch)
    must = must_tell(told, asking, now)
    if told is not None and not must and told.epoch == asking.epoch:
        return None
    regions, refresh = await _regions_at(session, tenant_id, indexes, device, at.lon, at.lat, pusher.most)
    zones = digests(regions)
    place = (refresh.lon, refresh.lat, refresh.radius_m)
    if told is not None and not must and zones == told.zones:
        kept = Told(client, zones, asking.epoch, told.lon, told.lat, told.radius_m, told.told_at, told.asked_at)
        await store.put_told(session, tenant_id, phone.id, kept)
        return None
    await store.put_told(session, tenant_id, phone.id, Told(client, zones, asking.epoch, *place, now, at.at))
    has_none = told is None or (told.lon is not None and not told.zones)
    if has_none and not regions:
        return None
    return pusher.push(regions, refresh, None if told is None or has_none else told.zones.keys())


async def _regions_at(
    session: Session,
    tenant_id: TenantId,
    indexes: IndexCache,
    device: presence.LockedDevice,
    lon: float,
    lat: float,
    limit: int,
) -> tuple[list[Region], Region]:
    found = await nearby(session, tenant_id, indexes, device, lon, lat, limit)
    regions = [Region(c.zone_id, c.name, c.lon, c.lat, c.radius_m) for c in found.circles]
    refresh = refresh_region(found.refresh.lon, found.refresh.lat, found.refresh.radius_m)
    return owntracks.with_unique_tst(regions), refresh


async def resolve_crossings(
    session: Session, indexes: IndexCache, phone: Principal, reading: owntracks.OwnTracksReading
) -> None:
    """Find the zones of Android's transitions, which name a region by time of making and text only."""
    device = await presence.find_device(session, phone.tenant_id, phone.id, phone.token_version)
    for position, *_ in reading.crossings:
        ping = reading.pings[position]
        if ping.lon is not None and ping.lat is not None:
            place = (ping.lon, ping.lat, NEAR_CROSSING)
            regions, _ = await _regions_at(session, phone.tenant_id, indexes, device, *place)
            owntracks.resolve(reading, regions)


async def on_consent_changed(
    session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime
) -> None:
    """Location consent was withdrawn: where the phone was told its regions is forgotten."""
    if withdrawn := withdrew_location(recorded):
        await store.withdraw_told(session, tenant_id, withdrawn)


# --- who speaks for a device --------------------------------------------------------------------------------------


class Speakers:
    """Which program last spoke for each device, as this process has noted it in the database.

    Saves the look-up for a minute: a program changes rarely, and another process may have seen another one.
    """

    def __init__(self, *, lasts: timedelta = timedelta(minutes=1), most: int = 50_000) -> None:
        self._lasts, self._most = lasts, most
        self._known: OrderedDict[UUID, tuple[str, datetime]] = OrderedDict()

    def knows(self, device_id: UUID, client: str, now: datetime) -> bool:
        """Whether that was noted a moment ago."""
        found = self._known.get(device_id)
        return found is not None and found[0] == client and now - found[1] < self._lasts

    def note(self, device_id: UUID, client: str, now: datetime) -> None:
        """Remember it; the one longest unheard of is forgotten when there are too many."""
        self._known[device_id] = client, now
        self._known.move_to_end(device_id)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

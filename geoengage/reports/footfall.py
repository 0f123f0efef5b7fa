"""Footfall of a mall: its places and visits read, counted beside the event loop, and named again.

Who may ask for what is `api/footfall.py`, what may be told is `rules/release.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from shapely.geometry.base import BaseGeometry

from geoengage.kit.anonymity import K
from geoengage.kit.db import Session
from geoengage.kit.geo import Frame
from geoengage.kit.ids import TenantId
from geoengage.presence import store as presence
from geoengage.reports import store
from geoengage.reports.rules.footfall import Footfall, Place
from geoengage.reports.rules.periods import DAY, Period, Span
from geoengage.venues import store as venues
from geoengage.venues.models import Mall
from geoengage.venues.store import versions

CELL_M = 5.0  # DESIGN section 7: no heat cell is smaller


@dataclass(frozen=True, slots=True)
class Venue:
    """A mall with what footfall is asked of. `zones`: the zone of each spot, with its name."""

    mall: Mall
    spots: Sequence[store.SpotRow]
    places: Sequence[Place]
    today: date

    @property
    def frame(self) -> Frame:
        """The mall's metres."""
        return Frame(self.mall.origin_lon, self.mall.origin_lat, self.mall.bearing_deg)

    def find(self, kind: str, *, id_: UUID | None = None, level: int | None = None) -> int | None:
        """The number of the mall, of a level by its ordinal, of a zone or store by its id; None when there is none."""
        for n, place in enumerate(self.places):
            wanted = {"mall": True, "level": place.level == level}.get(kind, place.id == id_)
            if place.kind == kind and wanted:
                return n
        return None


async def read_venue(session: Session, tenant_id: TenantId, mall_id: UUID, now: datetime) -> Venue:
    """The mall and its places: zones, stores, levels, itself. Raises NotFound."""
    mall = await venues.get_row(session, tenant_id, Mall, mall_id)
    spots = await store.list_spots(session, tenant_id, mall_id)
    stores = await venues.list_stores(session, tenant_id, venues.Filter(mall_id=mall_id))
    levels = await venues.list_levels(session, tenant_id, mall_id)
    places = [
        *(
            Place("zone", s.zone_id, min(s.levels, default=None), s.name, 1 << n, s.store_id)
            for n, s in enumerate(spots)
            if s.is_current
        ),
        *(Place("store", s.id, s.level, s.name, _bits(x.store_id == s.id for x in spots), s.id) for s in stores),
        *(Place("level", f.id, f.ordinal, f.name, _bits(f.ordinal in x.levels for x in spots)) for f in levels),
        Place("mall", mall.id, None, mall.name, (1 << len(spots)) - 1),
    ]
    return Venue(mall, spots, places, now.astimezone(ZoneInfo(mall.timezone)).date())


def _bits(marks: Iterable[bool]) -> int:
    return sum(1 << n for n, mark in enumerate(marks) if mark)


async def count(session: Session, tenant_id: TenantId, venue: Venue, period: Period) -> tuple[Footfall, Footfall]:
    """A period's footfall and that of the one before it."""
    before = period.before()
    first = min(Footfall.first_day(before), Footfall.first_day(period))
    visits = await store.read_visits(session, tenant_id, venue.spots, venue.mall.timezone, first, period.last)
    return Footfall(visits, venue.places, period, venue.today), Footfall(visits, venue.places, before, venue.today)


@dataclass(frozen=True, slots=True)
class Heat:
    """Squares of one level. `cells`: lon, lat of the centre and people, summed over days; `hidden`: days left out."""

    cells: list[tuple[float, float, int]]
    hidden: int


async def read_heat(
    session: Session, tenant_id: TenantId, venue: Venue, level: int, period: Period, now: datetime
) -> Heat:
    """People by square for each finished day of which all positions are still stored, summed."""
    zone = ZoneInfo(venue.mall.timezone)
    keep = timedelta(days=(await presence.get_ping_policy(session, tenant_id)).ping_retention_days)
    squares = store.Squares(venue.frame, CELL_M, level)
    sums: dict[tuple[int, int], int] = {}
    hidden = 0
    for day in period.dates():
        since, until = (datetime.combine(d, datetime.min.time(), zone) for d in (day, day + DAY))
        if until > now or since < now - keep:
            hidden += 1
            continue
        for x, y, people in await store.list_heat(session, tenant_id, venue.mall.id, squares, (since, until), K):
            sums[x, y] = sums.get((x, y), 0) + people
    cells = []
    for (x, y), people in sorted(sums.items()):
        lon, lat = venue.frame.to_lonlat((x + 0.5) * CELL_M, (y + 0.5) * CELL_M)
        cells.append((round(lon, 7), round(lat, 7), people))
    return Heat(cells, hidden)


@dataclass(frozen=True, slots=True)
class Floor:
    """One level for the report's map, in lon/lat. `zones`: shape and the number of the place."""

    name: str
    ordinal: int
    outline: BaseGeometry
    units: list[BaseGeometry]
    zones: list[tuple[BaseGeometry, int]]
    heat: list[tuple[float, float, int]]


async def read_shapes(session: Session, tenant_id: TenantId, venue: Venue) -> dict[Place, BaseGeometry]:
    """Where each zone (as it is now), store (its footprint, else its point) and level lies."""
    zones = {z.zone_id: z.geometry for z in await versions.list_published_zones(session, tenant_id)}
    stores = await venues.list_stores(session, tenant_id, venues.Filter(mall_id=venue.mall.id))
    levels = await venues.list_levels(session, tenant_id, venue.mall.id)
    shapes = {
        "zone": zones,
        "store": {s.id: s.footprint or s.point for s in stores},
        "level": {x.id: x.geom for x in levels},
    }
    return {p: shapes[p.kind][p.id] for p in venue.places if p.id in shapes.get(p.kind, {})}


async def read_floors(
    session: Session, tenant_id: TenantId, venue: Venue, period: Period, now: datetime
) -> list[Floor]:
    """All levels, lowest first, with the heat of the period if positions are still kept."""
    shapes = await read_shapes(session, tenant_id, venue)
    numbers = {place: n for n, place in enumerate(venue.places)}
    units = await venues.list_units(session, tenant_id, venue.mall.id)
    floors = []
    for level in sorted(await venues.list_levels(session, tenant_id, venue.mall.id), key=lambda x: x.ordinal):
        on_level = {s.zone_id for s in venue.spots if s.is_current and level.ordinal in s.levels}
        heat = [] if period.span is Span.MONTH else (
            await read_heat(session, tenant_id, venue, level.ordinal, period, now)
        ).cells  # fmt: skip
        floors.append(
            Floor(
                name=level.name,
                ordinal=level.ordinal,
                outline=level.geom,
                units=[u.geom for u in units if u.level == level.ordinal],
                zones=[(shape, numbers[p]) for p, shape in shapes.items() if p.kind == "zone" and p.id in on_level],
                heat=heat,
            )
        )
    return floors

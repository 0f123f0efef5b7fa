"""mall_xixi as the benchmark sees it: its stores as zones, the corridors to walk in, beacons where docs/evidence.md
puts them. The plans name no lifts: five spots that are corridor on every floor stand in for them.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import Frame
from geoengage.kit.ids import derived_id
from geoengage.presence.index import Building, ZoneIndex
from geoengage.simulator.hearing import Beacon
from geoengage.simulator.route import Floor
from geoengage.simulator.venue import Connector, Entrance, Place, Venue
from geoengage.venues.rules import EvidenceKind, PlacedEvidence, PublishedZone, ZoneRules

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "mall_xixi"
FRAME = Frame(120.0756, 30.2935)
ORDINALS = {"B1": -1, "F1": 0, "F2": 1, "F3": 2, "F4": 3}
MALL_ID = derived_id("mall_xixi")
UUID_TEXT = "61686f726e686f668000626561636f6e"
RSSI_AT_1M = -59
NARROWEST_M = 1.5  # inscribed radius of what a shopper can go into; a counter of 2 m² is only passed
BEACON_EVERY_M, CORRIDOR_BEACON_EVERY_M = 10.0, 12.0
LIFTS, LIFT_CLEAR_M = 5, 2.5  # of the nearest shop front


@dataclass(frozen=True)
class Store:
    """A named store of the plans, in metres of `FRAME`."""

    key: str
    name: str
    level: int
    area: BaseGeometry


@dataclass(frozen=True)
class Plan:
    """One floor: its stores, and the corridor that hangs together."""

    level: int
    stores: tuple[Store, ...]
    corridor: BaseGeometry
    outline: BaseGeometry


@cache
def plans() -> dict[int, Plan]:
    """The floors by ordinal."""
    by_floor = defaultdict(list)
    with (DATA / "units.geojsonl").open() as lines:
        for line in lines:
            unit = json.loads(line)
            by_floor[unit["properties"]["ordinal"]].append(unit)
    return {level: _plan(level, units) for level, units in sorted(by_floor.items())}


def _plan(level: int, units: Sequence[dict]) -> Plan:  # type: ignore[type-arg]
    shapes = [(u["id"], u["properties"], FRAME.geometry_to_metres(shape(u["geometry"]))) for u in units]
    outline = shapely.union_all([area for _, p, area in shapes if p["kind"] == "floor"])
    built = shapely.union_all([area for _, p, area in shapes if p["kind"] not in ("floor", "rest_area")])
    # A corridor is what a walker's shoulders fit through.
    free = max(shapely.get_parts((outline - built).buffer(-0.5)), key=lambda part: part.area).buffer(0.5)
    stores = tuple(Store(key, p["name"], level, area) for key, p, area in shapes if p["kind"] == "store")
    return Plan(level, stores, free, outline)


def zones(rules: ZoneRules | None = None) -> list[PublishedZone]:
    """Each named store as a published zone of its floor."""
    return [_zone(store, rules or ZoneRules()) for plan in plans().values() for store in plan.stores]


def _zone(store: Store, rules: ZoneRules) -> PublishedZone:
    return PublishedZone(
        zone_id=derived_id(store.key), version=1, name=store.name, kind="store", mall_id=MALL_ID, store_id=None,  # type: ignore[arg-type]
        levels=frozenset({store.level}), geometry=FRAME.geometry_to_lonlat(store.area), center=None, radius_m=None,
        sensitivity="none", rules=rules, schedule=None, timezone="Asia/Shanghai",
        effective_from=datetime(2019, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def make_index(beacons: Iterable[Beacon] = (), rules: ZoneRules | None = None) -> ZoneIndex:
    """The matching index of all floors; `beacons` are on the map as well."""
    lifts = [FRAME.geometry_to_lonlat(shapely.Point(spot).buffer(1.5)) for spot in lift_spots()]
    outline = FRAME.geometry_to_lonlat(shapely.union_all([p.outline for p in plans().values()]))
    building = Building(MALL_ID, FRAME, tuple(plans()), outline, lifts)
    return ZoneIndex(1, zones(rules), [building], [_placed(b) for b in beacons])


def _placed(beacon: Beacon) -> PlacedEvidence:
    lon, lat = FRAME.to_lonlat(beacon.x, beacon.y)
    return PlacedEvidence(
        derived_id("beacon", str(beacon.major), str(beacon.minor)), EvidenceKind.BEACON,
        (beacon.uuid, beacon.major, beacon.minor), "", None, beacon.level, lon, lat, 8.0, RSSI_AT_1M,
    )  # fmt: skip


@cache
def lift_spots() -> tuple[tuple[float, float], ...]:
    """Far apart, and in the corridor of every floor."""
    everywhere = shapely.intersection_all([plan.corridor.buffer(-LIFT_CLEAR_M) for plan in plans().values()])
    spots = _grid(everywhere, 0.5)
    chosen = [spots[0]]
    while len(chosen) < LIFTS:
        gaps = np.min([np.hypot(*(spots - spot).T) for spot in chosen], axis=0)
        chosen.append(spots[int(np.argmax(gaps))])
    return tuple((float(x), float(y)) for x, y in chosen)


def _grid(area: BaseGeometry, step_m: float) -> np.ndarray:  # type: ignore[type-arg]
    west, south, east, north = area.bounds
    xs, ys = np.meshgrid(np.arange(west + step_m / 2, east, step_m), np.arange(south + step_m / 2, north, step_m))
    inside = shapely.intersects_xy(area, xs.ravel(), ys.ravel())
    return np.column_stack([xs.ravel(), ys.ravel()])[inside]


@cache
def beacons() -> tuple[Beacon, ...]:
    """One in each store, one every 10 m in larger ones, one every 12 m in the corridors."""
    found = []
    for level, plan in plans().items():
        spots = []
        for store in plan.stores:
            inside = _grid(store.area, BEACON_EVERY_M) if store.area.area > 2 * BEACON_EVERY_M**2 else []
            spots += list(inside) or [np.array(_middle(store.area))]
        spots += list(_grid(plan.corridor, CORRIDOR_BEACON_EVERY_M))
        found += [
            Beacon(UUID_TEXT, level + 1, minor, RSSI_AT_1M, level, float(x), float(y))
            for minor, (x, y) in enumerate(spots)
        ]
    return tuple(found)


def places_in(store: Store) -> np.ndarray:  # type: ignore[type-arg]
    """Some 150 places all over a store, more closely than 0.7 m never."""
    found = _grid(store.area, max(0.7, float(store.area.area / 150) ** 0.5))
    return found if len(found) else np.array([_middle(store.area)])


def _middle(area: BaseGeometry) -> tuple[float, float]:
    center = area.centroid if area.contains(area.centroid) else area.representative_point()
    return center.x, center.y


@cache
def venue(levels: tuple[int, ...]) -> Venue:
    """These floors as the simulator's shoppers walk them; they come in by a lift."""
    floors = {level: Floor(plans()[level].corridor, plans()[level].corridor) for level in levels}
    places = [_place(store) for level in levels for store in plans()[level].stores if _has_room(store)]
    spots = lift_spots()
    return Venue(
        frame=FRAME,
        timezone=ZoneInfo("Asia/Shanghai"),
        ordinals=tuple(plans()),
        floors=floors,
        places=tuple(place for place in places if place is not None),
        entrances=tuple(Entrance(levels[0], spot, spot, (0.0, 0.0)) for spot in spots),
        connectors=tuple(Connector("lift", frozenset(levels), spot, spot) for spot in spots),
    )


def _has_room(store: Store) -> bool:
    return bool(shapely.maximum_inscribed_circle(store.area, tolerance=0.2).length >= NARROWEST_M)


def _place(store: Store) -> Place | None:
    """The store with its door in the middle of its front; None when it has no front on the corridor."""
    front = shapely.line_merge(store.area.boundary & plans()[store.level].corridor.buffer(0.6))
    stretches = [part for part in shapely.get_parts(front) if part.length > 1]
    if not stretches:
        return None
    door = shapely.line_interpolate_point(max(stretches, key=lambda part: part.length), 0.5, normalized=True)
    key = str(derived_id(store.key))
    return Place(key, store.name, "store", store.level, store.area, (door.x, door.y), key, ())


def surveyed() -> dict[str, list[tuple[float, float, float, int]]]:
    """The surveyors' walks: (seconds, x, y, level) of each position, by walk."""
    found = defaultdict(list)
    with (DATA / "walks.csv").open() as lines:
        for row in csv.DictReader(lines):
            x, y = FRAME.to_metres(float(row["lon"]), float(row["lat"]))
            found[row["walk_id"]].append((int(row["t_ms"]) / 1000, x, y, ORDINALS[row["floor"]]))
    return {key: sorted(walk) for key, walk in found.items()}

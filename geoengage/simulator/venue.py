"""What a walk needs to know of a mall, read from the API's own GeoJSON. Pure.

Shapes are turned into metres of the mall frame once, here. Lifts, stairs and escalators on different levels belong
together when they lie above each other. A mall without entrances has nowhere to begin and is refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from math import dist
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import Frame
from geoengage.simulator.hearing import Beacon, read_beacons
from geoengage.simulator.route import Floor, NoWay, Point

OPEN = ("corridor", "entrance", "events_area", "parking")
VERTICAL = ("lift", "escalator", "stairs")
ABOVE_M = 3.0  # centres of one lift on two levels may be drawn this far apart
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Feature = Mapping[str, Any]


class Hours(NamedTuple):
    """Open on these days (`mon` …) from one local time to another of the same day."""

    days: frozenset[str]
    open: time
    close: time


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to stay for a while: a store, the events area, a lounge. `door` lies on the edge of `shape`.

    `key` is the external id, which the same place has in every database; without `hours` it is always open.
    """

    id: str
    name: str
    category: str
    level: int
    shape: BaseGeometry
    door: Point
    key: str
    hours: tuple[Hours, ...]

    def is_open(self, local: datetime) -> bool:
        """Whether it is open at a local time of the mall."""
        day, at = DAYS[local.weekday()], local.time()
        return not self.hours or any(day in h.days and h.open <= at < h.close for h in self.hours)


@dataclass(frozen=True, slots=True)
class Entrance:
    """`outward` is the unit vector that leaves the building, from the outer edge at `edge`."""

    level: int
    inside: Point
    edge: Point
    outward: Point


@dataclass(frozen=True, slots=True)
class Connector:
    """A lift, a staircase or an escalator: one goes up from `foot` to `head`, the same point unless an escalator."""

    category: str
    levels: frozenset[int]
    foot: Point
    head: Point


@dataclass(frozen=True, slots=True)
class Venue:
    frame: Frame
    timezone: ZoneInfo
    ordinals: tuple[int, ...]
    floors: Mapping[int, Floor]
    places: tuple[Place, ...]
    entrances: tuple[Entrance, ...]
    connectors: tuple[Connector, ...]
    beacons: tuple[Beacon, ...] = ()


def read_venue(
    mall: Mapping[str, Any],
    levels: Iterable[Feature],
    units: Iterable[Feature],
    stores: Iterable[Feature],
    points: Iterable[Feature] = (),
) -> Venue:
    """Builds the venue from the API's mall and features; stores without a footprint are left out."""
    lon, lat = mall["origin"]
    frame = Frame(lon, lat, mall["bearing_deg"])
    outlines = {f["properties"]["ordinal"]: _shape(frame, f) for f in levels}
    unit_shapes = [(f, _shape(frame, f)) for f in units]
    open_floors = {level: _union(unit_shapes, level, OPEN) for level in outlines}
    floors = {
        level: Floor(area, area | _union(unit_shapes, level, VERTICAL))
        for level, area in open_floors.items()
        if not area.is_empty
    }
    entrances = tuple(
        _entrance(f["properties"]["level"], area, outlines[f["properties"]["level"]])
        for f, area in unit_shapes
        if f["properties"]["category"] == "entrance" and f["properties"]["level"] in floors
    )
    if not entrances:
        raise NoWay(f"mall {mall['name']!r} has no unit of category entrance: nobody can come in")
    store_shapes = [(f, _shape(frame, f)) for f in stores if f["geometry"]["type"] == "Polygon"]
    stays = [(f, area) for f, area in unit_shapes if f["properties"]["category"] in ("events_area", "other")]
    places = [_place(f, area, open_floors) for f, area in (*store_shapes, *stays)]
    reachable = tuple(place for place in places if place.level in floors)
    clock = ZoneInfo(mall["timezone"])
    return Venue(
        frame=frame,
        timezone=clock,
        ordinals=tuple(sorted(outlines)),
        floors=floors,
        places=reachable,
        entrances=entrances,
        connectors=tuple(_connectors(unit_shapes)),
        beacons=read_beacons(frame, points),
    )


def _shape(frame: Frame, feature: Feature) -> BaseGeometry:
    return frame.geometry_to_metres(shape(feature["geometry"]))


def _union(units: list[tuple[Feature, BaseGeometry]], level: int, categories: tuple[str, ...]) -> BaseGeometry:
    wanted = [g for f, g in units if f["properties"]["level"] == level]
    named = [f["properties"]["category"] for f, _ in units if f["properties"]["level"] == level]
    return shapely.union_all([g for g, category in zip(wanted, named, strict=True) if category in categories])


def _place(feature: Feature, area: BaseGeometry, open_floors: Mapping[int, BaseGeometry]) -> Place:
    properties = feature["properties"]
    level = properties["level"]
    number = str(feature.get("id") or properties["external_id"])
    door = _door(area, open_floors[level])
    key = str(properties.get("external_id") or number)
    hours = tuple(_hours(span) for span in properties.get("opening_hours", ()))
    return Place(number, properties["name"], properties["category"] or "other", level, area, door, key, hours)


def _hours(span: Mapping[str, Any]) -> Hours:
    close = time.max if span["close"] == "24:00" else time.fromisoformat(span["close"])
    return Hours(frozenset(span["days"]), time.fromisoformat(span["open"]), close)


def _door(area: BaseGeometry, corridor: BaseGeometry) -> Point:
    """The middle of the longest stretch of the shape's edge along the corridor, else its closest point."""
    edge = shapely.line_merge(shapely.boundary(area) & corridor.buffer(0.6))
    stretches = [part for part in shapely.get_parts(edge) if part.length > 1]
    if stretches:
        front = max(stretches, key=lambda part: part.length)
        return _xy(shapely.line_interpolate_point(front, 0.5, normalized=True))
    return _xy(shapely.get_point(shapely.shortest_line(area, corridor), 0))


def _entrance(level: int, area: BaseGeometry, outline: BaseGeometry) -> Entrance:
    inside = _xy(area.centroid)
    edge = _xy(shapely.get_point(shapely.shortest_line(shapely.boundary(outline), area.centroid), 0))
    far = dist(inside, edge) or 1.0
    return Entrance(level, inside, edge, ((edge[0] - inside[0]) / far, (edge[1] - inside[1]) / far))


def _connectors(units: list[tuple[Feature, BaseGeometry]]) -> Iterable[Connector]:
    stacks: list[tuple[str, BaseGeometry, set[int]]] = []
    for feature, area in units:
        category, level = feature["properties"]["category"], feature["properties"]["level"]
        if category not in VERTICAL:
            continue
        for known, below, levels in stacks:
            if known == category and below.centroid.distance(area.centroid) < ABOVE_M:
                levels.add(level)
                break
        else:
            stacks.append((category, area, {level}))
    for category, area, levels in stacks:
        if len(levels) > 1:
            yield Connector(category, frozenset(levels), *_landings(category, area))


def _landings(category: str, area: BaseGeometry) -> tuple[Point, Point]:
    """Where one steps on and off: an escalator's two short sides, otherwise the middle twice."""
    if category != "escalator":
        return _xy(area.centroid), _xy(area.centroid)
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(area))[:4]
    if dist(corners[0], corners[1]) > dist(corners[1], corners[2]):
        corners = corners[[1, 2, 3, 0]]
    foot, head = corners[:2].mean(axis=0), corners[2:].mean(axis=0)
    return (float(foot[0]), float(foot[1])), (float(head[0]), float(head[1]))


def _xy(point: BaseGeometry) -> Point:
    return float(shapely.get_x(point)), float(shapely.get_y(point))

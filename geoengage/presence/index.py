"""The published zones and evidence points of one tenant in memory, for matching pings (DESIGN section 3); no SQL.

STRtrees over the boxes of all zones find candidates. They hold the boxes already widened by a few usual distances, so
that they are asked with points: making a box for every ping would cost as much as the query. Distances are computed for
all pairs at once, in metres of each zone's own frame (its mall's origin, outdoors its own centre); next to a boundary
GEOS is asked in lon/lat on which side a point lies, where it answers like PostGIS. An index is immutable: a change of
zones makes a new one (`epoch` says of what). PostGIS stays the truth; a property test compares the two. It may be built
in any thread; then it is for one thread only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import METRES_PER_DEG, Floats, Frame
from geoengage.presence.edges import SIMPLE, Edges, Ints
from geoengage.presence.rules.known import KnownPoints
from geoengage.presence.versions import Versions
from geoengage.venues.rules import PlacedEvidence, PublishedZone

NEAR_CONNECTOR_M = 5.0
UNSURE_M = 0.001  # nearer to a boundary than this, rounding could say the wrong side
WIDENED_M = (16.0, 48.0)  # of the trees; farther reaches are asked with boxes


@dataclass(frozen=True, slots=True)
class Building:
    """A mall as presence sees it: its frame, its floors, where one can change between them (lon/lat geometry)."""

    mall_id: UUID
    frame: Frame
    levels: tuple[int, ...]
    outline: BaseGeometry | None
    connectors: Sequence[BaseGeometry]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Zones near points: parallel arrays of point number, zone number and signed distance in metres, in that order."""

    point: Ints
    zone: Ints
    s: Floats


@dataclass(frozen=True, slots=True)
class Ways:
    """What the floors' belief needs per point: outside every building, near a lift or stairs."""

    outdoors: NDArray[np.bool_]
    at_connector: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle around a zone, for phones that can monitor nothing else. lon, lat degrees."""

    zone_id: UUID
    name: str
    lon: float
    lat: float
    radius_m: float


SMALLEST_CIRCLE_M = 100.0  # phones cannot tell smaller ones (Android's guide: 100–150 m)


class ZoneIndex:
    """Zones, buildings and evidence points of one tenant at one epoch.

    `zones` may hold several versions of one zone; `number` and `by_id` name the newest of each. Sensitive zones are
    left out: nobody's state may hold them.
    """

    def __init__(
        self,
        epoch: int,
        zones: Sequence[PublishedZone],
        buildings: Sequence[Building],
        points: Sequence[PlacedEvidence] = (),
    ) -> None:
        self.epoch = epoch
        self.points = KnownPoints(points)
        self.zones = [z for z in zones if z.sensitivity == "none"]
        self.versions = Versions(self.zones)
        self.number: Mapping[UUID, int] = self.versions.newest
        self.by_id: Mapping[UUID, PublishedZone] = {id_: self.zones[n] for id_, n in self.number.items()}
        self.buildings = {b.mall_id: b for b in buildings}
        self.counts_crossings = any(z.rules.crossing for z in self.zones)
        self.largest_tolerance_m = max((z.rules.exit_tolerance_m for z in self.zones), default=0.0)
        self._lonlat = np.array([z.geometry for z in self.zones], dtype=object)
        self._boxes = shapely.bounds(self._lonlat)
        self._tree = shapely.STRtree(self._lonlat)
        self._widened = [(metres, self._widened_tree(metres)) for metres in WIDENED_M]
        self._lon0, self._lat0 = self._origins()
        self._scale = np.cos(np.radians(self._lat0)) * METRES_PER_DEG
        self._edges = Edges(self._lonlat, self._to_metres)
        shapely.prepare(self._lonlat[self._edges.count > SIMPLE])

    def _widened_tree(self, metres: float) -> shapely.STRtree:
        west, south, east, north = self._boxes.reshape(-1, 4).T
        dlat = metres / METRES_PER_DEG
        dlon = dlat / np.maximum(np.cos(np.radians(np.maximum(np.abs(south), np.abs(north)) + dlat)), 0.01)
        # A diagonal has the same bounds as its box, and half the size.
        ends = np.stack((west - dlon, south - dlat, east + dlon, north + dlat), axis=1).reshape(-1, 2, 2)
        return shapely.STRtree(shapely.linestrings(ends))

    def _origins(self) -> tuple[Floats, Floats]:
        """lon, lat of the origin of each zone's frame."""
        boxes = self._boxes.reshape(-1, 4)
        lon, lat = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        for number, zone in enumerate(self.zones):
            if zone.mall_id in self.buildings:
                frame = self.buildings[zone.mall_id].frame
                lon[number], lat[number] = frame.lon, frame.lat
        return lon, lat

    def _polygon(self, zone: int) -> BaseGeometry:
        """A zone in metres of its frame."""
        return shapely.transform(self._lonlat[zone], lambda c: np.column_stack(self._to_metres(zone, c[:, 0], c[:, 1])))

    def _to_metres(self, zone: Any, lon: Any, lat: Any) -> tuple[Any, Any]:
        """x, y metres of lon, lat in the frames of zones; numbers or arrays."""
        return (lon - self._lon0[zone]) * self._scale[zone], (lat - self._lat0[zone]) * METRES_PER_DEG

    def __len__(self) -> int:
        return len(self.zones)

    def near(self, lon: Floats, lat: Floats, reach_m: Floats) -> Pairs:
        """All pairs of point and zone whose boundary lies within `reach_m` of the point, or that hold the point.

        A point on the boundary belongs to the zone (s = 0), like PostGIS `ST_Covers`.
        """
        if not self.zones or not len(lon):
            empty = np.empty(0, dtype=np.int64)
            return Pairs(empty, empty, np.empty(0))
        point, zone = self._candidates(lon, lat, reach_m)
        s = self._signed_distance(zone, lon[point], lat[point])
        keep = s <= reach_m[point]
        point, zone, s = point[keep], zone[keep], s[keep]
        order = np.lexsort((zone, point))  # the order in a tree says nothing, and must not decide anything
        return Pairs(point[order], zone[order], s[order])

    def _candidates(self, lon: Floats, lat: Floats, reach_m: Floats) -> tuple[Ints, Ints]:
        """Points and zones whose boxes are within reach; some are not quite."""
        found = []
        nearer = 0.0
        for metres, tree in self._widened:
            some = np.flatnonzero((reach_m > nearer) & (reach_m <= metres) if nearer else reach_m <= metres)
            nearer = metres
            if len(some):
                point, zone = tree.query(shapely.points(lon[some], lat[some]))
                found.append((some[point], zone))
        far = np.flatnonzero(reach_m > nearer)
        if len(far):
            dlat = reach_m[far] / METRES_PER_DEG
            dlon = dlat / np.maximum(np.cos(np.radians(lat[far])), 0.01)
            x, y = lon[far], lat[far]
            point, zone = self._tree.query(shapely.box(x - dlon, y - dlat, x + dlon, y + dlat))
            found.append((far[point], zone))
        points, zones = zip(*found, strict=True)
        return np.concatenate(points), np.concatenate(zones)

    def _signed_distance(self, zone: Ints, lon: Floats, lat: Floats) -> Floats:
        """Metres from each point to the boundary of its zone, negative inside; by the boundary GEOS says which side."""
        s = np.empty(len(zone))
        simple = self._edges.count[zone] <= SIMPLE
        few = np.flatnonzero(simple)
        s[few] = self._edges.signed_distance(zone[few], *self._to_metres(zone[few], lon[few], lat[few]))
        for n in np.flatnonzero(~simple):
            spot = shapely.Point(self._to_metres(zone[n], lon[n], lat[n]))
            s[n] = shapely.distance(shapely.boundary(self._polygon(zone[n])), spot)
        unsure = np.flatnonzero(~simple | (np.abs(s) < UNSURE_M))
        inside = shapely.intersects_xy(self._lonlat[zone[unsure]], lon[unsure], lat[unsure])
        s[unsure] = np.where(inside, -np.abs(s[unsure]), np.abs(s[unsure]))
        return s

    def shares(self, zone: Ints, lon: Floats, lat: Floats, accuracy_m: Floats, s: Floats) -> Floats:
        """Share 0–1 of each accuracy disc inside its zone; exact, computed only where the boundary cuts the disc."""
        share = np.where(s <= -accuracy_m, 1.0, 0.0)
        cut = np.flatnonzero(np.abs(s) < accuracy_m)
        x, y = self._to_metres(zone[cut], lon[cut], lat[cut])
        share[cut] = self._edges.disc_share(zone[cut], x, y, accuracy_m[cut])
        return share

    def share(self, zone: int, lon: float, lat: float, accuracy_m: float, s: float) -> float:
        """The same for one."""
        given = (np.array([n]) for n in (zone, lon, lat, accuracy_m, s))
        return float(self.shares(*given)[0])

    def signed_distance_m(self, zone: int, lon: float, lat: float) -> float:
        """Metres from a position to a zone's boundary, negative inside; however far away."""
        return float(self._signed_distance(np.array([zone]), np.array([lon]), np.array([lat]))[0])

    def crossing(self, zone: int, a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float] | None:
        """Fractions 0–1 of the straight line from a to b (lon, lat) at which it enters and leaves a zone, else None."""
        ends = [self._to_metres(zone, *p) for p in (a, b)]
        line = shapely.LineString(ends)
        cut = shapely.intersection(self._polygon(zone), line)
        if cut.is_empty or line.length == 0 or cut.length == 0:
            return None
        along = [shapely.line_locate_point(line, shapely.Point(c)) / line.length for c in shapely.get_coordinates(cut)]
        return min(along), max(along)

    def crossing_zones(self, a: tuple[float, float], b: tuple[float, float]) -> list[int]:
        """Numbers of the zones that want crossings counted and whose box meets the box of the line from a to b."""
        found = self._tree.query(shapely.LineString([a, b]))
        return [int(i) for i in found if self.zones[i].rules.crossing]

    def ways(self, lon: Floats, lat: Floats) -> Ways:
        """For each point: is it outside every building, is it near a way between floors?"""
        spots = shapely.points(lon, lat)
        outdoors = np.ones(len(lon), dtype=bool)
        at_connector = np.zeros(len(lon), dtype=bool)
        for building in self.buildings.values():
            if building.outline is not None:
                outdoors &= ~shapely.intersects(building.outline, spots)
            for connector in building.connectors:
                # degrees are good enough here: this only decides how fast a belief fades
                at_connector |= shapely.dwithin(connector, spots, NEAR_CONNECTOR_M / METRES_PER_DEG)
        return Ways(outdoors, at_connector)

    def floors(self, zone: PublishedZone) -> tuple[int, ...]:
        """All floors of the zone's building; empty outdoors."""
        building: Any = self.buildings.get(zone.mall_id) if zone.mall_id else None
        return building.levels if building else ()

    def nearest_circles(self, lon: float, lat: float, limit: int) -> list[tuple[Circle, float]]:
        """The nearest zones as circles that hold them, each with the metres from the position to the zone's box."""
        if not self.zones:
            return []
        boxes = self._boxes
        dx = np.maximum(0, np.maximum(boxes[:, 0] - lon, lon - boxes[:, 2])) * np.cos(np.radians(lat))
        dy = np.maximum(0, np.maximum(boxes[:, 1] - lat, lat - boxes[:, 3]))
        metres = np.hypot(dx, dy) * METRES_PER_DEG
        metres[[z.effective_to is not None for z in self.zones]] = np.inf
        nearest = np.argsort(metres, kind="stable")[:limit]
        return [(self.circle(int(n)), float(metres[n])) for n in nearest if np.isfinite(metres[n])]

    def circle_share(self, number: int) -> float:
        """Share 0–1 of a zone's circle that the zone itself fills."""
        return min(1.0, float(self._polygon(number).area / (np.pi * self.circle(number).radius_m ** 2)))

    def circle(self, number: int) -> Circle:
        """The circle that phones are given for a zone, everywhere."""
        zone, polygon = self.zones[number], self._polygon(number)
        center = shapely.minimum_bounding_circle(polygon).centroid
        lon = self._lon0[number] + center.x / self._scale[number]
        lat = self._lat0[number] + center.y / METRES_PER_DEG
        radius = max(SMALLEST_CIRCLE_M, float(shapely.minimum_bounding_radius(polygon)))
        return Circle(zone.zone_id, zone.name, float(lon), float(lat), radius)

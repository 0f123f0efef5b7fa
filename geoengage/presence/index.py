"""The published zones and evidence points of one tenant in memory, for matching pings (DESIGN section 3); no SQL.

One STRtree over all zones finds candidates by bounding box. Whether one holds the point is asked in lon/lat, where GEOS
answers like PostGIS down to the boundary; distances are computed for all pairs at once, in metres of each zone's own
frame (its mall's origin, outdoors its own centre). An index is immutable: a change of zones makes a new one (`epoch`
says of what). PostGIS stays the truth; a property test compares the two. For one thread only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import METRES_PER_DEG, Floats, Frame, disc_share
from geoengage.presence.rules.evidence import KnownPoints
from geoengage.presence.versions import Versions
from geoengage.venues.rules import PlacedEvidence, PublishedZone

Ints = NDArray[np.int64]
NEAR_CONNECTOR_M = 5.0


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
    """Zones near points: parallel arrays of point number, zone number and signed distance in metres."""

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
        self._frames = [self._frame(z) for z in self.zones]
        local = [f.geometry_to_metres(z.geometry) for f, z in zip(self._frames, self.zones, strict=True)]
        self._polygons = np.array(local, dtype=object)
        self._boundaries = shapely.boundary(self._polygons)
        self._lonlat = np.array([z.geometry for z in self.zones], dtype=object)
        for geometries in (self._polygons, self._boundaries, self._lonlat):
            shapely.prepare(geometries)
        self._tree = shapely.STRtree(self._lonlat)
        self._lon0 = np.array([f.lon for f in self._frames])
        self._lat0 = np.array([f.lat for f in self._frames])
        self._cos = np.cos(np.radians(self._lat0)) * METRES_PER_DEG

    def _frame(self, zone: PublishedZone) -> Frame:
        if zone.mall_id in self.buildings:
            frame = self.buildings[zone.mall_id].frame
            return Frame(frame.lon, frame.lat)
        west, south, east, north = zone.geometry.bounds
        return Frame((west + east) / 2, (south + north) / 2)

    def __len__(self) -> int:
        return len(self.zones)

    def near(self, lon: Floats, lat: Floats, reach_m: Floats) -> Pairs:
        """All pairs of point and zone whose boundary lies within `reach_m` of the point, or that hold the point.

        A point on the boundary belongs to the zone (s = 0), like PostGIS `ST_Covers`.
        """
        if not self.zones or not len(lon):
            empty = np.empty(0, dtype=np.int64)
            return Pairs(empty, empty, np.empty(0))
        dlat = reach_m / METRES_PER_DEG
        dlon = dlat / np.maximum(np.cos(np.radians(lat)), 0.01)
        boxes = shapely.box(lon - dlon, lat - dlat, lon + dlon, lat + dlat)
        point, zone = self._tree.query(boxes)
        x = (lon[point] - self._lon0[zone]) * self._cos[zone]
        y = (lat[point] - self._lat0[zone]) * METRES_PER_DEG
        inside = shapely.intersects_xy(self._lonlat[zone], lon[point], lat[point])
        distance = shapely.distance(self._boundaries[zone], shapely.points(x, y))
        s = np.where(inside, -distance, distance)
        keep = s <= reach_m[point]
        return Pairs(point[keep], zone[keep], s[keep])

    def share(self, zone: int, lon: float, lat: float, accuracy_m: float, s: float) -> float:
        """Share 0–1 of the accuracy disc inside a zone; exact, and only computed where the boundary cuts the disc."""
        if s <= -accuracy_m:
            return 1.0
        if s >= accuracy_m:
            return 0.0
        x, y = self._frames[zone].to_metres(lon, lat)
        return disc_share(self._polygons[zone], x, y, accuracy_m)

    def signed_distance_m(self, zone: int, lon: float, lat: float) -> float:
        """Metres from a position to a zone's boundary, negative inside; however far away."""
        metres = float(shapely.distance(self._boundaries[zone], shapely.Point(self._frames[zone].to_metres(lon, lat))))
        return -metres if shapely.intersects_xy(self._lonlat[zone], lon, lat) else metres

    def crossing(self, zone: int, a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float] | None:
        """Fractions 0–1 of the straight line from a to b (lon, lat) at which it enters and leaves a zone, else None."""
        ends = [self._frames[zone].to_metres(*p) for p in (a, b)]
        line = shapely.LineString(ends)
        cut = shapely.intersection(self._polygons[zone], line)
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
        boxes = shapely.bounds(self._lonlat)
        dx = np.maximum(0, np.maximum(boxes[:, 0] - lon, lon - boxes[:, 2])) * np.cos(np.radians(lat))
        dy = np.maximum(0, np.maximum(boxes[:, 1] - lat, lat - boxes[:, 3]))
        metres = np.hypot(dx, dy) * METRES_PER_DEG
        metres[[z.effective_to is not None for z in self.zones]] = np.inf
        nearest = np.argsort(metres, kind="stable")[:limit]
        return [(self.circle(int(n)), float(metres[n])) for n in nearest if np.isfinite(metres[n])]

    def circle_share(self, number: int) -> float:
        """Share 0–1 of a zone's circle that the zone itself fills."""
        return min(1.0, float(self._polygons[number].area / (np.pi * self.circle(number).radius_m ** 2)))

    def circle(self, number: int) -> Circle:
        """The circle that phones are given for a zone, everywhere."""
        zone, polygon = self.zones[number], self._polygons[number]
        center = shapely.minimum_bounding_circle(polygon).centroid
        lon, lat = self._frames[number].to_lonlat(center.x, center.y)
        radius = max(SMALLEST_CIRCLE_M, float(shapely.minimum_bounding_radius(polygon)))
        return Circle(zone.zone_id, zone.name, float(lon), float(lat), radius)

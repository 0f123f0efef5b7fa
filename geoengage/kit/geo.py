"""Geometry on a local plane. Pure: numpy and shapely only, no SQL.

Outside this module coordinates are lon, lat degrees (WGS 84, SRID 4326); inside a `Frame` they are metres.
The same constants are used by the console (web/src/geo.js); the round trip is exact to well under a millimetre.
"""

from dataclasses import dataclass
from math import cos, radians, sin
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

SRID = 4326
METRES_PER_DEG = 111319.49079327358  # 2·pi·6378137 / 360: WGS 84 equatorial radius, one degree of arc

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frame:
    """A similarity between lon/lat and metres around an origin, optionally turned to a building's own axis.

    `bearing_deg` is the clockwise angle from true north to the frame's +y axis. Equirectangular: within 3 km of the
    origin the scale error stays under 0.1 % up to latitude 60.
    """

    lon: float
    lat: float
    bearing_deg: float = 0.0

    def to_metres(self, lon: Any, lat: Any) -> tuple[Any, Any]:
        """x, y metres of lon, lat degrees (numbers or arrays)."""
        e = (lon - self.lon) * (METRES_PER_DEG * cos(radians(self.lat)))
        n = (lat - self.lat) * METRES_PER_DEG
        b = radians(self.bearing_deg)
        return e * cos(b) - n * sin(b), e * sin(b) + n * cos(b)

    def to_lonlat(self, x: Any, y: Any) -> tuple[Any, Any]:
        """lon, lat degrees of x, y metres (numbers or arrays)."""
        b = radians(self.bearing_deg)
        e, n = x * cos(b) + y * sin(b), -x * sin(b) + y * cos(b)
        return self.lon + e / (METRES_PER_DEG * cos(radians(self.lat))), self.lat + n / METRES_PER_DEG

    def geometry_to_metres(self, geometry: BaseGeometry) -> BaseGeometry:
        """A lon/lat geometry in metres of this frame."""
        return shapely.transform(geometry, lambda c: np.column_stack(self.to_metres(c[:, 0], c[:, 1])))

    def geometry_to_lonlat(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry in metres of this frame as lon/lat."""
        return shapely.transform(geometry, lambda c: np.column_stack(self.to_lonlat(c[:, 0], c[:, 1])))


def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Metres between two positions, on the plane at their mean latitude; meant for distances below ~100 km."""
    dx = (lon2 - lon1) * METRES_PER_DEG * cos(radians((lat1 + lat2) / 2))
    dy = (lat2 - lat1) * METRES_PER_DEG
    return float((dx * dx + dy * dy) ** 0.5)


def circle(frame: Frame, lon: float, lat: float, radius_m: float, corners: int = 64) -> BaseGeometry:
    """The lon/lat polygon of a true circle, drawn with `corners` corners of equal area (so radius is scaled up)."""
    step = 2 * np.pi / corners
    # A regular n-gon with the circle's area: neither in- nor circumscribed, so confidence is unbiased.
    scaled = radius_m * float(np.sqrt(step / np.sin(step)))
    cx, cy = frame.to_metres(lon, lat)
    angles = np.arange(corners) * step
    ring = np.column_stack(frame.to_lonlat(cx + scaled * np.cos(angles), cy + scaled * np.sin(angles)))
    return shapely.Polygon(ring)


def signed_distance(polygon: BaseGeometry, x: Floats, y: Floats) -> Floats:
    """Metres from each point to the polygon's boundary, negative inside; a point on the boundary has 0."""
    points = shapely.points(x, y)
    distance = shapely.distance(shapely.boundary(polygon), points)
    inside = shapely.intersects_xy(polygon, x, y)
    return np.asarray(np.where(inside, -distance, distance))


def disc_share(polygon: BaseGeometry, x: float, y: float, radius: float) -> float:
    """Share (0–1) of the disc around (x, y) that lies inside the polygon, exact up to rounding.

    The area of circle ∩ polygon is a sum over the directed edges of the rings (outer rings counter-clockwise, holes
    clockwise); each edge adds triangles where it runs inside the circle and sectors where it runs outside.
    """
    total = 0.0
    for part in shapely.get_parts(polygon):
        oriented = shapely.orient_polygons(part)
        for ring in (oriented.exterior, *oriented.interiors):
            corners = shapely.get_coordinates(ring) - (x, y)
            d = np.diff(corners, axis=0)
            moving = (d != 0).any(axis=1)
            total += float(overlap_parts(corners[:-1][moving], d[moving], np.full(moving.sum(), radius)).sum())
    return min(1.0, max(0.0, total / (np.pi * radius * radius)))


def overlap_parts(p: Floats, d: Floats, r: Floats) -> Floats:
    """What each directed edge from p along d adds to the area of polygon ∩ circle of radius r around the origin."""
    q = p + d
    a = (d * d).sum(axis=1)
    b = (p * d).sum(axis=1)
    root = np.sqrt(np.maximum(b * b - a * ((p * p).sum(axis=1) - r * r), 0.0))
    t1 = np.clip((-b - root) / a, 0.0, 1.0)[:, None]
    t2 = np.clip((-b + root) / a, 0.0, 1.0)[:, None]
    # An end that lies inside is taken as it is: next to the centre a rounding error would be an angle.
    m1, m2 = p + d * t1, np.where(t2 >= 1.0, q, p + d * t2)
    # p…m1 outside the circle (sector), m1…m2 inside (triangle), m2…q outside (sector)
    return np.asarray(_sector(p, m1, r) + _cross(m1, m2) / 2 + _sector(m2, q, r))


def _cross(u: Floats, v: Floats) -> Floats:
    return np.asarray(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])


def _sector(u: Floats, v: Floats, r: Floats) -> Floats:
    return np.asarray(np.arctan2(_cross(u, v), (u * v).sum(axis=1)) * (r * r / 2))

"""The edges of many polygons in flat arrays, to measure many pairs of point and polygon at once. Pure numpy, metres.

For shapes of few corners this is faster than asking GEOS one pair after the other, and it takes a third of the memory;
large ones (`SIMPLE`) are left to GEOS, which has an index within a polygon.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geoengage.kit.geo import Floats, overlap_parts

Ints = NDArray[np.int64]
SIMPLE = 256  # edges of the largest polygon that is measured here


class Edges:
    """Directed edges of polygons by number: outer rings counter-clockwise, holes clockwise.

    `to_metres` turns (polygon numbers, lon, lat) into x, y.
    """

    def __init__(self, polygons: NDArray[np.object_], to_metres: Callable[[Ints, Floats, Floats], Any]) -> None:
        parts, polygon_of = shapely.get_parts(polygons, return_index=True)
        rings, part_of = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
        corners, ring_of = shapely.get_coordinates(rings, return_index=True)
        polygon = polygon_of[part_of[ring_of]]
        x, y = to_metres(polygon, corners[:, 0], corners[:, 1])
        is_edge = np.flatnonzero((ring_of[:-1] == ring_of[1:]) & ((x[:-1] != x[1:]) | (y[:-1] != y[1:])))
        self.count = np.bincount(polygon[is_edge], minlength=len(polygons))
        self._first = np.cumsum(self.count) - self.count
        # one row an edge, so that a polygon's edges lie together: start, direction
        self._edges = np.column_stack((x[is_edge], y[is_edge], np.diff(x)[is_edge], np.diff(y)[is_edge]))

    def _of(self, polygon: Ints) -> tuple[Floats, Ints, Ints]:
        """The edges of polygons one after the other; for each the place of its polygon; where each polygon begins."""
        count = self.count[polygon]
        begins = np.cumsum(count) - count
        place = np.repeat(np.arange(len(polygon)), count)
        return self._edges[np.arange(len(place)) + (self._first[polygon] - begins)[place]].T, place, begins

    def signed_distance(self, polygon: Ints, x: Floats, y: Floats) -> Floats:
        """Metres from each point to the boundary of its polygon, negative inside; the side right but for rounding."""
        if not len(polygon):
            return np.empty(0)
        (ax, ay, dx, dy), place, begins = self._of(polygon)
        px, py = x[place] - ax, y[place] - ay
        along = np.clip((px * dx + py * dy) / (dx * dx + dy * dy), 0.0, 1.0)
        ex, ey = px - along * dx, py - along * dy
        distance = np.sqrt(np.minimum.reduceat(ex * ex + ey * ey, begins))
        # A ray to the east: an odd number of edges cut it from inside.
        cut = ((py >= 0) != (py >= dy)) & ((dx * py - dy * px > 0) == (dy > 0))
        return np.asarray(np.where(np.logical_xor.reduceat(cut, begins), -distance, distance))

    def disc_share(self, polygon: Ints, x: Floats, y: Floats, radius: Floats) -> Floats:
        """Share 0–1 of the disc around each point that lies inside its polygon, exact up to rounding (`kit/geo.py`)."""
        if not len(polygon):
            return np.empty(0)
        (ax, ay, dx, dy), place, begins = self._of(polygon)
        p = np.column_stack((ax - x[place], ay - y[place]))
        parts = overlap_parts(p, np.column_stack((dx, dy)), radius[place])
        return np.clip(np.add.reduceat(parts, begins) / (np.pi * radius * radius), 0.0, 1.0)

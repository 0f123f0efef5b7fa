"""Measures of a zone's shape: its widest place, the best place to stand in it, thin parts, where it crosses itself.

In metres on a local plane, but for `self_crossings` and `position_at`, which read GeoJSON as it came.
"""

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from math import hypot
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import disc_share

TOLERANCE_M = 0.05  # how exactly the widest place is found
GRID = 7  # candidates a side for the best place to stand
THIN_M = 1.0
THIN_AREA_M2 = 1.0  # a sharp corner alone leaves less
MOST_CROSSINGS = 50
EDGES_AT_ONCE = 16  # in a tangle each meets all others: stop soon


def widest(area: BaseGeometry) -> tuple[float, float, float]:
    """x, y and radius of the largest circle that fits into any part."""
    best = (0.0, 0.0, -1.0)
    for part in shapely.get_parts(area):
        radius = shapely.maximum_inscribed_circle(part, tolerance=TOLERANCE_M)
        (x, y), (x1, y1) = shapely.get_coordinates(radius)
        best = max(best, (float(x), float(y), hypot(x1 - x, y1 - y)), key=lambda circle: circle[2])
    return best


def best_share(area: BaseGeometry, accuracy_m: float) -> tuple[float, tuple[float, float]]:
    """The largest share of an accuracy disc that lies inside from any of some likely places, and that place.

    Places tried: the middle of the largest circle inside, the centroid, a point of each part, and a grid.
    """
    x, y, radius = widest(area)
    if radius >= accuracy_m:
        return 1.0, (x, y)
    west, south, east, north = area.bounds
    grid = [(gx, gy) for gx in np.linspace(west, east, GRID) for gy in np.linspace(south, north, GRID)]
    points = [area.centroid, *(shapely.point_on_surface(part) for part in shapely.get_parts(area)[:20])]
    places = [(x, y), *((p.x, p.y) for p in points), *grid]
    shares = [disc_share(area, px, py, accuracy_m) for px, py in places]
    best = int(np.argmax(shares))
    return float(shares[best]), (float(places[best][0]), float(places[best][1]))


def thin_parts(area: BaseGeometry) -> BaseGeometry | None:
    """What of an area is narrower than a metre, None when nothing worth a word is."""
    opened = shapely.buffer(shapely.buffer(area, -THIN_M / 2), THIN_M / 2 + 0.01)
    left = [part for part in shapely.get_parts(shapely.difference(area, opened)) if part.area > THIN_AREA_M2]
    if opened.is_empty:
        return area
    return shapely.union_all(left) if left else None


def self_crossings(geometry: dict[str, Any]) -> list[tuple[float, float]]:
    """The places where the rings of a GeoJSON area cross or touch themselves; what is no ring is passed over.

    The first 50 of them: whoever draws a tangle has more than anybody wants to hear of.
    """
    found = (place for ring in _rings(geometry.get("coordinates")) for place in _crossings(ring))
    return list(dict.fromkeys(islice(found, MOST_CROSSINGS)))


def _crossings(ring: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    edges = shapely.linestrings([[a, b] for a, b in pairwise(ring) if a != b])
    tree, last = shapely.STRtree(edges), len(edges) - 1
    for start in range(0, len(edges), EDGES_AT_ONCE):
        first, second = tree.query(edges[start : start + EDGES_AT_ONCE], predicate="intersects")
        for i, j in zip(first + start, second, strict=True):
            if j - i > 1 and not (i == 0 and j == last):
                met = shapely.intersection(edges[i], edges[j])
                x, y = shapely.get_coordinates(met)[0]
                yield round(float(x), 9), round(float(y), 9)


def _rings(value: Any) -> Iterator[list[tuple[float, float]]]:
    if not isinstance(value, list | tuple) or not value:
        return
    ring = [p for item in value if (p := _position(item)) is not None]
    if len(ring) == len(value):
        if len(ring) > 3:
            yield ring
        return
    for item in value:
        yield from _rings(item)


def _position(item: Any) -> tuple[float, float] | None:
    if not isinstance(item, list | tuple) or len(item) < 2:
        return None
    lon, lat = item[:2]
    if not all(isinstance(n, int | float) and not isinstance(n, bool) and abs(n) <= 180 for n in (lon, lat)):
        return None
    return float(lon), float(lat)


def position_at(geometry: dict[str, Any], path: Sequence[str | int]) -> tuple[float, float] | None:
    """The position that a flaw's path leads to, or the first one below it; None when there is none."""
    value: Any = geometry
    for step in path:
        if (found := _position(value)) is not None:
            return found
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
    while isinstance(value, list | tuple) and value:
        if (found := _position(value)) is not None:
            return found
        value = value[0]
    return None

"""A shape made wider or narrower by so many metres, for the editor. Pure."""

from enum import StrEnum

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import Frame
from geoengage.venues.rules.geometry import DECIMALS, MAX_CORNERS, MIN_AREA_M2, Flaw

MITRE_LIMIT = 4.0  # corners down to 29° stay corners; sharper ones are cut, or they would become long spikes
ARC_SEGMENTS = 16  # of a quarter circle: 0.2 % of the radius
STRAIGHT_M = 0.001  # what lies so near to a straight edge is no corner
SMALLEST_STEP_M = 0.001
MAX_ACROSS_M = 100_000.0  # one plane is exact enough for a shape of this size


class Corners(StrEnum):
    """What becomes of corners that move outwards."""

    SQUARE = "square"
    ROUND = "round"


def widen(shape: BaseGeometry, metres: float, corners: Corners) -> BaseGeometry | Flaw:
    """A lon/lat MultiPolygon whose edges lie `metres` further out (negative: further in; holes the other way)."""
    west, south, east, north = shape.bounds
    frame = Frame((west + east) / 2, min(89.0, max(-89.0, (south + north) / 2)))
    flat = frame.geometry_to_metres(shape)
    left, bottom, right, top = flat.bounds
    if max(right - left, top - bottom) > MAX_ACROSS_M:
        return Flaw(("geometry",), f"the shape is more than {MAX_ACROSS_M / 1000:g} km across; widen smaller ones")
    join = "mitre" if corners is Corners.SQUARE else "round"
    moved = flat  # less than a millimetre is nothing; GEOS takes 1e-200 m for an area lost
    if abs(metres) >= SMALLEST_STEP_M:
        moved = shapely.buffer(flat, metres, quad_segs=ARC_SEGMENTS, join_style=join, mitre_limit=MITRE_LIMIT)
    result = _tidy(frame.geometry_to_lonlat(shapely.simplify(moved, STRAIGHT_M)), frame)
    return _too_large(result) or result if not result.is_empty else _nothing_left(flat, metres)


def _tidy(shape: BaseGeometry, frame: Frame) -> BaseGeometry:
    """Corners as they are stored, valid parts that enclose an area, rings by the right-hand rule."""
    rounded = shapely.transform(shape, lambda c: np.round(c, DECIMALS))
    if not rounded.is_valid:
        rounded = shapely.buffer(rounded, 0)
    parts = [part for part in shapely.get_parts(rounded) if isinstance(part, Polygon) and not part.is_empty]
    large = [part for part in parts if frame.geometry_to_metres(part).area >= MIN_AREA_M2]
    return shapely.orient_polygons(MultiPolygon(large))


def _nothing_left(flat: BaseGeometry, metres: float) -> Flaw:
    narrowest = 2 * max(shapely.maximum_inscribed_circle(part).length for part in shapely.get_parts(flat))
    return Flaw(
        ("metres",), f"nothing is left: the shape is {narrowest:.1f} m wide and {-metres:g} m go on either side"
    )


def _too_large(shape: BaseGeometry) -> Flaw | None:
    if (corners := int(shapely.get_num_coordinates(shape))) > MAX_CORNERS:
        return Flaw(("geometry",), f"the result has {corners:,} corners; at most {MAX_CORNERS:,}: take square corners")
    west, south, east, north = shape.bounds
    if west < -180 or east > 180 or max(-south, north) > 89:
        return Flaw(("metres",), "the result crosses the antimeridian or reaches a pole; draw it by hand")
    return None

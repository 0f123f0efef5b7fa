"""GeoJSON taken apart: every flaw with its place, so that an editor can point at it (RFC 7946; OGC simple features).

In: parsed JSON of anybody. Out: shapely in lon/lat (SRID 4326), rings by the right-hand rule, corners to 0.1 mm,
or flaws. A `Flaw.path` leads from the geometry to the place: ("coordinates", 0, 3) is the fourth position of the first
ring. Altitudes and further numbers are dropped: floors are fields of their own.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import Frame, circle

MAX_CORNERS = 5_000  # a level outline of a large mall has ~500; more is a mistake and makes matching slow
MAX_FLAWS = 50  # told at once; whoever has more has one mistake many times
CIRCLE_MIN_M, CIRCLE_MAX_M = 1.0, 50_000.0
MIN_AREA_M2 = 0.01  # anything thinner is a line that somebody closed
DECIMALS = 9  # 0.1 mm: what is read back is exactly what is stored
_CRS84 = re.compile(r"(urn:ogc:def:crs:)?(OGC:[0-9.]*:?CRS84|EPSG:[0-9.]*:?4326)", re.IGNORECASE)
_AT = re.compile(r"\[(-?[0-9.e+-]+) (-?[0-9.e+-]+)")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong, where (path from the geometry's own object), and what to do."""

    path: Path
    detail: str


def check_crs(holder: dict[str, Any]) -> list[Flaw]:
    """RFC 7946 knows only WGS 84 lon/lat; an old `crs` member is let pass when it says just that."""
    crs = holder.get("crs")
    if crs is None:
        return []
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else crs
    if isinstance(name, str) and _CRS84.fullmatch(name):
        return []
    return [Flaw(("crs",), "only WGS 84 longitude, latitude is taken (RFC 7946); leave `crs` out and transform first")]


def check_point(geometry: Any) -> tuple[BaseGeometry | None, list[Flaw]]:
    """A Point, or its flaws."""
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None, [Flaw(("type",), "a GeoJSON Point is expected here")]
    flaws = check_crs(geometry)
    position = _position(geometry.get("coordinates"), ("coordinates",), flaws)
    return (Point(position), []) if position and not flaws else (None, flaws)


def check_area(geometry: Any) -> tuple[BaseGeometry | None, list[Flaw]]:
    """A Polygon or MultiPolygon as a valid MultiPolygon by the right-hand rule, or all its flaws."""
    if not isinstance(geometry, dict):
        return None, [Flaw((), "a GeoJSON geometry object is expected here")]
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        return None, [Flaw(("type",), f"an area is a Polygon or a MultiPolygon, not {str(kind)[:40]!r}")]
    flaws = check_crs(geometry)
    if not isinstance(coordinates, list | tuple) or not coordinates:
        return None, [*flaws, Flaw(("coordinates",), f"a {kind} needs a non-empty array here")]
    parts: list[tuple[Path, Any]] = [(("coordinates",), coordinates)]
    if kind == "MultiPolygon":
        parts = [(("coordinates", i), part) for i, part in enumerate(coordinates)]
    if (corners := sum(_count(part) for _, part in parts)) > MAX_CORNERS:
        return None, [*flaws, Flaw(("coordinates",), f"{corners} corners; at most {MAX_CORNERS:,}: simplify the shape")]
    polygons = [polygon for path, part in parts if (polygon := _polygon(part, path, flaws)) is not None]
    if not flaws:
        flaws += _overlapping_parts(polygons)
    if flaws:
        return None, flaws[:MAX_FLAWS]
    return shapely.orient_polygons(MultiPolygon(polygons)), []


def circle_flaw(center: BaseGeometry, radius_m: float) -> Flaw | None:
    """What is wrong with a circle: its rim may neither cross the antimeridian nor come near a pole."""
    west, south, east, north = circle_shape(center.x, center.y, radius_m).bounds
    if south < -89 or north > 89:
        return Flaw(("coordinates",), "the circle reaches a pole; zones end at latitude 89")
    if west < -180 or east > 180:
        return Flaw(("coordinates",), "the circle crosses the antimeridian; draw a MultiPolygon that is cut at ±180")
    return None


def circle_shape(lon: float, lat: float, radius_m: float) -> BaseGeometry:
    """The 64-gon of a circle's area, as a MultiPolygon in lon/lat."""
    shape = circle(Frame(lon, min(89.0, max(-89.0, lat))), lon, lat, radius_m)
    return shapely.orient_polygons(MultiPolygon([Polygon(np.round(shapely.get_coordinates(shape), DECIMALS))]))


def area_m2(shape: BaseGeometry) -> float:
    """Square metres on the local plane of each part: what the console shows, within 1 % of the ellipsoid's area."""
    return float(sum(abs(_frame_of(part).geometry_to_metres(part).area) for part in shapely.get_parts(shape)))


def far_from(shape: BaseGeometry, around: BaseGeometry, limit_m: float) -> Flaw | None:
    """A flaw when a corner of `shape` is more than `limit_m` metres from `around`, saying so when its axes are swapped.

    Both are lon/lat; `around` is the outline of a mall, or its origin.
    """
    beyond = _farthest_m(shape, around)
    if beyond <= limit_m:
        return None
    swapped = shapely.transform(shape, lambda c: c[:, ::-1])
    if _farthest_m(swapped, around) <= limit_m:
        return swapped_axes(shape)
    return Flaw(
        ("coordinates",),
        f"it lies up to {beyond:,.0f} m away from the mall; at most {limit_m:,.0f} m are allowed",
    )


def swapped_axes(shape: BaseGeometry) -> Flaw:
    """The flaw of a shape that would be right with longitude and latitude exchanged."""
    lon, lat = (float(c) for c in shapely.get_coordinates(shape)[0][:2])
    return Flaw(
        ("coordinates",),
        f"longitude and latitude are swapped: [{lon:g}, {lat:g}] should be [{lat:g}, {lon:g}]",
    )


def split_bbox(west: float, south: float, east: float, north: float) -> list[BaseGeometry]:
    """The box as polygons: two when west > east, which means that it crosses the antimeridian (RFC 7946 5.2)."""
    if west <= east:
        return [shapely.box(west, south, east, north)]
    return [shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)]


def to_geojson(shape: BaseGeometry) -> dict[str, Any]:
    """GeoJSON of a Point, Polygon or MultiPolygon; a MultiPolygon of one part comes out as its Polygon."""
    if shape.geom_type == "MultiPolygon" and len(shape.geoms) == 1:
        shape = shape.geoms[0]
    mapping: dict[str, Any] = shapely.geometry.mapping(shape)
    return mapping


# --- one ring after the other ---------------------------------------------------------------------------------------


def _count(part: Any) -> int:
    return sum(len(ring) for ring in part if isinstance(ring, list | tuple)) if isinstance(part, list | tuple) else 0


def _polygon(rings: Any, path: Path, flaws: list[Flaw]) -> Polygon | None:
    """One polygon; flaws are appended. None when it has any."""
    before = len(flaws)
    if not isinstance(rings, list | tuple) or not rings:
        flaws.append(Flaw(path, "a polygon is a non-empty array of rings: the outline, then its holes"))
        return None
    if isinstance(rings[0], list | tuple) and rings[0] and isinstance(rings[0][0], int | float):
        flaws.append(Flaw(path, "rings are expected here and positions are found: a pair of brackets is missing"))
        return None
    read = [_ring(ring, (*path, i), flaws) for i, ring in enumerate(rings)]
    if len(flaws) > before:
        return None
    loops = [ring for ring in read if ring is not None]
    flaws += [flaw for i, loop in enumerate(loops) if (flaw := _ring_flaw(loop, (*path, i)))]
    if len(flaws) == before:
        flaws += _hole_flaws(loops, path)
    return Polygon(loops[0], loops[1:]) if len(flaws) == before else None


def _ring(ring: Any, path: Path, flaws: list[Flaw]) -> list[tuple[float, float]] | None:
    """The positions of a ring; checks numbers, length, closure and jumps."""
    if not isinstance(ring, list | tuple):
        flaws.append(Flaw(path, "a ring is an array of positions"))
        return None
    before = len(flaws)
    positions = [p for i, item in enumerate(ring) if (p := _position(item, (*path, i), flaws)) is not None]
    if len(flaws) > before:
        return None
    closed = len(positions) > 1 and positions[0] == positions[-1]
    if len(positions) < 3 or (closed and len(positions) < 4):
        flaws.append(Flaw(path, f"a ring needs at least 4 positions, the last like the first; here are {len(ring)}"))
    elif not closed:
        flaws.append(
            Flaw(
                (*path, len(positions) - 1),
                f"the ring is not closed: its last position must repeat its first, {list(positions[0])}",
            )
        )
    for i, (a, b) in enumerate(pairwise(positions), start=1):
        if abs(b[0] - a[0]) > 180:
            flaws.append(
                Flaw(
                    (*path, i),
                    f"the edge from longitude {a[0]:g} to {b[0]:g} goes around the Earth; a shape across the"
                    " antimeridian is a MultiPolygon whose parts are cut at 180 and -180 (RFC 7946 section 3.1.9)",
                )
            )
            break
    return positions


def _position(item: Any, path: Path, flaws: list[Flaw]) -> tuple[float, float] | None:
    """lon, lat of a position, rounded; further numbers are dropped."""
    if not isinstance(item, list | tuple) or len(item) < 2:
        flaws.append(Flaw(path, "a position is [longitude, latitude]"))
        return None
    before = len(flaws)
    for i, (number, name) in enumerate(zip(item[:2], ("longitude", "latitude"), strict=True)):
        if isinstance(number, bool) or not isinstance(number, int | float):
            flaws.append(Flaw((*path, i), f"the {name} must be a number"))
        elif not isfinite(number):
            flaws.append(Flaw((*path, i), f"{number} is not a {name}"))
    if len(flaws) > before:
        return None
    lon, lat = item[:2]
    if abs(lat) > 90:
        swap = abs(lat) <= 180 and abs(lon) <= 90
        hint = "; longitude and latitude look swapped" if swap else ""
        flaws.append(Flaw((*path, 1), f"latitude {lat:g} is outside -90 to 90; positions are [lon, lat]{hint}"))
    if abs(lon) > 180:
        flaws.append(Flaw((*path, 0), f"longitude {lon:g} is outside -180 to 180"))
    return (round(float(lon), DECIMALS), round(float(lat), DECIMALS)) if len(flaws) == before else None


def _frame_of(shape: BaseGeometry) -> Frame:
    west, south, east, north = shape.bounds
    return Frame((west + east) / 2, min(89.0, max(-89.0, (south + north) / 2)))


def _ring_flaw(ring: list[tuple[float, float]], path: Path) -> Flaw | None:
    """What is wrong with a closed ring on its own: no area, or edges that meet (bow-tie)."""
    polygon = Polygon(ring)
    if area_m2(polygon) < MIN_AREA_M2 and (polygon.is_valid or _is_flat(ring)):
        return Flaw(path, "the ring encloses no area")
    if polygon.is_valid:
        return None
    at = _place(polygon)
    if at is None:
        return Flaw(path, f"the ring is not valid: {shapely.is_valid_reason(polygon)}")
    first, second = sorted(_nearest_edges(ring, at))
    return Flaw(
        (*path, first),
        f"the ring crosses or touches itself at [{at.x:.7g}, {at.y:.7g}]: the edge from position {first} meets the edge"
        f" from position {second}",
    )


def _is_flat(ring: list[tuple[float, float]]) -> bool:
    return bool(shapely.MultiPoint(ring).convex_hull.area == 0)


def _hole_flaws(loops: Sequence[list[tuple[float, float]]], path: Path) -> list[Flaw]:
    """Holes outside the outline or into each other; whatever else makes the whole invalid."""
    shell, holes = Polygon(loops[0]), [Polygon(h) for h in loops[1:]]
    flaws = [
        Flaw((*path, i), "the hole lies (partly) outside its outline, which is the first ring")
        for i, hole in enumerate(holes, start=1)
        if not shell.covers(hole)
    ]
    flaws += [
        Flaw((*path, j + 1), f"this hole overlaps the hole of ring {i + 1}; make them one hole")
        for i, j in _touching(holes)
        if shapely.relate_pattern(holes[i], holes[j], "T********") or holes[i].intersection(holes[j]).length > 0
    ]
    if not flaws and not (whole := Polygon(loops[0], loops[1:])).is_valid:
        at = _place(whole)
        where = f" near [{at.x:.7g}, {at.y:.7g}]" if at is not None else ""
        flaws.append(Flaw(path, f"holes and outline cut the polygon apart or touch along an edge{where}"))
    return flaws


def _overlapping_parts(polygons: Sequence[Polygon]) -> list[Flaw]:
    """Parts of a MultiPolygon may touch in points only."""
    return [
        Flaw(("coordinates", j), f"this part overlaps part {i} or shares an edge with it; make them one polygon")
        for i, j in _touching(polygons)
        if shapely.relate_pattern(polygons[i], polygons[j], "T********")
        or polygons[i].boundary.intersection(polygons[j].boundary).length > 0
    ]


def _touching(polygons: Sequence[Polygon]) -> Iterator[tuple[int, int]]:
    """Pairs i < j that share at least a point."""
    if len(polygons) > 1:
        pairs = shapely.STRtree(list(polygons)).query(list(polygons), predicate="intersects")
        yield from ((int(i), int(j)) for i, j in pairs.T if i < j)


def _place(shape: BaseGeometry) -> Point | None:
    """Where GEOS found a shape to be invalid."""
    match = _AT.search(shapely.is_valid_reason(shape))
    return Point(float(match[1]), float(match[2])) if match else None


def _nearest_edges(ring: list[tuple[float, float]], at: Point) -> tuple[int, int]:
    """The two edges (by the number of their first position) that meet at a point and are not neighbours anyway."""
    edges = shapely.linestrings([[a, b] for a, b in pairwise(ring)])
    first, *others = (int(i) for i in np.argsort(shapely.distance(edges, at), kind="stable"))
    return first, next((i for i in others if abs(i - first) not in (1, len(edges) - 1)), others[0])


def _farthest_m(shape: BaseGeometry, around: BaseGeometry) -> float:
    """Metres from `around` to the corner of `shape` farthest from it."""
    lon, lat = around.centroid.x, around.centroid.y
    frame = Frame(lon, min(89.0, max(-89.0, lat)))
    corners = shapely.get_coordinates(shape)
    east = (corners[:, 0] - lon + 180) % 360 - 180  # the short way round
    metres = np.column_stack(frame.to_metres(lon + east, corners[:, 1]))
    return float(shapely.distance(shapely.points(metres), frame.geometry_to_metres(around)).max())

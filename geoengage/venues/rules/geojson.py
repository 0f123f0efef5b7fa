"""A whole GeoJSON document against RFC 7946: every complaint with its place. Pure.

Stricter than the check of one zone's geometry (`geometry.check_area`), which accepts what the RFC tells parsers to
accept: a document is judged before anything of it is taken, so bad style (winding, more than three numbers, collections
of one or in collections) is told too, marked as `style`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from geoengage.venues.rules.geometry import DECIMALS, MAX_CORNERS, Flaw, Path

_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
GEOMETRIES = (*_DEPTHS, "GeometryCollection")
TYPES = (*GEOMETRIES, "Feature", "FeatureCollection")
_NOT_OF = {
    "Feature": ("coordinates", "geometries", "features"),
    "FeatureCollection": ("coordinates", "geometries", "geometry", "properties"),
}
_NOT_OF_GEOMETRY = ("geometry", "properties", "features")
MANY = 200  # complaints that are told; whoever has more has one mistake many times


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong at a path from the document's root. `style`: the RFC only says SHOULD."""

    path: Path
    detail: str
    style: bool = False


def judge(document: Any) -> list[Complaint]:
    """All complaints about a document, in its order; none for a good one."""
    return list(_many(_object(document, (), TYPES)))


def check_any(geometry: Any) -> tuple[BaseGeometry | None, list[Flaw]]:
    """A geometry of any kind in lon/lat as it is, corners to 0.1 mm, or its flaws; areas need not be valid."""
    flaws = [Flaw(c.path, c.detail) for c in _many(_object(geometry, (), GEOMETRIES)) if not c.style]
    if flaws:
        return None, flaws
    shape = shapely.force_2d(shapely.geometry.shape(geometry))
    corners = shapely.get_coordinates(shape)
    if len(corners) > MAX_CORNERS:
        return None, [Flaw((), f"{len(corners)} corners; at most {MAX_CORNERS:,}: simplify the shape")]
    if shape.is_empty or not all(isfinite(c) for c in corners.ravel()) or (abs(corners) > (180, 90)).any():
        return None, [Flaw((), "longitudes go from -180 to 180, latitudes from -90 to 90")]
    return shapely.orient_polygons(shapely.transform(shape, lambda c: c.round(DECIMALS))), []


def _many(found: Iterator[Complaint]) -> Iterator[Complaint]:
    for _, complaint in zip(range(MANY), found, strict=False):
        yield complaint


def _object(value: Any, path: Path, expected: tuple[str, ...]) -> Iterator[Complaint]:
    """A GeoJSON object of one of the expected types."""
    if not isinstance(value, dict):
        yield Complaint(path, f"a GeoJSON object is expected here, not {_named(value)}")
        return
    kind = value.get("type")
    if kind not in expected:
        yield from _type_complaint(value, path, expected)
        return
    for name in _NOT_OF.get(kind, _NOT_OF_GEOMETRY):
        if name in value:
            yield Complaint((*path, name), f"a {kind} has no member {name!r} (RFC 7946 section 7.1)")
    if "bbox" in value:
        yield from _bbox(value["bbox"], (*path, "bbox"))
    if kind == "FeatureCollection":
        yield from _collection(value, path, "features", ("Feature",))
    elif kind == "Feature":
        yield from _feature(value, path)
    elif kind == "GeometryCollection":
        yield from _geometries(value, path)
    else:
        yield from _coordinates(value, path, kind)


def _type_complaint(value: dict[str, Any], path: Path, expected: tuple[str, ...]) -> Iterator[Complaint]:
    kind = value.get("type")
    if "type" not in value:
        yield Complaint(path, "the member 'type' is missing")
    elif not isinstance(kind, str):
        yield Complaint((*path, "type"), f"'type' is a text, not {_named(kind)}")
    else:
        right = next((name for name in expected if name.lower() == kind.lower()), None)
        hint = f"write {right!r}: upper and lower case count" if right else f"expected is {_one_of(expected)}"
        yield Complaint((*path, "type"), f"there is no type {kind[:40]!r} here; {hint}")


def _collection(value: dict[str, Any], path: Path, name: str, expected: tuple[str, ...]) -> Iterator[Complaint]:
    items = value.get(name)
    if name not in value:
        yield Complaint(path, f"the member {name!r} is missing")
    elif not isinstance(items, list | tuple):
        yield Complaint((*path, name), f"{name!r} is an array, not {_named(items)}")
    else:
        for i, item in enumerate(items):
            yield from _object(item, (*path, name, i), expected)


def _feature(value: dict[str, Any], path: Path) -> Iterator[Complaint]:
    if "id" in value and (isinstance(value["id"], bool) or not isinstance(value["id"], str | int | float)):
        yield Complaint((*path, "id"), f"an id is a text or a number, not {_named(value['id'])}")
    if "properties" not in value:
        yield Complaint(path, "the member 'properties' is missing; it may be null")
    elif not isinstance(value["properties"], dict | None):
        yield Complaint((*path, "properties"), f"'properties' is an object, not {_named(value['properties'])}")
    if "geometry" not in value:
        yield Complaint(path, "the member 'geometry' is missing; it may be null")
    elif value["geometry"] is not None:
        yield from _object(value["geometry"], (*path, "geometry"), GEOMETRIES)


def _geometries(value: dict[str, Any], path: Path) -> Iterator[Complaint]:
    yield from _collection(value, path, "geometries", GEOMETRIES)
    parts = value.get("geometries")
    if not isinstance(parts, list | tuple):
        return
    if len(parts) == 1:
        yield Complaint((*path, "geometries"), "a collection of one: send that geometry alone (section 3.1.8)", True)
    for i, part in enumerate(parts):
        if isinstance(part, dict) and part.get("type") == "GeometryCollection":
            detail = "a collection in a collection; make them one (section 3.1.8)"
            yield Complaint((*path, "geometries", i), detail, style=True)


def _bbox(value: Any, path: Path) -> Iterator[Complaint]:
    if not isinstance(value, list | tuple):
        yield Complaint(path, f"'bbox' is an array of numbers, not {_named(value)}")
        return
    yield from (
        Complaint((*path, i), f"a number is expected here, not {_named(number)}")
        for i, number in enumerate(value)
        if not _is_number(number)
    )
    if len(value) not in (4, 6):
        yield Complaint(path, f"'bbox' has 4 numbers, or 6 with heights; here are {len(value)}")


def _coordinates(value: dict[str, Any], path: Path, kind: str) -> Iterator[Complaint]:
    if "coordinates" not in value:
        yield Complaint(path, "the member 'coordinates' is missing")
        return
    path = (*path, "coordinates")
    before = list(_many(_nested(value["coordinates"], path, _DEPTHS[kind], kind)))
    yield from before
    if before or not kind.endswith("Polygon"):
        return
    polygons = (
        [((), value["coordinates"])] if kind == "Polygon" else [((i,), p) for i, p in enumerate(value["coordinates"])]
    )
    for part, rings in polygons:
        for i, ring in enumerate(rings):
            if (_twice_area(ring) < 0) == (i == 0):
                way = "counter-clockwise" if i == 0 else "clockwise, for it is a hole"
                yield Complaint((*path, *part, i), f"this ring should run {way} (right-hand rule, section 3.1.6)", True)


def _nested(value: Any, path: Path, depth: int, kind: str) -> Iterator[Complaint]:
    """Positions at the right depth; lines and rings of the right length."""
    if depth == 0:
        yield from _position(value, path)
        return
    if not isinstance(value, list | tuple):
        what = "a position" if depth == 1 and kind == "MultiPoint" else "an array"
        yield Complaint(path, f"{what} is expected here, not {_named(value)}: a pair of brackets is missing")
        return
    before = 0
    for i, part in enumerate(value):
        for complaint in _nested(part, (*path, i), depth - 1, kind):
            before += not complaint.style
            yield complaint
    if depth == 1 and not before:
        yield from _line(value, path, kind)


def _line(value: Sequence[Any], path: Path, kind: str) -> Iterator[Complaint]:
    if kind.endswith("LineString") and len(value) < 2:
        yield Complaint(path, "a line has at least two positions")
    if kind.endswith("Polygon"):
        if len(value) < 4:
            yield Complaint(path, f"a ring has at least four positions, the last like the first; here are {len(value)}")
        if not value or value[0] != value[-1]:
            yield Complaint(
                (*path, max(0, len(value) - 1)), "the ring is not closed: its last position is not its first"
            )


def _position(value: Any, path: Path) -> Iterator[Complaint]:
    if not isinstance(value, list | tuple):
        yield Complaint(path, f"a position is [longitude, latitude], not {_named(value)}")
        return
    wrong = [i for i, number in enumerate(value) if not _is_number(number)]
    yield from (Complaint((*path, i), f"a number is expected here, not {_named(value[i])}") for i in wrong)
    if len(value) < 2:
        yield Complaint(path, f"a position has two numbers, longitude and latitude; here are {len(value)}")
    if len(value) > 3:
        yield Complaint(path, "a position has two numbers, or three with a height (section 3.1.1)", style=True)


def _twice_area(ring: list[list[float]]) -> float:
    """Positive for a counter-clockwise ring."""
    x0, y0 = ring[0][:2]
    return sum((a[0] - x0) * (b[1] - y0) - (b[0] - x0) * (a[1] - y0) for a, b in pairwise(ring))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _named(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "an array"}
    return names.get(type(value), "an object")


def _one_of(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else "one of " + ", ".join(names)

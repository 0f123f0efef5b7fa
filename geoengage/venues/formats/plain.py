"""GeoJSON of somebody else: each area becomes a zone.

A FeatureCollection, a Feature, or a bare geometry. The document is judged as strictly as RFC 7946 is written
(rules/geojson.py); `lenient` lets bad style pass with a warning. Members of `properties` that we have no word for are
kept as metadata.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from geoengage.kit import errors
from geoengage.kit.ids import derived_id
from geoengage.venues.formats.base import Item, Json, Notes, Options, Reading, place_in, steps, text_of
from geoengage.venues.formats.sensitive import sensitivity_of
from geoengage.venues.report import ImportFormat, ImportProblem, ItemKind, Severity
from geoengage.venues.rules.geojson import GEOMETRIES, TYPES, Complaint, judge

LEVEL_WORDS = ("level", "ordinal", "floor")
NAME_WORDS = ("name", "Name", "NAME", "title")
ID_WORDS = ("external_id", "id", "@id")
MOST_METADATA = 50
_AREAS = ("Polygon", "MultiPolygon")


def read(document: Any, name: str, options: Options) -> Reading:
    """The areas of a document as zones. ItemErrors: no GeoJSON.

    Points and lines beside areas are left out and noted; in a document without any area they are refused.
    """
    complaints = judge(document)
    of_all = [c for c in complaints if _whole(document, c)]
    if of_all and not (options.lenient and all(c.style for c in of_all)):
        raise errors.ItemErrors([_error(document, name, c) for c in complaints])
    reading = Reading(ImportFormat.GEOJSON)
    others: list[tuple[Item, str]] = []
    for path, feature in _features(document):
        item = _item(path, feature, name, options)
        for complaint in complaints:
            if complaint.path[: len(path)] == path:
                _tell(complaint, item, document, options)
        if not item.is_refused and (what := _no_area(item.geometry, feature)):
            others.append((item, f"{what}, not an area: a zone is a Polygon, a MultiPolygon, or a Point with radius_m"))
            continue
        if not item.is_refused:
            _zone(item, feature, options)
        reading.items.append(item)
    if reading.items:
        notes = Notes()
        for item, detail in others:
            notes.add(name, item.pointer, f"left out: {detail}")
        reading.notes += notes.all()
        return reading
    for item, detail in others:
        item.refuse(("geometry",), detail)
        reading.items.append(item)
    return reading


def _no_area(geometry: Any, feature: Json) -> str | None:
    """What a thing is when it holds no area."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind is None:
        return "it has no geometry"
    return None if kind in _AREAS or (kind == "Point" and _radius(feature) is not None) else f"it is a {kind}"


def _radius(feature: Json) -> Any:
    """`radius_m` of a circle's centre."""
    found = (feature.get("properties") or {}).get("radius_m") if feature["type"] == "Feature" else None
    return found if isinstance(found, int | float) else None


def _whole(document: Any, complaint: Complaint) -> bool:
    """Whether a complaint is about the document itself, not about one thing in it."""
    if not isinstance(document, dict) or document.get("type") not in TYPES:
        return True
    if document["type"] == "FeatureCollection":
        return len(complaint.path) < 2 or complaint.path[0] != "features"
    return document["type"] == "GeometryCollection" and len(complaint.path) < 2


def _error(document: Any, name: str, complaint: Complaint) -> Json:
    place = place_in(document, complaint.path)
    pointer = "#" + steps(complaint.path)
    return {"pointer": pointer, "in": "body", "detail": complaint.detail, "file": name, "place": place}


def _tell(complaint: Complaint, item: Item, document: Any, options: Options) -> None:
    place = place_in(document, complaint.path)
    severity = Severity.WARNING if complaint.style and options.lenient else Severity.ERROR
    pointer = "#" + steps(complaint.path)
    item.problems.append(ImportProblem(severity=severity, pointer=pointer, detail=complaint.detail, place=place))


def _features(document: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Each thing with its path; a bare geometry stands for itself."""
    if document["type"] == "FeatureCollection":
        yield from ((("features", i), feature) for i, feature in enumerate(document["features"]))
    elif document["type"] == "GeometryCollection":
        yield from ((("geometries", i), part) for i, part in enumerate(document["geometries"]))
    else:
        yield (), document


def _item(path: tuple[str | int, ...], feature: Any, name: str, options: Options) -> Item:
    pointer = "#" + steps(path)
    item = Item(ItemKind.ZONE, name, pointer, {}, words={})
    if isinstance(feature, dict):
        bare = feature.get("type") in GEOMETRIES
        item.geometry = feature if bare else feature.get("geometry")
        item.geometry_pointer = pointer if bare else None
        properties = {} if bare else feature.get("properties")
        item.properties["name"] = _name(properties) if isinstance(properties, dict) else None
    return item


def _zone(item: Item, feature: Json, options: Options) -> None:
    """Our words for a Feature whose form is right."""
    properties = dict(feature.get("properties") or {}) if feature["type"] == "Feature" else {}
    given = next((text for word in ID_WORDS if (text := text_of(properties.get(word)))), text_of(feature.get("id")))
    item.properties = {
        "external_id": given or _made_id(item.geometry, properties),
        "name": _name(properties) or f"Area {item.pointer.rpartition('/')[2].strip('#')}".strip(),
        "metadata": {},
    }
    item.words = {"external_id": "properties", "name": "properties/name", "radius_m": "properties/radius_m"}
    item.words |= {"levels": "properties", "metadata": "properties"}
    if item.geometry["type"] == "Point":
        item.properties["radius_m"] = _radius(feature)
    used = {*NAME_WORDS, *ID_WORDS, "radius_m"}
    _level(item, properties, options)
    sensitivity = sensitivity_of(*(text_of(properties.get(word)) for word in ("category", "amenity", "kind")))
    if sensitivity != "none":
        item.properties["sensitivity"] = sensitivity
        item.warn((), f"its category is sensitive ({sensitivity}): it is counted in anonymous totals only")
    rest = {word: value for word, value in properties.items() if word not in used}
    item.properties["metadata"] = dict(list(rest.items())[:MOST_METADATA])
    if len(rest) > MOST_METADATA:
        item.warn((), f"of {len(rest)} further properties the first {MOST_METADATA} are kept")


def _name(properties: Json) -> str | None:
    return next((text[:200] for word in NAME_WORDS if (text := text_of(properties.get(word)))), None)


def _made_id(geometry: Json, properties: Json) -> str:
    """The same thing in the same place has the same id, so that reading it again changes nothing."""
    return str(derived_id("geojson", json.dumps([geometry.get("coordinates"), properties.get("name")], sort_keys=True)))


def _level(item: Item, properties: Json, options: Options) -> None:
    """On which level of the mall it lies; none: outdoors."""
    word = next((word for word in LEVEL_WORDS if properties.get(word) not in (None, "")), None)
    if word is None or not options.into_mall:
        return
    ordinal = ordinal_of(properties[word], options)
    item.words = {**(item.words or {}), "levels": f"properties/{word}"}
    if ordinal is None:
        known = ", ".join(options.level_names) or "none"
        item.refuse(("properties", "levels"), f"the mall has no level {properties[word]!r}; its levels: {known}")
    else:
        item.properties["levels"] = [ordinal]
        item.in_mall = True


def ordinal_of(value: Any, options: Options) -> int | None:
    """A level's ordinal from what somebody calls it: the mall's own names first, then a whole number."""
    text = text_of(value)
    if text is None:
        return None
    if text in options.level_names:
        return options.level_names[text]
    return int(float(text)) if re.fullmatch(r"-?\d{1,3}(\.0+)?", text) else None

"""Floor plans as some map services publish them: FLOOR/geojson_map.json, beside floor_info.json with its size.

Seen in mall_xixi (indoor-location-competition-20). The feature of category `floor` is the level's outline, the rest are
stores and units. What a category is only the publisher knows, so that a table may come along (`Options.categories`, or
categories.json in the archive). `crs` members sit inside geometries and name another system while the numbers are
degrees; names hold HTML entities. Both are taken and told.
"""

import html
import re
from pathlib import PurePosixPath
from typing import Any

from geoengage.venues.formats.base import Item, Json, Notes, Options, Reading, text_of, unreadable
from geoengage.venues.formats.documents import Files, parse
from geoengage.venues.report import ImportFormat, ItemKind
from geoengage.venues.rules import UnitCategory

PLAN, CATEGORIES = "geojson_map.json", "categories.json"
STORE = "store"
_FLOOR = re.compile(r"(?P<below>[BP]|-)?(?P<above>[FL])?(?P<n>\d{1,2})(?P<also_above>F)?", re.IGNORECASE)
_WORDS = {"name": "properties/name", "category": "properties/category", "external_id": "id"}


def is_floors(files: Files) -> bool:
    """Whether the files are floors of this kind."""
    return any(PurePosixPath(name).name == PLAN for name in files)


def read(files: Files, options: Options) -> Reading:
    """All floors; a mall only by the name that `options` gives."""
    notes = Notes()
    reading = Reading(ImportFormat.FLOORS)
    table = _table(files, options)
    if options.name is not None:
        properties = {"external_id": options.name, "name": options.name}
        reading.mall = Item(ItemKind.MALL, "", "#", properties, words={})
    for name in sorted(files):
        if PurePosixPath(name).name == PLAN:
            reading.items += _floor(name, parse(name, files[name]), table, notes)
    reading.notes = notes.all()
    return reading


def ordinal_of(floor: str) -> int | None:
    """0 for F1, 1 for F2, -1 for B1 (IMDF's counting); None for a name that says none."""
    if floor.upper() in ("G", "GF", "EG"):
        return 0
    found = _FLOOR.fullmatch(floor)
    if found is None or int(found["n"]) == 0:
        return None
    return -int(found["n"]) if found["below"] else int(found["n"]) - 1


def _table(files: Files, options: Options) -> Json:
    own = parse(CATEGORIES, files[CATEGORIES]) if CATEGORIES in files else {}
    table = {**(own if isinstance(own, dict) else {}), **options.categories}
    known = {STORE, *UnitCategory}
    for source, ours in table.items():
        if not isinstance(ours, str) or ours not in known:
            detail = f"the category {source!r} is to be {ours!r}; known are {', '.join(sorted(known))}"
            raise unreadable(CATEGORIES, f"#/{source}", detail)
    return table


def _floor(name: str, document: Any, table: Json, notes: Notes) -> list[Item]:
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise unreadable(name, "#/features", "a FeatureCollection with an array `features` is expected")
    called = _floor_name(name, features)
    ordinal = ordinal_of(called)
    if ordinal is None:
        raise unreadable(name, "#", f"which floor is {called!r}? Call the folder B1, F1, F2, …")
    return [_item(name, i, feature, (called, ordinal), table, notes) for i, feature in enumerate(features)]


def _floor_name(name: str, features: list[Any]) -> str:
    """The name of the folder, else what the outline's feature is called."""
    folder = PurePosixPath(name).parent.name
    if folder:
        return folder
    outlines = (f.get("properties") for f in features if isinstance(f, dict))
    return next((str(p.get("name")) for p in outlines if isinstance(p, dict) and _categories(p) == ["floor"]), "")


def _item(name: str, i: int, feature: Any, floor: tuple[str, int], table: Json, notes: Notes) -> Item:
    pointer = f"#/features/{i}"
    properties = feature.get("properties") if isinstance(feature, dict) else None
    item = Item(ItemKind.UNIT, name, pointer, {}, words=_WORDS)
    if not isinstance(properties, dict):
        item.refuse((), "a Feature with `properties` is expected")
        return item
    item.geometry = _without_crs(feature, name, pointer, notes)
    called, ordinal = floor
    categories = _categories(properties)
    if categories == ["floor"]:
        item.kind = ItemKind.LEVEL
        item.properties = {"ordinal": ordinal, "name": called, "short_name": called[:20]}
        return item
    item.properties = {
        "external_id": text_of(feature.get("id")) or text_of(properties.get("id")),
        "name": _name(item, properties),
        "level": ordinal,
        "metadata": {"source_categories": categories},
    }
    ours = _category(categories, text_of(properties.get("name")) or "", table)
    if ours == STORE:
        item.kind = ItemKind.STORE
        item.in_mall = True
        return item
    if ours is None:
        notes.add(name, f"{pointer}/properties/category", f"what the category {'/'.join(categories)!r} is nobody says")
    item.properties["category"] = ours or UnitCategory.OTHER.value
    return item


def _without_crs(feature: Json, name: str, pointer: str, notes: Notes) -> Any:
    geometry = feature.get("geometry")
    told = "a crs member names another system while the numbers are degrees: taken as WGS 84 longitude, latitude"
    if "crs" in feature:
        notes.add(name, f"{pointer}/crs", told)
    if not isinstance(geometry, dict) or "crs" not in geometry:
        return geometry
    notes.add(name, f"{pointer}/geometry/crs", told)
    return {member: value for member, value in geometry.items() if member != "crs"}


def _categories(properties: Json) -> list[str]:
    found = properties.get("category")
    return [str(word) for word in (found if isinstance(found, list) else [found]) if word is not None]


def _category(categories: list[str], name: str, table: Json) -> str | None:
    """What the table says: of the most special category first, of a category with a name before that without."""
    keys = (key for category in reversed(categories) for key in (f"{category}={name}", category))
    return next((table[key] for key in keys if key in table), None)


def _name(item: Item, properties: Json) -> str | None:
    name = text_of(properties.get("name"))
    if name is None:
        return None
    plain = html.unescape(name)
    if plain != name:
        item.warn(("properties", "name"), f"the name holds HTML entities: {name!r} is taken as {plain!r}")
    return plain

"""Our own format: a folder of mall.json, owners.json and *.geojson (zones/README.md), or all of it in one document.

The one document is a FeatureCollection that any map program opens: what RFC 7946 has no member for is in a foreign
member `geoengage`, of the collection (`mall`, `owners`) and of each Feature (`kind`, `status`, `in_force`).
"""

from typing import Any

from geoengage.kit import errors
from geoengage.venues.formats.base import Item, Json, Reading, unreadable
from geoengage.venues.formats.documents import ONE_FILE, Files, parse
from geoengage.venues.report import ImportFormat, ItemKind

MEMBER = "geoengage"
VERSION = 1
MALL, OWNERS = "mall.json", "owners.json"
_KINDS = {kind.value: kind for kind in (ItemKind.LEVEL, ItemKind.UNIT, ItemKind.STORE, ItemKind.ZONE, ItemKind.FEATURE)}
LAYERS = {f"{name}s.geojson": kind for name, kind in _KINDS.items()}


def read_folder(files: Files) -> Reading:
    """The files of a folder; all but mall.json may be missing. A file that is no JSON is an item that is refused."""
    reading = Reading(ImportFormat.GEOENGAGE)
    document = _parsed(files, MALL, ItemKind.MALL, reading)
    if document is None:
        if MALL not in files:
            reading.items.append(Item(ItemKind.MALL, MALL, "#", {}))
            reading.items[-1].refuse((), "the file is missing")
        return reading
    reading.mall = _mall(document, MALL, "#")
    if OWNERS in files and (owners := _parsed(files, OWNERS, ItemKind.OWNER, reading)) is not None:
        read_owners(owners, OWNERS, "#", reading)
    for name, kind in LAYERS.items():
        if name not in files or (layer := _parsed(files, name, kind, reading)) is None:
            continue
        if not isinstance(layer, dict) or not isinstance(layer.get("features"), list):
            item = Item(kind, name, "#", {})
            item.refuse((), "a FeatureCollection with an array `features` is expected")
            reading.items.append(item)
            continue
        reading.items += [_item(kind, name, i, feature) for i, feature in enumerate(layer["features"])]
    return reading


def read_document(document: Json, name: str = ONE_FILE) -> Reading:
    """The one document that an export writes."""
    about, features = document[MEMBER], document.get("features")
    if about.get("version") != VERSION:
        raise unreadable(name, f"#/{MEMBER}/version", f"this program reads version {VERSION} of its own format")
    if not isinstance(features, list):
        raise unreadable(name, "#/features", "a FeatureCollection with an array `features` is expected")
    reading = Reading(ImportFormat.GEOENGAGE, mall=_mall(about.get("mall"), name, f"#/{MEMBER}/mall"))
    read_owners(about.get("owners", []), name, f"#/{MEMBER}/owners", reading)
    for i, feature in enumerate(features):
        own = feature.get(MEMBER) if isinstance(feature, dict) else None
        kind = _KINDS.get(str(own.get("kind"))) if isinstance(own, dict) else None
        if kind is not None:
            reading.items.append(_item(kind, name, i, feature))
        else:
            item = Item(ItemKind.FEATURE, name, f"#/features/{i}", {})
            item.refuse((), f"a Feature whose {MEMBER}.kind is one of {', '.join(_KINDS)} is expected")
            reading.items.append(item)
    return reading


def is_own(document: Any) -> bool:
    """Whether somebody's document is one that our export wrote."""
    return isinstance(document, dict) and isinstance(document.get(MEMBER), dict) and "mall" in document[MEMBER]


def _parsed(files: Files, name: str, kind: ItemKind, reading: Reading) -> Any:
    if name not in files:
        return None
    try:
        return parse(name, files[name])
    except errors.ItemErrors as error:
        item = Item(kind, name, "#", {})
        item.refuse((), error.extra["errors"][0]["detail"])
        reading.items.append(item)
        return None


def _mall(document: Any, name: str, pointer: str) -> Item:
    item = Item(ItemKind.MALL, name, pointer, document if isinstance(document, dict) else {})
    if not isinstance(document, dict):
        item.refuse((), "an object is expected")
    return item


def read_owners(document: Any, name: str, pointer: str, reading: Reading) -> None:
    """Names of owners, for those whom a store will name."""
    for i, owner in enumerate(document if isinstance(document, list) else [None]):
        id_, called = (owner.get("external_id"), owner.get("name")) if isinstance(owner, dict) else (None, None)
        if isinstance(id_, str) and isinstance(called, str) and 0 < len(id_) <= 255 and 0 < len(called) <= 200:
            reading.owners[id_] = called
        else:
            item = Item(ItemKind.OWNER, name, f"{pointer}/{i}", {})
            item.refuse((), "an owner has an external_id and a name, both texts")
            reading.items.append(item)


def _item(kind: ItemKind, name: str, i: int, feature: Any) -> Item:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    item = Item(kind, name, f"#/features/{i}", dict(properties) if isinstance(properties, dict) else {})
    if not isinstance(properties, dict):
        item.refuse((), "a Feature with `properties` is expected")
        return item
    item.geometry = feature.get("geometry")
    own = feature.get(MEMBER)
    if isinstance(own, dict):
        apply(own, item)
    if kind is ItemKind.LEVEL:
        item.properties.pop("external_id", None)  # a level is known by its ordinal
    return item


def apply(own: Json, item: Item) -> None:
    """What a foreign member says of a zone's standing."""
    item.is_draft = own.get("status") == "draft"
    in_force = own.get("in_force")
    if isinstance(in_force, dict) and isinstance(in_force.get("properties"), dict):
        item.in_force = {"geometry": in_force.get("geometry"), "properties": in_force["properties"]}

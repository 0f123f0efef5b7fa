"""A mall as an IMDF archive (OGC 20-094). The same things give the same bytes.

What came from an archive goes out with its own id and members; the rest gets ids made of its external id, and the
address, building, footprint, units and anchors that IMDF wants around it (`geoengage.made`: a reader of ours leaves
them out again). Our own words of each thing travel in `properties.geoengage`, so that nothing is lost.
"""

import io
import zipfile
from typing import Any
from uuid import UUID

import shapely
from shapely.geometry.base import BaseGeometry

from geoengage.kit.ids import derived_id
from geoengage.venues.formats.base import Item, Json, Reading
from geoengage.venues.formats.imdf import CAPSULE
from geoengage.venues.formats.imdf_words import IMDF_CATEGORY, REQUIRED, UNIT_CATEGORY, VERSION, label
from geoengage.venues.formats.write_own import dump, in_order, standing
from geoengage.venues.report import ItemKind
from geoengage.venues.rules import DAYS, UnitCategory, check_any, circle_shape, to_geojson

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest that ZIP knows: when an export was made must not show in its bytes
_KIOSK_DEG = 1e-5  # half the side of the square that stands for a store of which only the point is known: 1 m
_MADE = {"made": True}


def write(reading: Reading) -> bytes:
    """The ZIP: manifest.json and one <type>.geojson per type of feature."""
    archive = _Archive(reading)
    archive.everything()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        _add(target, "manifest.json", dump(archive.manifest()))
        for type_, features in sorted(archive.features.items()):
            lines = ",\n".join(dump(features[id_]) for id_ in sorted(features))
            _add(target, f"{type_}.geojson", f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}')
    return content.getvalue()


def _add(target: zipfile.ZipFile, name: str, text: str) -> None:
    info = zipfile.ZipInfo(name, LONG_AGO)
    info.create_system, info.external_attr, info.compress_type = 3, 0o644 << 16, zipfile.ZIP_DEFLATED
    target.writestr(info, text + "\n")


class _Archive:
    """The features so far by type and id, and what they refer to."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.mall = reading.mall or Item(ItemKind.MALL, "", "#", {})
        self.features: dict[str, dict[str, Json]] = {}
        kept = _kept(self.mall).get("manifest")
        self.kept_manifest: Json = kept if isinstance(kept, dict) else {}
        self.language = str(self.kept_manifest.get("language", "en"))
        self.levels = {
            item.properties["ordinal"]: self._id(item) for item in reading.items if item.kind is ItemKind.LEVEL
        }
        self.ordinals = {id_: ordinal for ordinal, id_ in self.levels.items()}
        self.building_ids = [i.external_id for i in reading.items if i.properties.get("feature_type") == "building"]

    def manifest(self) -> Json:
        """The one that the mall came with, else one that says nothing of today."""
        own = {"version": VERSION, "created": "1980-01-01T00:00:00Z", "language": "en", "generated_by": "geoengage"}
        return own | {"extensions": None} | self.kept_manifest

    def everything(self) -> None:
        """All features, levels before what stands on them."""
        if not self.building_ids:
            self.building_ids = [self._building()]
        self._venue()
        makers = {
            ItemKind.LEVEL: self._level,
            ItemKind.UNIT: self._unit,
            ItemKind.STORE: self._store,
            ItemKind.ZONE: self._zone,
            ItemKind.FEATURE: self._feature,
        }
        for item in in_order(self.reading):
            makers[item.kind](item)

    # The mall and what it needs.

    def _venue(self) -> None:
        kept = _kept(self.mall)
        words: Json = {"category": "shoppingcenter", "display_point": _point(_geometry(self._outline()))}
        if not kept:
            words["address_id"] = self._address()
        owners = [{"external_id": id_, "name": name} for id_, name in sorted(self.reading.owners.items())]
        capsule = {"mall": self.mall.properties, "owners": owners}
        geometry = kept.get("geometry") or _geometry(self._outline())
        self._put("venue", self._id(self.mall), geometry, self._words(self.mall, words, "venue") | {CAPSULE: capsule})

    def _address(self) -> str:
        p = self.mall.properties
        territory = p.get("territory") or ""
        words = {"address": p.get("address") or p.get("name"), "country": territory[:2] or None, CAPSULE: _MADE}
        words["province"] = territory if "-" in territory else None
        return self._made("address", "address", None, words)

    def _building(self) -> str:
        id_ = self._made("building", "building", None, {"category": "unspecified", CAPSULE: _MADE})
        outline = self._outline()
        if outline is not None:
            words = {"category": "ground", "building_ids": [id_], CAPSULE: _MADE}
            self._made("footprint", "footprint", _geometry(outline), words)
        return id_

    def _outline(self) -> BaseGeometry | None:
        levels = [item for item in self.reading.items if item.kind is ItemKind.LEVEL]
        shapes = [shape for item in levels if (shape := check_any(item.geometry)[0]) is not None]
        return shapely.union_all(shapes) if shapes else None

    # One kind of thing each.

    def _level(self, item: Item) -> None:
        p, parts = item.properties, _kept(item).get("parts")
        words = {"category": "unspecified", "outdoor": False, "building_ids": self.building_ids}
        words = self._words(item, words, "level") | {"ordinal": p["ordinal"]}
        if p["short_name"] not in (label(words["short_name"], self.language), _called(item, "short_name")):
            words["short_name"] = {self.language: p["short_name"]}
        if not isinstance(parts, list):
            self._put("level", self._id(item), item.geometry, words | {CAPSULE: _capsule(item)})
            return
        for part in parts:
            is_first = part["id"] == self._id(item)
            capsule = {CAPSULE: _capsule(item, item.geometry)} if is_first else {}
            self._put("level", part["id"], part["geometry"], (words if is_first else part["properties"]) | capsule)
            self.ordinals[part["id"]] = p["ordinal"]

    def _unit(self, item: Item) -> None:
        words = self._words(item, {"display_point": _point(item.geometry)}, "unit")
        if UNIT_CATEGORY.get(str(words["category"]), UnitCategory.OTHER) != item.properties["category"]:
            words["category"] = IMDF_CATEGORY[UnitCategory(item.properties["category"])]
        words["category"] = words["category"] or "unspecified"
        words["level_id"] = self._level_id(words["level_id"], item)
        self._put("unit", self._id(item), item.geometry, words | {CAPSULE: _capsule(item)})

    def _store(self, item: Item) -> None:
        """An occupant, the unit that it has, and the anchor that says so."""
        kept, is_area = _kept(item), item.geometry["type"] != "Point"
        words = self._words(item, {"hours": _hours(item.properties.get("opening_hours", []))}, "occupant")
        words["category"] = item.properties.get("category") or words["category"] or "unspecified"
        room = kept.get("room")
        if isinstance(room, dict) and is_area:
            properties = dict(room["properties"])
            properties["level_id"] = self._level_id(properties.get("level_id"), item)
            self._put(room["feature_type"], room["id"], item.geometry, properties)
        elif not kept:
            words["anchor_id"] = self._room(item, is_area=is_area)
        has_room = is_area and (not kept or isinstance(room, dict))
        capsule = _capsule(item) if has_room else _capsule(item, item.geometry)
        self._put("occupant", self._id(item), None, words | {CAPSULE: capsule})

    def _room(self, item: Item, *, is_area: bool) -> str:
        """A unit for the footprint, a kiosk for a mere point; the id of the anchor in it."""
        name = item.external_id
        inside = item.properties.get("point") or _inside(item.geometry)
        point = {"type": "Point", "coordinates": inside}
        level_id = self._level_id(None, item)
        common = {"level_id": level_id, "display_point": point, CAPSULE: _MADE}
        if is_area:
            unit_id = self._made("unit", f"unit of {name}", item.geometry, common | {"category": "unspecified"})
            return self._made("anchor", f"anchor of {name}", point, {"unit_id": unit_id, CAPSULE: _MADE})
        anchor_id = self._made("anchor", f"anchor of {name}", point, {CAPSULE: _MADE})
        lon, lat = inside
        square = shapely.box(lon - _KIOSK_DEG, lat - _KIOSK_DEG, lon + _KIOSK_DEG, lat + _KIOSK_DEG)
        self._made("kiosk", f"kiosk of {name}", _geometry(square), common | {"anchor_id": anchor_id})
        return anchor_id

    def _zone(self, item: Item) -> None:
        p = item.properties
        type_ = str(_kept(item).get("feature_type", "geofence"))
        geometry, capsule = item.geometry, _capsule(item)
        if "radius_m" in p:
            lon, lat = item.geometry["coordinates"]
            geometry, capsule = _geometry(circle_shape(lon, lat, p["radius_m"])), _capsule(item, item.geometry)
        words: Json = {"category": "geofence", "display_point": _point(geometry)}
        words = self._words(item, words, type_)
        if type_ == "section":
            words["level_id"] = self._level_id(words["level_id"], item)
        else:
            words["level_ids"] = self._level_ids(words["level_ids"], item)
        self._put(type_, self._id(item), geometry, words | {CAPSULE: capsule})

    def _feature(self, item: Item) -> None:
        p = item.properties
        self._put(p["feature_type"], p["external_id"], item.geometry, p.get("properties", {}))

    # What they share.

    def _words(self, item: Item, words: Json, type_: str) -> Json:
        """Every member that the type must have: as it came, else as given, else null; with the name of today."""
        kept = _kept(item).get("properties")
        found = {**dict.fromkeys(REQUIRED.get(type_, ())), **words, **(kept if isinstance(kept, dict) else {})}
        name = item.properties.get("name")
        if name not in (label(found.get("name"), self.language), _called(item, "name")):
            found["name"] = None if name is None else {self.language: name}
        return found

    def _level_id(self, kept: Any, item: Item) -> str | None:
        """The id as it came while it is still that level's, else the one of the ordinal, else that of the lowest."""
        levels = item.properties.get("levels") or [item.properties.get("level")]
        if isinstance(kept, str) and self.ordinals.get(kept) == levels[0]:
            return kept
        return self.levels.get(levels[0], self.levels[min(self.levels)] if self.levels else None)

    def _level_ids(self, kept: Any, item: Item) -> list[str] | None:
        """The ids as they came while they are still those levels; none may have meant all."""
        levels = item.properties.get("levels", [])
        if isinstance(kept, list) and kept and sorted({self.ordinals.get(str(id_), 999) for id_ in kept}) == levels:
            return kept
        if not kept and _kept(item) and levels == sorted(self.levels):
            return kept if isinstance(kept, list) else None
        return [self.levels[n] for n in levels if n in self.levels] or None

    def _id(self, item: Item) -> str:
        """The id that it came with, else its external id if that is a UUID, else one made of it."""
        kept = _kept(item).get("id")
        if isinstance(kept, str):
            return kept
        name = item.external_id
        if item.kind is not ItemKind.LEVEL and name is not None and _is_uuid(name):
            return name
        return self._made_id(item.kind.value, str(item.properties.get("ordinal")) if name is None else name)

    def _made_id(self, kind: str, name: str) -> str:
        return str(derived_id("imdf", self.mall.external_id, kind, name))

    def _made(self, type_: str, name: str, geometry: Any, words: Json) -> str:
        id_ = self._made_id(f"made {type_}", name)
        self._put(type_, id_, geometry, {**dict.fromkeys(REQUIRED[type_]), **words})
        return id_

    def _put(self, type_: str, id_: str, geometry: Any, properties: Json) -> None:
        feature = {"type": "Feature", "feature_type": type_, "id": id_, "geometry": geometry, "properties": properties}
        self.features.setdefault(type_, {}).setdefault(id_, feature)


def _kept(item: Item) -> Json:
    """What an archive said of it, when it came from one."""
    metadata = item.properties.get("metadata")
    found = metadata.get("imdf") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def _called(item: Item, word: str) -> Any:
    """What the reader called something that had no name."""
    called = _kept(item).get("called")
    return called.get(word) if isinstance(called, dict) else None


def _capsule(item: Item, geometry: Any = None) -> Json:
    capsule = standing(item) | {"properties": item.properties}
    return capsule if geometry is None else capsule | {"geometry": geometry}


def _inside(geometry: Json) -> list[float]:
    """[lon, lat] of a point inside a valid geometry."""
    inside = shapely.geometry.shape(geometry).representative_point()
    return [round(inside.x, 9), round(inside.y, 9)]


def _point(geometry: Json | None) -> Json | None:
    """A point inside, for a label."""
    return None if geometry is None else {"type": "Point", "coordinates": _inside(geometry)}


def _geometry(shape: BaseGeometry | None) -> Json | None:
    if shape is None:
        return None
    clean, _ = check_any(to_geojson(shapely.orient_polygons(shape)))
    return None if clean is None else to_geojson(clean)


def _hours(opening_hours: list[Json]) -> str | None:
    """OSM's opening_hours, as IMDF wants them."""
    order = {day: i for i, day in enumerate(DAYS)}
    rules = []
    for hours in opening_hours:
        days = ",".join(day.title()[:2] for day in sorted(hours["days"], key=order.__getitem__))
        rules.append(f"{days} {hours['open']}-{hours['close']}")
    return "; ".join(rules) or None


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False

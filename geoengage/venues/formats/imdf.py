"""IMDF (OGC 20-094) in our words: venue → mall, level → level, unit → unit, occupant → store, geofence, section → zone.

An occupant stands where its anchor says: in a unit or kiosk, which becomes the store's footprint. Everything else, and
an occupant or area whose place nobody knows, is kept verbatim as a feature. What our words do not hold stays under
`metadata.imdf`, so that an export gives it back. An archive of ours carries our own words in `properties.geoengage`;
they count, but for a name or a circle's outline that somebody else changed.
"""

import re
from typing import Any

from geoengage.venues.formats import own
from geoengage.venues.formats.base import Item, Json, Options, Reading, unreadable
from geoengage.venues.formats.imdf_parts import Part, Parts
from geoengage.venues.formats.imdf_words import UNIT_CATEGORY, label
from geoengage.venues.formats.sensitive import sensitivity_of
from geoengage.venues.report import ImportFormat, ItemKind
from geoengage.venues.rules import (
    CIRCLE_MAX_M,
    CIRCLE_MIN_M,
    UnitCategory,
    check_area,
    check_point,
    circle_shape,
    to_geojson,
)

CAPSULE = own.MEMBER
_TERRITORY = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_WORDS = {
    "external_id": "id",
    "name": "properties/name",
    "short_name": "properties/short_name",
    "ordinal": "properties/ordinal",
    "category": "properties/category",
    "level": "properties/level_id",
    "levels": "properties/level_ids",
}


def read(parts: Parts, options: Options) -> Reading:
    """The things of an archive in our words. ItemErrors without a venue: then it is no IMDF."""
    venues = parts.of("venue")
    if not venues:
        raise unreadable("venue.geojson", "#", "an IMDF archive has one feature with feature_type venue")
    for venue in venues[1:]:
        parts.notes.add(venue.file, venue.pointer, "a second venue is left out: an archive has one")
    reading = Reading(ImportFormat.IMDF)
    translation = _Translation(parts, reading)
    translation.venue(venues[0])
    translation.levels()
    reading.items += [*parts.refused, *translation.things()]
    reading.notes = parts.notes.all()
    return reading


class _Translation:
    """What the features of one archive say of each other."""

    def __init__(self, parts: Parts, reading: Reading) -> None:
        self.parts, self.reading = parts, reading
        language = parts.manifest.get("language")
        self.language = language if isinstance(language, str) else "en"
        self.ordinals = {part.id: part.properties.get("ordinal") for part in parts.of("level")}
        self.units, self.anchors = parts.by_id("unit"), parts.by_id("anchor")
        self.kiosk_at = {str(part.properties.get("anchor_id")): part for part in parts.of("kiosk")}
        self.taken: set[str] = set()  # units and kiosks that are the footprints of stores

    def venue(self, part: Part) -> None:
        """The mall; its frame and time zone are not IMDF's business."""
        capsule = part.properties.get(CAPSULE)
        if isinstance(capsule, dict) and isinstance(capsule.get("mall"), dict):
            self.reading.mall = Item(
                ItemKind.MALL, part.file, part.pointer, {**capsule["mall"], **self._name(part)}, words={}
            )
            where = f"{part.pointer}/properties/{CAPSULE}/owners"
            own.read_owners(capsule.get("owners", []), part.file, where, self.reading)
            return
        address = self.parts.by_id("address").get(str(part.properties.get("address_id")))
        properties = {"external_id": part.id, "name": None, **self._name(part), **_address(address)}
        manifest = {k: v for k, v in self.parts.manifest.items() if v is not None}
        properties["metadata"] = _kept(part, geometry=part.geometry, manifest=manifest)
        self.reading.mall = Item(ItemKind.MALL, part.file, part.pointer, properties, part.geometry, words=_WORDS)

    def levels(self) -> None:
        """Levels; those of several buildings at the same height are one level of the mall."""
        by_ordinal: dict[Any, list[Part]] = {}
        for part in self.parts.of("level"):
            ordinal = part.properties.get("ordinal")
            by_ordinal.setdefault(ordinal if isinstance(ordinal, int) else part.id, []).append(part)
        for same in by_ordinal.values():
            self.reading.items.append(self._level(same))

    def _level(self, same: list[Part]) -> Item:
        first = next((part for part in same if CAPSULE in part.properties), same[0])
        item = self._item(ItemKind.LEVEL, first, {"ordinal": first.properties.get("ordinal")})
        if first.properties.get(CAPSULE) is not None:
            return item
        del item.properties["external_id"]  # a level is known by its ordinal
        ordinal, name = first.properties.get("ordinal"), self._name(first).get("name")
        short = label(first.properties.get("short_name"), self.language)
        if short is None:
            item.warn(("properties", "short_name"), f"the level has no short_name: {ordinal} is taken")
        if name is None:
            item.warn(("properties", "name"), "the level has no name: its short name is taken")
        words = {"name": name or f"Level {short or ordinal}", "short_name": (short or str(ordinal))[:20]}
        item.properties |= words
        _remember(item, {"name": name, "short_name": short}, words)
        if len(same) > 1:
            item.properties["metadata"]["imdf"]["parts"] = [
                {"id": p.id, "geometry": p.geometry, "properties": p.properties} for p in same
            ]
            item.geometry = _together(same, item)
        return item

    def things(self) -> list[Item]:
        """Stores first, for they say which units are theirs; then everything else, in the archive's order."""
        items = [item for part in self.parts.of("occupant") if (item := self._store(part)) is not None]
        makers = {"unit": self._unit, "geofence": self._zone, "section": self._zone}
        for part in self.parts.found:
            if part.type in ("venue", "level", "occupant") or part.id in self.taken or _is_made(part):
                continue
            make = makers.get(part.type, self._feature)
            items.append(make(part))
        return items

    def _store(self, part: Part) -> Item | None:
        anchor = self.anchors.get(str(part.properties.get("anchor_id")))
        room = None if anchor is None else self.units.get(str(anchor.properties.get("unit_id")))
        room = room or (None if anchor is None else self.kiosk_at.get(anchor.id))
        if room is not None and room.geometry is None:
            room = None
        where = room or anchor
        if where is None or where.geometry is None:
            item = self._feature(part)
            item.warn((), "no anchor, unit or kiosk says where it is: kept as it is, without becoming a store")
            return item
        item = self._item(
            ItemKind.STORE, part, {"level": self._ordinal(where), "category": part.properties.get("category")}
        )
        item.in_mall = True
        if item.geometry is None:  # not ours, which may know better
            item.geometry = where.geometry
        if room is not None:
            self.taken.add(room.id)
        if part.properties.get(CAPSULE) is None:
            self._placed(item, anchor, room)
        return item

    def _placed(self, item: Item, anchor: Part | None, room: Part | None) -> None:
        """The label's point, and the room as the archive has it."""
        if room is None:
            item.warn((), "its anchor names no unit or kiosk: it is a point, without a footprint")
            return
        item.properties["metadata"]["imdf"]["room"] = {
            "id": room.id, "feature_type": room.type, "properties": room.properties,
        }  # fmt: skip
        if anchor is not None and isinstance(anchor.geometry, dict) and anchor.geometry.get("type") == "Point":
            item.properties["point"] = anchor.geometry.get("coordinates")

    def _unit(self, part: Part) -> Item:
        if part.geometry is None:
            return self._feature(part)
        theirs = part.properties.get("category")
        ours = UNIT_CATEGORY.get(str(theirs))
        item = self._item(ItemKind.UNIT, part, {"level": self._ordinal(part), "category": ours or UnitCategory.OTHER})
        if ours is None:
            item.warn(("properties", "category"), f"IMDF has no unit category {theirs!r}: taken as other")
        return item

    def _zone(self, part: Part) -> Item:
        """A geofence on its levels, a section on its one; without a geometry nothing can be inside it."""
        if part.geometry is None:
            return self._feature(part)
        category = str(part.properties.get("category") or part.type)
        levels, unknown = self._levels_of(part)
        words: Json = {"levels": levels, "name": category}
        sensitivity = sensitivity_of(category)
        if sensitivity != "none":
            words["sensitivity"] = sensitivity
        item = self._item(ItemKind.ZONE, part, words)
        item.in_mall = True
        if part.properties.get(CAPSULE) is not None:
            item.in_mall = False
            return item
        _remember(item, self._name(part), {"name": category})
        if unknown:
            item.warn(("properties", "levels"), f"no level has the id {', '.join(unknown)}")
        if sensitivity != "none":
            told = f"its category {category!r} is sensitive ({sensitivity}): it is counted in anonymous totals only"
            item.warn(("properties", "category"), told)
        return item

    def _levels_of(self, part: Part) -> tuple[list[int], list[str]]:
        """Ordinals, and the ids that are no level's. Neither level_ids nor level_id: all levels."""
        given = part.properties.get("level_ids" if part.type == "geofence" else "level_id")
        ids = [str(id_) for id_ in given] if isinstance(given, list) else [] if given is None else [str(given)]
        wanted = ids or list(self.ordinals)
        known = {n for id_ in wanted if isinstance(n := self.ordinals.get(id_), int)}
        return sorted(known), [id_ for id_ in ids if id_ not in self.ordinals]

    def _feature(self, part: Part) -> Item:
        properties = {
            "external_id": part.id,
            "feature_type": part.type,
            "level": self._ordinal(part),
            "properties": part.properties,
            **self._name(part),
        }
        return Item(ItemKind.FEATURE, part.file, part.pointer, properties, part.geometry, words=_WORDS)

    def _item(self, kind: ItemKind, part: Part, words: Json) -> Item:
        """Our words for a feature: those of its capsule, or the ones given."""
        item = Item(kind, part.file, part.pointer, {}, part.geometry, words=_WORDS)
        capsule = part.properties.get(CAPSULE)
        if not isinstance(capsule, dict) or not isinstance(capsule.get("properties"), dict):
            item.properties = {"external_id": part.id, **words, **self._name(part), "metadata": _kept(part)}
            return item
        item.properties = {**capsule["properties"], **self._name(part)}
        own.apply(capsule, item)
        if "geometry" in capsule:
            item.geometry = capsule["geometry"]
            if _was_redrawn(part, item):
                item.geometry = part.geometry
                del item.properties["radius_m"]
                item.warn(("geometry",), "it was a circle and has been drawn anew: taken as the area that it is now")
        return item

    def _name(self, part: Part) -> Json:
        name = label(part.properties.get("name"), self.language)
        return {} if name is None else {"name": name[:200]}

    def _ordinal(self, part: Part) -> int | None:
        """On which level something is, by itself or by its unit."""
        id_ = part.properties.get("level_id")
        units = part.properties.get("unit_ids") or [part.properties.get("unit_id")]
        if id_ is None and isinstance(units, list) and units and (unit := self.units.get(str(units[0]))):
            id_ = unit.properties.get("level_id")
        ordinal = self.ordinals.get(str(id_))
        return ordinal if isinstance(ordinal, int) else None


def _kept(part: Part, **more: Any) -> Json:
    return {"imdf": {"id": part.id, "feature_type": part.type, "properties": part.properties} | more}


def _remember(item: Item, given: Json, called: Json) -> None:
    """What something is called for want of a name, so that an export does not give it one."""
    if made := {word: text for word, text in called.items() if given.get(word) is None}:
        item.properties["metadata"]["imdf"]["called"] = made


def _is_made(part: Part) -> bool:
    """Whether an export made it only because IMDF wants one."""
    capsule = part.properties.get(CAPSULE)
    return isinstance(capsule, dict) and capsule.get("made") is True


def _address(part: Part | None) -> Json:
    if part is None:
        return {}
    p = part.properties
    town = " ".join(str(word) for word in (p.get("postal_code"), p.get("locality")) if word)
    text = ", ".join(str(word) for word in (p.get("address"), p.get("unit"), town) if word)
    found: Json = {"address": text[:500]} if text else {}
    for word in (p.get("province"), p.get("country")):
        if isinstance(word, str) and _TERRITORY.fullmatch(word):
            return found | {"territory": word}
    return found


def _together(same: list[Part], item: Item) -> Any:
    """One area of several levels; the first alone where one of them is no valid area."""
    shapes = [check_area(part.geometry)[0] for part in same]
    item.warn(("properties", "ordinal"), f"{len(shapes)} levels have this ordinal: here they are one")
    whole = next((shape for shape in shapes if shape is not None), None)
    for shape in shapes:
        if whole is not None and shape is not None:
            whole = whole.union(shape)
    return same[0].geometry if whole is None else to_geojson(whole)


def _was_redrawn(part: Part, item: Item) -> bool:
    """Whether the polygon of a circle is no longer the one that our export drew."""
    radius_m, (center, _) = item.properties.get("radius_m"), check_point(item.geometry)
    if not isinstance(radius_m, int | float) or not CIRCLE_MIN_M <= radius_m <= CIRCLE_MAX_M or center is None:
        return False
    now, _ = check_area(part.geometry)
    return now is not None and not now.equals_exact(circle_shape(center.x, center.y, radius_m), 1e-8)

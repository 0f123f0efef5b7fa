"""A mall as a reading, from which the writers make files: everything of it that an import takes.

Its levels, units, stores and features; its zones, those of its stores, and those outdoors around it that belong to no
store (car park, bus stop); owners of its stores. Names are external ids; a row without one goes by its own id.
"""

import asyncio
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

import shapely

from geoengage.kit.db import Session
from geoengage.kit.geo import METRES_PER_DEG
from geoengage.kit.ids import TenantId
from geoengage.venues import store
from geoengage.venues.formats import Item, Reading, write_imdf, write_own
from geoengage.venues.models import Mall, Store, ZoneVersion
from geoengage.venues.report import ImportFormat, ItemKind
from geoengage.venues.rules import ZoneStatus, far_from, to_geojson, zone_status
from geoengage.venues.service.checks import OUTLINE_REACH_M
from geoengage.venues.store import ZoneAt, whole

Words = dict[str, Any]
Names = Mapping[UUID, str]


class ExportFormat(StrEnum):
    """What a mall is written as: one document of our own format, or an archive (OGC 20-094)."""

    GEOJSON = "geojson"
    IMDF = "imdf"


async def export_venue(session: Session, tenant_id: TenantId, mall: Mall, format_: ExportFormat) -> bytes:
    """The bytes of one mall; the same rows give the same bytes."""
    write = write_imdf.write if format_ is ExportFormat.IMDF else write_own.write
    return await asyncio.to_thread(write, await read_rows(session, tenant_id, mall))


async def read_rows(session: Session, tenant_id: TenantId, mall: Mall) -> Reading:
    """Everything that belongs to a mall."""
    rows = await whole.load(session, tenant_id, mall.id)
    owners = {owner.id: owner for owner in await whole.list_owners(session, tenant_id)}
    named: list[Any] = [mall, *owners.values(), *rows.stores]
    names: dict[UUID, str] = {row.id: _name(row) for row in named}
    reading = Reading(ImportFormat.GEOENGAGE, mall=Item(ItemKind.MALL, "", "#", _mall_words(mall)))
    used = {row.owner_id for row in rows.stores if row.owner_id is not None}
    reading.owners = {names[id_]: owners[id_].name for id_ in used}
    for level in rows.levels:
        words = {"ordinal": level.ordinal, "name": level.name, "short_name": level.short_name}
        reading.items.append(_item(ItemKind.LEVEL, words | _metadata(level), level.geom))
    for unit in rows.units:
        words = {"level": unit.level, "category": unit.category, "name": unit.name}
        reading.items.append(_item(ItemKind.UNIT, {"external_id": _name(unit)} | words | _metadata(unit), unit.geom))
    for row in rows.stores:
        words = _store_words(row, names)
        reading.items.append(_item(ItemKind.STORE, words, row.footprint or row.point))
    for at in await _zones(session, tenant_id, mall, rows):
        reading.items.append(await _zone(session, tenant_id, at, names))
    for feature in rows.features:
        words = {
            name: getattr(feature, name) for name in ("external_id", "feature_type", "level", "name", "properties")
        }
        reading.items.append(_item(ItemKind.FEATURE, words, feature.geom))
    return reading


async def _zones(session: Session, tenant_id: TenantId, mall: Mall, rows: whole.Whole) -> list[ZoneAt]:
    """Zones in the mall, of its stores, and around it of nobody, each once."""
    stores = {row.id for row in rows.stores}
    found = {at.head.id: at for at in rows.zones}
    of_stores = store.Filter(store_ids=stores)
    found |= {at.head.id: at for at in await store.list_zones(session, tenant_id, of_stores) if at.head.mall_id is None}
    outline = shapely.union_all([level.geom for level in rows.levels]) if rows.levels else None
    if outline is not None:
        west, south, east, north = outline.buffer(2 * OUTLINE_REACH_M / METRES_PER_DEG).bounds
        box = store.Filter(boxes=(shapely.box(west, south, east, north),))
        found |= {
            at.head.id: at
            for at in await store.list_zones(session, tenant_id, box)
            if at.head.mall_id is None
            and at.head.store_id is None
            and far_from(at.edit.geom, outline, OUTLINE_REACH_M) is None
        }
    return list(found.values())


def _name(row: Any) -> str:
    return str(row.external_id or row.id)


def _item(kind: ItemKind, words: Words, shape: Any) -> Item:
    geometry = None if shape is None else _plain(to_geojson(shape))
    return Item(kind, "", "#", {name: value for name, value in words.items() if value not in (None, [], {})}, geometry)


def _plain(value: Any) -> Any:
    """Lists instead of tuples, as a reader would find them."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _metadata(row: Any) -> Words:
    return {"metadata": row.extra}


def _mall_words(mall: Mall) -> Words:
    names = ("name", "address", "timezone", "territory", "bearing_deg")
    words = {name: value for name in names if (value := getattr(mall, name)) is not None}
    words |= {"external_id": _name(mall), "origin": [mall.origin_lon, mall.origin_lat]}
    return words | ({"metadata": mall.extra} if mall.extra else {})


def _store_words(row: Store, names: Names) -> Words:
    kept = ("name", "level", "address", "category", "brand_color", "timezone", "opening_hours")
    words = {name: getattr(row, name) for name in kept} | {"external_id": _name(row)} | _metadata(row)
    words |= _references(row, names, "mall", "owner")
    if row.footprint is not None and row.point != row.footprint.representative_point():
        words["point"] = [row.point.x, row.point.y]
    return words


def _references(row: Any, names: Names, *members: str) -> Words:
    """References by name; what lies outside of this mall goes by its id."""
    found: Iterator[tuple[str, UUID | None]] = ((member, getattr(row, f"{member}_id")) for member in members)
    return {f"{member}_external_id": names.get(id_, str(id_)) for member, id_ in found if id_ is not None}


async def _zone(session: Session, tenant_id: TenantId, at: ZoneAt, names: Names) -> Item:
    head, edit = at
    item = _item(
        ItemKind.ZONE, _zone_words(edit, _name(head), names), edit.geom if edit.center is None else edit.center
    )
    status = zone_status(head.version, head.published_version)
    item.is_draft = status is ZoneStatus.DRAFT
    if status is ZoneStatus.CHANGED and head.published_version is not None:
        old = await store.get_version(session, tenant_id, head.id, head.published_version)
        shape = old.geom if old.center is None else old.center
        published = _item(ItemKind.ZONE, _zone_words(old, _name(head), names), shape)
        item.in_force = {"geometry": published.geometry, "properties": published.properties}
    return item


def _zone_words(edit: ZoneVersion, name: str, names: Names) -> Words:
    kept = ("name", "kind", "levels", "radius_m", "tags", "sensitivity", "color", "schedule", "rules")
    words = {word: getattr(edit, word) for word in kept} | {"external_id": name, "metadata": edit.extra}
    return words | _references(edit, names, "mall", "store")

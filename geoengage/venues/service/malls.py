"""Malls with their levels and units. Frames, outlines, floors and connectors are what presence reads of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import shapely

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.venues import store
from geoengage.venues.models import Level, Mall, Unit
from geoengage.venues.rules import CONNECTORS, UnitCategory, VenueChanged, far_from
from geoengage.venues.service.checks import (
    ORIGIN_REACH_M,
    announce,
    check_in_mall,
    check_near_origin,
    item,
    mall_changed,
    raise_if_any,
)
from geoengage.venues.shapes import LevelIn, MallIn, UnitIn


def mall_columns(mall: MallIn) -> dict[str, Any]:
    """The columns of a mall's row."""
    return {
        **mall.model_dump(exclude={"origin", "bearing_deg", "metadata"}),
        "extra": mall.metadata,
        "origin_lon": mall.origin[0],
        "origin_lat": mall.origin[1],
        "bearing_deg": mall.bearing_deg % 360,
    }


async def create_mall(session: Session, tenant_id: TenantId, id_: UUID, mall: MallIn) -> Mall:
    """A new mall; nothing matches in it yet."""
    row = Mall(id=id_, **mall_columns(mall))
    await store.insert_row(session, tenant_id, row)
    return row


async def edit_mall(session: Session, tenant_id: TenantId, row: Mall, mall: MallIn, now: datetime) -> None:
    """Change a locked mall. Its time zone moves schedules, its frame moves distances."""
    columns = mall_columns(mall)
    matters = ("timezone", "origin_lon", "origin_lat", "bearing_deg")
    changed = any(getattr(row, name) != columns[name] for name in matters)
    outline = (await store.mall_outlines(session, tenant_id, row.id)).get(row.id)
    if outline is not None and (flaw := far_from(shapely.Point(mall.origin), outline, ORIGIN_REACH_M)):
        raise errors.ItemErrors([item(("origin",), flaw.detail)])
    await store.update_row(session, tenant_id, row, columns, now)
    await announce(session, tenant_id, [mall_changed(row.id)] if changed else [], now)


async def delete_mall(session: Session, tenant_id: TenantId, row: Mall, now: datetime) -> None:
    """Delete a locked mall with its levels, units and evidence points; Conflict while it has zones or stores."""
    if await store.has_zones(session, tenant_id, mall_id=row.id):
        raise errors.Conflict("the mall still has zones; delete them first")
    await store.forget_mall(session, tenant_id, row.id)
    await store.delete_row(session, tenant_id, row, "the mall still has stores; delete or move them first")
    await announce(session, tenant_id, [mall_changed(row.id)], now)


# --- levels ---------------------------------------------------------------------------------------------------------


def _check_path(mall: Mall, mall_id: UUID | None) -> None:
    if mall_id is not None and mall_id != mall.id:
        raise errors.ItemErrors([item(("properties", "mall_id"), "it is another mall than the one of the path")])


def level_columns(mall: Mall, level: LevelIn) -> dict[str, Any]:
    """The columns of a level's row; ItemErrors when it is not at the mall."""
    _check_path(mall, level.properties.mall_id)
    raise_if_any(check_near_origin(mall, level.geometry))
    p = level.properties
    return {"geom": level.geometry, "extra": p.metadata, **p.model_dump(exclude={"mall_id", "metadata"})}


async def create_level(
    session: Session, tenant_id: TenantId, mall: Mall, id_: UUID, level: LevelIn, now: datetime
) -> Level:
    """A new level; Conflict when the mall has that ordinal already."""
    row = Level(id=id_, mall_id=mall.id, **level_columns(mall, level))
    await store.insert_row(session, tenant_id, row)
    await announce(session, tenant_id, [mall_changed(mall.id)], now)
    return row


async def edit_level(
    session: Session, tenant_id: TenantId, mall: Mall, row: Level, level: LevelIn, now: datetime
) -> None:
    """Change a locked level; Conflict when it takes another ordinal while something stands on it."""
    columns = level_columns(mall, level)
    if columns["ordinal"] != row.ordinal:
        await _refuse_if_used(session, tenant_id, row)
    changed = columns["ordinal"] != row.ordinal or not columns["geom"].equals(row.geom)
    await store.update_row(session, tenant_id, row, columns, now)
    await announce(session, tenant_id, [mall_changed(mall.id)] if changed else [], now)


async def delete_level(session: Session, tenant_id: TenantId, row: Level, now: datetime) -> None:
    """Delete a locked level; Conflict while something stands on it."""
    await _refuse_if_used(session, tenant_id, row)
    await store.delete_row(session, tenant_id, row, "something still stands on the level")
    await announce(session, tenant_id, [mall_changed(row.mall_id)], now)


async def _refuse_if_used(session: Session, tenant_id: TenantId, row: Level) -> None:
    if await store.is_level_used(session, tenant_id, row.mall_id, row.ordinal):
        raise errors.Conflict(
            f"units, stores, zones or evidence points stand on level {row.ordinal}; move or delete them first"
        )


# --- units ----------------------------------------------------------------------------------------------------------


async def unit_columns(session: Session, tenant_id: TenantId, mall: Mall, unit: UnitIn) -> dict[str, Any]:
    """The columns of a unit's row; ItemErrors when it does not fit into the mall."""
    _check_path(mall, unit.properties.mall_id)
    items = await check_in_mall(session, tenant_id, mall.id, [unit.geometry], {"level": unit.properties.level})
    raise_if_any(items)
    return unit_fields(unit)


def unit_fields(unit: UnitIn) -> dict[str, Any]:
    """The columns that a unit fills, wherever it is."""
    p = unit.properties
    return {"geom": unit.geometry, "extra": p.metadata, **p.model_dump(exclude={"mall_id", "metadata"})}


async def create_unit(
    session: Session, tenant_id: TenantId, mall: Mall, id_: UUID, unit: UnitIn, now: datetime
) -> Unit:
    """A new unit; only lifts, escalators and stairs matter to matching."""
    row = Unit(id=id_, mall_id=mall.id, **await unit_columns(session, tenant_id, mall, unit))
    await store.insert_row(session, tenant_id, row)
    await announce(session, tenant_id, connector_change(mall.id, row.category), now)
    return row


async def edit_unit(session: Session, tenant_id: TenantId, mall: Mall, row: Unit, unit: UnitIn, now: datetime) -> None:
    """Change a locked unit."""
    columns = await unit_columns(session, tenant_id, mall, unit)
    before = row.category
    await store.update_row(session, tenant_id, row, columns, now)
    await announce(session, tenant_id, connector_change(mall.id, before, row.category), now)


async def delete_unit(session: Session, tenant_id: TenantId, row: Unit, now: datetime) -> None:
    """Delete a locked unit."""
    await store.delete_row(session, tenant_id, row, "something still refers to the unit")
    await announce(session, tenant_id, connector_change(row.mall_id, row.category), now)


def connector_change(mall_id: UUID, *categories: str) -> list[VenueChanged]:
    """The change that a unit's coming, going or editing means for matching; `categories` before and after."""
    return [mall_changed(mall_id)] if any(UnitCategory(c) in CONNECTORS for c in categories) else []

"""Stores. Matching reads nothing of a store but its time zone, for the schedules of its outdoor zones."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shapely.geometry import Point

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.venues import store
from geoengage.venues.models import Store
from geoengage.venues.service.checks import announce, check_in_mall, check_outdoor, item, mall_changed, raise_if_any
from geoengage.venues.shapes import StoreIn


def bare_columns(given: StoreIn) -> dict[str, Any]:
    """The columns of a store's row. Check it (`check_store`) before it is stored."""
    properties, shape = given.properties, given.geometry
    footprint = None if shape.geom_type == "Point" else shape
    point = shape if footprint is None else footprint.representative_point()
    if properties.point is not None:
        point = Point(properties.point)
    columns = properties.model_dump(exclude={"point", "metadata"})
    columns["opening_hours"] = [hours.model_dump(mode="json") for hours in properties.opening_hours]
    return columns | {"extra": properties.metadata, "footprint": footprint, "point": point}


async def check_store(session: Session, tenant_id: TenantId, given: StoreIn, columns: dict[str, Any]) -> None:
    """Raise ItemErrors when it does not fit into what the tenant has."""
    properties, footprint, point = given.properties, columns["footprint"], columns["point"]
    items = []
    if properties.owner_id is not None and not await store.owner_exists(session, tenant_id, properties.owner_id):
        items.append(item(("properties", "owner_id"), "there is no such owner"))
    if properties.mall_id is None:
        items += await check_outdoor(session, tenant_id, footprint or point)
    else:
        levels = {} if properties.level is None else {"level": properties.level}
        items += await check_in_mall(session, tenant_id, properties.mall_id, [footprint or point, point], levels)
    raise_if_any(items)


async def store_columns(session: Session, tenant_id: TenantId, given: StoreIn) -> dict[str, Any]:
    """The columns of a store's row; ItemErrors when it does not fit into what the tenant has."""
    columns = bare_columns(given)
    await check_store(session, tenant_id, given, columns)
    return columns


async def create_store(session: Session, tenant_id: TenantId, id_: UUID, given: StoreIn) -> Store:
    """A new store."""
    row = Store(id=id_, **await store_columns(session, tenant_id, given))
    await store.insert_row(session, tenant_id, row)
    return row


async def edit_store(session: Session, tenant_id: TenantId, row: Store, given: StoreIn, now: datetime) -> None:
    """Change a locked store."""
    columns = await store_columns(session, tenant_id, given)
    moved_in_time = columns["timezone"] != row.timezone
    await store.update_row(session, tenant_id, row, columns, now)
    await announce(session, tenant_id, [mall_changed(row.mall_id)] if moved_in_time else [], now)


async def delete_store(session: Session, tenant_id: TenantId, row: Store) -> None:
    """Delete a locked store; Conflict while zones, campaigns or evidence points are its own."""
    if await store.has_zones(session, tenant_id, store_id=row.id):
        raise errors.Conflict("the store still has zones; delete them or give them to another store first")
    await store.forget_store(session, tenant_id, row.id)
    await store.delete_row(
        session, tenant_id, row, "the store still has campaigns or evidence points; delete them first"
    )

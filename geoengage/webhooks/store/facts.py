"""SQL of what an event says besides its payload: the name and store of a zone, the person behind a device."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.webhooks.rules import Place


async def describe_places(session: Session, tenant_id: TenantId, zone_ids: Collection[UUID]) -> dict[UUID, Place]:
    """Name, store and mall of zones, as of their published or newest version."""
    rows = await session.execute(
        text(
            "SELECT z.id, v.name, z.store_id, z.mall_id FROM zone z JOIN zone_version v ON"
            " v.tenant_id = z.tenant_id AND v.zone_id = z.id AND v.version = coalesce(z.published_version, z.version)"
            " WHERE z.tenant_id = :tenant_id AND z.id = ANY(:ids)"
        ),
        {"tenant_id": tenant_id, "ids": list(zone_ids)},
    )
    return {row[0]: Place(*row[1:]) for row in rows}


async def describe_devices(
    session: Session, tenant_id: TenantId, device_ids: Collection[UUID]
) -> dict[UUID, tuple[str | None, bool]]:
    """The `external_id` of who is logged in on devices (None: nobody), and whether they are test devices."""
    rows: Any = await session.execute(
        text(
            "SELECT d.id, p.external_id, d.is_test FROM device d LEFT JOIN profile p"
            " ON p.tenant_id = d.tenant_id AND p.id = d.profile_id"
            " WHERE d.tenant_id = :tenant_id AND d.id = ANY(:ids)"
        ),
        {"tenant_id": tenant_id, "ids": list(device_ids)},
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def list_missing_stores(session: Session, tenant_id: TenantId, store_ids: Collection[UUID]) -> set[UUID]:
    """Those of these ids that are no stores of the tenant."""
    rows = await session.execute(
        text("SELECT id FROM store WHERE tenant_id = :tenant_id AND id = ANY(:ids)"),
        {"tenant_id": tenant_id, "ids": list(store_ids)},
    )
    return set(store_ids) - set(rows.scalars())


async def find_position_at(session: Session, tenant_id: TenantId, since: datetime) -> int | None:
    """The first ledger position that was recorded at or after a moment; None when there is none."""
    row = await session.execute(
        text("SELECT min(position) FROM ledger WHERE tenant_id = :tenant_id AND recorded_at >= :since"),
        {"tenant_id": tenant_id, "since": since},
    )
    found = row.scalar()
    return None if found is None else int(found)

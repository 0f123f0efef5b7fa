"""SQL behind the live page: names for events, positions of a level, who is inside. Reads lower domains only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session, row_dict
from geoengage.kit.ids import TenantId


async def describe_zones(
    session: Session, tenant_id: TenantId, zone_ids: Collection[UUID]
) -> dict[UUID, dict[str, Any]]:
    """Name, floors, mall and store of zones, as of their published or newest version."""
    rows = await session.execute(
        text(
            "SELECT z.id, z.mall_id, z.store_id, v.name, v.levels FROM zone z JOIN zone_version v ON"
            " v.tenant_id = z.tenant_id AND v.zone_id = z.id AND v.version = coalesce(z.published_version, z.version)"
            " WHERE z.tenant_id = :tenant_id AND z.id = ANY(:ids)"
        ),
        {"tenant_id": tenant_id, "ids": list(zone_ids)},
    )
    return {row.id: row_dict(row) for row in rows}


async def describe_campaigns(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> dict[UUID, str]:
    """Names of campaigns."""
    rows = await session.execute(
        text("SELECT id, name FROM campaign WHERE tenant_id = :tenant_id AND id = ANY(:ids)"),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )
    return {row.id: row.name for row in rows}


async def describe_stores(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """Names and brand colours of stores."""
    rows = await session.execute(
        text("SELECT id, name, brand_color FROM store WHERE tenant_id = :tenant_id AND id = ANY(:ids)"),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )
    return {row.id: row_dict(row) for row in rows}


@dataclass(frozen=True, slots=True)
class LivePosition:
    """Where a device was heard last. lon, lat degrees; `level` reported or believed."""

    device_id: UUID
    lon: float
    lat: float
    accuracy_m: float
    level: int
    is_test: bool


async def list_positions(
    session: Session, tenant_id: TenantId, mall_id: UUID, level: int, since: datetime
) -> list[LivePosition]:
    """Devices heard since a moment inside the box of a mall and on one level; unknown floors count as the ground floor.

    Reads all states of the tenant: there is no index on the hot table on purpose, and this runs once a second per level
    that somebody watches.
    """
    rows = await session.execute(
        text(
            "WITH box AS (SELECT ST_Expand(ST_SetSRID(ST_Extent(geom)::geometry, 4326), 0.0005) AS b FROM level"
            " WHERE tenant_id = :tenant_id AND mall_id = :mall_id)"
            " SELECT s.device_id, s.lon, s.lat, s.accuracy_m, coalesce(s.level, 0), d.is_test"
            " FROM device_state s JOIN device d ON d.tenant_id = s.tenant_id AND d.id = s.device_id, box"
            " WHERE s.tenant_id = :tenant_id AND s.last_at > :since AND coalesce(s.level, 0) = :level"
            " AND d.location = 'granted'"
            " AND ST_Intersects(box.b, ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326)) ORDER BY s.device_id"
        ),
        {"tenant_id": tenant_id, "mall_id": mall_id, "level": level, "since": since},
    )
    return [LivePosition(*row) for row in rows]


async def mall_exists(session: Session, tenant_id: TenantId, mall_id: UUID) -> bool:
    """Whether the tenant has this mall."""
    row = await session.execute(
        text("SELECT 1 FROM mall WHERE tenant_id = :tenant_id AND id = :mall_id"),
        {"tenant_id": tenant_id, "mall_id": mall_id},
    )
    return row.scalar() is not None


async def count_inside(session: Session, tenant_id: TenantId, mall_id: UUID | None) -> dict[UUID, int]:
    """How many devices are inside each published zone of a mall (None: of the tenant), zeros included."""
    rows = await session.execute(
        text(
            "SELECT z.id, count(o.device_id) FROM zone z LEFT JOIN zone_occupant o"
            " ON o.tenant_id = z.tenant_id AND o.zone_id = z.id WHERE z.tenant_id = :tenant_id"
            " AND z.published_version IS NOT NULL AND z.deleted_at IS NULL"
            " AND (CAST(:mall_id AS uuid) IS NULL OR z.mall_id = :mall_id) GROUP BY z.id"
        ),
        {"tenant_id": tenant_id, "mall_id": mall_id},
    )
    return {row[0]: row[1] for row in rows}

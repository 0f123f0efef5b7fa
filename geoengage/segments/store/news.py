"""SQL of whom news is about: from ids, devices and events to profiles as they are now."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId

_OWNERS = """
SELECT 0, i.id, i.profile_id FROM identifier i
WHERE i.tenant_id = :tenant_id AND i.id = ANY(CAST(:identifiers AS uuid[]))
UNION ALL SELECT 1, d.id, d.profile_id FROM device d
WHERE d.tenant_id = :tenant_id AND d.id = ANY(CAST(:devices AS uuid[])) AND d.profile_id IS NOT NULL
UNION ALL SELECT 2, e.id, i.profile_id FROM event e
JOIN identifier i ON i.tenant_id = e.tenant_id AND i.id = e.identifier_id
WHERE e.tenant_id = :tenant_id AND e.id = ANY(CAST(:events AS uuid[]))
"""


async def list_owners(
    session: Session,
    tenant_id: TenantId,
    *,
    identifiers: Collection[UUID],
    devices: Collection[UUID],
    events: Collection[UUID],
) -> dict[UUID, UUID]:
    """Whose these are: id → profile. What is nobody's is left out."""
    if not (identifiers or devices or events):
        return {}
    asked = {
        "tenant_id": tenant_id,
        "identifiers": pgarrays.uuids(identifiers),
        "devices": pgarrays.uuids(devices),
        "events": pgarrays.uuids(events),
    }
    return {row[1]: row[2] for row in (await send(session, _OWNERS, asked)).rows}


async def take_moved(session: Session, tenant_id: TenantId, now: datetime) -> set[UUID]:
    """People whose phone's position is newer than the last look; notes that it was looked now."""
    row = await session.execute(
        text("SELECT until FROM segment_sweep WHERE tenant_id = :tenant_id FOR UPDATE"), {"tenant_id": tenant_id}
    )
    until = row.scalar()
    moved = await session.execute(
        text(
            "SELECT DISTINCT d.profile_id FROM device_state s"
            " JOIN device d ON d.tenant_id = s.tenant_id AND d.id = s.device_id"
            " WHERE s.tenant_id = :tenant_id AND d.profile_id IS NOT NULL"
            " AND (CAST(:until AS timestamptz) IS NULL"
            " OR s.settled_at > CAST(:until AS timestamptz) - interval '5 min')"
        ),
        {"tenant_id": tenant_id, "until": until},
    )
    await session.execute(
        text(
            "INSERT INTO segment_sweep (tenant_id, until) VALUES (:tenant_id, :now)"
            " ON CONFLICT (tenant_id) DO UPDATE SET until = excluded.until"
        ),
        {"tenant_id": tenant_id, "now": now},
    )
    return set(moved.scalars())


async def tenants_to_sweep(session: Session, before: datetime) -> list[TenantId]:
    """Tenants with a segment that asks for last known places and not looked through since (cross-tenant: worker)."""
    found = await send(
        session,
        "SELECT DISTINCT s.tenant_id FROM segment s LEFT JOIN segment_sweep w ON w.tenant_id = s.tenant_id"
        " WHERE jsonb_path_exists(s.live_definition, '$.** ? (@.of == \"last_known\")')"
        " AND (w.until IS NULL OR w.until < :before)",
        {"before": before},
    )
    return [TenantId(id_) for (id_,) in found.rows]

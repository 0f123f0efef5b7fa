"""SQL of ingest: scanners, and what phones were told to monitor."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from geoengage.ingest.models import Scanner, ToldRegions
from geoengage.ingest.rules.regions import Told
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


async def find_told(session: Session, tenant_id: TenantId, device_id: UUID) -> Told | None:
    """What a phone was told to monitor; None: it has no regions of ours."""
    query = select(ToldRegions).where(ToldRegions.tenant_id == tenant_id, ToldRegions.device_id == device_id)
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        return None
    zones = {UUID(zone_id): digest for zone_id, digest in row.zones.items()}
    return Told(row.client, zones, row.epoch, row.lon, row.lat, row.radius_m, row.told_at, row.asked_at)


async def put_told(session: Session, tenant_id: TenantId, device_id: UUID, told: Told) -> None:
    """Remember what a phone is told; of two at once the later counts."""
    values = {
        "client": told.client,
        "zones": {str(zone_id): digest for zone_id, digest in told.zones.items()},
        "epoch": told.epoch,
        "lon": told.lon,
        "lat": told.lat,
        "radius_m": told.radius_m,
        "told_at": told.told_at,
        "asked_at": told.asked_at,
    }
    key = {"tenant_id": tenant_id, "device_id": device_id}
    await session.execute(
        insert(ToldRegions)
        .values(**key, **values)
        .on_conflict_do_update(index_elements=["tenant_id", "device_id"], set_=values)
    )


async def forget_told(session: Session, tenant_id: TenantId, device_id: UUID) -> None:
    """The phone has no regions of ours any more."""
    await session.execute(
        delete(ToldRegions).where(ToldRegions.tenant_id == tenant_id, ToldRegions.device_id == device_id)
    )


async def withdraw_told(session: Session, tenant_id: TenantId, device_ids: Collection[UUID]) -> None:
    """Forget where phones without location consent were told something; that they have regions is kept."""
    await session.execute(
        text(
            "UPDATE told_regions t SET zones = '{}', lon = NULL, lat = NULL, radius_m = NULL, asked_at = NULL"
            " FROM device d WHERE t.tenant_id = :tenant_id AND t.device_id = ANY(CAST(:ids AS uuid[]))"
            " AND d.tenant_id = t.tenant_id AND d.id = t.device_id AND d.location <> 'granted'"
        ),
        {"tenant_id": tenant_id, "ids": list(device_ids)},
    )


# --- scanners -----------------------------------------------------------------------------------------------------


async def find_scanner(session: Session, scanner_id: UUID) -> Scanner | None:
    """A scanner by what Cisco's cloud knows of us, its URL (cross-tenant: the URL names no tenant)."""
    return (await session.execute(select(Scanner).where(Scanner.id == scanner_id))).scalar_one_or_none()


async def get_scanner(session: Session, tenant_id: TenantId, scanner_id: UUID, *, lock: bool = False) -> Scanner:
    """A scanner of the tenant; NotFound also when it is another's. `lock` takes FOR NO KEY UPDATE."""
    query = select(Scanner).where(Scanner.tenant_id == tenant_id, Scanner.id == scanner_id)
    row = (await session.execute(query.with_for_update(key_share=True) if lock else query)).scalar_one_or_none()
    if row is None:
        raise errors.NotFound(f"there is no scanner {scanner_id}")
    return row


async def list_scanners(session: Session, tenant_id: TenantId, after: UUID | None, limit: int) -> Sequence[Scanner]:
    """Scanners in id order, above `after`."""
    query = select(Scanner).where(Scanner.tenant_id == tenant_id)
    if after is not None:
        query = query.where(Scanner.id > after)
    return (await session.execute(query.order_by(Scanner.id).limit(limit))).scalars().all()


async def insert_scanner(session: Session, tenant_id: TenantId, row: Scanner) -> None:
    """Store a new scanner; its columns with defaults are filled in."""
    row.tenant_id = tenant_id
    session.add(row)
    await session.flush()
    await session.refresh(row)


async def update_scanner(
    session: Session, tenant_id: TenantId, row: Scanner, changes: Mapping[str, Any], now: datetime
) -> None:
    """Set columns of a locked scanner of the tenant and raise its version."""
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
    await session.flush()


async def delete_scanner(session: Session, tenant_id: TenantId, row: Scanner) -> None:
    """Remove a scanner of the tenant."""
    await session.delete(row)
    await session.flush()

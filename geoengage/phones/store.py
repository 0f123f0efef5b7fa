"""SQL of connected phones: which devices the console made, and what has happened to one of them.

A device counts as connected from the console by the audit trail: whatever is shown of a phone here may be shown of no
other. Coordinates stay in here.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.phones.rules.places import CIRCLE_ID, MAIN_ENTRANCE
from geoengage.venues.models import Mall, Unit
from geoengage.venues.store import list_malls, list_units, mall_outlines

CONNECTED, REMOVED = "phone.connect", "phone.remove"


@dataclass(frozen=True, slots=True)
class Position:
    """The newest position, without saying where: how sure, on which level, how far from the nearest mall's outline."""

    at: datetime
    accuracy_m: float
    level: int | None
    nearest_mall_m: float | None


@dataclass(frozen=True, slots=True)
class LastMessage:
    """The newest message to a device."""

    id: UUID
    at: datetime
    status: str
    reason: str | None
    title: str


async def check_connected(session: Session, tenant_id: TenantId, device_id: UUID) -> None:
    """Raise NotFound unless the console made this device and has not removed it."""
    rows = await session.execute(
        text(
            "SELECT action FROM audit_entry WHERE tenant_id = :tenant_id AND subject = :subject"
            " AND action IN ('phone.connect', 'phone.remove') ORDER BY id DESC LIMIT 1"
        ),
        {"tenant_id": tenant_id, "subject": str(device_id)},
    )
    if rows.scalar_one_or_none() != CONNECTED:
        raise errors.NotFound(f"no phone {device_id} was connected from the console")


async def find_consent_time(session: Session, tenant_id: TenantId, device_id: UUID) -> datetime | None:
    """When location was last decided on."""
    rows = await session.execute(
        text(
            "SELECT max(at) FROM consent_entry"
            " WHERE tenant_id = :tenant_id AND device_id = :device_id AND kind = 'location'"
        ),
        {"tenant_id": tenant_id, "device_id": device_id},
    )
    found: datetime | None = rows.scalar_one()
    return found


async def find_position(session: Session, tenant_id: TenantId, device_id: UUID) -> Position | None:
    """The newest position that is known; None before the first."""
    rows = await session.execute(
        text(
            "WITH here AS ("
            "  SELECT last_at, accuracy_m, level, ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography AS spot"
            "  FROM device_state WHERE tenant_id = :tenant_id AND device_id = :device_id"
            "), places AS ("
            "  SELECT geom::geography AS place FROM level WHERE tenant_id = :tenant_id UNION ALL"
            "  SELECT ST_SetSRID(ST_MakePoint(origin_lon, origin_lat), 4326)::geography"
            "  FROM mall WHERE tenant_id = :tenant_id"
            ") SELECT last_at, accuracy_m, level, (SELECT min(ST_Distance(spot, place)) FROM places) FROM here"
        ),
        {"tenant_id": tenant_id, "device_id": device_id},
    )
    row = rows.one_or_none()
    return None if row is None else Position(*row)


async def find_open_zone(session: Session, tenant_id: TenantId, device_id: UUID) -> tuple[str, datetime] | None:
    """Name of the zone that the device entered last and is still in, and since when."""
    rows = await session.execute(
        text(
            "SELECT z.name, v.entered_at FROM visit v JOIN zone_version z"
            " ON z.tenant_id = v.tenant_id AND z.zone_id = v.zone_id AND z.version = v.zone_version"
            " WHERE v.tenant_id = :tenant_id AND v.device_id = :device_id AND v.exited_at IS NULL"
            " ORDER BY v.id DESC LIMIT 1"
        ),
        {"tenant_id": tenant_id, "device_id": device_id},
    )
    row = rows.one_or_none()
    return None if row is None else (row[0], row[1])


async def find_last_message(session: Session, tenant_id: TenantId, device_id: UUID) -> LastMessage | None:
    """The newest message to the device, sent or held back."""
    rows = await session.execute(
        text(
            "SELECT id, coalesce(sent_at, created_at), status, reason, title FROM message"
            " WHERE tenant_id = :tenant_id AND device_id = :device_id ORDER BY id DESC LIMIT 1"
        ),
        {"tenant_id": tenant_id, "device_id": device_id},
    )
    row = rows.one_or_none()
    return None if row is None else LastMessage(*row)


async def find_entrance(session: Session, tenant_id: TenantId) -> tuple[Mall, BaseGeometry, BaseGeometry] | None:
    """The tenant's first mall that has a floor and an entrance: the mall, its outline, the main entrance (lon/lat)."""
    outlines = await mall_outlines(session, tenant_id)
    for mall in await list_malls(session, tenant_id):
        units = await list_units(session, tenant_id, mall.id)
        doors: list[Unit] = [unit for unit in units if unit.category == "entrance"]
        if doors and mall.id in outlines:
            main = next((door for door in doors if door.name == MAIN_ENTRANCE), doors[0])
            return mall, outlines[mall.id], main.geom
    return None


async def find_circle(session: Session, tenant_id: TenantId) -> tuple[float, float] | None:
    """lon, lat of the middle of the demo's welcome circle; None where there is none, or it is not published."""
    rows = await session.execute(
        text(
            "SELECT ST_X(ST_Centroid(v.geom)), ST_Y(ST_Centroid(v.geom)) FROM zone z JOIN zone_version v"
            " ON v.tenant_id = z.tenant_id AND v.zone_id = z.id AND v.version = z.published_version"
            " WHERE z.tenant_id = :tenant_id AND z.external_id = :external_id AND z.deleted_at IS NULL"
        ),
        {"tenant_id": tenant_id, "external_id": CIRCLE_ID},
    )
    row = rows.one_or_none()
    return None if row is None else (row[0], row[1])

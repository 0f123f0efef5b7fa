"""What decides how a phone should report: its consent, its permission, where it was last. Takes no lock."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


@dataclass(frozen=True, slots=True)
class Reporting:
    """A phone as it reports. The position (degrees) is None before the first one, and without consent."""

    may_locate: bool
    permission: str
    lon: float | None
    lat: float | None
    last_at: datetime | None


async def find_reporting(session: Session, tenant_id: TenantId, device_id: UUID, token_version: int) -> Reporting:
    """A phone by its token; Unauthenticated when the token is not of the current version."""
    rows = await session.execute(
        text(
            "SELECT d.location = 'granted', d.permission, s.lon, s.lat, s.last_at FROM device d"
            " LEFT JOIN device_state s ON s.tenant_id = d.tenant_id AND s.device_id = d.id AND d.location = 'granted'"
            " WHERE d.tenant_id = :tenant_id AND d.id = :device_id AND d.token_version = :version"
        ),
        {"tenant_id": tenant_id, "device_id": device_id, "version": token_version},
    )
    row = rows.one_or_none()
    if row is None:
        raise errors.Unauthenticated("this device token was revoked; register the device again")
    return Reporting(*row)

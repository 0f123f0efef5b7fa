"""SQL of refused events: that they came and why they were refused, nothing of what they said about anybody."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, text

from geoengage.ingest.models import EventRejection
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id


async def insert_rejections(
    session: Session,
    tenant_id: TenantId,
    key_id: UUID,
    rejections: Sequence[tuple[str, str | None, str | None, str | None]],
    *,
    is_kept: bool,
    now: datetime,
) -> None:
    """Note refused events: (reason, type, name, messageId) each. `is_kept`: they are stored, and had no effect."""
    if not rejections:
        return
    rows = [
        {
            "tenant_id": tenant_id,
            "id": new_id(now),
            "received_at": now,
            "key_id": key_id,
            "reason": reason,
            "is_kept": is_kept,
            "type": kind,
            "name": name,
            "message_id": message_id,
        }
        for reason, kind, name, message_id in rejections
    ]
    await session.execute(insert(EventRejection), rows)


async def list_rejections(
    session: Session, tenant_id: TenantId, reason: str | None, before: UUID | None, limit: int
) -> Sequence[EventRejection]:
    """Refused events, the latest first, below the id `before`."""
    query = select(EventRejection).where(EventRejection.tenant_id == tenant_id)
    if reason is not None:
        query = query.where(EventRejection.reason == reason)
    if before is not None:
        query = query.where(EventRejection.id < before)
    return (await session.execute(query.order_by(EventRejection.id.desc()).limit(limit))).scalars().all()


async def delete_old_rejections(session: Session, before: datetime) -> None:
    """Forget what was refused before that moment (cross-tenant: upkeep)."""
    await session.execute(text("DELETE FROM event_rejection WHERE received_at < :before"), {"before": before})

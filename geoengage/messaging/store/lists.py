"""SQL of messages as their readers see them: receipts and lists."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, column, select, table, text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.messaging.models import Message
from geoengage.venues.models import Store, ZoneVersion

# Campaigns lie above messaging, so their model cannot be imported; a name is all that is read of them.
_campaign = table("campaign", column("tenant_id"), column("id"), column("name"))


async def lock_message(session: Session, tenant_id: TenantId, message_id: UUID) -> Message | None:
    """A message, locked FOR NO KEY UPDATE; None when the tenant has no such message."""
    query = select(Message).where(Message.tenant_id == tenant_id, Message.id == message_id)
    return (await session.execute(query.with_for_update(key_share=True))).scalar_one_or_none()


async def insert_receipt(
    session: Session, tenant_id: TenantId, receipt_id: UUID, message: Message, kind: str, at: datetime
) -> bool:
    """Store a receipt and what it says of a locked message; False when that receipt id is there already.

    What was opened or dismissed was received, so that is noted too unless it was before.
    """
    inserted = await session.execute(
        text(
            "INSERT INTO receipt (tenant_id, id, message_id, device_id, kind, at)"
            " VALUES (:tenant_id, :id, :message_id, :device_id, :kind, :at) ON CONFLICT DO NOTHING RETURNING id"
        ),
        {
            "tenant_id": tenant_id,
            "id": receipt_id,
            "message_id": message.id,
            "device_id": message.device_id,
            "kind": kind,
            "at": at,
        },
    )
    if inserted.scalar() is None:
        return False
    message.received_at = message.received_at or at
    if kind == "opened":
        message.opened_at = at
    await session.flush()
    return True


# --- lists -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message with the names a reader wants beside it."""

    message: Message
    campaign_name: str | None
    store_name: str | None
    brand_color: str | None
    zone_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages; None does not restrict. `after`: made later than this moment."""

    campaign_id: UUID | None = None
    device_id: UUID | None = None
    person_ids: frozenset[UUID] | None = None
    store_ids: frozenset[UUID] | None = None
    statuses: tuple[str, ...] | None = None
    after: datetime | None = None


async def list_messages(
    session: Session, tenant_id: TenantId, wanted: MessageFilter, before: UUID | None, limit: int
) -> list[MessageView]:
    """Messages newest first, with ids below `before`."""
    query = (
        select(Message, _campaign.c.name, Store.name, Store.brand_color, ZoneVersion.name)
        .outerjoin(_campaign, and_(_campaign.c.tenant_id == tenant_id, _campaign.c.id == Message.campaign_id))
        .outerjoin(Store, and_(Store.tenant_id == tenant_id, Store.id == Message.store_id))
        .outerjoin(
            ZoneVersion,
            and_(
                ZoneVersion.tenant_id == tenant_id,
                ZoneVersion.zone_id == Message.zone_id,
                ZoneVersion.version == Message.zone_version,
            ),
        )
        .where(Message.tenant_id == tenant_id)
    )
    if wanted.campaign_id is not None:
        query = query.where(Message.campaign_id == wanted.campaign_id)
    if wanted.device_id is not None:
        query = query.where(Message.device_id == wanted.device_id)
    if wanted.person_ids is not None:
        query = query.where(Message.person_id.in_(wanted.person_ids))
    if wanted.store_ids is not None:
        query = query.where(Message.store_id.in_(wanted.store_ids))
    if wanted.statuses is not None:
        query = query.where(Message.status.in_(wanted.statuses))
    if wanted.after is not None:
        query = query.where(Message.created_at > wanted.after, Message.id >= lowest_id(wanted.after))
    if before is not None:
        query = query.where(Message.id < before)
    rows = await session.execute(query.order_by(Message.id.desc()).limit(limit))
    return [MessageView(*row) for row in rows]

"""SQL of messages as their readers see them: receipts and lists."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, any_, column, exists, func, or_, select, table, text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.messaging.models import Gate, Message, MessageDue
from geoengage.messaging.rules import (
    CONTENT_GATES,
    DEAD,
    MessageChannel,
    Placed,
    PushOptions,
    Rewritten,
    Status,
    Wording,
)
from geoengage.venues.models import Store, ZoneVersion

# Campaigns lie above messaging, so their model cannot be imported; a name is all that is read of them.
_campaign = table("campaign", column("tenant_id"), column("id"), column("name"))
# Whose pseudonym a message carries.
ADDRESSEE = func.coalesce(Message.device_id, Message.person_id)
# Failed for good: nothing waits to try it again.
IS_DEAD = and_(
    Message.status.in_(DEAD),
    ~exists().where(MessageDue.tenant_id == Message.tenant_id, MessageDue.message_id == Message.id),
)


async def lock_message(session: Session, tenant_id: TenantId, message_id: UUID) -> Message | None:
    """A message, locked FOR NO KEY UPDATE; None when the tenant has no such message."""
    query = select(Message).where(Message.tenant_id == tenant_id, Message.id == message_id)
    return (await session.execute(query.with_for_update(key_share=True))).scalar_one_or_none()


async def find_message(session: Session, tenant_id: TenantId, message_id: UUID) -> Message | None:
    """A message, read afresh and not locked; None when the tenant has no such message."""
    query = select(Message).where(Message.tenant_id == tenant_id, Message.id == message_id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def insert_receipt(
    session: Session, tenant_id: TenantId, receipt_id: UUID, device_id: UUID, message: Message, kind: str, at: datetime
) -> bool:
    """Store a receipt of a device and what it says of a locked message; False when that receipt id is there already.

    What was opened or dismissed was received, and what was clicked was opened, so that is noted too unless it was
    before.
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
            "device_id": device_id,
            "kind": kind,
            "at": at,
        },
    )
    if inserted.scalar() is None:
        return False
    message.received_at = message.received_at or at
    if kind in ("opened", "clicked"):
        message.opened_at = message.opened_at or at
    if kind == "clicked":
        message.clicked_at = at
    if kind == "dismissed":
        message.dismissed_at = at
    await session.flush()
    return True


# --- lists -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message with the names a reader wants beside it; `rewritten`: its words as its content item has them now."""

    message: Message
    campaign_name: str | None
    store_name: str | None
    brand_color: str | None
    zone_name: str | None
    rewritten: Rewritten | None = None

    @property
    def way(self) -> str:
        """The `MessageChannel` that it took."""
        return self.message.channels[0]

    @property
    def says(self) -> Placed:
        """What its reader is shown: what was sent, or `rewritten`."""
        m, new = self.message, self.rewritten
        if new is not None and new.fault is None:
            return Placed(m.id, new.title, new.body, new.expires_at, new.push, None)
        wording = None if m.wording is None else msgspec.convert(m.wording, Wording)
        return Placed(m.id, m.title, m.body, m.expires_at, msgspec.convert(m.push or {}, PushOptions), wording)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages; None does not restrict. `after`: made later than this moment, `before`: earlier.
    `addressees`: to these devices, or people where it is to no device. `way`: the `MessageChannel` that it took or will
    take. `is_dead`: failed for good. `shown_on`: what that device's inbox shows at that moment: pushes to it, and what
    was put into the inbox and has neither ended nor been dismissed; nothing about an item that was withdrawn.
    """

    campaign_id: UUID | None = None
    device_id: UUID | None = None
    addressees: frozenset[UUID] | None = None
    person_ids: frozenset[UUID] | None = None
    store_ids: frozenset[UUID] | None = None
    statuses: tuple[str, ...] | None = None
    reason: str | None = None
    way: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    is_dead: bool | None = None
    shown_on: tuple[UUID, datetime] | None = None


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
        .where(*conditions(tenant_id, wanted))
    )
    if before is not None:
        query = query.where(Message.id < before)
    rows = await session.execute(query.order_by(Message.id.desc()).limit(limit))
    return [MessageView(*row) for row in rows]


def conditions(tenant_id: TenantId, wanted: MessageFilter) -> list[ColumnElement[bool]]:
    """What a filter asks of a row of `message`."""
    equal = {
        Message.campaign_id: wanted.campaign_id,
        Message.device_id: wanted.device_id,
        Message.reason: wanted.reason,
        _WAY: wanted.way,
    }
    among = {
        ADDRESSEE: wanted.addressees,
        Message.person_id: wanted.person_ids,
        Message.store_id: wanted.store_ids,
        Message.status: wanted.statuses,
    }
    return [
        Message.tenant_id == tenant_id,
        *(name == value for name, value in equal.items() if value is not None),
        *(name.in_(values) for name, values in among.items() if values is not None),
        *_of_time(wanted),
        *([] if wanted.is_dead is None else [IS_DEAD if wanted.is_dead else ~IS_DEAD]),
        *([] if wanted.shown_on is None else _shown_on(*wanted.shown_on)),
    ]


def _of_time(wanted: MessageFilter) -> list[ColumnElement[bool]]:
    """The ids rise with time: by them partitions are left out."""
    found = []
    if wanted.after is not None:
        found += [Message.created_at > wanted.after, Message.id >= lowest_id(wanted.after)]
    if wanted.before is not None:
        found += [Message.created_at < wanted.before, Message.id <= lowest_id(wanted.before)]
    return found


def _shown_on(device_id: UUID, now: datetime) -> list[ColumnElement[bool]]:
    placed = and_(
        _WAY == MessageChannel.INBOX,
        Message.expires_at > now,
        Message.dismissed_at.is_(None),
        or_(Message.device_id == device_id, Message.device_id.is_(None)),
    )
    withdrawn = exists().where(
        Gate.tenant_id == Message.tenant_id, Gate.key == any_(Message.gates), Gate.key.startswith(CONTENT_GATES)
    )
    return [or_(and_(_WAY == MessageChannel.PUSH, Message.device_id == device_id), placed), ~withdrawn]


_WAY = Message.channels[1]  # counted from 1: the channel that it took


async def list_cards(
    session: Session, tenant_id: TenantId, device_id: UUID, person_ids: Collection[UUID], now: datetime, limit: int
) -> list[MessageView]:
    """The cards that a web page shows this device at that moment, newest first: not ended, not clicked or dismissed,
    and no gate of theirs closed since they were placed."""
    closed = exists().where(Gate.tenant_id == tenant_id, Gate.key == any_(Message.gates))
    query = (
        select(Message, Store.name, Store.brand_color)
        .outerjoin(Store, and_(Store.tenant_id == tenant_id, Store.id == Message.store_id))
        .where(
            Message.tenant_id == tenant_id,
            Message.person_id.in_(person_ids),
            or_(Message.device_id == device_id, Message.device_id.is_(None)),
            _WAY == MessageChannel.WEB_CARD,
            Message.status == Status.SENT,
            Message.expires_at > now,
            Message.dismissed_at.is_(None),
            Message.clicked_at.is_(None),
            ~closed,
        )
        .order_by(Message.id.desc())
        .limit(limit)
    )
    rows = await session.execute(query)
    return [MessageView(message, None, name, color, None) for message, name, color in rows]

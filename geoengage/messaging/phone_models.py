"""Tables of WhatsApp, SMS and Viber: accounts, WhatsApp's templates, and who wrote when."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class PhoneSender(TenantRow, Base):
    """An account through which a store, or (`store_id` null) the tenant and each store without one, sends.

    `account`: its `rules.phone` account of that channel; `sealed`: its secrets as JSON, encrypted (`kit/sealed.py`).
    `per_minute`: most messages in a minute, all workers together. The other columns are those of `FirebaseSender`.
    """

    __tablename__ = "phone_sender"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None]
    revision: Mapped[UUID]
    account: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sealed: Mapped[bytes]
    per_minute: Mapped[int]
    status: Mapped[str] = mapped_column(Text, server_default="unchecked")
    since: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    detail: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "channel", "store_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("channel IN ('whatsapp', 'sms', 'viber')", name="channel"),
        CheckConstraint("status IN ('unchecked', 'works', 'fails')", name="status"),
    )


class WhatsappTemplate(TenantRow, Base):
    """A message template of a sender's business account, as Meta last told of it. `reason`: why it was rejected."""

    __tablename__ = "whatsapp_template"
    sender_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    category: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    components: Mapped[list[Any]] = mapped_column(JSONB)
    changed_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "sender_id"], ["phone_sender.tenant_id", "phone_sender.id"], ondelete="CASCADE"
        ),
        CheckConstraint(
            "status IN ('pending', 'approved', 'rejected', 'paused', 'disabled', 'deleted')", name="status"
        ),
    )


class PhoneInbound(TenantRow, Base):
    """When somebody last wrote to a sender: all that is kept of it. `identifier_id`: their number, or id there.

    `full_at`: when Viber last said that it takes no more to them until they write.
    """

    __tablename__ = "phone_inbound"
    sender_id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_at: Mapped[datetime | None]
    full_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "sender_id"], ["phone_sender.tenant_id", "phone_sender.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["tenant_id", "identifier_id"], ["identifier.tenant_id", "identifier.id"]),
        Index("ix_phone_inbound_identifier_id", "tenant_id", "identifier_id"),
    )

"""Tables of what people write back: conversations, what was written in them, texts to answer with."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Conversation(TenantRow, Base):
    """What an address and a store (null: the tenant) write to each other by one account.

    `identifier_id`: the address, and so whose it is; `sender_id`: the account of WhatsApp, SMS or Viber, or the app
    whose e-mails are answered. `assigned_to`: an operator. `stopped_at`: they said STOP and have not written since;
    `done_at`: somebody put it away, and nothing has come since.
    """

    __tablename__ = "conversation"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID | None]
    channel: Mapped[str] = mapped_column(Text)
    sender_id: Mapped[UUID]
    identifier_id: Mapped[UUID]
    last_at: Mapped[datetime]
    unread: Mapped[int] = mapped_column(server_default="0")
    assigned_to: Mapped[UUID | None]
    stopped_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    subject: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "identifier_id"], ["identifier.tenant_id", "identifier.id"]),
        UniqueConstraint(
            "tenant_id", "sender_id", "identifier_id", "store_id", postgresql_nulls_not_distinct=True,
            name="uq_conversation_whose",
        ),
        CheckConstraint("channel IN ('whatsapp', 'sms', 'viber', 'email')", name="channel"),
        CheckConstraint("unread >= 0", name="unread"),
        Index("ix_conversation_last_at", "tenant_id", "last_at", "id"),
        Index("ix_conversation_store_id", "tenant_id", "store_id", "last_at"),
        Index("ix_conversation_identifier_id", "tenant_id", "identifier_id"),
    )  # fmt: skip


class ConversationMessage(TenantRow, Base):
    """One text of a conversation. In: `provider_id` is how the provider calls it, which is told once; out:
    `outbox_id` is the message of the outbox, `author_id` who answered and `author` what they were called then."""

    __tablename__ = "conversation_message"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID]
    sender_id: Mapped[UUID]
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)
    provider_id: Mapped[str | None] = mapped_column(Text)
    outbox_id: Mapped[UUID | None]
    author_id: Mapped[UUID | None]
    author: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "conversation_id"], ["conversation.tenant_id", "conversation.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("tenant_id", "sender_id", "provider_id"),
        CheckConstraint("(provider_id IS NULL) <> (outbox_id IS NULL)", name="direction"),
        Index("ix_conversation_message_conversation_id", "tenant_id", "conversation_id", "at", "id"),
        Index("ix_conversation_message_at", "tenant_id", "at"),
    )


class CannedAnswer(TenantRow, Base):
    """A text to answer with, of a store or (null) of all of the tenant."""

    __tablename__ = "canned_answer"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID | None]
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
    )

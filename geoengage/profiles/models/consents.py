"""Tables of a person's consents, contact points and links. Each row hangs on one of the person's ids."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.schema import UniqueConstraint

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column

_IDENTIFIER = ["identifier.tenant_id", "identifier.id"]
_CHANNELS = "channel IN ('push', 'web_push', 'email', 'sms', 'whatsapp', 'viber', 'in_app')"
_PURPOSES = "purpose IN ('transactional', 'service', 'marketing')"
_STATES = "state IN ('subscribed', 'pending', 'unsubscribed', 'redacted')"
_POINT_STATES = "state IN ('reachable', 'unproven', 'bounced', 'complained', 'stopped')"


def _of_id() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "identifier_id"], _IDENTIFIER)


class ConsentDecision(TenantRow, Base):
    """The decision in force of one id for channel × purpose × store; `store_id` null: for the tenant itself.

    `at`: when the person decided, which may be long before the row was written.
    """

    __tablename__ = "consent"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier_id: Mapped[UUID]
    channel: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(Text)
    text_version: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    __table_args__ = (
        _of_id(),
        UniqueConstraint(
            "tenant_id", "identifier_id", "channel", "purpose", "store_id", postgresql_nulls_not_distinct=True
        ),
        # asked for every push that is sent
        Index(
            "ix_consent_push",
            "tenant_id",
            "identifier_id",
            postgresql_where=text("channel IN ('push', 'web_push') AND purpose = 'marketing'"),
        ),
        CheckConstraint(_CHANNELS, name="channel"),
        CheckConstraint(_PURPOSES, name="purpose"),
        CheckConstraint(_STATES, name="state"),
    )


class ConsentHistory(TenantRow, Base):
    """Every decision ever stated: the proof. `id` is derived from its content, so a repeated import adds nothing."""

    __tablename__ = "consent_history"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier_id: Mapped[UUID]
    channel: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(Text)
    text_version: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    __table_args__ = (
        _of_id(),
        Index("ix_consent_history_identifier_id", "tenant_id", "identifier_id"),
        CheckConstraint(_CHANNELS, name="channel"),
        CheckConstraint(_PURPOSES, name="purpose"),
        CheckConstraint(_STATES, name="state"),
    )


class ConsentHold(TenantRow, Base):
    """What holds back all marketing of an id: a pause, and since when "stop everything" was said."""

    __tablename__ = "consent_hold"
    identifier_id: Mapped[UUID] = mapped_column(primary_key=True)
    paused_until: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    source: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]
    __table_args__ = (_of_id(),)


class ContactPoint(TenantRow, Base):
    """Whether an e-mail address or phone number (`identifier_id`) reaches its person by one channel.

    `reason`: the provider's word for a bounce, or how it was proven.
    """

    __tablename__ = "contact_point"
    identifier_id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]
    proven_at: Mapped[datetime | None]
    __table_args__ = (
        _of_id(),
        CheckConstraint("channel IN ('email', 'sms', 'whatsapp', 'viber')", name="channel"),
        CheckConstraint(_POINT_STATES, name="state"),
    )


class ContactProof(TenantRow, Base):
    """A one-time code that was asked for to prove an address; only its keyed hash is kept."""

    __tablename__ = "contact_proof"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier_id: Mapped[UUID]
    channel: Mapped[str] = mapped_column(Text)
    code_hash: Mapped[str] = mapped_column(Text)
    wrong: Mapped[int] = mapped_column(server_default="0")
    expires_at: Mapped[datetime]
    __table_args__ = (
        _of_id(),
        UniqueConstraint("tenant_id", "identifier_id", "channel"),
        CheckConstraint("channel IN ('email', 'sms', 'whatsapp', 'viber')", name="channel"),
    )


class PreferenceLink(TenantRow, Base):
    """A link to the preference page of whoever `identifier_id` belongs to. It works until it ends or is revoked.

    `app_id`: whose name and colour the page wears. `is_full`: it also shows and erases the data.
    """

    __tablename__ = "preference_link"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier_id: Mapped[UUID]
    app_id: Mapped[UUID | None]
    language: Mapped[str | None] = mapped_column(Text)
    is_full: Mapped[bool]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        _of_id(),
        Index("ix_preference_link_identifier_id", "tenant_id", "identifier_id"),
    )

"""Tables of tenants and of those who may call. Secrets are stored as hashes only."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Tenant(Base):
    """The company that runs the programme, with its policy. Reference table: small, on every node of a cluster.

    `story`: of a demo, what is planted in it and what was found (`shapes.DemoStory`); null: none, or not built yet.
    """

    __tablename__ = "tenant"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text, server_default="UTC")
    default_language: Mapped[str] = mapped_column(Text, server_default="en")
    is_demo: Mapped[bool] = mapped_column(server_default="false")
    review: Mapped[str] = mapped_column(Text, server_default="first_campaign")
    quiet_start: Mapped[time] = mapped_column(server_default="21:00")
    quiet_end: Mapped[time] = mapped_column(server_default="08:00")
    holdout_percent: Mapped[int] = mapped_column(server_default="5")
    daily_cap: Mapped[int] = mapped_column(server_default="3")
    reject_mocked: Mapped[bool] = mapped_column(server_default="true")
    default_accuracy_m: Mapped[float] = mapped_column(server_default="50")
    ping_retention_days: Mapped[int] = mapped_column(server_default="7")
    cart_abandoned_after_s: Mapped[int] = mapped_column(server_default="3600")
    sending_stopped_at: Mapped[datetime | None]
    sending_stopped_by: Mapped[str | None] = mapped_column(Text)
    story: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        CheckConstraint("review IN ('never', 'first_campaign', 'always')", name="review"),
        CheckConstraint("holdout_percent BETWEEN 0 AND 50", name="holdout_percent"),
        CheckConstraint("daily_cap BETWEEN 1 AND 50", name="daily_cap"),
        CheckConstraint("ping_retention_days BETWEEN 1 AND 60", name="ping_retention_days"),
        CheckConstraint("story IS NULL OR is_demo", name="story"),
        CheckConstraint("cart_abandoned_after_s BETWEEN 60 AND 2592000", name="cart_abandoned_after_s"),
    )

    @property
    def sending_stopped(self) -> bool:
        """Somebody pressed Stop: no message leaves."""
        return self.sending_stopped_at is not None


class OwnedByTenant(TenantRow):
    """A tenant row of this domain with an id of its own and the time it was made."""

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Owner(OwnedByTenant, Base):
    """Who owns one or more stores; shop operators and restricted keys see those stores only."""

    __tablename__ = "owner"
    name: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(server_default="1")
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        UniqueConstraint("tenant_id", "external_id"),
    )


class App(OwnedByTenant, Base):
    """One branded application. `user_token_keys`: PEM public keys that sign the store's user tokens.

    `store_id` has no foreign key: stores live in the domain above; the service checks it. `shopper_key`: the
    publishable key that the web page /shopper of this app registers its visitors with; public, unlike all other keys,
    and so kept as text. `brand_color`: `#rrggbb`.
    """

    __tablename__ = "app"
    name: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None]
    default_language: Mapped[str] = mapped_column(Text, server_default="en")
    android_package: Mapped[str | None] = mapped_column(Text)
    ios_bundle_id: Mapped[str | None] = mapped_column(Text)
    user_token_keys: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    shopper_key: Mapped[str | None] = mapped_column(Text)
    brand_color: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(server_default="1")
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)

    @property
    def shopper_page(self) -> bool:
        """It has a web page at /shopper/."""
        return self.shopper_key is not None


class Operator(OwnedByTenant, Base):
    """A person at the console. `owner_id` is set for role shop and restricts to that owner's stores."""

    __tablename__ = "operator"
    email: Mapped[str] = mapped_column(Text, index=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[UUID | None]
    password_hash: Mapped[str] = mapped_column(Text)
    disabled_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["owner.tenant_id", "owner.id"]),
        UniqueConstraint("tenant_id", "email"),
        CheckConstraint("role IN ('owner', 'editor', 'approver', 'analyst', 'support', 'shop')", name="role"),
        CheckConstraint("(role = 'shop') = (owner_id IS NOT NULL)", name="shop_has_owner"),
    )


class ConsoleSession(OwnedByTenant, Base):
    """A login. The cookie holds the secret, the row its hash."""

    __tablename__ = "console_session"
    operator_id: Mapped[UUID]
    secret_hash: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "operator_id"], ["operator.tenant_id", "operator.id"], ondelete="CASCADE"),
    )


class OperatorPhone(OwnedByTenant, Base):
    """A browser that an operator is told on by web push. `address`: the subscription as the browser gave it;
    `fingerprint`: the SHA-256 of its endpoint, which the page knows it again by; `failed_why`: a reason in a word. It
    goes when that session is logged out, and stays when the session is merely over; so `session_id` has no foreign key.
    """

    __tablename__ = "operator_phone"
    operator_id: Mapped[UUID]
    session_id: Mapped[UUID]
    fingerprint: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    last_sent_at: Mapped[datetime | None]
    last_failed_at: Mapped[datetime | None]
    failed_why: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "operator_id"], ["operator.tenant_id", "operator.id"], ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "fingerprint"),
        Index("ix_operator_phone_operator_id", "tenant_id", "operator_id"),
        Index("ix_operator_phone_fingerprint", "fingerprint"),
    )


class Credential(OwnedByTenant, Base):
    """A publishable, secret or write key. `store_ids` null means the whole tenant; `writes` is a write key's."""

    __tablename__ = "credential"
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[str] = mapped_column(Text)
    hint: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    store_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    app_id: Mapped[UUID | None]
    is_test: Mapped[bool] = mapped_column(server_default="false")
    revoked_at: Mapped[datetime | None]
    writes: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "app_id"], ["app.tenant_id", "app.id"]),
        UniqueConstraint("tenant_id", "secret_hash"),
        CheckConstraint("kind IN ('pk', 'sk', 'wk')", name="kind"),
        CheckConstraint("(kind = 'wk') = coalesce(writes IN ('server', 'browser'), false)", name="writes"),
    )


class AuditEntry(OwnedByTenant, Base):
    """Who looked at a person, stopped sending or changed a key, and why."""

    __tablename__ = "audit_entry"
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        Index("ix_audit_entry_subject", "tenant_id", "subject"),
    )

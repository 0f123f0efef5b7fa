"""Tables of people and devices. A device's row is also the lock under which everything about it is decided."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column

_CONSENT = "IN ('granted', 'denied', 'unknown')"


class Profile(TenantRow, Base):
    """A person: a set of ids (`identifier`). Its other columns are made from what is known by these ids.

    `external_id`: the tenant's own id of the person, the first one of several. `merged_into`: all its ids belong to
    that profile now; messages still name this one.
    """

    __tablename__ = "profile"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str | None] = mapped_column(Text)
    merged_into: Mapped[UUID | None] = mapped_column(index=True)
    first_name: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    suppressed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "merged_into"], ["profile.tenant_id", "profile.id"]),
        Index("ix_profile_external_id", "tenant_id", "external_id"),
        Index("ix_profile_updated_at", "tenant_id", "updated_at"),
        Index("ix_profile_first_name", "tenant_id", text("lower(first_name) text_pattern_ops")),
        Index("ix_profile_last_name", "tenant_id", text("lower(attributes ->> 'last_name') text_pattern_ops")),
    )


class Device(TenantRow, Base):
    """One installation of one app. Anonymous until it is proven whose it is: `identifier_id`, and by it `profile_id`.

    `token_version` rises when the device token is revoked; a token of an older version is refused. `client` is the
    program that speaks for it where that is not the app itself (`owntracks-android` …), `connected_at` when it first
    did. `paired_at`: its one-time pairing code was used. `relocation`: for demo tenants, `{"from": [lon, lat], "to":
    [lon, lat]}`, every position of it is moved so. `wifi_hash`: keyed hash of its Wi-Fi address, for scanning
    access points.
    """

    __tablename__ = "device"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    app_id: Mapped[UUID]
    profile_id: Mapped[UUID | None] = mapped_column(index=True)
    identifier_id: Mapped[UUID | None]
    platform: Mapped[str] = mapped_column(Text)
    locale: Mapped[str | None] = mapped_column(Text)
    timezone: Mapped[str | None] = mapped_column(Text)
    permission: Mapped[str] = mapped_column(Text, server_default="unknown")
    push_provider: Mapped[str | None] = mapped_column(Text)
    push_address: Mapped[str | None] = mapped_column(Text)
    push_kind: Mapped[str | None] = mapped_column(Text)
    push_retired_at: Mapped[datetime | None]
    push_retired_reason: Mapped[str | None] = mapped_column(Text)
    location: Mapped[str] = mapped_column(Text, server_default="unknown")
    marketing_push: Mapped[str] = mapped_column(Text, server_default="unknown")
    personalisation: Mapped[str] = mapped_column(Text, server_default="unknown")
    is_test: Mapped[bool] = mapped_column(server_default="false")
    token_version: Mapped[int] = mapped_column(server_default="1")
    client: Mapped[str | None] = mapped_column(Text)
    connected_at: Mapped[datetime | None]
    paired_at: Mapped[datetime | None]
    relocation: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    wifi_hash: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "app_id"], ["app.tenant_id", "app.id"]),
        ForeignKeyConstraint(["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"]),
        ForeignKeyConstraint(["tenant_id", "identifier_id"], ["identifier.tenant_id", "identifier.id"]),
        Index("ix_device_identifier_id", "tenant_id", "identifier_id"),
        Index("uq_device_tenant_id_wifi_hash", "tenant_id", "wifi_hash", unique=True),
        Index("ix_device_push_address", "push_address", postgresql_using="hash"),  # addresses are too long for a tree
        CheckConstraint("platform IN ('ios', 'android', 'web')", name="platform"),
        CheckConstraint(f"location {_CONSENT}", name="location"),
        CheckConstraint(f"marketing_push {_CONSENT}", name="marketing_push"),
        CheckConstraint(f"personalisation {_CONSENT}", name="personalisation"),
    )


class ConsentEntry(TenantRow, Base):
    """Proof of one consent decision: when, from where, of which text."""

    __tablename__ = "consent_entry"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    text_version: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "device_id"], ["device.tenant_id", "device.id"], ondelete="CASCADE"),
        CheckConstraint("kind IN ('location', 'marketing_push', 'personalisation')", name="kind"),
        CheckConstraint(f"status {_CONSENT}", name="status"),
    )

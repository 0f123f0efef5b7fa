"""Tables of ingest: scanning access points, what phones were told, refused events, connections to shop systems."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Scanner(TenantRow, Base):
    """A network of access points that tells us where it hears phones (Cisco Meraki's Scanning API).

    `validator`: what Cisco wants to hear back before it sends. `secret_hash`: keyed hash of what each message must
    hold. `floor_plans`: `[{"floor_plan_id", "mall_id", "level"}]`.
    """

    __tablename__ = "scanner"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    name: Mapped[str] = mapped_column(Text)
    validator: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[str] = mapped_column(Text)
    floor_plans: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]), Index("ix_scanner_id", "id"))


class ToldRegions(TenantRow, Base):
    """What a phone app was last told to monitor: digests by zone id, and the circle in which that holds.

    The circle is where the phone was; it goes with the location consent. A row without it says that the phone still
    has regions which must be taken from it. `asked_at`: time of the point whose answer told them.
    """

    __tablename__ = "told_regions"
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[str] = mapped_column(Text)
    zones: Mapped[dict[str, str]] = mapped_column(JSONB)
    epoch: Mapped[int] = mapped_column(BigInteger)
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    radius_m: Mapped[float | None]
    told_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "device_id"], ["device.tenant_id", "device.id"], ondelete="CASCADE"),
    )


class EventRejection(TenantRow, Base):
    """An event that was refused, or stored without effect (`is_kept`), as its sender would recognise it.

    Nothing of what it said about a person is here.
    """

    __tablename__ = "event_rejection"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(index=True)
    key_id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(Text)
    is_kept: Mapped[bool]
    type: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column("sent_id", Text)  # of its sender; no message of ours


class Connection(TenantRow, Base):
    """A shop system that sends us what happens there (`kind` says which), and whose orders we read again each night.

    `shop`: its name at the vendor. `sealed_secrets`: what signs its deliveries, a JSON list of `{secret, until}`, the
    newest first; `sealed_token`: what opens its API. `store_id`: whose orders these are where no place is told;
    `locations`: `[{"location", "store_id"}]`. `reconciled_to`: orders changed up to then were read; `reconcile_at`:
    when to read again; `reconcile_error`: why the last time failed. `closed_at`: the shop has left (shop/redact).
    """

    __tablename__ = "connection"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    shop: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None]
    locations: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    currency: Mapped[str | None] = mapped_column(Text)
    sealed_secrets: Mapped[bytes | None]
    sealed_token: Mapped[bytes | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_delivery_at: Mapped[datetime | None]
    reconciled_to: Mapped[datetime]
    reconciled_at: Mapped[datetime | None]
    reconcile_at: Mapped[datetime | None]
    reconcile_error: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"]),
        UniqueConstraint("tenant_id", "kind", "shop"),
        CheckConstraint("kind IN ('shopify')", name="kind"),
        Index("ix_connection_id", "id"),
        Index("ix_connection_reconcile_at", "reconcile_at"),
    )


class ConnectionDelivery(TenantRow, Base):
    """A delivery of a shop system. Its `body` is kept only until it was worked on.

    `delivery_id` is the same in each try of a delivery, `event_id` in each delivery of an event. `status`: `waiting`
    for the worker, `done`, `unused` (`note` says why), `failed`, or `open`: an operator has to do what `note` says.
    """

    __tablename__ = "connection_delivery"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID]
    delivery_id: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str | None] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    triggered_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[str] = mapped_column(Text, server_default="waiting")
    note: Mapped[str | None] = mapped_column(Text)
    body: Mapped[bytes | None]
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "connection_id"], ["connection.tenant_id", "connection.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("tenant_id", "connection_id", "delivery_id"),
        Index(
            "uq_connection_delivery_event",
            "tenant_id",
            "connection_id",
            "topic",
            "event_id",
            unique=True,
            postgresql_where=text("event_id IS NOT NULL"),
        ),
        CheckConstraint("status IN ('waiting', 'done', 'unused', 'failed', 'open')", name="status"),
    )

"""Tables of webhooks: endpoints of other systems, and one row per event that one of them is to hear of."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Webhook(TenantRow, Base):
    """An endpoint. The row is the lock under which its deliveries are planned, claimed and recorded.

    `types` empty: everything. `store_ids` null: the whole tenant. `with_people`: it hears device and external ids.
    `sealed`: its secret, encrypted (`kit/sealed.py`); `old_sealed` signs beside it until `old_until`. `position`: up to
    there the ledger has been turned into deliveries. `failures`, `failing_since`, `held_until`: `rules.Health`.
    `delivered_at`: its last success.
    """

    __tablename__ = "webhook"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    store_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    with_people: Mapped[bool] = mapped_column(server_default="false")
    status: Mapped[str] = mapped_column(Text, server_default="active")
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    sealed: Mapped[bytes]
    old_sealed: Mapped[bytes | None]
    old_until: Mapped[datetime | None]
    position: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(server_default="0")
    failing_since: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        CheckConstraint("status IN ('active', 'disabled')", name="status"),
        CheckConstraint("(status = 'disabled') = (disabled_reason IS NOT NULL)", name="disabled_has_reason"),
    )


class WebhookDelivery(TenantRow, Base):
    """One event for one endpoint, by its ledger position; what it says is read from the ledger when it is sent.

    Pending ones are due at `next_at`; `lease` names the claim of one that is being sent, and `next_at` is then when the
    claim runs out. `tries`: newest last, `{at, status, took_ms, answer}`. `payload`: its data, where it is about no
    ledger event (`events.lost`).
    """

    __tablename__ = "webhook_delivery"
    webhook_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime]
    lease: Mapped[UUID | None]
    tries: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    payload: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    planned_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "webhook_id"], ["webhook.tenant_id", "webhook.id"], ondelete="CASCADE"),
        CheckConstraint("status IN ('pending', 'delivered', 'failed', 'erased', 'expired')", name="status"),
        Index(
            "ix_webhook_delivery_due",
            "tenant_id",
            "webhook_id",
            "next_at",
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_webhook_delivery_position", "tenant_id", "position"),
        Index("ix_webhook_delivery_finished", "finished_at"),
    )

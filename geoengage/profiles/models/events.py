"""Tables of what sites, apps and servers say that people did (Segment's tracking API)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class TrackedEvent(TenantRow, Base):
    """One event of a person. Partitioned by `id`, whose time is that of arrival: events may come late.

    `at`: when it happened, by our clock. `name`: of the track event (e-commerce ones in the spelling of version 2), the
    page, the screen, or the group's id. `is_claim`: it came with a browser's key, so nothing it says is proven.
    `product_ids`, `order_id`: those that the properties speak of. No foreign keys: DATA_MODEL.md, Partitions.
    """

    __tablename__ = "event"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier_id: Mapped[UUID]
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    type: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(Text)
    key_id: Mapped[UUID]
    is_claim: Mapped[bool]
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB)
    context: Mapped[dict[str, Any]] = mapped_column(JSONB)
    product_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    order_id: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        Index("ix_event_person", "tenant_id", "identifier_id", "at"),
        Index("ix_event_name", "tenant_id", "name", "id"),
        Index("ix_event_order", "tenant_id", "order_id", postgresql_where=text("order_id IS NOT NULL")),
        {"postgresql_partition_by": "RANGE (id)"},
    )


class EventSeen(TenantRow, Base):
    """A messageId (`sent_id`) of the last seven days. Those of browsers are apart: they could use up a server's."""

    __tablename__ = "event_seen"
    sent_id: Mapped[str] = mapped_column(Text, primary_key=True)
    is_claim: Mapped[bool] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)

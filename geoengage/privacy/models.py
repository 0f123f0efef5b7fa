"""Tables of rights that were exercised and of data that were deleted on time. None of them names anybody."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class ErasureReceipt(TenantRow, Base):
    """That somebody was erased: when, on whose wish, how many rows of what."""

    __tablename__ = "erasure_receipt"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    rows: Mapped[dict[str, Any]] = mapped_column(JSONB)
    devices: Mapped[int]
    ids: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        CheckConstraint("asked_by IN ('person', 'operator', 'server', 'journal')", name="asked_by"),
    )


class ErasureJournal(TenantRow, Base):
    """By what an erased person is known again in a restored backup or a repeated import, and by nothing else.

    `hashes`: keyed hashes of the person's ids and of our own ids of profile and devices.
    """

    __tablename__ = "erasure_journal"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    hashes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)


class RetentionSetting(TenantRow, Base):
    """For how many days a tenant keeps one kind of data; without a row the usual time holds."""

    __tablename__ = "retention_setting"
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    days: Mapped[int]
    changed_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        CheckConstraint("days > 0", name="days"),
    )


class RetentionRun(TenantRow, Base):
    """What one night deleted of a tenant: so many rows of a table, because they were older than `before`."""

    __tablename__ = "retention_run"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(Text)
    table_name: Mapped[str] = mapped_column(Text)
    rows: Mapped[int]
    before: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        Index("ix_retention_run_at", "tenant_id", "at"),
    )


class PlaceTotal(TenantRow, Base):
    """What is left of old visits and zone events: how many on a day, where at least ten people were there."""

    __tablename__ = "place_total"
    zone_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    events: Mapped[int]
    people: Mapped[int]
    dwell_s: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        CheckConstraint("people >= 10", name="people"),
    )


class MessageTotal(TenantRow, Base):
    """What is left of old messages: how many of a campaign (nil: of none) had which outcome on a day."""

    __tablename__ = "message_total"
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Text, primary_key=True)
    messages: Mapped[int]
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)

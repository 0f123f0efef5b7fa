"""Tables of segments: what they are, who is in them, when time alone changes that, and who came and went why."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Segment(TenantRow, Base):
    """A segment. `definition` is its newest version, `live_definition` the one by which people are in it now.

    They differ while `status` is `building`, and after a build that `failed`; null `live_definition`: never built.
    `store_id`: it is that store's, and knows only what that store may. `stale_since`: everybody has to be evaluated
    anew. `evaluated_at`: when that was done last. `leased_until`: a worker is at it. `archived_at`: it was put away, so
    it has no live definition, and nobody is in it.
    """

    __tablename__ = "segment"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, server_default="")
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(server_default="1")
    live_definition: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    live_version: Mapped[int | None]
    status: Mapped[str] = mapped_column(Text, server_default="building")
    failure: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int] = mapped_column(server_default="0")
    stale_since: Mapped[datetime | None]
    evaluated_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None] = mapped_column(Text)
    archived_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
        CheckConstraint("status IN ('building', 'ready', 'failed')", name="status"),
        CheckConstraint("(live_definition IS NULL) = (live_version IS NULL)", name="live"),
    )


class SegmentMember(TenantRow, Base):
    """Somebody who is in a segment, and since when. No foreign key to the profile: a build writes millions."""

    __tablename__ = "segment_member"
    segment_id: Mapped[UUID] = mapped_column(primary_key=True)
    profile_id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "segment_id"], ["segment.tenant_id", "segment.id"], ondelete="CASCADE"),
        Index("ix_segment_member_profile_id", "tenant_id", "profile_id"),
    )


class SegmentDue(TenantRow, Base):
    """The next moment at which time alone can make somebody enter or leave a segment."""

    __tablename__ = "segment_due"
    segment_id: Mapped[UUID] = mapped_column(primary_key=True)
    profile_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "segment_id"], ["segment.tenant_id", "segment.id"], ondelete="CASCADE"),
        Index("ix_segment_due_due_at", "tenant_id", "due_at"),
        Index("ix_segment_due_profile_id", "tenant_id", "profile_id"),
    )


class SegmentChange(TenantRow, Base):
    """That somebody entered or left a segment, `at`, by which version of its definition. Partitioned by `id`.

    `reason`: `{"by": [kinds of news, or "time", "definition" …], "conditions": [paths in the definition]}`.
    """

    __tablename__ = "segment_change"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    segment_id: Mapped[UUID]
    profile_id: Mapped[UUID]
    entered: Mapped[bool]
    at: Mapped[datetime]
    version: Mapped[int]
    reason: Mapped[dict[str, Any]] = mapped_column(JSONB)
    __table_args__ = (
        Index("ix_segment_change_segment", "tenant_id", "segment_id", "id"),
        Index("ix_segment_change_profile", "tenant_id", "profile_id", "id"),
        {"postgresql_partition_by": "RANGE (id)"},
    )


class SegmentSize(TenantRow, Base):
    """How many people were in a segment at a moment: noted when it is built, and every hour in which it changed."""

    __tablename__ = "segment_size"
    segment_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    size: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "segment_id"], ["segment.tenant_id", "segment.id"], ondelete="CASCADE"),
    )


class SegmentSweep(TenantRow, Base):
    """Until when positions of phones were looked through, for segments that ask where somebody was last."""

    __tablename__ = "segment_sweep"
    until: Mapped[datetime]
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)

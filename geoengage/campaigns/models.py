"""The table of campaigns."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column

_MAY_RUN = "status = 'active' AND deleted_at IS NULL"


class Campaign(TenantRow, Base):
    """A zone or store is entered, dwelled in or left; or (`trigger_segment_id`) a segment is entered or left.

    `status` is what people decided (draft, in_review, active, paused, rejected); scheduled and finished follow from the
    validity (`rules.status_at`). `trigger_zone_ids` and `trigger_store_ids` stand as columns so that the reaction finds
    campaigns by index; `definition` holds the rest as `rules.Definition`. A decision is an approval unless it has a
    reason.
    """

    __tablename__ = "campaign"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    trigger_kind: Mapped[str] = mapped_column(Text)
    trigger_zone_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    trigger_store_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    trigger_segment_id: Mapped[UUID | None]
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[datetime | None]
    valid_to: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(Text)
    decision_reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"]),
        CheckConstraint("status IN ('draft', 'in_review', 'active', 'paused', 'rejected')", name="status"),
        CheckConstraint(
            "trigger_kind IN ('entered', 'dwelled', 'exited') AND trigger_segment_id IS NULL"
            " OR trigger_kind = 'segment' AND trigger_segment_id IS NOT NULL",
            name="trigger_kind",
        ),
        Index("ix_campaign_trigger_segment_id", "tenant_id", "trigger_segment_id", postgresql_where=_MAY_RUN),
        Index("ix_campaign_trigger_zone_ids", "trigger_zone_ids", postgresql_using="gin", postgresql_where=_MAY_RUN),
        Index("ix_campaign_trigger_store_ids", "trigger_store_ids", postgresql_using="gin", postgresql_where=_MAY_RUN),
    )


class CampaignStart(TenantRow, Base):
    """Somebody has entered or left the segment of a campaign, `moved_at`; it is decided at `due_at`.

    `occurrence` names the move: a person gets a message for it once. A later move takes the place of one that waits.
    """

    __tablename__ = "campaign_start"
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    profile_id: Mapped[UUID] = mapped_column(primary_key=True)
    occurrence: Mapped[UUID]
    moved_at: Mapped[datetime]
    due_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "campaign_id"], ["campaign.tenant_id", "campaign.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"], ondelete="CASCADE"),
        Index("ix_campaign_start_due_at", "tenant_id", "due_at"),
    )

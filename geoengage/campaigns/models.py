"""Tables of campaigns, of who waits for one, and of who stands where in a journey."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column

_MAY_RUN = "status = 'active' AND deleted_at IS NULL"


class Campaign(TenantRow, Base):
    """A zone or store is entered, dwelled in or left; or (`trigger_segment_id`) a segment is entered or left; or what
    `definition` says under `when` happens.

    `status` is what people decided (draft, in_review, active, paused, rejected); scheduled and finished follow from the
    validity (`rules.status_at`). `trigger_zone_ids` and `trigger_store_ids` stand as columns so that the reaction finds
    campaigns by index; `definition` holds the rest as `rules.Definition`. A decision is an approval unless it has a
    reason. `tags` are words by which its owners find it; `archived_at`: it has left their list.
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
    activated_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(Text)
    decision_reason: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"]),
        CheckConstraint("status IN ('draft', 'in_review', 'active', 'paused', 'rejected')", name="status"),
        CheckConstraint(
            "trigger_kind IN ('entered', 'dwelled', 'exited', 'event', 'schedule', 'date', 'cart', 'order', 'api')"
            " AND trigger_segment_id IS NULL OR trigger_kind = 'segment' AND trigger_segment_id IS NOT NULL",
            name="trigger_kind",
        ),
        Index("ix_campaign_trigger_kind", "tenant_id", "trigger_kind", postgresql_where=_MAY_RUN),
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


class JourneyEntry(TenantRow, Base):
    """Somebody in a campaign: since when, at which step, until when it waits; and what they passed (`log`).

    `alone`: while it goes on, nobody has another of the same campaign. `said` are values for the texts that came with
    what set it off. `since` null: has not arrived at `step` yet. `wake_at`: when somebody looks at it next, null while
    its campaign is paused and at the end. `log`: `{step, at, what, reason?}`, oldest first.
    """

    __tablename__ = "journey_entry"
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    profile_id: Mapped[UUID]
    entered_at: Mapped[datetime]
    alone: Mapped[bool]
    said: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    step: Mapped[str | None] = mapped_column(Text)
    since: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    wake_at: Mapped[datetime | None]
    log: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "campaign_id"], ["campaign.tenant_id", "campaign.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"], ondelete="CASCADE"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended"),
        Index("ix_journey_entry_wake_at", "tenant_id", "wake_at", postgresql_where="wake_at IS NOT NULL"),
        Index("ix_journey_entry_profile_id", "tenant_id", "profile_id", "campaign_id"),
        Index("ix_journey_entry_ended_at", "ended_at", postgresql_where="ended_at IS NOT NULL"),
        Index(
            "uq_journey_entry_alone",
            "tenant_id",
            "campaign_id",
            "profile_id",
            unique=True,
            postgresql_where="alone AND ended_at IS NULL",
        ),
    )


class WinBackPlace(TenantRow, Base):
    """A win-back began to write to this person at `started_at`, in that journey entry (rules.LadderPlace)."""

    __tablename__ = "win_back_place"
    profile_id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID]
    started_at: Mapped[datetime]
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"]),)


class CampaignRun(TenantRow, Base):
    """A campaign of the calendar has begun on this local day for those whose clock it is."""

    __tablename__ = "campaign_run"
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    timezone: Mapped[str] = mapped_column(Text, primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "campaign_id"], ["campaign.tenant_id", "campaign.id"], ondelete="CASCADE"),
    )

"""Tables of experiments: how a campaign is measured, and who was decided into which arm."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Experiment(TenantRow, Base):
    """How a campaign is measured (`rules.Plan`); campaigns without a row are by the usual plan.

    `since`: people decided before it do not count: a plan that was changed begins anew. `holdout_percent`: whom the
    campaign holds back beside the tenant's holdout. `variants`: `{name, weight, title, body}`; none: one text.
    `planted`: of a demo, what its planner has put in, by outcome; null: nobody knows.
    """

    __tablename__ = "experiment"
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    window_days: Mapped[int]
    days: Mapped[int]
    decides: Mapped[str] = mapped_column(Text)
    smallest_effect: Mapped[float]
    holdout_percent: Mapped[int]
    variants: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    planted: Mapped[dict[str, float] | None] = mapped_column(JSONB(none_as_null=True))
    version: Mapped[int] = mapped_column(server_default="1")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "campaign_id"], ["campaign.tenant_id", "campaign.id"], ondelete="CASCADE"),
        CheckConstraint("window_days BETWEEN 1 AND 90 AND days BETWEEN window_days + 1 AND 366", name="days"),
        CheckConstraint("decides IN ('conversion', 'revenue', 'churn', 'ltv')", name="decides"),
        CheckConstraint("smallest_effect > 0 AND smallest_effect <= 10", name="smallest_effect"),
        CheckConstraint("holdout_percent BETWEEN 0 AND 50", name="holdout_percent"),
    )


class ExperimentPerson(TenantRow, Base):
    """When a campaign first decided about a person so that nothing but a holdout (or limits of attention) spoke against
    it, and on which side the person was then. `person_id` as messages have it: the profile, or the device without one.

    Written once and never changed: later decisions, and changes of the holdout's size, move nobody.
    """

    __tablename__ = "experiment_person"
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime]
    store_id: Mapped[UUID | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "campaign_id"], ["campaign.tenant_id", "campaign.id"], ondelete="CASCADE"),
        CheckConstraint("side IN ('sent', 'tenant_holdout', 'campaign_holdout')", name="side"),
        Index("ix_experiment_person_person_id", "tenant_id", "person_id"),
        Index("ix_experiment_person_decided_at", "tenant_id", "decided_at"),
    )

"""Tables of early warnings: what was found, and until which day each tenant's metrics were looked at."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Alert(TenantRow, Base):
    """A metric that was off its own course at the end of a local day (`through`).

    `change`: relative, of `now` against `expected`, which are rounded so that no period can be told from them.
    `driver_kind`: `segment` or `store`, whose people moved it; null: everybody did. `money_minor`: of 90 days, below
    zero a loss. `made`: ids of segments and drafts of campaigns that its playbook made. `decided_by`: who dismissed it
    or put it off. `over_at`: since when the metric is back, or the alert too old to be news.
    """

    __tablename__ = "alert"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(Text)
    through: Mapped[date]
    found_at: Mapped[datetime]
    is_good: Mapped[bool]
    expected: Mapped[float] = mapped_column(Double)
    now: Mapped[float] = mapped_column(Double)
    change: Mapped[float] = mapped_column(Double)
    driver_kind: Mapped[str | None] = mapped_column(Text)
    driver_id: Mapped[UUID | None]
    driver_name: Mapped[str | None] = mapped_column(Text)
    driver_change: Mapped[float | None] = mapped_column(Double)
    currency: Mapped[str | None] = mapped_column(Text)
    money_minor: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text, server_default="open")
    snoozed_until: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(Text)
    over_at: Mapped[datetime | None]
    made: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        CheckConstraint("status IN ('open', 'snoozed', 'dismissed', 'over')", name="status"),
        CheckConstraint("(status = 'snoozed') = (snoozed_until IS NOT NULL)", name="snoozed"),
        CheckConstraint("driver_kind IN ('segment', 'store')", name="driver_kind"),
        Index("ix_alert_live", "tenant_id", "metric", postgresql_where="status <> 'over'"),
    )


class MetricWatch(TenantRow, Base):
    """Until which local day a tenant's metrics were looked at."""

    __tablename__ = "metric_watch"
    through: Mapped[date]
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)

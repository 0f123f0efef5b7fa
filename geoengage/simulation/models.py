"""The one table of the demo's comparison: a row for a demo tenant whose noise was ever set or whose simulator ran."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Simulation(TenantRow, Base):
    """`revision` counts changes of `noise_m`, so that a report about the noise of before is known as such.

    `report` is `api.ReportIn` of the newest report about this revision, null until there is one; `reported_at` says
    when a simulator was last heard.
    """

    __tablename__ = "simulation"
    noise_m: Mapped[float]
    revision: Mapped[int]
    changed_at: Mapped[datetime]
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reported_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        CheckConstraint("noise_m >= 0 AND noise_m <= 30", name="noise_in_range"),
    )

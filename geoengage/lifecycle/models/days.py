"""Table of what cannot be worked out later: how many people could be reached on a day, what was expected of them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Text

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class MetricDay(TenantRow, Base):
    """A number at the end of a local day. `place_id`: a store or a mall, the nil UUID for the whole tenant.

    `part`: of `reachable` the channel, '' for any; of `ltv_predicted` the currency. `people`: how many it is about.
    """

    __tablename__ = "metric_day"
    place_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    part: Mapped[str] = mapped_column(Text, primary_key=True)
    on: Mapped[date] = mapped_column(primary_key=True)
    people: Mapped[int]
    value: Mapped[float]
    low: Mapped[float | None]
    high: Mapped[float | None]
    kept_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        CheckConstraint("name IN ('reachable', 'ltv_predicted')", name="name"),
    )

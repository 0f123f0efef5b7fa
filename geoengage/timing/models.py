"""Tables of timing: the tenant's day parts, and how the hours of a week are spread over its people's actions."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Float, ForeignKeyConstraint, Text

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class DayPartRow(TenantRow, Base):
    """One `rules.DayPart`, in the order in which somebody wrote them. Without any row the usual ones hold."""

    __tablename__ = "day_part"
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    days: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    starts: Mapped[int]
    ends: Mapped[int]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    is_good: Mapped[bool]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        CheckConstraint("starts BETWEEN 0 AND 1439 AND ends BETWEEN 0 AND 1440 AND starts <> ends", name="span"),
    )


class HourPrior(TenantRow, Base):
    """How actions of many people fall on the 168 hours of the week, counted from a sample at most once a day.

    `segment_id` is the nil UUID for the whole tenant. `people`: of how many; fewer than ten are not used.
    """

    __tablename__ = "hour_prior"
    segment_id: Mapped[UUID] = mapped_column(primary_key=True)
    counts: Mapped[list[float]] = mapped_column(ARRAY(Float))
    people: Mapped[int]
    counted_at: Mapped[datetime]
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)

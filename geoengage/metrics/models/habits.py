"""Tables of what people bought in sum, and of their habits. All can be computed anew from orders and visits."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, BigInteger, Double, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column
from geoengage.metrics.rules import Degree, Kept, Population, Season, Shop, Stage, Thresholds


class CustomerSummary(TenantRow, Base):
    """What a person has bought: orders that are not cancelled and bring nothing back; no row without one.

    Amounts are minor units of `currency`, the one of most orders, net of refunds; `other_orders` are in other
    currencies and in no amount. Days are the tenant's. `repeat_spend_minor`: on days after the first.
    """

    __tablename__ = "customer_summary"
    profile_id: Mapped[UUID] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(Text)
    orders: Mapped[int]
    other_orders: Mapped[int]
    purchase_days: Mapped[int]
    first_day: Mapped[date]
    last_day: Mapped[date]
    last_order_at: Mapped[datetime]
    spent_minor: Mapped[int] = mapped_column(BigInteger)
    repeat_spend_minor: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"]),)


class CustomerHabitRow(TenantRow, Base):
    """A person's habits as of `checked_at` (metrics.rules.CustomerHabit); no row: has bought nothing, a subscriber.

    `check_at`: when time alone can change the row. `gap_passed_at`: when the gap since the last purchase exceeds each
    of `PERCENTILES` of this person's gaps. Days since which something holds begin at the tenant's midnight.
    """

    __tablename__ = "customer_habit"
    profile_id: Mapped[UUID] = mapped_column(primary_key=True)
    own_purchases: Mapped[int]
    now_days: Mapped[int]
    bought_now: Mapped[int]
    bought_before: Mapped[int]
    per_week_before: Mapped[float | None] = mapped_column(Double)
    per_week_now: Mapped[float | None] = mapped_column(Double)
    frequency_change: Mapped[float | None] = mapped_column(Double)
    spend_change: Mapped[float | None] = mapped_column(Double)
    visits_change: Mapped[float | None] = mapped_column(Double)
    typical_gap_days: Mapped[float] = mapped_column(Double)
    gap_p80_days: Mapped[float] = mapped_column(Double)
    gap_p80_passed_at: Mapped[datetime]
    gap_days: Mapped[list[float]] = mapped_column(ARRAY(Double))
    gap_passed_at: Mapped[list[datetime]] = mapped_column(ARRAY(Base.type_annotation_map[datetime]))
    decline: Mapped[str] = mapped_column(Text)
    decline_towards: Mapped[str] = mapped_column(Text)
    decline_since: Mapped[date]
    stage: Mapped[str] = mapped_column(Text)
    stage_since: Mapped[date]
    checked_at: Mapped[datetime]
    check_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"]),
        Index("ix_customer_habit_check_at", "tenant_id", "check_at"),
    )

    @property
    def kept(self) -> Kept:
        """Degree and stage as the rules take them."""
        return Kept(Degree(self.decline), self.decline_since, Stage(self.stage), self.stage_since)


class ShopRhythm(TenantRow, Base):
    """What people are measured with (metrics.rules.Shop): thresholds, how a tenant's people usually buy, its season.

    `thresholds`: those that differ from the usual ones. `fitted_at` None: nothing is known of the people.
    `repaired_until`: whatever changed before is in the summaries.
    """

    __tablename__ = "shop_rhythm"
    thresholds: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    rate_shape: Mapped[float | None] = mapped_column(Double)
    rate_days: Mapped[float | None] = mapped_column(Double)
    regularity: Mapped[list[float] | None] = mapped_column(ARRAY(Double))
    season_from: Mapped[date | None]
    season: Mapped[list[float] | None] = mapped_column(ARRAY(Double))
    fitted_at: Mapped[datetime | None]
    repaired_until: Mapped[datetime | None]
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)

    @property
    def shop(self) -> Shop:
        """The same as the rules take it; the usual where nothing is known."""
        population, season = Population(), Season()
        if self.rate_shape is not None and self.rate_days is not None and self.regularity is not None:
            population = Population(self.rate_shape, self.rate_days, tuple(self.regularity))
        if self.season_from is not None and self.season is not None:
            season = Season(self.season_from.toordinal(), tuple(self.season))
        return Shop(msgspec.convert(self.thresholds, Thresholds), population, season)

"""Tables of value models: each fit is kept, and what its figures say of every customer."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class ValueModelRow(TenantRow, Base):
    """A fit, or (`refusal`) the reason why there is none. `version` counts them; one is current.

    `through`: the last local day whose purchases it knows. `params` as `rules.to_params`, `quality` as
    `rules.Quality`. `valued_on`: the local day for which all customers were last valued with it.
    """

    __tablename__ = "value_model"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(Text)
    fitted_at: Mapped[datetime]
    through: Mapped[date]
    valued_on: Mapped[date]
    currency: Mapped[str | None] = mapped_column(Text)
    customers: Mapped[int]
    left_out: Mapped[int]
    params: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    quality: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    refusal: Mapped[str | None] = mapped_column(Text)
    is_current: Mapped[bool]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        UniqueConstraint("tenant_id", "version"),
        Index("uq_value_model_current", "tenant_id", unique=True, postgresql_where="is_current"),
    )


class CustomerValue(TenantRow, Base):
    """What a customer is expected to do: `orders_*` are purchase days; values are in minor units over 365 days.

    `value_365_minor` is the expected one, discounted; between `value_low_minor` and `value_high_minor` lie eight of
    ten. They are null where only orders are foreseen.
    """

    __tablename__ = "customer_value"
    profile_id: Mapped[UUID] = mapped_column(primary_key=True)
    model_id: Mapped[UUID]
    currency: Mapped[str] = mapped_column(Text)
    p_alive: Mapped[float]
    orders_90d: Mapped[float]
    orders_365d: Mapped[float]
    value_365_minor: Mapped[int | None] = mapped_column(BigInteger)
    value_low_minor: Mapped[int | None] = mapped_column(BigInteger)
    value_high_minor: Mapped[int | None] = mapped_column(BigInteger)
    valued_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "model_id"], ["value_model.tenant_id", "value_model.id"], ondelete="CASCADE"
        ),
    )

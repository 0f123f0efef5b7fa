"""Tables of offers, of what may be spent on them, and of the margins that their floors are reckoned with."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class OfferRow(TenantRow, Base):
    """An offer. `store_id`: of that store alone; null: the tenant's. `terms`: rules.OfferTerms.

    `label`: what messages call it; null: made from what it gives. `funded_by`: who bears the discount.
    """

    __tablename__ = "offer"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(Text)
    label: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default="draft")
    currency: Mapped[str] = mapped_column(Text)
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    valid_from: Mapped[datetime | None]
    valid_to: Mapped[datetime | None]
    funded_by: Mapped[str] = mapped_column(Text, server_default="tenant")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"]),
        CheckConstraint("status IN ('draft', 'active', 'paused', 'archived')", name="status"),
        CheckConstraint("funded_by IN ('tenant', 'store')", name="funded_by"),
        CheckConstraint("valid_to > valid_from", name="validity"),
        Index("ix_offer_store_id", "tenant_id", "store_id"),
    )


class OfferBudgetRow(TenantRow, Base):
    """What may be spent on an offer: by all (`place_id` is the offer's id), or by one store (`place_id` is its id).

    Money and uses are held when a coupon is made and spent when it is redeemed. The checks are what keeps a budget:
    whatever the code does, no transaction that breaks it commits. No row: no limit.
    """

    __tablename__ = "offer_budget"
    offer_id: Mapped[UUID] = mapped_column(primary_key=True)
    place_id: Mapped[UUID] = mapped_column(primary_key=True)
    limit_minor: Mapped[int | None] = mapped_column(BigInteger)
    limit_uses: Mapped[int | None]
    held_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    held_uses: Mapped[int] = mapped_column(server_default="0")
    spent_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    spent_uses: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "offer_id"], ["offer.tenant_id", "offer.id"], ondelete="CASCADE"),
        CheckConstraint("num_nonnulls(limit_minor, limit_uses) > 0", name="has_limit"),
        CheckConstraint("least(held_minor, held_uses, spent_minor, spent_uses) >= 0", name="not_negative"),
        CheckConstraint("held_minor + spent_minor <= limit_minor", name="limit_minor"),
        CheckConstraint("held_uses + spent_uses <= limit_uses", name="limit_uses"),
    )


class MarginRow(TenantRow, Base):
    """Margin percent of goods of which no cost is known, for the tenant (`place_id` is its id) or one of its stores.

    `floor_percent`: the least margin that offers may leave; only the tenant's counts. Reports reckon profit with it.
    """

    __tablename__ = "margin"
    place_id: Mapped[UUID] = mapped_column(primary_key=True)
    margin_percent: Mapped[int | None]
    floor_percent: Mapped[int | None]
    version: Mapped[int] = mapped_column(server_default="1")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        CheckConstraint("margin_percent BETWEEN 0 AND 99", name="margin_percent"),
        CheckConstraint("floor_percent BETWEEN 0 AND 95", name="floor_percent"),
    )

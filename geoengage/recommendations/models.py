"""Tables of recommendations: what was learnt from everybody's orders. Nothing in them is about one person.

What somebody usually buys is worked out from their orders when it is asked for, so there is nothing of it to keep.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, REAL, Double, ForeignKeyConstraint, Index, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column

_MODEL = ["recommendation_model.tenant_id", "recommendation_model.id"]


class RecommendationModel(TenantRow, Base):
    """One fit: of which orders, with what result. The current one is used, the rows of older ones are gone.

    `through`: the newest order it knows. `lambda_`: of EASE^R; null: too few baskets to say what is bought together.
    `gap_days`: between two purchases of a product, over all products. `quality`: NDCG@10 on the hold-out by λ, and of
    popularity.
    """

    __tablename__ = "recommendation_model"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    fitted_at: Mapped[datetime]
    through: Mapped[datetime | None]
    baskets: Mapped[int]
    people: Mapped[int]
    products: Mapped[int]
    gap_days: Mapped[float] = mapped_column(Double)
    lambda_: Mapped[float | None] = mapped_column("lambda", Double)
    quality: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    is_current: Mapped[bool]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        Index("uq_recommendation_model_current", "tenant_id", unique=True, postgresql_where=text("is_current")),
    )


class ProductPattern(TenantRow, Base):
    """What a model knows of a product that ten people have bought. `share`: of all baskets.

    `gap_days`: the median over people of their own median gap, null where fewer than ten have bought it twice. `others`
    and `weights`: what it says about other products, the strongest first.
    """

    __tablename__ = "product_pattern"
    model_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    buyers: Mapped[int]
    share: Mapped[float] = mapped_column(Double)
    gap_days: Mapped[float | None] = mapped_column(Double)
    others: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    weights: Mapped[list[float]] = mapped_column(ARRAY(REAL))
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "model_id"], _MODEL, ondelete="CASCADE"),)


class PopularProduct(TenantRow, Base):
    """The products that most people bought lately. `place_id`: a store, or the tenant's own id for all of them."""

    __tablename__ = "popular_product"
    model_id: Mapped[UUID] = mapped_column(primary_key=True)
    place_id: Mapped[UUID] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[UUID]
    buyers: Mapped[int]
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "model_id"], _MODEL, ondelete="CASCADE"),)


class RecommendationSchedule(TenantRow, Base):
    """When a tenant's model is fitted next. Who fits moves it ahead first, so that nobody else does."""

    __tablename__ = "recommendation_schedule"
    due_at: Mapped[datetime] = mapped_column()
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)

"""Tables of the catalogue: products, their variants, and how much of each a store has."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Product(TenantRow, Base):
    """Something that is sold. `store_id` null: of the tenant's catalogue, which all its stores see; else of that store.

    `category` is a path with ` > ` between its steps. `source_updated_at` orders the versions that sources send,
    `content_hash` recognises one that says nothing new.
    """

    __tablename__ = "product"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID | None]
    external_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    brand: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    image_urls: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    locales: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    status: Mapped[str] = mapped_column(Text, server_default="active")
    source_updated_at: Mapped[datetime]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"]),
        UniqueConstraint("tenant_id", "store_id", "external_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("status IN ('active', 'archived')", name="status"),
        Index("ix_product_category", "tenant_id", "category"),
        Index("ix_product_external_id", "tenant_id", "external_id"),
    )


class ProductVariant(TenantRow, Base):
    """What is in fact bought: one size or colour; a product without such has one variant.

    Prices are minor units of `currency`. A variant that its source no longer names is not `is_active`: orders keep it.
    """

    __tablename__ = "product_variant"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID]
    external_id: Mapped[str] = mapped_column(Text)
    sku: Mapped[str | None] = mapped_column(Text)
    barcode: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    price_minor: Mapped[int | None] = mapped_column(BigInteger)
    was_price_minor: Mapped[int | None] = mapped_column(BigInteger)
    cost_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(Text)
    image_url: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int] = mapped_column(server_default="0")
    is_active: Mapped[bool] = mapped_column(server_default="true")
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["product.tenant_id", "product.id"], ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "product_id", "external_id"),
        CheckConstraint(
            "currency IS NOT NULL OR num_nonnulls(price_minor, was_price_minor, cost_minor) = 0",
            name="price_has_currency",
        ),
        Index("ix_product_variant_external_id", "tenant_id", "external_id"),
        Index("ix_product_variant_sku", "tenant_id", "sku"),
        Index("ix_product_variant_barcode", "tenant_id", "barcode"),
    )


class Stock(TenantRow, Base):
    """How much of a variant a store had when it was last counted (`at`), in thousandths."""

    __tablename__ = "stock"
    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    variant_id: Mapped[UUID] = mapped_column(primary_key=True)
    quantity_milli: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "variant_id"], ["product_variant.tenant_id", "product_variant.id"], ondelete="CASCADE"
        ),
        Index("ix_stock_variant_id", "tenant_id", "variant_id"),
    )

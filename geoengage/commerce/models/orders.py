"""Tables of orders, their lines, their refunds, and the ids that guests left.

Amounts are minor units of the order's currency, quantities thousandths. Lines and refunds are only written together
with their order's row, which is the lock under which its versions are folded.
"""

from datetime import datetime
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

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class ShopOrder(TenantRow, Base):
    """An order, whatever channel it came from. (`source`, `external_id`) names it.

    `status` follows from `stated_status` (what the source says) and the refunds. `source_updated_at` is the newest
    version, `customer_at` the newest version that named a customer; `customer_erased`: none may ever be put again.
    `return_of`: the sale that returned goods come from, by the ids of `return_of_source`; it may not be known yet.
    `updated_at` and `created_at` are by our clock, so `created_at` − `ordered_at` is how late an order came.
    """

    __tablename__ = "shop_order"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    ordered_at: Mapped[datetime]
    source_updated_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(Text)
    stated_status: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None]
    channel: Mapped[str] = mapped_column(Text)
    identifier_id: Mapped[UUID | None]
    customer_at: Mapped[datetime | None]
    customer_erased: Mapped[bool] = mapped_column(server_default="false")
    subtotal_minor: Mapped[int] = mapped_column(BigInteger)
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    shipping_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    refunded_minor: Mapped[int] = mapped_column(BigInteger)
    coupons: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    return_of: Mapped[str | None] = mapped_column(Text)
    return_of_source: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"]),
        ForeignKeyConstraint(["tenant_id", "identifier_id"], ["identifier.tenant_id", "identifier.id"]),
        UniqueConstraint("tenant_id", "source", "external_id"),
        CheckConstraint(
            "status IN ('pending', 'paid', 'cancelled', 'partially_refunded', 'refunded')"
            " AND stated_status IN ('pending', 'paid', 'cancelled', 'partially_refunded', 'refunded')",
            name="status",
        ),
        CheckConstraint("channel IN ('web', 'app', 'pos', 'phone', 'other')", name="channel"),
        Index("ix_shop_order_ordered_at", "tenant_id", "ordered_at", "id"),
        Index("ix_shop_order_updated_at", "tenant_id", "updated_at"),
        Index("ix_shop_order_store_id", "tenant_id", "store_id", "ordered_at", "id"),
        Index(
            "ix_shop_order_identifier_id",
            "tenant_id",
            "identifier_id",
            "ordered_at",
            postgresql_where="identifier_id IS NOT NULL",
        ),
    )


class OrderLine(TenantRow, Base):
    """A position of an order, as it was sold; a negative quantity is a return.

    `product_external_id`, `variant_external_id` and `sku` are what the source said; `product_id` and `variant_id`
    which of ours that is, null until we know it. `replaces`: the source's id of the product that was ordered instead.
    """

    __tablename__ = "order_line"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str | None] = mapped_column(Text)
    product_id: Mapped[UUID | None]
    variant_id: Mapped[UUID | None]
    product_external_id: Mapped[str | None] = mapped_column(Text)
    variant_external_id: Mapped[str | None] = mapped_column(Text)
    sku: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    quantity_milli: Mapped[int] = mapped_column(BigInteger)
    unit_price_minor: Mapped[int | None] = mapped_column(BigInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    replaces: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["shop_order.tenant_id", "shop_order.id"], ondelete="CASCADE"),
        Index("ix_order_line_product_id", "tenant_id", "product_id", postgresql_where="product_id IS NOT NULL"),
        Index(
            "ix_order_line_unknown_product", "tenant_id", "product_external_id", postgresql_where="product_id IS NULL"
        ),
    )


class OrderClaim(TenantRow, Base):
    """An id that a guest left with an order. It goes away when somebody known turns out to have it, or by
    retention."""

    __tablename__ = "order_claim"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    claim_kind: Mapped[str] = mapped_column(Text, primary_key=True)
    claim_value: Mapped[str] = mapped_column(Text)
    claimed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["shop_order.tenant_id", "shop_order.id"], ondelete="CASCADE"),
        Index("ix_order_claim_claim_value", "tenant_id", "claim_kind", "claim_value"),
        Index("ix_order_claim_claimed_at", "tenant_id", "claimed_at"),
    )


class RefundRow(TenantRow, Base):
    """Money given back; `source_updated_at` is the newest version of the order that has it so."""

    __tablename__ = "refund"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(Text)
    source_updated_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["shop_order.tenant_id", "shop_order.id"], ondelete="CASCADE"),
    )


class RefundLineRow(TenantRow, Base):
    """What a refund was for; `line` is the order line's external id."""

    __tablename__ = "refund_line"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    refund_external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[str | None] = mapped_column(Text)
    product_external_id: Mapped[str | None] = mapped_column(Text)
    sku: Mapped[str | None] = mapped_column(Text)
    quantity_milli: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "order_id", "refund_external_id"],
            ["refund.tenant_id", "refund.order_id", "refund.external_id"],
            ondelete="CASCADE",
        ),
    )

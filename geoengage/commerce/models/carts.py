"""Tables of carts. A cart belongs to an id of a person, or to a device that nobody has logged in on."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, func

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Cart(TenantRow, Base):
    """What somebody has put aside to buy. A person's cart is all open carts of the person's ids and devices together.

    `store_id` null: of the tenant as a whole. `abandoned_at`: it was left alone for the tenant's
    `cart_abandoned_after_s`, and has not been touched since; `recovered_at`: something of it was ordered after that.
    `order_id`: the order that took the last thing out.
    """

    __tablename__ = "cart"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier_id: Mapped[UUID | None]
    device_id: Mapped[UUID | None]
    store_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(Text, server_default="open")
    changed_at: Mapped[datetime]
    abandoned_at: Mapped[datetime | None]
    recovered_at: Mapped[datetime | None]
    order_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "identifier_id"], ["identifier.tenant_id", "identifier.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["tenant_id", "device_id"], ["device.tenant_id", "device.id"], ondelete="CASCADE"),
        CheckConstraint("num_nonnulls(identifier_id, device_id) = 1", name="one_owner"),
        CheckConstraint("status IN ('open', 'ordered')", name="status"),
        Index(
            "uq_cart_open_identifier_id",
            "tenant_id",
            "identifier_id",
            "store_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where="status = 'open' AND identifier_id IS NOT NULL",
        ),
        Index(
            "uq_cart_open_device_id",
            "tenant_id",
            "device_id",
            "store_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where="status = 'open' AND device_id IS NOT NULL",
        ),
        Index("ix_cart_identifier_id", "tenant_id", "identifier_id"),
        Index("ix_cart_device_id", "tenant_id", "device_id"),
        Index(
            "ix_cart_waiting", "tenant_id", "changed_at", postgresql_where="status = 'open' AND abandoned_at IS NULL"
        ),
    )


class CartLine(TenantRow, Base):
    """One product in a cart. `item` names it within the cart: our variant's id, else what the source called it.

    Price, name and picture are as they were when it was put in.
    """

    __tablename__ = "cart_line"
    cart_id: Mapped[UUID] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(Text, primary_key=True)
    product_id: Mapped[UUID | None]
    variant_id: Mapped[UUID | None]
    product_external_id: Mapped[str | None] = mapped_column(Text)
    variant_external_id: Mapped[str | None] = mapped_column(Text)
    sku: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    image_url: Mapped[str | None] = mapped_column(Text)
    quantity_milli: Mapped[int] = mapped_column(BigInteger)
    unit_price_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(Text)
    added_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "cart_id"], ["cart.tenant_id", "cart.id"], ondelete="CASCADE"),
        CheckConstraint("quantity_milli > 0", name="quantity_milli"),
    )

"""Tables of coupons and of what was redeemed. The coupon's row is the lock under which it changes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column

_OPEN = "status IN ('reserved', 'committed')"


class CouponRow(TenantRow, Base):
    """A code that is good for one use of an offer.

    `profile_id`: to whom it was given; null: whoever has it. `message_id`: in which message. `batch_id`: with which
    others it was printed. `store_id`: only there. `size`, `label`: what it promised. `held_minor`: what its budget set
    aside for it. `once`: the offer is for each person once, which the index sees to.
    """

    __tablename__ = "coupon"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    offer_id: Mapped[UUID]
    profile_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]
    batch_id: Mapped[UUID | None]
    store_id: Mapped[UUID | None]
    code: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    size: Mapped[int | None] = mapped_column(BigInteger)
    label: Mapped[str] = mapped_column(Text)
    held_minor: Mapped[int] = mapped_column(BigInteger)
    once: Mapped[bool]
    reserved_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    committed_at: Mapped[datetime | None]
    redeemed_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    release_reason: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "offer_id"], ["offer.tenant_id", "offer.id"]),
        ForeignKeyConstraint(["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"]),
        UniqueConstraint("tenant_id", "code"),
        CheckConstraint("status IN ('reserved', 'committed', 'redeemed', 'released')", name="status"),
        CheckConstraint("release_reason IN ('failed', 'expired', 'budget')", name="release_reason"),
        CheckConstraint("(status = 'released') = (release_reason IS NOT NULL)", name="released_has_reason"),
        Index("ix_coupon_offer_id", "tenant_id", "offer_id", "id"),
        Index("ix_coupon_message_id", "tenant_id", "message_id", postgresql_where="message_id IS NOT NULL"),
        Index("ix_coupon_batch_id", "tenant_id", "batch_id", postgresql_where="batch_id IS NOT NULL"),
        Index("ix_coupon_profile_id", "tenant_id", "profile_id", postgresql_where="profile_id IS NOT NULL"),
        Index("ix_coupon_open", "tenant_id", "expires_at", postgresql_where=_OPEN),
        Index(
            "uq_coupon_once",
            "tenant_id",
            "offer_id",
            "profile_id",
            unique=True,
            postgresql_where="once AND profile_id IS NOT NULL AND status <> 'released'",
        ),
    )


class RedemptionRow(TenantRow, Base):
    """One use of an offer by an order: (`source`, `order_ref`) names it as orders do. `coupon_id` null: without a code.

    `returned_minor`: what of the discount came back with returns. `reversed_at`: all of it did, the use does not count.
    """

    __tablename__ = "redemption"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    offer_id: Mapped[UUID]
    coupon_id: Mapped[UUID | None]
    profile_id: Mapped[UUID | None]
    store_id: Mapped[UUID | None]
    source: Mapped[str] = mapped_column(Text)
    order_ref: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    returned_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    funded_by: Mapped[str] = mapped_column(Text)
    once: Mapped[bool]
    redeemed_at: Mapped[datetime]
    reversed_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "offer_id"], ["offer.tenant_id", "offer.id"]),
        ForeignKeyConstraint(["tenant_id", "coupon_id"], ["coupon.tenant_id", "coupon.id"]),
        ForeignKeyConstraint(["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"]),
        UniqueConstraint(
            "tenant_id", "source", "order_ref", "offer_id", "coupon_id", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("returned_minor BETWEEN 0 AND discount_minor", name="returned_minor"),
        CheckConstraint("funded_by IN ('tenant', 'store')", name="funded_by"),
        Index("ix_redemption_offer_id", "tenant_id", "offer_id", "id"),
        Index("ix_redemption_profile_id", "tenant_id", "profile_id", postgresql_where="profile_id IS NOT NULL"),
        Index(
            "uq_redemption_coupon",
            "tenant_id",
            "coupon_id",
            unique=True,
            postgresql_where="coupon_id IS NOT NULL AND reversed_at IS NULL",
        ),
        Index(
            "uq_redemption_once",
            "tenant_id",
            "offer_id",
            "profile_id",
            unique=True,
            postgresql_where="once AND profile_id IS NOT NULL AND reversed_at IS NULL",
        ),
    )

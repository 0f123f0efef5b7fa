"""Tables of the marketplace: what stores may spend on messages, and what they spent."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKeyConstraint, Text, func

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class StoreLimit(TenantRow, Base):
    """What a store may spend on messages in a calendar month, minor units. The row is the lock under which it spends;
    a store without one has no limit.
    """

    __tablename__ = "store_limit"
    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    limit_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
        CheckConstraint("limit_minor >= 0", name="limit_minor"),
    )


class StoreSpend(TenantRow, Base):
    """How many messages of a store were handed to the provider of a channel in a month of the tenant's, by the country
    of their numbers ('': none is known), and how many its limit held back. Prices are applied when it is read.
    """

    __tablename__ = "store_spend"
    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    country: Mapped[str] = mapped_column(Text, primary_key=True)
    messages: Mapped[int] = mapped_column(BigInteger)
    held_back: Mapped[int] = mapped_column(BigInteger, server_default="0")
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
    )

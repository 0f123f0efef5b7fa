"""Table of what a message costs, which no provider tells us."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Text, func

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class MessageCost(TenantRow, Base):
    """What a thousand messages of a channel cost in a country ('': in any other), in minor units."""

    __tablename__ = "message_cost"
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    country: Mapped[str] = mapped_column(Text, primary_key=True)
    thousand_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        CheckConstraint("thousand_minor >= 0", name="thousand_minor"),
    )

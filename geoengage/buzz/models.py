"""The table of what phones are to be told; the phones themselves are tenancy's (`OperatorPhone`)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, text

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Buzz(TenantRow, Base):
    """That a phone is told of replies to a store: one row, however many come.

    `newest`: the ledger position of the last reply; `due_at`: when it is told next, or the end of the lease of who is
    telling it (null: nothing is to be told); `expires_at`: afterwards nobody cares; `sent_at`: when it was told last.
    """

    __tablename__ = "buzz"
    phone_id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    newest: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default="0")
    sent_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "phone_id"], ["operator_phone.tenant_id", "operator_phone.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
        CheckConstraint("tries >= 0", name="tries"),
        Index("ix_buzz_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

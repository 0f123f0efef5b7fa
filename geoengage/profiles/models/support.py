"""Tables of the people who help people: notes about a person, and who has looked at whom."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column

MOST_NOTE = 4_000  # characters


class Note(TenantRow, Base):
    """What somebody wrote about a person. `store_id` null: for the whole tenant; else only that store reads it.

    `author_id` is an operator or a secret key, who alone may change or delete it; `author` the name at that time.
    """

    __tablename__ = "note"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier_id: Mapped[UUID]
    store_id: Mapped[UUID | None]
    author_id: Mapped[UUID]
    author: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "identifier_id"], ["identifier.tenant_id", "identifier.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
        CheckConstraint(f"length(text) BETWEEN 1 AND {MOST_NOTE}", name="text"),
        Index("ix_note_identifier", "tenant_id", "identifier_id", "created_at"),
    )


class PersonAccess(TenantRow, Base):
    """Somebody opened a person's screen: `reason` null where none is asked for (simulated and test people).

    It holds for the one id, so for whoever that id belongs to: people who are joined or come apart meanwhile stay open
    as far as they are the one who was asked for. `until`: when the reason has to be given again.
    """

    __tablename__ = "person_access"
    actor_id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime]
    until: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "identifier_id"], ["identifier.tenant_id", "identifier.id"]),
        Index("ix_person_access_identifier", "tenant_id", "identifier_id"),
        Index("ix_person_access_recent", "tenant_id", "actor_id", "opened_at"),
    )

"""Tables of static lists. A row about a person hangs on an id of theirs, so it goes with it in a merge or unmerge."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Text

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class PeopleList(TenantRow, Base):
    """A list that people are put on by hand or by a file. `store_id` null: the tenant's.

    `version` rises with name and description, `changed_at` with who is on it too.
    """

    __tablename__ = "people_list"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, server_default="")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
    )


class PeopleListMember(TenantRow, Base):
    """That an id is on a list, and since when. A person is on it by any of their ids."""

    __tablename__ = "people_list_member"
    list_id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "list_id"], ["people_list.tenant_id", "people_list.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "identifier_id"], ["identifier.tenant_id", "identifier.id"], ondelete="CASCADE"
        ),
        Index("ix_people_list_member_identifier", "tenant_id", "identifier_id"),
    )

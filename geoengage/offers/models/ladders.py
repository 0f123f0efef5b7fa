"""Tables of win-back ladders."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class LadderRow(TenantRow, Base):
    """A tenant's ladder: rules.Ladder."""

    __tablename__ = "win_back_ladder"
    steps: Mapped[list[Any]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(server_default="1")
    updated_at: Mapped[datetime]
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)


class LadderPlaceRow(TenantRow, Base):
    """How far a person has come on the ladder (rules.Place)."""

    __tablename__ = "win_back_place"
    profile_id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    step: Mapped[int]
    stepped_at: Mapped[datetime]
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"]),)

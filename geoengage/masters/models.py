"""Tables of master recipes: what they say, version by version, and the stores that take them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class RecipeMaster(TenantRow, Base):
    """A recipe for many stores. The versions are `rules.Standing`; `latest` is the one that was written last."""

    __tablename__ = "recipe_master"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    recipe: Mapped[str] = mapped_column(Text)
    latest: Mapped[int] = mapped_column(server_default="1")
    everyone: Mapped[int | None]
    trial: Mapped[int | None]
    percent: Mapped[int] = mapped_column(server_default="100")
    before: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        UniqueConstraint("tenant_id", "name"),
        CheckConstraint("percent BETWEEN 1 AND 100", name="percent"),
    )


class RecipeMasterVersion(TenantRow, Base):
    """What a master says. Never changed: another wording is another version."""

    __tablename__ = "recipe_master_version"
    master_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    texts: Mapped[list[Any]] = mapped_column(JSONB)
    note: Mapped[str] = mapped_column(Text, server_default="")
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    made_by: Mapped[str] = mapped_column(Text, server_default="")
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "master_id"], ["recipe_master.tenant_id", "recipe_master.id"], ondelete="CASCADE"
        ),
    )


class RecipeFollower(TenantRow, Base):
    """A store that takes a recipe from a master, at most one for each recipe.

    `wanted`: the version that it is to run, null: none; `applied`: the one that it runs. `due_at`: the worker is to
    look at it. `written`: the words of its messages as they were last taken over, by step: others there are the store's
    own. `problem`: why it could not be applied.
    """

    __tablename__ = "recipe_follower"
    master_id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    recipe: Mapped[str] = mapped_column(Text)
    own: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    currency: Mapped[str | None] = mapped_column(Text)
    wanted: Mapped[int | None]
    applied: Mapped[int | None]
    applied_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    launch_id: Mapped[UUID | None]
    written: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    opted_out_at: Mapped[datetime | None]
    opted_out_by: Mapped[str | None] = mapped_column(Text)
    problem: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "master_id"], ["recipe_master.tenant_id", "recipe_master.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "recipe", "store_id"),
        Index("ix_recipe_follower_due", "tenant_id", "due_at", postgresql_where="due_at IS NOT NULL"),
    )

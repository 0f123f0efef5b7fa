"""Table of the recipes that were switched on."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class RecipeLaunch(TenantRow, Base):
    """A recipe as somebody switched it on: what they set, and what was made. Whether it runs says its campaign.

    `store_id`, `content_id`: for which store and about which item; null: for the whole, about none. Each such recipe is
    there once. `campaign_id` null: its campaign is not made yet, or was withdrawn.
    """

    __tablename__ = "recipe_launch"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    recipe: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None]
    content_id: Mapped[UUID | None]
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    campaign_id: Mapped[UUID | None]
    segment_id: Mapped[UUID | None]
    offer_id: Mapped[UUID | None]
    launched_at: Mapped[datetime] = mapped_column(server_default=func.now())
    launched_by: Mapped[str] = mapped_column(Text, server_default="")
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
        Index(
            "uq_recipe_launch_place", "tenant_id", "recipe", "store_id", "content_id",
            unique=True, postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip

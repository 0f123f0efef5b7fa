"""Tables of content items, their revisions, the feeds that publish them and the short links that lead to them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class ContentItem(TenantRow, Base):
    """One thing that is on, with its words in every language.

    `store_id`: whose it is (null: the tenant's) and, without a zone, where. `texts`: language → `rules.Words`.
    `starts_local` and `ends_local` are what the wall clock at the place shows, in `timezone`; `starts_at` and `ends_at`
    the moments that this means, null for none. `revision` rises with every change: ETag, and SEQUENCE of a calendar.
    `products` are external ids of the catalogue.
    """

    __tablename__ = "content_item"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None]
    mall_id: Mapped[UUID | None]
    zone_id: Mapped[UUID | None]
    texts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    default_language: Mapped[str] = mapped_column(Text)
    starts_local: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=False))
    ends_local: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=False))
    timezone: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    products: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    categories: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    brands: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    image_url: Mapped[str | None] = mapped_column(Text)
    link: Mapped[str | None] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cancelled_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"]),
        ForeignKeyConstraint(["tenant_id", "mall_id"], ["mall.tenant_id", "mall.id"]),
        ForeignKeyConstraint(["tenant_id", "zone_id"], ["zone.tenant_id", "zone.id"]),
        CheckConstraint("kind IN ('promotion', 'event', 'new_arrival', 'notice')", name="kind"),
        CheckConstraint("status IN ('draft', 'published', 'cancelled')", name="status"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index("ix_content_item_store_id", "tenant_id", "store_id"),
        Index("ix_content_item_ends_at", "tenant_id", "ends_at"),
    )


class ContentRevision(TenantRow, Base):
    """What an item said after one of its changes, and who changed it."""

    __tablename__ = "content_revision"
    item_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "item_id"], ["content_item.tenant_id", "content_item.id"], ondelete="CASCADE"
        ),
    )


class ContentFeed(TenantRow, Base):
    """An address under which everybody may read what is published: of one store, or of the whole tenant.

    `token` opens nothing that is not public, and can be shown again.
    """

    __tablename__ = "content_feed"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None]
    token: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
        Index("uq_content_feed_token", "tenant_id", "token", unique=True),
    )


class LinkHost(TenantRow, Base):
    """A host that short links may lead to."""

    __tablename__ = "link_host"
    host: Mapped[str] = mapped_column(Text, primary_key=True)
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)


class ShortLink(TenantRow, Base):
    """`/l/CODE`: leads to an item or to `target_url`. `source` is where it is shown: poster, bag, newsletter.

    Found by code alone (`ix_short_link_code`), which is random: no credential names a tenant there.
    """

    __tablename__ = "short_link"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    store_id: Mapped[UUID | None]
    content_id: Mapped[UUID | None]
    target_url: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "store_id"], ["store.tenant_id", "store.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "content_id"], ["content_item.tenant_id", "content_item.id"], ondelete="CASCADE"
        ),
        CheckConstraint("num_nonnulls(content_id, target_url) = 1", name="leads_to_one"),
        Index("ix_short_link_code", "code"),
        Index("uq_short_link_code", "tenant_id", "code", unique=True),
        Index("ix_short_link_content_id", "tenant_id", "content_id"),
    )


class LinkOpened(TenantRow, Base):
    """How often a short link was opened on a day (UTC): a number, and nobody's."""

    __tablename__ = "link_opened"
    link_id: Mapped[UUID] = mapped_column(primary_key=True)
    on: Mapped[date] = mapped_column(primary_key=True)
    opens: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "link_id"], ["short_link.tenant_id", "short_link.id"], ondelete="CASCADE"),
    )

"""content items, their revisions, feeds and short links; messages that say a thing by reference"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")


def _time(name: str, *, null: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _texts(name: str) -> sa.Column:
    return sa.Column(name, postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}")


def _to(table: str, of: str, column: str, **more: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{of}.tenant_id", f"{of}.id"],
        name=op.f(f"fk_{table}_{of}_tenant_id_{column}"),
        **more,
    )


def _tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f(f"fk_{table}_tenant_tenant_id"))


def upgrade() -> None:
    op.create_table(
        "content_item",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid()),
        sa.Column("mall_id", sa.Uuid()),
        sa.Column("zone_id", sa.Uuid()),
        sa.Column("texts", postgresql.JSONB(), nullable=False),
        sa.Column("default_language", sa.Text(), nullable=False),
        sa.Column("starts_local", postgresql.TIMESTAMP(timezone=False)),
        sa.Column("ends_local", postgresql.TIMESTAMP(timezone=False)),
        sa.Column("timezone", sa.Text(), nullable=False),
        _time("starts_at"),
        _time("ends_at"),
        _texts("products"),
        _texts("categories"),
        _texts("brands"),
        sa.Column("image_url", sa.Text()),
        sa.Column("link", sa.Text()),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        _time("cancelled_at"),
        _tenant("content_item"),
        _to("content_item", "store", "store_id"),
        _to("content_item", "mall", "mall_id"),
        _to("content_item", "zone", "zone_id"),
        sa.CheckConstraint(
            "kind IN ('promotion', 'event', 'new_arrival', 'notice')", name=op.f("ck_content_item_kind")
        ),
        sa.CheckConstraint("status IN ('draft', 'published', 'cancelled')", name=op.f("ck_content_item_status")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_content_item_ends_after_start")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_content_item")),
    )
    op.create_index("ix_content_item_store_id", "content_item", ["tenant_id", "store_id"])
    op.create_index("ix_content_item_ends_at", "content_item", ["tenant_id", "ends_at"])
    op.create_table(
        "content_revision",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        _time("changed_at", null=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        _to("content_revision", "content_item", "item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "item_id", "revision", name=op.f("pk_content_revision")),
    )
    op.create_table(
        "content_feed",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid()),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        _to("content_feed", "store", "store_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_content_feed")),
    )
    op.create_index("uq_content_feed_token", "content_feed", ["tenant_id", "token"], unique=True)
    op.create_table(
        "link_host",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        _tenant("link_host"),
        sa.PrimaryKeyConstraint("tenant_id", "host", name=op.f("pk_link_host")),
    )
    op.create_table(
        "short_link",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid()),
        sa.Column("content_id", sa.Uuid()),
        sa.Column("target_url", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        _time("expires_at"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        _to("short_link", "store", "store_id", ondelete="CASCADE"),
        _to("short_link", "content_item", "content_id", ondelete="CASCADE"),
        sa.CheckConstraint("num_nonnulls(content_id, target_url) = 1", name=op.f("ck_short_link_leads_to_one")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_short_link")),
    )
    op.create_index("ix_short_link_code", "short_link", ["code"])
    op.create_index("uq_short_link_code", "short_link", ["tenant_id", "code"], unique=True)
    op.create_index("ix_short_link_content_id", "short_link", ["tenant_id", "content_id"])
    op.create_table(
        "link_opened",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("opens", sa.Integer(), nullable=False),
        _to("link_opened", "short_link", "link_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "link_id", "on", name=op.f("pk_link_opened")),
    )
    op.add_column("message", sa.Column("wording", postgresql.JSONB()))


def downgrade() -> None:
    op.drop_column("message", "wording")
    for table in ("link_opened", "short_link", "link_host", "content_feed", "content_revision", "content_item"):
        op.drop_table(table)

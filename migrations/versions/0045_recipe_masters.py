"""recipe masters"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def _of_master(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "master_id"],
        ["recipe_master.tenant_id", "recipe_master.id"],
        name=op.f(f"fk_{table}_recipe_master_tenant_id_master_id"),
        ondelete="CASCADE",
    )


def upgrade() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "recipe_master",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("latest", sa.Integer(), server_default="1", nullable=False),
        sa.Column("everyone", sa.Integer(), nullable=True),
        sa.Column("trial", sa.Integer(), nullable=True),
        sa.Column("percent", sa.Integer(), server_default="100", nullable=False),
        sa.Column("before", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("percent BETWEEN 1 AND 100", name=op.f("ck_recipe_master_percent")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_recipe_master_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_recipe_master")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_recipe_master_tenant_id_name")),
    )
    op.create_table(
        "recipe_master_version",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("master_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("settings", json, nullable=False),
        sa.Column("texts", json, nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("made_by", sa.Text(), server_default="", nullable=False),
        _of_master("recipe_master_version"),
        sa.PrimaryKeyConstraint("tenant_id", "master_id", "version", name=op.f("pk_recipe_master_version")),
    )
    op.create_table(
        "recipe_follower",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("master_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("own", json, server_default="{}", nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=True),
        sa.Column("applied", sa.Integer(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("launch_id", sa.Uuid(), nullable=True),
        sa.Column("written", json, server_default="{}", nullable=False),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opted_out_by", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        _of_master("recipe_follower"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["store.tenant_id", "store.id"],
            name=op.f("fk_recipe_follower_store_tenant_id_store_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "master_id", "store_id", name=op.f("pk_recipe_follower")),
        sa.UniqueConstraint(
            "tenant_id", "recipe", "store_id", name=op.f("uq_recipe_follower_tenant_id_recipe_store_id")
        ),
    )
    op.create_index(
        "ix_recipe_follower_due",
        "recipe_follower",
        ["tenant_id", "due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


def downgrade() -> None:
    for table in ("recipe_follower", "recipe_master_version", "recipe_master"):
        op.drop_table(table)

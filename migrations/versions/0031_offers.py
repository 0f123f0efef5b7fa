"""offers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "margin",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("margin_percent", sa.Integer(), nullable=True),
        sa.Column("floor_percent", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("floor_percent BETWEEN 0 AND 95", name=op.f("ck_margin_floor_percent")),
        sa.CheckConstraint("margin_percent BETWEEN 0 AND 99", name=op.f("ck_margin_margin_percent")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_margin_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "place_id", name=op.f("pk_margin")),
    )
    op.create_table(
        "win_back_ladder",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_win_back_ladder_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_win_back_ladder")),
    )
    op.create_table(
        "win_back_place",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("stepped_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "profile_id"],
            ["profile.tenant_id", "profile.id"],
            name=op.f("fk_win_back_place_profile_tenant_id_profile_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "profile_id", name=op.f("pk_win_back_place")),
    )
    op.create_table(
        "offer",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("funded_by", sa.Text(), server_default="tenant", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("funded_by IN ('tenant', 'store')", name=op.f("ck_offer_funded_by")),
        sa.CheckConstraint("status IN ('draft', 'active', 'paused', 'archived')", name=op.f("ck_offer_status")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_offer_validity")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"], ["store.tenant_id", "store.id"], name=op.f("fk_offer_store_tenant_id_store_id")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_offer_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_offer")),
    )
    op.create_index("ix_offer_store_id", "offer", ["tenant_id", "store_id"], unique=False)
    op.create_table(
        "coupon",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("held_minor", sa.BigInteger(), nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'released') = (release_reason IS NOT NULL)", name=op.f("ck_coupon_released_has_reason")
        ),
        sa.CheckConstraint("release_reason IN ('failed', 'expired', 'budget')", name=op.f("ck_coupon_release_reason")),
        sa.CheckConstraint(
            "status IN ('reserved', 'committed', 'redeemed', 'released')", name=op.f("ck_coupon_status")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "offer_id"], ["offer.tenant_id", "offer.id"], name=op.f("fk_coupon_offer_tenant_id_offer_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "profile_id"],
            ["profile.tenant_id", "profile.id"],
            name=op.f("fk_coupon_profile_tenant_id_profile_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_coupon")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("uq_coupon_tenant_id_code")),
    )
    op.create_index(
        "ix_coupon_batch_id",
        "coupon",
        ["tenant_id", "batch_id"],
        unique=False,
        postgresql_where="batch_id IS NOT NULL",
    )
    op.create_index(
        "ix_coupon_message_id",
        "coupon",
        ["tenant_id", "message_id"],
        unique=False,
        postgresql_where="message_id IS NOT NULL",
    )
    op.create_index("ix_coupon_offer_id", "coupon", ["tenant_id", "offer_id", "id"], unique=False)
    op.create_index(
        "ix_coupon_open",
        "coupon",
        ["tenant_id", "expires_at"],
        unique=False,
        postgresql_where="status IN ('reserved', 'committed')",
    )
    op.create_index(
        "ix_coupon_profile_id",
        "coupon",
        ["tenant_id", "profile_id"],
        unique=False,
        postgresql_where="profile_id IS NOT NULL",
    )
    op.create_index(
        "uq_coupon_once",
        "coupon",
        ["tenant_id", "offer_id", "profile_id"],
        unique=True,
        postgresql_where="once AND profile_id IS NOT NULL AND status <> 'released'",
    )
    op.create_table(
        "offer_budget",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=True),
        sa.Column("limit_uses", sa.Integer(), nullable=True),
        sa.Column("held_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held_uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("spent_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("spent_uses", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("held_minor + spent_minor <= limit_minor", name=op.f("ck_offer_budget_limit_minor")),
        sa.CheckConstraint("held_uses + spent_uses <= limit_uses", name=op.f("ck_offer_budget_limit_uses")),
        sa.CheckConstraint(
            "least(held_minor, held_uses, spent_minor, spent_uses) >= 0", name=op.f("ck_offer_budget_not_negative")
        ),
        sa.CheckConstraint("num_nonnulls(limit_minor, limit_uses) > 0", name=op.f("ck_offer_budget_has_limit")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "offer_id"],
            ["offer.tenant_id", "offer.id"],
            name=op.f("fk_offer_budget_offer_tenant_id_offer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "offer_id", "place_id", name=op.f("pk_offer_budget")),
    )
    op.create_table(
        "redemption",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("coupon_id", sa.Uuid(), nullable=True),
        sa.Column("profile_id", sa.Uuid(), nullable=True),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("order_ref", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("returned_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("funded_by", sa.Text(), nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("funded_by IN ('tenant', 'store')", name=op.f("ck_redemption_funded_by")),
        sa.CheckConstraint("returned_minor BETWEEN 0 AND discount_minor", name=op.f("ck_redemption_returned_minor")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "coupon_id"],
            ["coupon.tenant_id", "coupon.id"],
            name=op.f("fk_redemption_coupon_tenant_id_coupon_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "offer_id"],
            ["offer.tenant_id", "offer.id"],
            name=op.f("fk_redemption_offer_tenant_id_offer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "profile_id"],
            ["profile.tenant_id", "profile.id"],
            name=op.f("fk_redemption_profile_tenant_id_profile_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["store.tenant_id", "store.id"],
            name=op.f("fk_redemption_store_tenant_id_store_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_redemption")),
        sa.UniqueConstraint(
            "tenant_id",
            "source",
            "order_ref",
            "offer_id",
            "coupon_id",
            name=op.f("uq_redemption_tenant_id_source_order_ref_offer_id_coupon_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_redemption_offer_id", "redemption", ["tenant_id", "offer_id", "id"], unique=False)
    op.create_index(
        "ix_redemption_profile_id",
        "redemption",
        ["tenant_id", "profile_id"],
        unique=False,
        postgresql_where="profile_id IS NOT NULL",
    )
    op.create_index(
        "uq_redemption_coupon",
        "redemption",
        ["tenant_id", "coupon_id"],
        unique=True,
        postgresql_where="coupon_id IS NOT NULL AND reversed_at IS NULL",
    )
    op.create_index(
        "uq_redemption_once",
        "redemption",
        ["tenant_id", "offer_id", "profile_id"],
        unique=True,
        postgresql_where="once AND profile_id IS NOT NULL AND reversed_at IS NULL",
    )


def downgrade() -> None:
    op.drop_index(
        "uq_redemption_once",
        table_name="redemption",
        postgresql_where="once AND profile_id IS NOT NULL AND reversed_at IS NULL",
    )
    op.drop_index(
        "uq_redemption_coupon",
        table_name="redemption",
        postgresql_where="coupon_id IS NOT NULL AND reversed_at IS NULL",
    )
    op.drop_index("ix_redemption_profile_id", table_name="redemption", postgresql_where="profile_id IS NOT NULL")
    op.drop_index("ix_redemption_offer_id", table_name="redemption")
    op.drop_table("redemption")
    op.drop_table("offer_budget")
    op.drop_index(
        "uq_coupon_once",
        table_name="coupon",
        postgresql_where="once AND profile_id IS NOT NULL AND status <> 'released'",
    )
    op.drop_index("ix_coupon_profile_id", table_name="coupon", postgresql_where="profile_id IS NOT NULL")
    op.drop_index("ix_coupon_open", table_name="coupon", postgresql_where="status IN ('reserved', 'committed')")
    op.drop_index("ix_coupon_offer_id", table_name="coupon")
    op.drop_index("ix_coupon_batch_id", table_name="coupon", postgresql_where="batch_id IS NOT NULL")
    op.drop_index("ix_coupon_message_id", table_name="coupon", postgresql_where="message_id IS NOT NULL")
    op.drop_table("coupon")
    op.drop_index("ix_offer_store_id", table_name="offer")
    op.drop_table("offer")
    op.drop_table("win_back_place")
    op.drop_table("win_back_ladder")
    op.drop_table("margin")

"""habits of customers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_profile_tenant_id_profile_id")
    return sa.ForeignKeyConstraint(["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"], name=name)


def upgrade() -> None:
    op.create_table(
        "customer_summary",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("other_orders", sa.Integer(), nullable=False),
        sa.Column("purchase_days", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("last_order_at", _TIME, nullable=False),
        sa.Column("spent_minor", sa.BigInteger(), nullable=False),
        sa.Column("repeat_spend_minor", sa.BigInteger(), nullable=False),
        _of_person("customer_summary"),
        sa.PrimaryKeyConstraint("tenant_id", "profile_id", name=op.f("pk_customer_summary")),
    )
    op.create_table(
        "customer_habit",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("own_purchases", sa.Integer(), nullable=False),
        sa.Column("now_days", sa.Integer(), nullable=False),
        sa.Column("bought_now", sa.Integer(), nullable=False),
        sa.Column("bought_before", sa.Integer(), nullable=False),
        sa.Column("per_week_before", sa.Double()),
        sa.Column("per_week_now", sa.Double()),
        sa.Column("frequency_change", sa.Double()),
        sa.Column("spend_change", sa.Double()),
        sa.Column("visits_change", sa.Double()),
        sa.Column("typical_gap_days", sa.Double(), nullable=False),
        sa.Column("gap_p80_days", sa.Double(), nullable=False),
        sa.Column("gap_p80_passed_at", _TIME, nullable=False),
        sa.Column("gap_days", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("gap_passed_at", postgresql.ARRAY(_TIME), nullable=False),
        sa.Column("decline", sa.Text(), nullable=False),
        sa.Column("decline_towards", sa.Text(), nullable=False),
        sa.Column("decline_since", sa.Date(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_since", sa.Date(), nullable=False),
        sa.Column("checked_at", _TIME, nullable=False),
        sa.Column("check_at", _TIME, nullable=False),
        _of_person("customer_habit"),
        sa.PrimaryKeyConstraint("tenant_id", "profile_id", name=op.f("pk_customer_habit")),
    )
    op.create_index("ix_customer_habit_check_at", "customer_habit", ["tenant_id", "check_at"])
    op.create_table(
        "shop_rhythm",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("thresholds", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("rate_shape", sa.Double()),
        sa.Column("rate_days", sa.Double()),
        sa.Column("regularity", postgresql.ARRAY(sa.Double())),
        sa.Column("season_from", sa.Date()),
        sa.Column("season", postgresql.ARRAY(sa.Double())),
        sa.Column("fitted_at", _TIME),
        sa.Column("repaired_until", _TIME),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_shop_rhythm_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_shop_rhythm")),
    )


def downgrade() -> None:
    op.drop_table("shop_rhythm")
    op.drop_table("customer_habit")
    op.drop_table("customer_summary")

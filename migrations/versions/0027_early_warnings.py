"""early warnings"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_good", sa.Boolean(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("now", sa.Double(), nullable=False),
        sa.Column("change", sa.Double(), nullable=False),
        sa.Column("driver_kind", sa.Text(), nullable=True),
        sa.Column("driver_id", sa.Uuid(), nullable=True),
        sa.Column("driver_name", sa.Text(), nullable=True),
        sa.Column("driver_change", sa.Double(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("money_minor", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("(status = 'snoozed') = (snoozed_until IS NOT NULL)", name=op.f("ck_alert_snoozed")),
        sa.CheckConstraint("driver_kind IN ('segment', 'store')", name=op.f("ck_alert_driver_kind")),
        sa.CheckConstraint("status IN ('open', 'snoozed', 'dismissed', 'over')", name=op.f("ck_alert_status")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_alert_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_alert")),
    )
    op.create_index("ix_alert_live", "alert", ["tenant_id", "metric"], postgresql_where=sa.text("status <> 'over'"))
    op.create_table(
        "metric_watch",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_metric_watch_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_metric_watch")),
    )


def downgrade() -> None:
    op.drop_table("metric_watch")
    op.drop_index("ix_alert_live", table_name="alert")
    op.drop_table("alert")

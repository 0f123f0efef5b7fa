"""proof"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

# Who was decided before this table was: a message that was queued may have been skipped since, then its person is left
# out, for nothing tells any more that it was meant to be sent.
_BEFORE = """
INSERT INTO experiment_person (tenant_id, campaign_id, person_id, side, decided_at, store_id)
SELECT DISTINCT ON (m.tenant_id, m.campaign_id, m.person_id) m.tenant_id, m.campaign_id, m.person_id,
  CASE WHEN 'holdout' = ANY(m.blockers) THEN 'tenant_holdout' ELSE 'sent' END, m.created_at, m.store_id
FROM message m JOIN campaign c ON c.tenant_id = m.tenant_id AND c.id = m.campaign_id
JOIN device d ON d.tenant_id = m.tenant_id AND d.id = m.device_id AND NOT d.is_test
WHERE m.purpose = 'marketing' AND (m.status <> 'skipped' OR m.blockers <@ ARRAY['holdout', 'cap', 'cooldown'])
ORDER BY 1, 2, 3, m.id
"""


def upgrade() -> None:
    op.create_table(
        "message_cost",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("thousand_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("thousand_minor >= 0", name=op.f("ck_message_cost_thousand_minor")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_message_cost_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "channel", "country", name=op.f("pk_message_cost")),
    )
    op.create_table(
        "experiment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("decides", sa.Text(), nullable=False),
        sa.Column("smallest_effect", sa.Float(), nullable=False),
        sa.Column("holdout_percent", sa.Integer(), nullable=False),
        sa.Column("variants", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("decides IN ('conversion', 'revenue', 'churn', 'ltv')", name=op.f("ck_experiment_decides")),
        sa.CheckConstraint("holdout_percent BETWEEN 0 AND 50", name=op.f("ck_experiment_holdout_percent")),
        sa.CheckConstraint("smallest_effect > 0 AND smallest_effect <= 10", name=op.f("ck_experiment_smallest_effect")),
        sa.CheckConstraint(
            "window_days BETWEEN 1 AND 90 AND days BETWEEN window_days + 1 AND 366", name=op.f("ck_experiment_days")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaign.tenant_id", "campaign.id"],
            name=op.f("fk_experiment_campaign_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "campaign_id", name=op.f("pk_experiment")),
    )
    op.create_table(
        "experiment_person",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "side IN ('sent', 'tenant_holdout', 'campaign_holdout')", name=op.f("ck_experiment_person_side")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaign.tenant_id", "campaign.id"],
            name=op.f("fk_experiment_person_campaign_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "campaign_id", "person_id", name=op.f("pk_experiment_person")),
    )
    op.create_index("ix_experiment_person_decided_at", "experiment_person", ["tenant_id", "decided_at"])
    op.create_index("ix_experiment_person_person_id", "experiment_person", ["tenant_id", "person_id"])
    op.execute(_BEFORE)


def downgrade() -> None:
    for table in ("experiment_person", "experiment", "message_cost"):
        op.drop_table(table)

"""campaigns of segments"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_OLD = "trigger_kind IN ('entered', 'dwelled', 'exited')"
_NEW = f"{_OLD} AND trigger_segment_id IS NULL OR trigger_kind = 'segment' AND trigger_segment_id IS NOT NULL"
_MAY_RUN = "status = 'active' AND deleted_at IS NULL"


def upgrade() -> None:
    op.add_column("campaign", sa.Column("trigger_segment_id", sa.Uuid(), nullable=True))
    op.drop_constraint(op.f("ck_campaign_trigger_kind"), "campaign", type_="check")
    op.create_check_constraint(op.f("ck_campaign_trigger_kind"), "campaign", _NEW)
    op.create_index(
        "ix_campaign_trigger_segment_id", "campaign", ["tenant_id", "trigger_segment_id"], postgresql_where=_MAY_RUN
    )
    op.create_table(
        "campaign_start",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("occurrence", sa.Uuid(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaign.tenant_id", "campaign.id"],
            name=op.f("fk_campaign_start_campaign_tenant_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "profile_id"],
            ["profile.tenant_id", "profile.id"],
            name=op.f("fk_campaign_start_profile_tenant_id_profile_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "campaign_id", "profile_id", name=op.f("pk_campaign_start")),
    )
    op.create_index("ix_campaign_start_due_at", "campaign_start", ["tenant_id", "due_at"])


def downgrade() -> None:
    op.drop_table("campaign_start")
    op.execute("DELETE FROM campaign WHERE trigger_kind = 'segment'")
    op.drop_constraint(op.f("ck_campaign_trigger_kind"), "campaign", type_="check")
    op.create_check_constraint(op.f("ck_campaign_trigger_kind"), "campaign", _OLD)
    op.drop_index("ix_campaign_trigger_segment_id", table_name="campaign")
    op.drop_column("campaign", "trigger_segment_id")

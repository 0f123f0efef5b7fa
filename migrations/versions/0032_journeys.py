"""journeys"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_PLACES = "trigger_kind IN ('entered', 'dwelled', 'exited')"
_OTHERS = (
    "trigger_kind IN ('entered', 'dwelled', 'exited', 'event', 'schedule', 'date', 'cart', 'order', 'api')"
    " AND trigger_segment_id IS NULL"
)
_SEGMENT = "trigger_kind = 'segment' AND trigger_segment_id IS NOT NULL"
_MAY_RUN = "status = 'active' AND deleted_at IS NULL"


def _of_campaign(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "campaign_id"],
        ["campaign.tenant_id", "campaign.id"],
        name=op.f(f"fk_{table}_campaign_tenant_id_campaign_id"),
        ondelete="CASCADE",
    )


def upgrade() -> None:
    op.drop_constraint(op.f("ck_campaign_trigger_kind"), "campaign", type_="check")
    op.create_check_constraint(op.f("ck_campaign_trigger_kind"), "campaign", f"{_OTHERS} OR {_SEGMENT}")
    op.create_index("ix_campaign_trigger_kind", "campaign", ["tenant_id", "trigger_kind"], postgresql_where=_MAY_RUN)
    op.create_table(
        "journey_entry",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("said", JSONB(), server_default="{}", nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("log", JSONB(), server_default="[]", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        _of_campaign("journey_entry"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "profile_id"],
            ["profile.tenant_id", "profile.id"],
            name=op.f("fk_journey_entry_profile_tenant_id_profile_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "campaign_id", "id", name=op.f("pk_journey_entry")),
        sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name=op.f("ck_journey_entry_ended")),
    )
    op.create_index(
        "ix_journey_entry_wake_at", "journey_entry", ["tenant_id", "wake_at"], postgresql_where="wake_at IS NOT NULL"
    )
    op.create_index("ix_journey_entry_profile_id", "journey_entry", ["tenant_id", "profile_id", "campaign_id"])
    op.create_index("ix_journey_entry_ended_at", "journey_entry", ["ended_at"], postgresql_where="ended_at IS NOT NULL")
    op.create_index(
        "uq_journey_entry_alone",
        "journey_entry",
        ["tenant_id", "campaign_id", "profile_id"],
        unique=True,
        postgresql_where="alone AND ended_at IS NULL",
    )
    op.create_table(
        "campaign_run",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        _of_campaign("campaign_run"),
        sa.PrimaryKeyConstraint("tenant_id", "campaign_id", "timezone", "starts_on", name=op.f("pk_campaign_run")),
    )
    op.add_column("campaign", sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("message", sa.Column("never_repeat", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    op.drop_column("message", "never_repeat")
    op.drop_column("campaign", "activated_at")
    op.drop_table("campaign_run")
    op.drop_table("journey_entry")
    op.drop_index("ix_campaign_trigger_kind", table_name="campaign")
    op.execute("DELETE FROM campaign WHERE trigger_kind IN ('event', 'schedule', 'date', 'cart', 'order', 'api')")
    op.drop_constraint(op.f("ck_campaign_trigger_kind"), "campaign", type_="check")
    op.create_check_constraint(
        op.f("ck_campaign_trigger_kind"), "campaign", f"{_PLACES} AND trigger_segment_id IS NULL OR {_SEGMENT}"
    )

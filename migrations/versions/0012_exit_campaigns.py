"""campaigns that wait for people to leave; messages that the end of their visit does not hold back"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _set_kinds("trigger_kind IN ('entered', 'dwelled', 'exited')")
    op.add_column("message", sa.Column("outlives_visit", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    op.drop_column("message", "outlives_visit")
    op.execute("DELETE FROM campaign WHERE trigger_kind = 'exited'")
    _set_kinds("trigger_kind IN ('entered', 'dwelled')")


def _set_kinds(condition: str) -> None:
    op.drop_constraint(op.f("ck_campaign_trigger_kind"), "campaign")
    op.create_check_constraint(op.f("ck_campaign_trigger_kind"), "campaign", condition)

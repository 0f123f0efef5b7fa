"""passed over, and the end of a Viber session"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "message",
        sa.Column("passed_over", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.alter_column("phone_inbound", "last_at", nullable=True)
    op.add_column("phone_inbound", sa.Column("full_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM phone_inbound WHERE last_at IS NULL")
    op.drop_column("phone_inbound", "full_at")
    op.alter_column("phone_inbound", "last_at", nullable=False)
    op.drop_column("message", "passed_over")

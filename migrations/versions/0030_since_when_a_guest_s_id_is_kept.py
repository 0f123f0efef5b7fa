"""since when a guest's id is kept"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "order_claim",
        sa.Column("claimed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.create_index("ix_order_claim_claimed_at", "order_claim", ["tenant_id", "claimed_at"])


def downgrade() -> None:
    op.drop_index("ix_order_claim_claimed_at", table_name="order_claim")
    op.drop_column("order_claim", "claimed_at")

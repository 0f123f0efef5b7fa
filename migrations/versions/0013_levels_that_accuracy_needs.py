"""where a device is by the beacons that it has heard, and how surely its floor is known"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device_state", sa.Column("level_weight", sa.Double(), server_default="0.97", nullable=False))
    op.alter_column("device_state", "level_weight", server_default=None)
    op.add_column("device_state", sa.Column("track", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    op.drop_column("device_state", "track")
    op.drop_column("device_state", "level_weight")

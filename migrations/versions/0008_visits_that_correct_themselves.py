"""visits that correct themselves: checkpoints, verdicts, revisions, versions by time"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ping", sa.Column("said_zone_id", sa.Uuid(), nullable=True))
    op.add_column("ping", sa.Column("said_left", sa.Boolean(), nullable=True))
    op.add_column("ping", sa.Column("verdict", sa.Text(), nullable=True))
    op.add_column("visit", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
    op.add_column("device_state", sa.Column("trust", sa.Double(), server_default="1", nullable=False))
    op.add_column("device_state", sa.Column("source", sa.Text(), server_default="gnss", nullable=False))
    op.alter_column("device_state", "trust", server_default=None)
    op.alter_column("device_state", "source", server_default=None)
    for name in ("settled_at", "venue_at", "checkpoint_at"):
        op.add_column("device_state", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE device_state SET settled_at = last_at, venue_at = last_at, checkpoint_at = last_at")
    for name in ("settled_at", "venue_at", "checkpoint_at"):
        op.alter_column("device_state", name, nullable=False)
    op.create_table(
        "checkpoint",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "device_id", "at", name=op.f("pk_checkpoint")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "zone_change",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("after", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_zone_change")),
    )
    op.create_index("ix_zone_change_due", "zone_change", ["due_at"], unique=False)


def downgrade() -> None:
    op.drop_table("zone_change")
    op.drop_table("checkpoint")
    for name in ("checkpoint_at", "venue_at", "settled_at", "source", "trust"):
        op.drop_column("device_state", name)
    op.drop_column("visit", "revision")
    for name in ("verdict", "said_left", "said_zone_id"):
        op.drop_column("ping", name)

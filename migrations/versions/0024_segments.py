"""segments"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def _of_segment(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "segment_id"],
        ["segment.tenant_id", "segment.id"],
        name=op.f(f"fk_{table}_segment_tenant_id"),
        ondelete="CASCADE",
    )


def upgrade() -> None:
    op.create_table(
        "segment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("definition", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("live_definition", postgresql.JSONB(), nullable=True),
        sa.Column("live_version", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), server_default="building", nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stale_since", _TIME, nullable=True),
        sa.Column("evaluated_at", _TIME, nullable=True),
        sa.Column("leased_until", _TIME, nullable=True),
        sa.Column("created_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("changed_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('building', 'ready', 'failed')", name=op.f("ck_segment_status")),
        sa.CheckConstraint("(live_definition IS NULL) = (live_version IS NULL)", name=op.f("ck_segment_live")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_segment_tenant_tenant_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["store.tenant_id", "store.id"],
            name=op.f("fk_segment_store_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_segment")),
    )
    op.create_table(
        "segment_member",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("segment_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("since", _TIME, nullable=False),
        _of_segment("segment_member"),
        sa.PrimaryKeyConstraint("tenant_id", "segment_id", "profile_id", name=op.f("pk_segment_member")),
    )
    op.create_index("ix_segment_member_profile_id", "segment_member", ["tenant_id", "profile_id"])
    op.create_table(
        "segment_due",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("segment_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        _of_segment("segment_due"),
        sa.PrimaryKeyConstraint("tenant_id", "segment_id", "profile_id", name=op.f("pk_segment_due")),
    )
    op.create_index("ix_segment_due_due_at", "segment_due", ["tenant_id", "due_at"])
    op.create_index("ix_segment_due_profile_id", "segment_due", ["tenant_id", "profile_id"])
    op.create_table(
        "segment_change",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("segment_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("entered", sa.Boolean(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_segment_change")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index("ix_segment_change_segment", "segment_change", ["tenant_id", "segment_id", "id"])
    op.create_index("ix_segment_change_profile", "segment_change", ["tenant_id", "profile_id", "id"])
    op.create_table(
        "segment_size",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("segment_id", sa.Uuid(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        _of_segment("segment_size"),
        sa.PrimaryKeyConstraint("tenant_id", "segment_id", "at", name=op.f("pk_segment_size")),
    )
    op.create_table(
        "segment_sweep",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_segment_sweep_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_segment_sweep")),
    )


def downgrade() -> None:
    for table in ("segment_sweep", "segment_size", "segment_change", "segment_due", "segment_member", "segment"):
        op.drop_table(table)

"""push senders of apps, their shared pauses and rates; push options of a message; addresses that moved"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "firebase_sender",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("client_email", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), server_default="unchecked", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('unchecked', 'works', 'fails')", name=op.f("ck_firebase_sender_status")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "app_id"],
            ["app.tenant_id", "app.id"],
            name=op.f("fk_firebase_sender_app_tenant_id_app_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "app_id", name=op.f("pk_firebase_sender")),
    )
    op.create_table(
        "sender_pace",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float(), server_default="0", nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ramp_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "route", name=op.f("pk_sender_pace")),
    )
    op.add_column(
        "message", sa.Column("push", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
    )
    op.create_index("ix_device_push_address", "device", ["push_address"], postgresql_using="hash")


def downgrade() -> None:
    op.drop_index("ix_device_push_address", table_name="device")
    op.drop_column("message", "push")
    op.drop_table("sender_pace")
    op.drop_table("firebase_sender")

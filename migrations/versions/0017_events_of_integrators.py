"""events of integrators: stored once, what was refused of them; write keys"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("is_claim", sa.Boolean(), nullable=False),
        sa.Column("properties", postgresql.JSONB(), nullable=False),
        sa.Column("context", postgresql.JSONB(), nullable=False),
        sa.Column("product_ids", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_event")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index("ix_event_person", "event", ["tenant_id", "identifier_id", "at"])
    op.create_index("ix_event_name", "event", ["tenant_id", "name", "id"])
    op.create_index(
        "ix_event_order", "event", ["tenant_id", "order_id"], postgresql_where=sa.text("order_id IS NOT NULL")
    )
    op.create_table(
        "event_seen",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("sent_id", sa.Text(), nullable=False),
        sa.Column("is_claim", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "sent_id", "is_claim", name=op.f("pk_event_seen")),
    )
    op.create_index(op.f("ix_event_seen_seen_at"), "event_seen", ["seen_at"])
    op.create_table(
        "event_rejection",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_kept", sa.Boolean(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("sent_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_event_rejection")),
    )
    op.create_index(op.f("ix_event_rejection_received_at"), "event_rejection", ["received_at"])
    op.add_column("credential", sa.Column("writes", sa.Text(), nullable=True))
    _set_kinds("kind IN ('pk', 'sk', 'wk')")
    op.create_check_constraint(
        op.f("ck_credential_writes"),
        "credential",
        "(kind = 'wk') = coalesce(writes IN ('server', 'browser'), false)",
    )


def downgrade() -> None:
    op.execute("DELETE FROM credential WHERE kind = 'wk'")
    op.drop_constraint(op.f("ck_credential_writes"), "credential")
    op.drop_column("credential", "writes")
    _set_kinds("kind IN ('pk', 'sk')")
    op.drop_table("event_rejection")
    op.drop_table("event_seen")
    op.drop_table("event")


def _set_kinds(condition: str) -> None:
    op.drop_constraint(op.f("ck_credential_kind"), "credential")
    op.create_check_constraint(op.f("ck_credential_kind"), "credential", condition)

"""replies: conversations, what was written in them, texts to answer with; whom a message answers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f(f"fk_{table}_tenant_tenant_id"))


def _of_store(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "store_id"],
        ["store.tenant_id", "store.id"],
        name=op.f(f"fk_{table}_store_tenant_id_store_id"),
        ondelete="CASCADE",
    )


def upgrade() -> None:
    op.create_table(
        "conversation",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unread", sa.Integer(), server_default="0", nullable=False),
        sa.Column("assigned_to", sa.Uuid(), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.CheckConstraint("channel IN ('whatsapp', 'sms', 'viber', 'email')", name=op.f("ck_conversation_channel")),
        sa.CheckConstraint("unread >= 0", name=op.f("ck_conversation_unread")),
        _of_tenant("conversation"),
        _of_store("conversation"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"],
            ["identifier.tenant_id", "identifier.id"],
            name=op.f("fk_conversation_identifier_tenant_id_identifier_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_conversation")),
        sa.UniqueConstraint(
            "tenant_id",
            "sender_id",
            "identifier_id",
            "store_id",
            name="uq_conversation_whose",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_conversation_last_at", "conversation", ["tenant_id", "last_at", "id"])
    op.create_index("ix_conversation_store_id", "conversation", ["tenant_id", "store_id", "last_at"])
    op.create_index("ix_conversation_identifier_id", "conversation", ["tenant_id", "identifier_id"])
    op.create_table(
        "conversation_message",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("outbox_id", sa.Uuid(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(provider_id IS NULL) <> (outbox_id IS NULL)", name=op.f("ck_conversation_message_direction")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "conversation_id"],
            ["conversation.tenant_id", "conversation.id"],
            name=op.f("fk_conversation_message_conversation_tenant_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_conversation_message")),
        sa.UniqueConstraint(
            "tenant_id",
            "sender_id",
            "provider_id",
            name=op.f("uq_conversation_message_tenant_id_sender_id_provider_id"),
        ),
    )
    op.create_index(
        "ix_conversation_message_conversation_id", "conversation_message", ["tenant_id", "conversation_id", "at", "id"]
    )
    op.create_index("ix_conversation_message_at", "conversation_message", ["tenant_id", "at"])
    op.create_table(
        "canned_answer",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _of_tenant("canned_answer"),
        _of_store("canned_answer"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_canned_answer")),
    )
    op.add_column("message", sa.Column("answering", pg.JSONB(none_as_null=True), nullable=True))
    op.add_column("email_sender", sa.Column("takes_answers", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    op.drop_column("email_sender", "takes_answers")
    op.drop_column("message", "answering")
    for table in ("canned_answer", "conversation_message", "conversation"):
        op.drop_table(table)

"""phone channels: accounts of WhatsApp, SMS and Viber, WhatsApp's templates, who wrote when"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "phone_sender",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Uuid(), nullable=False),
        sa.Column("account", pg.JSONB(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), server_default="unchecked", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.CheckConstraint("channel IN ('whatsapp', 'sms', 'viber')", name=op.f("ck_phone_sender_channel")),
        sa.CheckConstraint("status IN ('unchecked', 'works', 'fails')", name=op.f("ck_phone_sender_status")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_phone_sender_tenant_tenant_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["store.tenant_id", "store.id"],
            name=op.f("fk_phone_sender_store_tenant_id_store_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_phone_sender")),
        sa.UniqueConstraint(
            "tenant_id",
            "channel",
            "store_id",
            name=op.f("uq_phone_sender_tenant_id_channel_store_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "whatsapp_template",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("components", pg.JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'rejected', 'paused', 'disabled', 'deleted')",
            name=op.f("ck_whatsapp_template_status"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "sender_id"],
            ["phone_sender.tenant_id", "phone_sender.id"],
            name=op.f("fk_whatsapp_template_phone_sender_tenant_id_sender_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "sender_id", "name", "language", name=op.f("pk_whatsapp_template")),
    )
    op.create_table(
        "phone_inbound",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "sender_id"],
            ["phone_sender.tenant_id", "phone_sender.id"],
            name=op.f("fk_phone_inbound_phone_sender_tenant_id_sender_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"],
            ["identifier.tenant_id", "identifier.id"],
            name=op.f("fk_phone_inbound_identifier_tenant_id_identifier_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "sender_id", "identifier_id", name=op.f("pk_phone_inbound")),
    )
    op.create_index("ix_phone_inbound_identifier_id", "phone_inbound", ["tenant_id", "identifier_id"])


def downgrade() -> None:
    for table in ("phone_inbound", "whatsapp_template", "phone_sender"):
        op.drop_table(table)

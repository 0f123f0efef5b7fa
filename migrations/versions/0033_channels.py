"""channels: a message is to a person, a queue for what somebody waits for, e-mail senders, brands"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("message", "device_id", nullable=True)
    op.add_column("message", sa.Column("channels", pg.ARRAY(sa.Text()), server_default="{push}", nullable=False))
    op.add_column("message", sa.Column("address_id", sa.Uuid(), nullable=True))
    op.add_column("message", sa.Column("email", pg.JSONB(none_as_null=True), nullable=True))
    op.add_column("message", sa.Column("card", pg.JSONB(none_as_null=True), nullable=True))
    op.add_column("message", sa.Column("clicked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("message", sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("message_due", sa.Column("is_urgent", sa.Boolean(), server_default="false", nullable=False))
    op.drop_index("ix_message_due_due", "message_due")
    op.create_index("ix_message_due_due", "message_due", ["due_at"], postgresql_where=sa.text("NOT is_urgent"))
    op.create_index("ix_message_due_urgent", "message_due", ["due_at"], postgresql_where=sa.text("is_urgent"))
    op.create_table(
        "channel_policy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("channels", pg.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_channel_policy_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_channel_policy")),
    )
    op.create_table(
        "email_sender",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Uuid(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("tls", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("from_address", sa.Text(), nullable=False),
        sa.Column("from_name", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.Text(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), server_default="unchecked", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.CheckConstraint("tls IN ('starttls', 'tls', 'none')", name=op.f("ck_email_sender_tls")),
        sa.CheckConstraint("status IN ('unchecked', 'works', 'fails')", name=op.f("ck_email_sender_status")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "app_id"],
            ["app.tenant_id", "app.id"],
            name=op.f("fk_email_sender_app_tenant_id_app_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "app_id", name=op.f("pk_email_sender")),
    )
    op.create_table(
        "app_brand",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("kit", pg.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "app_id"],
            ["app.tenant_id", "app.id"],
            name=op.f("fk_app_brand_app_tenant_id_app_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "app_id", name=op.f("pk_app_brand")),
    )


def downgrade() -> None:
    op.drop_table("app_brand")
    op.drop_table("email_sender")
    op.drop_table("channel_policy")
    op.drop_index("ix_message_due_urgent", "message_due")
    op.drop_index("ix_message_due_due", "message_due")
    op.create_index("ix_message_due_due", "message_due", ["due_at"])
    op.drop_column("message_due", "is_urgent")
    for name in ("dismissed_at", "clicked_at", "card", "email", "address_id", "channels"):
        op.drop_column("message", name)
    op.execute("DELETE FROM message WHERE device_id IS NULL")
    op.alter_column("message", "device_id", nullable=False)

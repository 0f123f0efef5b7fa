"""operators' phones that are told of replies, and what each is to be told"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "operator_phone",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("last_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_why", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "operator_id"],
            ["operator.tenant_id", "operator.id"],
            name=op.f("fk_operator_phone_operator_tenant_id_operator_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_operator_phone")),
        sa.UniqueConstraint("tenant_id", "fingerprint", name=op.f("uq_operator_phone_tenant_id_fingerprint")),
    )
    op.create_index("ix_operator_phone_operator_id", "operator_phone", ["tenant_id", "operator_id"])
    op.create_index("ix_operator_phone_fingerprint", "operator_phone", ["fingerprint"])
    op.create_table(
        "buzz",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("phone_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "phone_id"],
            ["operator_phone.tenant_id", "operator_phone.id"],
            name=op.f("fk_buzz_operator_phone_tenant_id_phone_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["store.tenant_id", "store.id"],
            name=op.f("fk_buzz_store_tenant_id_store_id"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_buzz_tries")),
        sa.PrimaryKeyConstraint("tenant_id", "phone_id", "store_id", name=op.f("pk_buzz")),
    )
    op.create_index("ix_buzz_due_at", "buzz", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL"))


def downgrade() -> None:
    for table in ("buzz", "operator_phone"):
        op.drop_table(table)

"""marketplace: what stores may spend on messages, and what they spent"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "store_limit",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("limit_minor >= 0", name=op.f("ck_store_limit_limit_minor")),
        _of_store("store_limit"),
        sa.PrimaryKeyConstraint("tenant_id", "store_id", name=op.f("pk_store_limit")),
    )
    op.create_table(
        "store_spend",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("held_back", sa.BigInteger(), server_default="0", nullable=False),
        _of_store("store_spend"),
        sa.PrimaryKeyConstraint("tenant_id", "store_id", "month", "channel", "country", name=op.f("pk_store_spend")),
    )


def _of_store(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "store_id"], ["store.tenant_id", "store.id"],
        name=op.f(f"fk_{table}_store_tenant_id_store_id"), ondelete="CASCADE",
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("store_spend")
    op.drop_table("store_limit")

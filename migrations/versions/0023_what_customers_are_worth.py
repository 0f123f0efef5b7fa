"""what customers are worth"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "value_model",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("valued_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("params", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("quality", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_value_model_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_value_model")),
        sa.UniqueConstraint("tenant_id", "version", name=op.f("uq_value_model_tenant_id_version")),
    )
    op.create_index("uq_value_model_current", "value_model", ["tenant_id"], unique=True, postgresql_where="is_current")
    op.create_table(
        "customer_value",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("p_alive", sa.Float(), nullable=False),
        sa.Column("orders_90d", sa.Float(), nullable=False),
        sa.Column("orders_365d", sa.Float(), nullable=False),
        sa.Column("value_365_minor", sa.BigInteger(), nullable=True),
        sa.Column("value_low_minor", sa.BigInteger(), nullable=True),
        sa.Column("value_high_minor", sa.BigInteger(), nullable=True),
        sa.Column("valued_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "model_id"],
            ["value_model.tenant_id", "value_model.id"],
            name=op.f("fk_customer_value_value_model_tenant_id_model_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "profile_id"],
            ["profile.tenant_id", "profile.id"],
            name=op.f("fk_customer_value_profile_tenant_id_profile_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "profile_id", name=op.f("pk_customer_value")),
    )


def downgrade() -> None:
    op.drop_table("customer_value")
    op.drop_table("value_model")

"""recommendations"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recommendation_model",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("through", sa.DateTime(timezone=True), nullable=True),
        sa.Column("baskets", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("products", sa.Integer(), nullable=False),
        sa.Column("gap_days", sa.Double(), nullable=False),
        sa.Column("lambda", sa.Double(), nullable=True),
        sa.Column("quality", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_recommendation_model_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_recommendation_model")),
    )
    op.create_index(
        "uq_recommendation_model_current",
        "recommendation_model",
        ["tenant_id"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "product_pattern",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("buyers", sa.Integer(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("gap_days", sa.Double(), nullable=True),
        sa.Column("others", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("weights", postgresql.ARRAY(sa.REAL()), nullable=False),
        _of_model("product_pattern"),
        sa.PrimaryKeyConstraint("tenant_id", "model_id", "product_id", name=op.f("pk_product_pattern")),
    )
    op.create_table(
        "popular_product",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("buyers", sa.Integer(), nullable=False),
        _of_model("popular_product"),
        sa.PrimaryKeyConstraint("tenant_id", "model_id", "place_id", "rank", name=op.f("pk_popular_product")),
    )
    op.create_table(
        "recommendation_schedule",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_recommendation_schedule_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_recommendation_schedule")),
    )


def _of_model(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "model_id"],
        ["recommendation_model.tenant_id", "recommendation_model.id"],
        name=op.f(f"fk_{table}_recommendation_model_tenant_id_model_id"),
        ondelete="CASCADE",
    )


def downgrade() -> None:
    for table in ("recommendation_schedule", "popular_product", "product_pattern", "recommendation_model"):
        op.drop_table(table)

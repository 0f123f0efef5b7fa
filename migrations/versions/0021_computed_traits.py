"""computed traits"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_NAMES = {"ix_profile_first_name": "lower(first_name)", "ix_profile_last_name": "lower(attributes ->> 'last_name')"}


def upgrade() -> None:
    op.create_table(
        "computed_mark",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_computed_mark_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_computed_mark")),
    )
    for name, expression in _NAMES.items():  # people are searched by how their names begin
        op.execute(f"CREATE INDEX {name} ON profile (tenant_id, ({expression}) text_pattern_ops)")
    op.create_index("ix_profile_updated_at", "profile", ["tenant_id", "updated_at"])
    op.create_index("ix_shop_order_updated_at", "shop_order", ["tenant_id", "updated_at"])


def downgrade() -> None:
    op.drop_index("ix_shop_order_updated_at", table_name="shop_order")
    op.drop_index("ix_profile_updated_at", table_name="profile")
    for name in _NAMES:
        op.drop_index(name, table_name="profile")
    op.drop_table("computed_mark")

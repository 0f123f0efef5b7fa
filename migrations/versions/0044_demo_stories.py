"""demo stories"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tenant", sa.Column("story", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_check_constraint(op.f("ck_tenant_story"), "tenant", "story IS NULL OR is_demo")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_tenant_story"), "tenant", type_="check")
    op.drop_column("tenant", "story")

"""one win-back for a person, whichever campaign asks: the place says which journey began it; nobody asked the ladder"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("win_back_ladder")
    op.execute("DELETE FROM win_back_place")  # nothing ever wrote one but tests
    op.add_column("win_back_place", sa.Column("entry_id", sa.Uuid(), nullable=False))
    op.drop_column("win_back_place", "step")
    op.drop_column("win_back_place", "stepped_at")
    op.execute(
        "UPDATE campaign c SET definition = c.definition || '{\"win_back\": true}' FROM recipe_launch r"
        " WHERE r.tenant_id = c.tenant_id AND r.campaign_id = c.id AND r.recipe = 'win-back'"
    )
    op.execute(
        "UPDATE campaign SET definition = jsonb_set(definition, '{exits,purchase}', 'false')"
        " WHERE trigger_kind = 'order' AND definition ->> 'purpose' = 'transactional'"
        " AND definition -> 'exits' ->> 'purchase' = 'true'"  # the next order does not end what is said about one
    )


def downgrade() -> None:
    op.execute("DELETE FROM win_back_place")
    op.add_column("win_back_place", sa.Column("stepped_at", sa.DateTime(timezone=True), nullable=False))
    op.add_column("win_back_place", sa.Column("step", sa.Integer(), nullable=False))
    op.drop_column("win_back_place", "entry_id")
    op.create_table(
        "win_back_ladder",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("steps", pg.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_win_back_ladder_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_win_back_ladder")),
    )

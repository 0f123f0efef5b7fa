"""plans of levels, features of IMDF archives, metadata of places"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WITH_METADATA = ("mall", "level", "unit", "store")


def upgrade() -> None:
    for table in WITH_METADATA:
        op.add_column(
            table,
            sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        )
    op.create_table(
        "level_plan",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("level_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.Column("points", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("opacity", sa.Double(), server_default="0.5", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "level_id"],
            ["level.tenant_id", "level.id"],
            name=op.f("fk_level_plan_level_tenant_id_level_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "level_id", name=op.f("pk_level_plan")),
    )
    op.create_table(
        "venue_feature",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("mall_id", sa.Uuid(), nullable=False),
        sa.Column("feature_type", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=True),
        sa.Column("properties", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "mall_id"],
            ["mall.tenant_id", "mall.id"],
            name=op.f("fk_venue_feature_mall_tenant_id_mall_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_venue_feature")),
        sa.UniqueConstraint(
            "tenant_id", "mall_id", "external_id", name=op.f("uq_venue_feature_tenant_id_mall_id_external_id")
        ),
    )


def downgrade() -> None:
    op.drop_table("venue_feature")
    op.drop_table("level_plan")
    for table in WITH_METADATA:
        op.drop_column(table, "metadata")

"""evidence points: beacons, access points, check-in codes on the map"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IDENTITY = (
    "CASE kind WHEN 'beacon' THEN num_nonnulls(uuid, major, minor) = 3 AND num_nulls(bssid, code) = 2"
    " WHEN 'access_point' THEN bssid IS NOT NULL AND num_nulls(uuid, major, minor, code) = 4"
    " WHEN 'check_in' THEN code IS NOT NULL AND num_nulls(uuid, major, minor, bssid) = 4 ELSE false END"
)


def upgrade() -> None:
    op.create_table(
        "evidence_point",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mall_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("point", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.Column("radius_m", sa.Double(), nullable=True),
        sa.Column("rssi_at_1m", sa.Integer(), nullable=True),
        sa.Column("uuid", sa.Text(), nullable=True),
        sa.Column("major", sa.Integer(), nullable=True),
        sa.Column("minor", sa.Integer(), nullable=True),
        sa.Column("bssid", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.CheckConstraint(IDENTITY, name=op.f("ck_evidence_point_identity_of_its_kind")),
        sa.CheckConstraint("(mall_id IS NULL) = (level IS NULL)", name=op.f("ck_evidence_point_level_and_mall")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_evidence_point_tenant_tenant_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "mall_id"],
            ["mall.tenant_id", "mall.id"],
            name=op.f("fk_evidence_point_mall_tenant_id_mall_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["store.tenant_id", "store.id"],
            name=op.f("fk_evidence_point_store_tenant_id_store_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_evidence_point")),
        sa.UniqueConstraint(
            "tenant_id", "uuid", "major", "minor", name=op.f("uq_evidence_point_tenant_id_uuid_major_minor")
        ),
        sa.UniqueConstraint("tenant_id", "bssid", name=op.f("uq_evidence_point_tenant_id_bssid")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("uq_evidence_point_tenant_id_code")),
    )
    op.create_index("ix_evidence_point_code", "evidence_point", ["code"])
    op.create_index("ix_evidence_point_mall", "evidence_point", ["tenant_id", "mall_id", "level"])


def downgrade() -> None:
    op.drop_table("evidence_point")

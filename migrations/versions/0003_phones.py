"""devices of phone apps, pairing, relocation; the shopper page of an app"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


DEVICE = (
    ("client", sa.Text()),
    ("connected_at", sa.DateTime(timezone=True)),
    ("paired_at", sa.DateTime(timezone=True)),
    ("relocation", postgresql.JSONB(none_as_null=True, astext_type=sa.Text())),
    ("wifi_hash", sa.Text()),
)
APP = (("shopper_key", sa.Text()), ("brand_color", sa.Text()))


def upgrade() -> None:
    for name, kind in DEVICE:
        op.add_column("device", sa.Column(name, kind, nullable=True))
    for name, kind in APP:
        op.add_column("app", sa.Column(name, kind, nullable=True))
    op.create_index("uq_device_tenant_id_wifi_hash", "device", ["tenant_id", "wifi_hash"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_device_tenant_id_wifi_hash", table_name="device")
    for name, _ in APP:
        op.drop_column("app", name)
    for name, _ in DEVICE:
        op.drop_column("device", name)

"""what erasure needs: a person's rows are found by index in every table"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_message_person", "message", ["tenant_id", "person_id"]),
    ("ix_send_key_person", "send_key", ["tenant_id", "person_id"]),
    ("ix_receipt_device", "receipt", ["tenant_id", "device_id"]),
    ("ix_audit_entry_subject", "audit_entry", ["tenant_id", "subject"]),
    ("ix_ledger_device", "ledger", ["tenant_id", sa.text("(payload ->> 'device_id')")]),
)


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _ in INDEXES:
        op.drop_index(name, table_name=table)

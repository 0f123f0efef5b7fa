"""imports"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KINDS = "kind IN ('customers', 'consents', 'products', 'stock', 'orders')"


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def _at(name: str, *, null: bool = True, **more: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null, **more)


def upgrade() -> None:
    op.create_table(
        "data_import",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "origin", "status", "file_name", "path")),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        _at("sent_at", null=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("delimiter", sa.Text(), nullable=False),
        sa.Column("is_gzip", sa.Boolean(), nullable=False),
        sa.Column("header", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("lines_total", sa.BigInteger(), nullable=False),
        *map(_count, ("lines_done", "records", "added", "updated", "unchanged", "refused", "errors")),
        sa.Column("rows_per_s", sa.Float(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("store_ids", postgresql.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        _at("created_at", null=False, server_default=sa.text("now()")),
        _at("queued_at"),
        _at("started_at"),
        _at("updated_at", null=False, server_default=sa.text("now()")),
        _at("finished_at"),
        sa.Column("lease", sa.Uuid(), nullable=True),
        _at("lease_until"),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_data_import_kind")),
        sa.CheckConstraint("origin IN ('upload', 'drop', 'command')", name=op.f("ck_data_import_origin")),
        sa.CheckConstraint(
            "status IN ('waiting', 'held', 'queued', 'running', 'done', 'cancelled', 'failed')",
            name=op.f("ck_data_import_status"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_data_import_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_data_import")),
    )
    op.create_index(
        "ix_data_import_work",
        "data_import",
        ["queued_at"],
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.create_index("ix_data_import_digest", "data_import", ["tenant_id", "digest"])
    op.create_table(
        "data_import_error",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("column_name", "value", "reason", "record")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            ["data_import.tenant_id", "data_import.id"],
            name=op.f("fk_data_import_error_data_import_tenant_id_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", "number", name=op.f("pk_data_import_error")),
    )
    op.create_table(
        "import_mapping",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        _at("updated_at", null=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_import_mapping_kind")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_import_mapping_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "kind", name=op.f("pk_import_mapping")),
    )
    op.create_table(
        "import_alert",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        _at("at", null=False),
        _at("resolved_at"),
        sa.CheckConstraint(KINDS, name=op.f("ck_import_alert_kind")),
        sa.CheckConstraint("reason IN ('late', 'small', 'failed')", name=op.f("ck_import_alert_reason")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_import_alert_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_import_alert")),
        sa.UniqueConstraint(
            "tenant_id", "kind", "reason", "on_day", name=op.f("uq_import_alert_tenant_id_kind_reason_on_day")
        ),
    )


def downgrade() -> None:
    for table in ("import_alert", "import_mapping", "data_import_error", "data_import"):
        op.drop_table(table)

"""consents and rights"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "channel IN ('push', 'web_push', 'email', 'sms', 'whatsapp', 'viber', 'in_app')",
            name=op.f("ck_consent_channel"),
        ),
        sa.CheckConstraint("purpose IN ('transactional', 'service', 'marketing')", name=op.f("ck_consent_purpose")),
        sa.CheckConstraint(
            "state IN ('subscribed', 'pending', 'unsubscribed', 'redacted')", name=op.f("ck_consent_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"],
            ["identifier.tenant_id", "identifier.id"],
            name=op.f("fk_consent_identifier_tenant_id_identifier_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_consent")),
        sa.UniqueConstraint(
            "tenant_id",
            "identifier_id",
            "channel",
            "purpose",
            "store_id",
            name=op.f("uq_consent_tenant_id_identifier_id_channel_purpose_store_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_consent_push",
        "consent",
        ["tenant_id", "identifier_id"],
        unique=False,
        postgresql_where=sa.text("channel IN ('push', 'web_push') AND purpose = 'marketing'"),
    )
    op.create_table(
        "consent_history",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "channel IN ('push', 'web_push', 'email', 'sms', 'whatsapp', 'viber', 'in_app')",
            name=op.f("ck_consent_history_channel"),
        ),
        sa.CheckConstraint(
            "purpose IN ('transactional', 'service', 'marketing')", name=op.f("ck_consent_history_purpose")
        ),
        sa.CheckConstraint(
            "state IN ('subscribed', 'pending', 'unsubscribed', 'redacted')", name=op.f("ck_consent_history_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"],
            ["identifier.tenant_id", "identifier.id"],
            name=op.f("fk_consent_history_identifier_tenant_id_identifier_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_consent_history")),
    )
    op.create_index("ix_consent_history_identifier_id", "consent_history", ["tenant_id", "identifier_id"], unique=False)
    op.create_table(
        "consent_hold",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"],
            ["identifier.tenant_id", "identifier.id"],
            name=op.f("fk_consent_hold_identifier_tenant_id_identifier_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "identifier_id", name=op.f("pk_consent_hold")),
    )
    op.create_table(
        "contact_point",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel IN ('email', 'sms', 'whatsapp', 'viber')", name=op.f("ck_contact_point_channel")),
        sa.CheckConstraint(
            "state IN ('reachable', 'unproven', 'bounced', 'complained', 'stopped')",
            name=op.f("ck_contact_point_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"],
            ["identifier.tenant_id", "identifier.id"],
            name=op.f("fk_contact_point_identifier_tenant_id_identifier_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "identifier_id", "channel", name=op.f("pk_contact_point")),
    )
    op.create_table(
        "contact_proof",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("wrong", sa.Integer(), server_default="0", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('email', 'sms', 'whatsapp', 'viber')", name=op.f("ck_contact_proof_channel")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"],
            ["identifier.tenant_id", "identifier.id"],
            name=op.f("fk_contact_proof_identifier_tenant_id_identifier_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_contact_proof")),
        sa.UniqueConstraint(
            "tenant_id", "identifier_id", "channel", name=op.f("uq_contact_proof_tenant_id_identifier_id_channel")
        ),
    )
    op.create_table(
        "preference_link",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"],
            ["identifier.tenant_id", "identifier.id"],
            name=op.f("fk_preference_link_identifier_tenant_id_identifier_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_preference_link")),
    )
    op.create_index("ix_preference_link_identifier_id", "preference_link", ["tenant_id", "identifier_id"], unique=False)
    op.create_table(
        "erasure_receipt",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.Column("ids", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "asked_by IN ('person', 'operator', 'server', 'journal')", name=op.f("ck_erasure_receipt_asked_by")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_erasure_receipt_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_erasure_receipt")),
    )
    op.create_table(
        "erasure_journal",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hashes", sa.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_erasure_journal_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_erasure_journal")),
    )
    op.create_table(
        "retention_setting",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("days > 0", name=op.f("ck_retention_setting_days")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_retention_setting_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "kind", name=op.f("pk_retention_setting")),
    )
    op.create_table(
        "retention_run",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("before", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_retention_run_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_retention_run")),
    )
    op.create_index("ix_retention_run_at", "retention_run", ["tenant_id", "at"], unique=False)
    op.create_table(
        "place_total",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("dwell_s", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("people >= 10", name=op.f("ck_place_total_people")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_place_total_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "zone_id", "kind", "starts_on", name=op.f("pk_place_total")),
    )
    op.create_table(
        "message_total",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_message_total_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "campaign_id", "starts_on", "status", name=op.f("pk_message_total")),
    )


def downgrade() -> None:
    op.drop_table("message_total")
    op.drop_table("place_total")
    op.drop_table("retention_run")
    op.drop_table("retention_setting")
    op.drop_table("erasure_journal")
    op.drop_table("erasure_receipt")
    op.drop_table("preference_link")
    op.drop_table("contact_proof")
    op.drop_table("contact_point")
    op.drop_table("consent_hold")
    op.drop_table("consent_history")
    op.drop_table("consent")

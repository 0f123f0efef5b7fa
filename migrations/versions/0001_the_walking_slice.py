"""the walking slice"""

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Where a superuser has made it already this needs no rights.
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.create_table(
        "device_state",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("level_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connector_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("skew_s", sa.Double(), nullable=False),
        sa.Column("interval_s", sa.Double(), nullable=False),
        sa.Column("zones", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "device_id", name=op.f("pk_device_state")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "gate",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_gate")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "resource_id", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "ledger",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "position", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_recorded_at", "ledger", ["recorded_at"], unique=False)
    op.create_table(
        "ledger_head",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_ledger_head")),
    )
    op.create_table(
        "message",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("zone_id", sa.Uuid(), nullable=True),
        sa.Column("zone_version", sa.Integer(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("blockers", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("gates", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("collapse_key", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("provider_answer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_message")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index("ix_message_campaign", "message", ["tenant_id", "campaign_id", "id"], unique=False)
    op.create_index("ix_message_device", "message", ["tenant_id", "device_id", "id"], unique=False)
    op.create_index("ix_message_visit", "message", ["tenant_id", "visit_id"], unique=False)
    op.create_table(
        "message_due",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "message_id", name=op.f("pk_message_due")),
    )
    op.create_index("ix_message_due_due", "message_due", ["due_at"], unique=False)
    op.create_table(
        "person_budget",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sends", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("updated_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "person_id", name=op.f("pk_person_budget")),
    )
    op.create_table(
        "ping",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("speed_mps", sa.Double(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("trust", sa.Double(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "device_id", "event_at", "at", name=op.f("pk_ping")),
        postgresql_partition_by="RANGE (event_at)",
    )
    op.create_table(
        "ping_rejection",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "device_id", "received_at", "n", name=op.f("pk_ping_rejection")),
        postgresql_partition_by="RANGE (received_at)",
    )
    op.create_table(
        "reaction_cursor",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("reaction", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "reaction", name=op.f("pk_reaction_cursor")),
    )
    op.create_table(
        "reaction_failure",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("reaction", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "reaction", "position", name=op.f("pk_reaction_failure")),
    )
    op.create_table(
        "receipt",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_receipt")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_table(
        "send_key",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "campaign_id", "person_id", "step", "occurrence", name=op.f("pk_send_key")
        ),
    )
    op.create_index(op.f("ix_send_key_created_at"), "send_key", ["created_at"], unique=False)
    op.create_table(
        "tenant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("default_language", sa.Text(), server_default="en", nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("review", sa.Text(), server_default="first_campaign", nullable=False),
        sa.Column("quiet_start", sa.Time(), server_default="21:00", nullable=False),
        sa.Column("quiet_end", sa.Time(), server_default="08:00", nullable=False),
        sa.Column("holdout_percent", sa.Integer(), server_default="5", nullable=False),
        sa.Column("daily_cap", sa.Integer(), server_default="3", nullable=False),
        sa.Column("reject_mocked", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("default_accuracy_m", sa.Double(), server_default="50", nullable=False),
        sa.Column("ping_retention_days", sa.Integer(), server_default="7", nullable=False),
        sa.Column("sending_stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sending_stopped_by", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("review IN ('never', 'first_campaign', 'always')", name=op.f("ck_tenant_review")),
        sa.CheckConstraint("daily_cap BETWEEN 1 AND 50", name=op.f("ck_tenant_daily_cap")),
        sa.CheckConstraint("holdout_percent BETWEEN 0 AND 50", name=op.f("ck_tenant_holdout_percent")),
        sa.CheckConstraint("ping_retention_days BETWEEN 1 AND 60", name=op.f("ck_tenant_ping_retention_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenant_slug")),
    )
    op.create_table(
        "timer",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "device_id", "zone_id", name=op.f("pk_timer")),
    )
    op.create_index("ix_timer_due", "timer", ["due_at"], unique=False)
    op.create_table(
        "venue_epoch",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_venue_epoch")),
    )
    op.create_table(
        "visit",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("zone_version", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exit_reason", sa.Text(), nullable=True),
        sa.Column("last_dwell_s", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_visit")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index("ix_visit_device", "visit", ["tenant_id", "device_id", "id"], unique=False)
    op.create_index("ix_visit_zone", "visit", ["tenant_id", "zone_id", "id"], unique=False)
    op.create_table(
        "zone_event",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("zone_version", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("dwell_s", sa.Integer(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_silence", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", "at", name=op.f("pk_zone_event")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_zone_event_device", "zone_event", ["tenant_id", "device_id", "at"], unique=False)
    op.create_index("ix_zone_event_zone", "zone_event", ["tenant_id", "zone_id", "at"], unique=False)
    op.create_table(
        "zone_occupant",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "zone_id", "device_id", name=op.f("pk_zone_occupant")),
    )
    op.create_table(
        "app",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("default_language", sa.Text(), server_default="en", nullable=False),
        sa.Column("android_package", sa.Text(), nullable=True),
        sa.Column("ios_bundle_id", sa.Text(), nullable=True),
        sa.Column("user_token_keys", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_app_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_app")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_audit_entry_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_entry")),
    )
    op.create_table(
        "mall",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("territory", sa.Text(), nullable=True),
        sa.Column("origin_lon", sa.Double(), nullable=False),
        sa.Column("origin_lat", sa.Double(), nullable=False),
        sa.Column("bearing_deg", sa.Double(), server_default="0", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_mall_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_mall")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_mall_tenant_id_external_id")),
    )
    op.create_table(
        "owner",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_owner_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_owner")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_owner_tenant_id_external_id")),
    )
    op.create_table(
        "profile",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("suppressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_profile_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_profile")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_profile_tenant_id_external_id")),
    )
    op.create_table(
        "credential",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("store_ids", sa.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("app_id", sa.Uuid(), nullable=True),
        sa.Column("is_test", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('pk', 'sk')", name=op.f("ck_credential_kind")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "app_id"],
            ["app.tenant_id", "app.id"],
            name=op.f("fk_credential_app_tenant_id_app_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_credential_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_credential")),
        sa.UniqueConstraint("tenant_id", "secret_hash", name=op.f("uq_credential_tenant_id_secret_hash")),
    )
    op.create_table(
        "device",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("permission", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("push_provider", sa.Text(), nullable=True),
        sa.Column("push_address", sa.Text(), nullable=True),
        sa.Column("push_kind", sa.Text(), nullable=True),
        sa.Column("push_retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("push_retired_reason", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("marketing_push", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("personalisation", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("is_test", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("token_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("location IN ('granted', 'denied', 'unknown')", name=op.f("ck_device_location")),
        sa.CheckConstraint("marketing_push IN ('granted', 'denied', 'unknown')", name=op.f("ck_device_marketing_push")),
        sa.CheckConstraint(
            "personalisation IN ('granted', 'denied', 'unknown')", name=op.f("ck_device_personalisation")
        ),
        sa.CheckConstraint("platform IN ('ios', 'android', 'web')", name=op.f("ck_device_platform")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "app_id"], ["app.tenant_id", "app.id"], name=op.f("fk_device_app_tenant_id_app_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "profile_id"],
            ["profile.tenant_id", "profile.id"],
            name=op.f("fk_device_profile_tenant_id_profile_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_device")),
    )
    op.create_index(op.f("ix_device_profile_id"), "device", ["profile_id"], unique=False)
    op.create_table(
        "level",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("mall_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column(
            "geom",
            geoalchemy2.types.Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "mall_id"],
            ["mall.tenant_id", "mall.id"],
            name=op.f("fk_level_mall_tenant_id_mall_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_level")),
        sa.UniqueConstraint("tenant_id", "mall_id", "ordinal", name=op.f("uq_level_tenant_id_mall_id_ordinal")),
    )
    op.create_table(
        "operator",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(role = 'shop') = (owner_id IS NOT NULL)", name=op.f("ck_operator_shop_has_owner")),
        sa.CheckConstraint(
            "role IN ('owner', 'editor', 'approver', 'analyst', 'support', 'shop')",
            name=op.f("ck_operator_role"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"],
            ["owner.tenant_id", "owner.id"],
            name=op.f("fk_operator_owner_tenant_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_operator_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_operator")),
        sa.UniqueConstraint("tenant_id", "email", name=op.f("uq_operator_tenant_id_email")),
    )
    op.create_index(op.f("ix_operator_email"), "operator", ["email"], unique=False)
    op.create_table(
        "store",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("mall_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("brand_color", sa.Text(), server_default="#3b5b92", nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("opening_hours", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column(
            "point",
            geoalchemy2.types.Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "footprint",
            geoalchemy2.types.Geometry(
                srid=4326, dimension=2, spatial_index=False, from_text="ST_GeomFromEWKT", name="geometry"
            ),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("mall_id IS NOT NULL OR level IS NULL", name=op.f("ck_store_level_needs_mall")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "mall_id"],
            ["mall.tenant_id", "mall.id"],
            name=op.f("fk_store_mall_tenant_id_mall_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"],
            ["owner.tenant_id", "owner.id"],
            name=op.f("fk_store_owner_tenant_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_store_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_store")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_store_tenant_id_external_id")),
    )
    op.create_index("ix_store_point", "store", ["point"], unique=False, postgresql_using="gist")
    op.create_table(
        "unit",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("mall_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            geoalchemy2.types.Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "mall_id"],
            ["mall.tenant_id", "mall.id"],
            name=op.f("fk_unit_mall_tenant_id_mall_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_unit")),
        sa.UniqueConstraint("tenant_id", "mall_id", "external_id", name=op.f("uq_unit_tenant_id_mall_id_external_id")),
    )
    op.create_table(
        "campaign",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("trigger_kind", sa.Text(), nullable=False),
        sa.Column("trigger_zone_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("trigger_store_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('draft', 'in_review', 'active', 'paused', 'rejected')", name=op.f("ck_campaign_status")
        ),
        sa.CheckConstraint("trigger_kind IN ('entered', 'dwelled')", name=op.f("ck_campaign_trigger_kind")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["store.tenant_id", "store.id"],
            name=op.f("fk_campaign_store_tenant_id_store_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_campaign_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_campaign")),
    )
    op.create_index(
        "ix_campaign_trigger_zone_ids",
        "campaign",
        ["trigger_zone_ids"],
        unique=False,
        postgresql_using="gin",
        postgresql_where="status = 'active' AND deleted_at IS NULL",
    )
    op.create_index(
        "ix_campaign_trigger_store_ids",
        "campaign",
        ["trigger_store_ids"],
        unique=False,
        postgresql_using="gin",
        postgresql_where="status = 'active' AND deleted_at IS NULL",
    )
    op.create_table(
        "consent_entry",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('location', 'marketing_push', 'personalisation')", name=op.f("ck_consent_entry_kind")
        ),
        sa.CheckConstraint("status IN ('granted', 'denied', 'unknown')", name=op.f("ck_consent_entry_status")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "device_id"],
            ["device.tenant_id", "device.id"],
            name=op.f("fk_consent_entry_device_tenant_id_device_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_consent_entry")),
    )
    op.create_index(op.f("ix_consent_entry_device_id"), "consent_entry", ["device_id"], unique=False)
    op.create_table(
        "console_session",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "operator_id"],
            ["operator.tenant_id", "operator.id"],
            name=op.f("fk_console_session_operator_tenant_id_operator_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_console_session")),
    )
    op.create_table(
        "zone",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("mall_id", sa.Uuid(), nullable=True),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "mall_id"],
            ["mall.tenant_id", "mall.id"],
            name=op.f("fk_zone_mall_tenant_id_mall_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["store.tenant_id", "store.id"],
            name=op.f("fk_zone_store_tenant_id_store_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_zone_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_zone")),
    )
    op.create_index(
        "uq_zone_external_id",
        "zone",
        ["tenant_id", "external_id"],
        unique=True,
        postgresql_where="deleted_at IS NULL",
    )
    op.create_table(
        "zone_version",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mall_id", sa.Uuid(), nullable=True),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("levels", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column(
            "geom",
            geoalchemy2.types.Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "center",
            geoalchemy2.types.Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("radius_m", sa.Double(), nullable=True),
        sa.Column("tags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("sensitivity", sa.Text(), nullable=False),
        sa.Column("color", sa.Text(), nullable=True),
        sa.Column("schedule", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effective_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(radius_m IS NULL) = (center IS NULL)", name=op.f("ck_zone_version_circle_is_whole")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "zone_id"],
            ["zone.tenant_id", "zone.id"],
            name=op.f("fk_zone_version_zone_tenant_id_zone_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "zone_id", "version", name=op.f("pk_zone_version")),
    )
    op.create_index("ix_zone_version_geom", "zone_version", ["geom"], unique=False, postgresql_using="gist")
    # ### end Alembic commands ###


def downgrade() -> None:
    # ### commands auto generated by Alembic - please adjust! ###
    op.drop_index("ix_zone_version_geom", table_name="zone_version", postgresql_using="gist")
    op.drop_table("zone_version")
    op.drop_index("uq_zone_external_id", table_name="zone", postgresql_where="deleted_at IS NULL")
    op.drop_table("zone")
    op.drop_table("console_session")
    op.drop_index(op.f("ix_consent_entry_device_id"), table_name="consent_entry")
    op.drop_table("consent_entry")
    op.drop_index("ix_campaign_trigger_zone_ids", table_name="campaign", postgresql_using="gin")
    op.drop_index("ix_campaign_trigger_store_ids", table_name="campaign", postgresql_using="gin")
    op.drop_table("campaign")
    op.drop_table("unit")
    op.drop_index("ix_store_point", table_name="store", postgresql_using="gist")
    op.drop_table("store")
    op.drop_index(op.f("ix_operator_email"), table_name="operator")
    op.drop_table("operator")
    op.drop_table("level")
    op.drop_index(op.f("ix_device_profile_id"), table_name="device")
    op.drop_table("device")
    op.drop_table("credential")
    op.drop_table("profile")
    op.drop_table("owner")
    op.drop_table("mall")
    op.drop_table("audit_entry")
    op.drop_table("app")
    op.drop_table("zone_occupant")
    op.drop_index("ix_zone_event_zone", table_name="zone_event")
    op.drop_index("ix_zone_event_device", table_name="zone_event")
    op.drop_table("zone_event")
    op.drop_index("ix_visit_zone", table_name="visit")
    op.drop_index("ix_visit_device", table_name="visit")
    op.drop_table("visit")
    op.drop_table("venue_epoch")
    op.drop_index("ix_timer_due", table_name="timer")
    op.drop_table("timer")
    op.drop_table("tenant")
    op.drop_index(op.f("ix_send_key_created_at"), table_name="send_key")
    op.drop_table("send_key")
    op.drop_table("receipt")
    op.drop_table("reaction_failure")
    op.drop_table("reaction_cursor")
    op.drop_table("ping_rejection")
    op.drop_table("ping")
    op.drop_table("person_budget")
    op.drop_index("ix_message_due_due", table_name="message_due")
    op.drop_table("message_due")
    op.drop_index("ix_message_visit", table_name="message")
    op.drop_index("ix_message_device", table_name="message")
    op.drop_index("ix_message_campaign", table_name="message")
    op.drop_table("message")
    op.drop_table("ledger_head")
    op.drop_index("ix_ledger_recorded_at", table_name="ledger")
    op.drop_table("ledger")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("gate")
    op.drop_table("device_state")
    # ### end Alembic commands ###

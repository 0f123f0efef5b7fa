"""one person of many ids"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.alter_column("profile", "external_id", nullable=True)
    op.drop_constraint(op.f("uq_profile_tenant_id_external_id"), "profile")
    op.create_index("ix_profile_external_id", "profile", ["tenant_id", "external_id"])
    op.add_column("profile", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_profile_merged_into"), "profile", ["merged_into"])
    op.create_foreign_key(
        op.f("fk_profile_profile_tenant_id_merged_into"),
        "profile", "profile", ["tenant_id", "merged_into"], ["tenant_id", "id"],
    )  # fmt: skip
    _make_tables()
    op.add_column("device", sa.Column("identifier_id", sa.Uuid(), nullable=True))
    op.create_index("ix_device_identifier_id", "device", ["tenant_id", "identifier_id"])
    op.create_foreign_key(
        op.f("fk_device_identifier_tenant_id_identifier_id"),
        "device", "identifier", ["tenant_id", "identifier_id"], ["tenant_id", "id"],
    )  # fmt: skip
    for name in ("profile_id", "identifier_id"):  # an erasure empties events about the person
        op.create_index(f"ix_ledger_{name}", "ledger", ["tenant_id", sa.text(f"(payload ->> '{name}')")])
    _carry_over()


def _make_tables() -> None:
    op.create_table(
        "identifier",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("origin_profile_id", sa.Uuid(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('external_id', 'loyalty_card', 'source_id', 'email', 'phone', 'anonymous_id', 'claim')",
            name=op.f("ck_identifier_kind"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_identifier_tenant_tenant_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"],
            name=op.f("fk_identifier_profile_tenant_id_profile_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_identifier")),
        sa.UniqueConstraint("tenant_id", "kind", "value", name=op.f("uq_identifier_tenant_id_kind_value")),
    )  # fmt: skip
    op.create_index(op.f("ix_identifier_profile_id"), "identifier", ["profile_id"])
    op.create_index("ix_identifier_origin_profile_id", "identifier", ["tenant_id", "origin_profile_id"])
    op.create_table(
        "identity_edge",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("a_id", sa.Uuid(), nullable=False),
        sa.Column("b_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("a_id < b_id", name=op.f("ck_identity_edge_ordered")),
        sa.CheckConstraint("kind IN ('same', 'different')", name=op.f("ck_identity_edge_kind")),
        sa.CheckConstraint("proof IN ('link', 'operator')", name=op.f("ck_identity_edge_proof")),
        sa.CheckConstraint(
            "(proof = 'operator') = (act_id IS NOT NULL)", name=op.f("ck_identity_edge_operators_act")
        ),
        *(
            sa.ForeignKeyConstraint(
                ["tenant_id", name], ["identifier.tenant_id", "identifier.id"], ondelete="CASCADE",
                name=op.f(f"fk_identity_edge_identifier_tenant_id_{name}"),
            )
            for name in ("a_id", "b_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_identity_edge")),
    )  # fmt: skip
    op.create_index(
        "uq_identity_edge_link", "identity_edge", ["tenant_id", "a_id", "b_id"], unique=True,
        postgresql_where=sa.text("proof = 'link'"),
    )  # fmt: skip
    op.create_index("ix_identity_edge_a_id", "identity_edge", ["tenant_id", "a_id"])
    op.create_index("ix_identity_edge_b_id", "identity_edge", ["tenant_id", "b_id"])
    op.create_table(
        "trait",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("is_claim", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.Text(), sa.Computed("md5(value::text)", persisted=True), nullable=False),
        sa.Column("value", _JSON, nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"], ["identifier.tenant_id", "identifier.id"], ondelete="CASCADE",
            name=op.f("fk_trait_identifier_tenant_id_identifier_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "identifier_id", "name", "source", "is_claim", "digest", name=op.f("pk_trait")
        ),
    )  # fmt: skip
    op.create_table(
        "store_profile",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("basis IN ('order', 'consent', 'app', 'import')", name=op.f("ck_store_profile_basis")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"], ["identifier.tenant_id", "identifier.id"], ondelete="CASCADE",
            name=op.f("fk_store_profile_identifier_tenant_id_identifier_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "store_id", "identifier_id", "basis", name=op.f("pk_store_profile")),
    )  # fmt: skip
    op.create_index("ix_store_profile_identifier_id", "store_profile", ["tenant_id", "identifier_id"])
    op.create_table(
        "identity_policy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("blocked", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("limits", _JSON, server_default="{}", nullable=False),
        sa.Column("shared_after", _JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_identity_policy_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_identity_policy")),
    )


def _carry_over() -> None:
    """Each person of today is one external id; what is known about them was said by nobody in particular."""
    op.execute(
        "INSERT INTO identifier (tenant_id, id, kind, value, profile_id, origin_profile_id, is_verified, source,"
        " created_at) SELECT tenant_id, gen_random_uuid(), 'external_id', external_id, id, id, true, 'carried over',"
        " created_at FROM profile"
    )
    op.execute(
        "UPDATE device d SET identifier_id = i.id FROM identifier i"
        " WHERE i.tenant_id = d.tenant_id AND i.profile_id = d.profile_id"
    )
    op.execute(
        "INSERT INTO trait (tenant_id, identifier_id, name, source, is_claim, value, first_at, at)"
        " SELECT p.tenant_id, i.id, t.key, 'carried over', false, t.value, p.created_at, p.updated_at FROM profile p"
        " JOIN identifier i ON i.tenant_id = p.tenant_id AND i.profile_id = p.id"
        " CROSS JOIN LATERAL (SELECT key, value FROM jsonb_each(p.attributes)"
        " WHERE key NOT IN ('first_name', 'language')"
        " UNION ALL SELECT 'first_name', to_jsonb(p.first_name) WHERE p.first_name IS NOT NULL"
        " UNION ALL SELECT 'language', to_jsonb(p.language) WHERE p.language IS NOT NULL) t"
    )


def downgrade() -> None:
    """People whom the tenant gave no id of its own, and merged ones, are not known to what was before."""
    for name in ("profile_id", "identifier_id"):
        op.drop_index(f"ix_ledger_{name}", table_name="ledger")
    op.execute(
        "UPDATE device d SET profile_id = NULL FROM profile p WHERE p.tenant_id = d.tenant_id AND p.id = d.profile_id"
        " AND (p.external_id IS NULL OR p.merged_into IS NOT NULL)"
    )
    op.drop_column("device", "identifier_id")
    for table in ("identity_policy", "store_profile", "trait", "identity_edge", "identifier"):
        op.drop_table(table)
    op.drop_column("profile", "merged_into")
    op.execute("DELETE FROM profile WHERE external_id IS NULL")
    op.drop_index("ix_profile_external_id", table_name="profile")
    op.create_unique_constraint(op.f("uq_profile_tenant_id_external_id"), "profile", ["tenant_id", "external_id"])
    op.alter_column("profile", "external_id", nullable=False)

"""notes, who looked at whom, and indexes that find a person by a part of a name or id"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# As `reports/store/people.py` asks for it: an index on an expression serves that expression only.
NAME = (
    "translate(lower(' ' || coalesce(first_name, '') || ' ' || coalesce(attributes ->> 'last_name', '')"
    " || ' ' || coalesce(attributes ->> 'name', '')), '-', ' ')"
)
TYPED = "kind IN ('external_id', 'loyalty_card', 'source_id', 'email', 'phone')"


def upgrade() -> None:
    # Both come with PostgreSQL and are trusted: the database's owner may make them.
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    op.create_table(
        "note",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 4000", name=op.f("ck_note_text")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"],
            ["identifier.tenant_id", "identifier.id"],
            name=op.f("fk_note_identifier_tenant_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["store.tenant_id", "store.id"],
            name=op.f("fk_note_store_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_note")),
    )
    op.create_index("ix_note_identifier", "note", ["tenant_id", "identifier_id", "created_at"])
    op.create_table(
        "person_access",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"],
            ["identifier.tenant_id", "identifier.id"],
            name=op.f("fk_person_access_identifier_tenant_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "actor_id", "identifier_id", name=op.f("pk_person_access")),
    )
    op.create_index("ix_person_access_identifier", "person_access", ["tenant_id", "identifier_id"])
    op.create_index("ix_person_access_recent", "person_access", ["tenant_id", "actor_id", "opened_at"])
    op.execute(f"CREATE INDEX ix_profile_name ON profile USING gin (tenant_id, ({NAME}) gin_trgm_ops)")
    op.execute(
        f"CREATE INDEX ix_identifier_typed ON identifier USING gin (tenant_id, lower(value) gin_trgm_ops) WHERE {TYPED}"
    )
    # An order's number as people read it out, without its source.
    op.create_index("ix_shop_order_external_id", "shop_order", ["tenant_id", "external_id"])


def downgrade() -> None:
    op.drop_index("ix_shop_order_external_id", "shop_order")
    op.execute("DROP INDEX ix_identifier_typed")
    op.execute("DROP INDEX ix_profile_name")
    op.drop_table("person_access")
    op.drop_table("note")

"""Tables of who is who: the ids of people, the evidence that joins them, what was said about them, and where.

A row about a person carries `identifier_id`, the id that it came with. The person is found by joining `identifier`, so
a merge or an unmerge changes `identifier.profile_id` of some rows and moves nothing else.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column

_IDENTIFIER = ["identifier.tenant_id", "identifier.id"]


class Identifier(TenantRow, Base):
    """One id of a person: how a source calls them. `value` is normalised.

    `profile_id`: whose it is now. `origin_profile_id`: the profile that was made when it first came. `is_verified`: a
    proof named it, not only a browser. `is_shared`: so many people have it that it joins nobody any more.
    `created_at`: the earliest moment at which a source says it had it.
    """

    __tablename__ = "identifier"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    profile_id: Mapped[UUID] = mapped_column(index=True)
    origin_profile_id: Mapped[UUID]
    is_verified: Mapped[bool]
    is_shared: Mapped[bool] = mapped_column(server_default="false")
    source: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        ForeignKeyConstraint(["tenant_id", "profile_id"], ["profile.tenant_id", "profile.id"]),
        UniqueConstraint("tenant_id", "kind", "value"),
        Index("ix_identifier_origin_profile_id", "tenant_id", "origin_profile_id"),
        CheckConstraint(
            "kind IN ('external_id', 'loyalty_card', 'source_id', 'email', 'phone', 'anonymous_id', 'claim')",
            name="kind",
        ),
    )


class IdentityEdge(TenantRow, Base):
    """Evidence that two ids are one person (`same`), or an operator's word that they are not (`different`).

    `a_id` < `b_id`. Of evidence (proof `link`) there is one edge a pair, the earliest. What an operator said at once
    has one `act_id`, and is taken back as one: `retired_at`.
    """

    __tablename__ = "identity_edge"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    a_id: Mapped[UUID]
    b_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    proof: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime]
    act_id: Mapped[UUID | None]
    retired_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "a_id"], _IDENTIFIER, ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "b_id"], _IDENTIFIER, ondelete="CASCADE"),
        Index(
            "uq_identity_edge_link", "tenant_id", "a_id", "b_id", unique=True, postgresql_where=text("proof = 'link'")
        ),
        Index("ix_identity_edge_a_id", "tenant_id", "a_id"),
        Index("ix_identity_edge_b_id", "tenant_id", "b_id"),
        CheckConstraint("a_id < b_id", name="ordered"),
        CheckConstraint("kind IN ('same', 'different')", name="kind"),
        CheckConstraint("proof IN ('link', 'operator')", name="proof"),
        CheckConstraint("(proof = 'operator') = (act_id IS NOT NULL)", name="operators_act"),
    )


class Trait(TenantRow, Base):
    """That a source stated a value of a trait, first at `first_at` and last at `at`. JSON null: it has none any more.

    `is_claim`: a browser said so, without proof. `digest` tells values apart in the key.
    """

    __tablename__ = "trait"
    identifier_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    is_claim: Mapped[bool] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(Text, Computed("md5(value::text)", persisted=True), primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
    first_at: Mapped[datetime]
    at: Mapped[datetime]
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "identifier_id"], _IDENTIFIER, ondelete="CASCADE"),)


class StoreProfile(TenantRow, Base):
    """That a store may know a person, and why: they bought there, agreed there, use its app, or it imported them."""

    __tablename__ = "store_profile"
    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier_id: Mapped[UUID] = mapped_column(primary_key=True)
    basis: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "identifier_id"], _IDENTIFIER, ondelete="CASCADE"),
        Index("ix_store_profile_identifier_id", "tenant_id", "identifier_id"),
        CheckConstraint("basis IN ('order', 'consent', 'app', 'import')", name="basis"),
    )


class IdentityPolicy(TenantRow, Base):
    """What a tenant says about ids: region of phone numbers without a prefix, values that are nobody's, limits."""

    __tablename__ = "identity_policy"
    region: Mapped[str | None] = mapped_column(Text)
    blocked: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    limits: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}")
    shared_after: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}")
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)

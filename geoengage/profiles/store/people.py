"""SQL of finding people, and of which stores may know whom."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text, tuple_

from geoengage.kit import errors
from geoengage.kit.db import Session, row_dict
from geoengage.kit.ids import TenantId
from geoengage.profiles.models import Identifier, IdentityEdge, Profile, StoreProfile
from geoengage.profiles.rules import Id

MOST_EVIDENCE = 1_000  # so much of it is shown


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to list: with one of `ids` or a first or last name that begins with `name` (both None: everybody).

    `stores`: only customers of these.
    """

    ids: Sequence[Id] | None = None
    name: str | None = None
    stores: Collection[UUID] | None = None


async def list_profiles(
    session: Session, tenant_id: TenantId, wanted: Wanted, after: UUID | None, limit: int
) -> Sequence[Profile]:
    """People in id order, above `after`. Who was merged is not listed."""
    query = select(Profile).where(Profile.tenant_id == tenant_id, Profile.merged_into.is_(None))
    if found := _found(tenant_id, wanted):
        query = query.where(or_(*found))
    if wanted.stores is not None:
        query = query.where(_is_customer(tenant_id, wanted.stores))
    if after is not None:
        query = query.where(Profile.id > after)
    return (await session.execute(query.order_by(Profile.id).limit(limit))).scalars().all()


def _found(tenant_id: TenantId, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.ids is not None:
        pairs = [(i.kind.value, i.value) for i in wanted.ids]
        owners = select(Identifier.profile_id).where(
            Identifier.tenant_id == tenant_id, tuple_(Identifier.kind, Identifier.value).in_(pairs)
        )
        found.append(Profile.id.in_(owners))
    if wanted.name is not None:
        start = wanted.name.strip().lower()
        names = (Profile.first_name, Profile.attributes.op("->>")("last_name"))
        found += [func.lower(name).startswith(start, autoescape=True) for name in names]
    return found


def _is_customer(tenant_id: TenantId, stores: Collection[UUID]) -> ColumnElement[bool]:
    return exists().where(
        and_(Identifier.tenant_id == tenant_id, Identifier.profile_id == Profile.id),
        and_(StoreProfile.tenant_id == tenant_id, StoreProfile.identifier_id == Identifier.id),
        StoreProfile.store_id.in_(stores),
    )


_CURRENT = text(
    "WITH RECURSIVE up (id, into_id) AS (SELECT id, merged_into FROM profile WHERE tenant_id = :tenant_id"
    " AND id = :profile_id UNION SELECT p.id, p.merged_into FROM up JOIN profile p ON p.tenant_id = :tenant_id"
    " AND p.id = up.into_id) SELECT id FROM up WHERE into_id IS NULL"
)


async def get_current(
    session: Session, tenant_id: TenantId, profile_id: UUID, stores: Collection[UUID] | None
) -> Profile:
    """A person as who they are now, read afresh; NotFound when there is none, or none of these stores' customers."""
    rows = await session.execute(_CURRENT, {"tenant_id": tenant_id, "profile_id": profile_id})
    query = select(Profile).where(Profile.tenant_id == tenant_id, Profile.id == rows.scalar_one_or_none())
    if stores is not None:
        query = query.where(_is_customer(tenant_id, stores))
    profile = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if profile is None:
        raise errors.NotFound(f"profile {profile_id} does not exist")
    return profile


@dataclass(frozen=True, slots=True)
class Evidence:
    """A row of `identity_edge`, for people to read."""

    id: UUID
    a_id: UUID
    b_id: UUID
    kind: str
    source: str
    reason: str | None
    at: datetime
    act_id: UUID | None
    retired_at: datetime | None


async def list_evidence_of(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> list[Evidence]:
    """What joins these ids with others and among each other, what was taken back too, oldest first."""
    columns = (getattr(IdentityEdge, name) for name in Evidence.__dataclass_fields__)
    query = select(*columns).where(
        IdentityEdge.tenant_id == tenant_id, or_(IdentityEdge.a_id.in_(ids), IdentityEdge.b_id.in_(ids))
    )
    rows = await session.execute(query.order_by(IdentityEdge.at, IdentityEdge.id).limit(MOST_EVIDENCE))
    return [Evidence(*row) for row in rows]


async def list_stores(
    session: Session, tenant_id: TenantId, profile_id: UUID, stores: Collection[UUID] | None
) -> list[dict[str, Any]]:
    """Which stores may know a person: `store_id`, `basis` and `since`; with `stores` only those of these."""
    query = (
        select(StoreProfile.store_id, StoreProfile.basis, func.min(StoreProfile.at).label("since"))
        .join(Identifier, and_(Identifier.tenant_id == tenant_id, Identifier.id == StoreProfile.identifier_id))
        .where(StoreProfile.tenant_id == tenant_id, Identifier.profile_id == profile_id)
    )
    if stores is not None:
        query = query.where(StoreProfile.store_id.in_(stores))
    query = query.group_by(StoreProfile.store_id, StoreProfile.basis).order_by(
        StoreProfile.store_id, StoreProfile.basis
    )
    return [row_dict(row) for row in await session.execute(query)]


_NOTE = text("""
INSERT INTO store_profile (tenant_id, store_id, identifier_id, basis, at)
SELECT DISTINCT CAST(:tenant_id AS uuid), n.store_id, n.identifier_id, CAST(:basis AS text), CAST(:now AS timestamptz)
FROM unnest(CAST(:stores AS uuid[]), CAST(:ids AS uuid[])) AS n (store_id, identifier_id)
ORDER BY n.store_id, n.identifier_id ON CONFLICT DO NOTHING RETURNING identifier_id
""")


async def insert_store_profiles(
    session: Session, tenant_id: TenantId, pairs: Sequence[tuple[UUID, UUID]], basis: str, now: datetime
) -> set[UUID]:
    """Note that a store may know an id's person. Idempotent: the first time stays. Returns the ids with news."""
    rows = await session.execute(
        _NOTE,
        {
            "tenant_id": tenant_id,
            "stores": [store_id for store_id, _ in pairs],
            "ids": [identifier_id for _, identifier_id in pairs],
            "basis": basis,
            "now": now,
        },
    )
    return set(rows.scalars())

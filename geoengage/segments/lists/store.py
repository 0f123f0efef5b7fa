"""SQL of static lists: the lists, who is on them, and whose an id is that somebody names."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from geoengage.kit.db import Session
from geoengage.kit.errors import NotFound
from geoengage.kit.ids import TenantId
from geoengage.profiles.rules import Id
from geoengage.segments.lists.models import PeopleList


class ListNotFound(NotFound):
    """No such list, or not one that the caller may see."""

    code = "list-not-found"
    title = "No such list"


async def get_list(
    session: Session, tenant_id: TenantId, id_: UUID, stores: Collection[UUID] | None, *, lock: bool = False
) -> PeopleList:
    """A list that the caller may see, else ListNotFound. `lock`: FOR NO KEY UPDATE, read afresh."""
    query = select(PeopleList).where(PeopleList.tenant_id == tenant_id, PeopleList.id == id_)
    if stores is not None:
        query = query.where(PeopleList.store_id.in_(stores))
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise ListNotFound(f"list {id_} does not exist")
    return found


async def list_lists(
    session: Session, tenant_id: TenantId, stores: Collection[UUID] | None, after: UUID | None, limit: int
) -> Sequence[PeopleList]:
    """Lists by id, which is by age; with `stores` only those of these."""
    query = select(PeopleList).where(PeopleList.tenant_id == tenant_id)
    if stores is not None:
        query = query.where(PeopleList.store_id.in_(stores))
    if after is not None:
        query = query.where(PeopleList.id > after)
    return (await session.execute(query.order_by(PeopleList.id).limit(limit))).scalars().all()


async def insert_list(session: Session, tenant_id: TenantId, row: PeopleList) -> None:
    """Keep a new list."""
    row.tenant_id = tenant_id
    session.add(row)
    await session.flush()


async def set_list(
    session: Session, tenant_id: TenantId, row: PeopleList, columns: dict[str, Any], now: datetime
) -> None:
    """Change a locked list's name or description; its version rises. `tenant_id` is that of the row."""
    for name, value in columns.items():
        setattr(row, name, value)
    row.version += 1
    row.changed_at = now
    await session.flush()


async def delete_list(session: Session, tenant_id: TenantId, row: PeopleList) -> None:
    """Forget a list with who was on it. `tenant_id` is that of the row."""
    await session.delete(row)
    await session.flush()


# --- who is on one ------------------------------------------------------------------------------------------------

_OF_LIST = (
    " FROM people_list_member m JOIN identifier i ON i.tenant_id = m.tenant_id AND i.id = m.identifier_id"
    " WHERE m.tenant_id = :tenant_id AND m.list_id = ANY(CAST(:lists AS uuid[]))"
)


async def count_people(session: Session, tenant_id: TenantId, list_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many people are on each list; lists that nobody is on are left out."""
    rows = await session.execute(
        text(f"SELECT m.list_id, count(DISTINCT i.profile_id){_OF_LIST} GROUP BY 1"),
        {"tenant_id": tenant_id, "lists": list(list_ids)},
    )
    return {row[0]: row[1] for row in rows}


async def list_people(
    session: Session, tenant_id: TenantId, list_id: UUID, after: UUID | None, limit: int
) -> dict[UUID, datetime]:
    """Who is on a list and since when, in the order of their ids, above `after`."""
    rows = await session.execute(
        text(
            f"SELECT i.profile_id, min(m.at){_OF_LIST}"
            " AND (CAST(:after AS uuid) IS NULL OR i.profile_id > CAST(:after AS uuid))"
            " GROUP BY 1 ORDER BY 1 LIMIT :limit"
        ),
        {"tenant_id": tenant_id, "lists": [list_id], "after": after, "limit": limit},
    )
    return {row[0]: row[1] for row in rows}


async def list_members(session: Session, tenant_id: TenantId, list_id: UUID) -> set[UUID]:
    """Everybody who is on a list."""
    rows = await session.execute(
        text(f"SELECT DISTINCT i.profile_id{_OF_LIST}"),
        {"tenant_id": tenant_id, "lists": [list_id]},
    )
    return set(rows.scalars())


async def insert_members(
    session: Session, tenant_id: TenantId, list_id: UUID, identifier_ids: Collection[UUID], now: datetime
) -> None:
    """Put ids on a list; those that are on it stay as they are."""
    await session.execute(
        text(
            "INSERT INTO people_list_member (tenant_id, list_id, identifier_id, at)"
            " SELECT :tenant_id, :list_id, id, :now FROM unnest(CAST(:ids AS uuid[])) AS n (id) ORDER BY id"
            " ON CONFLICT DO NOTHING"
        ),
        {"tenant_id": tenant_id, "list_id": list_id, "ids": list(identifier_ids), "now": now},
    )


async def delete_members(session: Session, tenant_id: TenantId, list_id: UUID, profile_ids: Collection[UUID]) -> None:
    """Take people off a list, by whichever ids they are on it."""
    await session.execute(
        text(
            "DELETE FROM people_list_member m USING identifier i WHERE m.tenant_id = :tenant_id"
            " AND m.list_id = :list_id AND i.tenant_id = m.tenant_id AND i.id = m.identifier_id"
            " AND i.profile_id = ANY(CAST(:people AS uuid[]))"
        ),
        {"tenant_id": tenant_id, "list_id": list_id, "people": list(profile_ids)},
    )


# --- whose an id is -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Whose:
    """An id that somebody has. `is_shared`: so many have it that it says nothing."""

    identifier_id: UUID
    profile_id: UUID
    is_shared: bool


# FOR KEY SHARE: nobody is erased between the look-up and the row that names them.
_BY_ID = """
SELECT n.i, i.id, i.profile_id, i.is_shared
FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) WITH ORDINALITY AS n (kind, value, i)
JOIN identifier i ON i.tenant_id = :tenant_id AND i.kind = n.kind AND i.value = n.value
WHERE {known} ORDER BY i.id FOR KEY SHARE OF i
"""
_BY_PROFILE = """
SELECT n.i, i.id, i.profile_id, false FROM unnest(CAST(:people AS uuid[])) WITH ORDINALITY AS n (id, i)
JOIN LATERAL (
  SELECT i.id, i.profile_id FROM identifier i WHERE i.tenant_id = :tenant_id AND i.profile_id = n.id
  ORDER BY array_position(ARRAY['external_id', 'loyalty_card', 'source_id', 'email', 'phone', 'anonymous_id', 'claim'],
    i.kind), i.created_at, i.id LIMIT 1
) i ON {known}
"""
_KNOWN_TO_STORE = (
    "EXISTS (SELECT FROM identifier o JOIN store_profile s ON s.tenant_id = o.tenant_id AND s.identifier_id = o.id"
    " WHERE o.tenant_id = :tenant_id AND o.profile_id = i.profile_id AND s.store_id = :store_id)"
)


async def find_by_ids(
    session: Session, tenant_id: TenantId, ids: Sequence[Id], store_id: UUID | None
) -> dict[Id, Whose]:
    """Whose these ids are. `store_id`: only customers of this store."""
    found = {"kinds": [i.kind.value for i in ids], "values": [i.value for i in ids]}
    rows = await _find(session, tenant_id, _BY_ID, found, store_id)
    return {ids[i]: whose for i, whose in rows.items()}


async def find_by_profiles(
    session: Session, tenant_id: TenantId, profile_ids: Sequence[UUID], store_id: UUID | None
) -> dict[UUID, Whose]:
    """The strongest id of each of these people. `store_id`: only customers of this store."""
    rows = await _find(session, tenant_id, _BY_PROFILE, {"people": list(profile_ids)}, store_id)
    return {profile_ids[i]: whose for i, whose in rows.items()}


async def _find(
    session: Session, tenant_id: TenantId, query: str, parameters: dict[str, Any], store_id: UUID | None
) -> dict[int, Whose]:
    known = "true" if store_id is None else _KNOWN_TO_STORE
    parameters |= {"tenant_id": tenant_id} | ({} if store_id is None else {"store_id": store_id})
    rows = await session.execute(text(query.format(known=known)), parameters)
    return {row[0] - 1: Whose(*row[1:]) for row in rows}

"""SQL of ids and of the evidence that joins them.

Lock order: identifiers (by id), profiles (by id), devices (by id). Whoever adds an edge holds both ends, unless they
are shared and join nobody; whoever changes whose an id is holds the whole component.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles.rules import RANK, Edge, Id, Kind, Node


@dataclass(frozen=True, slots=True)
class Known:
    """An identifier's row."""

    id: UUID
    kind: Kind
    value: str
    profile_id: UUID
    origin: UUID
    is_verified: bool
    is_shared: bool
    source: str
    since: datetime

    @property
    def as_id(self) -> Id:
        return Id(self.kind, self.value)

    @property
    def key(self) -> tuple[int, str]:
        """As `Node.key`: the strongest first."""
        return RANK[self.kind], self.value

    @property
    def node(self) -> Node:
        return Node(self.id, self.kind, self.value, self.origin, self.is_shared)


_COLUMNS = (
    "i.id, i.kind, i.value, i.profile_id, i.origin_profile_id, i.is_verified, i.is_shared, i.source, i.created_at"
)


def _known(rows: Iterable[Any]) -> list[Known]:
    return [Known(row[0], Kind(row[1]), *row[2:]) for row in rows]


_FIND = text(
    f"SELECT {_COLUMNS} FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS n (kind, value)"  # noqa: S608
    " JOIN identifier i ON i.tenant_id = :tenant_id AND i.kind = n.kind AND i.value = n.value"
    " ORDER BY i.id FOR KEY SHARE OF i"
)


async def find_identifiers(session: Session, tenant_id: TenantId, ids: Sequence[Id]) -> dict[Id, Known]:
    """Those that are known, kept from being erased until the commit (which delays nobody else)."""
    parameters = {"tenant_id": tenant_id, "kinds": [i.kind.value for i in ids], "values": [i.value for i in ids]}
    return {known.as_id: known for known in _known(await session.execute(_FIND, parameters))}


_PROFILES_OF = text(
    "SELECT id, profile_id FROM identifier WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
    " ORDER BY id FOR SHARE"
)


async def hold_owners(session: Session, tenant_id: TenantId, identifier_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Whose the ids are, held so until the commit: no merge changes it meanwhile. Unknown ones are left out."""
    rows = await session.execute(_PROFILES_OF, {"tenant_id": tenant_id, "ids": list(identifier_ids)})
    return {row.id: row.profile_id for row in rows}


async def list_identifiers(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]) -> list[Known]:
    """The ids of people, the strongest first."""
    rows = await session.execute(
        text(
            f"SELECT {_COLUMNS} FROM identifier i WHERE i.tenant_id = :tenant_id"  # noqa: S608
            " AND i.profile_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"tenant_id": tenant_id, "ids": list(profile_ids)},
    )
    return sorted(_known(rows), key=lambda known: known.key)


async def list_by_id(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> list[Known]:
    """Identifiers by our id of them, the strongest first."""
    rows = await session.execute(
        text(
            f"SELECT {_COLUMNS} FROM identifier i WHERE i.tenant_id = :tenant_id"  # noqa: S608
            " AND i.id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )
    return sorted(_known(rows), key=lambda known: known.key)


# --- making --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewIdentifier:
    """An identifier to make; `since` as in its row."""

    id: UUID
    as_id: Id
    profile_id: UUID
    origin: UUID
    since: datetime

    def as_known(self, source: str, *, is_verified: bool) -> Known:
        """The row as it is made."""
        kind, value = self.as_id.kind, self.as_id.value
        return Known(self.id, kind, value, self.profile_id, self.origin, is_verified, False, source, self.since)


_INSERT_PROFILES = text(
    "INSERT INTO profile (tenant_id, id, external_id, created_at, updated_at)"
    " SELECT :tenant_id, n.id, n.external_id, :now, :now"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[])) AS n (id, external_id) ON CONFLICT DO NOTHING"
    " RETURNING id"
)


async def insert_profiles(
    session: Session, tenant_id: TenantId, profiles: Mapping[UUID, str | None], now: datetime
) -> set[UUID]:
    """Make profiles (id → external id) where there is none yet; returns those that are new."""
    if not profiles:
        return set()
    parameters = {"tenant_id": tenant_id, "ids": list(profiles), "names": list(profiles.values()), "now": now}
    return set((await session.execute(_INSERT_PROFILES, parameters)).scalars())


async def delete_profiles(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> None:
    """Take back profiles that were made in this transaction, and to which nothing belongs."""
    await session.execute(
        text("DELETE FROM profile WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )


_INSERT = text(
    "INSERT INTO identifier"
    " (tenant_id, id, kind, value, profile_id, origin_profile_id, is_verified, source, created_at)"
    " SELECT :tenant_id, n.id, n.kind, n.value, n.profile_id, n.origin, :verified, :source, n.since"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:values AS text[]), CAST(:profiles AS uuid[]),"
    " CAST(:origins AS uuid[]), CAST(:since AS timestamptz[])) AS n (id, kind, value, profile_id, origin, since)"
    " ORDER BY n.kind, n.value ON CONFLICT (tenant_id, kind, value) DO NOTHING RETURNING id"
)


async def insert_identifiers(
    session: Session, tenant_id: TenantId, new: Sequence[NewIdentifier], *, is_verified: bool, source: str
) -> set[UUID]:
    """Make ids, in one order so that two that make the same wait for each other once; returns those that were made."""
    rows = await session.execute(
        _INSERT,
        {
            "tenant_id": tenant_id,
            "ids": [n.id for n in new],
            "kinds": [n.as_id.kind.value for n in new],
            "values": [n.as_id.value for n in new],
            "profiles": [n.profile_id for n in new],
            "origins": [n.origin for n in new],
            "since": [n.since for n in new],
            "verified": is_verified,
            "source": source,
        },
    )
    return set(rows.scalars())


async def verify_identifiers(session: Session, tenant_id: TenantId, since: Mapping[UUID, datetime]) -> None:
    """Note that a proof named these ids, as early as that."""
    await session.execute(
        text(
            "UPDATE identifier i SET is_verified = true, created_at = least(i.created_at, n.since)"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:since AS timestamptz[])) AS n (id, since)"
            " WHERE i.tenant_id = :tenant_id AND i.id = n.id"
        ),
        {"tenant_id": tenant_id, "ids": list(since), "since": list(since.values())},
    )


# --- evidence ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewEdge:
    """An edge to make, between `a` and `b` in any order. `act_id` for an operator's."""

    id: UUID
    a: UUID
    b: UUID
    at: datetime
    is_same: bool = True
    act_id: UUID | None = None

    @property
    def as_edge(self) -> Edge:
        return Edge(self.id, self.a, self.b, self.at, self.is_same, self.act_id)


_INSERT_EDGES = text(
    "INSERT INTO identity_edge AS e (tenant_id, id, a_id, b_id, kind, proof, source, reason, at, act_id)"
    " SELECT :tenant_id, n.id, least(n.a, n.b), greatest(n.a, n.b), CASE WHEN n.same THEN 'same' ELSE 'different' END,"
    " CASE WHEN n.act_id IS NULL THEN 'link' ELSE 'operator' END, :source, :reason, n.at, n.act_id"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:a AS uuid[]), CAST(:b AS uuid[]), CAST(:at AS timestamptz[]),"
    " CAST(:same AS boolean[]), CAST(:acts AS uuid[])) AS n (id, a, b, at, same, act_id)"
    " ON CONFLICT (tenant_id, a_id, b_id) WHERE proof = 'link' DO UPDATE"
    " SET at = excluded.at, source = excluded.source, reason = excluded.reason WHERE excluded.at < e.at"
)


async def insert_edges(
    session: Session, tenant_id: TenantId, new: Sequence[NewEdge], *, source: str, reason: str | None
) -> None:
    """Keep evidence, each pair at most once in `new`; of two pieces about the same pair the earlier stays."""
    if new:
        await session.execute(
            _INSERT_EDGES,
            {
                "tenant_id": tenant_id,
                "ids": [e.id for e in new],
                "a": [e.a for e in new],
                "b": [e.b for e in new],
                "at": [e.at for e in new],
                "same": [e.is_same for e in new],
                "acts": [e.act_id for e in new],
                "source": source,
                "reason": reason,
            },
        )


async def list_evidence(
    session: Session, tenant_id: TenantId, pairs: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], datetime]:
    """Since when there is evidence for pairs of ids (the lesser id first); the others are left out."""
    rows = await session.execute(
        text(
            "SELECT e.a_id, e.b_id, e.at FROM unnest(CAST(:a AS uuid[]), CAST(:b AS uuid[])) AS n (a, b)"
            " JOIN identity_edge e ON e.tenant_id = :tenant_id AND e.a_id = n.a AND e.b_id = n.b AND e.proof = 'link'"
        ),
        {"tenant_id": tenant_id, "a": [a for a, _ in pairs], "b": [b for _, b in pairs]},
    )
    return {(a, b): at for a, b, at in rows}


async def retire_edges(session: Session, tenant_id: TenantId, ids: Collection[UUID], now: datetime) -> None:
    """Take back what an operator said."""
    await session.execute(
        text(
            "UPDATE identity_edge SET retired_at = :now WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"tenant_id": tenant_id, "ids": list(ids), "now": now},
    )


# --- components ----------------------------------------------------------------------------------------------------

# A shared id leads on only by an operator's word: evidence of thousands may hang on it.
_REACH = text(
    f"""
WITH RECURSIVE reach (id) AS (
  SELECT unnest(CAST(:ids AS uuid[]))
  UNION
  SELECT n.id FROM reach r
  JOIN identifier o ON o.tenant_id = :tenant_id AND o.id = r.id
  CROSS JOIN LATERAL (
    SELECT e.b_id AS id, e.proof FROM identity_edge e
    WHERE e.tenant_id = :tenant_id AND e.a_id = r.id AND e.retired_at IS NULL
    AND (NOT o.is_shared OR e.proof = 'operator')
    UNION ALL
    SELECT e.a_id, e.proof FROM identity_edge e
    WHERE e.tenant_id = :tenant_id AND e.b_id = r.id AND e.retired_at IS NULL
    AND (NOT o.is_shared OR e.proof = 'operator')) n)
SELECT {_COLUMNS} FROM reach r JOIN identifier i ON i.tenant_id = :tenant_id AND i.id = r.id
"""  # noqa: S608 - the columns above
)
_LOCK = text(
    f"SELECT {_COLUMNS} FROM identifier i WHERE i.tenant_id = :tenant_id"  # noqa: S608
    " AND i.id = ANY(CAST(:ids AS uuid[])) ORDER BY i.id FOR NO KEY UPDATE"
)


async def reach(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> dict[UUID, Known]:
    """These ids and all that live edges connect with them. Takes no lock."""
    rows = await session.execute(_REACH, {"tenant_id": tenant_id, "ids": list(ids)})
    return {known.id: known for known in _known(rows)}


async def lock_component(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> dict[UUID, Known]:
    """`reach` with all rows locked but those of shared ids, which may be in everybody's component."""
    seen = await reach(session, tenant_id, ids)
    locked: dict[UUID, Known] = {}
    while more := sorted(id_ for id_, known in seen.items() if id_ not in locked and not known.is_shared):
        rows = await session.execute(_LOCK, {"tenant_id": tenant_id, "ids": more})
        locked |= {known.id: known for known in _known(rows)}
        seen = await reach(session, tenant_id, ids)  # another transaction may have joined more to it
    return seen


_EDGES = text(
    "SELECT DISTINCT e.id, e.a_id, e.b_id, e.at, e.kind = 'same', e.act_id FROM ("
    " SELECT * FROM identity_edge WHERE tenant_id = :tenant_id AND a_id = ANY(CAST(:open AS uuid[]))"
    " UNION ALL SELECT * FROM identity_edge WHERE tenant_id = :tenant_id AND b_id = ANY(CAST(:open AS uuid[]))"
    " UNION ALL SELECT * FROM identity_edge WHERE tenant_id = :tenant_id AND a_id = ANY(CAST(:shared AS uuid[]))"
    " AND proof = 'operator') e WHERE e.retired_at IS NULL"
)


async def list_edges(session: Session, tenant_id: TenantId, component: Collection[Known]) -> list[Edge]:
    """The live edges of a component. An operator's edge between two shared ids is found from its lesser end."""
    parameters = {
        "open": [k.id for k in component if not k.is_shared],
        "shared": [k.id for k in component if k.is_shared],
    }
    rows = await session.execute(_EDGES, {"tenant_id": tenant_id} | parameters)
    return [Edge(*row) for row in rows]

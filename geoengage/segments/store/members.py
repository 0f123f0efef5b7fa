"""SQL of membership: who is in, when time can change it, moves with their history, sizes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, pipelined, row_dict, send
from geoengage.kit.ids import TenantId, new_id
from geoengage.segments.leaves.statements import as_people
from geoengage.segments.store.evaluation import People


@dataclass(frozen=True, slots=True)
class Move:
    """That somebody enters or leaves. `at`: when it became true."""

    segment_id: UUID
    profile_id: UUID
    entered: bool
    at: datetime
    version: int
    reason: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """Who of some people is in which segment, and what is due when: (segment, profile)."""

    members: set[tuple[UUID, UUID]]
    dues: dict[tuple[UUID, UUID], datetime]


_OF_SOME = "AND segment_id = ANY(CAST(:segments AS uuid[])) AND profile_id = ANY(CAST(:ids AS uuid[]))"
_MEMBERS = f"SELECT segment_id, profile_id FROM segment_member WHERE tenant_id = :tenant_id {_OF_SOME}"  # noqa: S608
_DUES = f"SELECT segment_id, profile_id, due_at FROM segment_due WHERE tenant_id = :tenant_id {_OF_SOME}"  # noqa: S608


async def read_standing(
    session: Session, tenant_id: TenantId, segments: Collection[UUID], ids: Collection[UUID]
) -> Standing:
    """What is written of these people in these segments."""
    asked = {"tenant_id": tenant_id, "segments": pgarrays.uuids(segments), "ids": pgarrays.uuids(ids)}
    async with pipelined(session):
        members = await send(session, _MEMBERS, asked)
        dues = await send(session, _DUES, asked)
    return Standing({(row[0], row[1]) for row in members.rows}, {(row[0], row[1]): row[2] for row in dues.rows})


# Nobody is erased before this is written down, and of who was erased nothing is: profiles come first in the lock order.
_HOLD = """
SELECT id FROM profile WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR KEY SHARE
"""
_ENTER = """
INSERT INTO segment_member (tenant_id, segment_id, profile_id, since)
SELECT :tenant_id, m.segment_id, m.profile_id, m.at FROM unnest(CAST(:segments AS uuid[]), CAST(:ids AS uuid[]),
  CAST(:ats AS timestamptz[])) AS m (segment_id, profile_id, at)
JOIN profile p ON p.tenant_id = :tenant_id AND p.id = m.profile_id ORDER BY 2, 3 ON CONFLICT DO NOTHING
"""
_LEAVE = """
DELETE FROM segment_member s USING unnest(CAST(:segments AS uuid[]), CAST(:ids AS uuid[])) AS m (segment_id, profile_id)
WHERE s.tenant_id = :tenant_id AND s.segment_id = m.segment_id AND s.profile_id = m.profile_id
"""
_HISTORY = """
INSERT INTO segment_change (tenant_id, id, segment_id, profile_id, entered, at, version, reason)
SELECT :tenant_id, m.* FROM unnest(CAST(:new_ids AS uuid[]), CAST(:segments AS uuid[]), CAST(:ids AS uuid[]),
  CAST(:entered AS boolean[]), CAST(:ats AS timestamptz[]), CAST(:versions AS integer[]),
  CAST(:reasons AS jsonb[])) AS m (id, segment_id, profile_id, entered, at, version, reason)
JOIN profile p ON p.tenant_id = :tenant_id AND p.id = m.profile_id
"""
_GROW = """
UPDATE segment s SET size = s.size + m.n FROM unnest(CAST(:segments AS uuid[]), CAST(:counts AS integer[])) AS m (id, n)
WHERE s.tenant_id = :tenant_id AND s.id = m.id
"""


async def write_moves(session: Session, tenant_id: TenantId, moves: Sequence[Move], now: datetime) -> None:
    """Let people enter and leave, keep why, and count."""
    if not moves:
        return
    entering, leaving = ([m for m in moves if m.entered is way] for way in (True, False))
    sizes: dict[UUID, int] = {}
    for m in moves:
        sizes[m.segment_id] = sizes.get(m.segment_id, 0) + (1 if m.entered else -1)
    async with pipelined(session):
        held = pgarrays.uuids(sorted({m.profile_id for m in moves}))
        await send(session, _HOLD, {"tenant_id": tenant_id, "ids": held})
        if entering:
            times = {"ats": pgarrays.times(m.at for m in entering)}
            await send(session, _ENTER, _pairs(tenant_id, entering) | times)
        if leaving:
            await send(session, _LEAVE, _pairs(tenant_id, leaving))
        await send(session, _HISTORY, _pairs(tenant_id, moves) | _told(moves, now))
        counted = sorted(sizes)
        await send(
            session,
            _GROW,
            {
                "tenant_id": tenant_id,
                "segments": pgarrays.uuids(counted),
                "counts": pgarrays.ints([sizes[id_] for id_ in counted]),
            },
        )


def _pairs(tenant_id: TenantId, moves: Sequence[Move]) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "segments": pgarrays.uuids(m.segment_id for m in moves),
        "ids": pgarrays.uuids(m.profile_id for m in moves),
    }


def _told(moves: Sequence[Move], now: datetime) -> dict[str, Any]:
    return {
        "new_ids": pgarrays.uuids(new_id(now) for _ in moves),
        "entered": pgarrays.bools_or_null([m.entered for m in moves]),
        "ats": pgarrays.times(m.at for m in moves),
        "versions": pgarrays.ints([m.version for m in moves]),
        "reasons": pgarrays.jsons(msgspec.json.encode(m.reason) for m in moves),
    }


_SET_DUE = """
INSERT INTO segment_due (tenant_id, segment_id, profile_id, due_at)
SELECT :tenant_id, d.* FROM unnest(CAST(:segments AS uuid[]), CAST(:ids AS uuid[]), CAST(:ats AS timestamptz[]))
  AS d (segment_id, profile_id, due_at) ORDER BY 2, 3
ON CONFLICT (tenant_id, segment_id, profile_id) DO UPDATE SET due_at = excluded.due_at
"""
_DROP_DUE = _LEAVE.replace("segment_member", "segment_due")


async def write_dues(session: Session, tenant_id: TenantId, dues: Sequence[tuple[UUID, UUID, datetime | None]]) -> None:
    """Put (segment, profile) on the clock, or with None take it off."""
    on = [(segment, profile, at) for segment, profile, at in dues if at is not None]
    off = [(segment, profile) for segment, profile, at in dues if at is None]
    async with pipelined(session):
        if on:
            columns = {
                "segments": pgarrays.uuids(d[0] for d in on),
                "ids": pgarrays.uuids(d[1] for d in on),
                "ats": pgarrays.times(d[2] for d in on),
            }
            await send(session, _SET_DUE, columns | {"tenant_id": tenant_id})
        if off:
            columns = {"segments": pgarrays.uuids(d[0] for d in off), "ids": pgarrays.uuids(d[1] for d in off)}
            await send(session, _DROP_DUE, columns | {"tenant_id": tenant_id})


async def claim_due(
    session: Session, tenant_id: TenantId, now: datetime, limit: int
) -> list[tuple[UUID, UUID, datetime]]:
    """What is due, the earliest first: (segment, profile, due). Nothing is locked: the cursor's row is."""
    rows = await session.execute(
        text(
            "SELECT segment_id, profile_id, due_at FROM segment_due WHERE tenant_id = :tenant_id AND due_at <= :now"
            " ORDER BY due_at LIMIT :limit"
        ),
        {"tenant_id": tenant_id, "now": now, "limit": limit},
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def tenants_with_due(session: Session, now: datetime) -> list[TenantId]:
    """Tenants in which time has changed something (cross-tenant: the worker serves all)."""
    found = await send(
        session,
        "SELECT t.id FROM tenant t WHERE EXISTS (SELECT FROM segment_due d WHERE d.tenant_id = t.id"
        " AND d.due_at <= :now)",
        {"now": now},
    )
    return [TenantId(id_) for (id_,) in found.rows]


# --- whole segments -------------------------------------------------------------------------------------------------


async def read_members(session: Session, tenant_id: TenantId, segment_id: UUID) -> People:
    """Everybody in a segment, sorted."""
    row = await session.execute(
        text(
            "SELECT string_agg(uuid_send(profile_id), CAST('' AS bytea) ORDER BY profile_id) FROM segment_member"
            " WHERE tenant_id = :tenant_id AND segment_id = :segment_id"
        ),
        {"tenant_id": tenant_id, "segment_id": segment_id},
    )
    return as_people(row.scalar())


async def list_members(
    session: Session, tenant_id: TenantId, segment_id: UUID, *, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Members in id order above `after`: `profile_id`, `since`."""
    above = "" if after is None else " AND profile_id > :after"
    parameters: dict[str, Any] = {"tenant_id": tenant_id, "segment_id": segment_id, "limit": limit}
    rows = await session.execute(
        text(
            "SELECT profile_id, since FROM segment_member WHERE tenant_id = :tenant_id"  # noqa: S608
            f" AND segment_id = :segment_id{above} ORDER BY profile_id LIMIT :limit"
        ),
        parameters | ({} if after is None else {"after": after}),
    )
    return [row_dict(row) for row in rows]


async def list_changes(
    session: Session,
    tenant_id: TenantId,
    *,
    segment_id: UUID | None = None,
    profile_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Who came and went, the latest first, below the id `before`: of a segment, of a person, or of both."""
    given = {"segment_id": segment_id, "profile_id": profile_id}
    tests = "".join(f" AND {name} = :{name}" for name, id_ in given.items() if id_ is not None)
    tests += "" if before is None else " AND id < :before"
    parameters = {name: id_ for name, id_ in (given | {"before": before}).items() if id_ is not None}
    rows = await session.execute(
        text(
            "SELECT id, segment_id, profile_id, entered, at, version, reason FROM segment_change"  # noqa: S608
            f" WHERE tenant_id = :tenant_id{tests} ORDER BY id DESC LIMIT :limit"
        ),
        parameters | {"tenant_id": tenant_id, "limit": limit},
    )
    return [row_dict(row) for row in rows]


async def list_segments_of(session: Session, tenant_id: TenantId, profile_id: UUID) -> list[dict[str, Any]]:
    """The segments in which somebody is: `segment_id`, `name`, `store_id`, `since`."""
    rows = await session.execute(
        text(
            "SELECT s.id AS segment_id, s.name, s.store_id, m.since FROM segment_member m"
            " JOIN segment s ON s.tenant_id = m.tenant_id AND s.id = m.segment_id"
            " WHERE m.tenant_id = :tenant_id AND m.profile_id = :profile_id ORDER BY s.name, s.id"
        ),
        {"tenant_id": tenant_id, "profile_id": profile_id},
    )
    return [row_dict(row) for row in rows]

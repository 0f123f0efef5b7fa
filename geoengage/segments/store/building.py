"""SQL of whole builds: what changed in a segment is written in bulk, in the transaction that puts it in force."""

from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.segments.store.evaluation import People

CHUNK = 100_000
_NEW = """
INSERT INTO segment_member (tenant_id, segment_id, profile_id, since)
SELECT :tenant_id, :segment_id, n.id, :now FROM unnest(CAST(:ids AS uuid[])) AS n (id)
WHERE EXISTS (SELECT FROM profile p WHERE p.tenant_id = :tenant_id AND p.id = n.id) ON CONFLICT DO NOTHING
"""
_GONE = """
DELETE FROM segment_member WHERE tenant_id = :tenant_id AND segment_id = :segment_id
AND profile_id = ANY(CAST(:ids AS uuid[]))
"""
_TIMED = np.dtype([("person", "S16"), ("due", ">i8")])
_DUES = """
SELECT string_agg(uuid_send(profile_id) || timestamptz_send(due_at), CAST('' AS bytea)) FROM segment_due
WHERE tenant_id = :tenant_id AND segment_id = :segment_id
"""
_DUE_NO_MORE = _GONE.replace("segment_member", "segment_due")
_DUE = """
INSERT INTO segment_due (tenant_id, segment_id, profile_id, due_at)
SELECT :tenant_id, :segment_id, d.id, d.at FROM unnest(CAST(:ids AS uuid[]), CAST(:ats AS timestamptz[])) AS d (id, at)
"""


def _uuids(people: People) -> pgarrays.PgArray:
    return pgarrays.raw_uuids(np.ascontiguousarray(people).view("V16"))


async def write_members(
    session: Session, tenant_id: TenantId, segment_id: UUID, entered: People, exited: People, now: datetime
) -> None:
    """Let many enter and leave at once."""
    common: dict[str, Any] = {"tenant_id": tenant_id, "segment_id": segment_id}
    for start in range(0, len(entered), CHUNK):
        await send(session, _NEW, common | {"now": now, "ids": _uuids(entered[start : start + CHUNK])})
    for start in range(0, len(exited), CHUNK):
        await send(session, _GONE, common | {"ids": _uuids(exited[start : start + CHUNK])})


async def replace_dues(
    session: Session, tenant_id: TenantId, segment_id: UUID, people: People, due: NDArray[np.int64]
) -> None:
    """Put a whole segment on the clock anew; only what is not so yet is written."""
    common: dict[str, Any] = {"tenant_id": tenant_id, "segment_id": segment_id}
    packed = (await session.execute(text(_DUES), common)).scalar() or b""
    before, after = np.frombuffer(packed, dtype=_TIMED), np.empty(len(people), dtype=_TIMED)
    after["person"], after["due"] = people, due
    gone, new = _without(before, after), _without(after, before)
    for start in range(0, len(gone), CHUNK):
        await send(session, _DUE_NO_MORE, common | {"ids": _uuids(gone["person"][start : start + CHUNK])})
    for start in range(0, len(new), CHUNK):
        part = new[start : start + CHUNK]
        times = pgarrays.raw_times(part["due"].astype(np.int64))
        await send(session, _DUE, common | {"ids": _uuids(part["person"]), "ats": times})


def _without(those: NDArray[np.void], others: NDArray[np.void]) -> NDArray[np.void]:
    """Those pairs of person and moment that are not among the others, sorted."""
    return np.setdiff1d(those.view("S24"), others.view("S24"), assume_unique=True).view(_TIMED)


async def write_history(
    session: Session, tenant_id: TenantId, segment_id: UUID, people: People, *, entered: bool, row: dict[str, Any]
) -> None:
    """Keep why many entered or left at once. `row`: `at`, `version`, `reason` (JSON text), `first` (lowest id)."""
    for start in range(0, len(people), CHUNK):
        await send(
            session,
            """
INSERT INTO segment_change (tenant_id, id, segment_id, profile_id, entered, at, version, reason)
SELECT :tenant_id, CAST(overlay(CAST(gen_random_uuid() AS text) PLACING :first FROM 1 FOR 15) AS uuid), :segment_id,
  n.id, :entered, :at, :version, CAST(:reason AS jsonb) FROM unnest(CAST(:ids AS uuid[])) AS n (id)
""",
            row | {
                "tenant_id": tenant_id, "segment_id": segment_id, "entered": entered,
                "ids": _uuids(people[start : start + CHUNK]),
            },
        )  # fmt: skip


async def note_size(session: Session, tenant_id: TenantId, segment_id: UUID, size: int, now: datetime) -> None:
    """Note how many a segment has after a build."""
    await session.execute(
        text(
            "INSERT INTO segment_size (tenant_id, segment_id, at, size) VALUES (:tenant_id, :segment_id, :now, :size)"
            " ON CONFLICT (tenant_id, segment_id, at) DO UPDATE SET size = excluded.size"
        ),
        {"tenant_id": tenant_id, "segment_id": segment_id, "now": now, "size": size},
    )


async def note_sizes(session: Session, now: datetime) -> None:
    """Note the sizes that have changed since they were noted last (cross-tenant: upkeep, every hour)."""
    await session.execute(
        text("""
INSERT INTO segment_size (tenant_id, segment_id, at, size)
SELECT s.tenant_id, s.id, :now, s.size FROM segment s LEFT JOIN LATERAL (
  SELECT z.size FROM segment_size z WHERE z.tenant_id = s.tenant_id AND z.segment_id = s.id
  ORDER BY z.at DESC LIMIT 1) z ON true
WHERE s.live_definition IS NOT NULL AND s.size IS DISTINCT FROM z.size ON CONFLICT DO NOTHING
"""),
        {"now": now},
    )


async def drop_strangers(session: Session) -> int:
    """Take out who was erased or merged while a build wrote (cross-tenant: upkeep); returns how many."""
    dropped = 0
    for table in ("segment_member", "segment_due"):
        done = await session.execute(
            text(
                f"DELETE FROM {table} m WHERE NOT EXISTS (SELECT FROM profile p WHERE p.tenant_id = m.tenant_id"  # noqa: S608
                " AND p.id = m.profile_id AND p.merged_into IS NULL)"
            )
        )
        dropped += int(getattr(done, "rowcount", 0))
    return dropped

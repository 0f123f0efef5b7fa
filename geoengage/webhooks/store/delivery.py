"""SQL of delivery: who is behind, what is due, what became of it, and what may be forgotten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.webhooks.rules import DeliveryStatus

# --- planning ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Work:
    """An active endpoint with something to do. `is_behind`: it has not read the ledger to its end; `is_due`: a delivery
    is due and the endpoint is not left alone.
    """

    tenant_id: TenantId
    webhook_id: UUID
    is_behind: bool
    is_due: bool


async def list_work(session: Session, now: datetime) -> list[Work]:
    """Active endpoints with something to do (cross-tenant: the worker serves all). A cheap look, not a claim."""
    rows = await session.execute(
        text("""
SELECT * FROM (SELECT w.tenant_id, w.id, coalesce(h.n, 0) > w.position AS is_behind,
    (w.held_until IS NULL OR w.held_until <= :now) AND EXISTS (SELECT FROM webhook_delivery d
      WHERE d.tenant_id = w.tenant_id AND d.webhook_id = w.id AND d.status = 'pending' AND d.next_at <= :now) AS is_due
  FROM webhook w LEFT JOIN ledger_head h ON h.tenant_id = w.tenant_id WHERE w.status = 'active') AS work
WHERE is_behind OR is_due
"""),
        {"now": now},
    )
    return [Work(TenantId(row[0]), row[1], row[2], row[3]) for row in rows]


async def count_pending(session: Session, tenant_id: TenantId, webhook_id: UUID) -> int:
    """How many deliveries of an endpoint wait or are being sent."""
    row = await session.execute(
        text(
            "SELECT count(*) FROM webhook_delivery WHERE tenant_id = :tenant_id AND webhook_id = :webhook_id"
            " AND status = 'pending'"
        ),
        {"tenant_id": tenant_id, "webhook_id": webhook_id},
    )
    return int(row.scalar_one())


async def plan(
    session: Session,
    tenant_id: TenantId,
    webhook_id: UUID,
    events: Sequence[tuple[int, str, Mapping[str, Any] | None]],
    now: datetime,
) -> None:
    """Add deliveries (position, type, payload or None) that are due now; one that had ended, as after a replay, begins
    anew, and one that waits stays as it is."""
    await session.execute(
        text("""
INSERT INTO webhook_delivery AS d (tenant_id, webhook_id, position, type, status, payload, next_at, planned_at)
SELECT :tenant_id, :webhook_id, e.position, e.type, 'pending', e.payload, :now, :now
FROM unnest(CAST(:positions AS bigint[]), CAST(:types AS text[]), CAST(:payloads AS jsonb[]))
  AS e (position, type, payload)
ON CONFLICT (tenant_id, webhook_id, position) DO UPDATE SET type = excluded.type, status = 'pending', attempts = 0,
  tries = '[]', payload = excluded.payload, next_at = :now, planned_at = :now, finished_at = NULL, lease = NULL
WHERE d.status <> 'pending'
"""),
        {
            "tenant_id": tenant_id,
            "webhook_id": webhook_id,
            "positions": [position for position, _, _ in events],
            "types": [type_ for _, type_, _ in events],
            "payloads": [None if p is None else msgspec.json.encode(p).decode() for _, _, p in events],
            "now": now,
        },
    )


# --- claiming ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that belongs to a worker until its lease runs out. `first_at`: when its first try ended."""

    position: int
    type: str
    attempts: int
    first_at: datetime | None
    payload: dict[str, Any] | None
    planned_at: datetime


async def claim_due(
    session: Session,
    tenant_id: TenantId,
    webhook_id: UUID,
    lease: UUID,
    now: datetime,
    *,
    until: datetime,
    limit: int,
) -> list[Claimed]:
    """Take up to `limit` due deliveries of an endpoint whose row is locked, oldest event first."""
    rows = await session.execute(
        text("""
WITH due AS (
  SELECT position FROM webhook_delivery WHERE tenant_id = :tenant_id AND webhook_id = :webhook_id
    AND status = 'pending' AND next_at <= :now ORDER BY position LIMIT :limit)
UPDATE webhook_delivery d SET lease = :lease, next_at = :until FROM due
WHERE d.tenant_id = :tenant_id AND d.webhook_id = :webhook_id AND d.position = due.position
RETURNING d.position, d.type, d.attempts, CAST(d.tries -> 0 ->> 'at' AS timestamptz), d.payload, d.planned_at
"""),
        {
            "tenant_id": tenant_id,
            "webhook_id": webhook_id,
            "lease": lease,
            "now": now,
            "until": until,
            "limit": limit,
        },
    )
    return sorted((Claimed(*row) for row in rows), key=lambda claimed: claimed.position)


async def is_sending(session: Session, tenant_id: TenantId, webhook_id: UUID, now: datetime) -> bool:
    """Whether a worker has a delivery of this endpoint in its hands."""
    row = await session.execute(
        text(
            "SELECT 1 FROM webhook_delivery WHERE tenant_id = :tenant_id AND webhook_id = :webhook_id"
            " AND status = 'pending' AND lease IS NOT NULL AND next_at > :now LIMIT 1"
        ),
        {"tenant_id": tenant_id, "webhook_id": webhook_id, "now": now},
    )
    return row.scalar() is not None


async def finish_unsent(
    session: Session,
    tenant_id: TenantId,
    webhook_id: UUID,
    statuses: Mapping[int, DeliveryStatus],
    now: datetime,
) -> None:
    """End deliveries that have nothing to say any more."""
    await session.execute(
        text(
            "UPDATE webhook_delivery d SET status = e.status, finished_at = :now, lease = NULL"
            " FROM unnest(CAST(:positions AS bigint[]), CAST(:statuses AS text[])) AS e (position, status)"
            " WHERE d.tenant_id = :tenant_id AND d.webhook_id = :webhook_id AND d.position = e.position"
        ),
        {
            "tenant_id": tenant_id,
            "webhook_id": webhook_id,
            "positions": list(statuses),
            "statuses": [str(status) for status in statuses.values()],
            "now": now,
        },
    )


# --- recording ---------------------------------------------------------------------------------------------------


async def lock_claimed(
    session: Session, tenant_id: TenantId, webhook_id: UUID, lease: UUID, positions: Sequence[int]
) -> set[int]:
    """Those of these deliveries that still belong to the lease, locked."""
    rows = await session.execute(
        text(
            "SELECT position FROM webhook_delivery WHERE tenant_id = :tenant_id AND webhook_id = :webhook_id"
            " AND lease = :lease AND position = ANY(:positions) AND status = 'pending'"
            " ORDER BY position FOR NO KEY UPDATE"
        ),
        {"tenant_id": tenant_id, "webhook_id": webhook_id, "lease": lease, "positions": list(positions)},
    )
    return set(rows.scalars())


@dataclass(frozen=True, slots=True)
class Recording:
    """What became of a try: the delivery's state from now on, and the try as it is shown (`tried`, JSON)."""

    position: int
    status: DeliveryStatus
    next_at: datetime
    tried: Mapping[str, Any]


async def record(
    session: Session, tenant_id: TenantId, webhook_id: UUID, recordings: Sequence[Recording], now: datetime
) -> None:
    """Write down tries of locked deliveries and end their lease."""
    await session.execute(
        text("""
UPDATE webhook_delivery d SET status = e.status, next_at = e.next_at, attempts = d.attempts + 1,
  tries = d.tries || e.tried, lease = NULL, finished_at = CASE e.status WHEN 'pending' THEN NULL ELSE :now END
FROM unnest(CAST(:positions AS bigint[]), CAST(:statuses AS text[]), CAST(:next AS timestamptz[]),
  CAST(:tried AS jsonb[])) AS e (position, status, next_at, tried)
WHERE d.tenant_id = :tenant_id AND d.webhook_id = :webhook_id AND d.position = e.position
"""),
        {
            "tenant_id": tenant_id,
            "webhook_id": webhook_id,
            "positions": [r.position for r in recordings],
            "statuses": [str(r.status) for r in recordings],
            "next": [r.next_at for r in recordings],
            "tried": [msgspec.json.encode([r.tried]).decode() for r in recordings],
            "now": now,
        },
    )


async def hurry(session: Session, tenant_id: TenantId, webhook_id: UUID, now: datetime) -> None:
    """The endpoint is back: what waits for its next try is due now."""
    await session.execute(
        text(
            "UPDATE webhook_delivery SET next_at = :now WHERE tenant_id = :tenant_id AND webhook_id = :webhook_id"
            " AND status = 'pending' AND lease IS NULL AND next_at > :now"
        ),
        {"tenant_id": tenant_id, "webhook_id": webhook_id, "now": now},
    )


async def restart(session: Session, tenant_id: TenantId, webhook_id: UUID, now: datetime) -> None:
    """An endpoint was enabled: everything that waits is due now and has all its tries again."""
    await session.execute(
        text(
            "UPDATE webhook_delivery SET next_at = :now, attempts = 0, tries = '[]', lease = NULL"
            " WHERE tenant_id = :tenant_id AND webhook_id = :webhook_id AND status = 'pending'"
        ),
        {"tenant_id": tenant_id, "webhook_id": webhook_id, "now": now},
    )


# --- forgetting --------------------------------------------------------------------------------------------------


async def oldest_needed(session: Session) -> dict[TenantId, int]:
    """By tenant the ledger position up to which every active endpoint has had what it wants (cross-tenant: upkeep)."""
    rows = await session.execute(
        text("""
SELECT w.tenant_id, min(least(w.position, coalesce((SELECT min(d.position) - 1 FROM webhook_delivery d
  WHERE d.tenant_id = w.tenant_id AND d.webhook_id = w.id AND d.status = 'pending'), w.position)))
FROM webhook w WHERE w.status = 'active' GROUP BY w.tenant_id
""")
    )
    return {TenantId(row[0]): int(row[1]) for row in rows}


async def delete_finished(session: Session, before: datetime) -> int:
    """Forget deliveries that ended before a moment, and those whose event the ledger has forgotten: what an answer
    said is never kept for longer than its event, by which an erasure finds it (cross-tenant: upkeep)."""
    result = await session.execute(
        text("""
WITH gone AS (DELETE FROM webhook_delivery WHERE finished_at < :before)
DELETE FROM webhook_delivery d USING (SELECT DISTINCT w.tenant_id,
  (SELECT min(l.position) FROM ledger l WHERE l.tenant_id = w.tenant_id) AS oldest FROM webhook w) AS o
WHERE d.tenant_id = o.tenant_id AND d.position < o.oldest AND d.finished_at >= :before AND d.payload IS NULL
"""),
        {"before": before},
    )
    return int(getattr(result, "rowcount", 0))

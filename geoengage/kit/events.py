"""The ledger: what happened in a tenant, in commit order, read by cursors. And the bell that says "look now".

`publish` appends events to the tenant's ledger inside the caller's transaction; positions are gapless and in commit
order, because the head row is updated last and stays locked until the commit. A reaction owns one cursor row and
commits its writes and the cursor together, so an event is never lost and never reacted to twice. NOTIFY carries
nothing: it only shortens the wait of those who poll anyway.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, Session, TenantRow, mapped_column
from geoengage.kit.event_base import Event, Recorded, payload_uuid, type_of
from geoengage.kit.ids import TenantId

CHANNEL = "geoengage"


class LedgerHead(TenantRow, Base):
    """The position of the last event of a tenant."""

    __tablename__ = "ledger_head"
    n: Mapped[int] = mapped_column(BigInteger, default=0)


class LedgerRow(TenantRow, Base):
    """One published event."""

    __tablename__ = "ledger"
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    __table_args__ = (
        Index("ix_ledger_recorded_at", "recorded_at"),
        Index("ix_ledger_device", "tenant_id", text("(payload ->> 'device_id')")),
    )


class ReactionCursor(TenantRow, Base):
    """How far a reaction has come in a tenant's ledger."""

    __tablename__ = "reaction_cursor"
    reaction: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)


class ReactionFailure(TenantRow, Base):
    """An event that a reaction could not digest; it was stepped over and waits for a person."""

    __tablename__ = "reaction_failure"
    reaction: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    failed_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(Text)


_APPEND = text("""
WITH head AS (
  INSERT INTO ledger_head AS h (tenant_id, n) VALUES (:tenant_id, :k)
  ON CONFLICT (tenant_id) DO UPDATE SET n = h.n + :k
  RETURNING n
)
INSERT INTO ledger (tenant_id, position, type, recorded_at, payload)
SELECT :tenant_id, head.n - :k + e.i, e.type, :now, e.payload
FROM head, unnest(CAST(:types AS text[]), CAST(:payloads AS jsonb[])) WITH ORDINALITY AS e (type, payload, i)
RETURNING position
""")


async def publish(session: Session, tenant_id: TenantId, events: Sequence[Event], now: datetime) -> int:
    """Append events in order; returns the first one's position. Call it last: it locks the tenant's ledger head."""
    if not events:
        return 0
    result = await session.execute(
        _APPEND,
        {
            "tenant_id": tenant_id,
            "k": len(events),
            "now": now,
            "types": [type_of(type(e)) for e in events],
            "payloads": [msgspec.json.encode(e).decode() for e in events],
        },
    )
    return int(min(result.scalars().all()))


async def read(session: Session, tenant_id: TenantId, after: int, limit: int) -> list[Recorded]:
    """The events above a position, in order."""
    rows = await session.execute(
        text(
            "SELECT position, type, recorded_at, payload FROM ledger"
            " WHERE tenant_id = :tenant_id AND position > :after ORDER BY position LIMIT :limit"
        ),
        {"tenant_id": tenant_id, "after": after, "limit": limit},
    )
    return [Recorded(*row) for row in rows]


async def at(session: Session, tenant_id: TenantId, positions: Sequence[int]) -> dict[int, Recorded]:
    """The events at these positions, by position; those that retention has taken are not among them."""
    if not positions:
        return {}
    rows = await session.execute(
        text(
            "SELECT position, type, recorded_at, payload FROM ledger"
            " WHERE tenant_id = :tenant_id AND position = ANY(:positions)"
        ),
        {"tenant_id": tenant_id, "positions": list(positions)},
    )
    return {row[0]: Recorded(*row) for row in rows}


async def oldest(session: Session, tenant_id: TenantId) -> int | None:
    """The position of the oldest event that is still kept; None when there is none."""
    row = await session.execute(
        text("SELECT min(position) FROM ledger WHERE tenant_id = :tenant_id"), {"tenant_id": tenant_id}
    )
    found = row.scalar()
    return None if found is None else int(found)


async def head(session: Session, tenant_id: TenantId) -> int:
    """The position of the newest event, 0 before the first."""
    row = await session.execute(
        text("SELECT n FROM ledger_head WHERE tenant_id = :tenant_id"), {"tenant_id": tenant_id}
    )
    return int(row.scalar() or 0)


async def tenants_behind(session: Session, reaction: str) -> list[TenantId]:
    """Tenants whose ledger is ahead of this reaction's cursor (cross-tenant: the runner serves all)."""
    rows = await session.execute(
        text(
            "SELECT h.tenant_id FROM ledger_head h LEFT JOIN reaction_cursor c"
            " ON c.tenant_id = h.tenant_id AND c.reaction = :reaction WHERE h.n > coalesce(c.position, 0)"
        ),
        {"reaction": reaction},
    )
    return [TenantId(t) for t in rows.scalars()]


async def claim_cursor(session: Session, tenant_id: TenantId, reaction: str) -> int | None:
    """Lock a reaction's cursor for this transaction and return its position; None when another worker has it."""
    parameters = {"tenant_id": tenant_id, "reaction": reaction}
    await session.execute(
        text(
            "INSERT INTO reaction_cursor (tenant_id, reaction, position) VALUES (:tenant_id, :reaction, 0)"
            " ON CONFLICT DO NOTHING"
        ),
        parameters,
    )
    row = await session.execute(
        text(
            "SELECT position FROM reaction_cursor WHERE tenant_id = :tenant_id AND reaction = :reaction"
            " FOR NO KEY UPDATE SKIP LOCKED"
        ),
        parameters,
    )
    position = row.scalar()
    return None if position is None else int(position)


async def move_cursor(session: Session, tenant_id: TenantId, reaction: str, position: int) -> None:
    """Set a claimed cursor."""
    await session.execute(
        text("UPDATE reaction_cursor SET position = :position WHERE tenant_id = :tenant_id AND reaction = :reaction"),
        {"tenant_id": tenant_id, "reaction": reaction, "position": position},
    )


async def record_failure(
    session: Session, tenant_id: TenantId, reaction: str, position: int, error: str, now: datetime
) -> None:
    """Note an event that was stepped over. Idempotent."""
    await session.execute(
        text(
            "INSERT INTO reaction_failure (tenant_id, reaction, position, failed_at, error)"
            " VALUES (:tenant_id, :reaction, :position, :now, :error) ON CONFLICT DO NOTHING"
        ),
        {
            "tenant_id": tenant_id,
            "reaction": reaction,
            "position": position,
            "now": now,
            "error": error[:2000],
        },
    )


async def delete_before(
    session: Session, before: datetime, *, needed: Mapping[TenantId, int] | None = None, at_last: datetime | None = None
) -> int:
    """Drop old ledger rows that every cursor has passed (cross-tenant: retention).

    `needed`: by tenant the position above which somebody else still waits for events; those are kept until `at_last`.
    """
    needed = needed or {}
    result = await session.execute(
        text("""
DELETE FROM ledger l WHERE l.recorded_at < :before AND l.position <= (
  SELECT coalesce(min(c.position), 0) FROM reaction_cursor c WHERE c.tenant_id = l.tenant_id)
AND (l.recorded_at < :at_last OR l.position <= coalesce((
  SELECT n.position FROM unnest(CAST(:tenants AS uuid[]), CAST(:positions AS bigint[])) AS n (tenant_id, position)
  WHERE n.tenant_id = l.tenant_id), l.position))
"""),
        {
            "before": before,
            "at_last": at_last or before,
            "tenants": list(needed),
            "positions": list(needed.values()),
        },
    )
    return int(getattr(result, "rowcount", 0))


class Bell:
    """Rings and hears NOTIFY on connections of its own. Losing one only costs the poll interval.

    `ring()` is called after a commit and rings at most once in 5 ms; `wait(timeout)` returns at a ring or the time-out.
    """

    def __init__(self, url: str) -> None:
        self._dsn = url.replace("postgresql+psycopg://", "postgresql://")
        self._rang = asyncio.Event()
        self._ringing = asyncio.Event()
        self._last = 0.0

    def ring(self) -> None:
        """Wake every process soon. Never blocks, never fails."""
        self._rang.set()  # this process need not wait for its own notification
        self._ringing.set()

    async def wait(self, timeout_s: float) -> None:
        """Sleep until somebody rings, at most `timeout_s` seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._rang.wait(), timeout_s)
        self._rang.clear()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Bell"]:
        """Run the two connections while the block lasts."""
        tasks = [
            asyncio.create_task(self._forever(self._sender)),
            asyncio.create_task(self._forever(self._listener)),
        ]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _forever(self, work: Any) -> None:
        while True:
            with contextlib.suppress(psycopg.Error, OSError):
                await work()
            await asyncio.sleep(1.0)  # the database is away; pollers go on meanwhile

    async def _sender(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
            while True:
                await self._ringing.wait()
                await asyncio.sleep(max(0.0, self._last + 0.005 - time.monotonic()))
                self._ringing.clear()
                self._last = time.monotonic()
                await connection.execute(f"NOTIFY {CHANNEL}")

    async def _listener(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            async for _ in connection.notifies():
                self._rang.set()


__all__ = [
    "Bell", "Event", "LedgerHead", "LedgerRow", "ReactionCursor", "ReactionFailure", "Recorded",
    "at", "claim_cursor", "delete_before", "head", "move_cursor", "oldest", "payload_uuid", "publish", "read",
    "record_failure", "tenants_behind", "type_of",
]  # fmt: skip

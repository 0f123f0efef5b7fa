"""The ledger: what happened in a tenant, in commit order, read by cursors. And the bell that says "look now".

`publish` appends events to the tenant's ledger inside the caller's transaction; positions are gapless and in commit
order, because the head row is updated last and stays locked until the commit. A reaction owns one cursor row and
commits its writes and the cursor together, so an event is never lost and never reacted to twice. NOTIFY carries
no more than whether all that is new lies in ledgers: it only shortens the wait of those who poll anyway.
"""

import asyncio
import contextlib
import time
import weakref
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit import pgarrays
from geoengage.kit.db import Base, Mapped, Session, TenantRow, mapped_column, pipelined, send
from geoengage.kit.event_base import Event, Recorded, payload_uuid, type_of
from geoengage.kit.ids import TenantId

CHANNEL = "geoengage"
_ALL, _LEDGER = "all", "ledger"  # what has changed


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
        Index("ix_ledger_profile_id", "tenant_id", text("(payload ->> 'profile_id')")),
        Index("ix_ledger_identifier_id", "tenant_id", text("(payload ->> 'identifier_id')")),
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


_APPEND = """
WITH head AS (
  INSERT INTO ledger_head AS h (tenant_id, n) VALUES (:tenant_id, :k)
  ON CONFLICT (tenant_id) DO UPDATE SET n = h.n + :k
  RETURNING n
)
INSERT INTO ledger (tenant_id, position, type, recorded_at, payload)
SELECT :tenant_id, head.n - :k + e.i, e.type, :now, e.payload
FROM head, unnest(CAST(:types AS text[]), CAST(:payloads AS jsonb[])) WITH ORDINALITY AS e (type, payload, i)
"""


async def publish(session: Session, tenant_id: TenantId, events: Sequence[Event], now: datetime) -> None:
    """Append events in order. Call it last: it locks the tenant's ledger head."""
    if not events:
        return
    await send(
        session,
        _APPEND,
        {
            "tenant_id": tenant_id,
            "k": len(events),
            "now": now,
            "types": pgarrays.texts(type_of(type(e)) for e in events),
            "payloads": pgarrays.jsons(msgspec.json.encode(e) for e in events),
        },
    )


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


@dataclass(frozen=True, slots=True)
class Behind:
    """A reaction that has not read a tenant's ledger to its end.

    `position`: its cursor; `is_new`: it has none yet. `upto`: how far was looked. `wanted`: whether an event of a type
    that it wants lies in between.
    """

    tenant_id: TenantId
    reaction: str
    position: int
    is_new: bool
    upto: int
    wanted: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What a claimed cursor has before it: `count` events up to position `last`, and the `wanted` ones among them.

    `count` 0: there is none, or another worker holds the cursor.
    """

    last: int = 0
    count: int = 0
    wanted: Sequence[Recorded] = ()


# A reaction that wants nothing of what it has not read is found out without reading a payload.
_LOOK = """
SELECT h.tenant_id, r.name, coalesce(c.position, 0), c.position IS NULL,
  least(h.n, coalesce(c.position, 0) + :furthest) AS upto,
  EXISTS (SELECT FROM ledger l WHERE l.tenant_id = h.tenant_id AND l.position > coalesce(c.position, 0)
    AND l.position <= coalesce(c.position, 0) + :furthest AND l.type = ANY(r.types)) AS wanted
FROM jsonb_to_recordset(CAST(:reactions AS jsonb)) AS r (i int, name text, types text[])
CROSS JOIN ledger_head h
LEFT JOIN reaction_cursor c ON c.tenant_id = h.tenant_id AND c.reaction = r.name
WHERE h.n > coalesce(c.position, 0) ORDER BY r.i
"""


async def look(session: Session, reactions: Mapping[str, Collection[str]], *, furthest: int = 2_000) -> list[Behind]:
    """Which of these reactions (name → types wanted) are behind, in which tenants: one statement for all cursors.

    Cross-tenant: the runner serves all. In the order of `reactions`; looks at most `furthest` events ahead of a cursor.
    """
    named = [{"i": i, "name": name, "types": sorted(types)} for i, (name, types) in enumerate(reactions.items())]
    parameters = {"reactions": msgspec.json.encode(named).decode(), "furthest": furthest}
    found = await send(session, _LOOK, parameters)
    return [Behind(*row) for row in found.rows]


_CLAIM = """
WITH cursor AS (
  SELECT position FROM reaction_cursor WHERE tenant_id = :tenant_id AND reaction = :reaction
  FOR NO KEY UPDATE SKIP LOCKED)
SELECT l.position, l.type, l.recorded_at, CASE WHEN l.type = ANY(CAST(:types AS text[])) THEN l.payload END
FROM cursor CROSS JOIN LATERAL (
  SELECT position, type, recorded_at, payload FROM ledger
  WHERE tenant_id = :tenant_id AND position > cursor.position ORDER BY position LIMIT :limit) AS l
ORDER BY l.position
"""


async def claim(session: Session, tenant_id: TenantId, reaction: str, types: Collection[str], limit: int) -> Reading:
    """Lock a reaction's cursor (it must have been made) for this transaction, and read on from it.

    Only events that have one of `types` are read whole.
    """
    found = await send(
        session,
        _CLAIM,
        {"tenant_id": tenant_id, "reaction": reaction, "types": pgarrays.texts(sorted(types)), "limit": limit},
    )
    rows = found.rows
    if not rows:
        return Reading()
    return Reading(rows[-1][0], len(rows), [Recorded(*row) for row in rows if row[3] is not None])


async def make_cursor(session: Session, tenant_id: TenantId, reaction: str) -> None:
    """Begin at the start of a tenant's ledger. Idempotent."""
    await session.execute(
        text(
            "INSERT INTO reaction_cursor (tenant_id, reaction, position) VALUES (:tenant_id, :reaction, 0)"
            " ON CONFLICT DO NOTHING"
        ),
        {"tenant_id": tenant_id, "reaction": reaction},
    )


async def pass_by(session: Session, tenant_id: TenantId, behind: Sequence[Behind]) -> int:
    """Move cursors over events that their reactions do not want, as far as was looked; returns over how many.

    A cursor that has moved since, or that somebody holds, stays where it is.
    """
    moved = await session.execute(
        text("""
WITH seen AS (
  SELECT * FROM unnest(CAST(:names AS text[]), CAST(:positions AS bigint[]), CAST(:upto AS bigint[]))
    AS s (reaction, position, upto)),
free AS (
  SELECT c.reaction, s.position, s.upto FROM reaction_cursor c JOIN seen s USING (reaction, position)
  WHERE c.tenant_id = :tenant_id FOR NO KEY UPDATE OF c SKIP LOCKED)
UPDATE reaction_cursor c SET position = free.upto FROM free
WHERE c.tenant_id = :tenant_id AND c.reaction = free.reaction RETURNING free.upto - free.position
"""),
        {
            "tenant_id": tenant_id,
            "names": [b.reaction for b in behind],
            "positions": [b.position for b in behind],
            "upto": [b.upto for b in behind],
        },
    )
    return sum(moved.scalars())


async def move_cursor(session: Session, tenant_id: TenantId, reaction: str, position: int) -> None:
    """Set a claimed cursor; nothing may follow in the transaction."""
    async with pipelined(session, last=True):
        await send(
            session,
            "UPDATE reaction_cursor SET position = :position WHERE tenant_id = :tenant_id AND reaction = :reaction",
            {"tenant_id": tenant_id, "reaction": reaction, "position": position},
        )


async def hold_cursor(session: Session, tenant_id: TenantId, reaction: str, *, waits: bool) -> int | None:
    """Lock a reaction's cursor for this transaction without reading on: nobody reacts meanwhile. Its position.

    The cursor is made if there is none. None: somebody else holds it, and `waits` is not wanted.
    """
    await make_cursor(session, tenant_id, reaction)
    row = await session.execute(
        text(
            "SELECT position FROM reaction_cursor WHERE tenant_id = :tenant_id AND reaction = :reaction"  # noqa: S608
            f" FOR NO KEY UPDATE{'' if waits else ' SKIP LOCKED'}"
        ),
        {"tenant_id": tenant_id, "reaction": reaction},
    )
    found = row.scalar_one_or_none()
    return None if found is None else int(found)


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


class Ear:
    """One listener of the bell. What rang while it was busy, it hears at its next `wait`.

    `reads_ledger`: it also wants to hear when there is something new in a ledger and nothing else.
    """

    def __init__(self, *, reads_ledger: bool = True) -> None:
        self.reads_ledger = reads_ledger
        self._rang = asyncio.Event()

    def hear(self) -> None:
        """End the wait, or the next one."""
        self._rang.set()

    def forget(self) -> None:
        """Whoever looks now need not look again for what rang before."""
        self._rang.clear()

    async def wait(self, timeout_s: float) -> None:
        """Sleep until somebody rings, at most `timeout_s` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._rang.wait()
        self.forget()


class Bell:
    """Rings and hears NOTIFY on connections of its own. Losing one only costs the poll interval.

    `ring()` is called after a commit and rings at most once in 5 ms. Each loop listens with an ear of its own: with one
    for all, whoever is quickest would take the ring from those that are busy.
    """

    def __init__(self, url: str) -> None:
        self._dsn = url.replace("postgresql+psycopg://", "postgresql://")
        self._ears: weakref.WeakSet[Ear] = weakref.WeakSet()
        self._ringing = asyncio.Event()
        self._only_ledger = True  # of what is yet to be said to the others
        self._last = 0.0
        self._own_pid = 0

    def ear(self, *, reads_ledger: bool = True) -> Ear:
        """A listener, for as long as it is kept."""
        ear = Ear(reads_ledger=reads_ledger)
        self._ears.add(ear)
        return ear

    def ring(self, *, only_ledger: bool = False) -> None:
        """Wake every process soon. Never blocks, never fails.

        `only_ledger`: all that was written are events, so that nobody need look for messages, builds or imports.
        """
        self._wake(only_ledger=only_ledger)  # this process need not wait for its own notification
        self.ring_others(only_ledger=only_ledger)

    def ring_others(self, *, only_ledger: bool = False) -> None:
        """Wake the other processes soon: here nobody has to look."""
        self._only_ledger &= only_ledger
        self._ringing.set()

    def _wake(self, *, only_ledger: bool) -> None:
        for ear in self._ears:
            if ear.reads_ledger or not only_ledger:
                ear.hear()

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
            self._own_pid = connection.info.backend_pid
            while True:
                await self._ringing.wait()
                await asyncio.sleep(max(0.0, self._last + 0.005 - time.monotonic()))
                self._ringing.clear()
                what, self._only_ledger = _LEDGER if self._only_ledger else _ALL, True
                self._last = time.monotonic()
                await connection.execute(f"NOTIFY {CHANNEL}, '{what}'")

    async def _listener(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            async for notification in connection.notifies():
                if notification.pid != self._own_pid:  # one's own was heard when it rang
                    self._wake(only_ledger=notification.payload == _LEDGER)


__all__ = [
    "Behind", "Bell", "Ear", "Event", "LedgerHead", "LedgerRow", "ReactionCursor", "ReactionFailure", "Reading",
    "Recorded", "at", "claim", "delete_before", "head", "look", "make_cursor", "move_cursor", "oldest", "pass_by",
    "payload_uuid", "publish", "read", "record_failure", "type_of",
]  # fmt: skip

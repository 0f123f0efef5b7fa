"""The queue in front of the database: groups, their halving, and two processes that write for one device."""

import asyncio
from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit import errors
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, make_sessions, transaction
from geoengage.kit.events import Bell
from geoengage.presence.service import Batch
from geoengage.presence.writer import PingWriter
from tests.factories import make_world
from tests.places import Phone, ago, make_phone, make_zone, ping_in, square


@pytest.fixture
def sessions(committed: AsyncEngine) -> Sessions:
    """Sessions whose commits are real."""
    return make_sessions(committed)


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[Session]:
    """One of them, open."""
    async with sessions() as opened:
        yield opened
        await opened.commit()


def writer(sessions: Sessions, **over: Any) -> PingWriter:
    """What one process has. Its bell is never opened: nobody listens."""
    return PingWriter(lambda: sessions, Bell("postgresql+psycopg://unused"), utc_now, **over)


def batch(phone: Phone, *path: tuple[float, float]) -> Batch:
    return Batch(phone.id, 1, None, datetime.now(UTC), [(n, ping_in(ago(s), x)) for n, (s, x) in enumerate(path)])


async def rows(sessions: Sessions, sql: str) -> list[tuple[Any, ...]]:
    async with sessions() as session:
        return [tuple(row) for row in await session.execute(text(sql))]


async def test_requests_that_come_together_share_a_transaction(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    batches = [batch(await make_phone(session, world), (20, 0), (10, 0)) for _ in range(40)]
    queue = writer(sessions)
    await asyncio.gather(*(queue.submit(world.tenant_id, b) for b in batches))
    assert [b.accepted for b in batches] == [2] * 40
    assert await rows(
        sessions, "SELECT (SELECT count(*) FROM ping), count(DISTINCT xmin::text) <= 2 FROM ping_run"
    ) == [(80, True)]
    last = batch(await make_phone(session, world), (5, 0))
    await queue.submit(world.tenant_id, last)
    assert last.accepted == 1, "the queue starts anew when it was empty"


async def test_a_poisoned_request_alone_gets_the_error(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square())
    batches = [batch(await make_phone(session, world), (20, 0)) for _ in range(9)]
    number, ping = batches[4].pings[0]
    # the API refuses such a text; another way in might not
    batches[4].pings = [(number, msgspec.structs.replace(ping, source="\0"))]
    queue = writer(sessions)
    results = await asyncio.gather(*(queue.submit(world.tenant_id, b) for b in batches), return_exceptions=True)
    assert [type(r).__name__ for r in results] == ["NoneType"] * 4 + ["DataError"] + ["NoneType"] * 4
    assert [b.accepted for b in batches if b is not batches[4]] == [1] * 8
    assert await rows(sessions, "SELECT count(*) FROM ping") == [(8,)]
    assert await rows(sessions, "SELECT count(*) FROM visit") == [(8,)]


async def test_a_device_that_is_locked_elsewhere_holds_up_nobody(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    phones = [await make_phone(session, world) for _ in range(4)]
    batches = [batch(phone, (20, 0)) for phone in phones]
    queue = writer(sessions)
    async with transaction(sessions, world.tenant_id) as holder:
        await holder.execute(text("SELECT FROM device WHERE id = :id FOR UPDATE"), {"id": phones[0].id})
        results = await asyncio.gather(*(queue.submit(world.tenant_id, b) for b in batches), return_exceptions=True)
    assert isinstance(results[0], errors.Unavailable), results[0]
    assert results[1:] == [None] * 3
    await queue.submit(world.tenant_id, batches[0])
    assert await rows(sessions, "SELECT count(*) FROM ping") == [(4,)]


async def test_too_much_waiting_is_said(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    phones = [await make_phone(session, world) for _ in range(4)]
    queue = writer(sessions, max_waiting=2)
    results = await asyncio.gather(
        *(queue.submit(world.tenant_id, batch(p, (20, 0), (10, 0))) for p in phones), return_exceptions=True
    )
    assert [isinstance(r, errors.Unavailable) for r in results] == [False, False, True, True]
    await queue.submit(world.tenant_id, batch(phones[3], (20, 0)))


async def test_a_phone_that_hangs_up_does_not_lose_its_pings(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    phone = await make_phone(session, world)
    queue = writer(sessions)
    task = asyncio.create_task(queue.submit(world.tenant_id, batch(phone, (20, 0))))
    await asyncio.sleep(0)
    task.cancel()
    await queue.submit(world.tenant_id, batch(phone, (10, 0)))
    assert await rows(sessions, "SELECT count(*) FROM ping") == [(2,)]


async def test_a_repeated_request_at_two_processes_counts_once(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(), rules={"dwell_s": [20]})
    twice, once = await make_phone(session, world), await make_phone(session, world)
    first, second = writer(sessions), writer(sessions)
    path = [(100, 50), (90, 0), (80, 5), (70, 0), (60, 5), (50, 50), (45, 50), (30, 50)]
    for step in path:
        original = batch(twice, step)
        repeated = replace(deepcopy(original))
        await asyncio.gather(first.submit(world.tenant_id, original), second.submit(world.tenant_id, repeated))
        assert (original.accepted + repeated.accepted, original.duplicates + repeated.duplicates) == (1, 1)
        alone = batch(once, step)
        alone.pings = [(n, msgspec.structs.replace(p, at=original.pings[n][1].at)) for n, p in alone.pings]
        await first.submit(world.tenant_id, alone)
    visits = await rows(
        sessions,
        "SELECT device_id, entered_at, exited_at, exit_reason, last_dwell_s FROM visit ORDER BY device_id, entered_at",
    )
    assert len(visits) == 2
    assert visits[0][1:] == visits[1][1:]
    assert await rows(sessions, "SELECT count(*) FROM zone_event GROUP BY device_id") == [(3,), (3,)]


async def test_two_processes_write_different_pings_of_one_device(sessions: Sessions, session: Session) -> None:
    """Whichever commits first, each ping is stored once and the visit opens once."""
    world = await make_world(session)
    await make_zone(session, world, square())
    phone = await make_phone(session, world)
    queues = [writer(sessions) for _ in range(3)]
    batches = [batch(phone, (60 - n, n % 3)) for n in range(30)]
    await asyncio.gather(*(queues[n % 3].submit(world.tenant_id, b) for n, b in enumerate(batches)))
    assert sum(b.accepted for b in batches) == 30
    assert await rows(sessions, "SELECT count(*) FROM ping") == [(30,)]
    # Those that another process has overtaken may put right when it began.
    told = await rows(sessions, "SELECT kind, count(*) FROM zone_event WHERE kind <> 'revised' GROUP BY 1")
    assert told == [("entered", 1)]
    assert await rows(sessions, "SELECT count(*) FROM zone_occupant") == [(1,)]

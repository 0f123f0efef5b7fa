"""The runner of reactions and the upkeep, on a database where commits are real."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from sqlalchemy import event as listen
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit import partitions
from geoengage.kit.db import Session, Sessions, make_sessions, transaction
from geoengage.kit.event_base import Event, Recorded
from geoengage.kit.events import make_cursor, publish
from geoengage.kit.ids import TenantId
from geoengage.presence.rules.records import runs_of
from geoengage.presence.rules.state import Fix
from geoengage.presence.store import insert_runs
from geoengage.wiring import Reaction
from geoengage.worker import react, react_among, react_once, step_over, upkeep_once
from tests.factories import make_world
from tests.places import make_phone

NOW = datetime.now(UTC)


class Counted(Event, frozen=True, kw_only=True, tag="test.counted"):
    """Something to react to."""

    n: int


class Ignored(Event, frozen=True, kw_only=True, tag="test.ignored"):
    """Something that nobody wants."""


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


class Notebook:
    """A reaction that writes down each number, in the transaction of its cursor, and chokes on some."""

    def __init__(self, *poison: int, error: Exception | None = None) -> None:
        self.poison, self.error, self.calls = poison, error or ValueError("cannot digest this"), 0

    def reaction(self, name: str = "test.notebook") -> Reaction:
        return Reaction(name, frozenset({"test.counted"}), self.handle)

    async def handle(self, session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
        self.calls += 1
        for event in recorded:
            n = event.as_(Counted).n
            await session.execute(text("INSERT INTO noted VALUES (:t, :n)"), {"t": tenant_id, "n": n})
            if n in self.poison:
                raise self.error


async def prepare(session: Session, *numbers: int) -> TenantId:
    """A tenant with these numbers in its ledger, each followed by an event that nobody wants."""
    world = await make_world(session)
    await session.execute(text("CREATE TABLE IF NOT EXISTS noted (tenant_id uuid, n int)"))
    events = [e for n in numbers for e in (Counted(n=n), Ignored())]
    await publish(session, world.tenant_id, events, NOW)
    await session.commit()
    return world.tenant_id


async def rows(sessions: Sessions, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    async with sessions() as session:
        return [tuple(row) for row in await session.execute(text(sql), values)]


async def noted(sessions: Sessions, tenant_id: TenantId) -> list[int]:
    return [n for (n,) in await rows(sessions, "SELECT n FROM noted WHERE tenant_id = :t", t=tenant_id)]


async def run_to_the_end(sessions: Sessions, *table: Reaction) -> None:
    for _ in range(50):
        if not await react_once(sessions, table):
            return
    raise AssertionError("it never ends")


async def test_events_are_reacted_to_once_and_in_order(sessions: Sessions, session: Session) -> None:
    tenant_id = await prepare(session, *range(20))
    notebook = Notebook()
    assert await react_once(sessions, (notebook.reaction(),)) == 40
    assert await react_once(sessions, (notebook.reaction(),)) == 0
    assert await noted(sessions, tenant_id) == list(range(20))
    assert notebook.calls == 1
    async with transaction(sessions, tenant_id) as own:
        await publish(own, tenant_id, [Ignored(), Counted(n=99)], NOW)
    await react(sessions, tenant_id, notebook.reaction(), limit=1)
    assert (await noted(sessions, tenant_id))[20:] == [], "one row at a time"
    await react(sessions, tenant_id, notebook.reaction(), limit=1)
    assert (await noted(sessions, tenant_id))[20:] == [99]


async def test_a_poisoned_event_is_stepped_over_and_recorded(sessions: Sessions, session: Session) -> None:
    tenant_id = await prepare(session, *range(8))
    healthy, ill = Notebook(), Notebook(3, 7)
    await run_to_the_end(sessions, ill.reaction("ill"))
    assert await noted(sessions, tenant_id) == [0, 1, 2, 4, 5, 6], "what the failed ones wrote is undone"
    failures = await rows(sessions, "SELECT reaction, position, error FROM reaction_failure ORDER BY position")
    assert failures == [("ill", p, "ValueError('cannot digest this')") for p in (7, 15)]
    assert await rows(sessions, "SELECT position FROM reaction_cursor") == [(16,)]
    await run_to_the_end(sessions, healthy.reaction("healthy"))
    assert sorted(await noted(sessions, tenant_id)) == sorted([0, 1, 2, 4, 5, 6, *range(8)])


async def test_a_failure_after_a_gap_in_the_ledger(sessions: Sessions, session: Session) -> None:
    """A reaction that is new starts where the ledger still begins."""
    tenant_id = await prepare(session, *range(5))
    await session.execute(text("DELETE FROM ledger WHERE position < 5"))
    await session.commit()
    await run_to_the_end(sessions, Notebook(2).reaction())
    assert await noted(sessions, tenant_id) == [3, 4]
    assert await rows(sessions, "SELECT position FROM reaction_failure") == [(5,)]


async def test_trouble_of_the_database_is_no_poison(sessions: Sessions, session: Session) -> None:
    first, second = sorted([await prepare(session, 1), await prepare(session, 2)])
    broken = OperationalError("", {}, psycopg.errors.LockNotAvailable("canceling statement due to lock timeout"))
    ill = Notebook(1, error=broken)
    await react_once(sessions, (ill.reaction(),))
    done = {t for t in (first, second) if await noted(sessions, t)}
    assert len(done) == 1, "the other tenant's goes on"
    assert await rows(sessions, "SELECT FROM reaction_failure") == []
    ill.poison = ()
    await run_to_the_end(sessions, ill.reaction())
    assert await noted(sessions, first) + await noted(sessions, second) in ([1, 2], [2, 1])


async def test_many_runners_at_once_react_once(sessions: Sessions, session: Session) -> None:
    tenants = [await prepare(session, *range(10)) for _ in range(2)]
    notebook = Notebook(4)

    async def runner() -> None:
        for _ in range(10):
            await react_once(sessions, (notebook.reaction("one"), notebook.reaction("two")))

    await asyncio.gather(*(runner() for _ in range(3)))
    await runner()
    for tenant_id in tenants:
        assert sorted(await noted(sessions, tenant_id)) == sorted([0, 1, 2, 3, 5, 6, 7, 8, 9] * 2)
    assert await rows(sessions, "SELECT count(*) FROM reaction_failure") == [(4,)]


async def test_two_that_fail_at_one_event_step_over_it_once(sessions: Sessions, session: Session) -> None:
    """Each has tried it and let go of the cursor before either steps over it."""
    tenant_id = await prepare(session, 4, 5)
    notebook = Notebook(4)
    async with transaction(sessions, tenant_id) as own:
        await make_cursor(own, tenant_id, "ill")
    failed = partial(step_over, sessions, tenant_id, notebook.reaction("ill"), 1, RuntimeError("four"))
    assert [await failed(), await failed()] == [1, 0]
    await run_to_the_end(sessions, notebook.reaction("ill"))
    assert await noted(sessions, tenant_id) == [5], "an event that nobody has tried is passed over by nobody"


async def test_an_urgent_reaction_waits_for_no_other(sessions: Sessions, session: Session) -> None:
    tenant_id = await prepare(session, 1)
    begun, held = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> None:
        begun.set()
        await held.wait()

    patient = Reaction("slow", frozenset({"test.counted"}), slow)
    urgent = Notebook().reaction("urgent")
    waiting = asyncio.create_task(react_among(sessions, [patient], [patient, urgent], lambda: None))
    await begun.wait()
    assert await react_among(sessions, [urgent], (), lambda: None) == 2
    assert await noted(sessions, tenant_id) == [1]
    held.set()
    assert await waiting == 2


async def test_one_look_serves_all_cursors(sessions: Sessions, session: Session, committed: AsyncEngine) -> None:
    tenant_id = await prepare(session, 1)
    table = [Notebook().reaction(str(n)) for n in range(6)]
    await run_to_the_end(sessions, *table)
    async with transaction(sessions, tenant_id) as own:
        await publish(own, tenant_id, [Ignored()], NOW)
    statements: list[str] = []
    listen.listen(committed.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert await react_once(sessions, table) == 6, "nobody wanted it"
    assert len(statements) == 1, "six cursors moved at once; the look is no statement of SQLAlchemy's"
    assert await react_once(sessions, table) == 0
    assert len(statements) == 1


async def test_upkeep_keeps_what_tenants_promise(sessions: Sessions, session: Session) -> None:
    short = await make_world(session, ping_retention_days=1)
    long = await make_world(session, ping_retention_days=7)
    for world in (short, long):
        phone = await make_phone(session, world)
        for hours in (1, 30, 100):
            at = NOW - timedelta(hours=hours)
            fix = Fix(at=at, sent_at=at, lon=8.5, lat=47.4, accuracy_m=5, level=None, trust=1, source="gnss")
            await insert_runs(session, world.tenant_id, list(runs_of(phone.id, [fix])), at)
    await session.execute(
        text("INSERT INTO idempotency_key VALUES (:t, gen_random_uuid(), 'x', now() - interval '25 hours')"),
        {"t": short.tenant_id},
    )
    await session.execute(text("DROP TABLE ping_run_p" + f"{NOW + timedelta(days=14):%Y%m%d}"))
    await session.commit()
    await upkeep_once(sessions)
    await upkeep_once(sessions)
    kept = await rows(sessions, "SELECT tenant_id, count(*) FROM ping GROUP BY 1")
    assert dict(kept) == {short.tenant_id: 1, long.tenant_id: 3}
    assert await rows(sessions, "SELECT FROM idempotency_key") == []
    async with transaction(sessions, None) as own:
        assert await partitions.days_ahead(own, NOW) >= 14


async def test_upkeep_forgets_old_ledger_rows_that_all_have_read(sessions: Sessions, session: Session) -> None:
    old = NOW - timedelta(days=31)
    tenant_id = await prepare(session, 1, 2)
    await run_to_the_end(sessions, Notebook().reaction())
    async with transaction(sessions, tenant_id) as own:
        await publish(own, tenant_id, [Counted(n=3)], old)
        await own.execute(text("UPDATE ledger SET recorded_at = :old"), {"old": old})
    await upkeep_once(sessions)
    assert await rows(sessions, "SELECT position FROM ledger") == [(5,)], "the unread one waits for its reader"

"""The same pings in any order and any batching, with timers at any moment in between, end in the same visits."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit.db import Session, Sessions, make_sessions, retried
from geoengage.presence.service import Batch, IndexCache, fire_timers, record_group
from geoengage.venues.models import Zone, ZoneVersion
from tests.factories import World, make_world
from tests.places import Phone, make_phone, make_zone, on_earth, ping_in, square

START = (datetime.now(UTC) - timedelta(hours=20)).replace(microsecond=0)
CHANGE, OPENS, CLOSES = 300.0, 200.0, 700.0
END = START + timedelta(hours=18)

Step = tuple[float, float, float]  # seconds since the fix before, x, accuracy
_steps = st.lists(
    st.tuples(
        st.sampled_from([1.0, 5.0, 10.0, 20.0, 45.0, 100.0, 250.0, 400.0, 1_000.0]),
        st.sampled_from([-60.0, -30.0, -19.0, 0.0, 0.0, 16.0, 22.0, 29.0, 45.0, 70.0, 40_000.0]),
        st.sampled_from([3.0, 8.0, 40.0]),
    ),
    min_size=2,
    max_size=14,
)


@pytest.fixture
def sessions(committed: AsyncEngine) -> Sessions:
    return make_sessions(committed)


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


async def make_places(session: Session) -> World:
    """A tenant with a shop that moves at `CHANGE`, one that opens and closes, one that counts passers-by, a hall."""
    world = await make_world(session)
    moving = await make_zone(
        session, world, square(), effective_from=moment(-9e4), rules={"dwell_s": [30, 200]}, name="0"
    )
    zone = await session.get_one(Zone, (world.tenant_id, moving))
    first = await session.get_one(ZoneVersion, (world.tenant_id, moving, 1))
    first.effective_to = moment(CHANGE)
    zone.version = zone.published_version = 2
    names = {a.key for a in ZoneVersion.__mapper__.column_attrs} - {"version", "geom", "effective_from", "effective_to"}
    values = {name: getattr(first, name) for name in names}
    session.add(ZoneVersion(version=2, geom=on_earth(square(30)), effective_from=moment(CHANGE), **values))
    hours = {"valid_from": moment(OPENS).isoformat(), "valid_to": moment(CLOSES).isoformat()}
    old: dict[str, Any] = {"effective_from": moment(-9e4)}
    await make_zone(session, world, square(0), schedule=hours, name="1", **old)
    await make_zone(session, world, square(0, half=3), rules={"crossing": True, "dwell_s": [20]}, name="2", **old)
    await make_zone(
        session, world, square(10, half=60), rules={"timeout_s": 60, "enter_s": 0, "exit_s": 0}, name="3", **old
    )
    await session.commit()
    return world


async def record(
    sessions: Sessions, world: World, phone: Phone, indexes: IndexCache, fixes: list[tuple[float, float, float]]
) -> None:
    batch = Batch(phone.id, 1, None, END, [(n, ping_in(moment(t), x, 0, a)) for n, (t, x, a) in enumerate(fixes)])

    async def work(session: Session) -> None:
        await record_group(session, world.tenant_id, [batch], indexes, END)

    await retried(sessions, world.tenant_id, work, attempts=10)


async def tick(sessions: Sessions, world: World, indexes: IndexCache, now: datetime) -> None:
    async def work(session: Session) -> int:
        return await fire_timers(session, world.tenant_id, indexes, now)

    for _ in range(30):
        if not await retried(sessions, world.tenant_id, work, attempts=10):
            return
    raise AssertionError("timers fire without end")


async def outcome(sessions: Sessions, world: World, phone: Phone) -> list[tuple[Any, ...]]:
    """Visits, verdicts and what is left over, with zones by their number."""
    async with sessions() as session:
        zones = [z for (z,) in await session.execute(
            text("SELECT zone_id FROM zone_version WHERE tenant_id = :t AND version = 1 ORDER BY name"),
            {"t": world.tenant_id})]  # fmt: skip
        visits = await session.execute(
            text("SELECT zone_id, entered_at, exited_at, exit_reason, last_dwell_s FROM visit WHERE device_id = :d"),
            {"d": phone.id},
        )
        found = sorted((zones.index(v[0]), *v[1:]) for v in visits)
        verdicts = await session.execute(
            text("SELECT event_at, verdict FROM ping WHERE device_id = :d ORDER BY 1"), {"d": phone.id}
        )
        for table in ("timer", "zone_occupant"):
            left = await session.execute(text(f"SELECT FROM {table} WHERE device_id = :d"), {"d": phone.id})
            assert not list(left), table
    for before, after in pairwise(found):
        assert before[0] != after[0] or before[2] <= after[1], "no visit overlaps itself"
    return [*found, *map(tuple, verdicts)]


async def check_told(sessions: Sessions, phone: Phone) -> None:
    """What the ledger tells, read in its order with revisions applied, is what the table of visits holds."""
    async with sessions() as session:
        told = await session.execute(
            text(
                "SELECT payload FROM ledger WHERE payload->>'device_id' = :d AND type LIKE 'zone.%' ORDER BY position"
            ),
            {"d": str(phone.id)},
        )
        visits = await session.execute(
            text("SELECT id, entered_at, exited_at, exit_reason, last_dwell_s FROM visit WHERE device_id = :d"),
            {"d": phone.id},
        )
        kept = {str(v.id): list(v[1:]) for v in visits}
    known: dict[str, list[Any]] = {}
    ids, revised = set(), set()
    for (e,) in told:
        assert e["id"] not in ids, f"told twice: {e}"
        ids.add(e["id"])
        kind, visit = e["type"].removeprefix("zone."), e["visit_id"]
        when = datetime.fromisoformat(e["at"])
        if kind == "entered":
            assert visit not in known
            known[visit] = [when, None, None, None]
            continue
        assert visit in known, kind
        if kind == "dwelled":
            assert (known[visit][3] or 0) < e["dwell_s"] or visit in revised
            known[visit][3] = e["dwell_s"]
        elif kind == "retracted" and e["dwell_s"] is None:
            del known[visit]
        elif kind == "retracted":
            known[visit][3] = None
        elif kind == "exited":
            assert known[visit][1] is None or (visit in revised and known[visit][1] == when)
            known[visit][1:3] = [when, e["reason"]]
        else:
            v = e["visit"]
            times = [None if v[k] is None else datetime.fromisoformat(v[k]) for k in ("entered_at", "exited_at")]
            revised.add(visit)
            known[visit] = [*times, v["exit_reason"], v["last_dwell_s"]]
    assert set(known) == set(kept)
    for visit, (_, exited_at, reason, dwell_s) in known.items():
        assert [exited_at, reason] == kept[visit][1:3]
        assert dwell_s in (None, kept[visit][3])


@st.composite
def _plans(draw: st.DrawFn, steps: list[Step]) -> list[tuple[str, Any]]:
    """An order of arrival in batches, with the worker in between."""
    order = draw(st.permutations(range(len(steps))))
    plan: list[tuple[str, Any]] = []
    while order:
        size = draw(st.integers(1, len(order)))
        plan.append(("pings", order[:size]))
        order = order[size:]
        if draw(st.booleans()):
            plan.append(("timers", draw(st.sampled_from([30.0, 150.0, 310.0, 500.0, 900.0, 2_000.0]))))
    return plan


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=False)
@given(data=st.data(), steps=_steps)
def test_order_and_batching_do_not_matter(sessions: Sessions, data: st.DataObject, steps: list[Step]) -> None:
    t, fixes = 0.0, []
    for gap, x, accuracy_m in steps:
        t += gap
        fixes.append((t, x, accuracy_m))
    plan = data.draw(_plans(steps))
    asyncio.run(_compare(sessions, fixes, plan))


async def _compare(sessions: Sessions, fixes: list[tuple[float, float, float]], plan: list[tuple[str, Any]]) -> None:
    async with sessions() as session:
        worlds = [await make_places(session) for _ in range(3)]
        phones = [await make_phone(session, world) for world in worlds]
    for fix in fixes:
        await record(sessions, worlds[0], phones[0], IndexCache(), [fix])
    await _arrive(sessions, worlds[1], phones[1], fixes, plan)
    await _arrive_at_two(sessions, worlds[2], phones[2], fixes, plan)
    for world in worlds:
        await tick(sessions, world, IndexCache(), END)
    in_order, other, at_two = [await outcome(sessions, w, p) for w, p in zip(worlds, phones, strict=True)]
    assert other == in_order
    assert at_two == in_order, "two processes at once"
    for phone in phones:
        await check_told(sessions, phone)


async def _arrive(
    sessions: Sessions, world: World, phone: Phone, fixes: list[tuple[float, float, float]], plan: list[tuple[str, Any]]
) -> None:
    indexes = IndexCache()
    for what, value in plan:
        if what == "pings":
            await record(sessions, world, phone, indexes, [fixes[n] for n in value])
        else:
            await tick(sessions, world, indexes, moment(value))


async def _arrive_at_two(
    sessions: Sessions, world: World, phone: Phone, fixes: list[tuple[float, float, float]], plan: list[tuple[str, Any]]
) -> None:
    """Each second batch at another process, which does not wait for the first one; both fire timers too."""
    processes = [IndexCache(), IndexCache()]

    async def run(number: int) -> None:
        for what, value in plan[number::2]:
            if what == "pings":
                await record(sessions, world, phone, processes[number], [fixes[n] for n in value])
            else:
                await tick(sessions, world, processes[number], moment(value))

    await asyncio.gather(run(0), run(1))

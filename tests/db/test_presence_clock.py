"""Timers, zones that change and concurrent workers, on a database where commits are real."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit.db import Session, Sessions, make_sessions, transaction
from geoengage.presence.service import Batch, IndexCache, fire_timers, record_group
from geoengage.venues import store as venues
from geoengage.venues.service import delete_zone, unpublish_zone
from geoengage.wiring import reactions
from geoengage.worker import fire_timers_once, react_once
from tests.factories import World, make_world
from tests.places import Phone, ago, make_phone, make_zone, ping_in, square

EDGE = 19.0  # half of a 5 m disc lies outside a zone of 20 m


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


async def record(sessions: Sessions, world: World, phone: Phone, *path: tuple[datetime, float]) -> None:
    """Pings of a phone, in a transaction of their own."""
    batch = Batch(phone.id, 1, None, datetime.now(UTC), [(n, ping_in(at, x)) for n, (at, x) in enumerate(path)])
    async with transaction(sessions, world.tenant_id) as session:
        await record_group(session, world.tenant_id, [batch], IndexCache(), datetime.now(UTC))
    assert batch.accepted == len(path), batch.refused


async def rows(sessions: Sessions, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    async with sessions() as session:
        return [tuple(row) for row in await session.execute(text(sql), values)]


async def told(sessions: Sessions) -> list[tuple[str, str, float]]:
    """(kind, reason, event time in seconds before now, rounded) of all zone events in ledger order."""
    return await rows(  # type: ignore[return-value]
        sessions,
        "SELECT payload->>'type', payload->>'reason',"
        " round(extract(epoch FROM now() - (payload->>'at')::timestamptz) / 5) * 5"
        " FROM ledger WHERE type LIKE 'zone.%' ORDER BY position",
    )


async def test_two_workers_at_once_tell_it_once(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(), rules={"enter_s": 5, "dwell_s": [20]})
    for _ in range(8):
        await record(sessions, world, await make_phone(session, world), (ago(60), EDGE))
    counts = await asyncio.gather(*(fire_timers_once(sessions, IndexCache()) for _ in range(4)))
    assert sum(counts) >= 8
    assert sorted(await told(sessions)) == sorted(
        [("zone.entered", "confirmed_by_time", 55), ("zone.dwelled", "dwell", 40)] * 8
    )
    assert await rows(sessions, "SELECT count(*), count(exited_at), min(last_dwell_s) FROM visit") == [(8, 0, 20)]
    assert await rows(sessions, "SELECT count(*), min(due_at) > now() FROM timer") == [(8, True)]
    assert await fire_timers_once(sessions, IndexCache()) == 0


async def test_a_timer_and_a_ping_at_once_tell_it_once(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(), rules={"enter_s": 5})
    phones = [await make_phone(session, world) for _ in range(6)]
    for phone in phones:
        await record(sessions, world, phone, (ago(60), EDGE))
    await asyncio.gather(
        fire_timers_once(sessions, IndexCache()), *(record(sessions, world, phone, (ago(10), 0)) for phone in phones)
    )
    assert await told(sessions) == [("zone.entered", "confirmed_by_time", 55)] * 6


async def test_silence_and_retraction_by_timer(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(), rules={"dwell_s": [20, 60], "timeout_s": 300})
    phone = await make_phone(session, world)
    start = ago(1_000)
    await record(sessions, world, phone, (start, 0), (start + timedelta(seconds=30), 0))
    for seconds in (95, 200, 331):
        async with transaction(sessions, world.tenant_id) as own:
            at = start + timedelta(seconds=seconds)
            assert await fire_timers(own, world.tenant_id, IndexCache(), at) == (0 if seconds == 200 else 1)
    kinds = [kind for kind, _, _ in await told(sessions)]
    assert kinds == ["zone.entered", "zone.dwelled", "zone.dwelled", "zone.retracted", "zone.exited"]
    (visit,) = await rows(sessions, "SELECT exited_at, exit_reason, last_dwell_s FROM visit")
    assert visit == (start + timedelta(seconds=30), "silence", 20), "the retracted mark does not stay"
    late = await rows(sessions, "SELECT DISTINCT payload->'late' FROM ledger WHERE type = 'zone.exited'")
    assert late == [(True,)]
    assert await rows(sessions, "SELECT FROM timer") == await rows(sessions, "SELECT FROM zone_occupant") == []


async def test_a_timer_without_a_state_goes(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, square())
    phone = await make_phone(session, world)
    await record(sessions, world, phone, (ago(400), 0))
    await session.execute(text("DELETE FROM device_state"))
    await session.commit()
    assert await fire_timers_once(sessions, IndexCache()) == 1
    assert await rows(sessions, "SELECT FROM timer WHERE zone_id = :z", z=zone_id) == []


async def test_a_device_that_is_busy_is_left_alone(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(), rules={"enter_s": 5})
    phone = await make_phone(session, world)
    await record(sessions, world, phone, (ago(60), EDGE))
    async with transaction(sessions, world.tenant_id) as holder:
        await holder.execute(text("SELECT FROM device FOR UPDATE"))
        assert await fire_timers_once(sessions, IndexCache()) == 0
    assert await fire_timers_once(sessions, IndexCache()) == 1


async def test_one_tenants_broken_data_does_not_stop_the_others(sessions: Sessions, session: Session) -> None:
    worlds = [await make_world(session) for _ in range(2)]
    for world in worlds:
        await make_zone(session, world, square(), rules={"enter_s": 5})
        await record(sessions, world, await make_phone(session, world), (ago(60), EDGE))
    broken = min(world.tenant_id for world in worlds)
    await session.execute(text("UPDATE device_state SET zones = '{\"x\": 1}' WHERE tenant_id = :t"), {"t": broken})
    await session.commit()
    assert await fire_timers_once(sessions, IndexCache()) == 1
    assert len(await told(sessions)) == 1


# --- zones that change ----------------------------------------------------------------------------------------------


async def take_down(sessions: Sessions, world: World, zone_id: UUID, how: str) -> None:
    async with transaction(sessions, world.tenant_id) as session:
        head = await venues.get_row(session, world.tenant_id, venues.Zone, zone_id, lock=True)
        end = unpublish_zone if how == "unpublished" else delete_zone
        await end(session, world.tenant_id, head, datetime.now(UTC))


def soon() -> datetime:
    """When what was published just now is in force."""
    return datetime.now(UTC) + timedelta(seconds=3)


async def give_fate(sessions: Sessions, world: World, indexes: IndexCache, *, limit: int = 200) -> list[int]:
    """The job for zones that have changed, until there is nothing left; how many devices it looked at each time."""
    await react_once(sessions, reactions(indexes))
    counts = []
    while not counts or counts[-1]:
        async with transaction(sessions, world.tenant_id) as own:
            counts.append(await fire_timers(own, world.tenant_id, indexes, soon(), limit=limit))
    return counts


@pytest.mark.parametrize("how", ["unpublished", "deleted"])
async def test_those_inside_a_zone_that_goes_leave_it(sessions: Sessions, session: Session, how: str) -> None:
    world = await make_world(session)
    gone, stays = await make_zone(session, world, square()), await make_zone(session, world, square())
    indexes = IndexCache()
    for _ in range(3):
        await record(sessions, world, await make_phone(session, world), (ago(20), 0))
    await record(sessions, world, await make_phone(session, world), (ago(1), EDGE))
    await take_down(sessions, world, gone, how)
    await react_once(sessions, reactions(indexes))
    assert await fire_timers_once(sessions, indexes) == 0, "not before every process has heard of it"
    assert (await give_fate(sessions, world, indexes, limit=2))[:2] == [2, 2], "some at a time"
    ended = await rows(
        sessions, "SELECT DISTINCT zone_id, exit_reason, exited_at FROM visit WHERE exited_at IS NOT NULL"
    )
    assert ended == [(gone, "zone_deleted", *(await rows(sessions, "SELECT max(effective_to) FROM zone_version"))[0])]
    assert len(await rows(sessions, "SELECT FROM visit WHERE exited_at IS NOT NULL")) == 3
    assert {z for (z,) in await rows(sessions, "SELECT zone_id FROM zone_occupant")} == {stays}
    (state,) = await rows(sessions, "SELECT DISTINCT (SELECT count(*) FROM jsonb_object_keys(zones)) FROM device_state "
                                    "WHERE device_id IN (SELECT device_id FROM zone_occupant)")  # fmt: skip
    assert state == (1,)
    assert await rows(sessions, "SELECT FROM zone_change") == []


async def test_a_ping_being_decided_on_meanwhile_is_waited_for(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, square())
    phone = await make_phone(session, world)
    await record(sessions, world, phone, (ago(20), 0))
    async with transaction(sessions, world.tenant_id) as holder:
        await holder.execute(text("SELECT FROM device FOR UPDATE"))
        await take_down(sessions, world, zone_id, "unpublished")
        working = asyncio.create_task(give_fate(sessions, world, IndexCache()))
        await asyncio.sleep(0.1)
        assert not working.done()
    await working
    assert await rows(sessions, "SELECT exit_reason FROM visit") == [("zone_deleted",)]


async def test_a_ping_after_the_change_uses_the_new_zones(sessions: Sessions, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, square())
    indexes = IndexCache()
    phone = await make_phone(session, world)
    for at in (ago(20), soon() + timedelta(seconds=5)):
        async with transaction(sessions, world.tenant_id) as own:
            batch = Batch(phone.id, 1, None, at, [(0, ping_in(at, 0))])
            await record_group(own, world.tenant_id, [batch], indexes, at)
        if at < datetime.now(UTC):
            await take_down(sessions, world, zone_id, "deleted")
    assert [(kind, reason) for kind, reason, _ in await told(sessions)] == [
        ("zone.entered", "whole_disc"), ("zone.exited", "zone_deleted")
    ]  # fmt: skip
    assert sum(await give_fate(sessions, world, indexes)) >= 1
    assert len(await told(sessions)) == 2, "the job finds that it has been done"

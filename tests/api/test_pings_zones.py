"""POST /v1/pings and the zones around: trust, floors, crossings, sensitive zones, zones that change or close."""

import httpx
import pytest

from geoengage.kit.db import Session
from tests.factories import make_world
from tests.places import ago, make_mall, make_phone, make_zone, ping, rows, send, square, zone_events


async def test_unknown_accuracy_is_the_tenants_default(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, default_accuracy_m=77.0)
    phone = await make_phone(session, world)
    await send(client, phone, ping(ago(20), 0, accuracy_m=None), ping(ago(10), 0, accuracy_m=-1), ping(ago(5), 0))
    stored = await rows(session, "SELECT accuracy_m, trust FROM ping ORDER BY at")
    assert stored == [(77.0, 0.8), (77.0, 0.8), (5.0, 1.0)]


async def test_a_fast_ride_lowers_the_trust(client: httpx.AsyncClient, session: Session) -> None:
    phone = await make_phone(session, await make_world(session))
    await send(client, phone, ping(ago(30), 0), ping(ago(20), 150))
    assert await rows(session, "SELECT round(trust::numeric, 2)::float FROM device_state") == [(pytest.approx(0.5),)]
    assert await rows(session, "SELECT DISTINCT trust FROM ping") == [(1.0,)], "the speed depends on the fix before"


async def test_floors_and_what_is_believed_of_them(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world, levels=(0, 1, 2))
    zones = {n: await make_zone(session, world, square(), mall_id=mall_id, levels=[n]) for n in (0, 1)}
    both = await make_zone(session, world, square(), mall_id=mall_id, levels=[0, 1])
    silent, upstairs, stranger = [await make_phone(session, world) for _ in range(3)]
    for s in (60, 50, 40):
        await send(client, silent, ping(ago(s), 0, level=None))
        await send(client, upstairs, ping(ago(s), 0, level=1 if s == 60 else None))
        await send(client, stranger, ping(ago(s), 0, level=2))
    inside = set(await rows(session, "SELECT device_id, zone_id FROM zone_occupant"))
    assert inside == {
        (silent.id, zones[0]), (silent.id, both), (upstairs.id, zones[1]), (upstairs.id, both)
    }, "said nothing: the ground floor; said so once: still believed; said another: nowhere"  # fmt: skip


async def test_who_comes_from_outdoors_is_on_the_ground_floor(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world, levels=(0, 1))
    entrance = await make_zone(session, world, square(130, half=15), mall_id=mall_id)
    parking = await make_zone(session, world, square(300, half=60))
    phone = await make_phone(session, world)
    await send(client, phone, *(ping(ago(s), x, level=None) for s, x in ((180, 300), (150, 220), (60, 130), (35, 130))))
    told = await rows(session, "SELECT zone_id, kind FROM zone_event ORDER BY at, kind DESC")
    assert told == [(parking, "entered"), (parking, "exited"), (entrance, "entered")]
    assert await rows(session, "SELECT level FROM device_state") == [(0,)]


async def test_a_sensitive_zone_leaves_no_trace(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(), sensitivity="health")
    phone = await make_phone(session, world)
    await send(client, phone, ping(ago(10), 0), ping(ago(5), 0))
    assert await rows(session, "SELECT zones::text FROM device_state") == [("{}",)]
    assert await zone_events(session, world) == []


async def test_crossing_a_line(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(half=3), rules={"crossing": True})
    await make_zone(session, world, square(0, 3, half=3))
    phone = await make_phone(session, world)
    await send(client, phone, ping(ago(20), -15), ping(ago(10), 15))
    assert await zone_events(session, world) == [("zone.entered", "crossing"), ("zone.exited", "crossing")]
    slow = await make_phone(session, world)
    await send(client, slow, ping(ago(90), -15), ping(ago(20), 15))
    assert len(await rows(session, "SELECT FROM visit")) == 1, "after a minute nobody knows the way"


async def test_a_fix_of_before_the_zone_was_published(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(), effective_from=ago(100), rules={"crossing": True})
    phone = await make_phone(session, world)
    await send(client, phone, *(ping(ago(s), 0) for s in (590, 580, 570)))
    assert await zone_events(session, world) == [], "by then the phone had been silent for too long"
    await send(client, phone, ping(ago(150), 0))
    assert await zone_events(session, world) == [("zone.entered", "zone_published")]
    assert await rows(session, "SELECT round(extract(epoch FROM now() - entered_at)) FROM visit") == [(100,)]


async def test_a_schedule_closes_between_two_pings(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    closing = ago(50)
    await make_zone(session, world, square(), schedule={"valid_to": closing.isoformat()})
    phone = await make_phone(session, world)
    await send(client, phone, ping(ago(70), 0))
    assert await rows(session, "SELECT due_at FROM timer") == [(closing,)]
    await send(client, phone, ping(ago(30), 0))
    assert await rows(session, "SELECT exited_at, exit_reason FROM visit") == [(closing, "schedule_closed")]

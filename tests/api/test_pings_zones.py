"""POST /v1/pings and the zones around: trust, floors, crossings, sensitive zones, zones that change or close."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

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
    assert await rows(session, "SELECT round(trust::numeric, 2) FROM ping ORDER BY at") == [(1,), (pytest.approx(0.5),)]


async def test_floors_and_what_is_believed_of_them(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world, levels=(0, 1, 2))
    zones = {n: await make_zone(session, world, square(), mall_id=mall_id, levels=[n]) for n in (0, 1)}
    both = await make_zone(session, world, square(), mall_id=mall_id, levels=[0, 1])
    silent, upstairs, stranger = [await make_phone(session, world) for _ in range(3)]
    for s in (40, 35, 30):
        await send(client, silent, ping(ago(s), 0, level=None))
        await send(client, upstairs, ping(ago(s), 0, level=1 if s == 40 else None))
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
    await send(client, phone, *(ping(ago(s), x, level=None) for s, x in ((150, 300), (120, 220), (30, 130), (25, 130))))
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
    await send(client, phone, *(ping(ago(s), 0) for s in (190, 180, 170)))
    assert await zone_events(session, world) == []
    await send(client, phone, ping(ago(150), 0))
    assert await zone_events(session, world) == [("zone.entered", "whole_disc")], "a minute's grace"


async def test_a_zone_published_anew_keeps_who_is_inside(client: httpx.AsyncClient, session: Session) -> None:
    """A fix from before the change arrives after it: it must not count as outside."""
    world = await make_world(session)
    shop = await make_zone(session, world, square())
    phone = await make_phone(session, world)
    await send(client, phone, ping(ago(200), 0))
    await rows_changed(session, "UPDATE zone_version SET effective_from = :at", at=ago(5))
    await rows_changed(session, "UPDATE venue_epoch SET n = n + 1")
    await send(client, phone, ping(ago(190), 0))
    assert await rows(session, "SELECT zone_id FROM zone_occupant") == [(shop,)]
    assert await zone_events(session, world) == [("zone.entered", "whole_disc")]


async def rows_changed(session: Session, sql: str, **values: Any) -> None:
    await session.execute(text(sql), values)
    await session.commit()


async def test_a_schedule_closes_between_two_pings(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    closing = ago(50)
    await make_zone(session, world, square(), schedule={"valid_to": closing.isoformat()})
    phone = await make_phone(session, world)
    await send(client, phone, ping(ago(70), 0))
    assert await rows(session, "SELECT due_at FROM timer") == [(closing,)]
    await send(client, phone, ping(ago(30), 0))
    assert await rows(session, "SELECT exited_at, exit_reason FROM visit") == [(closing, "schedule_closed")]

"""What comes out: zone events, visits, geofences to monitor; who sees whose; and how many statements pings cost."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, update
from sqlalchemy.ext.asyncio import AsyncConnection

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.presence.models import Visit
from geoengage.presence.service import IndexCache, record_group
from geoengage.presence.service.pings import Batch
from geoengage.profiles.models import Device
from geoengage.tenancy.models import Tenant
from geoengage.tenancy.rules import KeyKind
from geoengage.venues.models import Store
from tests.factories import World, make_key_row, make_world
from tests.places import Phone, ago, lonlat, make_phone, make_zone, on_earth, ping, ping_in, square


async def walk(client: httpx.AsyncClient, phone: Phone, *path: tuple[float, float]) -> None:
    pings = [ping(ago(seconds), x) for seconds, x in path]
    answer = await client.post("/v1/pings", json={"pings": pings}, headers=phone.headers)
    assert answer.json()["accepted"] == len(path)


async def items(client: httpx.AsyncClient, path: str, headers: dict[str, str], **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(path, params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def make_store(session: Session, world: World) -> UUID:
    store = Store(tenant_id=world.tenant_id, id=new_id(), name="Shop", point=on_earth(square()).centroid)
    session.add(store)
    await session.commit()
    return store.id


async def test_events_and_visits_with_filters(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    left = await make_zone(session, world, square(-50), rules={"dwell_s": [20]})
    right = await make_zone(session, world, square(50))
    first, second = await make_phone(session, world), await make_phone(session, world)
    await walk(client, first, (110, -50), (80, -50), (70, 0), (60, 50), (30, 50))
    started = datetime.now(UTC)
    await walk(client, second, (9, 50))
    told = await items(client, "/v1/zone-events", world.sk_headers)
    assert [(e["zone_id"], e["kind"]) for e in told[:1]] == [(str(right), "entered")]
    assert sorted((e["zone_id"] == str(left), e["kind"]) for e in told) == [
        (False, "entered"), (False, "entered"), (True, "dwelled"), (True, "entered"), (True, "exited")
    ]  # fmt: skip
    one = next(e for e in told if e["kind"] == "dwelled")
    assert (one["dwell_s"], one["zone_version"], one["evidence"], one["reason"]) == (20, 1, "gnss", "dwell")
    assert (one["confidence"], one["device_id"], one["late"]) == (1.0, str(first.id), True), "told with the visit's end"
    assert one["at"].endswith("Z")
    for params, n in (
        ({"zone_id": left}, 3), ({"device_id": second.id}, 1), ({"kind": "entered"}, 3), ({"kind": "retracted"}, 0),
        ({"after": started.isoformat()}, 1), ({"zone_id": new_id()}, 0),
        ({"zone_id": left, "device_id": first.id, "kind": "exited"}, 1),
    ):  # fmt: skip
        assert len(await items(client, "/v1/zone-events", world.sk_headers, **params)) == n, params
    visits = await items(client, "/v1/visits", world.sk_headers)
    assert [(v["zone_id"], v["exit_reason"], v["last_dwell_s"]) for v in visits] == [
        (str(right), None, None), (str(right), None, None), (str(left), "left", 20)
    ]  # fmt: skip
    for params, n in (({"open": True}, 2), ({"open": False}, 1), ({"zone_id": left}, 1), ({"device_id": first.id}, 2)):
        assert len(await items(client, "/v1/visits", world.sk_headers, **params)) == n, params


@pytest.mark.parametrize("path", ["/v1/zone-events", "/v1/visits"])
async def test_paging_shows_everything_once(client: httpx.AsyncClient, session: Session, path: str) -> None:
    world = await make_world(session)
    for x in range(5):
        await make_zone(session, world, square(x))
    phone = await make_phone(session, world)
    await walk(client, phone, (30, 0))
    seen, cursor = [], None
    for _ in range(3):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(path, params=params, headers=world.sk_headers)).json()
        seen += [i["id"] for i in page["items"]]
        cursor = page["next"]
    assert cursor is None
    assert len(set(seen)) == len(seen) == 5
    assert seen == [i["id"] for i in await items(client, path, world.sk_headers)]
    for wrong in ({"limit": 0}, {"limit": 501}, {"cursor": "%%%"}, {"zone_id": "x"}):
        assert (await client.get(path, params=wrong, headers=world.sk_headers)).status_code == 422


@pytest.mark.parametrize("path", ["/v1/zone-events", "/v1/visits"])
async def test_who_sees_people_and_whose_zones(client: httpx.AsyncClient, session: Session, path: str) -> None:
    world = await make_world(session)
    store_id = await make_store(session, world)
    own = await make_zone(session, world, square(), store_id=store_id)
    await make_zone(session, world, square())
    phone = await make_phone(session, world)
    await walk(client, phone, (30, 0))

    async def key(**over: object) -> dict[str, str]:
        text = await make_key_row(session, world.tenant_id, KeyKind.SECRET, **over)
        await session.commit()
        return {"Authorization": f"Bearer {text}"}

    shop = await items(client, path, await key(store_ids=[store_id]))
    assert [(i["zone_id"], i["device_id"]) for i in shop] == [(str(own), None)]
    assert await items(client, path, await key(store_ids=[new_id()])) == []
    for reader in (
        await key(scopes=["read"]),
        await key(scopes=["read"], is_test=True),
        await key(store_ids=[store_id]),
    ):
        assert {i["device_id"] for i in await items(client, path, reader)} == {None}
        refused = await client.get(path, params={"device_id": str(phone.id)}, headers=reader)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
    everything = await items(client, path, world.sk_headers, device_id=phone.id)
    assert {i["device_id"] for i in everything} == {str(phone.id)}
    for headers, status in (
        (phone.headers, 403),
        (world.pk_headers, 403),
        ({}, 401),
        (await key(scopes=["pings"]), 403),
    ):
        assert (await client.get(path, headers=headers)).status_code == status
    # nobody real is in a demo tenant; a shop is kept from people even there
    await session.execute(update(Tenant).where(Tenant.id == world.tenant_id).values(is_demo=True))
    assert {i["device_id"] for i in await items(client, path, await key(scopes=["read"]))} == {str(phone.id)}
    assert {i["device_id"] for i in await items(client, path, await key(store_ids=[store_id]))} == {None}


# --- geofences ------------------------------------------------------------------------------------------------------


async def nearby(client: httpx.AsyncClient, phone: Phone, x: float, **params: Any) -> dict[str, Any]:
    lon, lat = lonlat(x, 0)
    answer = await client.get("/v1/geofences/nearby", params={"lon": lon, "lat": lat} | params, headers=phone.headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def test_nearest_zones_as_circles_and_when_to_ask_again(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    for n in range(6):
        await make_zone(session, world, square(1000 * n), name=f"z{n}")
    await make_zone(session, world, square(), name="secret", sensitivity="worship")
    phone = await make_phone(session, world)
    found = await nearby(client, phone, 2100, limit=4)
    assert [c["name"] for c in found["circles"]] == ["z2", "z3", "z1"]
    # its box in lon/lat is a little larger than the turned square, whose edge is 1,080 m away
    assert 0.8 * 1_050 < found["refresh"]["radius_m"] < 0.8 * 1_080
    assert {c["radius_m"] for c in found["circles"]} == {100.0}
    assert len((await nearby(client, phone, 0))["circles"]) == 6
    assert (await nearby(client, phone, 0))["refresh"]["radius_m"] == pytest.approx(16_000), "all are known"
    assert (await nearby(client, phone, 0, limit=2))["refresh"]["radius_m"] == 200.0
    for wrong in ({"limit": 1}, {"limit": 101}, {"lon": 181}, {"lat": "nan"}, {"lon": "inf"}):
        answer = await client.get(
            "/v1/geofences/nearby", params={"lon": 8.5, "lat": 47.3} | wrong, headers=phone.headers
        )
        assert answer.status_code == 422, wrong


async def test_no_geofences_without_consent_or_token(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square())
    phone = await make_phone(session, world, location="unknown")
    assert (await nearby(client, phone, 0))["circles"] == []
    await session.execute(update(Device).values(token_version=2))
    for headers, status in ((phone.headers, 401), (world.sk_headers, 403), ({}, 401)):
        answer = await client.get("/v1/geofences/nearby", params={"lon": 8.5, "lat": 47.3}, headers=headers)
        assert answer.status_code == status


# --- cost -----------------------------------------------------------------------------------------------------------


async def test_statements_do_not_grow_with_the_number_of_pings(connection: AsyncConnection, session: Session) -> None:
    world = await make_world(session)
    for x in (0, 60, 120):
        await make_zone(session, world, square(x), rules={"dwell_s": [5, 10]})
    indexes, statements = IndexCache(), 0

    def count(*_: Any) -> None:
        nonlocal statements
        statements += 1

    event.listen(connection.sync_connection, "before_cursor_execute", count)
    costs = []
    for devices, pings in ((1, 1), (1, 1), (1, 200), (30, 60)):
        phones = [await make_phone(session, world) for _ in range(devices)]
        batches = [
            Batch(
                p.id, 1, None, ago(0), [(n, ping_in(ago(400 - n), abs(150 - (2 * n + 30) % 300))) for n in range(pings)]
            )
            for p in phones
        ]
        statements = 0
        assert await record_group(session, world.tenant_id, batches, indexes, datetime.now(UTC))
        assert all(b.accepted == pings for b in batches)
        costs.append(statements)
        await session.commit()
    building_the_index = costs[0] - costs[1]
    assert building_the_index >= 4
    # locks, states, policy; states, timers, visits, occupants, events, ledger: more kinds, not more of each
    assert costs[1] <= 11
    assert max(costs[2:]) <= costs[1] + 3


async def test_lists_cost_two_statements(
    client: httpx.AsyncClient, connection: AsyncConnection, session: Session
) -> None:
    world = await make_world(session)
    for x in range(4):
        await make_zone(session, world, square(x))
    for _ in range(3):
        await walk(client, await make_phone(session, world), (30, 0))
    seen: list[str] = []
    event.listen(connection.sync_connection, "before_cursor_execute", lambda *a: seen.append(a[2]))
    for path in ("/v1/visits", "/v1/zone-events"):
        seen.clear()
        assert len(await items(client, path, world.sk_headers)) == 12
        assert len([s for s in seen if "SAVEPOINT" not in s]) == 2, "the key and the list"


async def test_visit_ids_are_the_time_of_entry(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square())
    await walk(client, await make_phone(session, world), (300, 0), (299, 60), (250, 60), (60, 60), (30, 0))
    first, second = (await session.execute(Visit.__table__.select().order_by(Visit.id))).all()
    assert first.entered_at < second.entered_at
    assert first.exited_at <= second.entered_at

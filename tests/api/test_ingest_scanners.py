"""Scanning access points over HTTP: Cisco's validator and messages, whose addresses are read, administration."""

import json
import logging
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import generate_latest

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.tenancy.rules import KeyKind, Scope
from tests.api.wall.world import bearer
from tests.factories import World, make_key_row, make_world
from tests.places import Phone, ago, lonlat, make_mall, make_phone, make_zone, rows, square, zone_events

SECRET, VALIDATOR = "a secret of the dashboard", "91473298742319492749273285409845"
MAC, STRANGER = "aa:bb:cc:dd:ee:ff", "11:22:33:44:55:66"
Json = dict[str, Any]


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


@pytest.fixture
async def mall(session: Session, world: World) -> UUID:
    return await make_mall(session, world)


@pytest.fixture
async def scanner(client: httpx.AsyncClient, world: World, mall: UUID) -> Json:
    return await make_scanner(client, world, mall)


async def make_scanner(client: httpx.AsyncClient, world: World, mall: UUID) -> Json:
    plan = {"floor_plan_id": "g_1", "mall_id": str(mall), "level": 1}
    body = {"name": "Mall", "validator": VALIDATOR, "secret": SECRET, "floor_plans": [plan]}
    answer = await client.post("/v1/scanners", json=body, headers=world.sk_headers)
    assert answer.status_code == 201, answer.text
    result: Json = answer.json()
    return result


async def set_address(client: httpx.AsyncClient, world: World, phone: Phone, address: str = MAC) -> int:
    path = f"/v1/devices/{phone.id}/wifi-address"
    return (await client.put(path, json={"address": address}, headers=world.sk_headers)).status_code


def observed(address: str = MAC, *seconds: float, **over: Any) -> Json:
    """A phone that stands in the middle of the mall."""
    lon, lat = lonlat(0, 0)
    locations = [
        {"lng": lon, "lat": str(lat), "variance": 2.5, "floorPlanId": "g_1", "time": ago(s).isoformat()}
        for s in (seconds or (60, 40))
    ]
    return {"clientMac": address, "locations": locations, "ssid": "Mall", "ipv4": "10.0.0.7", **over}


async def post(client: httpx.AsyncClient, scanner: Json, *observations: Any, **over: Any) -> int:
    message = {
        "version": "3.0", "secret": SECRET, "type": "WiFi",
        "data": {"networkId": "N_1", "observations": list(observations)}, **over,
    }  # fmt: skip
    return (await client.post(f"/ingest/meraki/{scanner['id']}", json=message)).status_code


async def stored(session: Session) -> list[tuple[Any, ...]]:
    return await rows(session, "SELECT device_id, accuracy_m, level, source FROM ping ORDER BY event_at")


# --- what Cisco sends ---------------------------------------------------------------------------------------------


async def test_cisco_hears_the_validator(client: httpx.AsyncClient, scanner: Json) -> None:
    answer = await client.get(f"/ingest/meraki/{scanner['id']}")
    assert (answer.status_code, answer.text) == (200, VALIDATOR)
    assert answer.headers["content-type"].startswith("text/plain")
    for unknown in (str(new_id()), "x"):
        assert (await client.get(f"/ingest/meraki/{unknown}")).status_code == 404


async def test_a_registered_phone_is_located_at_its_level(
    client: httpx.AsyncClient, session: Session, world: World, mall: UUID, scanner: Json
) -> None:
    await make_zone(session, world, square(), mall_id=mall, levels=[1])
    phone = await make_phone(session, world)
    assert await set_address(client, world, phone, "AA-BB-CC-DD-EE-FF") == 204
    assert await post(client, scanner, observed(STRANGER), observed()) == 200
    assert await stored(session) == [(phone.id, 2.5, 1, "wifi")] * 2
    assert await zone_events(session, world) == [("zone.entered", "whole_disc")]
    (evidence,) = await rows(session, "SELECT payload->>'evidence' FROM ledger WHERE type = 'zone.entered'")
    assert evidence == ("wifi",)
    assert await post(client, scanner, observed(), type="Bluetooth") == 200


async def test_a_repeated_message_stores_nothing_twice(
    client: httpx.AsyncClient, session: Session, world: World, scanner: Json
) -> None:
    await set_address(client, world, await make_phone(session, world))
    seen = observed()
    for _ in range(2):
        assert await post(client, scanner, seen) == 200
    assert len(await stored(session)) == 2


@pytest.mark.parametrize("consent", ["denied", "unknown"])
async def test_who_did_not_agree_is_not_located(
    client: httpx.AsyncClient, session: Session, world: World, scanner: Json, consent: str
) -> None:
    phone = await make_phone(session, world, location=consent)
    assert await set_address(client, world, phone) == 204
    assert await post(client, scanner, observed()) == 200
    assert await stored(session) == await rows(session, "SELECT FROM ping_rejection") == []


async def test_every_other_address_leaves_no_trace(
    client: httpx.AsyncClient, session: Session, world: World, scanner: Json, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    before = generate_latest()
    nonsense = {"clientMac": STRANGER, "locations": "nothing of this is looked at"}
    assert await post(client, scanner, observed(STRANGER), nonsense, {"clientMac": 5}, 7) == 200
    assert await stored(session) == []

    def points(text: bytes) -> list[bytes]:
        return [line for line in text.splitlines() if line.startswith(b'geoengage_ingest_points_total{client="meraki"')]

    assert points(generate_latest()) == points(before)
    assert STRANGER not in caplog.text
    tables = await rows(
        session, "SELECT to_jsonb(d)::text FROM device d UNION ALL SELECT to_jsonb(s)::text FROM scanner s"
    )
    assert STRANGER not in str(tables)
    assert STRANGER.replace(":", "") not in str(tables)


async def test_a_phone_that_was_only_heard_is_evidence_of_the_access_point(
    client: httpx.AsyncClient, session: Session, world: World, scanner: Json
) -> None:
    phone = await make_phone(session, world)
    await set_address(client, world, phone)
    latest = {"time": ago(5).isoformat(), "nearestApMac": "2c:3f:0b:b0:1e:ab", "nearestApRssi": "-46"}
    assert await post(client, scanner, observed(locations=[], latestRecord=latest)) == 200
    assert await rows(session, "SELECT device_id, reason FROM ping_rejection") == [(phone.id, "no_position")]


@pytest.mark.parametrize("change", [{"secret": "wrong"}, {"secret": ""}, {"secret": 5}])
async def test_the_secret_must_be_right(
    client: httpx.AsyncClient, session: Session, world: World, scanner: Json, change: Json
) -> None:
    await set_address(client, world, await make_phone(session, world))
    assert await post(client, scanner, observed(), **change) == 401
    assert await stored(session) == []


@pytest.mark.parametrize(
    "change", [{"version": "2.0", "type": "DevicesSeen"}, {"data": 5}, {"data": {"observations": {}}}, {"data": {}}]
)
async def test_what_cannot_be_used_is_answered_for_good(
    client: httpx.AsyncClient, session: Session, world: World, scanner: Json, change: Json
) -> None:
    await set_address(client, world, await make_phone(session, world))
    assert await post(client, scanner, observed(), **change) == 200
    assert await stored(session) == []


async def test_a_device_of_another_tenant_is_not_known(
    client: httpx.AsyncClient, session: Session, world: World, scanner: Json
) -> None:
    other = await make_world(session)
    assert await set_address(client, other, await make_phone(session, other)) == 204
    assert await post(client, scanner, observed()) == 200
    assert await stored(session) == []


async def test_trouble_of_our_own_is_later(
    app: FastAPI, client: httpx.AsyncClient, session: Session, world: World, scanner: Json
) -> None:
    await set_address(client, world, await make_phone(session, world))

    class Broken:
        async def submit(self, *_: object) -> None:
            raise RuntimeError("a bug")

    app.state.ping_writer = Broken()
    assert await post(client, scanner, observed()) == 503


# --- addresses ----------------------------------------------------------------------------------------------------


async def test_an_address_belongs_to_one_device_and_is_kept_as_a_hash(
    client: httpx.AsyncClient, session: Session, world: World, scanner: Json
) -> None:
    first, second = await make_phone(session, world), await make_phone(session, world)
    assert await set_address(client, world, first) == 204
    assert await set_address(client, world, first, MAC.replace(":", "")) == 204
    assert await set_address(client, world, second, MAC) == 409
    assert await set_address(client, world, second, "not an address") == 422
    (kept,) = await rows(session, "SELECT wifi_hash FROM device WHERE id = :d", d=first.id)
    assert len(kept[0]) == 64
    gone = await client.delete(f"/v1/devices/{first.id}/wifi-address", headers=world.sk_headers)
    assert gone.status_code == 204
    assert await post(client, scanner, observed()) == 200
    assert await stored(session) == []
    assert await set_address(client, world, second) == 204


async def test_a_deleted_device_is_no_longer_known_by_its_address(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    phone = await make_phone(session, world)
    await set_address(client, world, phone)
    assert (await client.delete("/v1/devices/me", headers=phone.headers)).status_code == 204
    assert await rows(session, "SELECT wifi_hash FROM device WHERE id = :d", d=phone.id) == [(None,)]


async def test_addresses_need_the_right_to_see_people(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    scopes = [scope.value for scope in Scope if scope is not Scope.PEOPLE]
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=scopes)
    await session.commit()
    phone = await make_phone(session, world)
    path = f"/v1/devices/{phone.id}/wifi-address"
    assert (await client.put(path, json={"address": MAC}, headers=bearer(key))).status_code == 403


# --- administration -----------------------------------------------------------------------------------------------


async def test_the_secret_is_never_shown(
    client: httpx.AsyncClient, session: Session, world: World, scanner: Json
) -> None:
    listed = (await client.get("/v1/scanners", headers=world.sk_headers)).json()
    assert listed["items"] == [scanner]
    assert scanner["url"] == f"http://testserver/ingest/meraki/{scanner['id']}"
    kept = await rows(session, "SELECT to_jsonb(s)::text FROM scanner s")
    for text in (json.dumps(scanner), json.dumps(listed), str(kept)):
        assert SECRET not in text
    wrong = {"name": "x", "validator": VALIDATOR, "secret": 5}
    assert SECRET not in (await client.post("/v1/scanners", json=wrong, headers=world.sk_headers)).text
    short = wrong | {"secret": "too short"}
    answer = await client.post("/v1/scanners", json=short, headers=world.sk_headers)
    assert answer.status_code == 422
    assert "too short" not in answer.text


async def test_changes_need_the_version_that_was_seen(
    client: httpx.AsyncClient, session: Session, world: World, mall: UUID, scanner: Json
) -> None:
    path, headers = f"/v1/scanners/{scanner['id']}", world.sk_headers
    tag = (await client.get(path, headers=headers)).headers["etag"]
    new = {"secret": "another secret of theirs", "floor_plans": []}
    changed = await client.patch(path, json=new, headers=headers | {"If-Match": tag})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["floor_plans"], changed.json()["version"], changed.headers["etag"]) == ([], 2, '"v2"')
    assert (await client.patch(path, json=new, headers=headers | {"If-Match": tag})).status_code == 412
    assert (await client.patch(path, json=new, headers=headers)).status_code == 428
    await set_address(client, world, await make_phone(session, world))
    assert await post(client, scanner, observed()) == 401
    assert await post(client, scanner, observed(), secret=new["secret"]) == 200
    assert [row[2] for row in await stored(session)] == [None, None]
    assert (await client.delete(path, headers=headers)).status_code == 204
    assert (await client.get(f"/ingest/meraki/{scanner['id']}")).status_code == 404


async def test_a_floor_plan_shows_a_level_that_there_is(
    client: httpx.AsyncClient, session: Session, world: World, mall: UUID
) -> None:
    plan = {"floor_plan_id": "g_1", "mall_id": str(mall), "level": 1}
    others = await make_mall(session, await make_world(session))
    for plans, pointer in (
        ([plan | {"level": 9}], "#/floor_plans/0/level"),
        ([plan, plan], "#/floor_plans/1/floor_plan_id"),
        ([plan | {"mall_id": str(others)}], "#/floor_plans/0/level"),
    ):
        body = {"name": "x", "validator": VALIDATOR, "secret": SECRET, "floor_plans": plans}
        answer = await client.post("/v1/scanners", json=body, headers=world.sk_headers)
        assert answer.status_code == 422
        assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]


async def test_a_repeated_create_makes_one(client: httpx.AsyncClient, world: World) -> None:
    body = {"name": "x", "validator": VALIDATOR, "secret": SECRET}
    headers = world.sk_headers | {"Idempotency-Key": "0123456789abcdef"}
    made = [(await client.post("/v1/scanners", json=body, headers=headers)).json()["id"] for _ in range(2)]
    assert made[0] == made[1]

"""Phone apps from the stores over HTTP: what is stored, and the answer that each of them needs."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
import sqlalchemy.exc
from fastapi import FastAPI
from prometheus_client import REGISTRY

from geoengage.ingest.rules.owntracks import region_tst
from geoengage.ingest.service import on_consent_changed
from geoengage.kit import errors
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.events import Recorded
from geoengage.profiles.models import Device
from tests.factories import World, make_world
from tests.places import Phone, ago, lonlat, make_phone, make_zone, rows, square, zone_events

ANDROID = {"User-Agent": "Owntracks-Android/gms/420506000"}
IOS = {"User-Agent": "OwnTracks/18.4.1 CFNetwork/1494.0.7 Darwin/23.4.0"}
Json = dict[str, Any]


def token(phone: Phone) -> str:
    return phone.headers["Authorization"].removeprefix("Bearer ")


def basic(phone: Phone, agent: dict[str, str] = IOS) -> dict[str, str]:
    """As OwnTracks sends it: any user, the token as password."""
    pair = base64.b64encode(f"{phone.id}:{token(phone)}".encode()).decode()
    return {"Authorization": f"Basic {pair}", "X-Limit-U": "user", "X-Limit-D": "device"} | agent


def at_s(seconds_ago: float) -> int:
    return int(ago(seconds_ago).timestamp())


def location(tst: int, x: float = 0.0, **more: Any) -> Json:
    lon, lat = lonlat(x, 0)
    return {"_type": "location", "lat": lat, "lon": lon, "acc": 5, "tst": tst, "tid": "P1", "vel": 4} | more


async def post(client: httpx.AsyncClient, phone: Phone, message: Json, agent: dict[str, str] = IOS) -> Any:
    answer = await client.post("/ingest/owntracks", json=message, headers=basic(phone, agent))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def stored(session: Session, phone: Phone) -> list[tuple[Any, ...]]:
    return await rows(
        session,
        "SELECT at, round(lon::numeric, 6)::float, accuracy_m, speed_mps, level, source FROM ping"
        " WHERE device_id = :d ORDER BY at",
        d=phone.id,
    )


def count(client: str, outcome: str) -> float:
    labels = {"client": client, "outcome": outcome}
    return REGISTRY.get_sample_value("geoengage_ingest_points_total", labels) or 0.0


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


@pytest.fixture
async def phone(session: Session, world: World) -> Phone:
    return await make_phone(session, world)


# --- points -------------------------------------------------------------------------------------------------------


async def test_each_client_stores_the_same_point(client: httpx.AsyncClient, session: Session, world: World) -> None:
    tst = at_s(20)
    lon, lat = (round(v, 6) for v in lonlat(0, 0))
    iso = datetime.fromtimestamp(tst, utc_now().tzinfo).isoformat()
    feature = {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": {"timestamp": iso, "horizontal_accuracy": 5, "speed": 1},
    }  # fmt: skip
    coords = {"latitude": lat, "longitude": lon, "accuracy": 5, "speed": 1.0}
    form = {"lat": lat, "lon": lon, "timestamp": tst, "accuracy": 5, "speed": 1.943844}
    told = []
    for path, how in {
        "/ingest/owntracks": {"json": location(tst, vel=3.6) | {"lat": lat, "lon": lon}},
        "/ingest/overland": {"json": {"locations": [feature]}},
        "/ingest/osmand": {"data": form},
        "/ingest/osmand?": {"json": [form]},
        "/ingest/background-geolocation": {"json": {"location": {"coords": coords, "timestamp": iso}}},
    }.items():
        phone = await make_phone(session, world)
        answer = await client.post(path, headers=phone.headers, **how)  # type: ignore[arg-type]
        told.append((answer.status_code, answer.text))
        (row,) = await stored(session, phone)
        assert row == (datetime.fromtimestamp(tst, utc_now().tzinfo), lon, 5.0, pytest.approx(1.0), None, "fused")
    assert told == [(200, "[]"), (200, '{"result":"ok"}'), (200, ""), (200, ""), (200, "{}")]


async def test_the_token_travels_as_each_client_can_send_it(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    async def says(status: int, method: str, path: str, **how: Any) -> None:
        answer = await client.request(method, path, **how)
        assert answer.status_code == status, f"{path} {answer.text}"

    phone = await make_phone(session, world)
    key, tst = token(phone), at_s(5)
    sdk = {"location": []}
    await says(200, "POST", "/ingest/owntracks", json=location(tst), headers=basic(phone))
    await says(200, "POST", "/ingest/owntracks", json=location(tst), headers={"Authorization": f"Basic {key}:"})
    await says(200, "GET", "/ingest/osmand", params={"id": key, "lat": 1, "lon": 1})
    await says(200, "POST", "/ingest/osmand", params={"deviceid": key})
    await says(200, "POST", "/ingest/osmand", data={"id": key})
    await says(200, "POST", "/ingest/osmand", json=[{"id": key}])
    await says(200, "POST", "/ingest/osmand", json=sdk | {"device_id": key})
    await says(200, "POST", "/ingest/background-geolocation", json=sdk | {"device_id": key})
    wrong = key[:-2]
    await says(401, "POST", "/ingest/owntracks", json=location(tst))
    await says(401, "POST", "/ingest/owntracks", json=location(tst), headers={"Authorization": f"Basic {wrong}:"})
    await says(401, "POST", "/ingest/overland", json={}, headers={"Authorization": f"Bearer {wrong}"})
    await says(401, "GET", "/ingest/osmand", params={"id": wrong, "lat": 1, "lon": 1})
    await says(401, "POST", "/ingest/background-geolocation", json=sdk | {"device_id": wrong})
    await says(403, "POST", "/ingest/owntracks", json=location(tst), headers=world.sk_headers)


async def test_a_duplicate_is_answered_like_the_first(
    client: httpx.AsyncClient, session: Session, phone: Phone
) -> None:
    before, message = count("owntracks-android", "duplicate"), location(at_s(9)) | {"_id": "a1"}
    for _ in range(2):
        assert await post(client, phone, message, ANDROID) == []
    assert len(await stored(session, phone)) == 1
    assert count("owntracks-android", "duplicate") == before + 1


@pytest.mark.parametrize(
    "path, body, answer",
    [
        ("/ingest/owntracks", b"", "[]"),
        ("/ingest/owntracks", b"{", "[]"),
        ("/ingest/owntracks", b'{"_type": "lwt", "tst": 1}', "[]"),
        ("/ingest/owntracks", b'{"_type": "location", "lat": NaN}', "[]"),
        ("/ingest/owntracks", b'{"_type": "transition", "lat": 1, "lon": 1, "tst": "?"}', "[]"),
        ("/ingest/overland", b"", '{"result":"ok"}'),
        ("/ingest/overland", b"\xff\x00", '{"result":"ok"}'),
        ("/ingest/osmand", b"%%%%", ""),
        ("/ingest/background-geolocation", b'{"location": 5}', "{}"),
    ],
)
async def test_what_cannot_be_used_is_answered_for_good(
    client: httpx.AsyncClient, session: Session, phone: Phone, path: str, body: bytes, answer: str
) -> None:
    got = await client.post(path, content=body, headers=phone.headers)
    assert (got.status_code, got.text) == (200, answer)
    assert await stored(session, phone) == []


async def test_stale_and_impossible_points_are_answered_for_good_and_counted(
    client: httpx.AsyncClient, session: Session, phone: Phone
) -> None:
    names = ("too_old", "in_future", "null_island")
    before = [count("owntracks-ios", name) for name in names]
    for message in (location(at_s(9 * 86_400)), location(at_s(-90)), location(at_s(1)) | {"lat": 0, "lon": 0}):
        assert await post(client, phone, message) == []
    assert [count("owntracks-ios", name) for name in names] == [n + 1 for n in before]
    assert await stored(session, phone) == []


async def test_a_big_batch_is_stored_whole(client: httpx.AsyncClient, session: Session, phone: Phone) -> None:
    lon, lat = lonlat(0, 0)
    features = [
        {"geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": {"timestamp": at_s(2_000 - n)}}
        for n in range(1_500)
    ]
    answer = await client.post("/ingest/overland", json={"locations": features}, headers=phone.headers)
    assert answer.json() == {"result": "ok"}
    assert len(await stored(session, phone)) == 1_500


async def test_overland_in_owntracks_mode_gets_overlands_answer(
    client: httpx.AsyncClient, session: Session, phone: Phone
) -> None:
    tst = at_s(30)
    message = {"_type": "location", "lat": 47.3, "lon": 8.5, "acc": 8, "batt": -100, "tst": tst - 978_307_200}
    answer = await client.post("/ingest/owntracks", json=message, headers={"Authorization": f"Basic {token(phone)}:"})
    assert answer.json() == {"result": "ok"}
    assert [row[0].timestamp() for row in await stored(session, phone)] == [tst]


# --- consent, revocation, trouble of our own ----------------------------------------------------------------------


async def test_without_consent_nothing_is_stored(client: httpx.AsyncClient, session: Session, world: World) -> None:
    phone = await make_phone(session, world, location="denied")
    await make_zone(session, world, square())
    assert await post(client, phone, location(at_s(3))) == []
    assert await stored(session, phone) == await rows(session, "SELECT FROM told_regions") == []


async def test_a_revoked_device_is_told_so_but_blocks_no_queue(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    phone = await make_phone(session, world)
    device = await session.get_one(Device, (world.tenant_id, phone.id))
    device.token_version = 2
    await session.commit()
    before, point = count("traccar", "revoked"), {"id": token(phone), "lat": 1, "lon": 1}
    assert (await client.post("/ingest/osmand", data=point)).status_code == 200
    assert count("traccar", "revoked") == before + 1
    answer = await client.post("/ingest/owntracks", json=location(at_s(3)), headers=basic(phone))
    assert answer.status_code == 401
    assert await stored(session, phone) == []


BROKEN = [
    sqlalchemy.exc.OperationalError("select", {}, psycopg.OperationalError("the server closed the connection")),
    errors.Unavailable("too many pings are waiting", retry_after_s=2),
    OSError("no such socket"),
    RuntimeError("a bug"),
    KeyError("a bug"),
]


@pytest.mark.parametrize("error", BROKEN, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(
    "path", ["/ingest/owntracks", "/ingest/overland", "/ingest/osmand", "/ingest/background-geolocation"]
)
async def test_nothing_of_our_own_makes_a_client_drop_what_it_has(
    app: FastAPI, client: httpx.AsyncClient, phone: Phone, path: str, error: Exception
) -> None:
    """Whatever the writer runs into: 503 with Retry-After."""

    class Broken:
        indexes = None

        async def submit(self, *_: object) -> None:
            raise error

    app.state.ping_writer = Broken()
    lon, lat = lonlat(0, 0)
    point = location(at_s(1)) | {
        "locations": [{"geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": {"timestamp": at_s(1)}}],
        "location": {"coords": {"latitude": lat, "longitude": lon}, "timestamp": at_s(1)},
    }
    answer = await client.post(path, json=point, headers=phone.headers)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert "bug" not in answer.text


async def test_a_body_that_no_app_sends_is_refused(client: httpx.AsyncClient, phone: Phone) -> None:
    answer = await client.post("/ingest/overland", content=b" " * 5_000_001, headers=phone.headers)
    assert answer.status_code == 413


async def test_a_phone_that_hangs_up_gets_later(app: FastAPI, phone: Phone) -> None:
    sent: list[Any] = []

    async def receive() -> Json:
        return {"type": "http.disconnect"}

    async def note(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/ingest/owntracks", "raw_path": b"/ingest/owntracks",
        "query_string": b"", "headers": [(b"authorization", phone.headers["Authorization"].encode())],
        "http_version": "1.1", "scheme": "http", "server": ("testserver", 80), "client": ("127.0.0.1", 1),
        "root_path": "",
    }  # fmt: skip
    await app(scope, receive, note)  # type: ignore[arg-type]
    assert sent[0]["status"] == 503


# --- who speaks ---------------------------------------------------------------------------------------------------


async def test_the_program_that_speaks_is_noted_when_it_is_another(
    app: FastAPI, client: httpx.AsyncClient, session: Session, phone: Phone
) -> None:
    async def noted() -> tuple[Any, ...]:
        return (await rows(session, "SELECT client, connected_at FROM device WHERE id = :d", d=phone.id))[0]

    assert await noted() == (None, None)
    await post(client, phone, {"_type": "status", "tst": 1}, ANDROID)
    first = await noted()
    assert first[0] == "owntracks-android"
    assert abs(utc_now() - first[1]) < timedelta(seconds=30)
    await post(client, phone, location(at_s(4)) | {"_id": "x"}, ANDROID)
    assert await noted() == first
    await client.post("/ingest/overland", json={"locations": []}, headers=phone.headers)
    second = await noted()
    assert second[0] == "overland"
    assert second[1] > first[1]


# --- regions ------------------------------------------------------------------------------------------------------


def zones_in(answer: Any) -> set[str]:
    (waypoints,) = [cmd["waypoints"]["waypoints"] for cmd in answer if cmd["action"] == "setWaypoints"]
    return {w["rid"] for w in waypoints if w["lat"] > -90}


@pytest.fixture
async def shops(session: Session, world: World) -> list[UUID]:
    return [await make_zone(session, world, square(60.0 * n), name=f"Shop: {n}|x") for n in range(25)]


@pytest.mark.parametrize("agent, most", [(IOS, 20), (ANDROID, 26)])
async def test_regions_come_once(
    client: httpx.AsyncClient, session: Session, world: World, shops: list[UUID], agent: dict[str, str], most: int
) -> None:
    phone = await make_phone(session, world)
    (command,) = await post(client, phone, location(at_s(40)), agent)
    assert (command["_type"], command["action"], command["waypoints"]["_type"]) == ("cmd", "setWaypoints", "waypoints")
    waypoints = command["waypoints"]["waypoints"]
    assert len(waypoints) == len({w["tst"] for w in waypoints}) == most
    assert waypoints[0]["rid"] == "refresh"
    assert waypoints[1]["rid"] == str(shops[0])
    assert waypoints[1]["desc"] == "Shop 0 x"
    assert await post(client, phone, location(at_s(30), 3), agent) == []
    assert await post(client, phone, location(at_s(20), 6), agent) == []


@pytest.mark.parametrize("agent", [IOS, ANDROID], ids=["ios", "android"])
async def test_regions_come_again_when_the_phone_left_their_circle(
    client: httpx.AsyncClient, session: Session, world: World, shops: list[UUID], agent: dict[str, str]
) -> None:
    phone = await make_phone(session, world)
    many = [await make_zone(session, world, square(-60.0 * n, 60.0)) for n in range(80)]
    first = await post(client, phone, location(at_s(300)), agent)
    assert await post(client, phone, location(at_s(200), -150), agent) == []
    again = await post(client, phone, location(at_s(30), -4_000), agent)
    if agent is ANDROID:
        assert [command["action"] for command in again] == ["clearWaypoints", "setWaypoints"]
        assert len(zones_in(again)) == 100
    else:
        gone = {w["rid"] for w in again[0]["waypoints"]["waypoints"] if w["lat"] < -90}
        assert gone == zones_in(first) - zones_in(again) != set()
        assert len(zones_in(again)) == 20
    assert str(many[66]) in zones_in(again)
    assert zones_in(again) - zones_in(first)


async def test_regions_come_again_when_zones_changed(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    await make_zone(session, world, square())
    await post(client, phone, location(at_s(50)))
    new = await make_zone(session, world, square(100))
    answer = await post(client, phone, location(at_s(40)))
    assert str(new) in zones_in(answer)
    await rows(session, "SELECT 1")
    await make_zone(session, world, square(50_000, half=5), sensitivity="health")  # changes nothing that phones get
    assert await post(client, phone, location(at_s(30))) == []
    assert await post(client, phone, location(at_s(20))) == []


async def test_an_answer_that_was_lost_is_given_again(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    await make_zone(session, world, square())
    message = location(at_s(50))
    first = await post(client, phone, message)
    assert zones_in(await post(client, phone, message)) == zones_in(first)
    assert await post(client, phone, location(at_s(40))) == []


async def test_old_points_of_a_backlog_ask_for_nothing(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    await make_zone(session, world, square())
    assert await post(client, phone, location(at_s(3_600))) == []
    assert await post(client, phone, location(at_s(1))) != []


async def test_without_any_zone_nothing_is_told(client: httpx.AsyncClient, phone: Phone) -> None:
    assert await post(client, phone, location(at_s(10))) == []


@pytest.mark.parametrize("agent", [IOS, ANDROID], ids=["ios", "android"])
async def test_a_withdrawn_consent_takes_the_regions_away_once(
    app: FastAPI, client: httpx.AsyncClient, session: Session, world: World, agent: dict[str, str]
) -> None:
    phone = await make_phone(session, world)
    await make_zone(session, world, square())
    assert zones_in(await post(client, phone, location(at_s(90)), agent))
    await _consent(client, phone, "denied")
    await _react(session, world, phone, "denied")
    (row,) = await rows(session, "SELECT zones, lon, lat, radius_m, asked_at FROM told_regions")
    assert row == ({}, None, None, None, None)  # where the phone was is forgotten at once
    cleared = await post(client, phone, location(at_s(80)), agent)
    assert [command["action"] for command in cleared] == ["clearWaypoints"]
    assert await rows(session, "SELECT FROM told_regions") == []
    assert await post(client, phone, location(at_s(70)), agent) == []
    await _consent(client, phone, "granted")
    assert zones_in(await post(client, phone, location(at_s(60)), agent))


async def test_consent_given_again_before_the_phone_came(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    await make_zone(session, world, square())
    await post(client, phone, location(at_s(90)) | {"_id": "a"}, ANDROID)
    await _consent(client, phone, "denied")
    await _react(session, world, phone, "denied")
    await _consent(client, phone, "granted")
    await _react(session, world, phone, "granted")
    again = await post(client, phone, location(at_s(80)) | {"_id": "b"}, ANDROID)
    assert [command["action"] for command in again] == ["clearWaypoints", "setWaypoints"]


async def _consent(client: httpx.AsyncClient, phone: Phone, status: str) -> None:
    body = {"location": status, "text_version": "1", "source": "settings"}
    answer = await client.put("/v1/devices/me/consents", json=body, headers=phone.headers)
    assert answer.status_code == 200, answer.text


async def _react(session: Session, world: World, phone: Phone, status: str) -> None:
    """What the worker does with the event."""
    payload = {"device_id": str(phone.id), "kind": "location", "status": status}
    recorded = [Recorded(1, "consent.changed", utc_now(), payload)]
    await on_consent_changed(session, world.tenant_id, recorded, utc_now())
    await session.commit()


async def test_the_sdk_gets_its_geofences(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    small = await make_zone(session, world, square())
    large = await make_zone(session, world, square(300, half=200))
    lon, lat = lonlat(0, 0)

    async def send(seconds: float) -> Any:
        sent = {"coords": {"latitude": lat, "longitude": lon, "accuracy": 5}, "timestamp": ago(seconds).isoformat()}
        answer = await client.post("/ingest/background-geolocation", json={"location": [sent]}, headers=phone.headers)
        return answer.json()

    remove, add = (await send(30))["background_geolocation"]
    assert (remove, add[0]) == (["removeGeofences"], "addGeofences")
    assert [fence["identifier"] for fence in add[1]] == ["refresh", f"{small}/wider", str(large)]
    assert all(fence["radius"] >= 200 for fence in add[1])
    assert await send(20) == {}
    await _consent(client, phone, "denied")
    assert await send(10) == {"background_geolocation": [["removeGeofences"]]}
    assert await send(5) == {}


# --- transitions --------------------------------------------------------------------------------------------------


@pytest.fixture
async def submitted(app: FastAPI) -> AsyncIterator[list[Any]]:
    """The pings that reach the writer, in their order."""
    writer, seen = app.state.ping_writer, []
    original = writer.submit

    async def submit(tenant_id: Any, batch: Any) -> None:
        seen.extend(ping for _, ping in batch.pings)
        await original(tenant_id, batch)

    writer.submit = submit
    yield seen
    writer.submit = original


async def test_both_apps_transitions_name_their_zone(
    client: httpx.AsyncClient, session: Session, world: World, shops: list[UUID], submitted: list[Any]
) -> None:
    for agent in (IOS, ANDROID):
        phone = await make_phone(session, world)
        (command,) = await post(client, phone, location(at_s(60)), agent)
        given = next(w for w in command["waypoints"]["waypoints"] if w["rid"] == str(shops[3]))
        crossed = location(at_s(50), 180) | {
            "_type": "transition", "event": "enter", "t": "c", "wtst": given["tst"], "desc": given["desc"],
        }  # fmt: skip
        if agent is IOS:
            crossed["rid"] = given["rid"]
        assert await post(client, phone, crossed, agent) == []
        assert await post(client, phone, location(at_s(50), 180, t="c"), agent) == []  # beside it, of the same time
        (_, ping) = submitted[-2:]
        assert (ping.transition.zone_id, ping.transition.kind) == (str(shops[3]), "enter")
        assert len(await stored(session, phone)) == 2
        own = {"_type": "transition", "event": "leave", "wtst": at_s(9_999), "desc": "Home"}
        await post(client, phone, location(at_s(40), 181) | own, agent)
        assert submitted[-1].transition is None


@pytest.mark.parametrize("client_kind", ["owntracks-ios", "owntracks-android", "background-geolocation"])
async def test_a_phone_that_tells_nothing_but_crossings_visits(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone, client_kind: str
) -> None:
    zone = await make_zone(session, world, square(half=100))
    lon, lat = lonlat(140, 0)  # outside the zone, inside its circle: all that the phone knows

    async def cross(kind: str, seconds: float) -> None:
        if client_kind == "background-geolocation":
            sent = {
                "timestamp": ago(seconds).isoformat(), "coords": {"latitude": lat, "longitude": lon, "accuracy": 65},
                "geofence": {"identifier": str(zone), "action": "ENTER" if kind == "enter" else "EXIT"},
            }  # fmt: skip
            path, body = "/ingest/background-geolocation", {"location": sent}
            assert (await client.post(path, json=body, headers=phone.headers)).status_code == 200
            return
        names = {"rid": str(zone)} if client_kind == "owntracks-ios" else {}
        names |= {"wtst": region_tst(zone), "desc": "Shop"}  # type: ignore[dict-item]
        message = {
            "_type": "transition", "lat": lat, "lon": lon, "acc": 65, "tst": at_s(seconds), "event": kind, "t": "c",
        }  # fmt: skip
        await post(client, phone, message | names, IOS if client_kind == "owntracks-ios" else ANDROID)

    await cross("enter", 90)
    await cross("leave", 30)
    assert await zone_events(session, world) == [("zone.entered", "phone_enter"), ("zone.exited", "phone_exit")]


async def test_a_ranged_beacon_puts_the_phone_where_the_map_has_it(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    uuid = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"
    place = {"type": "Point", "coordinates": list(lonlat(0, 0))}
    properties = {"kind": "beacon", "name": "Door", "uuid": uuid, "major": 1, "minor": 2}
    point = {"type": "Feature", "geometry": place, "properties": properties}
    made = await client.post("/v1/evidence-points", json=point, headers=world.sk_headers)
    assert made.status_code == 201, made.text
    message = {"_type": "beacon", "uuid": uuid.upper(), "major": 1, "minor": 2, "rssi": -60, "prox": 1, "acc": 0.8}
    assert await post(client, phone, message | {"tst": at_s(2)}) == []
    assert await post(client, phone, message | {"tst": at_s(1), "minor": 3}) == []
    (row,) = await stored(session, phone)
    assert (row[1], row[5]) == (round(lonlat(0, 0)[0], 6), "beacon")
    reasons = await rows(session, "SELECT reason FROM ping_rejection WHERE device_id = :d", d=phone.id)
    assert reasons == [("no_position",)]  # a beacon that the map does not know


async def test_the_openapi_knows_them(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    assert {p for p in paths if p.startswith("/ingest/")} == {
        "/ingest/owntracks", "/ingest/overland", "/ingest/osmand", "/ingest/background-geolocation",
        "/ingest/meraki/{scanner_id}", "/ingest/shopify/{connection_id}",
    }  # fmt: skip
    assert json.dumps(paths["/ingest/owntracks"])

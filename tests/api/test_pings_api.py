"""POST /v1/pings: what becomes of each ping, and what its answer says."""

import json
from datetime import timedelta
from typing import Any

import httpx
import jsonschema
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.presence.api import PingsIn, PingsOut
from geoengage.profiles.models import Device
from geoengage.tenancy.models import Credential, Tenant
from geoengage.tenancy.rules import KeyKind
from tests.factories import make_key_row, make_world
from tests.places import Phone, ago, lonlat, make_mall, make_phone, make_zone, ping, rows, send, square, zone_events


async def test_a_walk_through_a_shop(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    shop = await make_zone(session, world, square(), mall_id=mall_id, rules={"dwell_s": [30]})
    phone = await make_phone(session, world)
    path = [(100, 60), (85, 16), (80, 0), (70, 5), (60, 5), (50, 5), (40, 60), (30, 60), (20, 60)]
    for seconds, x in path:
        answer = await send(client, phone, ping(ago(seconds), x))
        assert answer == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert await zone_events(session, world) == [
        ("zone.entered", "confirmed_by_fix"), ("zone.dwelled", "dwell"), ("zone.exited", "left"),
    ]  # fmt: skip
    (visit,) = await rows(
        session,
        "SELECT zone_id, device_id, zone_version, exit_reason, last_dwell_s,"
        " round(extract(epoch FROM exited_at - entered_at) / 5) * 5 FROM visit",
    )
    assert visit == (shop, phone.id, 1, "left", 30, 45)
    assert len(await rows(session, "SELECT FROM ping WHERE NOT late")) == len(path)
    assert await rows(session, "SELECT FROM timer") == await rows(session, "SELECT FROM zone_occupant") == []


async def test_a_batch_says_the_same_as_its_pings_one_by_one(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    await make_zone(session, world, square(), mall_id=mall_id, rules={"dwell_s": [20, 60]})
    await make_zone(session, world, square(70, half=30), mall_id=mall_id, levels=[0, 1])
    start = ago(400)
    xs = [90, 60, 30, 5, 5, 12, 33, 0, 44, 61, 61, 80, 8, 0, 0, 120, 120, 120]
    pings = [ping(start + timedelta(seconds=20 * n), x) for n, x in enumerate(xs)]
    one_by_one, batch, shuffled = [await make_phone(session, world) for _ in range(3)]
    for item in pings:
        await send(client, one_by_one, item)
    await send(client, batch, *pings)
    await send(client, shuffled, *pings[9:], *pings[:9])
    told = [
        await rows(
            session,
            "SELECT zone_id, entered_at, exited_at, exit_reason, last_dwell_s FROM visit WHERE device_id = :d"
            " ORDER BY entered_at, zone_id",
            d=phone.id,
        )
        for phone in (one_by_one, batch, shuffled)
    ]
    assert told[0] == told[1] == told[2]
    assert len(told[0]) >= 4
    inside = [await rows(session, "SELECT zone_id FROM zone_occupant WHERE device_id = :d", d=p.id)
              for p in (one_by_one, batch, shuffled)]  # fmt: skip
    assert inside[0] == inside[1] == inside[2]


async def test_who_left_and_came_back_in_one_request_is_inside(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    shop = await make_zone(session, world, square())
    phone = await make_phone(session, world)
    await send(client, phone, ping(ago(100), 0))
    await send(client, phone, *(ping(ago(s), x) for s, x in ((90, 60), (80, 60), (70, 60), (60, 60), (20, 0))))
    assert await rows(session, "SELECT zone_id FROM zone_occupant") == [(shop,)]
    assert len(await rows(session, "SELECT FROM visit WHERE exited_at IS NULL")) == 1


async def test_each_reason_is_told_by_index_and_counted(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, reject_mocked=True)
    phone = await make_phone(session, world)
    answer = await send(
        client,
        phone,
        ping(ago(50), 0),
        ping(ago(-90), 0),
        ping(ago(8 * 86_400), 0),
        ping(ago(49), 0, lon=0, lat=0),
        ping(ago(48), 0, mocked=True),
        ping(ago(47), 20_000),
        ping(ago(46), 0, lat=91),
        ping(ago(40), 1),
    )
    reasons = ["in_future", "too_old", "null_island", "mock_location", "impossible_speed", "invalid"]
    assert answer == {
        "accepted": 2, "duplicates": 0, "rejected": [{"index": i + 1, "reason": r} for i, r in enumerate(reasons)]
    }  # fmt: skip
    stored = await rows(session, "SELECT reason FROM ping_rejection WHERE device_id = :d ORDER BY n", d=phone.id)
    assert [r for (r,) in stored] == reasons
    assert await rows(session, "SELECT verdict, count(*) FROM ping GROUP BY 1 ORDER BY 2") == [
        ("impossible_speed", 1), (None, 2)
    ], "what may be believed beside other fixes is kept"  # fmt: skip


GOOD = '{"at": "NOW", "lon": 8.5, "lat": 47.4}'


@pytest.mark.parametrize(
    "bad",
    [
        "5",
        "null",
        '"text"',
        "{}",
        '{"at": "NOW", "lon": 8.5}',
        '{"at": "NOW", "lon": "8.5", "lat": 47.4}',
        '{"at": "NOW", "lon": true, "lat": 47.4}',
        '{"at": "NOW", "lon": null, "lat": 47.4}',
        '{"at": "NOW", "lon": 1e400, "lat": 47.4}',
        '{"at": "NOW", "lon": 8.5, "lat": 47.4, "level": 1.5}',
        '{"at": "NOW", "lon": 8.5, "lat": 47.4, "level": 9000000000}',
        '{"at": "NOW", "lon": 8.5, "lat": 47.4, "source": "\\u0000"}',
        '{"at": "NOW", "lon": 8.5, "lat": 47.4, "source": "' + "x" * 33 + '"}',
        '{"at": "2026-01-01", "lon": 8.5, "lat": 47.4}',
        '{"at": "2026-01-01T10:00:00", "lon": 8.5, "lat": 47.4}',
        '{"at": 1767225600, "lon": 8.5, "lat": 47.4}',
        '{"at": "0001-01-01T00:00:00+14:00", "lon": 8.5, "lat": 47.4}',
        '{"at": "9999-12-31T23:59:59Z", "lon": 8.5, "lat": 47.4}',
    ],
)
async def test_one_bad_ping_never_loses_the_others(client: httpx.AsyncClient, session: Session, bad: str) -> None:
    world = await make_world(session)
    phone = await make_phone(session, world)
    items = [item.replace("NOW", ago(s).isoformat()) for item, s in ((GOOD, 20), (bad, 10), (GOOD, 5))]
    answer = await client.post("/v1/pings", content=f'{{"pings": [{", ".join(items)}]}}', headers=phone.headers)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["accepted"], body["duplicates"]) == (2, 0)
    (rejected,) = body["rejected"]
    assert rejected["index"] == 1
    assert rejected["reason"].startswith("invalid: ")
    assert len(await rows(session, "SELECT FROM ping")) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"{}",
        b'{"pings": []}',
        b'{"pings": {}}',
        b'{"pings": [{"at": "2026-01-01T00:00:00Z", "lon": NaN, "lat": 47.4}]}',
        b'{"pings": [{"at": "2026-01-01T00:00:00Z", "lon": Infinity, "lat": 47.4}]}',
        b'{"pings": [%s]}' % b", ".join([b"{}"] * 1_001),
        b'{"pings": [{}], "sent_at": "yesterday"}',
        b'{"pings": [{}], "sent_at": "1066-01-01T00:00:00Z"}',
        b'{"pings": [{}], "sent_at": "2026-01-01T00:00:00"}',
        b"\xff\xfe",
    ],
)
async def test_a_body_that_is_no_list_of_pings(client: httpx.AsyncClient, session: Session, body: bytes) -> None:
    phone = await make_phone(session, await make_world(session))
    answer = await client.post("/v1/pings", content=body, headers=phone.headers)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert (problem["type"], problem["status"]) == ("/problems/invalid-request", 422)
    assert problem["errors"][0]["detail"]


async def test_a_thousand_pings_at_once(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square())
    phone = await make_phone(session, world)
    answer = await send(client, phone, *(ping(ago(1_001 - n), n % 30) for n in range(1_000)))
    assert answer == {"accepted": 1_000, "duplicates": 0, "rejected": []}


async def test_a_body_can_be_too_large(client: httpx.AsyncClient, session: Session) -> None:
    phone = await make_phone(session, await make_world(session))
    answer = await client.post("/v1/pings", content=b" " * 2_000_001, headers=phone.headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


async def test_a_phone_that_hangs_up_is_no_bug(app: FastAPI, session: Session) -> None:
    phone = await make_phone(session, await make_world(session))
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def note(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/pings", "raw_path": b"/v1/pings", "query_string": b"",
        "headers": [(b"authorization", phone.headers["Authorization"].encode())], "http_version": "1.1",
        "scheme": "http", "server": ("testserver", 80), "client": ("127.0.0.1", 1), "root_path": "", "app": app,
    }  # fmt: skip
    await app(scope, receive, note)
    assert sent[0]["status"] == 422


async def test_who_may_send_pings(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    phone = await make_phone(session, world)
    body = {"pings": [ping(ago(5), 0, device_id=str(phone.id))]}
    restricted = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[new_id()])
    unscoped = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=["read"])
    await session.commit()
    for credential, status in (
        (None, 401),
        ("nonsense", 401),
        (world.pk, 403),
        (restricted, 403),
        (unscoped, 403),
        (world.sk, 200),
    ):
        headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
        assert (await client.post("/v1/pings", json=body, headers=headers)).status_code == status, credential


async def test_a_revoked_token_is_refused_whatever_it_sends(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    phone = await make_phone(session, world)
    await send(client, phone, ping(ago(9), 0))
    device = await session.get_one(Device, (world.tenant_id, phone.id))
    device.token_version += 1
    await session.commit()
    for item in (ping(ago(5), 0), {"lon": "undecodable"}):
        answer = await client.post("/v1/pings", json={"pings": [item]}, headers=phone.headers)
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated")
    assert len(await rows(session, "SELECT FROM ping")) == 1


async def test_a_revoked_key_is_refused_at_once(client: httpx.AsyncClient, session: Session) -> None:
    """The key is remembered from the request before, and known to be revoked all the same."""
    world = await make_world(session)
    phone = await make_phone(session, world)
    server = Phone(phone.id, world.sk_headers)
    await send(client, server, ping(ago(9), 0, device_id=str(phone.id)))
    await session.execute(update(Credential).values(revoked_at=ago(0)))
    await session.commit()
    for item in (ping(ago(5), 0, device_id=str(phone.id)), {"lon": "undecodable"}):
        answer = await client.post("/v1/pings", json={"pings": [item]}, headers=server.headers)
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated")
    assert len(await rows(session, "SELECT FROM ping")) == 1


async def test_a_server_names_the_device_in_each_ping(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session), await make_world(session)
    phone, second = await make_phone(session, world), await make_phone(session, world)
    foreign = await make_phone(session, other)
    names = [str(phone.id), str(second.id), str(foreign.id), str(new_id()), "no-uuid", None]
    server = Phone(phone.id, world.sk_headers)
    answer = await send(client, server, *(ping(ago(9), 0, device_id=name) for name in names))
    unknown = [{"index": i, "reason": "unknown_device"} for i in (2, 3, 4, 5)]
    assert answer == {"accepted": 2, "duplicates": 0, "rejected": unknown}
    stored = {d for (d,) in await rows(session, "SELECT device_id FROM ping")}
    assert stored == {phone.id, second.id}
    nobody = await send(client, server, {"lon": 1}, ping(ago(9), 0))
    assert (nobody["accepted"], len(nobody["rejected"])) == (0, 2)


async def test_a_device_cannot_speak_for_another(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    phone, victim = await make_phone(session, world), await make_phone(session, world)
    assert (await send(client, phone, ping(ago(5), 0, device_id=str(victim.id))))["accepted"] == 1
    assert await rows(session, "SELECT device_id FROM ping") == [(phone.id,)]


async def test_duplicates_within_and_across_requests(client: httpx.AsyncClient, session: Session) -> None:
    phone = await make_phone(session, await make_world(session))
    pings = [ping(ago(s), 0) for s in (50, 40, 30)]
    assert (await send(client, phone, *pings, pings[0]))["duplicates"] == 1
    again = await send(client, phone, *pings, ping(ago(20), 0))
    assert again == {"accepted": 1, "duplicates": 3, "rejected": []}
    other_zone = {**pings[0], "at": pings[0]["at"].replace("+00:00", "Z")}
    assert (await send(client, phone, other_zone))["duplicates"] == 1, "the same moment in another spelling"
    assert len(await rows(session, "SELECT FROM ping")) == 4


async def test_late_pings_count_when_they_were_taken(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square())
    phone = await make_phone(session, world)
    await send(client, phone, ping(ago(10), 60))
    late = [ping(ago(s), 0) for s in (60, 50, 40)]
    assert (await send(client, phone, *late))["accepted"] == 3
    assert await rows(session, "SELECT late, count(*) FROM ping GROUP BY late ORDER BY late") == [(False, 1), (True, 3)]
    assert await zone_events(session, world) == [("zone.entered", "whole_disc")]
    (visit,) = await rows(session, "SELECT round(extract(epoch FROM now() - entered_at) / 5) * 5, exited_at FROM visit")
    assert visit == (60, None), "the newest fix is outside, and not yet for long enough"
    assert (await send(client, phone, *late))["duplicates"] == 3
    assert await rows(session, "SELECT last_at = (SELECT max(event_at) FROM ping) FROM device_state") == [(True,)]


async def test_an_offline_batch_is_recorded_and_marked_late(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square())
    phone = await make_phone(session, world)
    await send(client, phone, *(ping(ago(s), 0) for s in (600, 590, 90, 60)))
    told = await rows(session, "SELECT payload->>'type', payload->'late' FROM ledger ORDER BY position")
    assert told == [("zone.entered", True), ("zone.exited", True), ("zone.entered", False)]


async def test_a_wrong_clock_is_put_right(client: httpx.AsyncClient, session: Session) -> None:
    phone = await make_phone(session, await make_world(session))
    shift = timedelta(days=400)
    body = {"pings": [ping(ago(20) - shift, 0), ping(ago(10) - shift, 1)], "sent_at": (ago(0) - shift).isoformat()}
    answer = await client.post("/v1/pings", json=body, headers=phone.headers)
    assert answer.json() == {"accepted": 2, "duplicates": 0, "rejected": []}
    ages = await rows(
        session,
        "SELECT round(extract(epoch FROM now() - event_at) / 10), at < now() - interval '1 year' FROM ping ORDER BY 1",
    )
    assert ages == [(1, True), (2, True)], "the original time is kept beside the corrected one"
    again = await client.post("/v1/pings", json=body, headers=phone.headers)
    assert again.json()["duplicates"] == 2
    kept = await send(client, phone, ping(ago(5) - shift, 2))
    assert kept["accepted"] == 1, "without sent_at the known skew stays"


async def test_a_small_difference_of_clocks_is_delay(client: httpx.AsyncClient, session: Session) -> None:
    phone = await make_phone(session, await make_world(session))
    await send(client, phone, ping(ago(40), 0), sent_at=ago(25).isoformat())
    assert await rows(session, "SELECT event_at = at FROM ping") == [(True,)]
    assert await rows(session, "SELECT skew_s FROM device_state") == [(0.0,)]


async def test_a_late_ping_with_a_newer_clock_is_known_again(client: httpx.AsyncClient, session: Session) -> None:
    """A clock that ran fast is corrected in between: event time goes back while the phone's own times go on."""
    phone = await make_phone(session, await make_world(session))
    fast = timedelta(seconds=45)
    await send(client, phone, ping(ago(0) + fast, 0))
    body = {"sent_at": (ago(0) + fast).isoformat(), "pings": [ping(ago(1) + fast + timedelta(seconds=9), 0)]}
    first = await client.post("/v1/pings", json=body, headers=phone.headers)
    assert first.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    again = await client.post("/v1/pings", json=body, headers=phone.headers)
    assert again.json() == {"accepted": 0, "duplicates": 1, "rejected": []}


async def test_the_wall_between_tenants(client: httpx.AsyncClient, session: Session) -> None:
    here, there = await make_world(session), await make_world(session)
    mine, theirs = await make_zone(session, here, square()), await make_zone(session, there, square())
    phone = await make_phone(session, here)
    await send(client, phone, ping(ago(10), 0))
    assert await rows(session, "SELECT tenant_id, zone_id FROM visit") == [(here.tenant_id, mine)]
    for path in ("/v1/visits", "/v1/zone-events"):
        for params in ({}, {"zone_id": str(mine)}, {"device_id": str(phone.id)}):
            answer = await client.get(path, params=params, headers=there.sk_headers)
            assert (answer.status_code, answer.json()["items"]) == (200, [])
    assert theirs != mine


async def test_the_openapi_says_what_is_decoded(client: httpx.AsyncClient, session: Session) -> None:
    """The route reads with msgspec; its entry in the document must stay equal to the structs."""
    document = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/v1/pings"]["post"]
    schemas = {name: {**schema} for name, schema in document["components"]["schemas"].items()}

    def validate(value: Any, content: dict[str, Any]) -> None:
        schema = {**content["application/json"]["schema"], "components": {"schemas": schemas}}
        jsonschema.Draft202012Validator(schema).validate(value)

    phone = await make_phone(session, await make_world(session))
    full = ping(ago(5), 0, speed_mps=1.2, mocked=False, source="wifi", device_id=str(phone.id), sent="ignored: unknown")
    body = {"pings": [full, ping(ago(4), 0)], "sent_at": ago(0).isoformat()}
    request = operation["requestBody"]["content"]
    validate(body, request)
    answer = await send(client, phone, *body["pings"], {"lon": 1})
    validate(answer, operation["responses"]["200"]["content"])
    for wrong in (
        {"pings": []},
        {"pings": [{"lon": 1}]},
        {"pings": [full | {"level": "1"}]},
        {"pings": [full] * 1_001},
    ):
        with pytest.raises(jsonschema.ValidationError):
            validate(wrong, request)
    for struct in (PingsIn, PingsOut):
        assert set(schemas[struct.__name__]["properties"]) == set(struct.__struct_fields__)
    described = schemas["PingIn"]["properties"].values()
    assert all(p.get("description") or any(q.get("description") for q in p.get("anyOf", ())) for p in described)
    assert set(operation["responses"]) == {"200", "401", "403", "413", "422", "503"}
    assert operation["security"] == [{"HTTPBearer": []}]


async def test_nothing_of_a_rejected_ping_is_kept(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    phone = await make_phone(session, world)
    await send(client, phone, ping(ago(-90), 12.345))
    assert await rows(session, "SELECT FROM ping") == await rows(session, "SELECT FROM device_state") == []
    lon = f"{lonlat(12.345, 0)[0]:.6f}"
    stored = json.dumps(await rows(session, "SELECT r::text FROM ping_rejection r"))
    assert lon not in stored


async def test_a_tenant_can_shorten_its_retention(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, ping_retention_days=1)
    phone = await make_phone(session, world)
    old = ping(ago(1.5 * 86_400), 0)
    assert (await send(client, phone, old))["rejected"] == [{"index": 0, "reason": "too_old"}]
    tenant = await session.get_one(Tenant, world.tenant_id)
    tenant.ping_retention_days = 60
    await session.commit()
    assert (await send(client, phone, old))["accepted"] == 1
    beyond = ping(ago(20 * 86_400), 0)
    assert (await send(client, phone, beyond))["rejected"] == [{"index": 0, "reason": "too_old"}], "no partition"

"""Segment's tracking API over HTTP: recorded requests, every path and way to send the key, limits, answers, CORS."""

import base64
import gzip
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text

from geoengage.ingest.rules.segment import MAX_BATCH_BYTES, MAX_EVENT_BYTES
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.limits import RateLimit
from geoengage.profiles.models import Identifier, TrackedEvent
from geoengage.tenancy.rules import KeyKind
from tests.factories import World, make_key_row, make_world
from tests.segment_requests import Recorded, recorded_requests

SINGLE = {"identify": "i", "track": "t", "page": "p", "screen": "s", "group": "g", "alias": "a"}
Post = Callable[..., Any]


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


@pytest.fixture
async def server_key(session: Session, world: World) -> str:
    return await make_key_row(session, world.tenant_id, KeyKind.WRITE, scopes=[], writes="server")


@pytest.fixture
async def browser_key(session: Session, world: World) -> str:
    return await make_key_row(session, world.tenant_id, KeyKind.WRITE, scopes=[], writes="browser")


@pytest.fixture
async def post(client: httpx.AsyncClient, session: Session, server_key: str, browser_key: str) -> AsyncIterator[Post]:
    """Sends a batch and says with what status; keys are committed first."""
    await session.commit()

    async def send(*messages: Any, key: str = server_key, status: int = 200, **over: Any) -> httpx.Response:
        answer = await client.post("/v1/batch", json={"batch": messages} | over, headers=basic(key))
        assert answer.status_code == status, answer.text
        return answer

    return send  # type: ignore[return-value]


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def track(n: int = 0, **over: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Seen", "userId": "customer-1", "messageId": f"m{n}"} | over


async def stored(session: Session) -> list[TrackedEvent]:
    return list((await session.execute(select(TrackedEvent).order_by(TrackedEvent.message_id))).scalars())


async def ids(session: Session, *kinds: str) -> set[tuple[str, str]]:
    rows = (await session.execute(select(Identifier.kind, Identifier.value))).all()
    return {(kind, value) for kind, value in rows if not kinds or kind in kinds}


async def refused(client: httpx.AsyncClient, world: World) -> list[dict[str, Any]]:
    answer = await client.get("/v1/event-rejections", headers=world.sk_headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


# --- recorded requests


@pytest.mark.parametrize("request_", list(recorded_requests()), ids=lambda r: r.name)
async def test_recorded_requests_replay_exactly(
    client: httpx.AsyncClient, session: Session, server_key: str, world: World, request_: Recorded
) -> None:
    """Seven events each, once, though sent twice; with what they said, but for where the phone was."""
    await session.commit()
    for _ in range(2):
        answer = await client.post(
            request_.path, content=request_.packed(server_key), headers=request_.headers | basic(server_key)
        )
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    found = {event.message_id: event for event in await stored(session)}
    assert found.keys() == {event["messageId"] for event in request_.events}
    for said in request_.events:
        event = found[said["messageId"]]
        assert event.type == said["type"]
        wanted = said["type"] in ("track", "page", "screen")
        assert event.properties == (said.get("properties") or {} if wanted else event.properties)
        assert event.name == (said.get("event") or said.get("name") or said.get("groupId"))
        assert event.context["library"] == said["context"]["library"]
        assert "location" not in event.context
        assert event.is_claim is False
    order = next(event for event in found.values() if event.name == "Order Completed")
    assert (order.order_id, order.product_ids) == (
        "o-1", [product["product_id"] for product in order.properties.get("products", ())],
    )  # fmt: skip
    sent = datetime.fromisoformat(request_.body["sentAt"])
    assert abs(order.received_at - order.at - (sent - datetime.fromisoformat(_at(request_)))) < timedelta(seconds=1)
    assert await ids(session) >= {("external_id", "shopper-42"), ("anonymous_id", "anon-7")}
    one = await session.execute(text("SELECT count(DISTINCT profile_id) FROM identifier"))
    assert one.scalar_one() == 1, "the alias joins the anonymous visitor"
    listed = await client.get("/v1/events", headers=world.sk_headers)
    assert len(listed.json()["items"]) == 7
    assert await refused(client, world) == []


def _at(request_: Recorded) -> str:
    return str(next(e["timestamp"] for e in request_.events if e.get("event") == "Order Completed"))


# --- paths, keys, encodings


@pytest.mark.parametrize("path", [*SINGLE, *SINGLE.values()])
async def test_paths_of_one_event(client: httpx.AsyncClient, session: Session, server_key: str, path: str) -> None:
    await session.commit()
    kind = path if path in SINGLE else next(k for k, short in SINGLE.items() if short == path)
    body = {"userId": "u1", "event": "A", "name": "N", "groupId": "G", "previousId": "anon", "messageId": "m1"}
    answer = await client.post(f"/v1/{path}", json=body, headers=basic(server_key))
    assert answer.status_code == 200, answer.text
    (event,) = await stored(session)
    names = {"identify": None, "track": "A", "page": "N", "screen": "N", "group": "G", "alias": None}
    assert (event.type, event.name) == (kind, names[kind])


@pytest.mark.parametrize("path", ["batch", "b"])
@pytest.mark.parametrize("way", ["basic", "bearer", "body", "message"])
async def test_ways_to_send_the_key(
    client: httpx.AsyncClient, session: Session, server_key: str, path: str, way: str
) -> None:
    await session.commit()
    headers = {"basic": basic(server_key), "bearer": {"Authorization": f"Bearer {server_key}"}}.get(way, {})
    body: dict[str, Any] = {"batch": [track() | ({"writeKey": server_key} if way == "message" else {})]}
    body |= {"writeKey": server_key} if way == "body" else {}
    answer = await client.post(f"/v1/{path}", json=body, headers=headers)
    assert (answer.status_code, len(await stored(session))) == (200, 1)


@pytest.mark.parametrize(
    "media", ["text/plain", "application/json; charset=utf-8", "application/x-www-form-urlencoded"]
)
async def test_any_content_type(client: httpx.AsyncClient, session: Session, server_key: str, media: str) -> None:
    await session.commit()
    content = json.dumps({"batch": [track()], "writeKey": server_key}).encode()
    answer = await client.post("/v1/b", content=content, headers={"Content-Type": media})
    assert (answer.status_code, len(await stored(session))) == (200, 1)


async def test_gzip_in_chunks_as_android_sends_it(client: httpx.AsyncClient, session: Session, server_key: str) -> None:
    await session.commit()
    packed = gzip.compress(json.dumps({"batch": [track(n) for n in range(50)], "writeKey": server_key}).encode())

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(packed), 100):
            yield packed[start : start + 100]

    headers = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
    answer = await client.post("/v1/b", content=chunks(), headers=headers)
    assert "content-length" not in answer.request.headers
    assert (answer.status_code, len(await stored(session))) == (200, 50)


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/track"])
async def test_what_can_never_be_read_is_400(
    client: httpx.AsyncClient, session: Session, server_key: str, path: str
) -> None:
    await session.commit()
    limit = MAX_BATCH_BYTES if path == "/v1/batch" else MAX_EVENT_BYTES
    large = json.dumps({"batch": [], "event": "x" * limit}).encode()
    bodies = [b"", b"{", b"[]", b"\xff", large, gzip.compress(large), gzip.compress(b"x" * 10_000)[:-9], b"\x1f\x8bzz"]
    for body in bodies:
        answer = await client.post(path, content=body, headers=basic(server_key))
        assert answer.status_code == 400, body[:20]
        said = answer.json()
        assert (said["code"], said["type"]) == ("bad-request", "/problems/bad-request")
        assert said["message"]
    bomb = gzip.compress(b" " * 200_000_000)
    assert (await client.post(path, content=bomb, headers=basic(server_key))).status_code == 400


async def test_keys_that_are_none(client: httpx.AsyncClient, session: Session, world: World, server_key: str) -> None:
    await session.commit()
    unknown = server_key[:-4] + "aaaa"
    for headers in ({}, basic("nonsense"), basic(unknown), basic(world.sk), {"Authorization": "Basic %%%"}):
        answer = await client.post("/v1/batch", json={"batch": [track()]}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    made = await client.get("/v1/keys", headers=world.sk_headers)
    key_id = next(key["id"] for key in made.json()["items"] if key["kind"] == "wk")
    assert (await client.delete(f"/v1/keys/{key_id}", headers=world.sk_headers)).status_code == 204
    answer = await client.post("/v1/batch", json={"batch": [track()]}, headers=basic(server_key))
    assert answer.status_code == 401
    assert await stored(session) == []


async def test_a_write_key_opens_nothing_else(client: httpx.AsyncClient, session: Session, server_key: str) -> None:
    await session.commit()
    bearer = {"Authorization": f"Bearer {server_key}"}
    for method, path in (("GET", "/v1/events"), ("GET", "/v1/keys"), ("POST", "/v1/devices"), ("GET", "/v1/stores")):
        assert (await client.request(method, path, headers=bearer, json={})).status_code == 403, path


# --- per event


async def test_one_bad_event_is_listed_and_loses_no_other(
    post: Post, client: httpx.AsyncClient, session: Session, world: World
) -> None:
    await post(
        track(1), track(2, userId=None), "nonsense", track(3, event=None), track(4, userId="null"),
        track(5, properties={"x": "y" * MAX_EVENT_BYTES}), track(6),
    )  # fmt: skip
    assert [event.message_id for event in await stored(session)] == ["m1", "m6"]
    listed = {(one["reason"], one["message_id"]) for one in await refused(client, world)}
    assert listed == {
        ("no_user_anon_id", "m2"), ("unreadable", None), ("no_event_name", "m3"), ("no_user_anon_id", "m4"),
        ("too_large", None),
    }  # fmt: skip
    only = await client.get("/v1/event-rejections", params={"reason": "unreadable"}, headers=world.sk_headers)
    assert [one["is_kept"] for one in only.json()["items"]] == [False]


async def test_message_ids_count_once_within_the_tenant_and_apart_for_browsers(
    post: Post, session: Session, browser_key: str, client: httpx.AsyncClient
) -> None:
    await post(track(1), track(1), track(2))
    await post(track(1), track(2), track(3))
    assert len(await stored(session)) == 3
    await post(track(3, anonymousId="a1"), key=browser_key)
    assert len(await stored(session)) == 4, "a browser cannot use up a server's message ids"
    other = await make_world(session)
    key = await make_key_row(session, other.tenant_id, KeyKind.WRITE, scopes=[], writes="server")
    await session.commit()
    await post(track(1), key=key)
    assert len(await stored(session)) == 5


async def test_events_without_message_id_are_all_kept(post: Post, session: Session) -> None:
    await post(track(messageId=None), track(messageId=None))
    assert len({event.message_id for event in await stored(session)}) == 2


async def test_too_many_requests(app: FastAPI, post: Post) -> None:
    app.state.event_limit = RateLimit(2, timedelta(minutes=1))
    await post(track(1))
    await post(track(2))
    answer = await post(track(3), status=429)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["X-RateLimit-Reset"] == answer.headers["Retry-After"]


async def test_a_database_that_is_away_is_503(app: FastAPI, client: httpx.AsyncClient, server_key: str) -> None:
    def away() -> Any:
        raise OSError("the database is away")

    app.state.sessions = away
    answer = await client.post("/v1/batch", json={"batch": [track()]}, headers=basic(server_key))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


# --- who it is


async def test_a_server_identifies(post: Post, client: httpx.AsyncClient, session: Session, world: World) -> None:
    traits = {
        "email": "Mia@Ahornhof.ch", "phone": "+41 44 668 18 00", "firstName": "Mia", "tier": "gold", "id": "x",
        "nothing": "x" * 5_000,
    }  # fmt: skip
    await post(
        {"type": "identify", "userId": "c1", "anonymousId": "a1", "traits": traits, "context": {"locale": "de-CH"}}
    )
    assert await ids(session) == {
        ("external_id", "c1"), ("anonymous_id", "a1"), ("email", "mia@ahornhof.ch"), ("phone", "+41446681800"),
    }  # fmt: skip
    row = (await session.execute(text("SELECT first_name, language, attributes FROM profile"))).one()
    assert (row.first_name, row.language, row.attributes["tier"]) == ("Mia", "de-CH", "gold")
    assert not {"id", "nothing", "firstName"} & row.attributes.keys()


async def test_a_browser_claims_and_links_nothing(post: Post, session: Session, browser_key: str) -> None:
    await post({"type": "identify", "userId": "c1", "traits": {"email": "mia@ahornhof.ch", "tier": "silver"}})
    await post(
        {
            "type": "identify",
            "userId": "c1",
            "anonymousId": "a9",
            "traits": {"email": "mia@ahornhof.ch", "tier": "gold"},
        },
        track(1, userId="c1", anonymousId="a9"),
        track(2, userId="c1"),
        {"type": "alias", "userId": "c1", "previousId": "a9"},
        key=browser_key,
    )
    owners = dict((await session.execute(text("SELECT kind, profile_id FROM identifier"))).all())  # type: ignore[arg-type]
    assert owners["external_id"] == owners["email"]
    assert owners["anonymous_id"] != owners["external_id"]
    known = await session.execute(text("SELECT attributes FROM profile WHERE id = :id"), {"id": owners["external_id"]})
    assert known.scalar_one()["tier"] == "silver"
    assert {event.is_claim for event in await stored(session)} == {True, False}


# --- CORS and settings


async def test_pages_of_any_site_may_send(client: httpx.AsyncClient, session: Session, browser_key: str) -> None:
    await session.commit()
    page = {"Origin": "https://shop.example"}
    body = json.dumps({"type": "track", "event": "A", "anonymousId": "a1", "writeKey": browser_key})
    sent = await client.post("/v1/t", content=body, headers=page | {"Content-Type": "text/plain"})
    assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (200, "*")
    wrong = await client.post("/v1/t", content="{", headers=page)
    assert (wrong.status_code, wrong.headers["access-control-allow-origin"]) == (400, "*")
    for path in ("/v1/t", "/v1/batch", "/v1/m", "/v1/projects/x/settings"):
        asked = page | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        answer = await client.options(path, headers=asked)
        assert answer.status_code == 204, path
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "Content-Type" in answer.headers["access-control-allow-headers"]


async def test_a_clients_own_metrics_are_ignored(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/m", content=b"anything")).status_code == 200


async def test_settings_say_where_to_send(
    app: FastAPI, client: httpx.AsyncClient, session: Session, browser_key: str, server_key: str, world: World
) -> None:
    await session.commit()
    answer = await client.get(f"/v1/projects/{browser_key}/settings")
    assert answer.json() == {
        "integrations": {"Segment.io": {"apiKey": browser_key, "apiHost": "testserver/v1", "protocol": "http"}},
        "plan": {},
        "edgeFunction": {},
    }
    app.state.settings.public_url = "https://mall.example/geo/"
    told = (await client.get(f"/v1/projects/{browser_key}/settings")).json()["integrations"]["Segment.io"]
    assert (told["apiHost"], told["protocol"]) == ("mall.example/geo/v1", "https")
    assert (await client.get(f"/v1/projects/{server_key}/settings")).status_code == 403
    for key in ("nonsense", world.pk, browser_key[:-4] + "aaaa"):
        assert (await client.get(f"/v1/projects/{key}/settings")).status_code == 404


# --- the list


async def test_events_are_listed_and_filtered(
    post: Post, client: httpx.AsyncClient, session: Session, world: World
) -> None:
    now = utc_now()
    await post(
        track(1, timestamp=(now - timedelta(days=2)).isoformat()),
        track(2, event="Product Viewed", properties={"sku": "s"}),
        track(3, userId="customer-2"), {"type": "page", "name": "Home", "userId": "customer-2", "messageId": "m4"},
        sentAt=now.isoformat(),
    )  # fmt: skip

    async def listed(**params: Any) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            query = params | {"limit": 2} | ({"cursor": cursor} if cursor else {})
            answer = await client.get("/v1/events", params=query, headers=world.sk_headers)
            assert answer.status_code == 200, answer.text
            found += [event["message_id"] for event in answer.json()["items"]]
            if (cursor := answer.json()["next"]) is None:
                return sorted(found)

    assert await listed() == ["m1", "m2", "m3", "m4"]
    assert await listed(name="Product Viewed") == ["m2"]
    assert await listed(type="page") == ["m4"]
    assert await listed(since=(now - timedelta(days=1)).isoformat()) == ["m2", "m3", "m4"]
    assert await listed(until=(now - timedelta(days=1)).isoformat()) == ["m1"]
    owner = await session.execute(text("SELECT profile_id FROM identifier WHERE value = 'customer-2'"))
    assert await listed(profile_id=str(owner.scalar_one())) == ["m3", "m4"]


async def test_who_may_see_events(client: httpx.AsyncClient, session: Session, world: World) -> None:
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=["read", "admin"])
    await session.commit()
    assert (await client.get("/v1/events", headers={"Authorization": f"Bearer {key}"})).status_code == 403


# --- keys


async def test_write_keys_are_made_by_api(client: httpx.AsyncClient, world: World) -> None:
    async def make(**over: Any) -> httpx.Response:
        body = {"kind": "wk", "name": "Web shop", "writes": "server"} | over
        return await client.post("/v1/keys", json=body, headers=world.sk_headers)

    made = await make()
    assert made.status_code == 201
    assert made.json()["key"].startswith("wk_")
    assert (made.json()["kind"], made.json()["writes"], made.json()["scopes"]) == ("wk", "server", [])
    wrong = {
        "writes": {"writes": None}, "scopes": {"scopes": ["read"]}, "is_test": {"is_test": True},
        "app_id": {"app_id": str(world.app_id)}, "store_ids": {"store_ids": []},
    }  # fmt: skip
    for member, over in wrong.items():
        answer = await make(**over)
        assert [e["pointer"] for e in answer.json()["errors"]] == [f"#/{member}"]
    other = await make(kind="sk", scopes=["read"])
    assert [e["pointer"] for e in other.json()["errors"]] == ["#/writes"]

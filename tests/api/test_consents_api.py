"""Consents of a person over HTTP: servers, stores, the person's app; STOP, pause, proof of an address, links."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.tenancy.rules import KeyKind
from tests.api.wall.world import bearer, make_phone
from tests.campaign_rows import make_store
from tests.factories import World, make_key_row, make_world

MAIL = {"channel": "email", "purpose": "marketing"}
PROOF = {"text_version": "2", "source": "checkout"}


@dataclass
class Person:
    """Somebody with a device, an e-mail address and a telephone, known to the first of two stores."""

    world: World
    id: str
    email: UUID
    phone: UUID
    toys: UUID
    books: UUID
    device: dict[str, str]  # its headers
    shop: dict[str, str]  # headers of a key of the first store

    @property
    def path(self) -> str:
        return f"/v1/profiles/{self.id}"

    @property
    def sk(self) -> dict[str, str]:
        return self.world.sk_headers


async def add_id(session: Session, tenant_id: UUID, profile_id: str, kind: str, value: str) -> UUID:
    """Another id of a person."""
    id_ = new_id()
    await session.execute(
        text(
            "INSERT INTO identifier (tenant_id, id, kind, value, profile_id, origin_profile_id, is_verified, source,"
            " created_at) VALUES (:t, :id, :kind, :value, :p, :p, true, 'test', now())"
        ),
        {"t": tenant_id, "id": id_, "kind": kind, "value": value, "p": profile_id},
    )
    return id_


@pytest.fixture
async def anna(client: httpx.AsyncClient, session: Session) -> Person:
    world = await make_world(session)
    toys, books = await make_store(session, world, name="Toys"), await make_store(session, world, name="Books")
    phone = await make_phone(client, world, world.app_id, "anna")
    linked = await client.post(
        f"/v1/devices/{phone.id}/link", json={"external_id": "c-1", "first_name": "Anna"}, headers=world.sk_headers
    )
    id_ = linked.json()["profile_id"]
    email = await add_id(session, world.tenant_id, id_, "email", "anna@example.com")
    number = await add_id(session, world.tenant_id, id_, "phone", "+41791234567")
    await session.execute(
        text(
            "INSERT INTO store_profile (tenant_id, store_id, identifier_id, basis, at)"
            " VALUES (:t, :s, :i, 'order', now())"
        ),
        {"t": world.tenant_id, "s": toys, "i": email},
    )
    shop = await make_key_row(
        session, world.tenant_id, KeyKind.SECRET, scopes=["customers", "commerce"], store_ids=[toys]
    )
    await session.commit()
    return Person(world, id_, email, number, toys, books, bearer(phone.token), bearer(shop))


async def put(client: httpx.AsyncClient, person: Person, *wishes: dict[str, Any], **over: Any) -> httpx.Response:
    headers = over.pop("headers", person.sk)
    body = {"decisions": list(wishes)} | PROOF | over
    return await client.put(f"{person.path}/consents", json=body, headers=headers)


async def allowed(client: httpx.AsyncClient, person: Person, **query: Any) -> tuple[bool, str | None]:
    params = MAIL | query
    answer = await client.get(f"{person.path}/may-contact", params=params, headers=person.sk)
    assert answer.status_code == 200, answer.text
    return answer.json()["allowed"], answer.json()["reason"]


async def test_a_decision_with_its_proof(client: httpx.AsyncClient, anna: Person) -> None:
    assert await allowed(client, anna) == (False, "no_consent")
    told = await put(client, anna, MAIL | {"state": "subscribed"})
    assert told.status_code == 200, told.text
    (decision,) = told.json()["decisions"]
    assert decision | {"at": ""} == MAIL | {"store_id": None, "state": "subscribed", "at": ""} | PROOF
    assert await allowed(client, anna) == (True, None)
    assert await allowed(client, anna, store_id=str(anna.toys)) == (True, None)
    # what is older goes into the history only
    old = (datetime.now(UTC) - timedelta(days=9)).isoformat()
    told = await put(client, anna, MAIL | {"state": "unsubscribed"}, at=old)
    assert told.json()["decisions"][0]["state"] == "subscribed"
    history = (await client.get(f"{anna.path}/consents/history", headers=anna.sk)).json()
    states = [item["state"] for item in history["items"]]
    assert states == ["subscribed"] * 3 + ["unsubscribed"] * 3  # for each of three ids
    await put(client, anna, MAIL | {"state": "unsubscribed"}, at=old)  # the same once more
    assert len((await client.get(f"{anna.path}/consents/history", headers=anna.sk)).json()["items"]) == 6
    page = (await client.get(f"{anna.path}/consents/history", params={"limit": 4}, headers=anna.sk)).json()
    rest = (await client.get(f"{anna.path}/consents/history", params={"cursor": page["next"]}, headers=anna.sk)).json()
    assert [i["id"] for i in page["items"] + rest["items"]] == [i["id"] for i in history["items"]]


@pytest.mark.parametrize(
    "wish, over, words",
    [
        (MAIL | {"state": "subscribed"}, {"at": "2100-01-01T00:00:00Z"}, "future"),
        ({"channel": "email", "purpose": "transactional", "state": "unsubscribed"}, {}, "transactional"),
        (MAIL | {"state": "subscribed", "store_id": str(UUID(int=5))}, {}, "no such store"),
        (MAIL | {"state": "maybe"}, {}, "subscribed"),
        (MAIL | {"state": "subscribed"}, {"text_version": ""}, "text_version"),
    ],
)
async def test_refused(
    client: httpx.AsyncClient, anna: Person, wish: dict[str, Any], over: dict[str, Any], words: str
) -> None:
    answer = await put(client, anna, wish, **over)
    assert answer.status_code == 422
    assert words in answer.text


async def test_a_store_sees_and_changes_its_own_part(client: httpx.AsyncClient, anna: Person, session: Session) -> None:
    toys, books = str(anna.toys), str(anna.books)
    await put(client, anna, MAIL | {"state": "subscribed"}, MAIL | {"state": "unsubscribed", "store_id": books})
    seen = await put(client, anna, MAIL | {"state": "subscribed", "store_id": toys}, headers=anna.shop)
    assert seen.status_code == 200, seen.text
    assert [d["store_id"] for d in seen.json()["decisions"]] == [toys]
    history = (await client.get(f"{anna.path}/consents/history", headers=anna.shop)).json()["items"]
    assert {item["store_id"] for item in history} == {toys}
    for store_id in (None, books):
        assert (
            await put(client, anna, MAIL | {"state": "unsubscribed", "store_id": store_id}, headers=anna.shop)
        ).status_code == 422
        params = MAIL | ({"store_id": store_id} if store_id else {})
        assert (await client.get(f"{anna.path}/may-contact", params=params, headers=anna.shop)).status_code == 422
    body = {"everything": True, "source": "call"}
    assert (await client.post(f"{anna.path}/stop", json=body, headers=anna.shop)).status_code == 403
    body = {"channel": "email", "store_id": books, "source": "call"}
    assert (await client.post(f"{anna.path}/stop", json=body, headers=anna.shop)).status_code == 422
    assert (
        await client.post(f"{anna.path}/stop", json=body | {"store_id": toys}, headers=anna.shop)
    ).status_code == 204
    assert await allowed(client, anna, store_id=toys) == (False, "unsubscribed")
    assert await allowed(client, anna) == (True, None)
    for path in ("pause", "preference-link", f"addresses/{anna.email}/email"):
        method = "POST" if path == "preference-link" else "PUT"
        answer = await client.request(method, f"{anna.path}/{path}", json={}, headers=anna.shop)
        assert answer.status_code in (403, 404), path
    # somebody who never dealt with the store is nobody to it
    await session.execute(text("DELETE FROM store_profile"))
    for path in ("consents", "consents/history"):
        assert (await client.get(f"{anna.path}/{path}", headers=anna.shop)).status_code == 404


async def test_stop_and_everything(client: httpx.AsyncClient, anna: Person) -> None:
    toys = str(anna.toys)
    sms = {"channel": "sms", "purpose": "marketing"}
    yes = [w | {"state": "subscribed", "store_id": s} for w in (MAIL, sms) for s in (None, toys)]
    await put(client, anna, *yes, {"channel": "sms", "purpose": "service", "state": "subscribed"})
    stop = {"channel": "sms", "store_id": toys, "source": "sms"}
    assert (await client.post(f"{anna.path}/stop", json=stop, headers=anna.sk)).status_code == 204
    assert await allowed(client, anna, **sms, store_id=toys) == (False, "unsubscribed")
    assert await allowed(client, anna, **sms) == (True, None)
    assert await allowed(client, anna, store_id=toys) == (True, None)
    long_ago = stop | {"at": "1339-05-31T12:58:00Z"}
    for wrong in ({"source": "x"}, {"everything": True, "channel": "sms", "source": "x"}, long_ago):
        assert (await client.post(f"{anna.path}/stop", json=wrong, headers=anna.sk)).status_code == 422
    everything = {"everything": True, "source": "call"}
    assert (await client.post(f"{anna.path}/stop", json=everything, headers=anna.sk)).status_code == 204
    for query in (MAIL, sms, sms | {"store_id": toys}, MAIL | {"store_id": toys}):
        assert (await allowed(client, anna, **query))[0] is False
    assert await allowed(client, anna, channel="sms", purpose="service") == (True, None)
    assert await allowed(client, anna, channel="sms", purpose="transactional") == (True, None)
    device = (await client.get("/v1/devices/me", headers=anna.device)).json()
    assert device["consents"]["marketing_push"] == "denied"
    # a yes from before that arrives late does not count; a later one does
    old = (datetime.now(UTC) - timedelta(days=9)).isoformat()
    viber = {"channel": "viber", "purpose": "marketing"}
    await put(client, anna, viber | {"state": "subscribed"}, at=old)
    assert await allowed(client, anna, **viber) == (False, "stopped")
    await put(client, anna, viber | {"state": "subscribed"})
    assert await allowed(client, anna, **viber) == (True, None)


async def test_a_pause(client: httpx.AsyncClient, anna: Person) -> None:
    await put(client, anna, MAIL | {"state": "subscribed"})
    told = (await client.put(f"{anna.path}/pause", json={}, headers=anna.sk)).json()
    assert timedelta(days=29) < datetime.fromisoformat(told["paused_until"]) - datetime.now(UTC) < timedelta(days=31)
    assert await allowed(client, anna) == (False, "paused")
    assert (await client.get(f"{anna.path}/consents", headers=anna.sk)).json()["paused_until"] == told["paused_until"]
    assert (await client.delete(f"{anna.path}/pause", headers=anna.sk)).status_code == 204
    assert await allowed(client, anna) == (True, None)
    far = {"until": "2100-01-01T00:00:00Z"}
    assert (await client.put(f"{anna.path}/pause", json=far, headers=anna.sk)).status_code == 422


async def test_an_address_proves_itself(client: httpx.AsyncClient, anna: Person) -> None:
    await put(client, anna, MAIL | {"state": "pending"})
    address = f"{anna.path}/addresses/{anna.email}/email"
    at = {"identifier_id": str(anna.email)}
    assert await allowed(client, anna, **at) == (False, "unreachable")
    asked = (await client.post(f"{address}/proof", headers=anna.sk)).json()
    assert await allowed(client, anna) == (False, "pending")
    wrong = "000000" if asked["code"] != "000000" else "111111"
    for _ in range(5):
        answer = await client.post(f"{address}/proof/confirm", json={"code": wrong}, headers=anna.sk)
        assert answer.json()["type"] == "/problems/proof-refused"
    answer = await client.post(f"{address}/proof/confirm", json={"code": asked["code"]}, headers=anna.sk)
    assert answer.status_code == 404, "it was guessed at too often"
    asked = (await client.post(f"{address}/proof", headers=anna.sk)).json()
    answer = await client.post(f"{address}/proof/confirm", json={"code": asked["code"]}, headers=anna.sk)
    assert answer.status_code == 204
    assert await allowed(client, anna, **at) == (True, None)
    consents = (await client.get(f"{anna.path}/consents", headers=anna.sk)).json()
    assert (consents["decisions"][0]["source"], consents["decisions"][0]["text_version"]) == ("double opt-in", "2")
    (email,) = (a for a in consents["addresses"] if a["kind"] == "email")
    assert (email["points"][0]["state"], email["points"][0]["reason"]) == ("reachable", "double opt-in")
    assert "anna@example.com" not in str(consents)
    # by the link: a page with a button, used once
    asked = (await client.post(f"{address}/proof", headers=anna.sk)).json()
    link = asked["link"].removeprefix("http://testserver")
    assert "<button" in (await client.get(link)).text
    assert "Confirmed" in (await client.post(link)).text
    assert (await client.post(link)).status_code == 404
    # an id that is no address of that channel, and somebody else's
    assert (await client.post(f"{anna.path}/addresses/{anna.phone}/email/proof", headers=anna.sk)).status_code == 422
    other = f"{anna.path}/addresses/{UUID(int=3)}/email/proof"
    assert (await client.post(other, headers=anna.sk)).status_code == 404


async def test_what_providers_say_of_an_address(client: httpx.AsyncClient, anna: Person) -> None:
    await put(client, anna, {"channel": "sms", "purpose": "marketing", "state": "subscribed"})
    address, at = f"{anna.path}/addresses/{anna.phone}/sms", {"identifier_id": str(anna.phone), "channel": "sms"}
    for state, now, marketing in (
        ("reachable", "reachable", True),
        ("bounced", "bounced", False),
        ("reachable", "reachable", True),
        ("complained", "complained", False),
        ("reachable", "complained", False),  # only the person takes it back
        ("unproven", "complained", False),
    ):
        body = {"state": state, "reason": "30003"}
        assert (await client.put(address, json=body, headers=anna.sk)).json() == {"state": now}
        assert (await allowed(client, anna, **at))[0] is marketing
    assert await allowed(client, anna, **at, purpose="transactional") == (True, None)
    asked = (await client.post(f"{address}/proof", headers=anna.sk)).json()
    await client.post(f"{address}/proof/confirm", json={"code": asked["code"]}, headers=anna.sk)
    assert await allowed(client, anna, **at) == (True, None)


async def test_the_persons_own_app(client: httpx.AsyncClient, anna: Person) -> None:
    body = {"decisions": [MAIL | {"state": "subscribed"}]} | PROOF
    told = await client.put("/v1/me/consents", json=body, headers=anna.device)
    assert told.status_code == 200, told.text
    assert told.json() == (await client.get("/v1/me/consents", headers=anna.device)).json()
    assert len((await client.get("/v1/me/consents/history", headers=anna.device)).json()["items"]) == 3
    link = (await client.post("/v1/me/preference-link", headers=anna.device)).json()
    ends = datetime.fromisoformat(link["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=50) < ends <= timedelta(hours=1)
    assert (await client.get(link["url"].removeprefix("http://testserver"))).status_code == 200
    assert (await client.delete("/v1/devices/me/link", headers=anna.device)).status_code == 204
    for method, path in (("GET", "consents"), ("GET", "consents/history"), ("POST", "preference-link")):
        answer = await client.request(method, f"/v1/me/{path}", headers=anna.device)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")


async def test_every_look_and_change_is_in_the_audit_log(client: httpx.AsyncClient, anna: Person) -> None:
    await client.get(anna.path, headers=anna.sk)
    await client.get("/v1/profiles", headers=anna.sk)
    await client.get(f"{anna.path}/consents", headers=anna.sk)
    await client.get(f"/v1/profiles/{UUID(int=9)}", headers=anna.sk)  # nobody was seen
    await put(client, anna, MAIL | {"state": "subscribed"}, headers=anna.shop)  # refused: nothing was changed
    await put(client, anna, MAIL | {"state": "subscribed"})
    await client.put(f"{anna.path}/pause", json={}, headers=anna.sk)
    log = (await client.get("/v1/audit-log", params={"subject": anna.id}, headers=anna.sk)).json()["items"]
    assert [(e["action"], e["reason"]) for e in log] == [
        ("consents.pause", None), ("consents.change", None), ("person.read", "consents"), ("person.read", None),
    ]  # fmt: skip
    assert {e["actor_name"] for e in log} == {"test"}
    assert "anna@" not in str(log)
    reads = (await client.get("/v1/audit-log", params={"kind": "read"}, headers=anna.sk)).json()["items"]
    assert [e["action"] for e in reads] == ["person.read", "person.search", "person.read"]
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert (await client.get("/v1/audit-log", params={"since": soon}, headers=anna.sk)).json()["items"] == []
    # who may not see people sees that somebody looked, not at whom
    body = {"kind": "sk", "name": "books", "scopes": ["admin"]}
    key = (await client.post("/v1/keys", json=body, headers=anna.sk)).json()["key"]
    seen = (await client.get("/v1/audit-log", headers=bearer(key))).json()["items"]
    assert {e["subject"] for e in seen if e["action"].startswith(("person", "consents"))} == {None}
    assert all(e["subject"] for e in seen if e["action"] == "key.create")
    assert (await client.get("/v1/audit-log", params={"subject": anna.id}, headers=bearer(key))).status_code == 403

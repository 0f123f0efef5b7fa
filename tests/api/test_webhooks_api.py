"""Endpoints over HTTP: what may be registered and by whom, secrets shown once, replay, a test, deliveries."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.kit.events import publish
from geoengage.kit.ids import new_id
from geoengage.kit.outbound import open_outbound
from geoengage.kit.settings import WebhookSettings
from geoengage.messaging.rules import SendingStopped
from geoengage.tenancy.rules import KeyKind, Scope
from geoengage.webhooks.jobs import Courier
from geoengage.webhooks.service.endpoints import MOST
from tests.api.test_live_api import listen, make_store, zone_event
from tests.api.wall.world import Side, bearer, make_side
from tests.conftest import KEY
from tests.factories import World, make_key_row, make_world
from tests.providers.webhook_receiver import Receiver, closed_port

URL = "https://hooks.example.com/in"


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


@pytest.fixture
async def receiver(app: FastAPI) -> AsyncIterator[Receiver]:
    """A receiver on this machine, which the settings allow."""
    app.state.settings = app.state.settings.model_copy(
        update={"webhooks": WebhookSettings(allow_loopback=True, timeout_s=3)}
    )
    async with Receiver(clock=lambda: utc_now().timestamp()).running() as running:
        yield running


async def create(client: httpx.AsyncClient, world: World, *, expect: int = 201, **over: Any) -> Any:
    answer = await client.post("/v1/webhooks", json={"name": "CRM", "url": URL} | over, headers=world.sk_headers)
    assert answer.status_code == expect, answer.text
    return answer.json()


async def deliver(sessions: Sessions, rounds: int = 50) -> None:
    """A worker, until it rests."""
    async with open_outbound(timeout_s=3, allow_loopback=True) as outbound:
        worker = Courier(sessions, outbound, WebhookSettings(allow_loopback=True), KEY)
        for _ in range(rounds):
            if not await worker.step():
                return


async def test_an_endpoint_is_made_read_changed_and_deleted(client: httpx.AsyncClient, world: World) -> None:
    made = await create(client, world, types=["zone.exited", "zone.entered", "zone.entered"])
    assert made["secret"].startswith("whsec_")
    assert made["types"] == ["zone.entered", "zone.exited"]
    assert (made["status"], made["with_people"], made["pending"], made["behind"]) == ("active", False, 0, 0)
    path = f"/v1/webhooks/{made['id']}"
    read = await client.get(path, headers=world.sk_headers)
    assert read.json() == {name: value for name, value in made.items() if name != "secret"}
    assert made["secret"] not in (await client.get("/v1/webhooks", headers=world.sk_headers)).text
    seen = world.sk_headers | {"If-Match": read.headers["etag"]}
    types = ["zone.exited", "message.sent", "zone.exited"]
    changed = await client.patch(path, json={"types": types}, headers=seen)
    assert changed.json()["types"] == ["message.sent", "zone.exited"]
    seen["If-Match"] = changed.headers["etag"]
    changed = await client.patch(path, json={"name": "ERP", "types": []}, headers=seen)
    assert (changed.status_code, changed.json()["name"], changed.json()["types"]) == (200, "ERP", [])
    assert changed.headers["etag"] == '"v3"'
    assert (await client.patch(path, json={"name": "x"}, headers=seen)).status_code == 412
    assert (await client.patch(path, json={"name": "x"}, headers=world.sk_headers)).status_code == 428
    assert (await client.delete(path, headers=world.sk_headers)).status_code == 204
    assert (await client.get(path, headers=world.sk_headers)).status_code == 404


async def test_the_secret_is_stored_sealed_and_told_once(
    client: httpx.AsyncClient, world: World, session: Session
) -> None:
    once = world.sk_headers | {"Idempotency-Key": "k1"}
    first = await client.post("/v1/webhooks", json={"name": "CRM", "url": URL}, headers=once)
    again = await client.post("/v1/webhooks", json={"name": "CRM", "url": URL}, headers=once)
    assert again.json() == first.json() | {"secret": None}
    assert first.headers["cache-control"] == "no-store"
    secret = first.json()["secret"]
    rows = (await session.execute(text("SELECT to_jsonb(w)::text FROM webhook w"))).scalars().all()
    assert len(rows) == 1
    assert secret not in rows[0]
    assert secret.removeprefix("whsec_").encode().hex() not in rows[0]


@pytest.mark.parametrize(
    "wrong, member",
    [
        ({"url": "http://hooks.example.com"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "http://127.0.0.1:8000/"}, "url"),
        ({"url": "https://u:p@hooks.example.com"}, "url"),
        ({"types": ["zone.painted"]}, "types/0"),
        ({"store_ids": []}, "store_ids"),
        ({"store_ids": [str(new_id())]}, "store_ids"),
        ({"name": " "}, "name"),
        ({"secret": "whsec_mine"}, "secret"),
    ],
)
async def test_what_is_refused(client: httpx.AsyncClient, world: World, wrong: dict[str, Any], member: str) -> None:
    problem = await create(client, world, expect=422, **wrong)
    assert [error["pointer"] for error in problem["errors"]] == [f"#/{member}"]
    made = await create(client, world)
    seen = world.sk_headers | {"If-Match": '"v1"'}
    refused = await client.patch(f"/v1/webhooks/{made['id']}", json=wrong, headers=seen)
    assert refused.status_code == 422


async def test_a_tenant_has_a_handful(client: httpx.AsyncClient, world: World) -> None:
    for _ in range(MOST):
        await create(client, world)
    await create(client, world, expect=409)


async def test_who_may_not_see_people_makes_no_endpoint_that_hears_of_them(
    client: httpx.AsyncClient, world: World, session: Session
) -> None:
    """Nor leads one that does to another address, nor reads what it answered."""
    scopes = [scope.value for scope in Scope if scope is not Scope.PEOPLE]
    admin = bearer(await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=scopes))
    await session.commit()
    body = {"name": "CRM", "url": URL, "with_people": True}
    assert (await client.post("/v1/webhooks", json=body, headers=admin)).status_code == 403
    made = await create(client, world, with_people=True)
    path = f"/v1/webhooks/{made['id']}"
    for change in ({"url": "https://elsewhere.example.com"}, {"with_people": False}, {"name": "x"}):
        answer = await client.patch(path, json=change, headers=admin | {"If-Match": '"v1"'})
        assert answer.status_code == 403
    await session.execute(
        text(
            "INSERT INTO webhook_delivery (tenant_id, webhook_id, position, type, status, next_at, planned_at, tries)"
            " VALUES (:t, :w, 1, 'zone.entered', 'pending', now(), now(), CAST(:tries AS jsonb))"
        ),
        {
            "t": world.tenant_id,
            "w": made["id"],
            "tries": '[{"at": "2026-11-20T10:00:00Z", "status": 500, "took_ms": 3, "answer": "who is customer-7?"}]',
        },
    )
    await session.commit()
    for headers, answer in ((admin, ""), (world.sk_headers, "who is customer-7?")):
        listed = (await client.get(f"{path}/deliveries", headers=headers)).json()["items"]
        assert listed[0]["tries"][0]["answer"] == answer
    problem = await create(client, world, expect=422, with_people=True, store_ids=[await store_of(session, world)])
    assert "people belong to the whole programme" in problem["detail"]


async def store_of(session: Session, world: World) -> str:
    return str(await make_store(session, world))


async def test_rotating_a_secret(client: httpx.AsyncClient, world: World) -> None:
    made = await create(client, world)
    path = f"/v1/webhooks/{made['id']}"
    before = datetime.now(UTC)
    new = (await client.post(f"{path}/rotate-secret", headers=world.sk_headers)).json()
    assert new["secret"] != made["secret"]
    until = datetime.fromisoformat(new["old_secret_until"])
    assert timedelta(hours=24) <= until - before < timedelta(hours=24, minutes=1)
    assert (await client.get(path, headers=world.sk_headers)).json()["old_secret_until"] == new["old_secret_until"]
    at_once = await client.post(f"{path}/rotate-secret", json={"overlap_h": 0}, headers=world.sk_headers)
    assert at_once.json()["old_secret_until"] is None
    assert (
        await client.post(f"{path}/rotate-secret", json={"overlap_h": 999}, headers=world.sk_headers)
    ).status_code == 422


async def test_a_test_says_how_the_receiver_answered(
    client: httpx.AsyncClient, world: World, receiver: Receiver
) -> None:
    made = await create(client, world, url=f"{receiver.url}/in")
    receiver.secrets = [made["secret"]]
    path = f"/v1/webhooks/{made['id']}"
    answer = (await client.post(f"{path}/test", headers=world.sk_headers)).json()
    assert (answer["status"], answer["delivered"], answer["answer"]) == (200, True, "thanks")
    (call,) = receiver.calls
    assert (call.verified, call.body["type"], call.body["data"]["name"]) == (True, "webhook.test", "CRM")
    receiver.fail_with(500)
    await client.post(f"{path}/disable", headers=world.sk_headers)
    answer = (await client.post(f"{path}/test", headers=world.sk_headers)).json()
    assert (answer["status"], answer["delivered"]) == (500, False)
    nobody = await create(client, world, url=closed_port())
    answer = (await client.post(f"/v1/webhooks/{nobody['id']}/test", headers=world.sk_headers)).json()
    assert (answer["status"], answer["answer"]) == (None, "no connection: ConnectionRefusedError")
    for _ in range(8):
        last = await client.post(f"{path}/test", headers=world.sk_headers)
    assert last.status_code == 429


async def test_a_test_leads_to_no_private_address(client: httpx.AsyncClient, world: World) -> None:
    made = await create(client, world, url="https://localhost:1/")
    answer = (await client.post(f"/v1/webhooks/{made['id']}/test", headers=world.sk_headers)).json()
    assert answer["status"] is None
    assert answer["answer"] == "not called: it leads to an address that is not of the open internet"


async def test_events_arrive_are_listed_and_replayed(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, receiver: Receiver
) -> None:
    """A person walks in; a CRM that may know people hears of them by the tenant's own ids, another one does not."""
    side: Side = await make_side(client, session, "alpha")
    known = await create(client, side.world, url=f"{receiver.url}/known", with_people=True, types=["zone.entered"])
    unknown = await create(client, side.world, url=f"{receiver.url}/unknown")
    receiver.secrets = [known["secret"], unknown["secret"]]
    event = zone_event(side.ids["zone"], device_id=side.ids["device"])
    await publish(session, side.world.tenant_id, [event, SendingStopped(by="anna", reason=None)], utc_now())
    await session.commit()
    await deliver(sessions)
    of = {path: [c.body for c in receiver.calls if c.path == path] for path in ("/known", "/unknown")}
    (entered,) = of["/known"]
    assert all(call.verified for call in receiver.calls)
    data = entered["data"]
    assert (data["device_id"], data["external_id"]) == (side["device"], "alpha-person")
    assert (data["zone_name"], data["store_id"], data["mall_id"]) == ("alpha-zone", side["store"], side["mall"])
    assert [body["type"] for body in of["/unknown"]] == ["zone.entered", "sending.stopped"]
    shown = str(of["/unknown"])
    assert side["device"] not in shown
    assert "alpha-person" not in shown
    assert "anna" not in shown
    assert of["/unknown"][0]["data"]["pseudonym"] == data["pseudonym"]

    path = f"/v1/webhooks/{unknown['id']}"
    page = (await client.get(f"{path}/deliveries?limit=1", headers=side.world.sk_headers)).json()
    assert (page["items"][0]["type"], page["items"][0]["status"]) == ("sending.stopped", "delivered")
    assert page["items"][0]["tries"][0]["answer"] == "thanks"
    rest = (await client.get(f"{path}/deliveries?cursor={page['next']}", headers=side.world.sk_headers)).json()
    assert [item["type"] for item in rest["items"]] == ["zone.entered"]
    none = await client.get(f"{path}/deliveries?status=failed", headers=side.world.sk_headers)
    assert none.json() == {"items": [], "next": None}

    position = rest["items"][0]["position"]
    replayed = await client.post(f"{path}/replay", json={"from_position": position}, headers=side.world.sk_headers)
    assert replayed.json() == {"from_position": position, "to_position": position + 1}
    assert (await client.get(path, headers=side.world.sk_headers)).json()["behind"] == 2
    receiver.calls.clear()
    await deliver(sessions)
    assert {call.id for call in receiver.calls} == {page["items"][0]["message_id"], rest["items"][0]["message_id"]}
    since = (utc_now() - timedelta(hours=1)).isoformat()
    by_time = await client.post(f"{path}/replay", json={"from_time": since}, headers=side.world.sk_headers)
    assert by_time.json() == {"from_position": 1, "to_position": position + 1}
    for wrong in ({}, {"from_position": 1, "from_time": since}, {"from_position": 0}, {"from_position": position + 99}):
        answer = await client.post(f"{path}/replay", json=wrong, headers=side.world.sk_headers)
        assert answer.status_code == 422
    assert answer.json()["newest_position"] == position + 1


async def test_a_disabled_endpoint_is_enabled_and_the_feed_tells_of_one_given_up(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, receiver: Receiver, world: World
) -> None:
    made = await create(client, world, url=receiver.url)
    path = f"/v1/webhooks/{made['id']}"
    assert (await client.post(f"{path}/enable", headers=world.sk_headers)).status_code == 409
    receiver.fail_with(410)
    await publish(session, world.tenant_id, [SendingStopped(by="anna", reason=None)], utc_now())
    await session.commit()
    await deliver(sessions)
    session.expire_all()
    gone = (await client.get(path, headers=world.sk_headers)).json()
    assert (gone["status"], gone["disabled_reason"], gone["pending"]) == ("disabled", "gone", 1)
    (alert,) = [data for _, name, data in await listen(client, world.sk_headers, "1") if name == "alert"]
    assert (alert["kind"], alert["text"]) == (
        "webhook_disabled", "CRM gets no events any more: its receiver said that it is gone"
    )  # fmt: skip
    receiver.fail_with(None)
    enabled = (await client.post(f"{path}/enable", headers=world.sk_headers)).json()
    assert (enabled["status"], enabled["disabled_reason"], enabled["failures"]) == ("active", None, 0)
    await deliver(sessions)
    assert [call.body["type"] for call in receiver.accepted()] == ["sending.stopped", "webhook.disabled"]
    by_hand = (await client.post(f"{path}/disable", headers=world.sk_headers)).json()
    assert by_hand["disabled_reason"] == "by_hand"
    assert (await client.post(f"{path}/disable", headers=world.sk_headers)).status_code == 409
    audit = (await session.execute(text("SELECT action FROM audit_entry ORDER BY id"))).scalars().all()
    assert audit == ["webhook.create", "webhook.enable", "webhook.disable"]


async def test_what_waits_goes_to_the_new_address_at_once(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, receiver: Receiver, world: World
) -> None:
    made = await create(client, world, url=closed_port())
    await publish(session, world.tenant_id, [SendingStopped(by="anna", reason=None)] * 8, utc_now())
    await session.commit()
    await deliver(sessions)
    session.expire_all()
    path = f"/v1/webhooks/{made['id']}"
    ill = await client.get(path, headers=world.sk_headers)
    assert (ill.json()["failures"] >= 5, ill.json()["pending"]) == (True, 8)
    seen = world.sk_headers | {"If-Match": ill.headers["etag"]}
    moved = (await client.patch(path, json={"url": receiver.url}, headers=seen)).json()
    assert (moved["failures"], moved["failing_since"]) == (0, None)
    await deliver(sessions)
    assert len(receiver.accepted()) == 8


async def test_nothing_of_it_is_logged(
    client: httpx.AsyncClient, world: World, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    made = await create(client, world, url=f"{receiver.url}/a-secret-path")
    await client.post(f"/v1/webhooks/{made['id']}/test", headers=world.sk_headers)
    said = capsys.readouterr()
    for word in (made["secret"], "a-secret-path"):
        assert word not in said.out + said.err

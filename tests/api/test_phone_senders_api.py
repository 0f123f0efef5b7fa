"""Accounts of WhatsApp, SMS and Viber over HTTP: write-only, checked, templates; keys that change while it sends."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from geoengage.kit import sealed
from geoengage.kit.db import Session
from geoengage.kit.settings import PhoneChannelSettings, Settings
from geoengage.messaging import service
from geoengage.messaging.rules.phone import hook_token
from tests.campaign_rows import make_store
from tests.conftest import KEY
from tests.factories import World, make_world
from tests.providers.meta_server import APP_SECRET, BUSINESS, NUMBER, TOKEN, MetaServer, template
from tests.providers.text_servers import API_KEY, AUTH_TOKEN, SID, WEBHOOK_KEY, TextServer

SECRETS = (TOKEN, APP_SECRET, AUTH_TOKEN, WEBHOOK_KEY, API_KEY)
WHATSAPP = {
    "phone_number_id": NUMBER, "business_account_id": BUSINESS, "access_token": TOKEN, "app_secret": APP_SECRET,
    "templates": {"marketing": "news"},
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "whatsapp": WHATSAPP,
    "sms": {"account_sid": SID, "auth_token": AUTH_TOKEN, "webhook_keys": {"key1": WEBHOOK_KEY}, "sender": "SHOP"},
    "viber": {"base": "x1y2", "sender": "SHOP", "api_key": API_KEY},
}
NEW = "a-new-key-for-tests-only-0123456789abcdef"


@pytest.fixture
async def world(session: Session, app: FastAPI, meta: MetaServer, texts: TextServer) -> World:
    app.state.settings.phone_channels = PhoneChannelSettings(
        graph_url=meta.url, twilio_url=texts.url, infobip_url=texts.url, timeout_s=2
    )
    app.state.settings.public_url = "https://shop.example/"
    return await make_world(session)


async def put(client: httpx.AsyncClient, world: World, channel: str, **over: Any) -> httpx.Response:
    body = BODIES[channel] | over
    return await client.put(f"/v1/senders/{channel}", json=body, headers=world.sk_headers)


def no_secret(*texts: str) -> None:
    """None of the markers is in any of these."""
    assert not [secret for secret in SECRETS for shown in texts if secret in shown]


async def test_each_account_is_put_checked_listed_and_removed_without_its_secrets(
    client: httpx.AsyncClient, session: Session, world: World, meta: MetaServer, caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    shown = []
    for channel in BODIES:
        answer = await put(client, world, channel)
        assert answer.status_code == 200, answer.text
        sender = answer.json()
        assert (sender["channel"], sender["status"], sender["store_id"]) == (channel, "unchecked", None)
        assert sender["hook_url"].startswith(f"https://shop.example/v1/hooks/{channel}/{sender['id']}")
        checked = await client.post(f"/v1/senders/{sender['id']}/check", headers=world.sk_headers)
        assert (checked.json()["result"], checked.json()["status"]) == ("works", "works")
        shown += [answer.text, checked.text]
    listed = await client.get("/v1/senders", headers=world.sk_headers)
    assert [item["channel"] for item in listed.json()["items"]] == list(BODIES)
    meta.token = "another"
    id_ = listed.json()["items"][0]["id"]
    refused = (await client.post(f"/v1/senders/{id_}/check", headers=world.sk_headers)).json()
    assert (refused["result"], refused["status"]) == ("wrong_key", "fails")
    assert refused["since"] > listed.json()["items"][0]["since"]
    wrong = await put(client, world, "whatsapp", phone_number_id="+41 79", app_secret="short")
    assert [e["pointer"] for e in wrong.json()["errors"]] == ["#/phone_number_id", "#/app_secret"]
    # what is left out stays: the token is there still
    kept = await put(client, world, "whatsapp", access_token=None, per_minute=5)
    assert (kept.status_code, kept.json()["id"], kept.json()["per_minute"]) == (200, id_, 5)
    dump = "".join(str(row) for row in await session.execute(text("SELECT account, sealed FROM phone_sender")))
    dump += "".join(str(row) for row in await session.execute(text("SELECT * FROM audit_entry")))
    out = capsys.readouterr()
    no_secret(*shown, listed.text, json.dumps(refused), wrong.text, kept.text, dump, caplog.text, out.out, out.err)
    for sender in listed.json()["items"]:
        assert (await client.delete(f"/v1/senders/{sender['id']}", headers=world.sk_headers)).status_code == 204
        assert (await client.get(f"/v1/senders/{sender['id']}", headers=world.sk_headers)).status_code == 404


async def test_a_store_has_its_own_beside_the_tenants(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    store_id = await make_store(session, world)
    ids = {(await put(client, world, "sms", store_id=s)).json()["id"] for s in (None, str(store_id), str(store_id))}
    assert len(ids) == 2
    missing = await put(client, world, "sms", store_id="01890a5d-ac96-774b-bcce-b302099a8057")
    assert missing.status_code == 404


async def test_templates_are_submitted_and_read(client: httpx.AsyncClient, world: World, meta: MetaServer) -> None:
    id_ = (await put(client, world, "whatsapp")).json()["id"]
    path = f"/v1/senders/{id_}/templates"
    body = {
        "name": "offer", "language": "en", "category": "marketing", "body": "{{1}}: {{2}}", "footer": "Corner shop",
        "button": "See", "button_url": "https://shop.example/", "stop": "Stop",
    }  # fmt: skip
    made = await client.post(path, json=body, headers=world.sk_headers)
    assert (made.status_code, made.json()["status"]) == (201, "pending"), made.text
    parts = {c["type"]: c for c in meta.templates[0]["components"]}
    assert parts["BODY"]["example"]["body_text"] == [["Fresh today", "Strawberries -20 %"]]
    assert [b["type"] for b in parts["BUTTONS"]["buttons"]] == ["URL", "QUICK_REPLY"]
    meta.templates[0]["status"] = "REJECTED"
    meta.templates[0]["rejected_reason"] = "INVALID_FORMAT"
    meta.templates.append(template(status="PAUSED"))
    synced = (await client.post(f"{path}/sync", headers=world.sk_headers)).json()["items"]
    assert [(t["name"], t["status"], t["reason"]) for t in synced] == [
        ("news", "paused", None), ("offer", "rejected", "INVALID_FORMAT"),
    ]  # fmt: skip
    assert (await client.get(path, headers=world.sk_headers)).json()["items"] == synced
    meta.token = "another"
    refused = await client.post(f"{path}/sync", headers=world.sk_headers)
    assert (refused.status_code, "190" in refused.text) == (409, True)
    no_secret(refused.text)
    sms = (await put(client, world, "sms")).json()["id"]
    assert (await client.get(f"/v1/senders/{sms}/templates", headers=world.sk_headers)).status_code == 404


async def test_meta_confirms_the_address(client: httpx.AsyncClient, world: World) -> None:
    sender = (await put(client, world, "whatsapp")).json()
    path = sender["hook_url"].removeprefix("https://shop.example")
    query = {"hub.mode": "subscribe", "hub.verify_token": sender["verify_token"], "hub.challenge": "1158201444"}
    answer = await client.get(path, params=query)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    assert (await client.get(path, params=query | {"hub.verify_token": "x"})).status_code == 401


async def test_keys_change_while_it_sends(
    client: httpx.AsyncClient, session: Session, world: World, app: FastAPI, settings: Settings
) -> None:
    for channel in BODIES:
        await put(client, world, channel)
    before = [row.sealed for row in await session.execute(text("SELECT sealed FROM phone_sender ORDER BY id"))]
    both = settings.model_copy(update={"secret_keys": SecretStr(f"{NEW}, {KEY}")})
    app.state.settings = both.model_copy(update={"phone_channels": app.state.settings.phone_channels})
    app.state.sealing_keys = both.sealing_keys()
    ids = [s["id"] for s in (await client.get("/v1/senders", headers=world.sk_headers)).json()["items"]]
    for id_ in ids:
        assert (await client.post(f"/v1/senders/{id_}/check", headers=world.sk_headers)).json()["result"] == "works"
    assert await service.reseal(session, world.tenant_id, both.sealing_keys()) == (3, 0)
    assert await service.reseal(session, world.tenant_id, both.sealing_keys()) == (0, 0)
    await session.commit()
    after = await session.execute(text("SELECT id, tenant_id, sealed FROM phone_sender ORDER BY id"))
    for old, row in zip(before, after, strict=True):
        about = f"phone:{row.tenant_id}:{row.id}"
        assert sealed.unseal(NEW, about, row.sealed) is not None
        assert (sealed.unseal(KEY, about, row.sealed), sealed.unseal(NEW, about, old)) == (None, None)
    for id_ in ids:
        assert (await client.post(f"/v1/senders/{id_}/check", headers=world.sk_headers)).json()["result"] == "works"


async def test_the_address_that_infobip_is_told_is_in_no_log(
    client: httpx.AsyncClient, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    sender = (await put(client, world, "viber")).json()
    token = hook_token(KEY, UUID(sender["id"]))
    assert sender["hook_url"].endswith(token)
    path = sender["hook_url"].removeprefix("https://shop.example")
    assert (await client.post(path, json={"results": []})).status_code == 200
    assert (await client.post(path + "x", json={"results": []})).status_code == 401
    out = capsys.readouterr()
    assert token not in out.out + out.err

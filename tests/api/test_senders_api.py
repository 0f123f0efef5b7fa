"""Firebase projects of apps, test pushes and push addresses over HTTP, against local providers."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from sqlalchemy import select, text

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.kit.settings import FcmSettings, WebPushSettings
from geoengage.profiles.models import Device
from geoengage.tenancy.models import App, AuditEntry
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_device
from tests.factories import World, make_key_row, make_world
from tests.providers.fcm_server import FcmServer
from tests.providers.webpush_server import WebPushServer

Account = dict[str, Any]


@pytest.fixture
async def world(session: Session, app: FastAPI, fcm: FcmServer, push_service: WebPushServer) -> World:
    """A tenant on an installation whose providers are the local ones."""
    app.state.settings.fcm = FcmSettings(base_url=fcm.url, token_uri=f"{fcm.url}/token", timeout_s=2)
    app.state.settings.webpush = WebPushSettings(hosts=push_service.url)
    return await make_world(session)


def firebase(world: World, verb: str = "") -> str:
    return f"/v1/apps/{world.app_id}/firebase{verb}"


async def put(client: httpx.AsyncClient, world: World, account: Account) -> httpx.Response:
    return await client.put(firebase(world), json={"service_account": account}, headers=world.sk_headers)


# --- accounts ----------------------------------------------------------------------------------------------------


async def test_an_account_is_put_shown_without_its_secret_and_removed(
    client: httpx.AsyncClient, world: World, fcm: FcmServer, session: Session
) -> None:
    missing = await client.get(firebase(world), headers=world.sk_headers)
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/no-sender")
    account = fcm.credentials("shop-project")
    answer = await put(client, world, account)
    shown = answer.json()
    assert answer.status_code == 200
    assert (shown["project_id"], shown["client_email"]) == ("shop-project", account["client_email"])
    assert (shown["status"], shown["checked_at"], shown["detail"], shown["paused_until"]) == (
        "unchecked",
        None,
        None,
        None,
    )
    again = await client.get(firebase(world), headers=world.sk_headers)
    assert again.json() == shown
    assert "PRIVATE" not in answer.text + again.text
    for _ in range(2):
        assert (await client.delete(firebase(world), headers=world.sk_headers)).status_code == 204
    assert (await client.get(firebase(world), headers=world.sk_headers)).status_code == 404
    audit = (await session.execute(select(AuditEntry).where(AuditEntry.tenant_id == world.tenant_id))).scalars()
    assert [(entry.action, entry.subject) for entry in audit] == [
        ("firebase.put", str(world.app_id)),
        ("firebase.delete", str(world.app_id)),
    ]


def pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


@pytest.mark.parametrize(
    "change, pointer, words",
    [
        (lambda a: a.clear(), "type", "type is missing"),
        (lambda a: a.update(type="authorized_user"), "type", "type is not service_account"),
        (lambda a: a.update(project_info={}), "type", "google-services.json"),
        (lambda a: a.update(installed={}), "type", "OAuth client"),
        (lambda a: a.update(apiKey="x"), "type", "configuration of the app itself"),
        (lambda a: a.pop("project_id"), "project_id", "missing"),
        (lambda a: a.update(project_id="../../v1"), "project_id", "not a Firebase project id"),
        (lambda a: a.update(project_id=7), "project_id", "missing"),
        (lambda a: a.update(client_email="me@example.com"), "client_email", "not a service account's address"),
        (lambda a: a.pop("private_key"), "private_key", "missing"),
        (lambda a: a.update(private_key="-----BEGIN PRIVATE KEY-----\nx\n"), "private_key", "cannot be read"),
        (lambda a: a.update(private_key=a["private_key"].replace("\n", "\\n")), "private_key", "cannot be read"),
        (lambda a: a.update(private_key=pem(generate_private_key(SECP256R1()))), "private_key", "not an RSA key"),
        (lambda a: a.update(private_key=pem(generate_rsa(65537, 1024))), "private_key", "2048"),  # noqa: S505 - refused
        (lambda a: a.update(token_uri="http://169.254.169.254/token"), "token_uri", "must be"),
    ],
)
async def test_what_is_no_service_account_says_so(
    client: httpx.AsyncClient, world: World, fcm: FcmServer, change: Callable[[Account], Any], pointer: str, words: str
) -> None:
    account: Account = fcm.credentials("shop-project")
    change(account)
    answer = await put(client, world, account)
    assert answer.status_code == 422
    errors = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert words in errors[f"#/service_account/{pointer}"]
    assert "BEGIN" not in answer.text
    assert (await client.get(firebase(world), headers=world.sk_headers)).status_code == 404


@pytest.mark.parametrize(
    "trouble, result, status",
    [
        (None, "works", "works"),
        ("no_account", "wrong_key", "fails"),
        ("disabled", "api_disabled", "fails"),
        ("iam", "not_allowed", "fails"),
        ("unavailable", "busy", "unchecked"),
    ],
)
async def test_a_check_tells_what_is_wrong(
    client: httpx.AsyncClient, world: World, fcm: FcmServer, trouble: str | None, result: str, status: str
) -> None:
    await put(client, world, fcm.credentials("shop-project"))
    fcm.fail_project("shop-project", trouble)
    answer = await client.post(firebase(world, "/check"), headers=world.sk_headers)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["result"], found["status"]) == (result, status)
    assert found["words"].endswith(".")
    assert found["checked_at"] is not None
    assert (found["detail"] is None) == (status != "fails")
    assert fcm.accepted() == []
    shown = (await client.get(firebase(world), headers=world.sk_headers)).json()
    assert shown.items() <= found.items()


async def test_a_check_of_what_is_away_proves_nothing(
    client: httpx.AsyncClient, world: World, fcm: FcmServer, app: FastAPI
) -> None:
    await put(client, world, fcm.credentials("shop-project"))
    await client.post(firebase(world, "/check"), headers=world.sk_headers)
    app.state.settings.fcm.base_url = "http://127.0.0.1:9"
    found = (await client.post(firebase(world, "/check"), headers=world.sk_headers)).json()
    assert (found["result"], found["status"], found["detail"]) == ("unreachable", "works", None)


async def test_since_moves_with_the_status_only(client: httpx.AsyncClient, world: World, fcm: FcmServer) -> None:
    await put(client, world, fcm.credentials("shop-project"))
    first = (await client.post(firebase(world, "/check"), headers=world.sk_headers)).json()
    second = (await client.post(firebase(world, "/check"), headers=world.sk_headers)).json()
    assert first["since"] == second["since"]
    assert first["checked_at"] < second["checked_at"]
    fcm.fail_project("shop-project", "iam")
    third = (await client.post(firebase(world, "/check"), headers=world.sk_headers)).json()
    assert third["since"] > second["since"]


async def test_checks_are_limited(client: httpx.AsyncClient, world: World, fcm: FcmServer) -> None:
    await put(client, world, fcm.credentials("shop-project"))
    codes = [(await client.post(firebase(world, "/check"), headers=world.sk_headers)).status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]


# --- a test push -------------------------------------------------------------------------------------------------


async def phone(session: Session, world: World, **over: object) -> UUID:
    columns = {"push_provider": "fcm", "push_kind": "fcm_token", "push_address": "phone-1"} | over
    id_ = await make_device(session, world, **columns)
    await session.commit()
    return id_


async def push_to(client: httpx.AsyncClient, world: World, device_id: UUID, **words: str) -> httpx.Response:
    body = {"device_id": str(device_id)} | words
    return await client.post(f"/v1/apps/{world.app_id}/test-push", json=body, headers=world.sk_headers)


async def test_a_test_push_goes_the_real_way_and_is_audited(
    client: httpx.AsyncClient, world: World, fcm: FcmServer, session: Session
) -> None:
    await put(client, world, fcm.credentials("shop-project"))
    device_id = await phone(session, world)
    answer = await push_to(client, world, device_id)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["channel"], told["reason"]) == ("sent", "fcm", None)
    assert told["answer"].startswith("projects/shop-project/messages/")
    assert 0 <= told["took_ms"] < 5000
    (call,) = fcm.accepted()
    assert (call.target, call.message["notification"]["title"]) == ("phone-1", "Test from Test app")
    assert call.message["data"] == {"message_id": told["message_id"], "test": "true"}
    await push_to(client, world, device_id, title="Hoi", body="Ana")
    assert fcm.accepted()[1].message["notification"] == {"title": "Hoi", "body": "Ana"}
    audit = (await session.execute(select(AuditEntry).where(AuditEntry.action == "device.test_push"))).scalars()
    assert [entry.subject for entry in audit] == [str(device_id)] * 2
    assert (await client.get(firebase(world), headers=world.sk_headers)).json()["status"] == "works"
    assert (await session.execute(text("SELECT count(*) FROM message"))).scalar() == 0


@pytest.mark.parametrize(
    "trouble, status, reason",
    [
        ("unregistered", "failed", "unregistered"),
        ("bad_token", "failed", "invalid_address"),
        ("sender", "failed", "sender_id_mismatch"),
        ("quota", "failed", "quota_exceeded"),
        ("iam", "misconfigured", "credentials"),
        ("third_party", "misconfigured", "third_party_auth"),
        ("reset", "unknown", "connection_lost"),
    ],
)
async def test_a_test_push_says_what_the_provider_said(
    client: httpx.AsyncClient, world: World, fcm: FcmServer, session: Session, trouble: str, status: str, reason: str
) -> None:
    await put(client, world, fcm.credentials("shop-project"))
    device_id = await phone(session, world)
    fcm.fail_target("phone-1", trouble)
    told = (await push_to(client, world, device_id)).json()
    assert (told["status"], told["reason"]) == (status, reason)
    device = await session.get_one(Device, (world.tenant_id, device_id), populate_existing=True)
    assert (device.push_retired_reason is not None) == (trouble in ("unregistered", "bad_token", "sender"))
    sender = (await client.get(firebase(world), headers=world.sk_headers)).json()
    assert sender["status"] == ("fails" if trouble == "iam" else "unchecked")


@pytest.mark.parametrize(
    "columns, reason",
    [
        ({"marketing_push": "denied"}, "no_consent"),
        ({"marketing_push": "unknown"}, "no_consent"),
        ({"push_address": None}, "no_address"),
        ({"marketing_push": "denied", "is_test": True}, None),
    ],
)
async def test_consent_counts_but_for_test_devices(
    client: httpx.AsyncClient,
    world: World,
    fcm: FcmServer,
    session: Session,
    columns: dict[str, object],
    reason: str | None,
) -> None:
    await put(client, world, fcm.credentials("shop-project"))
    answer = await push_to(client, world, await phone(session, world, **columns))
    if reason is None:
        assert answer.json()["status"] == "sent"
        assert len(fcm.accepted()) == 1
    else:
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/test-push-refused")
        assert answer.json()["reason"] == reason
        assert fcm.calls == []


async def test_stopped_sending_stops_test_pushes(
    client: httpx.AsyncClient, world: World, fcm: FcmServer, session: Session
) -> None:
    device_id = await phone(session, world)
    await client.post("/v1/sending/stop", headers=world.sk_headers)
    assert (await push_to(client, world, device_id)).json()["reason"] == "sending_stopped"


async def test_only_devices_of_that_app(client: httpx.AsyncClient, world: World, session: Session) -> None:
    session.add(App(tenant_id=world.tenant_id, id=(other := new_id()), name="Other"))
    await session.flush()
    device_id = await phone(session, world, app_id=other)
    assert (await push_to(client, world, device_id)).status_code == 404
    assert (await push_to(client, world, new_id())).status_code == 404
    shop = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[new_id()])
    await session.commit()
    refused = await client.post(
        f"/v1/apps/{world.app_id}/test-push",
        json={"device_id": str(device_id)},
        headers={"Authorization": f"Bearer {shop}"},
    )
    assert refused.status_code == 404


async def test_without_a_provider_the_answer_says_that_nothing_left(
    client: httpx.AsyncClient, world: World, session: Session
) -> None:
    told = (await push_to(client, world, await phone(session, world))).json()
    assert (told["status"], told["channel"]) == ("sent", "preview")
    assert "nothing left this server" in told["answer"]


async def test_test_pushes_are_limited(
    client: httpx.AsyncClient, world: World, session: Session, fcm: FcmServer
) -> None:
    device_id = await phone(session, world)
    codes = [(await push_to(client, world, device_id)).status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]


# --- push addresses ----------------------------------------------------------------------------------------------


async def register(client: httpx.AsyncClient, world: World, push: dict[str, str] | None) -> httpx.Response:
    body = {"platform": "web", "app_id": str(world.app_id), "push": push, "consents": {"marketing_push": "granted"}}
    return await client.post("/v1/devices", json=body, headers=world.pk_headers)


async def test_a_browser_registers_and_gets_a_test(
    client: httpx.AsyncClient, world: World, push_service: WebPushServer, app: FastAPI
) -> None:
    browser = push_service.subscribe(app.state.vapid_public_key)
    answer = await register(client, world, browser.push)
    assert answer.status_code == 201, answer.text
    told = (await push_to(client, world, UUID(answer.json()["device_id"]))).json()
    assert (told["status"], told["channel"]) == ("sent", "webpush")
    assert push_service.delivered[0].read()["title"] == "Test from Test app"


@pytest.mark.parametrize(
    "over, pointer",
    [
        ({"kind": "fcm_token"}, "#/push/kind"),
        ({"provider": "fcm"}, "#/push/kind"),
        ({"address": "{}"}, "#/push/address"),
        ({"address": "token"}, "#/push/address"),
    ],
)
async def test_kinds_and_addresses_fit_each_other(
    client: httpx.AsyncClient, world: World, push_service: WebPushServer, over: dict[str, str], pointer: str
) -> None:
    answer = await register(client, world, push_service.subscribe("k").push | over)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    "endpoint", ["https://evil.example/x", "http://fcm.googleapis.com/x", "https://169.254.169.254/latest"]
)
async def test_other_hosts_are_refused_at_registration(
    client: httpx.AsyncClient, world: World, push_service: WebPushServer, endpoint: str
) -> None:
    push = push_service.subscribe("k").push
    push["address"] = json.dumps(json.loads(push["address"]) | {"endpoint": endpoint})
    answer = await register(client, world, push)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/push/address"
    assert "no push service that this server sends to" in answer.json()["errors"][0]["detail"]


async def test_an_address_belongs_to_the_device_that_named_it_last(
    client: httpx.AsyncClient, world: World, session: Session
) -> None:
    token = {"provider": "fcm", "kind": "fcm_fid", "address": "the-phone"}
    foreign = await make_world(session)
    theirs = (await register(client, foreign, token)).json()
    old = (await register(client, world, token)).json()
    new = (await register(client, world, token)).json()

    async def retired() -> list[str | None]:
        ids = [UUID(d["device_id"]) for d in (old, new, theirs)]
        rows = await session.execute(
            select(Device.id, Device.push_retired_reason).execution_options(populate_existing=True)
        )
        found = dict(tuple(row) for row in rows)
        return [found[id_] for id_ in ids]

    assert await retired() == ["moved", None, None]  # another tenant's device is another tenant's matter
    back = {"Authorization": f"Bearer {old['device_token']}"}
    assert (await client.patch("/v1/devices/me", json={"push": token}, headers=back)).status_code == 200
    assert await retired() == [None, "moved", None]
    me = (await client.get("/v1/devices/me", headers=back)).json()
    assert me["push"] == {"provider": "fcm", "kind": "fcm_fid", "retired": False}

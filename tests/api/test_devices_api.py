"""Registering installations, their consents and their tokens, over HTTP."""

import httpx
import pytest
from sqlalchemy import select

from geoengage.kit.db import Session
from geoengage.kit.events import LedgerRow
from geoengage.kit.ids import new_id
from geoengage.profiles.models import ConsentEntry, Device
from geoengage.tenancy.rules import KeyKind
from tests.factories import World, make_key_row, make_world

PUSH = {"provider": "fcm", "address": "token-1", "kind": "fcm_token"}
KEY = {"Idempotency-Key": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}


async def register(client: httpx.AsyncClient, world: World, **over: object) -> dict[str, str]:
    """Headers with a new device's own credential."""
    answer = await client.post("/v1/devices", json={"platform": "android"} | over, headers=world.pk_headers)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['device_token']}"}


async def history(session: Session) -> list[tuple[str, str, str | None]]:
    rows = await session.execute(select(ConsentEntry).order_by(ConsentEntry.at, ConsentEntry.kind))
    return [(row.kind, row.status, row.text_version) for row in rows.scalars()]


async def test_a_device_registers_and_sees_itself(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    body = {"platform": "ios", "push": PUSH, "locale": "de-CH", "timezone": "Europe/Zurich", "permission": "always"}
    headers = await register(client, world, **body, consents={"location": "granted"}, consent_text_version="v1")
    me = (await client.get("/v1/devices/me", headers=headers)).json()
    assert me["push"] == {"provider": "fcm", "kind": "fcm_token", "retired": False}
    assert me["consents"] == {"location": "granted", "marketing_push": "unknown", "personalisation": "unknown"}
    assert (me["app_id"], me["linked"], me["is_test"]) == (str(world.app_id), False, False)
    assert await history(session) == [("location", "granted", "v1")]
    config = (await client.get("/v1/config", headers=headers)).json()
    assert config["location_allowed"] is True


async def test_a_key_of_the_whole_tenant_needs_the_app(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    key = await make_key_row(session, world.tenant_id, KeyKind.PUBLISHABLE, scopes=[], is_test=True)
    await session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    missing = await client.post("/v1/devices", json={"platform": "web"}, headers=headers)
    named = await client.post("/v1/devices", json={"platform": "web", "app_id": str(world.app_id)}, headers=headers)
    assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "#/app_id")
    assert named.status_code == 201
    device = (await session.execute(select(Device))).scalar_one()
    assert device.is_test  # of a pk_test_ key


async def test_a_key_of_one_app_and_another_tenants_app(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session), await make_world(session)
    body = {"platform": "web", "app_id": str(other.app_id)}
    assert (await client.post("/v1/devices", json=body, headers=world.pk_headers)).status_code == 422
    wide = await make_key_row(session, world.tenant_id, KeyKind.PUBLISHABLE, scopes=[])
    await session.commit()
    answer = await client.post("/v1/devices", json=body, headers={"Authorization": f"Bearer {wide}"})
    assert answer.status_code == 404


@pytest.mark.parametrize("claim", ["external_id", "email", "phone", "profile_id"])
async def test_claims_about_the_person_are_refused(client: httpx.AsyncClient, session: Session, claim: str) -> None:
    world = await make_world(session)
    body = {"platform": "ios", claim: "somebody"}
    refused = await client.post("/v1/devices", json=body, headers=world.pk_headers)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "/problems/invalid-request"
    assert refused.json()["errors"][0]["pointer"] == f"#/{claim}"
    device = await register(client, world)
    assert (await client.patch("/v1/devices/me", json={claim: "x"}, headers=device)).status_code == 422
    assert (await client.put("/v1/devices/me/link", json={claim: "x"}, headers=device)).status_code == 422


async def test_a_repeated_registration_is_one_device(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    headers, body = world.pk_headers | KEY, {"platform": "ios", "consents": {"location": "granted"}}
    first = await client.post("/v1/devices", json=body, headers=headers)
    second = await client.post("/v1/devices", json=body, headers=headers)
    assert first.json() == second.json()
    assert len(await history(session)) == 1
    other = await client.post("/v1/devices", json={"platform": "web"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_a_guessable_idempotency_key_is_refused(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    headers = world.pk_headers | {"Idempotency-Key": "1"}
    assert (await client.post("/v1/devices", json={"platform": "ios"}, headers=headers)).status_code == 422


async def test_a_device_changes_its_address(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    headers = await register(client, world, push=PUSH, timezone="Europe/Zurich")
    device = (await session.execute(select(Device))).scalar_one()
    device.push_retired_reason = "UNREGISTERED"
    await session.commit()
    changed = await client.patch("/v1/devices/me", json={"push": PUSH | {"address": "token-2"}}, headers=headers)
    assert changed.status_code == 200
    await session.refresh(device)
    assert (device.push_address, device.push_retired_reason) == ("token-2", None)
    emptied = await client.patch("/v1/devices/me", json={"push": None, "timezone": None}, headers=headers)
    assert (emptied.json()["push"], emptied.json()["timezone"]) == (None, None)
    refused = await client.patch("/v1/devices/me", json={"permission": None}, headers=headers)
    assert (refused.status_code, "permission cannot be null" in refused.json()["detail"]) == (422, True)


@pytest.mark.parametrize("body", [{"locale": "no language"}, {"timezone": "Mars/Olympus"}, {"locale": "de\u0000"}])
async def test_impossible_values(client: httpx.AsyncClient, session: Session, body: dict[str, str]) -> None:
    world = await make_world(session)
    answer = await client.post("/v1/devices", json={"platform": "ios"} | body, headers=world.pk_headers)
    assert answer.status_code == 422


async def test_what_postgresql_cannot_store_is_the_callers_error(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    push = PUSH | {"address": "a\u0000b"}
    answer = await client.post("/v1/devices", json={"platform": "ios", "push": push}, headers=world.pk_headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")


async def test_consents_are_kept_as_proof_and_published(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    headers = await register(client, world)
    proof = {"text_version": "v1", "source": "settings"}
    both = {"location": "granted", "marketing_push": "denied"} | proof
    now = (await client.put("/v1/devices/me/consents", json=both, headers=headers)).json()
    assert now == {"location": "granted", "marketing_push": "denied", "personalisation": "unknown"}
    await client.put("/v1/devices/me/consents", json=both, headers=headers)  # a retry
    await client.put("/v1/devices/me/consents", json=both | {"text_version": "v2"}, headers=headers)
    await client.put("/v1/devices/me/consents", json={"location": "denied"} | proof, headers=headers)
    assert await history(session) == [
        ("location", "granted", "v1"), ("marketing_push", "denied", "v1"),
        ("location", "granted", "v2"), ("marketing_push", "denied", "v2"),
        ("location", "denied", "v1"),
    ]  # fmt: skip
    ledger = (await session.execute(select(LedgerRow).order_by(LedgerRow.position))).scalars().all()
    assert [(row.type, row.payload["kind"], row.payload["status"]) for row in ledger] == [
        ("consent.changed", "location", "granted"),
        ("consent.changed", "marketing_push", "denied"),
        ("consent.changed", "location", "denied"),
    ]


async def test_unknown_withdraws_nothing_and_something_must_be_stated(
    client: httpx.AsyncClient, session: Session
) -> None:
    world = await make_world(session)
    headers = await register(client, world, consents={"location": "denied"})
    body = {"location": "unknown", "text_version": "v1", "source": "app"}
    now = await client.put("/v1/devices/me/consents", json=body, headers=headers)
    assert now.json()["location"] == "denied"
    del body["location"]
    assert (await client.put("/v1/devices/me/consents", json=body, headers=headers)).status_code == 422


async def test_a_deleted_installation_is_out(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    key, body = world.pk_headers | KEY, {"platform": "ios", "push": PUSH, "consents": {"location": "granted"}}
    first = (await client.post("/v1/devices", json=body, headers=key)).json()
    headers = {"Authorization": f"Bearer {first['device_token']}"}
    assert (await client.delete("/v1/devices/me", headers=headers)).status_code == 204
    for method, path in [("GET", "devices/me"), ("PATCH", "devices/me"), ("GET", "config"), ("DELETE", "devices/me")]:
        answer = await client.request(method, f"/v1/{path}", json={}, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated")
    device = (await session.execute(select(Device))).scalar_one()
    assert (device.push_address, device.location, device.profile_id) == (None, "denied", None)
    assert (await session.execute(select(LedgerRow.type))).scalars().all() == ["consent.changed"]
    # A late retry of the registration brings the old token back, not the installation.
    assert (await client.post("/v1/devices", json=body, headers=key)).json() == first
    assert (await client.get("/v1/devices/me", headers=headers)).status_code == 401


async def test_each_credential_opens_its_own_door(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    device = await register(client, world)
    body = {"platform": "ios"}
    assert (await client.post("/v1/devices", json=body, headers=world.sk_headers)).status_code == 403
    assert (await client.post("/v1/devices", json=body, headers=device)).status_code == 403
    assert (await client.get("/v1/devices/me", headers=world.pk_headers)).status_code == 403
    assert (await client.get("/v1/profiles", headers=device)).status_code == 403
    assert (await client.get("/v1/profiles", headers=world.pk_headers)).status_code == 403
    nobody = await client.get("/v1/devices/me")
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    for wrong in (device["Authorization"][:-2] + "xx", "Bearer pk_1", f"Bearer {world.pk}x", "Bearer a.b.c"):
        assert (await client.get("/v1/devices/me", headers={"Authorization": wrong})).status_code == 401


async def test_a_token_of_a_device_that_is_not_there(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    headers = await register(client, world)
    device = (await session.execute(select(Device))).scalar_one()
    device.token_version = 2
    await session.commit()
    assert (await client.get("/v1/devices/me", headers=headers)).status_code == 401
    await session.delete(device)
    await session.commit()
    assert (await client.get("/v1/devices/me", headers=headers)).status_code == 401
    assert (
        await client.post(f"/v1/devices/{new_id()}/link", json={"external_id": "a"}, headers=world.sk_headers)
    ).status_code == 404

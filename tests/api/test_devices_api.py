"""Registering installations, their consents and their tokens, over HTTP."""

from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from geoengage.kit.db import Session
from geoengage.kit.events import LedgerRow
from geoengage.profiles.models import ConsentEntry, Device
from geoengage.tenancy.rules import KeyKind
from tests.factories import World, make_key_row, make_world

PUSH = {"provider": "fcm", "address": "token-1", "kind": "fcm_token"}


async def register(client: httpx.AsyncClient, world: World, **over: object) -> dict[str, str]:
    """Headers of a new device's own credential."""
    answer = await client.post("/v1/devices", json={"platform": "android"} | over, headers=world.pk_headers)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['device_token']}"}


async def test_a_device_registers_and_sees_itself(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    body = {"platform": "ios", "push": PUSH, "locale": "de-CH", "timezone": "Europe/Zurich", "permission": "always"}
    headers = await register(client, world, **body, consents={"location": "granted"}, consent_text_version="v1")
    me = (await client.get("/v1/devices/me", headers=headers)).json()
    assert me["push"] == {"provider": "fcm", "kind": "fcm_token", "retired": False}
    assert me["consents"] == {"location": "granted", "marketing_push": "unknown", "personalisation": "unknown"}
    assert (me["app_id"], me["linked"], me["is_test"]) == (str(world.app_id), False, False)
    entry = (await session.execute(select(ConsentEntry))).scalar_one()
    assert (entry.kind, entry.status, entry.text_version, entry.source) == ("location", "granted", "v1", "registration")

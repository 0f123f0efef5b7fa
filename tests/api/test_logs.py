"""What is logged, in words for people and as JSON, holds no credential, push address, name or coordinate. Ever."""

import contextlib
import io
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit import log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, make_sessions, transaction
from geoengage.kit.events import Bell
from geoengage.kit.ids import new_id
from geoengage.kit.settings import FcmSettings, Settings, WorkerSettings
from geoengage.messaging import service as messaging
from geoengage.messaging.jobs import deliverer
from geoengage.messaging.rules import Draft
from geoengage.profiles import store as profiles
from geoengage.profiles.models import Device
from geoengage.tenancy import rules, service
from tests.api.wall.world import bearer, cookie
from tests.campaign_rows import make_mall, make_zone
from tests.conftest import KEY, plain_logging
from tests.factories import make_world
from tests.providers.fcm_server import FAULTS, FcmServer

ADDRESS, NAME, PASSWORD = "push-address-4711", "Wilhelmina", "correct horse battery"
LON, LAT = 8.500432198, 47.400567891
COORDINATES = ("8.5004", "47.4005")
SAME = {"Origin": "http://testserver"}


@pytest.fixture(params=[True, False], ids=["json", "lines"])
def logged(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """All that the process logs, as `serve` and `worker` set logging up."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    with contextlib.redirect_stdout(stream):
        log.configure(as_json=request.param)
    logging.getLogger("httpx").disabled = True  # the test's own client, which logs the URLs that it calls
    yield stream
    logging.getLogger("httpx").disabled = False
    root.handlers[:], root.level = handlers, level
    plain_logging()


class Caller:
    """Sends requests and remembers every credential and id of a session that must stay secret."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.secrets: set[str] = {ADDRESS, NAME, PASSWORD, *COORDINATES}

    async def __call__(self, status: int, method: str, path: str, headers: dict[str, str], **how: Any) -> Any:
        answer = await self.client.request(method, path, headers=headers, **how)
        assert answer.status_code == status, answer.text
        self.secrets |= set(answer.cookies.values())
        self.client.cookies.clear()
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else answer

    def keep(self, *secrets: str) -> str:
        self.secrets |= set(secrets)
        return secrets[0]


def check(logged: io.StringIO, secrets: set[str]) -> None:
    text = logged.getvalue()
    assert [secret for secret in secrets if secret in text] == []


async def test_no_request_leaves_a_secret_in_the_log(
    client: httpx.AsyncClient, app: FastAPI, session: Session, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, world, now = Caller(client), await make_world(session), utc_now()
    mall = await make_mall(session, world)
    await make_zone(session, world, mall_id=mall)
    new = rules.NewOperator("wilhelmina@example.com", NAME, rules.Role.OWNER, PASSWORD)
    operator = await service.create_operator(session, world.tenant_id, new, now=now)
    await session.commit()
    call.keep(world.sk, world.pk, "wilhelmina@example.com")
    await _log_in(call, operator.id, world.tenant_id)
    made = await call(
        201, "POST", "/v1/keys", world.sk_headers, json={"kind": "pk", "name": "app", "app_id": str(world.app_id)}
    )
    await _live_with_a_phone(call, bearer(call.keep(made["key"])), world.sk_headers)

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    phone = await call(201, "POST", "/v1/devices", world.pk_headers, json={"platform": "web"})
    monkeypatch.setattr(profiles, "get_device", fail)
    monkeypatch.setattr(service, "read_login_link", fail)
    await call(500, "GET", "/v1/devices/me", bearer(call.keep(phone["device_token"])))
    await call(500, "GET", call.keep(service.make_login_link(KEY, world.tenant_id, operator.id, now)), {})
    assert logged.getvalue().count("RuntimeError: a bug") == 2
    assert "/v1/geofences/nearby" in logged.getvalue()
    check(logged, call.secrets)


async def _log_in(call: Caller, operator_id: UUID, tenant_id: UUID) -> None:
    email = "wilhelmina@example.com"
    await call(401, "POST", "/v1/login", {}, json={"email": email, "password": f"{PASSWORD}r"})
    await call(422, "POST", "/v1/login", {}, json={"email": email, "password": PASSWORD, "secret": PASSWORD})
    await call(200, "POST", "/v1/login", {}, json={"email": email, "password": PASSWORD})
    link = service.make_login_link(KEY, tenant_id, operator_id, utc_now())
    call.keep(link.removeprefix("/go/"))
    await call(303, "GET", link, {})
    for value in [secret for secret in call.secrets if secret.startswith(tenant_id.hex)]:
        await call(200, "GET", "/v1/session", cookie(value))
        await call(204, "POST", "/v1/logout", cookie(value) | SAME)
        await call(401, "GET", "/v1/session", cookie(value))


async def _live_with_a_phone(call: Caller, pk: dict[str, str], sk: dict[str, str]) -> None:
    push = {"provider": "fcm", "kind": "fcm_token", "address": ADDRESS}
    body = {"platform": "ios", "push": push, "consents": {"location": "granted"}, "user_token": "no.user.token"}
    await call(422, "POST", "/v1/devices", pk, json=body)
    device = await call(201, "POST", "/v1/devices", pk, json=body | {"user_token": None})
    phone = bearer(call.keep(device["device_token"]))
    await call(422, "PATCH", "/v1/devices/me", phone, json={"push": push | {"kind": ADDRESS}})
    await call(401, "GET", "/v1/devices/me", bearer(device["device_token"] + "x"))
    await call(
        200, "POST", f"/v1/devices/{device['device_id']}/link", sk, json={"external_id": NAME, "first_name": NAME}
    )
    at = utc_now()
    ping = {"at": at.isoformat(), "lon": LON, "lat": LAT, "accuracy_m": 5, "level": 0}
    await call(200, "POST", "/v1/pings", phone, json={"pings": [ping, ping | {"lon": f"{LON}"}, ping | {"lat": -9999}]})
    await call(422, "POST", "/v1/pings", phone, json={"pings": ping})
    await call(422, "POST", "/v1/pings", phone, content=f'{{"pings": [{{"lon": {LON}, "lat": {LAT}')
    await call(200, "GET", "/v1/geofences/nearby", phone, params={"lon": LON, "lat": LAT})
    await call(422, "GET", "/v1/geofences/nearby", phone, params={"lon": LON, "lat": LAT, "limit": 0})
    question = {
        "device_id": device["device_id"],
        "reason": f"{NAME} asked",
        "at": (at + timedelta(seconds=1)).isoformat(),
    }
    await call(200, "GET", "/v1/explain", sk, params=question)
    await call(422, "GET", "/v1/profiles", sk, params={"external_id": NAME, "limit": 0})
    await _live_with_phone_apps(call, device["device_id"], device["device_token"], sk)
    await call(204, "DELETE", "/v1/devices/me", phone)


async def _live_with_phone_apps(call: Caller, device_id: str, token: str, sk: dict[str, str]) -> None:
    """Their requests carry tokens and positions in the query, in Basic, in bodies that cannot be read."""
    at = int(utc_now().timestamp())
    fix = {"lat": LAT, "lon": LON, "tst": at, "timestamp": at}
    await call(200, "POST", "/ingest/owntracks", {}, auth=("p1", token), json={"_type": "location", **fix})
    await call(200, "POST", "/ingest/owntracks", {}, auth=("p1", token), content=f'{{"_type": "location", "lat": {LAT}')
    await call(401, "POST", "/ingest/owntracks", {}, auth=("p1", f"{token}x"), json={"_type": "location", **fix})
    await call(200, "GET", "/ingest/osmand", {}, params={"id": token, **fix})
    await call(401, "GET", "/ingest/osmand", {}, params={"id": f"{token}x", **fix})
    address, secret = call.keep("aa:bb:cc:dd:ee:0f"), call.keep("the secret of the scanner")
    call.keep(address.replace(":", ""))
    await call(204, "PUT", f"/v1/devices/{device_id}/wifi-address", sk, json={"address": address})
    scanner = {"name": "Mall", "validator": "0123456789ab", "secret": secret}
    made = await call(201, "POST", "/v1/scanners", sk, json=scanner)
    await call(422, "POST", "/v1/scanners", sk, json=scanner | {"name": 5})
    seen = {"clientMac": address, "locations": [{"lat": LAT, "lng": LON, "time": utc_now().isoformat()}]}
    message = {"version": "3.0", "type": "WiFi", "data": {"observations": [seen]}}
    await call(200, "POST", f"/ingest/meraki/{made['id']}", {}, json=message | {"secret": secret})
    await call(401, "POST", f"/ingest/meraki/{made['id']}", {}, json=message | {"secret": f"{secret}x"})


async def test_no_delivery_leaves_a_secret_in_the_log(
    committed: AsyncEngine, fcm: FcmServer, tmp_path: Path, logged: io.StringIO, worker_url: str
) -> None:
    """Every way in which Firebase refuses."""
    sessions, now = make_sessions(committed), utc_now()
    settings = Settings(
        data_dir=tmp_path,
        secret_key=KEY,
        fcm=FcmSettings(
            base_url=fcm.url, credentials_file=fcm.write_credentials(tmp_path / "account.json"), timeout_s=1
        ),
        worker=WorkerSettings(retry_base_s=0.01),
    )
    async with sessions() as session:
        world = await make_world(session)
    async with transaction(sessions, world.tenant_id) as session:
        for fault in FAULTS:
            device, address = new_id(), f"{ADDRESS}-{fault}"
            fcm.fail_target(address, fault)
            session.add(_device(world.tenant_id, world.app_id, device, address))
            await session.flush()
            await messaging.enqueue(session, world.tenant_id, [_draft(device)], now)
    async with deliverer(sessions, settings, Bell(worker_url)) as worker:
        while await worker.step():
            pass
    assert {call.target for call in fcm.calls} == {f"{ADDRESS}-{fault}" for fault in FAULTS}
    assert "misconfigured" in logged.getvalue()
    check(logged, {ADDRESS, NAME, "BEGIN PRIVATE KEY", "Bearer ", KEY})


def _device(tenant_id: UUID, app_id: UUID, id_: UUID, address: str) -> Device:
    return Device(
        tenant_id=tenant_id, id=id_, app_id=app_id, platform="android", push_provider="fcm", push_kind="fcm_token",
        push_address=address, location="granted", marketing_push="granted",
    )  # fmt: skip


def _draft(device_id: UUID) -> Draft:
    return Draft(
        device_id=device_id, person_id=device_id, campaign_id=new_id(), title=NAME, body=f"Hi {NAME}",
        collapse_key="k", occurrence=new_id(), expires_at=utc_now() + timedelta(minutes=10),
    )  # fmt: skip

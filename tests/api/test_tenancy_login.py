"""Logging in to the console and out of it: passwords, links, cookies, other sites' pages."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from geoengage.kit.db import Session
from geoengage.kit.limits import RateLimit
from geoengage.kit.settings import Settings
from geoengage.tenancy import service
from geoengage.tenancy.models import ConsoleSession, Operator
from geoengage.tenancy.rules import NewOperator, Role
from tests.factories import World, make_world

PASSWORD = "correct horse battery"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAME_SITE = {"Origin": "http://testserver"}


async def make_operator(session: Session, world: World, role: Role = Role.OWNER, **over: object) -> Operator:
    values: dict[str, object] = {"email": "Anna@Mall.example", "name": "Anna", "password": PASSWORD} | over
    new = NewOperator(role=role, **values)  # type: ignore[arg-type]
    operator = await service.create_operator(session, world.tenant_id, new, now=NOW)
    await session.commit()
    return operator


async def log_in(client: httpx.AsyncClient, **over: object) -> httpx.Response:
    return await client.post("/v1/login", json={"email": "anna@mall.example", "password": PASSWORD} | over)


async def test_log_in_and_out(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, name="Alpenmall")
    operator = await make_operator(session, world)
    answer = await log_in(client, email=" ANNA@mall.example ")
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/"))
    assert "Secure" not in cookie
    me = (await client.get("/v1/session")).json()
    assert me == answer.json()
    assert me["operator"] == {"id": str(operator.id), "name": "Anna", "email": "anna@mall.example", "role": "owner"}
    assert (me["tenant"]["name"], me["tenant"]["quiet_start"]) == ("Alpenmall", "00:00")
    assert me["tenant"]["sending_stopped"] is False
    old = dict(client.cookies)
    assert (await client.post("/v1/logout", headers=SAME_SITE)).status_code == 204
    assert not client.cookies
    client.cookies.update(old)  # the row is gone, not only the cookie
    assert (await client.get("/v1/session")).status_code == 401


async def test_the_cookie_is_secure_behind_https(
    client: httpx.AsyncClient, session: Session, app: FastAPI, settings: Settings
) -> None:
    await make_operator(session, await make_world(session))
    app.state.settings = settings.model_copy(update={"public_url": "https://mall.example"})
    assert "Secure" in (await log_in(client)).headers["set-cookie"]


async def test_wrong_passwords_and_unknown_people_get_the_same_answer(
    client: httpx.AsyncClient, session: Session
) -> None:
    await make_operator(session, await make_world(session))
    wrong, unknown = await log_in(client, password="x"), await log_in(client, email="nobody@mall.example")
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
    assert wrong.status_code == 401
    assert "set-cookie" not in wrong.headers


async def test_guessing_is_slowed_down(client: httpx.AsyncClient, app: FastAPI) -> None:
    app.state.login_limit, app.state.clock = RateLimit(1, timedelta(minutes=5)), lambda: NOW
    assert (await log_in(client)).status_code == 401
    answer = await log_in(client)
    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/too-many-requests")
    assert (answer.headers["retry-after"], answer.headers["ratelimit"]) == ("300", '"default";r=0;t=300')
    assert (await log_in(client, email="berta@mall.example")).status_code == 401


async def test_one_email_in_two_tenants(client: httpx.AsyncClient, session: Session) -> None:
    first, second = await make_world(session, slug="first"), await make_world(session, slug="second")
    await make_operator(session, first)
    await make_operator(session, second)
    assert (await log_in(client)).status_code == 409
    assert (await log_in(client, tenant="second")).json()["tenant"]["slug"] == "second"


async def test_a_disabled_operator_is_out(client: httpx.AsyncClient, session: Session) -> None:
    operator = await make_operator(session, await make_world(session))
    await log_in(client)
    operator.disabled_at = NOW
    await session.commit()
    assert (await client.get("/v1/session")).status_code == 401
    assert (await log_in(client)).status_code == 401


async def test_sessions_end_and_are_swept(client: httpx.AsyncClient, session: Session) -> None:
    await make_operator(session, await make_world(session))
    await log_in(client)
    row = (await session.execute(select(ConsoleSession))).scalar_one()
    row.expires_at = NOW
    await session.commit()
    assert (await client.get("/v1/session")).status_code == 401
    await log_in(client)
    assert (await session.execute(select(ConsoleSession))).scalar_one().id != row.id


async def test_a_link_logs_in(client: httpx.AsyncClient, session: Session, app: FastAPI) -> None:
    world = await make_world(session)
    operator = await make_operator(session, world)
    now = datetime.now(UTC)
    path = service.make_login_link(app.state.signing_key, world.tenant_id, operator.id, now)
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await client.get("/v1/session")).status_code == 200


@pytest.mark.parametrize("broken", ["old", "forged", "device", "nonsense"])
async def test_a_link_that_does_not_count(
    client: httpx.AsyncClient, session: Session, app: FastAPI, broken: str
) -> None:
    world = await make_world(session)
    operator = await make_operator(session, world)
    now = datetime.now(UTC) - (timedelta(hours=24) if broken == "old" else timedelta())
    key = "another key that is also long enough" if broken == "forged" else app.state.signing_key
    path = service.make_login_link(key, world.tenant_id, operator.id, now)
    if broken == "device":
        device = await client.post("/v1/devices", json={"platform": "ios"}, headers=world.pk_headers)
        path = f"/go/{device.json()['device_token']}"
    answer = await client.get("/go/x.y.z" if broken == "nonsense" else path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?link=expired")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers, status",
    [
        (SAME_SITE, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://testserver.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}, 403),
        ({}, 403),
    ],
)
async def test_other_sites_cannot_use_the_cookie(
    client: httpx.AsyncClient, session: Session, headers: dict[str, str], status: int
) -> None:
    await make_operator(session, await make_world(session))
    await log_in(client)
    answer = await client.post("/v1/owners", json={"name": "Toys"}, headers=headers)
    assert answer.status_code == status


async def test_other_sites_cannot_log_their_visitor_in(client: httpx.AsyncClient, session: Session) -> None:
    await make_operator(session, await make_world(session))
    body = {"email": "anna@mall.example", "password": PASSWORD}
    assert (await client.post("/v1/login", json=body, headers={"Origin": "http://evil.example"})).status_code == 403

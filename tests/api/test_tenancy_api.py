"""The tenant's policy, owners, apps, keys and operators; who may change them, and whose they are."""

from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select, text

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.tenancy.models import AuditEntry, Credential
from geoengage.tenancy.rules import KeyKind, Role
from tests.api.test_tenancy_login import PASSWORD, SAME_SITE, log_in, make_operator
from tests.factories import World, make_key_row, make_world

PEM = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
KEY = {"kind": "sk", "name": "server", "scopes": ["read"]}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def make_store(session: Session, world: World) -> str:
    """A store's row, for what only needs one to exist."""
    store_id = new_id()
    await session.execute(
        text(
            "INSERT INTO store (tenant_id, id, name, point)"
            " VALUES (:tenant_id, :id, 'Toys', ST_SetSRID(ST_Point(8.5, 47.3), 4326))"
        ),
        {"tenant_id": world.tenant_id, "id": store_id},
    )
    await session.commit()
    return str(store_id)


# --- policy -------------------------------------------------------------------------------------------------------


async def test_the_policy_is_edited_with_if_match(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    read = await client.get("/v1/tenant", headers=world.sk_headers)
    tag = {"If-Match": read.headers["etag"]}
    body = {"review": "always", "quiet_start": "21:30", "daily_cap": 2, "default_accuracy_m": 30}
    changed = await client.patch("/v1/tenant", json=body, headers=world.sk_headers | tag)
    assert changed.status_code == 200
    assert {name: changed.json()[name] for name in body} == body
    assert changed.json()["timezone"] == "Europe/Zurich"
    assert changed.headers["etag"] == '"v2"'
    for headers, status in (({}, 428), (tag, 412), ({"If-Match": "other"}, 412)):
        answer = await client.patch("/v1/tenant", json={"daily_cap": 9}, headers=world.sk_headers | headers)
        assert answer.status_code == status
        assert answer.json()["type"].startswith("/problems/precondition-")


@pytest.mark.parametrize(
    "body",
    [{"daily_cap": 0}, {"review": "often"}, {"quiet_start": "25:00"}, {"timezone": "Mars"}, {"name": None}, {"x": 1}],
)
async def test_an_impossible_policy(client: httpx.AsyncClient, session: Session, body: dict[str, Any]) -> None:
    world = await make_world(session)
    answer = await client.patch("/v1/tenant", json=body, headers=world.sk_headers | {"If-Match": '"v1"'})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    problem = answer.json()
    assert (problem["instance"], problem["errors"][0]["in"]) == ("/v1/tenant", "body")


# --- owners and apps ----------------------------------------------------------------------------------------------


async def test_an_owners_life(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    key = {"Idempotency-Key": "one"}
    body = {"name": "Toys Inc", "external_id": "t1"}
    made = await client.post("/v1/owners", json=body, headers=world.sk_headers | key)
    again = await client.post("/v1/owners", json=body, headers=world.sk_headers | key)
    assert (made.status_code, again.json()) == (201, made.json())
    assert (await client.post("/v1/owners", json=body, headers=world.sk_headers)).status_code == 409
    path, tag = f"/v1/owners/{made.json()['id']}", {"If-Match": made.headers["etag"]}
    changed = await client.patch(path, json={"external_id": None}, headers=world.sk_headers | tag)
    assert (changed.json()["name"], changed.json()["external_id"]) == ("Toys Inc", None)
    assert len((await client.get("/v1/owners", headers=world.sk_headers)).json()["items"]) == 1
    assert (await client.delete(path, headers=world.sk_headers)).status_code == 204
    assert (await client.get(path, headers=world.sk_headers)).status_code == 404


async def test_an_app_and_its_user_token_keys(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    store_id = await make_store(session, world)
    body = {"name": "Toys", "store_id": store_id, "user_token_keys": [PEM], "android_package": "ch.toys"}
    made = await client.post("/v1/apps", json=body, headers=world.sk_headers)
    assert made.status_code == 201
    path, tag = f"/v1/apps/{made.json()['id']}", {"If-Match": made.headers["etag"]}
    changed = await client.patch(path, json={"user_token_keys": [], "store_id": None}, headers=world.sk_headers | tag)
    assert (changed.json()["user_token_keys"], changed.json()["store_id"]) == ([], None)
    assert (await client.delete(path, headers=world.sk_headers)).status_code == 204
    used = f"/v1/apps/{world.app_id}"
    assert (await client.delete(used, headers=world.sk_headers)).status_code == 409  # its key


@pytest.mark.parametrize(
    "member, value",
    [
        ("user_token_keys", ["secret"]),
        ("user_token_keys", [PEM.replace("PUBLIC", "PRIVATE")]),
        ("store_id", "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("name", " "),
    ],
)
async def test_an_impossible_app(client: httpx.AsyncClient, session: Session, member: str, value: object) -> None:
    world = await make_world(session)
    body = {"name": "Toys"} | {member: value}
    answer = await client.post("/v1/apps", json=body, headers=world.sk_headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"#/{member}")


# --- keys ---------------------------------------------------------------------------------------------------------


async def test_a_key_is_shown_once_and_revoked(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    headers = world.sk_headers | {"Idempotency-Key": "one"}
    made = (await client.post("/v1/keys", json=KEY, headers=headers)).json()
    assert (await client.post("/v1/keys", json=KEY, headers=headers)).json() == made | {"key": None}
    new = bearer(made["key"])
    assert (await client.get("/v1/tenant", headers=new)).status_code == 200
    assert (await client.get("/v1/keys", headers=new)).status_code == 403  # read only
    keys = (await client.get("/v1/keys", headers=world.sk_headers)).json()["items"]
    (listed,) = [key for key in keys if key["id"] == made["id"]]
    assert listed == {name: value for name, value in made.items() if name != "key"}
    assert listed["hint"] == made["key"][-4:]
    path = f"/v1/keys/{made['id']}"
    for _ in range(2):
        assert (await client.delete(path, headers=world.sk_headers)).status_code == 204
    assert (await client.get("/v1/tenant", headers=new)).status_code == 401
    assert (await client.get(path, headers=world.sk_headers)).json()["revoked_at"] is not None
    trail = (await session.execute(select(AuditEntry.action, AuditEntry.actor).order_by(AuditEntry.id))).all()
    key_id = (await session.execute(select(Credential.id).where(Credential.hint == world.sk[-4:]))).scalar_one()
    assert trail == [("key.create", f"secret_key {key_id}"), ("key.revoke", f"secret_key {key_id}")]


async def test_a_test_key_registers_test_devices(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    body = {"kind": "pk", "name": "my phone", "app_id": str(world.app_id), "is_test": True}
    key = (await client.post("/v1/keys", json=body, headers=world.sk_headers)).json()["key"]
    assert key.startswith("pk_test_")
    device = (await client.post("/v1/devices", json={"platform": "ios"}, headers=bearer(key))).json()
    me = (await client.get("/v1/devices/me", headers=bearer(device["device_token"]))).json()
    assert me["is_test"] is True


@pytest.mark.parametrize(
    "over, member",
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes/0"),
        ({"kind": "pk"}, "scopes"),
        ({"app_id": "own"}, "app_id"),
        ({"store_ids": []}, "store_ids"),
        ({"store_ids": ["01890a5d-ac96-774b-bcce-b302099a8057"]}, "store_ids"),
        ({"store_ids": ["own"], "scopes": ["admin"]}, "scopes"),
        ({"store_ids": ["own"], "scopes": ["read", "people"]}, "scopes"),
    ],
)
async def test_an_impossible_key(
    client: httpx.AsyncClient, session: Session, over: dict[str, Any], member: str
) -> None:
    world = await make_world(session)
    if over.get("app_id") == "own":
        over = over | {"app_id": str(world.app_id)}
    if over.get("store_ids") == ["own"]:
        over = over | {"store_ids": [await make_store(session, world)]}
    answer = await client.post("/v1/keys", json=KEY | over, headers=world.sk_headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"#/{member}"


async def test_nobody_hands_out_more_than_he_has(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    admin = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=["admin", "read"])
    tester = await make_key_row(session, world.tenant_id, KeyKind.SECRET, is_test=True)
    await session.commit()
    assert (await client.post("/v1/keys", json=KEY, headers=bearer(admin))).status_code == 201
    people = KEY | {"scopes": ["people"]}
    assert (await client.post("/v1/keys", json=people, headers=bearer(admin))).status_code == 422
    assert (await client.post("/v1/keys", json=KEY, headers=bearer(tester))).status_code == 422


async def test_a_key_of_a_store_sees_that_store_only(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mine, other = await make_store(session, world), await make_store(session, world)
    apps = [
        (await client.post("/v1/apps", json={"name": "A", "store_id": s}, headers=world.sk_headers)).json()["id"]
        for s in (mine, other)
    ]
    owner = (await client.post("/v1/owners", json={"name": "O"}, headers=world.sk_headers)).json()["id"]
    # As the API would never make it: every scope, and one store.
    shop = bearer(await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[mine]))
    await session.commit()
    assert [a["id"] for a in (await client.get("/v1/apps", headers=shop)).json()["items"]] == [apps[0]]
    assert (await client.get(f"/v1/apps/{apps[0]}", headers=shop)).status_code == 200
    assert (await client.get("/v1/owners", headers=shop)).json()["items"] == []
    for path in (f"apps/{apps[1]}", f"apps/{world.app_id}", f"owners/{owner}", "keys", "operators"):
        assert (await client.get(f"/v1/{path}", headers=shop)).status_code == 404, path
    assert (await client.get("/v1/profiles", headers=shop)).json()["items"] == []  # it has no customer yet
    assert (await client.post("/v1/keys", json=KEY, headers=shop)).status_code == 404


# --- operators and roles ------------------------------------------------------------------------------------------


async def test_operators_come_and_go(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_operator(session, world)
    me = (await log_in(client)).json()["operator"]["id"]
    body = {"email": "Ben@mall.example", "name": "Ben", "role": "owner", "password": PASSWORD}
    made = (await client.post("/v1/operators", json=body, headers=SAME_SITE)).json()
    assert (made["email"], "password" in str(made)) == ("ben@mall.example", False)
    assert (await client.post("/v1/operators", json=body, headers=SAME_SITE)).status_code == 409
    assert (await client.post(f"/v1/operators/{made['id']}/disable", headers=SAME_SITE)).status_code == 204
    assert (await client.post(f"/v1/operators/{me}/disable", headers=SAME_SITE)).status_code == 409  # the last owner
    assert [o["disabled_at"] is None for o in (await client.get("/v1/operators")).json()["items"]] == [True, False]
    actions = (await session.execute(select(AuditEntry.action).order_by(AuditEntry.id))).scalars().all()
    assert actions == ["operator.create", "operator.create", "operator.disable"]


@pytest.mark.parametrize(
    "over", [{"role": "shop"}, {"role": "boss"}, {"email": "x"}, {"password": "short"}, {"owner_id": str(new_id())}]
)
async def test_an_impossible_operator(client: httpx.AsyncClient, session: Session, over: dict[str, Any]) -> None:
    world = await make_world(session)
    body = {"email": "a@b.example", "name": "A", "role": "editor", "password": PASSWORD} | over
    assert (await client.post("/v1/operators", json=body, headers=world.sk_headers)).status_code == 422


@pytest.mark.parametrize("role", list(Role))
async def test_what_each_role_may(client: httpx.AsyncClient, session: Session, role: Role) -> None:
    world = await make_world(session)
    owner = (await client.post("/v1/owners", json={"name": "O"}, headers=world.sk_headers)).json()["id"]
    await make_operator(session, world, role, owner_id=owner if role is Role.SHOP else None)
    await log_in(client)
    tenant = await client.get("/v1/tenant")
    people = await client.get("/v1/profiles")
    policy = await client.patch("/v1/tenant", json={}, headers=SAME_SITE | {"If-Match": '"v1"'})
    assert tenant.status_code == 200
    assert people.status_code == (200 if role in (Role.OWNER, Role.SUPPORT, Role.SHOP) else 403)
    assert policy.status_code == (200 if role is Role.OWNER else 403)


# --- the tenant wall ----------------------------------------------------------------------------------------------


async def test_another_tenants_things_are_not_there(client: httpx.AsyncClient, session: Session) -> None:
    mine, other = await make_world(session), await make_world(session)
    operator = await make_operator(session, mine)
    key_id = (await session.execute(select(Credential.id).where(Credential.hint == mine.sk[-4:]))).scalar_one()
    owner = (await client.post("/v1/owners", json={"name": "O"}, headers=mine.sk_headers)).json()["id"]
    tag = other.sk_headers | {"If-Match": '"v1"'}
    calls = [
        ("GET", f"/v1/owners/{owner}"), ("PATCH", f"/v1/owners/{owner}"), ("DELETE", f"/v1/owners/{owner}"),
        ("GET", f"/v1/apps/{mine.app_id}"), ("PATCH", f"/v1/apps/{mine.app_id}"),
        ("DELETE", f"/v1/apps/{mine.app_id}"), ("GET", f"/v1/keys/{key_id}"), ("DELETE", f"/v1/keys/{key_id}"),
        ("POST", f"/v1/operators/{operator.id}/disable"),
    ]  # fmt: skip
    for method, path in calls:
        answer = await client.request(method, path, headers=tag, json={} if method == "PATCH" else None)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found"), (method, path)
    body = {"kind": "pk", "name": "x", "app_id": str(mine.app_id)}
    assert (await client.post("/v1/keys", json=body, headers=other.sk_headers)).status_code == 404
    listed = (await client.get("/v1/keys", headers=other.sk_headers)).json()["items"]
    assert str(key_id) not in [key["id"] for key in listed]

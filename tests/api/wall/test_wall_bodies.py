"""The wall inside requests: an own thing that shall point at another tenant's, or another store's, is refused."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from geoengage.kit.db import Session
from geoengage.tenancy.rules import KeyKind
from tests.api.wall.cases import square
from tests.api.wall.world import LAT, LON, Side, bearer, cookie, dump, make_side
from tests.factories import make_key_row


@dataclass(frozen=True)
class Pointing:
    """A request to one's own tenant (`me`) that names something of another (`it`)."""

    method: str
    path: Callable[[Side, Side], str]
    body: Callable[[Side, Side], Any]
    expected: tuple[int, ...] = (404, 422)


def post(path: str, body: Callable[[Side, Side], Any]) -> Pointing:
    return Pointing("POST", lambda me, it: path, body)


def edit(path: str, kind: str, body: Callable[[Side], Any], expected: tuple[int, ...] = (404, 422)) -> Pointing:
    return Pointing("PATCH", lambda me, it: f"{path}/{me[kind]}", lambda me, it: body(it), expected)


def part(path: str) -> Pointing:
    """A level or unit under another mall than its own, which path and If-Match would let change."""
    return Pointing("PATCH", lambda me, it: path.format(me=me, it=it), lambda me, it: {"properties": {"name": "x"}})


def zone(**properties: Any) -> dict[str, Any]:
    return square({"name": "New"} | properties)


def check_in(**properties: Any) -> dict[str, Any]:
    return square({"name": "New", "kind": "check_in"} | properties) | {
        "geometry": {"type": "Point", "coordinates": [LON, LAT]}
    }


def campaign(trigger: dict[str, Any], **over: Any) -> dict[str, Any]:
    return {"name": "New", "trigger": {"kind": "entered"} | trigger, "title": "t", "body": "b"} | over


SK = {"kind": "sk", "name": "New", "scopes": ["read"]}
SHOP = {"email": "n@example.com", "name": "New", "role": "shop", "password": "long enough"}
TEXT = {"title": "{{ store.name }}", "body": "{{ zone.name }}"}
LEVEL = {"name": "New", "short_name": "1", "ordinal": 1}

OTHER_TENANT = {
    "zone in its mall": post("/v1/zones", lambda me, it: zone(mall_id=it["mall"], levels=[0])),
    "zone of its store": post("/v1/zones", lambda me, it: zone(store_id=it["store"])),
    "zone moved into its mall": edit("/v1/zones", "zone", lambda it: {"properties": {"mall_id": it["mall"]}}),
    "zone given to its store": edit("/v1/zones", "zone", lambda it: {"properties": {"store_id": it["store"]}}),
    "beacon in its mall": post("/v1/evidence-points", lambda me, it: check_in(mall_id=it["mall"], level=0)),
    "beacon of its store": post("/v1/evidence-points", lambda me, it: check_in(store_id=it["store"])),
    "point moved into its mall": edit(
        "/v1/evidence-points", "point", lambda it: {"properties": {"mall_id": it["mall"], "level": 0}}
    ),
    "point given to its store": edit(
        "/v1/evidence-points", "point", lambda it: {"properties": {"store_id": it["store"]}}
    ),
    "store in its mall": post("/v1/stores", lambda me, it: square({"name": "New", "mall_id": it["mall"], "level": 0})),
    "store of its owner": post("/v1/stores", lambda me, it: square({"name": "New", "owner_id": it["owner"]})),
    "store moved into its mall": edit("/v1/stores", "store", lambda it: {"properties": {"mall_id": it["mall"]}}),
    "store given to its owner": edit("/v1/stores", "store", lambda it: {"properties": {"owner_id": it["owner"]}}),
    "level that says its mall": Pointing(
        "POST", lambda me, it: f"/v1/malls/{me['mall']}/levels", lambda me, it: square(LEVEL | {"mall_id": it["mall"]})
    ),
    "unit that says its mall": Pointing(
        "POST",
        lambda me, it: f"/v1/malls/{me['mall']}/units",
        lambda me, it: square({"level": 0, "category": "corridor", "mall_id": it["mall"]}),
    ),
    "its level under my mall": part("/v1/malls/{me[mall]}/levels/{it[level]}"),
    "my level under its mall": part("/v1/malls/{it[mall]}/levels/{me[level]}"),
    "my level under my other mall": part("/v1/malls/{me[second_mall]}/levels/{me[level]}"),
    "its unit under my mall": part("/v1/malls/{me[mall]}/units/{it[unit]}"),
    "my unit under my other mall": part("/v1/malls/{me[second_mall]}/units/{me[unit]}"),
    "campaign at its zone": post("/v1/campaigns", lambda me, it: campaign({"zone_ids": [it["zone"]]})),
    "campaign at its zone too": post("/v1/campaigns", lambda me, it: campaign({"zone_ids": [me["zone"], it["zone"]]})),
    "campaign at its store": post("/v1/campaigns", lambda me, it: campaign({"store_ids": [it["store"]]})),
    "campaign of its store": post(
        "/v1/campaigns", lambda me, it: campaign({"zone_ids": [me["zone"]]}, store_id=it["store"])
    ),
    "campaign moved to its zone": edit("/v1/campaigns", "campaign", lambda it: {"trigger": {"zone_ids": [it["zone"]]}}),
    "campaign given to its store": edit("/v1/campaigns", "campaign", lambda it: {"store_id": it["store"]}),
    "text with its store's name": post("/v1/campaigns/preview", lambda me, it: TEXT | {"store_id": it["store"]}),
    "text with its zone's name": post("/v1/campaigns/preview", lambda me, it: TEXT | {"zone_id": it["zone"]}),
    "app of its store": post("/v1/apps", lambda me, it: {"name": "New", "store_id": it["store"]}),
    "app given to its store": edit("/v1/apps", "app", lambda it: {"store_id": it["store"]}),
    "key for its store": post("/v1/keys", lambda me, it: SK | {"store_ids": [it["store"]]}),
    "key for its store too": post("/v1/keys", lambda me, it: SK | {"store_ids": [me["store"], it["store"]]}),
    "key of its app": post("/v1/keys", lambda me, it: {"kind": "pk", "name": "New", "app_id": it["app"]}),
    "operator of its owner": post("/v1/operators", lambda me, it: SHOP | {"owner_id": it["owner"]}),
    "its device": Pointing(
        "POST", lambda me, it: f"/v1/devices/{it['device']}/link", lambda me, it: {"external_id": f"{me.mark}-person"}
    ),
}
# The caller is restricted to `neighbour`; `it` is the same tenant.
OTHER_STORE = {
    "zone of another store": post("/v1/zones", lambda me, it: zone(store_id=it["store"])),
    "zone of the whole mall": post("/v1/zones", lambda me, it: zone(mall_id=it["mall"], levels=[0])),
    "zone given away": edit("/v1/zones", "neighbour_zone", lambda it: {"properties": {"store_id": it["store"]}}),
    "zone given to the mall": edit("/v1/zones", "neighbour_zone", lambda it: {"properties": {"store_id": None}}),
    "store given away": edit(
        "/v1/stores", "neighbour", lambda it: {"properties": {"owner_id": it["owner"]}}, expected=(403,)
    ),
    "campaign at another store's zone": OTHER_TENANT["campaign at its zone"],
    "campaign at another store": OTHER_TENANT["campaign at its store"],
    "campaign of another store": post(
        "/v1/campaigns", lambda me, it: campaign({"zone_ids": [it["neighbour_zone"]]}, store_id=it["store"])
    ),
    "campaign moved": edit(
        "/v1/campaigns", "neighbour_campaign", lambda it: {"trigger": {"zone_ids": [it["zone"]]}}
    ),
    "campaign widened": edit(
        "/v1/campaigns", "neighbour_campaign", lambda it: {"trigger": {"store_ids": [it["store"]]}}
    ),
    "campaign given away": edit("/v1/campaigns", "neighbour_campaign", lambda it: {"store_id": it["store"]}),
    "campaign given to the mall": edit("/v1/campaigns", "neighbour_campaign", lambda it: {"store_id": None}),
    "campaign without offer": post(
        "/v1/campaigns", lambda me, it: campaign({"zone_ids": [it["neighbour_zone"]]}, purpose="service")
    ),
    "text with another store's name": OTHER_TENANT["text with its store's name"],
    "text with another store's zone": OTHER_TENANT["text with its zone's name"],
}  # fmt: skip


async def refuse(client: httpx.AsyncClient, case: Pointing, me: Side, it: Side, headers: dict[str, str]) -> None:
    headers = headers | ({"If-Match": '"v1"'} if case.method == "PATCH" else {})
    answer = await client.request(case.method, case.path(me, it), json=case.body(me, it), headers=headers)
    assert answer.status_code in case.expected, answer.text
    assert "Field required" not in answer.text, answer.text  # it is refused for what it names
    assert "Extra inputs" not in answer.text, answer.text


async def test_another_tenants_things(client: httpx.AsyncClient, session: Session) -> None:
    alpha, beta = await make_side(client, session, "alfa"), await make_side(client, session, "beta")
    before = await dump(session, alpha), await dump(session, beta)
    for name, case in OTHER_TENANT.items():
        try:
            await refuse(client, case, beta, alpha, beta.world.sk_headers)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    assert (await dump(session, alpha), await dump(session, beta)) == before


@pytest.mark.parametrize("credential", ["secret key", "console"])
async def test_another_stores_things(client: httpx.AsyncClient, session: Session, credential: str) -> None:
    alpha = await make_side(client, session, "alfa")
    console = credential == "console"
    headers = bearer(alpha.shop_key)
    if console:
        headers = cookie(alpha.cookies["shop"], Origin="http://testserver")
    before = await dump(session, alpha)
    for name, case in OTHER_STORE.items():
        if console and "campaign" not in case.path(alpha, alpha):
            continue  # shop operators edit no places
        try:
            await refuse(client, case, alpha, alpha, headers)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    assert await dump(session, alpha) == before


async def test_the_same_requests_about_ones_own_things_pass(client: httpx.AsyncClient, session: Session) -> None:
    """So the refusals above are about whose things are named."""
    alpha = await make_side(client, session, "alfa")
    for name, case in OTHER_TENANT.items():
        if "other mall" in name:
            continue
        body, path = case.body(alpha, alpha), case.path(alpha, alpha)
        version = (await client.get(path, headers=alpha.world.sk_headers)).headers.get("etag", "")
        answer = await client.request(
            case.method, path, json=body, headers=alpha.world.sk_headers | {"If-Match": version}
        )
        assert answer.status_code < 300, f"{name}: {answer.text}"


async def test_the_same_name_in_two_tenants_is_two_people(client: httpx.AsyncClient, session: Session) -> None:
    alpha, beta = await make_side(client, session, "alfa"), await make_side(client, session, "beta")
    before = await dump(session, alpha)
    body = {"external_id": "alfa-person", "first_name": "Eve"}
    answer = await client.post(f"/v1/devices/{beta['device']}/link", json=body, headers=beta.world.sk_headers)
    assert answer.status_code == 200
    assert answer.json()["profile_id"] != alpha["profile"]
    assert await dump(session, alpha) == before


async def test_a_key_of_all_apps_registers_for_its_own_tenant_only(client: httpx.AsyncClient, session: Session) -> None:
    alpha, beta = await make_side(client, session, "alfa"), await make_side(client, session, "beta")
    wide = await make_key_row(session, beta.world.tenant_id, KeyKind.PUBLISHABLE, scopes=[])
    await session.commit()
    before = await dump(session, alpha), await dump(session, beta)
    proofs = ({}, {"user_token": alpha.user_token()})
    for proof in proofs:
        body = {"platform": "ios", "app_id": alpha["app"]} | proof
        assert (await client.post("/v1/devices", json=body, headers=bearer(wide))).status_code == 404
    stolen = {"platform": "ios", "app_id": beta["app"], "user_token": alpha.user_token()}
    assert (await client.post("/v1/devices", json=stolen, headers=bearer(wide))).status_code in (401, 403, 422)
    assert (await dump(session, alpha), await dump(session, beta)) == before


async def test_one_idempotency_key_in_two_hands_makes_two_things(client: httpx.AsyncClient, session: Session) -> None:
    alpha, beta = await make_side(client, session, "alfa"), await make_side(client, session, "beta")
    made = set()
    for headers in (
        alpha.world.sk_headers,
        beta.world.sk_headers,
        cookie(alpha.cookies["owner"], Origin="http://testserver"),
    ):
        answer = await client.post("/v1/owners", json={"name": "N"}, headers=headers | {"Idempotency-Key": "k" * 20})
        assert answer.status_code == 201, answer.text
        made.add(answer.json()["id"])
    assert len(made) == 3


async def test_cursors_and_positions_of_another_tenant_show_nothing(
    client: httpx.AsyncClient, session: Session
) -> None:
    alpha, beta = await make_side(client, session, "alfa"), await make_side(client, session, "beta")
    cursor = (await client.get("/v1/zones", params={"limit": 1}, headers=alpha.world.sk_headers)).json()["next"]
    for path in (
        "/v1/zones",
        "/v1/stores",
        "/v1/zone-events",
        "/v1/visits",
        "/v1/messages",
        "/v1/campaigns",
        "/v1/keys",
    ):
        answer = await client.get(path, params={"cursor": cursor}, headers=beta.world.sk_headers)
        assert answer.status_code == 200, answer.text
        assert "alfa" not in answer.text

"""The wall: nobody reads or changes what belongs to another tenant, another store or another person.

Every endpoint of the OpenAPI has a line in `cases.py`. Each caller below walks the whole table asking for the things of
one tenant, A; afterwards A's rows are as before. That A's own credentials get through the same requests shows that the
refusals are about the caller, not about the request.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from sqlalchemy import select

from geoengage.app import PAGES
from geoengage.kit.db import Session
from geoengage.tenancy.auth import make_device_token
from geoengage.tenancy.models import Credential
from geoengage.tenancy.rules import KeyKind, Principal, PrincipalKind, Scope, hash_secret, make_key
from tests.api.wall.cases import CASES, OF_A_STORE, TRACKING, Case, For
from tests.api.wall.world import Side, bearer, cookie, dump, ids_in, make_phone, make_side
from tests.factories import make_key_row

ORDER = ("GET", "PATCH", "PUT", "POST", "DELETE")  # an edit before what raises the version, removal last
ERASE = ("POST", "/v1/profiles/{profile_id}/erase")  # comes last of all
ERASURE = (
    "DELETE",
    "/v1/me",
)  # comes when the device has deleted itself; test_me_api.py and test_erasure.py are its own
SAME = {"Origin": "http://testserver"}
PUBLIC = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/problems/{code}",
    "/go/{token}",
    "/v1/login",
    "/l/{code}",
    "/v1/check-in/{code}",
    "/v1/devices/pair",
    "/shopper/app.json",
    "/ingest/meraki/{scanner_id}",
    "/ingest/shopify/{connection_id}",
    "/v1/hooks/whatsapp/{sender_id}",
    "/v1/hooks/sms/{sender_id}",
    "/v1/hooks/viber/{sender_id}/{token}",
    "/v1/hooks/email/{app_id}",
    "/v1/projects/{write_key}/settings",
    *TRACKING,
}
SHOPPER_FILES = {"/shopper", "/shopper/manifest.webmanifest", "/shopper/icon-{size}.png", "/shopper/icon.svg"}
PREFERENCES = {"/p/{token}", "/p/confirm/{token}"} | {
    f"/p/{{token}}/{step}" for step in ("choices", "first", "pause", "stop", "export", "delete")
}  # whoever has a link is the person; test_preference_page.py
UNSUBSCRIBING = {"/u/{token}", "/u/{token}/choices"}  # test_email_api.py
OTHER_ROUTES = {
    *PAGES,
    *SHOPPER_FILES,
    *PREFERENCES,
    *UNSUBSCRIBING,
    "/ui",
    "/shop",
    "/till",
    "/docs",
    "/docs/oauth2-redirect",
    "/openapi.json",
    "/v1/live/positions",
}
NAMELESS = {
    "/v1/channel-order",
    "/v1/conversations/unread",
    "/v1/messages/counts",
    "/v1/apps/{app_id}/brand",
    "/v1/cards",
    "/v1/config",
    "/ingest/osmand",
    "/v1/devices",  # there is no test device
    "/v1/evidence-points/{point_id}/poster.pdf",  # its text is compressed
    "/v1/campaigns/{campaign_id}/report",
    "/v1/campaigns/{campaign_id}/proof",
    "/v1/campaigns/{campaign_id}/experiment",
    "/v1/proof",
    "/v1/direct-revenue",
    "/v1/message-costs",
    "/v1/margins",
    "/v1/content/{content_id}/revisions",  # it was written before there were any
    "/v1/links/hosts",
    "/v1/day-parts",
    "/v1/profiles/{profile_id}/best-hours",
    "/v1/links/{link_id}/qr.svg",
    "/v1/links/{link_id}/qr.png",
    "/v1/footfall/flows",
    "/v1/footfall/heat",
    "/v1/metrics",
    "/v1/metrics/{name}",
    "/v1/metrics/cohorts",
    "/v1/metrics/rfm",
    "/v1/metrics/worth",
    "/v1/metrics/when",
    "/v1/metrics/funnel",
    "/v1/metrics/models/{model_id}/pictures/{picture}",
    "/v1/profiles/{profile_id}/may-contact",
    "/v1/erasures",
    "/v1/habit-policy",
    "/v1/retention",
    "/v1/retention/runs",
    "/v1/imports/kinds",
    "/v1/imports/mapping",
    "/v1/imports/drop",
    "/v1/imports/data/{import_id}/errors.csv",
    "/v1/people/recent",  # nobody was looked up
    "/v1/segments/templates",
    "/v1/overview",
    "/v1/playbooks",
    "/v1/playbooks/{playbook}",
    "/v1/recipes",  # nobody has switched one on
}  # answers that name nothing of a tenant
# What a shop must not see of its mall, and a phone not of other people.
NOT_FOR_SHOPS = [
    "note",
    "store",
    "zone",
    "point",
    "campaign",
    "app",
    "owner",
    "profile",
    "device",
    "message",
    "visit",
    "key",
    "webhook",
    "operator",
    "product",
    "order",
    "import",
    "segment",
    "list",
    "alert",
    "content",
    "link",
    "feed",
]
NOT_FOR_PHONES = [
    "order",
    "campaign",
    "owner",
    "profile",
    "device",
    "message",
    "visit",
    "key",
    "webhook",
    "operator",
    "tenant",
    "segment",
    "list",
    "alert",
]
NOT_FOR_PHONES_WORDS = [
    "campaign",
    "owner",
    "person",
    "push-address",
    "title",
    "body",
    "attribute",
    "Mia",
    "key",
    "operator",
]


@dataclass
class Answer:
    """What a caller got. `asked` is all that the request said, so that an echo is no leak."""

    case: Case
    status: int
    text: str
    asked: str

    def __str__(self) -> str:
        return f"{self.case.method} {self.asked}: {self.status} {self.text[:500]}"


async def walk(
    client: httpx.AsyncClient, side: Side, headers: dict[str, str], only: Callable[[Case], bool] = lambda _: True
) -> AsyncIterator[Answer]:
    """Ask for that side's things at every endpoint, reading first and deleting last."""
    cases = sorted(CASES, key=lambda c: c.path, reverse=True)
    cases.sort(key=lambda c: (c.path == "/v1/logout", c.key in (ERASURE, ERASE), ORDER.index(c.method)))
    for case in filter(only, cases):
        body = case.body(side) if case.body else None
        named = {"If-Match": '"v1"'} if case.method == "PATCH" else {}
        for query in case.queries:
            sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
            request = client.build_request(
                case.method, case.url(side), **sent, params=query(side), headers=named | case.headers | headers
            )
            answer = await client.send(request)
            asked = f"{request.url} {request.content.decode(errors='replace')}"
            yield Answer(case, answer.status_code, answer.text, asked)


def check_hidden(answer: Answer, ids: Iterable[str], words: Iterable[str]) -> None:
    """None of the ids (but for those that the request named), and none of the words."""
    leaked = [id_ for id_ in ids if id_ in answer.text and id_ not in answer.asked]
    leaked += [word for word in words if word in answer.text and word not in answer.asked]
    assert not leaked, f"{leaked} in {answer}"


async def key_id(session: Session, key: str) -> UUID:
    """The id of a key."""
    found = await session.execute(select(Credential.id).where(Credential.secret_hash == hash_secret(key)))
    return found.scalar_one()


def names_foreign(case: Case, side: Side) -> bool:
    """Whether the body names something of that side."""
    return case.body is not None and bool(ids_in({"": [str(case.body(side))]}))


@pytest.fixture
async def alpha(client: httpx.AsyncClient, session: Session) -> Side:
    """The tenant whose things are asked for."""
    return await make_side(client, session, "alfa")


@pytest.fixture
async def beta(client: httpx.AsyncClient, session: Session) -> Side:
    """Another tenant, as full as the first."""
    return await make_side(client, session, "beta")


# --- the table ----------------------------------------------------------------------------------------------------


def test_every_endpoint_has_a_case(app: FastAPI) -> None:
    paths = app.openapi()["paths"].items()
    endpoints = [(method.upper(), path) for path, item in paths for method in item]
    assert sorted(endpoints) == sorted(case.key for case in CASES)


def test_no_endpoint_is_outside_the_openapi(app: FastAPI) -> None:
    def paths(routes: Iterable[Any]) -> Iterator[str]:
        for route in routes:
            if hasattr(route, "path"):
                yield route.path
            else:  # an included router
                yield from paths(route.original_router.routes)

    assert set(paths(app.routes)) - set(app.openapi()["paths"]) == OTHER_ROUTES


def test_what_is_open_to_everybody() -> None:
    assert {case.path for case in CASES if case.who is For.PUBLIC} == PUBLIC


# --- who must get through -----------------------------------------------------------------------------------------


async def test_its_own_credentials_get_through(client: httpx.AsyncClient, session: Session, alpha: Side) -> None:
    rows = await dump(session, alpha)
    known = ids_in(rows)
    own = {
        For.APP: alpha.world.pk_headers,
        For.DEVICE: bearer(alpha.phone.token),
        For.NEWS: alpha.world.sk_headers,
        For.TENANT: alpha.world.sk_headers,
        For.PINGS: alpha.world.sk_headers,
        For.CONSOLE: cookie(alpha.cookies["owner"]) | SAME,
    }
    for who, headers in own.items():
        async for answer in walk(client, alpha, headers, lambda case, who=who: case.who is who):
            if answer.case.demo_only:
                assert answer.status == 403, answer
                continue
            may_conflict = answer.case.names_ids and answer.case.method in ("POST", "DELETE")
            may_conflict |= answer.case.path == "/v1/shop/offers"  # it would reach nobody
            gone = answer.case.key == ERASURE and answer.status == 401
            assert answer.status < 300 or (answer.status == 409 and may_conflict) or gone, answer
            if answer.case.method == "GET" and answer.case.path not in NAMELESS:
                assert "alfa" in answer.text or any(id_ in answer.text for id_ in known), answer


# --- another tenant -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("credential", ["secret key", "console"])
async def test_another_tenant(
    client: httpx.AsyncClient, session: Session, alpha: Side, beta: Side, credential: str
) -> None:
    console = credential == "console"
    headers = cookie(beta.cookies["owner"]) | SAME if console else beta.world.sk_headers
    before = await dump(session, alpha)
    hidden = ids_in(before)
    async for answer in walk(client, alpha, headers, lambda case: case.who is not For.PUBLIC):
        case = answer.case
        check_hidden(answer, hidden, ["alfa"])
        if case.demo_only:
            assert answer.status == 403, answer
        elif case.who is For.PINGS and not console:
            assert (answer.status, '"accepted":0' in answer.text) == (200, True), answer
        elif case.who in (For.APP, For.DEVICE, For.PINGS) or (case.who is For.CONSOLE and not console):
            assert answer.status == 403, answer
        elif (
            case.names_ids
            or case.path in ("/v1/explain", "/v1/segments/overlap", "/v1/shop/coupons")
            or case.path.startswith("/v1/footfall")
            or case.queries is OF_A_STORE
        ):
            assert answer.status == 404, answer
        elif names_foreign(case, alpha):
            assert answer.status in (404, 422), answer
        elif case.path in ("/v1/recommendations", "/v1/direct-revenue"):
            # a person, cart or store is not found; an unknown product is nothing
            named = ("profile_id=", "cart=", "store_id=")
            assert answer.status == (404 if any(name in answer.asked for name in named) else 200), answer
        else:
            assert answer.status in (200, 201, 204), answer
    assert await dump(session, alpha) == before


# --- another store ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("credential", ["secret key", "console"])
async def test_another_store(client: httpx.AsyncClient, session: Session, alpha: Side, credential: str) -> None:
    console = credential == "console"
    headers = cookie(alpha.cookies["shop"]) | SAME if console else bearer(alpha.shop_key)
    own = alpha.ids["shop_operator"] if console else await key_id(session, alpha.shop_key)  # its reading is noted
    before = await dump(session, alpha, without=own)
    hidden = [alpha[kind] for kind in NOT_FOR_SHOPS]
    async for answer in walk(client, alpha, headers, lambda case: case.who is not For.PUBLIC):
        case = answer.case
        check_hidden(answer, hidden, ["alfa"])
        if case.demo_only:
            assert answer.status in (403, 404), answer
        elif case.who in (For.APP, For.DEVICE) or (case.who is For.CONSOLE and not console):
            assert answer.status == 403, answer
        elif case.who is For.CONSOLE:
            assert answer.status == 404 if case.names_ids else answer.status < 300, answer
        elif case.names_ids and not (case.shared and case.method == "GET"):
            # a role without the scope hears so before anything is looked up
            assert answer.status == 404 or (console and answer.status == 403), answer
        elif case.refused_to_shops != 404:
            assert answer.status == case.refused_to_shops, answer
        elif case.method == "GET" or case.shared:
            assert answer.status in (200, 403, 404), answer
        else:
            assert answer.status in (404, 422) or (console and answer.status == 403), answer
            assert not (answer.status == 422 and "Field required" in answer.text), answer
    assert await dump(session, alpha, without=own) == before


async def test_a_store_sees_its_own_things(client: httpx.AsyncClient, alpha: Side) -> None:
    """The other side of the wall: the lists that hide the other store are not merely empty."""
    shown = {"/v1/stores": "neighbour", "/v1/zones": "neighbour_zone", "/v1/campaigns": "neighbour_campaign"}
    shown |= {"/v1/profiles": "neighbour_customer"}
    shown |= {"/v1/segments": "neighbour_segment", "/v1/lists": "neighbour_list"}
    shown |= {"/v1/products": "neighbour_product", "/v1/orders": "neighbour_order", "/v1/carts": "neighbour"}
    shown |= {"/v1/visits": "neighbour_zone", "/v1/zone-events": "neighbour_zone", "/v1/malls": "mall"}
    for headers in (bearer(alpha.shop_key), cookie(alpha.cookies["shop"])):
        for path, kind in shown.items():
            assert alpha[kind] in (await client.get(path, headers=headers)).text, path
        live = await client.get("/v1/live", params={"once": True}, headers=headers | {"Last-Event-ID": "0"})
        assert alpha["neighbour_zone"] in live.text


async def test_a_store_sees_no_path_not_even_of_a_test_device(client: httpx.AsyncClient, alpha: Side) -> None:
    """Explain is open for test devices to all who read the whole tenant; a path leads through other stores."""
    body = {"kind": "pk", "name": "t", "is_test": True, "app_id": alpha["app"]}
    key = (await client.post("/v1/keys", json=body, headers=alpha.world.sk_headers)).json()["key"]
    device = (await client.post("/v1/devices", json={"platform": "web"}, headers=bearer(key))).json()["device_id"]
    expected = {alpha.world.sk: 200, alpha.shop_key: 403}
    for credential, status in expected.items():
        answer = await client.get("/v1/explain", params={"device_id": device}, headers=bearer(credential))
        assert answer.status_code == status, answer.text


async def test_who_may_not_see_people_sees_none(client: httpx.AsyncClient, session: Session, alpha: Side) -> None:
    """A key of the whole tenant without the scopes `people` and `customers`: everything but who it was."""
    scopes = [scope.value for scope in Scope if scope not in (Scope.PEOPLE, Scope.CUSTOMERS)]
    key = await make_key_row(session, alpha.world.tenant_id, KeyKind.SECRET, scopes=scopes)
    await session.commit()
    words = ["alfa-Mia", "alfa-person", "alfa-attribute", "alfa-push-address"]
    async for answer in walk(client, alpha, bearer(key), lambda case: case.method == "GET"):
        check_hidden(answer, [alpha["device"], alpha["profile"]], words)
        if "device_id" in answer.asked or "profile" in answer.case.path:
            assert answer.status == 403, answer


# --- public credentials -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_test", [False, True])
async def test_a_publishable_key_registers_devices_and_nothing_else(
    client: httpx.AsyncClient, session: Session, alpha: Side, is_test: bool
) -> None:
    key = alpha.world.pk
    if is_test:
        made = await client.post(
            "/v1/keys", json={"kind": "pk", "name": "t", "is_test": True}, headers=alpha.world.sk_headers
        )
        key = made.json()["key"]
    before = await dump(session, alpha)
    async for answer in walk(client, alpha, bearer(key), lambda case: case.who not in (For.PUBLIC, For.APP)):
        if answer.case.who is For.NEWS:
            assert answer.status == 200, answer  # what is published is there for everybody
            continue
        check_hidden(answer, ids_in(before), ["alfa"])
        assert answer.status in (401, 403), answer
    assert await dump(session, alpha) == before


async def test_another_persons_device(client: httpx.AsyncClient, session: Session, alpha: Side) -> None:
    """A phone with the same app: it reads and changes itself only, whatever its requests name."""
    stranger = await make_phone(client, alpha.world, alpha.ids["app"], "stranger")
    forging = replace(alpha, signer=Ed25519PrivateKey.generate())
    before = await dump(session, alpha, without=stranger.id)
    await _walk_as_phone(client, alpha, forging, stranger.token)
    assert await dump(session, alpha, without=stranger.id) == before


async def test_a_device_of_another_tenant(client: httpx.AsyncClient, session: Session, alpha: Side, beta: Side) -> None:
    """Even the true user token of the other tenant's person opens nothing there."""
    before = await dump(session, alpha)
    await _walk_as_phone(client, alpha, alpha, beta.phone.token)
    assert await dump(session, alpha) == before


async def _walk_as_phone(client: httpx.AsyncClient, alpha: Side, asked: Side, token: str) -> None:
    hidden = [alpha[kind] for kind in NOT_FOR_PHONES]
    words = [f"alfa-{word}" for word in NOT_FOR_PHONES_WORDS]
    refused = {
        ("POST", "/v1/receipts"): (404,),
        ("POST", "/v1/check-in/{code}"): (200, 404),
        ("PUT", "/v1/devices/me/link"): (401, 403, 422),
        ("GET", "/v1/me/consents"): (200, 409),
        ("PUT", "/v1/me/consents"): (200, 409),
        ("GET", "/v1/me/consents/history"): (200, 409),
        ("POST", "/v1/me/preference-link"): (200, 409),
    }
    refused[ERASURE] = (401,)
    async for answer in walk(client, asked, bearer(token), lambda case: case.who is not For.PUBLIC):
        check_hidden(answer, hidden, words)
        if answer.case.who in (For.DEVICE, For.PINGS):
            expected = refused.get(answer.case.key, (200, 204))
            assert answer.status in expected, answer
        elif answer.case.who is For.NEWS:
            own = asked is not alpha  # the phone is alpha's, and forges
            assert answer.status == (200 if own or not answer.case.names_ids else 404), answer
        else:
            assert answer.status in (401, 403), answer


# --- no credential, and those that are none -----------------------------------------------------------------------


def forged(side: Side) -> dict[str, dict[str, str]]:
    """Headers that look like credentials of the side and are none."""
    tenant_id = side.world.tenant_id
    device = Principal(tenant_id, side.phone.id, PrincipalKind.DEVICE, token_version=1)
    return {
        "none": {},
        "empty": {"Authorization": "Bearer "},
        "words": bearer("let me in"),
        "an unknown secret key": bearer(make_key(KeyKind.SECRET, tenant_id, is_test=False)),
        "its publishable key as secret key": bearer(side.world.pk.replace("pk_", "sk_", 1)),
        "its secret key in another tenant": bearer(side.world.sk.replace(tenant_id.hex, UUID(int=1).hex)),
        "a device token of another server": bearer(make_device_token("another-key-0123456789-0123456789ab", device)),
        "a console session as bearer": bearer(side.cookies["owner"]),
        "an unknown session": cookie(f"{tenant_id.hex}.unknown") | SAME,
        "its secret key as session": cookie(side.world.sk) | SAME,
        "a device token as session": cookie(side.phone.token) | SAME,
    }


async def test_nobody(client: httpx.AsyncClient, session: Session, alpha: Side) -> None:
    before = await dump(session, alpha)
    hidden = ids_in(before)
    for name, headers in forged(alpha).items():
        async for answer in walk(
            client, alpha, headers, lambda case, name=name: name == "none" or case.who is not For.PUBLIC
        ):
            check_hidden(answer, hidden, ["alfa"])
            assert (answer.status == 401) or answer.case.who is For.PUBLIC, f"{name}: {answer}"
    assert await dump(session, alpha) == before


# --- other sites' pages -------------------------------------------------------------------------------------------

ELSEWHERE = {
    "another site": {"Origin": "https://evil.example"},
    "a subdomain": {"Origin": "http://evil.testserver"},
    "another port": {"Origin": "http://testserver:8080"},
    "a sandboxed frame": {"Origin": "null"},
    "a browser that names the site only": {"Sec-Fetch-Site": "cross-site"},
    "a page of the same site": {"Sec-Fetch-Site": "same-site"},
    "a browser that says nothing": {},
}


async def test_a_cookie_from_elsewhere_changes_nothing(
    client: httpx.AsyncClient, session: Session, alpha: Side
) -> None:
    before = await dump(session, alpha)

    def unsafe(case: Case) -> bool:
        return case.who is not For.PUBLIC and case.method != "GET"

    for name, origin in ELSEWHERE.items():
        async for answer in walk(client, alpha, cookie(alpha.cookies["owner"]) | origin, unsafe):
            assert answer.status == 403, f"{name}: {answer}"
    assert await dump(session, alpha) == before

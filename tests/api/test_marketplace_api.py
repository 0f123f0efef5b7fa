"""Stores from one list over HTTP: made, changed, left alone; a bad row loses nothing else; a key sees its own store."""

import csv
import io
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from geoengage.kit.db import Session
from geoengage.marketplace.rules import COLUMNS
from geoengage.messaging.phone_models import PhoneSender
from geoengage.messaging.phone_senders import secrets_of
from geoengage.tenancy.models import App, Credential, Operator, Owner
from geoengage.venues.models import Store
from tests.campaign_rows import make_store
from tests.conftest import KEY
from tests.factories import World, make_world
from tests.providers.meta_server import APP_SECRET, BUSINESS, NUMBER, TOKEN
from tests.providers.text_servers import AUTH_TOKEN, SID

ROW: dict[str, Any] = {
    "external_id": "zh-1", "name": "Bakery Zürich", "lon": 8.54, "lat": 47.37, "timezone": "Europe/Zurich",
    "territory": "CH-ZH", "address": "Bahnhofstrasse 1", "category": "bakery", "brand_color": "#aa3311",
    "opening_hours": [{"days": ["mon", "tue"], "open": "09:00", "close": "18:00"}],
    "owner": {"external_id": "own-1", "name": "Meier AG", "email": "Meier@shops.example"},
    "app": {"name": "Bakery", "android_package": "ch.bakery"},
    "brand": {"logo_url": "https://cdn.example/logo.png", "address": "Bahnhofstrasse 1, Zürich"},
    "whatsapp": {
        "phone_number_id": NUMBER, "business_account_id": BUSINESS, "access_token": TOKEN, "app_secret": APP_SECRET,
    },
    "sms": {"account_sid": SID, "auth_token": AUTH_TOKEN, "sender": "BAKERY"},
    "limit": {"minor": 5000, "currency": "CHF"},
    "recipe": {"recipe": "win-back", "currency": "CHF", "settings": {"discount_percent": 12, "holdout_percent": 20}},
}  # fmt: skip
KINDS = (Store, Owner, App, Credential, Operator, PhoneSender)


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


async def put(client: httpx.AsyncClient, world: World, *rows: Any, status: int = 200) -> dict[str, Any]:
    answer = await client.post("/v1/stores:batch", json={"stores": list(rows)}, headers=world.sk_headers)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def put_file(client: httpx.AsyncClient, world: World, body: str | bytes, status: int = 200) -> dict[str, Any]:
    headers = world.sk_headers | {"Content-Type": "text/csv"}
    answer = await client.post("/v1/stores:batch", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def as_csv(lines: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(name for line in lines for name in line)))
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


async def count(session: Session, world: World) -> list[int]:
    counts = [select(func.count()).select_from(kind).where(kind.tenant_id == world.tenant_id) for kind in KINDS]
    return [(await session.execute(query)).scalar_one() for query in counts]


async def test_a_row_sets_up_a_store_with_all_that_belongs_to_it(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    """The keys work, the owner comes in by the link, each sees this store only, and the recipe runs."""
    other = await make_store(session, world, name="Neighbour")
    await session.commit()

    answer = await put(client, world, ROW)

    (made,) = answer["items"]
    assert (answer["created"], made["outcome"], made["problems"]) == (1, "created", [])
    assert made["changes"] == [
        "owner", "store", "operator", "app", "publishable_key", "secret_key", "brand", "whatsapp", "sms", "limit",
        "recipe",
    ]  # fmt: skip
    of_store = {"Authorization": f"Bearer {made['secret_key']}"}
    seen = (await client.get("/v1/stores", headers=of_store)).json()["items"]
    assert [each["id"] for each in seen] == [made["store_id"]]
    assert seen[0]["properties"]["metadata"] == {"territory": "CH-ZH"}
    assert (await client.get(f"/v1/stores/{other}", headers=of_store)).status_code == 404
    campaigns = (await client.get("/v1/campaigns", headers=of_store)).json()["items"]
    assert [(each["id"], each["status"]) for each in campaigns] == [(made["campaign_id"], "active")]
    registered = await client.post(
        "/v1/devices", json={"platform": "ios"}, headers={"Authorization": f"Bearer {made['publishable_key']}"}
    )
    assert registered.status_code == 201, registered.text
    entered = await client.get(made["login_link"])
    assert entered.headers["location"] == "/"
    assert [each["id"] for each in (await client.get("/v1/stores")).json()["items"]] == [made["store_id"]]
    assert (await client.get("/v1/session")).json()["operator"]["email"] == "meier@shops.example"
    client.cookies.clear()
    brand = (await client.get(f"/v1/apps/{made['app_id']}/brand", headers=world.sk_headers)).json()
    assert (brand["color"], brand["logo_url"]) == ("#aa3311", "https://cdn.example/logo.png")
    query = select(PhoneSender).where(PhoneSender.channel == "sms", PhoneSender.tenant_id == world.tenant_id)
    sender = (await session.execute(query)).scalar_one()
    assert secrets_of(KEY, sender) == {"auth_token": AUTH_TOKEN}


async def test_the_same_again_changes_nothing_and_something_else_that_alone(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    """Nothing is made twice, no key is shown again, and what somebody stopped or revoked stays so."""
    first = (await put(client, world, ROW))["items"][0]
    before = await count(session, world)
    stopped = await client.post("/v1/recipes/win-back/stop", json={}, headers=world.sk_headers)
    assert stopped.status_code == 200, stopped.text

    again = (await put(client, world, ROW))["items"][0]

    assert (again["outcome"], again["changes"]) == ("unchanged", [])
    assert (again["publishable_key"], again["secret_key"], again["login_link"]) == (None, None, None)
    assert await count(session, world) == before
    (state,) = [
        each["state"]
        for each in (await client.get("/v1/recipes", headers=world.sk_headers)).json()["items"]
        if each["recipe"] == "win-back"
    ]
    assert state == "stopped"

    less = {"external_id": "zh-1", "name": "Bakery Oerlikon", "sms": {"account_sid": SID, "sender": "OERLIKON"}}
    changed = (await put(client, world, less))["items"][0]
    assert (changed["outcome"], changed["changes"]) == ("updated", ["store", "sms"])
    shown = (await client.get(f"/v1/stores/{first['store_id']}", headers=world.sk_headers)).json()["properties"]
    assert (shown["name"], shown["address"], shown["timezone"]) == (
        "Bakery Oerlikon", "Bahnhofstrasse 1", "Europe/Zurich",
    )  # fmt: skip


async def test_a_bad_row_names_its_reason_and_loses_nothing_else(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    """Of a row with a fault nothing stays, not even what was right; no secret is repeated."""
    bad: list[tuple[Any, str]] = [
        ({"external_id": "a", "name": "A", "lon": 8.5}, "/lat"),
        ({"external_id": "b", "lon": 8.5, "lat": 47.3}, "/name"),
        ({"name": "C", "lon": 8.5, "lat": 47.3}, "/external_id"),
        (ROW | {"external_id": "d", "timezone": "Mars/Base"}, "/timezone"),
        (ROW | {"external_id": "e", "owner": {"email": "owner@tenant.example"}}, "/owner/email"),
        (ROW | {"external_id": "f", "owner": None, "whatsapp": ROW["whatsapp"] | {"app_secret": None}},
         "/whatsapp/app_secret"),
        (ROW | {"external_id": "g", "owner": None, "recipe": {"recipe": "win-back", "settings": {"after_minutes": 60}}},
         "/recipe/settings/after_minutes"),
        (ROW | {"external_id": "h", "owner": None, "recipe": {"recipe": "win-back"}}, ""),
        (ROW | {"external_id": "i", "owner": None, "whatsapp": {"access_token": [TOKEN]}}, "/whatsapp/phone_number_id"),
        ("text", ""),
        (ROW, "/external_id"),
    ]  # fmt: skip
    await client.post(
        "/v1/operators",
        json={"email": "owner@tenant.example", "name": "O", "role": "owner", "password": "correct horse"},
        headers=world.sk_headers,
    )

    answer = await put(client, world, ROW, *(row for row, _ in bad), ROW | {"external_id": "last", "owner": None})

    assert (answer["created"], answer["failed"]) == (2, len(bad))
    for i, ((_, pointer), item) in enumerate(zip(bad, answer["items"][1:], strict=False), 1):
        assert item["outcome"] == "failed"
        assert item["problems"][0]["pointer"] == f"#/stores/{i}{pointer}", item
        assert item["problems"][0]["detail"]
    assert "which currency" in answer["items"][8]["problems"][0]["detail"]
    assert TOKEN not in str(answer)
    for kind, names in ((Store, ["last", "zh-1"]), (Owner, ["own-1"])):
        found = select(kind.external_id).where(kind.tenant_id == world.tenant_id).order_by(kind.external_id)
        assert list((await session.execute(found)).scalars()) == names


async def test_a_spreadsheet_says_the_same(client: httpx.AsyncClient, session: Session, world: World) -> None:
    """Semicolons and decimal commas pass; a fault names line and column; the same file again changes nothing."""
    line = {
        "external_id": "zh-1", "name": "Bakery Zürich", "lon": "8,54", "lat": "47,37", "timezone": "Europe/Zurich",
        "opening_hours": "mon-fri 09:00-18:00; sat 10:00-16:00", "owner_name": "Meier AG",
        "owner_email": "meier@shops.example", "app_name": "Bakery", "whatsapp_phone_number_id": NUMBER,
        "whatsapp_business_account_id": BUSINESS, "whatsapp_access_token": TOKEN, "whatsapp_app_secret": APP_SECRET,
        "recipe": "win-back", "recipe_currency": "CHF", "recipe_discount_percent": "12", "moon": "full",
    }  # fmt: skip
    bad = {"external_id": "zh-2", "name": "Second", "lon": "east", "lat": "47,37", "opening_hours": "always"}
    worse = {"external_id": "zh-3", "name": "Third", "lon": "8,54", "lat": "47,37", "recipe": "dance"}
    body = as_csv([line, bad, worse]).replace(",", ";").replace('"8;54"', "8,54").replace('"47;37"', "47,37")
    body = body.replace('"mon-fri 09:00-18:00; sat 10:00-16:00"', "mon-fri 09:00-18:00; sat 10:00-16:00").replace(
        "mon-fri 09:00-18:00; sat 10:00-16:00", '"mon-fri 09:00-18:00; sat 10:00-16:00"'
    )

    answer = await put_file(client, world, body.encode("utf-8-sig"))

    assert (answer["created"], answer["failed"], answer["unknown_columns"]) == (1, 2, ["moon"])
    good, second, third = answer["items"]
    assert good["row"] == 2
    assert good["secret_key"]
    assert [(each["pointer"], each["detail"].partition(":")[0]) for each in second["problems"]] == [
        ("line 3", "lon"), ("line 3", "opening_hours"),
    ]  # fmt: skip
    assert third["problems"][0]["pointer"] == "line 4"
    assert third["problems"][0]["detail"].startswith("recipe:")
    shown = (await client.get(f"/v1/stores/{good['store_id']}", headers=world.sk_headers)).json()["properties"]
    assert [len(each["days"]) for each in shown["opening_hours"]] == [5, 1]
    assert shown["point"] == [8.54, 47.37]

    again = await put_file(client, world, body)
    assert (again["unchanged"], again["failed"]) == (1, 2)
    assert again["items"][0]["secret_key"] is None


async def test_what_is_no_list_is_refused_as_a_whole(client: httpx.AsyncClient, world: World) -> None:
    """Nothing is done; a restricted key may not send one at all."""
    for body in ("[]", '{"stores": []}', '{"stores": 1}', "{", '{"stores": [{}], "more": 1}'):
        headers = world.sk_headers | {"Content-Type": "application/json"}
        assert (await client.post("/v1/stores:batch", content=body, headers=headers)).status_code == 422
    await put(client, world, *[{"external_id": str(i)} for i in range(501)], status=422)
    for file in (b"", b"name\nx\n", "\n".join(["external_id", *map(str, range(501))]).encode()):
        await put_file(client, world, file, status=422)


async def test_one_owner_has_several_stores_and_a_new_link(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    """Their operator sees both; a link that is over is made anew by the tenant, for role shop only."""
    owner = {"external_id": "own", "name": "Two shops", "email": "two@shops.example"}
    rows = [{"external_id": f"s{i}", "name": f"S{i}", "lon": 8.5, "lat": 47.3, "owner": owner} for i in (1, 2)]

    answer = await put(client, world, *rows)

    links = [each["login_link"] for each in answer["items"]]
    assert (links[0] is None, links[1] is None) == (False, True)
    operators = (await client.get("/v1/operators", headers=world.sk_headers)).json()["items"]
    made = await client.post(f"/v1/operators/{operators[0]['id']}/link", headers=world.sk_headers)
    assert made.status_code == 200, made.text
    assert (await client.get(made.json()["link"])).headers["location"] == "/"
    assert len((await client.get("/v1/stores")).json()["items"]) == 2
    client.cookies.clear()
    tried = await client.post(
        "/v1/login", json={"email": "two@shops.example", "password": ""}, headers={"Origin": "http://testserver"}
    )
    assert tried.status_code == 401
    boss = await client.post(
        "/v1/operators",
        json={"email": "boss@tenant.example", "name": "B", "role": "owner", "password": "correct horse"},
        headers=world.sk_headers,
    )
    refused = await client.post(f"/v1/operators/{boss.json()['id']}/link", headers=world.sk_headers)
    assert refused.status_code == 409
    assert UUID(answer["items"][0]["owner_id"]) == UUID(answer["items"][1]["owner_id"])


def test_every_member_of_a_row_has_a_column(app: FastAPI) -> None:
    """But those that a cell cannot hold."""
    schema = app.openapi()["paths"]["/v1/stores:batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    row = schema["properties"]["stores"]["items"]["properties"]
    paths = {path[0] for path in COLUMNS.values()}
    assert set(row) - paths == {"metadata"}

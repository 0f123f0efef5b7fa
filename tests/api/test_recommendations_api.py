"""Recommendations over HTTP: of which kind, for whom, what can be had, who may ask; and what is fitted when."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Text, cast, func, select

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.recommendations import jobs
from geoengage.recommendations.models import PopularProduct, ProductPattern, RecommendationModel
from geoengage.tenancy.models import AuditEntry
from geoengage.tenancy.rules import KeyKind
from tests.api.test_devices_api import register
from tests.campaign_rows import make_device, make_store
from tests.factories import World, make_key_row, make_world
from tests.people_rows import make_person
from tests.shop_rows import Shop, buy, make_shop

URL = "/v1/recommendations"


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


@pytest.fixture
async def shop(session: Session, sessions: Sessions, world: World) -> Shop:
    """The shop, learnt from; anna has agreed to personalisation."""
    made = await make_shop(session, world)
    await make_device(session, world, profile_id=made.anna.profile_id, identifier_id=made.anna.identifier_id)
    await session.commit()
    assert await jobs.fit_once(sessions)
    return made


async def ask(client: httpx.AsyncClient, headers: Mapping[str, str], **query: Any) -> dict[str, Any]:
    answer = await client.get(query.pop("url", URL), params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def later(**how_much: float) -> Callable[[], datetime]:
    """The clock, so much later."""
    return lambda: utc_now() + timedelta(**how_much)


def names(answer: Mapping[str, Any], kind: str | None = None) -> list[str]:
    return [item["external_id"] for item in answer["items"] if kind in (None, item["kind"])]


async def test_what_a_person_buys_and_what_is_due(client: httpx.AsyncClient, world: World, shop: Shop) -> None:
    anna = shop.anna.profile_id
    due = await ask(client, world.sk_headers, profile_id=anna, kind="due")
    assert names(due) == ["soap", "sponge"]
    assert due["items"][0]["reason"] == "Bought about every 25 days, the last time 25 days ago"
    assert due["items"][0]["because"] == {"gap_days": 25, "since_days": 25, "times": 6, "of": 18, "with_name": None}
    assert (due["hindrance"], due["items"][0]["price_minor"]) == (None, 250)
    usual = await ask(client, world.sk_headers, profile_id=anna, kind="usual")
    assert names(usual)[:2] == ["bread", "butter"]
    assert usual["items"][0]["reason"] == "Bought on 12 of 18 shopping days"
    assert {item["external_id"]: item["kind"] for item in usual["items"]}["soap"] == "due"
    scores = [item["score"] for item in usual["items"]]
    assert scores == sorted(scores, reverse=True)


async def test_what_goes_with_a_product_and_with_a_cart(client: httpx.AsyncClient, world: World, shop: Shop) -> None:
    found = await ask(client, world.sk_headers, product=str(shop.products["bread"]))
    assert names(found, "together") == ["butter", "jam"]
    assert found["items"][0]["reason"] == "Often bought together with Bread"
    assert names(found, "popular") == ["soap", "sponge"], "each product once, and nothing that is at hand"
    lines = {"lines": [{"product_id": "soap", "quantity": 1}], "customer": {"external_id": "regular-3"}}
    cart = (await client.put("/v1/carts", json=lines, headers=world.sk_headers)).json()["id"]
    assert names(await ask(client, world.sk_headers, cart=cart), "together") == ["sponge"]
    missing = await client.get(URL, params={"cart": str(shop.store_id)}, headers=world.sk_headers)
    assert missing.status_code == 404
    two = await client.get(URL, params={"cart": cart, "profile_id": cart}, headers=world.sk_headers)
    assert two.status_code == 422


async def test_only_what_can_be_had(client: httpx.AsyncClient, session: Session, world: World, shop: Shop) -> None:
    bread, other = str(shop.products["bread"]), await make_store(session, world, name="Elsewhere")
    await session.commit()

    async def count(item: str, quantity: int, store: Any) -> None:
        body = {"counts": [{"store_id": str(store), "item": item, "quantity": quantity}]}
        assert (await client.post("/v1/stock", json=body, headers=world.sk_headers)).status_code == 200

    await count("butter", 0, shop.store_id)
    await count("butter", 3, other)
    assert "butter" in names(await ask(client, world.sk_headers, product=bread))
    assert "butter" in names(await ask(client, world.sk_headers, product=bread, store_id=str(other)))
    here = await ask(client, world.sk_headers, product=bread, store_id=str(shop.store_id))
    assert "butter" not in names(here)
    assert {item["reason"] for item in here["items"] if item["kind"] == "popular"} == {"Popular at Corner shop now"}
    assert "jam" in names(here), "what nobody counts is there"
    await count("jam", 5, other)
    assert "jam" not in names(await ask(client, world.sk_headers, product=bread, store_id=str(shop.store_id)))
    gone = {"external_id": "soap", "name": "Soap", "status": "archived", "variants": [{}]}
    assert (await client.post("/v1/products", json=gone, headers=world.sk_headers)).status_code == 200
    assert "soap" not in names(await ask(client, world.sk_headers))


async def test_nothing_personal_without_consent(
    client: httpx.AsyncClient, session: Session, world: World, shop: Shop
) -> None:
    ben = shop.people[1].profile_id
    found = await ask(client, world.sk_headers, profile_id=ben)
    assert (found["hindrance"], {item["kind"] for item in found["items"]}) == ("no_consent", {"popular"})
    assert names(await ask(client, world.sk_headers, profile_id=ben, kind="due")) == []
    await make_device(session, world, profile_id=shop.anna.profile_id, personalisation="denied")
    child = await make_person(session, world, {"external_id": "child"}, birthday=f"{utc_now().year - 9}-01-01")
    await make_device(session, world, profile_id=child.profile_id)
    await session.commit()
    assert (await ask(client, world.sk_headers, profile_id=shop.anna.profile_id))["hindrance"] == "no_consent"
    assert (await ask(client, world.sk_headers, profile_id=child.profile_id))["hindrance"] == "under_16"


async def test_who_may_ask_about_whom(client: httpx.AsyncClient, session: Session, world: World, shop: Shop) -> None:
    other = await make_store(session, world, name="Elsewhere")
    scopes = {"scopes": ["commerce", "customers"]}
    here = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[shop.store_id], **scopes)
    there = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[other], **scopes)
    goods = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=["commerce"])
    await session.commit()
    mine, theirs, till = ({"Authorization": f"Bearer {key}"} for key in (here, there, goods))
    anna = str(shop.anna.profile_id)
    assert names(await ask(client, mine, profile_id=anna, kind="due")) == ["soap", "sponge"]
    assert (await client.get(URL, params={"profile_id": anna}, headers=theirs)).status_code == 404
    assert (await client.get(URL, params={"profile_id": anna}, headers=till)).status_code == 403
    assert (await client.get(URL, params={"store_id": str(shop.store_id)}, headers=theirs)).status_code == 404
    noted = select(AuditEntry.reason).where(AuditEntry.action == "person.read", AuditEntry.subject == anna)
    assert (await session.execute(noted)).scalars().all() == ["recommendations"]
    await buy(session, world, shop.anna, 3, ["kite"], store_id=other)
    await buy(session, world, shop.anna, 9, ["kite"], store_id=other)
    await session.commit()
    assert "kite" in names(await ask(client, world.sk_headers, profile_id=anna, kind="usual"))
    assert "kite" not in names(await ask(client, mine, profile_id=anna, kind="usual")), "bought elsewhere"


async def test_what_an_app_shows(client: httpx.AsyncClient, session: Session, world: World, shop: Shop) -> None:
    url = f"{URL}/me"
    headers = await register(client, world, consents={"personalisation": "granted"})
    alone = await ask(client, headers, url=url)
    assert (alone["hindrance"], {item["kind"] for item in alone["items"]}) == ("nobody", {"popular"})
    line = {"lines": [{"product_id": "bread", "quantity": 1}]}
    assert (await client.post("/v1/carts/me/lines", json=line, headers=headers)).status_code == 200
    assert names(await ask(client, headers, url=url), "together") == ["butter", "jam"]
    device_id = (await client.get("/v1/devices/me", headers=headers)).json()["device_id"]
    linked = await client.post(
        f"/v1/devices/{device_id}/link", json={"external_id": "regular-0"}, headers=world.sk_headers
    )
    assert linked.status_code == 200, linked.text
    mine = await ask(client, headers, url=url)
    assert mine["hindrance"] is None
    assert "bread" not in names(mine), "it is in the cart"
    assert names(mine)[0] == "butter"
    with_soap = await ask(client, headers, url=url, product=str(shop.products["soap"]))
    assert names(with_soap)[0] == "sponge"
    refused = {"personalisation": "denied", "text_version": "2", "source": "settings"}
    assert (await client.put("/v1/devices/me/consents", json=refused, headers=headers)).status_code == 200
    assert (await ask(client, headers, url=url))["hindrance"] == "no_consent"


async def test_fitted_once_a_day_and_replaced(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, world: World, shop: Shop
) -> None:
    first = (await session.execute(select(RecommendationModel))).scalar_one()
    assert (first.baskets, first.people, first.lambda_, first.quality) == (216, 12, 50.0, {})
    assert not await jobs.fit_once(sessions), "not due"
    assert await jobs.fit_once(sessions, later(days=2))
    session.expire_all()
    models = (
        (await session.execute(select(RecommendationModel).order_by(RecommendationModel.fitted_at))).scalars().all()
    )
    assert [model.is_current for model in models] == [False, True]
    for table in (ProductPattern, PopularProduct):
        rows = await session.execute(select(func.count(), func.min(cast(table.model_id, Text))).select_from(table))
        assert rows.one()[1] == str(models[1].id)


async def test_too_little_to_learn_from(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, world: World
) -> None:
    assert not await jobs.fit_once(sessions), "nothing was sold"
    empty = await ask(client, world.sk_headers)
    assert (empty["items"], empty["fitted_at"]) == ([], None)
    person = await make_person(session, world, {"external_id": "first"})
    await make_device(session, world, profile_id=person.profile_id)
    await buy(session, world, person, 3, ["bread"])
    await session.commit()
    assert await jobs.fit_once(sessions)
    model = (await session.execute(select(RecommendationModel))).scalar_one()
    assert (model.products, model.lambda_) == (0, None)
    assert not await jobs.fit_once(sessions, later(minutes=50))
    assert await jobs.fit_once(sessions, later(minutes=70)), "it tries again soon"
    assert (await ask(client, world.sk_headers, profile_id=person.profile_id))["items"] == []

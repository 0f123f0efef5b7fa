"""Offers over HTTP: written, tried, given by code, used at the till; who may; margins."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.offers import service, store
from geoengage.offers.service import keeping
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_store
from tests.factories import World, make_key_row, make_world
from tests.people_rows import make_person

NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)
TRAIN = {
    "external_id": "train", "name": "Wooden train", "brand": "Brix", "category": "Toys > Trains",
    "variants": [{"external_id": "red", "price_minor": 2000, "cost_minor": 1200, "currency": "CHF"}],
}  # fmt: skip
TEN_OFF = {"name": "Ten", "currency": "CHF", "status": "active", "benefit": {"kind": "percent", "percent": 10}}


class Shop:
    """A store, a till of it, and the tenant's key."""

    def __init__(self, client: httpx.AsyncClient, world: World, store_id: UUID, till: str) -> None:
        self.client, self.world, self.store_id = client, world, store_id
        self.till = {"Authorization": f"Bearer {till}"}

    async def call(self, method: str, path: str, body: Any = None, status: int = 200, **over: Any) -> Any:
        headers = over.pop("headers", None) or self.world.sk_headers
        answer = await self.client.request(method, path, json=body, headers=headers | over.pop("more", {}), **over)
        assert answer.status_code == status, answer.text
        is_json = answer.content and "json" in answer.headers.get("content-type", "")
        return answer.json() if is_json else answer.text

    async def offer(self, **over: Any) -> Any:
        return await self.call("POST", "/v1/offers", TEN_OFF | over, 201)

    async def price(self, **over: Any) -> Any:
        lines = [{"variant_id": "red", "quantity": 2}]
        return await self.call("POST", "/v1/offers/price", {"lines": lines, "store_id": str(self.store_id)} | over)

    async def codes(self, offer_id: str, count: int = 1, status: int = 201, **over: Any) -> Any:
        body = {"count": count, "expires_at": (NOW + timedelta(days=9)).isoformat()} | over
        text = await self.call("POST", f"/v1/offers/{offer_id}/coupons", body, status)
        return [row["code"] for row in csv.DictReader(io.StringIO(text))] if status == 201 else text

    async def sell(self, sale_id: str, status: int = 201, **over: Any) -> Any:
        line = {"variant_id": "red", "name": "Train", "quantity": 2, "unit_price_minor": 2000}
        body = {"sale_id": sale_id, "sold_at": NOW.isoformat(), "currency": "CHF", "lines": [line]} | over
        return await self.call("POST", "/v1/till/sales", body, status, headers=self.till)


@pytest.fixture
async def shop(client: httpx.AsyncClient, session: Session, app: Any) -> Shop:
    app.state.clock = lambda: NOW
    world = await make_world(session)
    store_id = await make_store(session, world)
    till = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[store_id], scopes=["commerce"])
    await session.commit()
    made = Shop(client, world, store_id, till)
    await made.call("POST", "/v1/products", TRAIN, 201)
    return made


async def test_an_offer_is_written_changed_and_put_away(shop: Shop) -> None:
    body = TEN_OFF | {"max_discount_minor": 500, "budget": {"amount_minor": 1000}}
    key = {"Idempotency-Key": "a"}
    made = await shop.call("POST", "/v1/offers", body, 201, more=key)
    assert (await shop.call("POST", "/v1/offers", body, 201, more=key))["id"] == made["id"]
    assert (made["shown_label"], made["status"], made["group"]) == ("10 % off", "active", "main")
    assert made["budgets"][0] | {"amount_minor": 1000} == made["budgets"][0]
    path = f"/v1/offers/{made['id']}"
    change = {"benefit": {"kind": "percent", "percent": 20}, "label": "Twenty!", "conditions": {"days": ["mon"]}}
    await shop.call("PATCH", path, change, 428)
    changed = await shop.call("PATCH", path, change, more={"If-Match": '"v1"'})
    assert (changed["benefit"]["percent"], changed["shown_label"], changed["version"]) == (20, "Twenty!", 2)
    assert changed["conditions"]["days"] == ["mon"]
    assert changed["budgets"][0]["amount_minor"] == 1000
    await shop.call("PATCH", path, change, 412, more={"If-Match": '"v1"'})
    assert [each["id"] for each in (await shop.call("GET", "/v1/offers"))["items"]] == [made["id"]]
    await shop.call("DELETE", path, status=204)
    assert (await shop.call("GET", "/v1/offers"))["items"] == []
    assert len((await shop.call("GET", "/v1/offers?status=archived"))["items"]) == 1
    await shop.call("PATCH", path, change, 409, more={"If-Match": '"v3"'})


@pytest.mark.parametrize(
    "over, pointer",
    [
        ({"benefit": {"kind": "percent", "percent": 0}}, "#/benefit/percent/percent"),
        ({"benefit": {"kind": "lottery"}}, "#/benefit"),
        ({"budget": {"amount_minor": 100}}, "#/max_discount_minor"),
        ({"targets": {"product_ids": [str(UUID(int=1))]}}, "#/targets/product_ids"),
        ({"benefit": {"kind": "gift", "product_id": str(UUID(int=1))}}, "#/benefit/product_id"),
        ({"store_id": str(UUID(int=1))}, "#/store_id"),
        ({"store_budgets": [{"store_id": str(UUID(int=1)), "uses": 1}]}, "#/store_budgets"),
        ({"valid_from": "2026-07-01T00:00:00Z", "valid_to": "2026-06-01T00:00:00Z"}, "#/valid_to"),
        ({"benefit": {"kind": "free_delivery"}, "tiers": {"marked": 5}}, "#"),
        ({"conditions": {"hours": {"start": "09:00", "end": "09:00"}}}, "#/conditions/hours"),
    ],
)
async def test_what_an_offer_cannot_say(shop: Shop, over: dict[str, Any], pointer: str) -> None:
    found = await shop.call("POST", "/v1/offers", TEN_OFF | over, 422)
    assert any(each["pointer"].startswith(pointer) for each in found["errors"]), found


async def test_a_shop_has_offers_of_its_own_only(shop: Shop, session: Session) -> None:
    tenant_wide = await shop.offer()
    key = await make_key_row(session, shop.world.tenant_id, KeyKind.SECRET, store_ids=[shop.store_id])
    await session.commit()
    own = {"headers": {"Authorization": f"Bearer {key}"}}
    await shop.call("GET", f"/v1/offers/{tenant_wide['id']}", status=404, **own)
    await shop.call("POST", "/v1/offers", TEN_OFF, 422, **own)
    mine = TEN_OFF | {"store_id": str(shop.store_id)}
    assert "at the shop's cost" in str(await shop.call("POST", "/v1/offers", mine, 422, **own))
    made = await shop.call("POST", "/v1/offers", mine | {"funded_by": "store"}, 201, **own)
    assert [each["id"] for each in (await shop.call("GET", "/v1/offers", **own))["items"]] == [made["id"]]
    await shop.call("PUT", "/v1/margins", {"margin_percent": 30, "floor_percent": 5}, 404, **own)
    await shop.call("PUT", f"/v1/margins/{shop.store_id}", {"margin_percent": 30}, **own)
    await shop.call("PUT", f"/v1/margins/{UUID(int=1)}", {"margin_percent": 30}, 404, **own)


async def test_web_app_and_till_give_the_same_answer(shop: Shop, session: Session) -> None:
    await shop.offer()
    await shop.offer(name="Second", group=None, benefit={"kind": "second_item", "percent": 50})
    await shop.call("PUT", "/v1/margins", {"margin_percent": None, "floor_percent": 20})
    answers = []
    for channel in ("web", "app", "pos"):
        headers = shop.till if channel == "pos" else None
        lines = [{"variant_id": "red", "quantity": 2}]
        body = {"lines": lines, "store_id": str(shop.store_id), "channel": channel}
        answers.append(await shop.call("POST", "/v1/offers/price", body, headers=headers))
    assert answers[0] == answers[1] == answers[2]
    (line,) = answers[0]["lines"]
    assert (line["list_minor"], line["net_minor"]) == (4000, 3000)  # the floor: 12.00 ÷ 0.8 a piece
    assert sorted(share["discount_minor"] for share in line["shares"]) == [400, 600]
    assert [each["held_minor"] for each in answers[0]["offers"]] == [0, 400]
    assert "margin floor kept 4.00 CHF" in answers[0]["offers"][1]["words"]
    sale = await shop.sell("R-1", discount_minor=1000)
    assert sale["coupons"] == []
    offers = (await shop.call("GET", "/v1/offers"))["items"]
    assert [(each["uses"], each["discount_minor"]) for each in offers] == [(1, 400), (1, 600)]
    await shop.sell("R-1", 200, discount_minor=1000)
    await shop.sell("R-2", discount_minor=7)  # not as we price it: nobody knows which offers it used
    assert [each["uses"] for each in (await shop.call("GET", "/v1/offers"))["items"]] == [1, 1]


async def test_one_cart_everywhere_and_on_the_device(shop: Shop, session: Session, client: httpx.AsyncClient) -> None:
    await shop.offer()
    await shop.offer(name="Only with a code", conditions={"with_code": True})
    device = await shop.call("POST", "/v1/devices", {"platform": "web"}, 201, headers=shop.world.pk_headers)
    mine = {"headers": {"Authorization": f"Bearer {device['device_token']}"}}
    empty = await shop.call("GET", "/v1/carts/me/priced", **mine)
    assert (empty["currency"], empty["total_minor"]) == (None, 0)
    cart = await shop.call("PUT", "/v1/carts/me", {"lines": [{"variant_id": "red", "quantity": 2}]}, **mine)
    own = await shop.call("GET", "/v1/carts/me/priced", **mine)
    assert own["total_minor"] == 3600
    assert [each["name"] for each in own["offers"]] == ["Ten"]  # nobody is told of offers that do not hold
    seen = await shop.call("POST", "/v1/offers/price", {"cart_id": cart["id"]})
    assert (seen["lines"], seen["total_minor"], len(seen["offers"])) == (own["lines"], 3600, 2)
    await shop.call("POST", "/v1/offers/price", {"cart_id": str(UUID(int=1))}, 404)
    await shop.call("POST", "/v1/offers/price", {}, 422)
    mia = await make_person(session, shop.world, {"external_id": "mia"})
    await session.commit()
    who = {"customer": {"external_id": "mia"}}
    await shop.call("PUT", "/v1/carts", who | {"lines": [{"variant_id": "red", "quantity": 1}]})
    assert (await shop.call("POST", "/v1/offers/price", who))["total_minor"] == 1800
    assert mia.profile_id


async def test_an_offer_is_tried_before_it_is_switched_on(shop: Shop) -> None:
    made = await shop.offer(status="draft", tiers={"marked": 15, "severe": 30})
    assert (await shop.price())["offers"] == []
    tried = await shop.price(try_offers=[made["id"]], try_decline="severe")
    assert tried["total_minor"] == 2800
    assert (await shop.price(try_offers=[made["id"]]))["offers"][0]["reason"] == "no_tier"
    await shop.call("POST", "/v1/offers/price", {"lines": [], "try_offers": []}, 422)


async def test_codes_are_printed_looked_at_and_used(shop: Shop) -> None:
    made = await shop.offer(
        conditions={"with_code": True}, max_discount_minor=400, budget={"amount_minor": 1200}, label="=1+1"
    )
    key = {"Idempotency-Key": "print"}
    body = {"count": 2, "expires_at": (NOW + timedelta(days=9)).isoformat()}
    first = await shop.call("POST", f"/v1/offers/{made['id']}/coupons", body, 201, more=key)
    assert await shop.call("POST", f"/v1/offers/{made['id']}/coupons", body, 201, more=key) == first
    rows = list(csv.DictReader(io.StringIO(first)))
    assert [row["label"] for row in rows] == ["'=1+1"] * 2
    assert "no_tier" not in str(await shop.codes(made["id"], 2, 409))  # 8.00 are set aside, 4.00 left
    code = rows[0]["code"]
    listed = (await shop.call("GET", f"/v1/offers/{made['id']}/coupons"))["items"]
    assert code not in str(listed)
    assert {each["code_end"] for each in listed} == {row["code"][-5:] for row in rows}
    look = await shop.call("GET", f"/v1/coupons/{code.lower()}", headers=shop.till)
    assert (look["is_good"], look["label"]) == (True, "=1+1")
    priced = await shop.price(coupons=[code, "WRONG"])
    assert priced["total_minor"] == 3600
    assert [each["is_good"] for each in priced["codes"]] == [True, False]
    use = {"order_id": "W-1", "currency": "CHF", "discount_minor": 400}
    done = await shop.call("POST", f"/v1/coupons/{code}/redeem", use, 201)
    assert done["outcome"] == "redeemed"
    again = await shop.call("POST", f"/v1/coupons/{code}/redeem", use, 200)
    assert again == done | {"outcome": "unchanged"}
    refused = await shop.call("POST", f"/v1/coupons/{code}/redeem", use | {"order_id": "W-2"}, 409)
    assert (refused["type"], refused["reason"]) == ("/problems/code-refused", "already_redeemed")
    assert refused["detail"] == "This code was used before."
    look = await shop.call("GET", f"/v1/coupons/{code}")
    assert (look["is_good"], look["words"]) == (False, "This code was used before.")
    (offer,) = (await shop.call("GET", "/v1/offers"))["items"]
    assert offer["coupons"] == {"reserved": 0, "committed": 1, "redeemed": 1, "released": 0}
    assert offer["budgets"][0]["held_minor"] + offer["budgets"][0]["spent_minor"] == 800
    small = {"budget": {"amount_minor": 700}}
    await shop.call("PATCH", f"/v1/offers/{made['id']}", small, 409, more={"If-Match": '"v1"'})


async def test_nobody_tries_out_codes(shop: Shop) -> None:
    for _ in range(30):
        await shop.call("GET", "/v1/coupons/0000-0000-00000", status=404, headers=shop.till)
    await shop.call("GET", "/v1/coupons/0000-0000-00000", status=429, headers=shop.till)


async def test_a_sale_uses_its_codes_and_a_return_takes_them_back(shop: Shop, session: Session) -> None:
    made = await shop.offer(conditions={"with_code": True, "min_basket_minor": 3000}, max_discount_minor=500)
    one, two, three = await shop.codes(made["id"], 3)
    small = [{"variant_id": "red", "name": "Train", "quantity": 1, "unit_price_minor": 2000}]
    sale = await shop.sell("R-0", lines=small, discount_minor=200, coupons=[one])
    assert (
        sale["coupons"][0] | {"is_used": False, "words": "10.00 CHF more in the cart are needed."} == sale["coupons"][0]
    )
    sale = await shop.sell("R-1", discount_minor=400, coupons=[one, two, "SPRING"])
    assert [(each["is_used"], each["discount_minor"], each["reason"]) for each in sale["coupons"]] == [
        (True, 400, None),
        (False, 0, "same_offer"),
        (False, 0, "unknown_code"),
    ]
    again = await shop.sell("R-1", 200, discount_minor=400, coupons=[one, two, "SPRING"])
    assert [each["is_used"] for each in again["coupons"]] == [True, False, False]
    assert (await shop.sell("R-2", discount_minor=400, coupons=[one]))["coupons"][0]["reason"] == "already_redeemed"
    assert (await shop.sell("R-3", coupons=[three]))["coupons"][0]["words"] == "The sale took nothing off."
    back = [{"variant_id": "red", "name": "Train", "quantity": -2, "unit_price_minor": 1800}]
    await shop.sell("R-4", lines=back, return_of="R-1")
    recorded = [r for r in await events.read(session, shop.world.tenant_id, 0, 1000) if r.type in keeping.ORDERS]
    await service.on_orders(session, shop.world.tenant_id, recorded, NOW)
    await session.commit()
    (offer,) = (await shop.call("GET", "/v1/offers"))["items"]
    assert (offer["uses"], offer["discount_minor"], offer["coupons"]["committed"]) == (0, 0, 3)
    assert (await shop.call("GET", f"/v1/coupons/{one}", headers=shop.till))["is_good"]


async def test_a_sale_that_differs_uses_nothing(shop: Shop) -> None:
    made = await shop.offer(conditions={"with_code": True}, max_discount_minor=500)
    (code,) = await shop.codes(made["id"])
    await shop.sell("R-1")
    await shop.sell("R-1", 409, discount_minor=400, coupons=[code])
    assert (await shop.call("GET", f"/v1/coupons/{code}", headers=shop.till))["is_good"]


async def test_a_personal_code_for_its_person(shop: Shop, session: Session) -> None:
    made = await shop.offer(conditions={"with_code": True, "once_per_person": True}, max_discount_minor=500)
    people = [
        await make_person(session, shop.world, {"external_id": f"c-{n}"}, stores=[shop.store_id]) for n in range(2)
    ]
    given = await service.reserve(
        session,
        shop.world.tenant_id,
        UUID(made["id"]),
        people[0].profile_id,
        new_id(),
        NOW + timedelta(days=1),
        now=NOW,
    )
    assert isinstance(given, service.Reserved)
    await session.commit()
    sold = {"discount_minor": 400, "coupons": [given.code]}
    other = await shop.sell("R-1", member={"member_code": "c-1"}, **sold)
    assert other["coupons"][0]["reason"] == "other_person"
    own = await shop.sell("R-2", member={"member_code": "c-0"}, **sold)
    assert own["coupons"][0]["is_used"]
    row = await store.find_by_code(session, shop.world.tenant_id, given.code)
    assert row is not None
    assert row.status == "redeemed"

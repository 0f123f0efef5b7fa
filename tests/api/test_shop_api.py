"""The owner's page over HTTP: today beside the usual, an offer before and after its third tap, codes by their end."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text

from geoengage.commerce import service as commerce
from geoengage.commerce.rules import ProductIn, Variant
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.messaging.models import Message
from geoengage.offers.models import CouponRow
from geoengage.tenancy.rules import KeyKind, Scope
from tests.campaign_rows import Ledger, make_device, make_store, make_zone
from tests.factories import World, make_key_row, make_world
from tests.recipe_rows import Grocer

REGULAR = (3, 20, 40)
LAPSED = (100,)
SHOP = [s.value for s in (Scope.READ, Scope.CAMPAIGNS, Scope.COMMERCE, Scope.CUSTOMERS, Scope.SEGMENTS)]
THEN = datetime(2026, 1, 1, tzinfo=UTC)


class Owner(Grocer):
    """A store's owner, with a key for that store alone."""

    key: str = ""
    goods: dict[str, UUID]

    async def call(self, method: str, path: str, *, status: int = 200, **how: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"} | how.pop("headers", {})
        answer = await self.client.request(method, f"/v1/shop{path}", headers=headers, **how)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def preview(self, product: str = "tea", percent: int = 10) -> dict[str, Any]:
        body = {"product_id": str(self.goods[product]), "discount_percent": percent}
        found: dict[str, Any] = await self.call("POST", "/offers/preview", json=body)
        return found

    async def send(self, audience: str, *, key: str | None = None, percent: int = 10, status: int = 201) -> Any:
        body = {"product_id": str(self.goods["tea"]), "discount_percent": percent, "audience": audience}
        headers = {"Idempotency-Key": key or uuid4().hex}
        return await self.call("POST", "/offers", json=body, headers=headers, status=status)

    async def sent(self) -> list[Message]:
        """What is on its way once the worker has heard of all."""
        await self.settle()
        await self.advance(utc_now())
        self.session.expunge_all()
        query = select(Message).where(Message.tenant_id == self.world.tenant_id).order_by(Message.id)
        return list(await self.session.scalars(query))


async def make_owner(client: httpx.AsyncClient, session: Session, sessions: Sessions, world: World) -> Owner:
    store_id = await make_store(session, world, name="Corner shop")
    owner = Owner(client, session, sessions, world, store_id=store_id)
    owner.key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[store_id], scopes=SHOP)
    prices = {"tea": (1000, None), "jam": (400, 390)}
    made = [
        ProductIn(
            external_id=name, name=name.title(), updated_at=THEN,
            variants=(Variant(external_id=name, price_minor=price, cost_minor=cost, currency="CHF"),),
        )
        for name, (price, cost) in prices.items()
    ]  # fmt: skip
    recorded = await commerce.upsert_products(session, world.tenant_id, made, utc_now())
    owner.goods = {name: each.id for name, each in zip(prices, recorded, strict=True)}
    await session.commit()
    return owner


@pytest.fixture
async def owner(client: httpx.AsyncClient, session: Session, sessions: Sessions) -> Owner:
    return await make_owner(client, session, sessions, await make_world(session, name="Corner shop", review="never"))


async def with_customers(owner: Owner) -> None:
    """Twelve regulars with phones, eleven who have not come for long, and somebody who never agreed."""
    for n in range(12):
        await owner.customer(f"Regular {n}", *REGULAR)
    for n in range(11):
        await owner.customer(f"Lapsed {n}", *LAPSED)
    await owner.customer("Silent", *REGULAR, address=False, push_provider=None, marketing_push="denied")
    await owner.settle()


async def test_today_beside_the_usual(owner: Owner, app: FastAPI) -> None:
    zurich = ZoneInfo("Europe/Zurich")
    noon = datetime.now(zurich).replace(hour=12, minute=0, second=0, microsecond=0)
    app.state.clock = lambda: noon.astimezone(UTC)
    empty = await owner.call("GET", "/today")
    assert (empty["orders"], empty["usual_orders"], empty["than_usual"], empty["codes"]) == (0, None, None, 0)
    for week in range(1, 5):
        await owner.customer(f"Person {week}")
        for hour in (9, 10, 11, 15):  # one of four comes later than now
            day = noon - timedelta(weeks=week)
            await owner.buys(f"Person {week}", at=day.replace(hour=hour))
    for n in range(12):
        await owner.customer(f"New {n}")
        await owner.buys(f"New {n}", at=noon - timedelta(minutes=n + 1))
    zone = await make_zone(owner.session, owner.world, store_id=owner.store_id)
    ledger = Ledger(owner.session, owner.world)
    for n in range(11):
        phone = await make_device(owner.session, owner.world)
        for back in (1, 2):
            await ledger.entered(phone, zone, noon.astimezone(UTC) - timedelta(minutes=back + n))
    await owner.session.commit()
    found = await owner.call("GET", "/today")
    assert found["day"] == noon.date().isoformat()
    assert (found["orders"], found["sales_minor"], found["currency"]) == (12, 12 * 4000, "CHF")
    assert (found["usual_orders"], found["usual_sales_minor"], found["than_usual"]) == (3.0, 12_000, "far_more")
    assert (found["people"], found["new_customers"], found["messages"]) == (11, 12, 0)


async def test_people_of_fewer_than_ten_are_not_told(owner: Owner, app: FastAPI) -> None:
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    app.state.clock = lambda: noon
    await owner.customer("Mia")
    await owner.buys("Mia", at=noon - timedelta(minutes=1))
    found = await owner.call("GET", "/today")
    assert (found["orders"], found["new_customers"]) == (1, None)


async def test_an_offer_in_three_taps(owner: Owner) -> None:
    await with_customers(owner)
    goods = (await owner.call("GET", "/products"))["items"]
    whys = {each["name"]: [d["why"] for d in each["discounts"]] for each in goods}
    assert whys == {"Tea": [None] * 4, "Jam": ["below_cost"] * 4}
    assert [each["name"] for each in (await owner.call("GET", "/products", params={"q": "TE"}))["items"]] == ["Tea"]
    assert (await owner.call("GET", "/products", params={"q": "%"}))["items"] == []
    await _firebase(owner)
    found = await owner.preview()
    assert (found["stopped_by"], found["needs_approval"], found["currency"]) == (None, False, "CHF")
    told = {each["audience"]: (each["people"], each["discounts_minor"]) for each in found["audiences"]}
    assert told == {"regulars": (None, None), "not_seen": (11, 1100), "nearby": (0, 0)}, "12 of 13 would tell of one"
    first = await owner.send("not_seen", key="a")
    assert first == await owner.send("not_seen", key="a")
    assert first["status"] == "active"
    sent = await owner.sent()
    assert len(sent) == 11
    assert {message.title for message in sent} == {"10 % off: Tea"}
    coupons = list(await owner.session.scalars(select(CouponRow)))
    assert {(row.store_id, row.held_minor, row.status) for row in coupons} == {(owner.store_id, 100, "reserved")}
    offer = await owner.client.get(f"/v1/offers/{first['offer_id']}", headers=owner.world.sk_headers)
    assert offer.json()["budgets"][0]["uses"] == 11, "no more than were told"
    refused = await owner.send("nearby", status=409)
    assert refused["reason"] == "nobody"
    jam = {"product_id": str(owner.goods["jam"]), "discount_percent": 5, "audience": "regulars"}
    assert (await owner.call("POST", "/offers", json=jam, status=409))["reason"] == "below_cost"
    await owner.session.execute(
        text("UPDATE tenant SET sending_stopped_at = now() WHERE id = :id"), {"id": owner.world.tenant_id}
    )
    await owner.session.commit()
    assert (await owner.send("not_seen", status=409))["reason"] == "sending_stopped"


async def _firebase(owner: Owner) -> None:
    """The app can push, so an address is needed, as in production."""
    await owner.session.execute(
        text(
            "INSERT INTO firebase_sender (tenant_id, app_id, revision, project_id, client_email, sealed, since)"
            " VALUES (:tenant_id, :app_id, gen_random_uuid(), 'p', 'a@example.com', '', now())"
        ),
        {"tenant_id": owner.world.tenant_id, "app_id": owner.world.app_id},
    )
    await owner.session.commit()


async def test_no_sender_and_approval(owner: Owner) -> None:
    await with_customers(owner)
    assert (await owner.preview())["stopped_by"] == "no_sender"
    assert (await owner.send("not_seen", status=409))["reason"] == "no_sender"
    await _firebase(owner)
    await owner.session.execute(
        text("UPDATE tenant SET review = 'always' WHERE id = :id"), {"id": owner.world.tenant_id}
    )
    await owner.session.commit()
    assert (await owner.preview())["needs_approval"] is True
    made = await owner.send("regulars")
    assert made["status"] == "in_review"
    assert await owner.sent() == [], "nobody has approved it"
    approved = await owner.client.post(f"/v1/campaigns/{made['id']}/approve", headers=owner.world.sk_headers)
    assert approved.json()["status"] == "active"
    assert len([message for message in await owner.sent() if message.status == "queued"]) == 12


async def test_a_code_by_its_last_four_signs(owner: Owner) -> None:
    await with_customers(owner)
    await _firebase(owner)
    await owner.send("not_seen")
    assert len(await owner.sent()) == 11
    coupon = (await owner.session.scalars(select(CouponRow).limit(1))).one()
    (found,) = [
        each
        for each in (await owner.call("GET", "/coupons", params={"ending": coupon.code[-4:].lower()}))["items"]
        if each["code"] == coupon.code
    ]
    assert (found["label"], found["most_minor"], found["reason"]) == ("10 % off", 100, None)
    elsewhere = await make_store(owner.session, owner.world, name="Next door")
    await owner.session.commit()
    asked = {"ending": coupon.code[-4:], "store_id": str(elsewhere)}
    answer = await owner.client.get("/v1/shop/coupons", params=asked, headers=owner.world.sk_headers)
    assert answer.json() == {"items": []}, "another store's codes are none of its business"
    await owner.call("GET", "/coupons", params=asked, status=404)
    use = {"order_id": "phone-1", "source": "shop", "currency": "CHF", "discount_minor": 100}
    used = await owner.client.post(
        f"/v1/coupons/{coupon.code}/redeem", json=use, headers={"Authorization": f"Bearer {owner.key}"}
    )
    assert used.status_code == 201, used.text
    left = await owner.call("GET", "/coupons", params={"ending": coupon.code[-4:]})
    assert coupon.code not in [each["code"] for each in left["items"]]
    today = await owner.call("GET", "/today")
    assert today["codes"] == 1
    for wrong in ("", "12", "12345", "ÄÖÜU"):
        await owner.call("GET", "/coupons", params={"ending": wrong}, status=422)
    codes = {row.code[-4:] for row in await owner.session.scalars(select(CouponRow))}
    guesses = [f"{n:04}" for n in range(60) if f"{n:04}" not in codes]
    answers = [
        (await owner.client.get(
            "/v1/shop/coupons", params={"ending": guess}, headers={"Authorization": f"Bearer {owner.key}"}
        )).status_code
        for guess in guesses[:31]
    ]  # fmt: skip
    assert answers[-1] == 429, "nobody tries out endings"

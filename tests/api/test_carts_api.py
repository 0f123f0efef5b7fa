"""Carts over HTTP: a device's, the person's on all devices, a kiosk's; abandoned, revived, recovered."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from geoengage.commerce import jobs
from geoengage.kit import events
from geoengage.kit.db import Session, Sessions
from geoengage.profiles import service as profiles
from geoengage.profiles import store
from geoengage.profiles.rules import Id, Kind
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_store
from tests.factories import World, make_key_row, make_world

NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)
ME, LINES = "/v1/carts/me", "/v1/carts/me/lines"


class Clock:
    """What time it is."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def wait(self, minutes: int) -> datetime:
        self.now += timedelta(minutes=minutes)
        return self.now


@pytest.fixture
def clock(app: Any) -> Clock:
    app.state.clock = Clock()
    return app.state.clock  # type: ignore[no-any-return]


@pytest.fixture
async def world(client: httpx.AsyncClient, session: Session, clock: Clock) -> World:
    """A tenant that sells a train and a doll."""
    made = await make_world(session)
    for external_id, price in (("train", 2590), ("doll", 1000)):
        variants = [{"price_minor": price, "currency": "CHF", "image_url": f"https://example.com/{external_id}.jpg"}]
        body = {"external_id": external_id, "name": external_id.title(), "variants": variants}
        assert (await client.post("/v1/products", json=body, headers=made.sk_headers)).status_code == 201
    return made


class Phone:
    """An installation of the app."""

    def __init__(self, client: httpx.AsyncClient, world: World, made: dict[str, str]) -> None:
        self.client, self.world, self.id = client, world, made["device_id"]
        self.headers = {"Authorization": f"Bearer {made['device_token']}"}

    async def log_in(self, external_id: str) -> None:
        body = {"external_id": external_id}
        answer = await self.client.post(f"/v1/devices/{self.id}/link", json=body, headers=self.world.sk_headers)
        assert answer.status_code == 200, answer.text

    async def log_out(self) -> None:
        assert (await self.client.delete("/v1/devices/me/link", headers=self.headers)).status_code == 204

    async def add(self, product: str, pieces: float = 1, **over: Any) -> dict[str, Any]:
        body = {"lines": [{"product_id": product, "quantity": pieces}]} | over
        answer = await self.client.post(LINES, json=body, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def cart(self, **query: str) -> dict[str, float]:
        answer = await self.client.get(ME, params=query, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return {line["product_id"]: line["quantity"] for line in answer.json()["lines"]}


async def phone(client: httpx.AsyncClient, world: World) -> Phone:
    answer = await client.post("/v1/devices", json={"platform": "ios"}, headers=world.pk_headers)
    return Phone(client, world, answer.json())


async def told(session: Session, world: World) -> list[Any]:
    rows = await events.read(session, world.tenant_id, 0, 1000)
    return [row for row in rows if row.type.startswith("cart.")]


async def test_a_cart_shows_what_the_catalogue_knows(client: httpx.AsyncClient, world: World) -> None:
    one = await phone(client, world)
    empty = (await client.get(ME, headers=one.headers)).json()
    assert (empty["id"], empty["lines"], empty["totals"], empty["version"]) == (None, [], [], 0)
    made = await one.add("train", 2, how="add")
    (line,) = made["lines"]
    assert (line["name"], line["quantity"], line["total_minor"]) == ("Train", 2, 5180)
    assert line["image_url"] == "https://example.com/train.jpg"
    odd = [{"sku": "unheard-of", "name": "Voucher", "quantity": 1, "unit_price_minor": 500, "currency": "EUR"}]
    more = await client.post(LINES, json={"lines": odd}, headers=one.headers)
    assert more.json()["totals"] == [
        {"currency": "CHF", "amount_minor": 5180}, {"currency": "EUR", "amount_minor": 500}
    ]  # fmt: skip
    by_item = [{"item": line["item"], "quantity": 1}]
    assert (
        len((await client.post(LINES, json={"how": "set", "lines": by_item}, headers=one.headers)).json()["lines"]) == 2
    )
    assert (await one.cart())["train"] == 1
    cleared = await client.put(ME, json={"lines": []}, headers=one.headers)
    assert cleared.json()["lines"] == []


async def test_what_is_wrong_with_a_change(client: httpx.AsyncClient, world: World) -> None:
    one = await phone(client, world)
    for lines in ([], [{"quantity": 1}], [{"sku": "a", "quantity": 1, "unit_price_minor": 5}], [{"sku": "a"}]):
        assert (await client.post(LINES, json={"lines": lines}, headers=one.headers)).status_code == 422
    many = [{"sku": f"s{i}", "quantity": 1} for i in range(200)]
    assert (await client.put(ME, json={"lines": many}, headers=one.headers)).status_code == 200
    full = await client.post(LINES, json={"lines": [{"sku": "one-more", "quantity": 1}]}, headers=one.headers)
    assert full.json()["type"] == "/problems/cart-full"
    nowhere = await client.get(ME, params={"store_id": str(UUID(int=3))}, headers=one.headers)
    assert nowhere.status_code == 404


async def test_only_the_version_that_was_seen(client: httpx.AsyncClient, world: World) -> None:
    one = await phone(client, world)
    seen = (await one.add("train"))["version"]
    await one.add("doll")
    match = one.headers | {"If-Match": f'"v{seen}"'}
    assert (await client.put(ME, json={"lines": []}, headers=match)).status_code == 412
    assert await one.cart() == {"train": 1, "doll": 1}


async def test_a_cart_follows_the_person(client: httpx.AsyncClient, world: World) -> None:
    """From the web to the app to the kiosk; what was put in before logging in comes along, once."""
    web, app_, kiosk = [await phone(client, world) for _ in range(3)]
    await web.add("train", 2)
    await app_.log_in("mia")
    await app_.add("train", 3)
    await app_.add("doll")
    await web.log_in("mia")
    for _ in range(2):  # again changes nothing
        assert await web.cart() == await app_.cart() == {"train": 3, "doll": 1}
    body = {"customer": {"external_id": "mia"}}
    found = await client.post("/v1/carts/lookup", json=body, headers=world.sk_headers)
    assert len(found.json()["lines"]) == 2
    await app_.add("train", 1, how="set")  # taken out on one device is taken out on all
    assert await web.cart() == {"train": 1, "doll": 1}
    at_kiosk = {"customer": {"external_id": "mia"}, "how": "add", "lines": [{"product_id": "doll", "quantity": -1}]}
    assert len((await client.post("/v1/carts/lines", json=at_kiosk, headers=world.sk_headers)).json()["lines"]) == 1
    assert await kiosk.cart() == {}
    await web.log_out()
    assert await web.cart() == {}  # hers is hers, also what she put in here before
    assert await app_.cart() == {"train": 1}


async def test_carts_come_together_with_people_and_apart_again(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    shop, web = [await phone(client, world) for _ in range(2)]
    await shop.log_in("card-7")
    await web.log_in("web-7")
    await shop.add("train", 2)
    await web.add("train", 1)
    await web.add("doll", 4)
    card, other = Id(Kind.EXTERNAL_ID, "card-7"), Id(Kind.EXTERNAL_ID, "web-7")
    ids = {k: known.id for k, known in (await store.find_identifiers(session, world.tenant_id, [card, other])).items()}
    await profiles.merge(session, world.tenant_id, ids[card], ids[other], reason="same", now=NOW)
    await session.commit()
    assert await shop.cart() == await web.cart() == {"train": 2, "doll": 4}
    await profiles.unmerge(session, world.tenant_id, [ids[other]], reason="not", now=NOW)
    await session.commit()
    assert (await shop.cart(), await web.cart()) == ({"train": 2}, {"train": 1, "doll": 4})


async def test_each_store_has_its_own_cart(client: httpx.AsyncClient, session: Session, world: World) -> None:
    mine, other = [str(await make_store(session, world, name=name)) for name in ("North", "South")]
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[UUID(mine)])
    await session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    one = await phone(client, world)
    await one.log_in("mia")
    for store_id, product in ((mine, "train"), (other, "doll")):
        body = {"lines": [{"product_id": product, "quantity": 1}]}
        await client.post(LINES, params={"store_id": store_id}, json=body, headers=one.headers)
    assert (await one.cart(), await one.cart(store_id=mine)) == ({}, {"train": 1})
    listed = (await client.get("/v1/carts", headers=headers)).json()["items"]
    assert [each["store_id"] for each in listed] == [mine]
    everything = (await client.get("/v1/carts", headers=world.sk_headers)).json()["items"]
    assert len(everything) == 2
    whose = {"customer_id": everything[0]["customer_id"]}
    unknown = await client.post("/v1/carts/lookup", json=whose, headers=headers)
    assert unknown.status_code == 404  # nobody has bought there
    foreign = {"customer": {"email": "a@example.com"}, "store_id": other, "lines": []}
    assert (await client.put("/v1/carts", json=foreign, headers=headers)).status_code == 422


async def test_left_alone_revived_and_recovered(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, world: World, clock: Clock
) -> None:
    one, other = [await phone(client, world) for _ in range(2)]
    await one.log_in("mia")
    await one.add("train", 2)
    assert await jobs.abandon_carts_once(sessions, clock.wait(59)) == 0
    await other.log_in("mia")
    await other.add("doll")  # on another device: she is still there
    assert await jobs.abandon_carts_once(sessions, clock.wait(59)) == 0
    assert await jobs.abandon_carts_once(sessions, clock.wait(2)) == 1
    assert await jobs.abandon_carts_once(sessions, clock.wait(1)) == 0
    (event,) = await told(session, world)
    assert (event.type, event.payload["lines"], event.payload["totals"]) == ("cart.abandoned", 2, {"CHF": 6180})
    assert datetime.fromisoformat(event.payload["at"]) == NOW + timedelta(minutes=59 + 60)
    listed = (await client.get("/v1/carts", params={"status": "abandoned"}, headers=world.sk_headers)).json()["items"]
    assert len(listed) == 1
    await one.add("train", 1, how="set")
    assert (await client.get(ME, headers=one.headers)).json()["abandoned_at"] is None
    assert await jobs.abandon_carts_once(sessions, clock.wait(61)) == 1
    lines = [{"product_id": "train", "quantity": 1, "unit_price_minor": 2590}]
    order = {
        "external_id": "1", "ordered_at": clock.now.isoformat(), "currency": "CHF", "lines": lines,
        "customer": {"external_id": "mia"},
    }  # fmt: skip
    made = (await client.post("/v1/orders", json=order, headers=world.sk_headers)).json()
    assert await one.cart() == {"doll": 1}  # what was not ordered stays
    assert [each.type for each in await told(session, world)] == ["cart.abandoned", "cart.abandoned", "cart.recovered"]
    rest = order | {
        "external_id": "2",
        "cart_id": (await client.get(ME, headers=one.headers)).json()["id"],
        "lines": [],
    }
    await client.post("/v1/orders", json=rest | {"total_minor": 0}, headers=world.sk_headers)
    assert await one.cart() == {}
    (ordered,) = (await client.get("/v1/carts", params={"status": "ordered"}, headers=world.sk_headers)).json()["items"]
    assert ordered["order_id"] not in (None, made["id"])


async def test_an_order_of_the_past_empties_no_cart(client: httpx.AsyncClient, world: World, clock: Clock) -> None:
    one = await phone(client, world)
    await one.log_in("mia")
    await one.add("train")
    lines = [{"product_id": "train", "quantity": 1, "unit_price_minor": 2590}]
    order = {
        "external_id": "1", "ordered_at": (NOW - timedelta(days=3)).isoformat(), "currency": "CHF", "lines": lines,
        "customer": {"external_id": "mia"},
    }  # fmt: skip
    await client.post("/v1/orders", json=order, headers=world.sk_headers)
    assert await one.cart() == {"train": 1}


async def test_how_long_is_the_tenants_own(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, world: World, clock: Clock
) -> None:
    headers = world.sk_headers | {"If-Match": '"v1"'}
    changed = await client.patch("/v1/tenant", json={"cart_abandoned_after_s": 120}, headers=headers)
    assert changed.json()["cart_abandoned_after_s"] == 120
    one = await phone(client, world)
    await one.add("train")
    assert await jobs.abandon_carts_once(sessions, clock.wait(3)) == 1
    (event,) = await told(session, world)
    assert event.payload["device_id"] == one.id


async def test_an_empty_cart_is_nobodys_loss(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, world: World, clock: Clock
) -> None:
    one = await phone(client, world)
    await one.add("train")
    await client.put(ME, json={"lines": []}, headers=one.headers)
    await jobs.abandon_carts_once(sessions, clock.wait(90))
    assert await told(session, world) == []

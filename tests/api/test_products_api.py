"""Products and stock over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from geoengage.kit.db import Session
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_store
from tests.factories import World, make_key_row, make_world

NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)


@pytest.fixture
async def world(session: Session, app: Any) -> World:
    app.state.clock = lambda: NOW
    return await make_world(session)


def product(external_id: str = "p1", **over: Any) -> dict[str, Any]:
    return {
        "external_id": external_id, "name": "Wooden train", "brand": "Brix", "category": "Toys>Trains",
        "variants": [{"sku": f"sku-{external_id}", "price_minor": 2590, "cost_minor": 900, "currency": "CHF"}],
    } | over  # fmt: skip


async def post(client: httpx.AsyncClient, world: World, path: str, body: Any, status: int = 201) -> Any:
    answer = await client.post(path, json=body, headers=world.sk_headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_product_with_all_it_has(client: httpx.AsyncClient, world: World) -> None:
    variants = [
        {"external_id": "s", "sku": "t-s", "barcode": "7612345678900", "options": {"size": "S"}, "price_minor": 1990,
         "was_price_minor": 2490, "cost_minor": 800, "currency": "CHF", "image_url": "https://example.com/s.jpg"},
        {"external_id": "m", "name": "medium", "price_minor": 1990, "currency": "CHF"},
    ]  # fmt: skip
    body = product(
        "shirt", variants=variants, description="Cotton.", url="https://example.com/shirt",
        image_urls=["https://example.com/1.jpg"], locales={"de": {"name": "Hemd"}},
    )  # fmt: skip
    made = await post(client, world, "/v1/products", body)
    assert (made["outcome"], made["category"], made["locales"]) == (
        "created",
        "Toys > Trains",
        {"de": {"name": "Hemd"}},
    )
    assert [(v["external_id"], v["options"]) for v in made["variants"]] == [("s", {"size": "S"}), ("m", {})]
    again = await post(client, world, "/v1/products", body, 200)
    assert (again["outcome"], again["version"]) == ("unchanged", 1)
    old = (NOW - timedelta(days=1)).isoformat()
    stale = await post(client, world, "/v1/products", body | {"name": "Old", "updated_at": old}, 200)
    assert (stale["outcome"], stale["name"]) == ("stale", "Wooden train")
    less = await post(client, world, "/v1/products", body | {"variants": variants[:1]}, 200)
    assert (less["outcome"], len(less["variants"]), less["version"]) == ("updated", 1, 2)


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"variants": [{"price_minor": 5}]}, "#/variants/0/currency"),
        ({"variants": [{"external_id": "a"}, {"external_id": "a"}]}, "#/variants/1/external_id"),
        ({"variants": [{}, {"external_id": "a"}]}, "#"),
        ({"variants": []}, "#/variants"),
        ({"image_urls": ["javascript:alert(1)"]}, "#/image_urls/0"),
        ({"status": "gone"}, "#/status"),
        ({"colour": "red"}, "#/colour"),
    ],
)
async def test_wrong_products(client: httpx.AsyncClient, world: World, over: dict[str, Any], pointer: str) -> None:
    answer = await post(client, world, "/v1/products", product(**over), 422)
    assert answer["errors"][0]["pointer"] == pointer


async def test_editing_needs_the_version_that_was_seen(client: httpx.AsyncClient, world: World) -> None:
    made = await post(client, world, "/v1/products", product())
    url, body = f"/v1/products/{made['id']}", product(name="Express train")
    assert (await client.put(url, json=body, headers=world.sk_headers)).status_code == 428
    first = world.sk_headers | {"If-Match": '"v1"'}
    edited = await client.put(url, json=body, headers=first)
    assert (edited.json()["name"], edited.headers["etag"]) == ("Express train", '"v2"')
    assert (await client.put(url, json=body, headers=first)).status_code == 412
    renamed = await client.put(url, json=product("p2"), headers=world.sk_headers | {"If-Match": '"v2"'})
    assert renamed.status_code == 422


async def test_batch_search_and_filters(client: httpx.AsyncClient, session: Session, world: World) -> None:
    rows = [
        product("a"), product("b", name="Doll", category="Toys > Dolls", brand="Lala"), {"name": "no id"},
        product("c", name="100 % cotton", category="Toys", status="archived"),
    ]  # fmt: skip
    results = (await post(client, world, "/v1/products:batch", {"products": rows}, 200))["results"]
    assert [each["outcome"] for each in results] == ["created", "created", "refused", "created"]
    assert results[2]["errors"][0]["pointer"] == "#/products/2/external_id"

    async def ids(**query: Any) -> list[str]:
        answer = await client.get("/v1/products", params=query, headers=world.sk_headers)
        return [each["external_id"] for each in answer.json()["items"]]

    assert await ids() == ["a", "b", "c"]
    assert await ids(q="TRAIN") == ["a"]
    assert await ids(q="0 %") == ["c"]  # no wildcard
    assert await ids(q="sku-b") == ["b"]
    assert await ids(category="Toys") == ["a", "b", "c"]
    assert await ids(category="Toys > Dolls") == ["b"]
    assert await ids(brand="lala") == ["b"]
    assert await ids(status="archived") == ["c"]
    assert await ids(barcode="sku-a") == ["a"]
    page = (await client.get("/v1/products", params={"limit": 2}, headers=world.sk_headers)).json()
    assert await ids(limit=2, cursor=page["next"]) == ["c"]


async def test_stock_by_store(client: httpx.AsyncClient, session: Session, world: World) -> None:
    stores = [str(await make_store(session, world, name=name)) for name in ("North", "South")]
    await session.commit()
    made = await post(client, world, "/v1/products", product())
    counts = [
        {"store_id": stores[0], "item": "sku-p1", "quantity": 3}, {"store_id": stores[1], "item": "p1", "quantity": 0},
        {"store_id": stores[0], "item": "nothing", "quantity": 1},
        {"store_id": str(UUID(int=1)), "item": "p1", "quantity": 1},
    ]  # fmt: skip
    results = (await post(client, world, "/v1/stock", {"counts": counts}, 200))["results"]
    assert [each["outcome"] for each in results] == ["updated", "updated", "refused", "refused"]
    old = {"store_id": stores[0], "item": "p1", "quantity": 9, "at": (NOW - timedelta(hours=1)).isoformat()}
    assert (await post(client, world, "/v1/stock", {"counts": [old]}, 200))["results"][0]["outcome"] == "stale"
    shown = (await client.get(f"/v1/products/{made['id']}", headers=world.sk_headers)).json()
    assert {each["store_id"]: each["quantity"] for each in shown["variants"][0]["stock"]} == {
        stores[0]: 3,
        stores[1]: 0,
    }
    for store, found in zip(stores, (1, 0), strict=True):
        answer = await client.get("/v1/products", params={"in_store": store}, headers=world.sk_headers)
        assert len(answer.json()["items"]) == found


async def test_what_a_store_may_see_and_change(client: httpx.AsyncClient, session: Session, world: World) -> None:
    mine, other = [await make_store(session, world, name=name) for name in ("North", "South")]
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[mine])
    await session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    shared = await post(client, world, "/v1/products", product("shared"))
    hidden = await post(client, world, "/v1/products", product("hidden", store_id=str(other)))
    counts = [{"store_id": str(id_), "item": "shared", "quantity": 5} for id_ in (mine, other)]
    await post(client, world, "/v1/stock", {"counts": counts}, 200)
    own = await client.post("/v1/products", json=product("shared"), headers=headers)  # the same number, its own product
    assert own.json()["store_id"] == str(mine)
    listed = (await client.get("/v1/products", headers=headers)).json()["items"]
    assert {each["id"] for each in listed} == {shared["id"], own.json()["id"]}
    counted = next(each for each in listed if each["id"] == shared["id"])["variants"][0]["stock"]
    assert [each["store_id"] for each in counted] == [str(mine)]
    assert (await client.get(f"/v1/products/{hidden['id']}", headers=headers)).status_code == 404
    for theirs in (shared, hidden):
        url, match = f"/v1/products/{theirs['id']}", headers | {"If-Match": '"v1"'}
        assert (await client.put(url, json=product(theirs["external_id"]), headers=match)).status_code == 404
    none = await client.get("/v1/products", params={"in_store": str(other)}, headers=headers)
    assert none.json()["items"] == []
    foreign = {"counts": [{"store_id": str(other), "item": "shared", "quantity": 1}]}
    assert (await client.post("/v1/stock", json=foreign, headers=headers)).status_code == 422

"""Orders over HTTP: upserts, versions, batches, customers and guests, refunds, lists, what each caller sees."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from geoengage.commerce import service
from geoengage.kit.db import Session
from geoengage.profiles import service as profiles
from geoengage.profiles.rules import Id, Kind, Proof
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_store
from tests.factories import World, make_key_row, make_world

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)


@pytest.fixture
async def world(session: Session, app: Any) -> World:
    app.state.clock = lambda: NOW
    return await make_world(session)


@pytest.fixture
async def store_id(session: Session, world: World) -> str:
    made = await make_store(session, world, name="Old town")
    await session.commit()
    return str(made)


def order(external_id: str = "1", **over: Any) -> dict[str, Any]:
    """Two pieces at 5.00 and a kilogram and a half at 4.00."""
    lines = [
        {"product_id": "p1", "name": "Puzzle", "quantity": 2, "unit_price_minor": 500},
        {"product_id": "p2", "name": "Apples", "quantity": 1.5, "unit_price_minor": 400},
    ]
    return {"external_id": external_id, "ordered_at": NOON.isoformat(), "currency": "CHF", "lines": lines} | over


async def post(client: httpx.AsyncClient, world: World, path: str, body: Any, status: int = 201) -> Any:
    answer = await client.post(path, json=body, headers=world.sk_headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def get(client: httpx.AsyncClient, world: World, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query, headers=world.sk_headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def shop_key(session: Session, world: World, store_id: str, **over: Any) -> dict[str, str]:
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[UUID(store_id)], **over)
    await session.commit()
    return {"Authorization": f"Bearer {key}"}


async def test_an_order_is_made_changed_and_sent_again(client: httpx.AsyncClient, world: World) -> None:
    made = await post(client, world, "/v1/orders", order(coupons=["SUMMER"]))
    assert (made["outcome"], made["total_minor"], made["status"], made["coupons"]) == (
        "created",
        1600,
        "paid",
        ["SUMMER"],
    )
    assert [line["quantity"] for line in made["lines"]] == [2, 1.5]
    again = await post(client, world, "/v1/orders", order(coupons=["SUMMER"]), 200)
    assert (again["id"], again["outcome"], again["version"]) == (made["id"], "unchanged", 1)
    old = order(updated_at=NOON.isoformat(), status="cancelled")
    assert (await post(client, world, "/v1/orders", old, 200))["outcome"] == "stale"
    changed = await post(client, world, "/v1/orders", order(status="cancelled"), 200)
    assert (changed["outcome"], changed["status"], changed["version"]) == ("updated", "cancelled", 2)


async def test_wrong_orders_say_what_to_do(client: httpx.AsyncClient, world: World) -> None:
    async def wrong(**over: Any) -> list[dict[str, str]]:
        body = await post(client, world, "/v1/orders", order(**over), 422)
        found: list[dict[str, str]] = body["errors"]
        return found

    assert (await wrong(total_minor=1700))[0]["detail"].startswith("subtotal − discount + shipping is 1600")
    assert (await wrong(subtotal_minor=1700))[0]["pointer"] == "#/subtotal_minor"
    assert "ISO 4217" in (await wrong(currency="ABC"))[0]["detail"]
    assert (await wrong(lines=[{"quantity": 1}]))[0]["detail"].endswith("send total_minor, or unit_price_minor")
    assert (await wrong(lines=[{"quantity": 1.0005, "total_minor": 1}]))[0]["pointer"] == "#/lines/0/quantity"
    assert (await wrong(store_id=str(UUID(int=5))))[0]["detail"] == "there is no such store"
    later = (NOW + timedelta(days=2)).isoformat()
    assert {each["pointer"] for each in await wrong(ordered_at=later)} == {"#/ordered_at"}
    assert (await wrong(customer={}))[0]["detail"].endswith("name at least one id, or leave the member out")


async def test_a_batch_takes_what_is_right(client: httpx.AsyncClient, world: World) -> None:
    rows = [order("a"), order("b", currency="XX"), {"external_id": "c"}, order("d", total_minor=1), order("a")]
    results = (await post(client, world, "/v1/orders:batch", {"orders": rows}, 200))["results"]
    assert [each["outcome"] for each in results] == ["created", "refused", "refused", "refused", "unchanged"]
    assert results[0]["id"] == results[4]["id"]
    assert results[1]["errors"][0]["pointer"] == "#/orders/1/currency"
    assert results[3]["errors"][0]["pointer"] == "#/orders/3/total_minor"
    none = await post(client, world, "/v1/orders:batch", {"orders": rows[1:3]}, 422)
    assert none["errors"][0]["pointer"] == "#/orders/0/currency"
    await post(client, world, "/v1/orders:batch", {"orders": []}, 422)


async def test_refunds(client: httpx.AsyncClient, world: World) -> None:
    made = await post(client, world, "/v1/orders", order())
    path = f"/v1/orders/{made['id']}/refunds"
    lines = [{"product_id": "p1", "quantity": 1, "amount_minor": 500}]
    part = await post(client, world, path, {"external_id": "r1", "amount_minor": 500, "lines": lines}, 200)
    assert (part["status"], part["refunded_minor"], part["refunds"][0]["lines"][0]["quantity"]) == (
        "partially_refunded", 500, 1
    )  # fmt: skip
    again = await post(client, world, path, {"external_id": "r1", "amount_minor": 500}, 200)
    assert again["refunded_minor"] == 500
    other = await post(client, world, path, {"external_id": "r1", "amount_minor": 600}, 409)
    assert other["type"] == "/problems/refund-refused"
    assert (await post(client, world, path, {"amount_minor": 1200}, 409))["left_minor"] == 1100
    key = world.sk_headers | {"Idempotency-Key": "k"}
    for _ in range(2):
        answer = await client.post(path, json={"amount_minor": 1100}, headers=key)
        assert (answer.json()["status"], answer.json()["refunded_minor"]) == ("refunded", 1600)
    # the source's own next version does not mention them: they stay
    later = await post(client, world, "/v1/orders", order(), 200)
    assert (later["status"], len(later["refunds"])) == ("refunded", 2)


async def test_cancelling_holds_until_the_source_says_otherwise(
    client: httpx.AsyncClient, world: World, app: Any
) -> None:
    made = await post(client, world, "/v1/orders", order(updated_at=NOON.isoformat()))
    for _ in range(2):
        cancelled = await post(client, world, f"/v1/orders/{made['id']}/cancel", {}, 200)
        assert (cancelled["status"], cancelled["version"]) == ("cancelled", 2)
    again = await post(client, world, "/v1/orders", order(updated_at=NOON.isoformat()), 200)
    assert (again["outcome"], again["status"]) == ("stale", "cancelled")
    app.state.clock = lambda: NOW + timedelta(minutes=1)
    assert (await post(client, world, "/v1/orders", order(), 200))["status"] == "paid"


async def test_a_return_names_its_sale_before_or_after_it_is_known(client: httpx.AsyncClient, world: World) -> None:
    back = {"return_of": "1", "lines": [{"product_id": "p1", "quantity": -1, "unit_price_minor": 500}]}
    returned = await post(client, world, "/v1/orders", order("2", **back))
    assert (returned["total_minor"], returned["return_of_id"]) == (-500, None)
    sold = await post(client, world, "/v1/orders", order("1"))
    assert (await get(client, world, f"/v1/orders/{returned['id']}"))["return_of_id"] == sold["id"]


async def test_lists_go_by_the_moment_of_the_order(
    client: httpx.AsyncClient, session: Session, world: World, store_id: str
) -> None:
    product = {"external_id": "p1", "name": "Puzzle", "variants": [{"price_minor": 500, "currency": "CHF"}]}
    p1 = (await post(client, world, "/v1/products", product))["id"]
    for i, hours in enumerate((3, 1, 5, 4)):  # some come late
        at = (NOON - timedelta(hours=hours)).isoformat()
        at_store = {"store_id": store_id} if i % 2 else {}
        lines = {"lines": [{"product_id": f"p{i % 2 + 1}", "quantity": 1, "unit_price_minor": 500}]}
        await post(client, world, "/v1/orders", order(str(i), ordered_at=at, **at_store, **lines))

    async def ids(**query: Any) -> list[str]:
        return [each["external_id"] for each in (await get(client, world, "/v1/orders", **query))["items"]]

    assert await ids() == ["1", "0", "3", "2"]
    assert await ids(store_id=store_id) == ["1", "3"]
    assert await ids(product_id=p1) == ["0", "2"]
    assert await ids(since=(NOON - timedelta(hours=3)).isoformat()) == ["1", "0"]
    assert await ids(until=(NOON - timedelta(hours=3)).isoformat()) == ["3", "2"]
    assert await ids(status="refunded") == []
    assert await ids(external_id="3", source="api") == ["3"]
    first = await get(client, world, "/v1/orders", limit=3)
    rest = await get(client, world, "/v1/orders", limit=3, cursor=first["next"])
    assert ([o["external_id"] for o in rest["items"]], rest["next"]) == (["2"], None)


async def test_customers_are_found_made_and_joined(client: httpx.AsyncClient, session: Session, world: World) -> None:
    mia = {"external_id": "c-1", "email": "Mia@Example.com "}
    first = await post(client, world, "/v1/orders", order("1", customer=mia))
    by_mail = await post(client, world, "/v1/orders", order("2", customer={"email": "mia@example.com"}))
    assert first["customer"]["profile_id"] == by_mail["customer"]["profile_id"]
    assert first["customer"]["external_id"] == "c-1"
    found = await get(client, world, "/v1/orders", profile_id=first["customer"]["profile_id"])
    assert len(found["items"]) == 2
    nobody = await post(client, world, "/v1/orders", order("3", customer={"email": "not an address"}))
    assert nobody["customer"] is None


async def test_a_guest_gets_a_person_later(client: httpx.AsyncClient, session: Session, world: World) -> None:
    guest = {"email": "eve@example.com", "phone": "+41 79 123 45 67"}
    made = await post(client, world, "/v1/orders", order("1", guest=guest))
    assert made["customer"] is None
    assert await service.attach_guests(session, world.tenant_id, None, NOW) == 0
    phone = [Id(Kind.EXTERNAL_ID, "c-9"), Id(Kind.PHONE, "+41791234567")]
    eve = await profiles.resolve(session, world.tenant_id, phone, proof=Proof.LINK, source="erp", at=NOON, now=NOW)
    assert await service.attach_guests(session, world.tenant_id, None, NOW) == 1
    assert await service.attach_guests(session, world.tenant_id, None, NOW) == 0
    await session.commit()
    assert (await get(client, world, f"/v1/orders/{made['id']}"))["customer"]["profile_id"] == str(eve.profile_id)
    left = await session.execute(text("SELECT count(*) FROM order_claim WHERE tenant_id = :t"), {"t": world.tenant_id})
    assert left.scalar_one() == 0
    known = await post(client, world, "/v1/orders", order("2", guest={"phone": "+41791234567"}))
    assert known["customer"]["profile_id"] == str(eve.profile_id)


async def test_who_may_not_know_customers_sees_an_opaque_id(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    made = await post(client, world, "/v1/orders", order("1", customer={"external_id": "c-1"}))
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=["commerce"])
    await session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    seen = (await client.get(f"/v1/orders/{made['id']}", headers=headers)).json()
    nothing = {"profile_id": None, "external_id": None, "first_name": None}
    assert seen["customer"] == {"id": made["customer"]["id"]} | nothing
    listed = await client.get("/v1/orders", params={"customer_id": made["customer"]["id"]}, headers=headers)
    assert len(listed.json()["items"]) == 1
    asked = await client.get("/v1/orders", params={"profile_id": made["customer"]["profile_id"]}, headers=headers)
    assert asked.status_code == 403


async def test_a_store_sells_and_sees_for_itself(
    client: httpx.AsyncClient, session: Session, world: World, store_id: str
) -> None:
    other = str(await make_store(session, world, name="Station"))
    mine, theirs = await shop_key(session, world, store_id), await shop_key(session, world, other)
    first = await client.post("/v1/orders", json=order("1", customer={"external_id": "7"}), headers=mine)
    second = await client.post("/v1/orders", json=order("1", customer={"external_id": "7"}), headers=theirs)
    assert (first.status_code, second.status_code) == (201, 201)  # the same number, and two orders
    assert first.json()["store_id"] == store_id
    assert first.json()["customer"]["profile_id"] != second.json()["customer"]["profile_id"]  # and two people
    assert [o["id"] for o in (await client.get("/v1/orders", headers=mine)).json()["items"]] == [first.json()["id"]]
    for path, method in (("", "GET"), ("/refunds", "POST"), ("/cancel", "POST")):
        url = f"/v1/orders/{second.json()['id']}{path}"
        answer = await client.request(method, url, json={"amount_minor": 1}, headers=mine)
        assert answer.json()["type"] == "/problems/order-not-found"
    refused = await client.post("/v1/orders", json=order("2", store_id=other), headers=mine)
    assert refused.json()["errors"] == [{"pointer": "#/store_id", "in": "body", "detail": "there is no such store"}]
    # a store joins nobody: the address of one id is not the person of another
    both = {"external_id": "7", "email": "boss@example.com"}
    joined = await client.post("/v1/orders", json=order("3", customer=both), headers=mine)
    assert joined.json()["customer"]["profile_id"] != first.json()["customer"]["profile_id"]


async def test_lists_and_batches_cost_the_same_however_long(
    client: httpx.AsyncClient, connection: AsyncConnection, world: World
) -> None:
    """So many statements, whether of three orders or of thirty."""
    statements: list[str] = []

    @event.listens_for(connection.sync_connection, "before_cursor_execute")
    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    async def cost(count: int) -> tuple[int, int]:
        refund = {"external_id": "r", "at": NOON.isoformat(), "amount_minor": 1}
        orders = [
            order(f"{count}-{i}", customer={"external_id": f"c{count}-{i}"}, refunds=[refund], return_of="1")
            for i in range(count)
        ]
        statements.clear()
        await post(client, world, "/v1/orders:batch", {"orders": orders}, 200)
        written = len(statements)
        statements.clear()
        page = await get(client, world, "/v1/orders", limit=count)
        assert len({each["customer"]["profile_id"] for each in page["items"]}) == count
        return written, len(statements)

    few, many = await cost(3), await cost(30)
    assert few == many
    assert many[1] <= 12

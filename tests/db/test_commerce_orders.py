"""Orders, products and stock on PostGIS: versions in batches, lines, late products, the ledger, two processes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.commerce import service
from geoengage.commerce.rules import (
    Claim,
    Line,
    OrderIn,
    Outcome,
    ProductIn,
    Refund,
    RefundLine,
    Status,
    StockIn,
    Variant,
)
from geoengage.kit import events
from geoengage.kit.db import Session, make_sessions, transaction
from geoengage.kit.ids import TenantId
from tests.campaign_rows import make_store
from tests.factories import World, make_world

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CREATED, UPDATED, UNCHANGED, STALE = Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.STALE


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


def order(external_id: str = "1", minutes: int = 0, lines: int = 2, **over: Any) -> OrderIn:
    some = tuple(
        Line(quantity_milli=1000, total_minor=100, external_id=f"l{n}", product_id=f"p{n}", name="Tab\there\\ and ü")
        for n in range(lines)
    )
    values: dict[str, Any] = {
        "source": "api", "external_id": external_id, "ordered_at": NOON, "currency": "CHF", "lines": some,
        "updated_at": NOON + timedelta(minutes=minutes), "subtotal_minor": 100 * lines, "total_minor": 100 * lines,
    }  # fmt: skip
    return OrderIn(**values | over)


def product(external_id: str, minutes: int = 0, **over: Any) -> ProductIn:
    values: dict[str, Any] = {
        "external_id": external_id, "name": f"Product {external_id}", "updated_at": NOON + timedelta(minutes=minutes),
        "variants": (Variant(external_id=external_id, sku=f"sku-{external_id}", price_minor=100, currency="CHF"),),
    }  # fmt: skip
    return ProductIn(**values | over)


async def rows(session: Session, tenant_id: TenantId, sql: str) -> list[Any]:
    return [tuple(row) for row in await session.execute(text(sql), {"t": tenant_id})]


async def told(session: Session, world: World) -> list[str]:
    return [each.type for each in await events.read(session, world.tenant_id, 0, 1000)]


async def test_an_order_comes_is_changed_refunded_and_cancelled(session: Session, world: World) -> None:
    t = world.tenant_id
    made = await service.record_order(session, t, order(coupons=("SUMMER", "VIP")), NOON)
    assert made.outcome is CREATED
    again = await service.record_order(session, t, order(coupons=("SUMMER", "VIP")), NOON)
    assert (again.id, again.outcome) == (made.id, UNCHANGED)
    lines = (RefundLine(line="l0", quantity_milli=1000, amount_minor=100),)
    refund = Refund(external_id="r1", at=NOON, amount_minor=100, lines=lines)
    changed = await service.record_order(session, t, order(minutes=5, lines=3, refunds=(refund,)), NOON)
    assert changed.outcome is UPDATED
    assert (await service.record_order(session, t, order(minutes=1), NOON)).outcome is STALE
    await service.record_order(session, t, order(minutes=9, lines=3, status=Status.CANCELLED), NOON)
    found = await rows(
        session, t, "SELECT status, total_minor, refunded_minor, version, coupons FROM shop_order WHERE tenant_id = :t"
    )
    assert found == [("cancelled", 300, 100, 3, [])]
    assert await rows(session, t, "SELECT n, name FROM order_line WHERE tenant_id = :t ORDER BY n") == [
        (n, "Tab\there\\ and ü") for n in range(3)
    ]
    assert await rows(session, t, "SELECT line, amount_minor FROM refund_line WHERE tenant_id = :t") == [("l0", 100)]
    expected = ["order.placed", "order.updated", "order.refunded", "order.updated", "order.cancelled"]
    assert await told(session, world) == expected


async def test_several_versions_in_one_batch(session: Session, world: World) -> None:
    batch = [order("a", 3, lines=1), order("b"), order("a", 1), order("a", 3, lines=1), order("a", 7, lines=4)]
    recorded = await service.record_orders(session, world.tenant_id, batch, NOON, quiet=True)
    assert [each.outcome for each in recorded] == [CREATED, CREATED, STALE, UNCHANGED, UPDATED]
    count = "SELECT o.external_id, count(*) FROM order_line l JOIN shop_order o ON o.id = l.order_id"
    found = await rows(session, world.tenant_id, f"{count} WHERE l.tenant_id = :t GROUP BY 1 ORDER BY 1")
    assert found == [("a", 4), ("b", 2)]
    assert await told(session, world) == []


async def test_lines_learn_their_product_before_or_after(session: Session, world: World) -> None:
    t = world.tenant_id
    await service.upsert_products(session, t, [product("p0")], NOON)
    await service.record_order(session, t, order(), NOON)
    known = "SELECT product_external_id FROM order_line WHERE tenant_id = :t AND variant_id IS NOT NULL ORDER BY 1"
    assert await rows(session, t, known) == [("p0",)]
    await service.upsert_products(session, t, [product("p1")], NOON)
    assert await rows(session, t, known) == [("p0",), ("p1",)]


async def test_a_store_names_its_own_product_first(session: Session, world: World) -> None:
    t = world.tenant_id
    store_id = await make_store(session, world)
    ours, theirs = await service.upsert_products(session, t, [product("p0"), product("p0", store_id=store_id)], NOON)
    await service.record_orders(session, t, [order("a", lines=1), order("b", lines=1, store_id=store_id)], NOON)
    sql = "SELECT o.external_id, l.product_id FROM order_line l JOIN shop_order o ON o.id = l.order_id"
    assert await rows(session, t, f"{sql} WHERE l.tenant_id = :t ORDER BY 1") == [("a", ours.id), ("b", theirs.id)]


async def test_products_have_versions(session: Session, world: World) -> None:
    t = world.tenant_id
    batch = [product("p", 2, name="Newer"), product("p", 1, name="Older"), product("q")]
    first = await service.upsert_products(session, t, batch, NOON)
    assert [each.outcome for each in first] == [CREATED, STALE, CREATED]
    red = Variant(external_id="red", sku="r", options={"colour": "red"})
    again = await service.upsert_products(
        session, t, [product("p", 0), product("p", 3, variants=(red,)), product("q", 5)], NOON + timedelta(hours=1)
    )
    assert [each.outcome for each in again] == [STALE, UPDATED, UNCHANGED]
    sql = "SELECT external_id, is_active FROM product_variant WHERE tenant_id = :t ORDER BY 1"
    assert await rows(session, t, sql) == [("p", False), ("q", True), ("red", True)]


async def test_stock_counts(session: Session, world: World) -> None:
    t = world.tenant_id
    store_id = await make_store(session, world)
    await service.upsert_products(session, t, [product("p"), product("q")], NOON)
    count = StockIn(store_id=store_id, item="sku-p", quantity_milli=5000, at=NOON)
    by_product = StockIn(store_id=store_id, item="q", quantity_milli=1500, at=NOON)
    unknown = StockIn(store_id=store_id, item="none", quantity_milli=1, at=NOON)
    assert await service.set_stock(session, t, [count, by_product, unknown]) == [UPDATED, UPDATED, None]
    older = StockIn(store_id=store_id, item="p", quantity_milli=9000, at=NOON - timedelta(hours=1))
    assert await service.set_stock(session, t, [older]) == [STALE]
    assert await rows(session, t, "SELECT quantity_milli FROM stock WHERE tenant_id = :t ORDER BY 1") == [
        (1500,),
        (5000,),
    ]


async def test_guests_leave_claims_until_they_are_known(session: Session, world: World) -> None:
    t = world.tenant_id
    claims = (Claim(kind="email", value="a@example.com"), Claim(kind="phone", value="+41790000000"))
    await service.record_order(session, t, order(claims=claims), NOON)
    sql = "SELECT claim_kind, claim_value FROM order_claim WHERE tenant_id = :t ORDER BY 1"
    assert await rows(session, t, sql) == [("email", "a@example.com"), ("phone", "+41790000000")]


async def test_two_processes_bring_the_same_orders_once(committed: AsyncEngine) -> None:
    """Each in its own connection, the same orders in other orders, and other versions of them."""
    sessions = make_sessions(committed)
    async with sessions() as session:
        world = await make_world(session)
    start = asyncio.Event()

    async def bring(versions: list[OrderIn]) -> list[service.RecordedOrder]:
        await start.wait()
        recorded = []
        for i in range(0, len(versions), 10):
            async with transaction(sessions, world.tenant_id) as session:
                recorded += await service.record_orders(session, world.tenant_id, versions[i : i + 10], NOON)
        return recorded

    names = [f"o{i}" for i in range(40)]
    tasks = [
        asyncio.create_task(bring([order(name, minutes, lines=1 + minutes) for name in names[::step]]))
        for minutes, step in ((0, 1), (1, -1), (1, 1), (2, -1))
    ]
    start.set()
    done = await asyncio.gather(*tasks)
    ids: dict[UUID, list[Outcome]] = {}
    for each in (recorded for some in done for recorded in some):
        ids.setdefault(each.id, []).append(each.outcome)
    assert len(ids) == 40
    assert all(outcomes.count(CREATED) == 1 for outcomes in ids.values())
    async with transaction(sessions, world.tenant_id) as session:
        counts = await rows(session, world.tenant_id, "SELECT count(*) FROM order_line WHERE tenant_id = :t")
        assert counts == [(120,)]  # three lines each: the newest version
        assert (await told(session, world)).count("order.placed") == 40

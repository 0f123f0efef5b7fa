"""Orders and carts out of Segment's events: servers' orders count, browsers' do not; late ones, refunds, stores."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from geoengage.ingest.service import on_events_recorded
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.tenancy.rules import KeyKind
from geoengage.wiring import Reaction
from geoengage.worker import react_once
from tests.campaign_rows import make_store
from tests.factories import World, make_key_row, make_world

RECORDED = [Reaction("ingest.purchases", frozenset({"events.recorded"}), on_events_recorded)]
COMPLETED: dict[str, Any] = {
    "order_id": "o1", "affiliation": "North", "total": 27.5, "shipping": 3, "tax": 2, "discount": 2.5,
    "currency": "CHF", "coupon": "WELCOME", "products": [
        {"product_id": "p1", "sku": "S-1", "name": "Train", "price": 19, "quantity": 1},
        {"product_id": "p2", "sku": "S-2", "name": "Card game", "price": 3, "quantity": 2},
    ],
}  # fmt: skip
Send = Callable[..., Any]


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


@pytest.fixture
async def keys(session: Session, world: World) -> dict[str, str]:
    made = {
        kind: await make_key_row(session, world.tenant_id, KeyKind.WRITE, scopes=[], writes=kind)
        for kind in ("server", "browser")
    }
    await session.commit()
    return made


@pytest.fixture
async def send(client: httpx.AsyncClient, sessions: Sessions, keys: dict[str, str]) -> AsyncIterator[Send]:
    """Sends track events, (name, properties) each, and lets the worker act upon them."""
    count = 0

    async def track(*events: tuple[str, dict[str, Any]], by: str = "server", act: bool = True, **over: Any) -> None:
        nonlocal count
        batch = []
        for name, properties in events:
            count += 1
            said = {"type": "track", "event": name, "properties": properties, "messageId": f"m{count}"}
            batch.append(said | {"userId": "c1", "anonymousId": "a1"} | over)
        body = {"batch": batch, "writeKey": keys[by]}
        assert (await client.post("/v1/batch", json=body)).status_code == 200
        if act:
            await react_once(sessions, RECORDED)

    return track  # type: ignore[return-value]


async def orders(session: Session) -> list[Any]:
    rows = await session.execute(
        text(
            "SELECT external_id, status, total_minor, refunded_minor, store_id, channel, source FROM shop_order"
            " ORDER BY external_id"
        )
    )
    return list(rows.all())


async def notes(client: httpx.AsyncClient, world: World) -> list[tuple[str, str, bool]]:
    listed = (await client.get("/v1/event-rejections", headers=world.sk_headers)).json()["items"]
    return [(one["reason"], one["message_id"], one["is_kept"]) for one in listed]


async def test_a_servers_order_is_an_order_of_the_person_and_the_store(
    send: Send, session: Session, world: World, client: httpx.AsyncClient
) -> None:
    north = await make_store(session, world, name="North")
    await session.commit()
    await send(("Completed Order", COMPLETED))
    assert await orders(session) == [("o1", "paid", 2_750, 0, north, "other", "segment")]
    who = await session.execute(
        text("SELECT i.kind, i.value FROM shop_order o JOIN identifier i ON i.id = o.identifier_id")
    )
    assert who.all() == [("external_id", "c1")]
    assert await notes(client, world) == []


async def test_a_browsers_order_is_none_and_is_said(
    send: Send, session: Session, client: httpx.AsyncClient, world: World
) -> None:
    await send(("Order Completed", COMPLETED), by="browser")
    assert await orders(session) == []
    assert await notes(client, world) == [("browser_order", "m1", True)]
    kept = await session.execute(text("SELECT name, is_claim, order_id FROM event"))
    assert kept.all() == [("Order Completed", True, "o1")]


async def test_a_browser_cannot_change_a_servers_order(send: Send, session: Session) -> None:
    await send(("Order Completed", COMPLETED))
    await send(("Order Cancelled", {"order_id": "o1"}), ("Order Refunded", {"order_id": "o1"}), by="browser")
    await send(("Order Updated", {"order_id": "o1", "shipping": 3}))
    assert [row[:4] for row in await orders(session)] == [("o1", "paid", 2_750, 0)]


async def test_updates_cancellations_and_partial_refunds(send: Send, session: Session) -> None:
    await send(("Order Completed", COMPLETED), ("Order Completed", COMPLETED | {"order_id": "o2"}))
    await send(
        ("Order Updated", {"order_id": "o1", "shipping": 1, "total": 25.5}), ("Order Cancelled", {"order_id": "o2"})
    )
    await send(("Order Refunded", {"order_id": "o1", "products": [{"sku": "S-2", "price": 3, "quantity": 1}]}))
    await send(("Order Refunded", {"order_id": "o1", "total": 2}))
    assert [row[:4] for row in await orders(session)] == [
        ("o1", "partially_refunded", 2_550, 500), ("o2", "cancelled", 2_750, 0),
    ]  # fmt: skip


async def test_a_refund_without_amount_is_taken_for_the_whole_and_said(
    send: Send, session: Session, client: httpx.AsyncClient, world: World
) -> None:
    await send(("Order Completed", COMPLETED), ("Order Refunded", {"order_id": "o1"}))
    assert [row[:4] for row in await orders(session)] == [("o1", "refunded", 2_750, 2_750)]
    assert await notes(client, world) == [("refund_amount_unknown", "m2", True)]


async def test_a_refund_before_its_order(send: Send, session: Session, client: httpx.AsyncClient, world: World) -> None:
    """The refund arrives first, and the order happened before it."""
    now = utc_now()
    await send(("Order Refunded", {"order_id": "o1", "total": 5}), timestamp=now.isoformat(), sentAt=now.isoformat())
    assert (await orders(session), await notes(client, world)) == ([], [("order_unknown", "m1", True)])
    earlier = (now - timedelta(hours=5)).isoformat()
    await send(("Order Completed", COMPLETED), timestamp=earlier, sentAt=now.isoformat())
    assert [row[:4] for row in await orders(session)] == [("o1", "partially_refunded", 2_750, 500)]
    at = await session.execute(text("SELECT ordered_at FROM shop_order"))
    assert abs(now - timedelta(hours=5) - at.scalar_one()) < timedelta(seconds=5)


async def test_a_late_update_does_not_undo_a_newer_one(send: Send, session: Session) -> None:
    now = utc_now()
    newer = {"timestamp": now.isoformat(), "sentAt": now.isoformat()}
    older = {"timestamp": (now - timedelta(hours=1)).isoformat(), "sentAt": now.isoformat()}
    first = {"timestamp": (now - timedelta(hours=2)).isoformat(), "sentAt": now.isoformat()}
    await send(("Order Updated", {"order_id": "o1", "total": 20}), **newer)
    await send(("Order Completed", COMPLETED), **first)
    await send(("Order Updated", {"order_id": "o1", "total": 25}), **older)
    assert [row[2] for row in await orders(session)] == [2_000]


@pytest.mark.parametrize(
    "over, reason",
    [
        ({"order_id": None}, "no_order_id"), ({"currency": None}, "no_currency"), ({"total": "free"}, "bad_amount"),
    ],
)  # fmt: skip
async def test_orders_that_cannot_be_kept_are_said(
    send: Send, session: Session, client: httpx.AsyncClient, world: World, over: dict[str, Any], reason: str
) -> None:
    await send(("Order Completed", COMPLETED | over), ("Order Completed", COMPLETED | {"order_id": "o2"}))
    assert [row[0] for row in await orders(session)] == ["o2"]
    assert await notes(client, world) == [(reason, "m1", True)]


async def test_the_same_events_again_change_nothing(send: Send, session: Session, sessions: Sessions) -> None:
    await send(("Order Completed", COMPLETED), act=False)
    await send(("Order Completed", COMPLETED), ("Order Refunded", {"order_id": "o1", "total": 2}))
    before = await orders(session)
    await session.execute(text("UPDATE reaction_cursor SET position = 0"))
    await session.commit()
    told = text("SELECT count(*) FROM ledger WHERE type LIKE 'order.%'")
    count = (await session.execute(told)).scalar_one()
    await react_once(sessions, RECORDED)
    assert await orders(session) == before
    assert (await session.execute(told)).scalar_one() == count


# --- carts


async def cart(session: Session) -> list[tuple[str, int]]:
    """What lies in open carts: sku, thousandths."""
    rows = await session.execute(
        text(
            "SELECT l.sku, l.quantity_milli FROM cart_line l JOIN cart c ON c.tenant_id = l.tenant_id"
            " AND c.id = l.cart_id WHERE c.status = 'open' ORDER BY 1"
        )
    )
    return [(sku, quantity) for sku, quantity in rows]


async def test_a_browsers_cart_is_the_visitors(send: Send, session: Session) -> None:
    await send(("Added Product", {"sku": "S-1", "quantity": 2}), ("Product Added", {"sku": "S-2"}), by="browser")
    await send(("Product Removed", {"sku": "S-1", "quantity": 1}), by="browser")
    assert await cart(session) == [("S-1", 1_000), ("S-2", 1_000)]
    whose = await session.execute(text("SELECT i.kind FROM cart c JOIN identifier i ON i.id = c.identifier_id"))
    assert whose.scalars().all() == ["anonymous_id"]
    await send(("Cart Viewed", {"products": [{"sku": "S-3", "quantity": 4}]}), by="browser")
    assert await cart(session) == [("S-3", 4_000)]


async def test_what_is_bought_is_taken_out_of_the_cart(send: Send, session: Session) -> None:
    """The visitor's cart, filled in the browser; the shop's server says who they are, and that they have bought."""
    await send(("Product Added", {"sku": "S-1"}), ("Product Added", {"sku": "S-9"}), by="browser")
    await send(("Product Added", {"sku": "S-2"}))
    await send(("Order Completed", COMPLETED))
    assert await cart(session) == [("S-9", 1_000)]


async def test_late_and_useless_cart_events(
    send: Send, session: Session, client: httpx.AsyncClient, world: World
) -> None:
    now = utc_now()
    await send(("Product Added", {"sku": "S-1"}))
    late = {"timestamp": (now - timedelta(hours=1)).isoformat(), "sentAt": now.isoformat()}
    await send(("Product Added", {"sku": "S-2"}), ("Cart Viewed", {"products": []}), **late)
    await send(("Product Added", {"quantity": 1}), ("Product Added", {"sku": "S-1", "quantity": "x"}))
    assert await cart(session) == [("S-1", 1_000)]
    assert sorted(await notes(client, world)) == [("bad_amount", "m5", True), ("no_product_id", "m4", True)]

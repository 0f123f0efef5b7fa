"""Orders of a shop are read again: pages by Link header, 429, errors, and going on where it was."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.ingest import service
from geoengage.ingest.jobs import AFTER_ERROR, Reader
from geoengage.ingest.models import Connection
from geoengage.kit.db import Sessions, make_sessions
from geoengage.kit.ids import new_id
from geoengage.kit.outbound import open_outbound
from geoengage.kit.settings import ConnectionSettings
from tests.conftest import KEY, ROOT
from tests.factories import World, make_world
from tests.providers.shopify_server import TOKEN, ShopifyServer

ORDER: dict[str, Any] = json.loads((ROOT / "tests" / "data" / "shopify_order.json").read_text())
NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
Read = Callable[..., Any]


def order(n: int, day: int, **over: Any) -> dict[str, Any]:
    return ORDER | {"id": n, "updated_at": f"2026-11-{day:02}T10:00:00+01:00"} | over


@pytest.fixture
async def shop() -> AsyncIterator[ShopifyServer]:
    async with ShopifyServer().running() as server:
        server.orders = [order(n, n) for n in range(1, 6)]
        yield server


@pytest.fixture
def sessions(committed: AsyncEngine) -> Sessions:
    return make_sessions(committed)


@pytest.fixture
async def world(sessions: Sessions) -> World:
    async with sessions() as session:
        return await make_world(session)


@pytest.fixture
async def connection_id(sessions: Sessions, world: World) -> UUID:
    row = Connection(
        id=new_id(), kind="shopify", name="Shop", shop="toys.myshopify.com", locations=[], reconcile_at=NOW,
        reconciled_to=NOW - service.FIRST_READING,
    )  # fmt: skip
    row.tenant_id = world.tenant_id
    service.put_token(KEY, world.tenant_id, row, TOKEN)
    async with sessions() as session:
        session.add(row)
        await session.commit()
    return row.id


@pytest.fixture
async def read(sessions: Sessions, shop: ShopifyServer, connection_id: UUID) -> AsyncIterator[Read]:
    """Lets the worker look once, at a moment; returns whether it found a shop, and how long it waited in all."""
    settings = ConnectionSettings(shopify_url=shop.url, allow_loopback=True)
    async with open_outbound(timeout_s=5, allow_loopback=True) as outbound:

        async def step(at: datetime = NOW, key: str = KEY) -> tuple[bool, list[float]]:
            waited: list[float] = []

            async def sleep(seconds: float) -> None:
                waited.append(seconds)

            reader = Reader(sessions, outbound, settings, key, clock=lambda: at, sleep=sleep)
            return await reader.step(), waited

        yield step  # type: ignore[misc]


async def row(sessions: Sessions) -> Connection:
    async with sessions() as session:
        return (await session.execute(select(Connection))).scalar_one()


async def stored(sessions: Sessions) -> list[tuple[str, int]]:
    async with sessions() as session:
        rows = await session.execute(text("SELECT external_id, total_minor FROM shop_order ORDER BY 1"))
        return [(id_, total) for id_, total in rows]


async def test_all_pages_are_read(read: Read, sessions: Sessions, shop: ShopifyServer) -> None:
    assert await read() == (True, [])
    assert await stored(sessions) == [(str(n), 7_480) for n in range(1, 6)]
    assert len(shop.asked) == 3
    assert (shop.asked[0]["status"], shop.asked[0]["order"]) == ("any", "updated_at asc")
    assert set(shop.asked[1]) == {"limit", "page_info"}
    found = await row(sessions)
    assert (found.reconciled_to, found.reconciled_at, found.reconcile_error) == (
        datetime(2026, 11, 5, 9, 0, tzinfo=UTC), NOW, None,
    )  # fmt: skip
    assert found.reconcile_at == NOW + timedelta(days=1)
    assert await read() == (False, []), "nothing is due before the next night"


async def test_the_next_night_only_what_has_changed(read: Read, sessions: Sessions, shop: ShopifyServer) -> None:
    await read()
    shop.asked.clear()
    shop.orders[0] = order(1, 27, current_total_price="70.00")
    shop.orders.append(order(6, 27, test=True))
    assert await read(NOW + timedelta(days=1)) == (True, [])
    assert datetime.fromisoformat(shop.asked[0]["updated_at_min"]) == datetime(2026, 11, 5, 8, 50, tzinfo=UTC)
    assert (await stored(sessions))[0] == ("1", 7_000)
    async with sessions() as session:
        told = await session.execute(text("SELECT type, count(*) FROM ledger WHERE type LIKE 'order.%' GROUP BY 1"))
        assert dict(told.all()) == {"order.placed": 5, "order.updated": 1}  # type: ignore[arg-type]


async def test_a_shop_that_is_asked_too_often(read: Read, sessions: Sessions, shop: ShopifyServer) -> None:
    shop.script = [429, None, 429, 429]
    assert await read() == (True, [2.0, 2.0, 2.0])
    assert len(await stored(sessions)) == 5
    shop.script = [429] * 6
    assert await read(NOW + timedelta(days=2)) == (True, [2.0] * 5)
    assert (await row(sessions)).reconcile_error == "the shop says that it is asked too often"


@pytest.mark.parametrize(
    "status, said",
    [
        (401, "refuses the access token"),
        (403, "refuses the access token"),
        (404, "no such shop"),
        (500, "answered 500"),
    ],
)
async def test_errors_are_said_and_tried_again(
    read: Read, sessions: Sessions, shop: ShopifyServer, status: int, said: str
) -> None:
    shop.script = [None, status]
    assert await read() == (True, [])
    found = await row(sessions)
    assert said in str(found.reconcile_error)
    assert (found.reconcile_at, found.reconciled_at) == (NOW + AFTER_ERROR, None)
    assert len(await stored(sessions)) == 2, "the page before is kept"
    shop.asked.clear()
    assert await read(NOW + AFTER_ERROR) == (True, [])
    assert datetime.fromisoformat(shop.asked[0]["updated_at_min"]) == datetime(2026, 11, 2, 8, 50, tzinfo=UTC)
    assert (len(await stored(sessions)), (await row(sessions)).reconcile_error) == (5, None)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"errors":1}', b'{"orders":7}'])
async def test_answers_that_are_none(read: Read, sessions: Sessions, shop: ShopifyServer, body: bytes) -> None:
    shop.body = body
    await read()
    assert (await row(sessions)).reconcile_error == "its answer is no list of orders"


async def test_one_bad_order_holds_up_no_other(read: Read, sessions: Sessions, shop: ShopifyServer) -> None:
    shop.orders[1] = order(2, 2, currency=None)
    await read()
    assert [id_ for id_, _ in await stored(sessions)] == ["1", "3", "4", "5"]


async def test_a_shop_that_is_away(read: Read, sessions: Sessions, shop: ShopifyServer) -> None:
    shop.script = [302]
    await read()
    assert (await row(sessions)).reconcile_error == "the shop answered 302"


async def test_a_token_of_another_signing_key(read: Read, sessions: Sessions) -> None:
    await read(key="another-key-0123456789-0123456789-abcdef")
    assert "put it again" in str((await row(sessions)).reconcile_error)


async def test_closed_and_removed_connections_are_not_read(
    read: Read, sessions: Sessions, shop: ShopifyServer, connection_id: UUID
) -> None:
    async with sessions() as session:
        await session.execute(text("UPDATE connection SET closed_at = now()"))
        await session.commit()
    assert await read() == (False, [])
    assert shop.asked == []

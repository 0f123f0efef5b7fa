"""Carts under several hands at once: nothing is lost, nobody waits for ever, what was left alone is told once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.commerce import jobs, service
from geoengage.commerce.rules import CartChange, CartItem, Claim, How, Line, OrderIn
from geoengage.commerce.store import Owner
from geoengage.kit import events
from geoengage.kit.db import Sessions, make_sessions, retried, transaction
from geoengage.profiles import service as profiles
from geoengage.profiles.rules import Id, Kind, Proof
from tests.factories import World, make_world

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def more(item: str, pieces: int = 1, how: How = How.ADD) -> CartChange:
    thing = CartItem(item=item, quantity_milli=pieces * 1000, name=item, sku=item, added_at=NOON, changed_at=NOON)
    return CartChange(thing, how)


@pytest.fixture
async def sessions(committed: AsyncEngine) -> Sessions:
    return make_sessions(committed)


@pytest.fixture
async def world(sessions: Sessions) -> World:
    async with sessions() as session:
        return await make_world(session)


async def make_ids(sessions: Sessions, world: World, *names: str) -> list[UUID]:
    """An id a name, each its own person."""
    found = []
    for name in names:
        async with transaction(sessions, world.tenant_id) as session:
            made = await profiles.resolve(
                session, world.tenant_id, [Id(Kind.EXTERNAL_ID, name)], proof=Proof.LINK, source="t", at=NOON, now=NOON
            )
            found.append(made.identifier_id)
    return found


async def change(sessions: Sessions, world: World, id_: UUID, *changes: CartChange) -> service.WholeCart:
    async def work(session: Any) -> service.WholeCart:
        return await service.change_cart(session, world.tenant_id, Owner(identifier_id=id_), changes, NOON)

    return await retried(sessions, world.tenant_id, work)


async def quantities(sessions: Sessions, world: World, id_: UUID) -> dict[str, int]:
    async with transaction(sessions, world.tenant_id) as session:
        cart = await service.read_cart(session, world.tenant_id, Owner(identifier_id=id_), None)
    return {thing.item: thing.quantity_milli // 1000 for thing in cart.things}


async def test_many_hands_in_one_cart(sessions: Sessions, world: World) -> None:
    """Twenty additions at once, the first of which makes the cart."""
    (mia,) = await make_ids(sessions, world, "mia")
    await asyncio.gather(*[change(sessions, world, mia, more("a"), more(f"b{i}")) for i in range(20)])
    found = await quantities(sessions, world, mia)
    assert (found["a"], len(found)) == (20, 21)


async def test_changes_while_people_are_joined_and_parted(sessions: Sessions, world: World) -> None:
    one, two = await make_ids(sessions, world, "one", "two")

    async def join_and_part() -> None:
        for _ in range(5):

            async def join(session: Any) -> None:
                await profiles.merge(session, world.tenant_id, one, two, reason="same", now=NOON)

            async def part(session: Any) -> None:
                await profiles.unmerge(session, world.tenant_id, [two], reason="not", now=NOON)

            await retried(sessions, world.tenant_id, join)
            await retried(sessions, world.tenant_id, part)

    adding = [change(sessions, world, id_, more(f"{n}-{i}")) for n, id_ in enumerate((one, two)) for i in range(15)]
    await asyncio.gather(join_and_part(), *adding)
    assert await quantities(sessions, world, one) == {f"0-{i}": 1 for i in range(15)}
    assert await quantities(sessions, world, two) == {f"1-{i}": 1 for i in range(15)}


async def test_two_workers_tell_of_an_abandoned_cart_once(sessions: Sessions, world: World) -> None:
    ids = await make_ids(sessions, world, *(f"p{i}" for i in range(10)))
    for id_ in ids:
        await change(sessions, world, id_, more("a"))
    late = NOON + timedelta(hours=2)
    marked = await asyncio.gather(*[jobs.abandon_carts_once(sessions, late) for _ in range(4)])
    assert sum(marked) == 10
    async with transaction(sessions, world.tenant_id) as session:
        told = [row.type for row in await events.read(session, world.tenant_id, 0, 1000)]
    assert told.count("cart.abandoned") == 10


async def test_two_workers_give_a_guest_an_order_once(sessions: Sessions, world: World) -> None:
    async with transaction(sessions, world.tenant_id) as session:
        order = OrderIn(
            source="api", external_id="1", ordered_at=NOON, updated_at=NOON, currency="CHF", total_minor=0,
            subtotal_minor=0, claims=(Claim(kind="external_id", value="eve"),),
        )  # fmt: skip
        made = await service.record_order(session, world.tenant_id, order, NOON)
    (eve,) = await make_ids(sessions, world, "eve")
    attached = await asyncio.gather(*[jobs.attach_guests_once(sessions, NOON, all_ids=True) for _ in range(4)])
    assert sum(attached) == 1
    async with transaction(sessions, world.tenant_id) as session:
        query = text("SELECT identifier_id FROM shop_order WHERE tenant_id = :t AND id = :id")
        assert (await session.execute(query, {"t": world.tenant_id, "id": made.id})).scalar_one() == eve


async def test_an_order_and_a_change_at_once(sessions: Sessions, world: World) -> None:
    """Whichever comes first: what was ordered is gone, what was added is there."""
    (mia,) = await make_ids(sessions, world, "mia")
    await change(sessions, world, mia, more("a"))
    line = Line(quantity_milli=1000, total_minor=100, sku="a")
    order = OrderIn(
        source="api", external_id="1", ordered_at=NOON, updated_at=NOON, currency="CHF", total_minor=100,
        subtotal_minor=100, lines=(line,), identifier_id=mia,
    )  # fmt: skip

    async def place(session: Any) -> None:
        await service.record_order(session, world.tenant_id, order, NOON)

    await asyncio.gather(
        retried(sessions, world.tenant_id, place), *[change(sessions, world, mia, more(f"b{i}")) for i in range(5)]
    )
    assert await quantities(sessions, world, mia) == {f"b{i}": 1 for i in range(5)}

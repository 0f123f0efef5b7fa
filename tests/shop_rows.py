"""A shop with regulars, as tests of recommendations need it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from geoengage.commerce import service as commerce
from geoengage.commerce.rules import Line, OrderIn, ProductIn, Variant
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.profiles.service import Resolved
from tests.campaign_rows import make_store
from tests.factories import World
from tests.people_rows import make_person

# Everybody: bread and butter every two weeks, jam with bread sometimes, soap and sponge on other days.
REGULARS = 12
SOLD = ("bread", "butter", "jam", "soap", "sponge", "kite")


@dataclass
class Shop:
    """Its store, its products by external id, its people; anna's soap is due, her bread not yet."""

    store_id: UUID
    products: Mapping[str, UUID]
    people: Sequence[Resolved]

    @property
    def anna(self) -> Resolved:
        return self.people[0]


async def make_shop(session: Session, world: World) -> Shop:
    """A store whose twelve regulars have bought for half a year, up to yesterday."""
    store_id = await make_store(session, world, name="Corner shop")
    made = [
        ProductIn(
            external_id=name,
            name=name.title(),
            updated_at=datetime(2026, 1, 1, tzinfo=UTC),
            variants=(Variant(external_id=name, price_minor=250, currency="CHF"),),
        )
        for name in SOLD
    ]
    recorded = await commerce.upsert_products(session, world.tenant_id, made, utc_now())
    products = {name: each.id for name, each in zip(SOLD, recorded, strict=True)}
    people = [
        await make_person(session, world, {"external_id": f"regular-{n}"}, stores=[store_id]) for n in range(REGULARS)
    ]
    orders = []
    for n, person in enumerate(people):
        for week in range(12):
            things = ["bread", "butter"] + (["jam"] if (n + week) % 3 == 0 else [])
            orders.append(order_of(person, 1 + 14 * week, things, store_id=store_id))
        orders += [order_of(person, 25 + 25 * month, ["soap", "sponge"], store_id=store_id) for month in range(6)]
    await commerce.record_orders(session, world.tenant_id, orders, utc_now(), quiet=True)
    await session.commit()
    return Shop(store_id, products, people)


def order_of(person: Resolved | None, days_ago: int, things: Sequence[str], **over: Any) -> OrderIn:
    """An order of some things, one of each, so many days ago."""
    at = utc_now() - timedelta(days=days_ago)
    lines = tuple(
        Line(quantity_milli=1000, total_minor=250, unit_price_minor=250, product_id=name, name=name) for name in things
    )
    values: dict[str, Any] = {
        "source": "pos", "external_id": str(new_id()), "ordered_at": at, "updated_at": at, "currency": "CHF",
        "lines": lines, "subtotal_minor": 250 * len(lines), "total_minor": 250 * len(lines),
        "identifier_id": None if person is None else person.identifier_id,
    }  # fmt: skip
    return OrderIn(**values | over)


async def buy(
    session: Session, world: World, person: Resolved | None, days_ago: int, things: Sequence[str], **over: Any
) -> None:
    """Record such an order."""
    await commerce.record_order(session, world.tenant_id, order_of(person, days_ago, things, **over), utc_now())

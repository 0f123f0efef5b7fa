"""The marketplace: forty small grocers in Riyadh, Dubai and Belgrade, nine months of them, each with its own brand.

A store that is there sells a planted share more each month, its customers' number growing with it; meanwhile others
open. So the marketplace as a whole grows faster than any of its stores, and only who compares the same stores finds
what was planted. Each territory has its own currency, and currencies are never added.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.demo.chains.assortment import groceries
from geoengage.demo.chains.plan import (
    Customer,
    Item,
    Line,
    Order,
    Plan,
    Shop,
    Truth,
    fictional_phone,
    local,
    name_people,
    sample,
)

ZONE = "Asia/Riyadh"
MONTHS = 9  # whole ones, before the one that is not over
CUSTOMERS_AT_MOST = 2000
_A_CUSTOMER, _FIRST_SALES = 1.3, 22.0  # purchases a month; of a store in its first one
_BRANDS = (
    "Basil", "Cardamom", "Cumin", "Fig", "Ginger", "Laurel", "Lemon", "Mint", "Nutmeg", "Olive", "Pepper", "Pistachio",
    "Pomegranate", "Quince", "Saffron", "Sage", "Sesame", "Sumac", "Tamarind", "Thyme",
)  # fmt: skip
_DEAR = 500  # what costs more the small stores do not have
_COLORS = ("#1b6e53", "#8a3b12", "#3a4f9b", "#7a5c00", "#8c2f5b", "#2f6f7e", "#5b4a8a", "#4c6b1f")


@dataclass(frozen=True, slots=True)
class Territory:
    """A city with its stores. `growth`: month on month, of a store that is there; `price`: minor units for each of the
    supermarket's; `opened`: in which months one more store opens, the first being 0."""

    name: str
    currency: str
    timezone: str
    lon: float
    lat: float
    language: str
    growth: float
    price: float
    stores: int
    opened: Sequence[int]


TERRITORIES = (
    Territory("Riyadh", "SAR", "Asia/Riyadh", 46.6753, 24.7136, "ar", 0.06, 4.1, 14, (2, 4, 5, 7)),
    Territory("Dubai", "AED", "Asia/Dubai", 55.2708, 25.2048, "en", 0.04, 4.0, 9, (3, 5, 6)),
    Territory("Belgrade", "RSD", "Europe/Belgrade", 20.4573, 44.7872, "sr", 0.09, 117.0, 8, (4, 6)),
)


def plan(seed: int, today: date) -> Plan:
    """The marketplace on the morning of `today`."""
    names = iter(name_people(np.random.default_rng([seed, 10]), CUSTOMERS_AT_MOST, "souqi"))
    months = _months(today)
    shops: list[Shop] = []
    items: list[Item] = []
    customers: list[Customer] = []
    orders: list[Order] = []
    for territory in TERRITORIES:
        sold = [_priced(item, territory) for item in groceries() if item.price_minor <= _DEAR]
        items += sold
        for opened in [0] * territory.stores + list(territory.opened):
            rng = np.random.default_rng(
                [seed, 10, len(shops)]
            )  # a store's own: no day of another changes what it sells
            shop = _shop(rng, len(shops), territory)
            shops.append(shop)
            people: list[Customer] = []
            for order in _orders(rng, shop, territory, sold, months, opened, today):
                number = int(order.customer or 0)
                while len(people) <= number:
                    people.append(_customer(rng, len(customers) + len(people), next(names), shop, order, territory))
                orders.append(replace(order, customer=people[number].external_id))
            customers += people
    orders.sort(key=lambda order: order.at)
    truth = Truth({}, [], {}, {t.currency: t.growth for t in TERRITORIES})
    return Plan("souqi", "Souqi", ZONE, "SAR", shops, items, customers, orders, [], truth)


def _months(today: date) -> list[date]:
    """The first days of the whole months and of the one that is not over."""
    found = [today.replace(day=1)]
    for _ in range(MONTHS):
        found.insert(0, (found[0] - timedelta(days=1)).replace(day=1))
    return found


def _priced(item: Item, territory: Territory) -> Item:
    price, cost = (max(1, round(minor * territory.price)) for minor in (item.price_minor, item.cost_minor))
    name = f"{territory.currency.lower()}-{item.external_id}"
    return replace(item, external_id=name, price_minor=price, cost_minor=cost, currency=territory.currency)


def _shop(rng: np.random.Generator, number: int, territory: Territory) -> Shop:
    lon, lat = territory.lon + rng.normal(0, 0.05), territory.lat + rng.normal(0, 0.035)
    brand = _BRANDS[number % len(_BRANDS)]
    kind = "Grocers" if number < len(_BRANDS) else "Pantry"
    return Shop(
        f"sq-{number:02d}",
        f"{brand} {kind}",
        round(float(lon), 5),
        round(float(lat), 5),
        territory.name,
        territory.timezone,
        territory.currency,
        _COLORS[number % len(_COLORS)],
    )


def _orders(
    rng: np.random.Generator,
    shop: Shop,
    territory: Territory,
    items: Sequence[Item],
    months: Sequence[date],
    opened: int,
    today: date,
) -> Iterator[Order]:
    """By time. `customer` is a place among the store's, the oldest first. What is sold in a whole month hangs on no
    date."""
    usual = _FIRST_SALES * float(rng.gamma(12, 1 / 12))
    for number in range(opened, len(months)):
        expected = usual * (1 + territory.growth) ** (number - opened)
        first = months[number]
        days = ((first + timedelta(days=32)).replace(day=1) - first).days
        known = max(3, round(expected / _A_CUSTOMER))
        for part in sorted(rng.random(int(rng.poisson(expected))) * days):
            on, hour = first + timedelta(days=int(part)), 9 + 12 * (part % 1)
            person, chosen = int(rng.integers(known)), rng.choice(len(items), size=1 + int(rng.integers(3)))
            if on < today:
                at = local(ZoneInfo(territory.timezone), on, hour)
                lines = tuple(Line(items[i], 1 + int(rng.integers(3))) for i in sorted({int(c) for c in chosen}))
                yield Order(
                    f"{shop.external_id}-{at:%y%m%d%H%M%S}-{person}", at, shop.external_id, "app", str(person), lines
                )


def _customer(
    rng: np.random.Generator,
    number: int,
    name: tuple[str, str, str],
    shop: Shop,
    order: Order,
    territory: Territory,
) -> Customer:
    """Of the store where they buy; they joined it before their first purchase there, by the store's app."""
    first, last, email = name
    return Customer(
        external_id=f"SQ{number:05d}",
        loyalty_card=f"61{number:09d}",
        first_name=first,
        last_name=last,
        email=email,
        phone=fictional_phone(number),
        language=territory.language,
        birthday=None,
        joined_at=order.at - timedelta(hours=2),
        home_shop=shop.external_id,
        consents={c: sample(rng, p) for c, p in (("whatsapp", 0.9), ("email", 0.3)) if sample(rng, 0.95)},
    )

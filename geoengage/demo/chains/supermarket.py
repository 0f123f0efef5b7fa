"""The supermarket's two years: households with a rhythm of their own, a season, and some who slow down or stop.

Purchases of a household come after gamma-distributed gaps: the shape says how regular it is, the mean how often it
comes. Its basket is drawn from the products it keeps at home, those whose cycle has run out first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.demo.chains.assortment import groceries
from geoengage.demo.chains.plan import (
    DAYS,
    Change,
    Customer,
    Item,
    Line,
    Looked,
    Order,
    Plan,
    Shop,
    Truth,
    fictional_phone,
    local,
    name_people,
    sample,
    weighted,
)

CUSTOMERS = 420
ZONE = "Europe/Berlin"
SHOPS = (
    Shop("fm-mitte", "Frischmarkt Mitte", 12.3747, 51.3405, "Grimmaische Straße 12, 04109 Leipzig"),
    Shop("fm-plagwitz", "Frischmarkt Plagwitz", 12.3332, 51.3285, "Karl-Heine-Straße 60, 04229 Leipzig"),
    Shop("fm-connewitz", "Frischmarkt Connewitz", 12.3781, 51.3112, "Bornaische Straße 31, 04277 Leipzig"),
    Shop("fm-gohlis", "Frischmarkt Gohlis", 12.3664, 51.3621, "Georg-Schumann-Straße 104, 04155 Leipzig"),
    Shop("fm-reudnitz", "Frischmarkt Reudnitz", 12.4042, 51.3352, "Dresdner Straße 80, 04317 Leipzig"),
)
# How much more is bought in a month than in a usual one: summer holidays are quiet, December is full.
SEASON = {1: 0.92, 2: 0.95, 3: 1.0, 4: 1.04, 5: 1.02, 6: 0.98, 7: 0.84, 8: 0.82, 9: 1.02, 10: 1.06, 11: 1.12, 12: 1.25}
SLOWED_SHARE, STOPPED_SHARE, WINDOW_SHARE = 0.08, 0.05, 0.04
_WEEK = ((0.6, 0.6, 0.7, 0.9, 1.6, 2.2, 0.0), (1.2, 1.2, 1.1, 1.2, 1.0, 0.5, 0.0), (1, 1, 1, 1, 1.1, 1.3, 0.0))
_HOURS = ((10.0, 1.3), (17.5, 1.2), (19.3, 0.9))
_GUESTS = 0.12  # so many sales for each that has a card


@dataclass(frozen=True, slots=True)
class Household:
    """A household's habit. `gap_days`: mean between purchases; `shape`: regularity, 1 none, 8 like a clock."""

    customer: Customer
    gap_days: float
    shape: float
    week: Sequence[float]
    hour: tuple[float, float]
    basket: float
    staples: Sequence[Item]
    other_shop: str
    change: tuple[Change, date, float] | None


def plan(seed: int, today: date) -> Plan:
    """The chain on the morning of `today`."""
    rng = np.random.default_rng([seed, 1])
    items = groceries()
    names = name_people(rng, CUSTOMERS, "frischmarkt")
    households = [_household(rng, number, names[number], items, today) for number in range(CUSTOMERS)]
    window = [h.customer.external_id for h in households if h.gap_days > 1000]
    orders: list[Order] = []
    looks: list[Looked] = []
    for household in households:
        bought = list(_purchases(rng, household, today))
        orders += bought
        looks += _looks(rng, household, bought, today)
    orders += _guests(rng, items, round(_GUESTS * len(orders)), today)
    orders.sort(key=lambda order: order.at)
    truth = Truth({h.customer.external_id: h.change for h in households if h.change}, window, SEASON)
    customers = [h.customer for h in households]
    return Plan("frischmarkt", "Frischmarkt Linde", ZONE, "EUR", SHOPS, items, customers, orders, looks, truth)


def _household(
    rng: np.random.Generator, number: int, name: tuple[str, str, str], items: Sequence[Item], today: date
) -> Household:
    began = today - timedelta(days=DAYS)
    # Six in ten were there before the two years; the others came at an even pace.
    since = began if sample(rng, 0.6) else began + timedelta(days=int(rng.integers(DAYS - 30)))
    first, last, email = name
    home = SHOPS[int(rng.integers(len(SHOPS)))].external_id
    customer = Customer(
        external_id=f"FM{number:05d}",
        loyalty_card=f"29{number:09d}",
        first_name=first,
        last_name=last,
        email=email,
        phone=fictional_phone(number) if sample(rng, 0.45) else None,
        language="de" if sample(rng, 0.93) else "en",
        birthday=date(int(rng.integers(1945, 2006)), int(rng.integers(1, 13)), int(rng.integers(1, 29))),
        joined_at=local(ZoneInfo(ZONE), since, float(rng.uniform(9, 20))),
        home_shop=home,
        consents={c: sample(rng, p) for c, p in (("email", 0.6), ("push", 0.5), ("sms", 0.25)) if sample(rng, 0.9)},
    )
    is_window = sample(rng, WINDOW_SHARE)
    return Household(
        customer=customer,
        gap_days=1e6 if is_window else float(np.clip(rng.gamma(2.2, 5.0), 2.5, 45)),
        shape=float(rng.choice([1.0, 2.0, 4.0, 8.0], p=[0.2, 0.3, 0.3, 0.2])),
        week=_WEEK[weighted(rng, (0.4, 0.25, 0.35))],
        hour=_HOURS[weighted(rng, (0.3, 0.5, 0.2))],
        basket=float(rng.uniform(3, 9)),
        staples=_staples(rng, items),
        other_shop=SHOPS[int(rng.integers(len(SHOPS)))].external_id,
        change=None if is_window else _change(rng, since, today),
    )


def _staples(rng: np.random.Generator, items: Sequence[Item]) -> list[Item]:
    """What the household keeps at home: no nappies without a baby, no cat food without a cat."""
    left_out = {"baby"} if not sample(rng, 0.12) else set()
    left_out |= {"pets"} if not sample(rng, 0.3) else set()
    there = [item for item in items if item.category not in left_out]
    chosen = rng.choice(len(there), size=min(int(rng.integers(18, 40)), len(there)), replace=False)
    return [there[i] for i in chosen]


def _change(rng: np.random.Generator, since: date, today: date) -> tuple[Change, date, float] | None:
    """Some change their habit, two to nine months ago, if they have been there for half a year by then."""
    kind = weighted(rng, (SLOWED_SHARE, STOPPED_SHARE, 1 - SLOWED_SHARE - STOPPED_SHARE))
    day = today - timedelta(days=int(rng.integers(60, 270)))
    left = float(rng.choice([0.75, 0.5, 0.3]))
    if kind > 1 or (day - since).days < 180:
        return None
    return (Change.SLOWED, day, left) if kind == 0 else (Change.STOPPED, day, 0.0)


def _purchases(rng: np.random.Generator, household: Household, today: date) -> Iterator[Order]:
    zone, customer = ZoneInfo(ZONE), household.customer
    day = float(rng.uniform(0, household.gap_days))
    start = customer.joined_at.date()
    last: dict[str, float] = {}
    while start + timedelta(days=day) < today:
        on = start + timedelta(days=day)
        rate = SEASON[on.month]
        if household.change and on >= household.change[1]:
            rate *= household.change[2]
        if rate == 0:
            return
        on = _open_day(rng, household.week, on)
        if on < today:
            lines = _basket(rng, household, last, day, on)
            at = local(zone, on, float(np.clip(rng.normal(*household.hour), 7.1, 21.7)))
            yield _order(rng, customer, household, at, lines)
        day += float(rng.gamma(household.shape, household.gap_days / household.shape)) / rate


def _open_day(rng: np.random.Generator, week: Sequence[float], on: date) -> date:
    """The day within half a week on which this household would go; shops are closed on Sundays."""
    days = [on + timedelta(days=n) for n in range(4)]
    return days[weighted(rng, [week[d.weekday()] + 1e-9 for d in days])]


def _basket(
    rng: np.random.Generator, household: Household, last: dict[str, float], day: float, on: date
) -> tuple[Line, ...]:
    """What is used up, as far as the basket reaches; and now and then something else."""
    due = [
        (min((day - last[item.external_id]) / item.cycle_days, 3.0) if item.external_id in last else 1.0)
        if item.cycle_days
        else (1.5 if on.month in _months_of(item) else 0.05)
        for item in household.staples
    ]
    size = max(1, int(rng.poisson(household.basket)))
    keys = rng.random(len(due)) ** (1 / np.maximum(np.power(due, 3), 1e-6))  # Efraimidis and Spirakis: weighted draw
    chosen = [household.staples[i] for i in np.argsort(keys)[::-1][:size]]
    for item in chosen:
        last[item.external_id] = day
    return tuple(Line(item, 1 + int(rng.random() < 0.15)) for item in chosen)


def _months_of(item: Item) -> tuple[int, ...]:
    return (11,) if "Advent" in item.name else (5, 6, 7)


def _order(
    rng: np.random.Generator, customer: Customer, household: Household, at: datetime, lines: tuple[Line, ...]
) -> Order:
    shop = customer.home_shop if sample(rng, 0.85) else household.other_shop
    order = Order("", at, shop, "pos" if sample(rng, 0.9) else "app", customer.external_id, lines)
    refund = lines[0].total_minor if sample(rng, 0.012) else 0
    number = f"FM-{customer.external_id[2:]}-{at:%y%m%d%H%M%S}"
    return Order(number, at, order.shop, order.channel, customer.external_id, lines, refund)


def _guests(rng: np.random.Generator, items: Sequence[Item], count: int, today: date) -> list[Order]:
    """Sales without a card."""
    zone, orders = ZoneInfo(ZONE), []
    for number in range(count):
        day = today - timedelta(days=1 + int(rng.integers(DAYS)))
        if day.weekday() == 6:
            day -= timedelta(days=1)
        chosen = rng.choice(len(items), size=1 + int(rng.poisson(2.5)), replace=False)
        lines = tuple(Line(items[i], 1) for i in chosen)
        shop = SHOPS[int(rng.integers(len(SHOPS)))].external_id
        orders.append(Order(f"FM-G{number:06d}", local(zone, day, rng.uniform(8, 21)), shop, "pos", None, lines))
    return orders


def _looks(rng: np.random.Generator, household: Household, bought: Sequence[Order], today: date) -> Iterator[Looked]:
    """Each purchase was a visit; window shoppers come and buy nothing. As long as visits are kept, 13 months."""
    kept = today - timedelta(days=395)
    customer = household.customer
    for order in bought:
        if order.channel == "pos" and order.at.date() >= kept:
            yield Looked(customer.external_id, order.at - timedelta(minutes=int(rng.integers(6, 35))), order.shop)
    if household.gap_days > 1000:
        zone = ZoneInfo(ZONE)
        for back in sorted(rng.choice(np.arange(1, 300), size=int(rng.integers(6, 20)), replace=False)):
            day = today - timedelta(days=int(back))
            if day.weekday() < 6 and day >= customer.joined_at.date():
                yield Looked(customer.external_id, local(zone, day, rng.uniform(9, 20)), customer.home_shop)

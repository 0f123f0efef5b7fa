"""The planned chains: the same every time, consistent in themselves, and with what was planted in them."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from statistics import mean
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from geoengage.demo.chains import market, supermarket, toys
from geoengage.demo.chains.plan import DAYS, Change, Plan
from geoengage.demo.planting.growth import same_stores
from geoengage.demo.planting.letters import Bought, followed, write

TODAY = date(2026, 11, 28)


@pytest.fixture(scope="module", params=[supermarket, toys], ids=["supermarket", "toys"])
def plan(request: pytest.FixtureRequest) -> Plan:
    made: Plan = request.param.plan(7, TODAY)
    return made


def test_the_same_seed_and_day_plan_the_same_chain(plan: Plan) -> None:
    module = supermarket if plan.slug == "frischmarkt" else toys
    assert module.plan(7, TODAY) == plan
    assert module.plan(8, TODAY).orders != plan.orders


def test_what_is_named_is_there_and_nothing_is_twice(plan: Plan) -> None:
    customers = {c.external_id: c for c in plan.customers}
    shops = {s.external_id for s in plan.shops}
    items = {i.external_id for i in plan.items}
    for values in (
        [c.email for c in plan.customers],
        [c.loyalty_card for c in plan.customers],
        [c.phone for c in plan.customers if c.phone],
        [o.external_id for o in plan.orders],
        list(customers),
    ):
        assert max(Counter(values).values()) == 1
    for order in plan.orders:
        assert order.shop in shops
        assert order.lines
        assert {line.item.external_id for line in order.lines} <= items
        assert 0 <= order.refunded_minor <= order.total_minor
        if order.customer:
            assert order.at >= customers[order.customer].joined_at - timedelta(days=1)
    zone = ZoneInfo(plan.timezone)
    days = [order.at.astimezone(zone).date() for order in plan.orders]
    assert min(days) >= TODAY - timedelta(days=DAYS + 1)
    assert max(days) < TODAY
    assert all(item.cost_minor < item.price_minor for item in plan.items)


def test_who_changed_did(plan: Plan) -> None:
    by_customer: dict[str, list[date]] = {}
    for order in plan.orders:
        if order.customer:
            by_customer.setdefault(order.customer, []).append(order.at.date())
    stopped = {c: day for c, (kind, day, _) in plan.truth.changes.items() if kind is Change.STOPPED}
    assert len(stopped) >= 5
    for customer, day in stopped.items():
        assert max(by_customer.get(customer, [day])) <= day + timedelta(days=3)
    slowed = [(c, day, left) for c, (kind, day, left) in plan.truth.changes.items() if kind is Change.SLOWED]
    pairs = []
    for customer, day, left in slowed:
        bought, since = by_customer[customer], max((TODAY - day).days, 1)
        before = sum(d < day for d in bought) / max((day - min(bought)).days, 1)
        pairs.append((sum(d >= day for d in bought) / since / before, left))
    if pairs:  # the toy chain plants none
        assert mean(found for found, _ in pairs) == pytest.approx(mean(left for _, left in pairs), abs=0.2)


def test_the_season_is_in_the_orders(plan: Plan) -> None:
    zone = ZoneInfo(plan.timezone)
    months = Counter(order.at.astimezone(zone).strftime("%Y-%m") for order in plan.orders)
    best = max(plan.truth.season, key=lambda month: plan.truth.season[month])
    assert best == 12
    # Against months on both sides, since the chain grows meanwhile.
    assert months["2025-12"] > 1.05 * max(months["2025-10"], months["2026-02"])


def test_window_shoppers_come_and_buy_nothing(plan: Plan) -> None:
    buyers = {order.customer for order in plan.orders}
    assert len(plan.truth.window_shoppers) >= 10
    assert not buyers & set(plan.truth.window_shoppers)
    assert {look.customer for look in plan.looks} & set(plan.truth.window_shoppers)


def test_a_baby_household_buys_nappies_again_and_again() -> None:
    made = supermarket.plan(7, TODAY)
    nappies = Counter(
        order.customer for order in made.orders for line in order.lines if line.item.name.startswith("Nappies")
    )
    assert max(count for customer, count in nappies.items() if customer) > 10


def test_the_marketplace_grows_by_its_stores_and_by_new_ones() -> None:
    made = market.plan(7, TODAY)
    assert market.plan(7, TODAY) == made
    assert len({o.external_id for o in made.orders}) == len(made.orders)
    assert len({c.phone for c in made.customers}) == len(made.customers)
    assert max(o.at for o in made.orders).astimezone(ZoneInfo(made.timezone)).date() < TODAY
    home = {c.external_id: c for c in made.customers}
    currencies = {s.external_id: s.currency for s in made.shops}
    for order in made.orders:
        assert order.customer is not None
        assert home[order.customer].home_shop == order.shop
        assert home[order.customer].joined_at < order.at
        assert {line.item.currency for line in order.lines} == {currencies[order.shop]}
    months: dict[str, set[str]] = {}
    for order in made.orders:
        months.setdefault(order.shop, set()).add(f"{order.at:%Y-%m}")
    opened = {shop: min(found) for shop, found in months.items()}
    assert len(opened) == 40
    assert sum(month > min(opened.values()) for month in opened.values()) == sum(
        len(t.opened) for t in market.TERRITORIES
    )


def test_growth_is_told_of_the_same_stores_alone() -> None:
    usual = [10.0, 20.0, 15.0, 12.0]
    old = [[size * 1.1**month for month in range(8)] for size in usual]
    found = same_stores([*old, [0.0] * 5 + [100.0] * 3])
    assert found is not None
    assert found.stores == 4
    assert found.value == pytest.approx(0.1)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))
    assert same_stores(old[:3]) is None
    assert same_stores([]) is None


def test_purchases_follow_a_message_for_three_days() -> None:
    at = datetime(2026, 5, 1, 12, tzinfo=UTC)
    bought = [Bought("a", at + timedelta(hours=hours), 100) for hours in (-1, 0, 71, 72)] + [Bought("b", at, 50)]
    assert followed([("a", at)], bought) == bought[1:3]
    letters = write(np.random.default_rng(1), bought[:4] * 100, lambda _: 0.5, at - timedelta(days=30))
    share = len({one.seen[1] for one in letters if one.seen[1]}) / 400
    assert share == pytest.approx(0.5, abs=0.15)

"""The planned chains: the same every time, consistent in themselves, and with what was planted in them."""

from collections import Counter
from datetime import date, timedelta
from statistics import mean
from zoneinfo import ZoneInfo

import pytest

from geoengage.demo.chains import supermarket, toys
from geoengage.demo.chains.plan import DAYS, Change, Plan

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

"""Order events → orders: Segment's own examples, both spellings, any order of arrival, refunds that say no amount."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.commerce.rules import Channel, OrderIn, Status, check_order
from geoengage.ingest.rules.purchases import Folded, Said, fold_order, to_minor
from geoengage.ingest.rules.segment import Refused

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
WHO = UUID(int=1)
STORE = UUID(int=2)
# The example of Segment's specification: the discount is taken off `subtotal`, not off the prices.
COMPLETED: dict[str, Any] = {
    "checkout_id": "fksdjfsdjfisjf9sdfjsd9f", "order_id": "50314b8e9bcf000000000000", "affiliation": "Google Store",
    "total": 27.50, "subtotal": 22.50, "revenue": 22.50, "shipping": 3, "tax": 2, "discount": 2.5, "coupon": "hasbros",
    "currency": "USD", "products": [
        {"product_id": "507f1f77bcf86cd799439011", "sku": "45790-32", "name": "Monopoly: 3rd Edition", "price": 19,
         "quantity": 1, "category": "Games"},
        {"product_id": "505bd76785ebb509fc183733", "sku": "46493-32", "name": "Uno Card Game", "price": 3,
         "quantity": 2, "category": "Games"},
    ],
}  # fmt: skip


def said(name: str, properties: dict[str, Any], minutes: int = 0, context: dict[str, Any] | None = None) -> Said:
    return Said(
        name=name, at=NOW + timedelta(minutes=minutes), message_id=f"m{minutes}", identifier_id=WHO,
        properties=properties, context=context or {},
    )  # fmt: skip


def folded(*events: Said) -> Folded:
    found = fold_order("o1", events, {"google store": STORE})
    assert found.order is None or check_order(found.order) == {}
    return found


def order(*events: Said) -> OrderIn:
    found = folded(*events).order
    assert found is not None
    return found


def test_the_example_of_the_specification() -> None:
    found = order(said("Order Completed", COMPLETED))
    assert (found.subtotal_minor, found.discount_minor, found.shipping_minor, found.tax_minor) == (2_500, 250, 300, 200)
    assert (found.total_minor, found.status, found.coupons) == (2_750, Status.PAID, ("hasbros",))
    assert (found.store_id, found.identifier_id, found.source) == (STORE, WHO, "segment")
    assert [(line.sku, line.quantity_milli, line.total_minor) for line in found.lines] == [
        ("45790-32", 1_000, 1_900), ("46493-32", 2_000, 600),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "properties, total, discount, shipping",
    [
        ({"revenue": 59.9, "products": [{"product_id": "p1", "price": 29.95, "quantity": 2}]}, 5_990, 0, 0),
        ({"revenue": 50, "products": [{"product_id": "p1", "price": 29.95, "quantity": 2}]}, 5_000, 990, 0),
        ({"total": 65, "products": [{"product_id": "p1", "price": 29.95, "quantity": 2}]}, 6_500, 0, 510),
        ({"total": 10}, 1_000, 0, 0),
        ({"total": "10.50", "shipping": "2.50"}, 1_050, 0, 250),
        ({"products": [{"sku": "a", "price": 1}, {"sku": "b"}]}, 100, 0, 0),
        ({}, 0, 0, 0),
    ],
)
def test_amounts_that_are_missing_or_do_not_add_up(
    properties: dict[str, Any], total: int, discount: int, shipping: int
) -> None:
    found = order(said("Order Completed", {"currency": "chf"} | properties))
    assert (found.total_minor, found.discount_minor, found.shipping_minor) == (total, discount, shipping)


@pytest.mark.parametrize(
    "properties, reason",
    [
        ({"total": 5}, Refused.NO_CURRENCY),
        ({"total": 5, "currency": "gold"}, Refused.NO_CURRENCY),
        ({"total": "a lot", "currency": "CHF"}, Refused.BAD_AMOUNT),
        ({"total": -5, "currency": "CHF"}, Refused.BAD_AMOUNT),
        ({"total": True, "currency": "CHF"}, Refused.BAD_AMOUNT),
        ({"total": 1e300, "currency": "CHF"}, Refused.BAD_AMOUNT),
        ({"currency": "CHF", "products": [{"sku": "a", "price": 1, "quantity": 1e40}]}, Refused.BAD_AMOUNT),
    ],
)
def test_orders_that_cannot_be_kept(properties: dict[str, Any], reason: Refused) -> None:
    assert folded(said("Order Completed", properties)) == Folded(flaw=reason)


def test_an_update_replaces_what_it_names() -> None:
    found = order(
        said("Order Completed", COMPLETED),
        said("Order Updated", {"total": 25.5, "shipping": 1, "currency": None}, minutes=5),
    )
    assert (found.total_minor, found.shipping_minor, len(found.lines), found.currency) == (2_550, 100, 2, "USD")
    assert (found.ordered_at, found.updated_at) == (NOW, NOW + timedelta(minutes=5))


def test_a_cancelled_order() -> None:
    assert order(said("Order Completed", COMPLETED), said("Order Cancelled", {}, 5)).status is Status.CANCELLED


def test_only_a_refund_is_known() -> None:
    assert folded(said("Order Refunded", {"order_id": "o1"})).flaw is Refused.ORDER_UNKNOWN


# --- the trap: an Order Refunded that says no amount


def test_a_refund_without_amount_is_taken_for_the_whole_and_said() -> None:
    found = folded(said("Order Completed", COMPLETED), said("Order Refunded", {"order_id": "o1"}, 5))
    assert found.guessed == {"m5"}
    assert found.order is not None
    assert (found.order.status, found.order.refunds) == (Status.REFUNDED, ())


def test_a_refund_without_amount_after_partial_ones_is_the_rest() -> None:
    found = order(
        said("Order Completed", COMPLETED),
        said("Order Refunded", {"total": 7.5}, 5),
        said("Order Refunded", {}, 6),
        said("Order Refunded", {}, 7),
    )
    assert [(r.external_id, r.amount_minor) for r in found.refunds] == [("m5", 750), ("m6", 2_000)]


def test_partial_refunds_by_total_or_by_products() -> None:
    products = [{"sku": "46493-32", "price": 3, "quantity": 1}]
    found = order(
        said("Order Completed", COMPLETED),
        said("Order Refunded", {"products": products}, 5),
        said("Order Refunded", {"total": 2}, 6),
    )
    assert [(r.amount_minor, [line.sku for line in r.lines]) for r in found.refunds] == [(300, ["46493-32"]), (200, [])]
    assert found.status is Status.PAID, "what follows from refunds, commerce works out"


def test_never_more_is_given_back_than_was_paid() -> None:
    found = order(
        said("Order Completed", COMPLETED),
        said("Order Refunded", {"total": 20}, 5),
        said("Order Refunded", {"total": 20}, 6),
    )
    assert [r.amount_minor for r in found.refunds] == [2_000, 750]


def test_any_order_of_arrival_gives_the_same_order() -> None:
    events = [
        said("Order Completed", COMPLETED), said("Order Updated", {"total": 25.5, "shipping": 1}, 5),
        said("Order Refunded", {"total": 5}, 6), said("Order Refunded", {}, 7),
    ]  # fmt: skip
    assert len({repr(order(*some)) for some in permutations(events)}) == 1


# --- where and how much


@pytest.mark.parametrize(
    "properties, context, channel",
    [
        ({"channel": "pos"}, {}, Channel.POS),
        ({}, {"os": {"name": "iOS"}}, Channel.APP),
        ({}, {"os": {"name": "Android"}, "page": {"path": "/"}}, Channel.WEB),
        ({}, {"userAgent": "Mozilla/5.0"}, Channel.WEB),
        ({"channel": "fax"}, {"library": {"name": "analytics-python"}}, Channel.OTHER),
    ],
)
def test_channels(properties: dict[str, Any], context: dict[str, Any], channel: Channel) -> None:
    assert order(said("Order Completed", {"currency": "CHF"} | properties, context=context)).channel is channel


def test_money_is_exact_and_rounded_as_tills_do() -> None:
    assert [to_minor(v, "CHF") for v in (0.1, 29.95, "1.005", 33.335, 19)] == [10, 2_995, 101, 3_334, 1_900]
    assert (to_minor(1000, "JPY"), to_minor(1.2345, "KWD")) == (1_000, 1_235)


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_amounts_survive_json(amount: Decimal) -> None:
    assert to_minor(float(amount), "CHF") == int(amount * 100)

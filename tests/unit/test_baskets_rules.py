"""Cart events → changes of carts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from geoengage.commerce.rules import How
from geoengage.ingest.rules.baskets import Basket, is_too_late, read_basket
from geoengage.ingest.rules.segment import Refused

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def read(name: str, /, **properties: Any) -> Basket:
    found = read_basket(name, properties)
    assert isinstance(found, Basket)
    return found


@pytest.mark.parametrize(
    "name, properties, how, quantity",
    [
        ("Product Added", {"product_id": "p", "quantity": 2}, How.ADD, 2_000),
        ("Product Added", {"product_id": "p"}, How.ADD, 1_000),
        ("Wishlist Product Added to Cart", {"sku": "p", "quantity": 0.5}, How.ADD, 500),
        ("Product Removed", {"product_id": "p", "quantity": 2}, How.ADD, -2_000),
        ("Product Removed", {"product_id": "p"}, How.SET, 0),
    ],
)
def test_one_product(name: str, properties: dict[str, Any], how: How, quantity: int) -> None:
    found = read(name, **properties)
    assert (found.how, found.things[0].quantity_milli, found.only_these) == (how, quantity, False)


def test_a_price_counts_with_a_currency_only() -> None:
    priced = read(
        "Product Added", product_id="p", price=24.9, currency="chf", name="Train", image_url="https://x/y.png"
    )
    thing = priced.things[0]
    assert (thing.unit_price_minor, thing.currency, thing.name, thing.image_url) == (
        2_490, "CHF", "Train", "https://x/y.png",
    )  # fmt: skip
    bare = read("Product Added", product_id="p", price=24.9).things[0]
    assert (bare.unit_price_minor, bare.currency) == (None, None)


def test_what_lies_in_the_cart() -> None:
    found = read(
        "Cart Viewed", currency="CHF", products=[{"sku": "a", "price": 1, "quantity": 2}, {"name": "?"}, {"sku": "b"}]
    )
    assert [(t.sku, t.quantity_milli, t.unit_price_minor) for t in found.things] == [
        ("a", 2_000, 100),
        ("b", 1_000, None),
    ]
    assert found.only_these
    assert read("Cart Viewed", products=[]) == Basket((), How.SET, only_these=True)
    assert read_basket("Cart Viewed", {"cart_id": "c"}) is None


def test_what_cannot_be_used() -> None:
    assert read_basket("Product Added", {"quantity": 1}) is Refused.NO_PRODUCT_ID
    assert read_basket("Product Added", {"sku": "a", "quantity": "many"}) is Refused.BAD_AMOUNT


def test_late_events_do_not_undo_newer_ones() -> None:
    added, seen = read("Product Added", sku="a"), read("Cart Viewed", products=[])
    assert not is_too_late(added, NOW, None)
    assert not is_too_late(added, NOW - timedelta(minutes=10), NOW)
    assert is_too_late(added, NOW - timedelta(minutes=16), NOW)
    assert is_too_late(seen, NOW - timedelta(seconds=1), NOW)
    assert not is_too_late(seen, NOW, NOW)

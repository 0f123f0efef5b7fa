"""Taking carts together, and changing them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.commerce.rules import CartChange, CartItem, How, after_change, cart_totals, merge
from geoengage.commerce.rules.people import display_name, ids_of, order_source
from geoengage.kit.ids import derived_id
from geoengage.profiles.rules import Id, Kind

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def thing(item: str = "a", pieces: int = 1, minutes: int = 0, **over: Any) -> CartItem:
    at = NOON + timedelta(minutes=minutes)
    values: dict[str, Any] = {"name": item, "added_at": at, "changed_at": at, "quantity_milli": pieces * 1000}
    return CartItem(item=item, **values | over)


def test_the_same_basket_filled_twice_is_bought_once() -> None:
    as_guest = [thing("a", 2, 5, unit_price_minor=90), thing("b", 1, 5)]
    known = [thing("a", 3, 0, unit_price_minor=100), thing("c", 1, 0)]
    merged = merge([as_guest, known])
    assert [(t.item, t.quantity_milli // 1000, t.unit_price_minor) for t in merged] == [
        ("a", 3, 90), ("c", 1, None), ("b", 1, None)
    ]  # fmt: skip


THING = st.builds(
    thing,
    st.sampled_from("abc"),
    st.integers(1, 5),
    st.integers(0, 3),
    unit_price_minor=st.none() | st.integers(1, 3),
    name=st.sampled_from(["x", "y"]),
)
CART = st.lists(THING, max_size=4, unique_by=lambda t: t.item)


@given(CART, CART, CART)
def test_order_grouping_and_repetition_do_not_matter(a: list[CartItem], b: list[CartItem], c: list[CartItem]) -> None:
    whole = merge([a, b, c])
    assert whole == merge([c, a, b]) == merge([merge([a, b]), c]) == merge([a, merge([b, c])])
    assert merge([whole, a, whole]) == whole


@given(CART, CART)
def test_nothing_is_lost_and_nothing_grows(a: list[CartItem], b: list[CartItem]) -> None:
    merged = {t.item: t.quantity_milli for t in merge([a, b])}
    for item, quantity in merged.items():
        assert quantity in {t.quantity_milli for t in (*a, *b) if t.item == item}
    assert merged.keys() == {t.item for t in (*a, *b)}


@pytest.mark.parametrize(
    ("current", "how", "pieces", "after"),
    [
        (None, How.ADD, 2, 2),
        (3, How.ADD, 2, 5),
        (3, How.ADD, -1, 2),
        (3, How.ADD, -3, None),
        (None, How.ADD, -1, None),
        (3, How.SET, 1, 1),
        (3, How.SET, 0, None),
    ],
)
def test_changes(current: int | None, how: How, pieces: int, after: int | None) -> None:
    before = None if current is None else thing("a", current)
    made = after_change(before, CartChange(replace(thing("a", 1, 9), quantity_milli=pieces * 1000), how))
    assert (None if made is None else made.quantity_milli // 1000) == after
    if made is not None:
        assert made.added_at == (NOON if current is not None else NOON + timedelta(minutes=9))


def test_totals_by_currency() -> None:
    things = [
        thing("a", 2, unit_price_minor=150, currency="CHF"), thing("b", 1, unit_price_minor=99, currency="EUR"),
        thing("c", 5), thing("d", 1, quantity_milli=1500, unit_price_minor=100, currency="CHF"),
    ]  # fmt: skip
    assert cart_totals(things) == {"CHF": 450, "EUR": 99}


# --- whom a request names -------------------------------------------------------------------------------------------

STORE = derived_id("a store")
GIVEN = {Kind.PHONE: "079 123 45 67", Kind.EXTERNAL_ID: "7", Kind.EMAIL: "A@example.com", Kind.LOYALTY_CARD: "12-34a"}


def test_a_tenant_joins_what_it_names() -> None:
    assert ids_of(GIVEN, None, region="CH", blocked=()) == (
        Id(Kind.EXTERNAL_ID, "7"), Id(Kind.LOYALTY_CARD, "1234A"), Id(Kind.EMAIL, "a@example.com"),
        Id(Kind.PHONE, "+41791234567"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("without", "found"),
    [
        ((), Id(Kind.LOYALTY_CARD, "1234A")),
        ((Kind.LOYALTY_CARD,), Id(Kind.EMAIL, "a@example.com")),
        ((Kind.LOYALTY_CARD, Kind.EMAIL), Id(Kind.PHONE, "+41791234567")),
        ((Kind.LOYALTY_CARD, Kind.EMAIL, Kind.PHONE), Id(Kind.SOURCE_ID, f"store-{STORE.hex}:7")),
    ],
)
def test_a_store_joins_nobody(without: tuple[Kind, ...], found: Id) -> None:
    given_ids = {kind: value for kind, value in GIVEN.items() if kind not in without}
    assert ids_of(given_ids, STORE, region="CH", blocked=()) == (found,)


def test_what_is_no_id_is_left_out() -> None:
    assert ids_of({Kind.EMAIL: "none", Kind.EXTERNAL_ID: "null"}, None, region=None, blocked=()) == ()


def test_sources_of_stores_never_meet() -> None:
    assert order_source("api", None) == "api"
    assert order_source("api", STORE) == f"store-{STORE.hex}:api"


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [("Mia", "Keller", "Mia K."), ("Mia", None, "Mia"), (None, "Keller", "K."), (" ", "", None)],
)
def test_what_a_cashier_reads(first: str | None, last: str | None, shown: str | None) -> None:
    assert display_name(first, last) == shown

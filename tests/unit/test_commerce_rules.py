"""Money, totals, status, and that versions of an order give the same state in whatever order they come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.commerce.rules import (
    Known,
    Line,
    OrderIn,
    Outcome,
    Refund,
    Status,
    by_currency,
    check_order,
    exponent,
    first,
    fold,
    line_total,
    normal_category,
    status_of,
    to_minor,
    total_of,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ID = UUID(int=1)


def order(**over: Any) -> OrderIn:
    """Two lines of 5.00 and 2.50 CHF."""
    lines = (
        Line(quantity_milli=2000, unit_price_minor=250, total_minor=500),
        Line(quantity_milli=500, total_minor=250),
    )
    values: dict[str, Any] = {
        "source": "api", "external_id": "1", "ordered_at": NOON, "updated_at": NOON, "currency": "CHF", "lines": lines,
        "subtotal_minor": 750, "total_minor": 750,
    }  # fmt: skip
    return OrderIn(**values | over)


def refund(external_id: str, amount_minor: int) -> Refund:
    return Refund(external_id=external_id, at=NOON, amount_minor=amount_minor)


# --- money --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.50", "CHF", 1250),
        ("-0.05", "EUR", -5),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("1e2", "USD", 10000),
    ],
)
def test_minor_units_follow_the_currency(amount: str, currency: str, minor: int) -> None:
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "says"),
    [
        ("1.5", "JPY", "JPY has 0 decimals"),
        ("0.001", "CHF", "CHF has 2 decimals"),
        ("ten", "CHF", "no amount"),
        ("NaN", "CHF", "out of range"),
        ("1e30", "CHF", "out of range"),
        ("1", "XAU", "no ISO 4217 code"),
        ("1", "chf", "no ISO 4217 code"),
    ],
)
def test_what_is_no_amount(amount: str, currency: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        to_minor(amount, currency)


def test_exponents() -> None:
    assert [exponent(code) for code in ("EUR", "ISK", "BHD", "CLF")] == [2, 0, 3, 4]


def test_currencies_are_never_added() -> None:
    assert by_currency([("CHF", 1), ("EUR", 5), ("CHF", 2)]) == {"CHF": 3, "EUR": 5}


@pytest.mark.parametrize(
    ("quantity", "price", "total"), [(1000, 250, 250), (333, 100, 33), (335, 100, 34), (-335, 100, -34), (0, 9, 0)]
)
def test_price_times_quantity(quantity: int, price: int, total: int) -> None:
    assert line_total(quantity, price) == total


@pytest.mark.parametrize(("path", "normal"), [("Toys>Bricks ", "Toys > Bricks"), (" > ", None), (None, None)])
def test_categories(path: str | None, normal: str | None) -> None:
    assert normal_category(path) == normal


# --- what is wrong with an order -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "over",
    [
        {},
        {"discount_minor": 100, "total_minor": 650},
        {"shipping_minor": 300, "tax_minor": 60, "total_minor": 1050},  # prices with tax
        {"shipping_minor": 300, "tax_minor": 60, "total_minor": 1110},  # prices without
        {"total_minor": 755},  # rounded to the smallest coin
        {"subtotal_minor": 752, "total_minor": 752},  # each line rounded by itself
        {"lines": (), "subtotal_minor": 10, "total_minor": 10},  # only the sum is known
        {"refunds": (refund("a", 700), refund("b", 50))},
    ],
)
def test_right_orders(over: dict[str, Any]) -> None:
    assert check_order(order(**over)) == {}


@pytest.mark.parametrize(
    ("over", "where"),
    [
        ({"currency": "XXX"}, "currency"),
        ({"external_id": ""}, "external_id"),
        ({"source": "x" * 256}, "source"),
        ({"subtotal_minor": 800, "total_minor": 800}, "subtotal_minor"),
        ({"total_minor": 900}, "total_minor"),
        ({"discount_minor": -5}, "discount_minor"),
        ({"total_minor": 10**16}, "total_minor"),
        ({"refunds": (refund("a", 700), refund("b", 60))}, "refunds"),
        ({"refunds": (refund("a", -1),)}, "refunds/0/amount_minor"),
        ({"lines": (Line(quantity_milli=-1000, total_minor=750),)}, "lines/0/total_minor"),
        ({"lines": (Line(quantity_milli=1, total_minor=1),) * 1001}, "lines"),
    ],
)
def test_wrong_orders(over: dict[str, Any], where: str) -> None:
    assert list(check_order(order(**over))) == [where]


def test_a_return_has_negative_lines_and_a_negative_total() -> None:
    back = (Line(quantity_milli=-1000, unit_price_minor=250, total_minor=-250),)
    subtotal, total = total_of(back)
    assert check_order(order(lines=back, subtotal_minor=subtotal, total_minor=total, return_of="77")) == {}


@pytest.mark.parametrize(
    ("stated", "total", "refunded", "status"),
    [
        (Status.PAID, 100, 0, Status.PAID),
        (Status.PENDING, 100, 0, Status.PENDING),
        (Status.PAID, 100, 40, Status.PARTIALLY_REFUNDED),
        (Status.PAID, 100, 100, Status.REFUNDED),
        (Status.PARTIALLY_REFUNDED, 100, 100, Status.REFUNDED),
        (Status.PARTIALLY_REFUNDED, 100, 0, Status.PARTIALLY_REFUNDED),
        (Status.REFUNDED, 100, 40, Status.REFUNDED),
        (Status.CANCELLED, 100, 100, Status.CANCELLED),
    ],
)
def test_status_follows_from_refunds(stated: Status, total: int, refunded: int, status: Status) -> None:
    assert status_of(stated, total, refunded) is status


# --- versions -------------------------------------------------------------------------------------------------------


def after(versions: list[OrderIn]) -> Known:
    """The state after these versions."""
    known = first(versions[0], ID)
    for version in versions[1:]:
        known, _ = fold(known, version)
    return known


def later(minutes: int, **over: Any) -> OrderIn:
    return order(updated_at=NOON + timedelta(minutes=minutes), **over)


def test_what_becomes_of_a_version() -> None:
    known = first(order(), ID)
    known, again = fold(known, order())
    assert again is Outcome.UNCHANGED
    known, newer = fold(known, later(2, status=Status.CANCELLED))
    assert (newer, known.status) == (Outcome.UPDATED, Status.CANCELLED)
    known, older = fold(known, later(1, total_minor=751))
    assert (older, known.total_minor, known.status) == (Outcome.STALE, 750, Status.CANCELLED)
    known, same = fold(known, later(3, status=Status.CANCELLED))
    assert (same, known.version_at) == (Outcome.UNCHANGED, NOON + timedelta(minutes=3))


def test_a_late_version_brings_its_refund_and_its_customer() -> None:
    known = first(later(5), ID)
    known, outcome = fold(known, later(1, refunds=(refund("a", 100),), identifier_id=UUID(int=7)))
    assert (outcome, known.status, known.identifier_id) == (Outcome.UPDATED, Status.PARTIALLY_REFUNDED, UUID(int=7))
    known, _ = fold(known, later(6))  # does not mention them
    assert (known.refunded_minor, known.identifier_id) == (100, UUID(int=7))


def test_refunded_without_amounts_is_all_of_it() -> None:
    assert first(order(status=Status.REFUNDED), ID).refunded_minor == 750


def test_an_erased_customer_does_not_come_back() -> None:
    known = replace(first(order(), ID), erased=True)
    known, _ = fold(known, later(1, identifier_id=UUID(int=7)))
    assert known.identifier_id is None


REFUNDS = st.lists(
    st.builds(refund, st.sampled_from(["a", "b", "c"]), st.integers(1, 200)),
    max_size=3,
    unique_by=lambda r: r.external_id,
).map(tuple)
VERSION = st.fixed_dictionaries(
    {
        "status": st.sampled_from(Status),
        "total_minor": st.integers(745, 755),
        "identifier_id": st.none() | st.sampled_from([UUID(int=7), UUID(int=8)]),
        "refunds": REFUNDS,
    }
)


@given(st.lists(VERSION, min_size=1, max_size=6), st.randoms(use_true_random=False), st.data())
def test_any_order_of_versions_gives_the_same_state(versions: list[dict[str, Any]], random: Any, data: Any) -> None:
    made = [later(i, **version) for i, version in enumerate(versions)]
    shuffled = [*made, data.draw(st.sampled_from(made))]  # one comes twice
    random.shuffle(shuffled)
    told, expected = after(shuffled), after(made)
    fields = ("status", "refunded_minor", "identifier_id", "customer_at", "total_minor", "digest", "version_at")
    assert [getattr(told, name) for name in fields] == [getattr(expected, name) for name in fields]
    assert told.refunds == expected.refunds


@given(st.lists(VERSION, min_size=1, max_size=4))
def test_what_was_given_back_stays_within_status(versions: list[dict[str, Any]]) -> None:
    known = after([later(i, **version) for i, version in enumerate(versions)])
    if known.status is Status.PAID:
        assert known.refunded_minor == 0
    if known.status is Status.PARTIALLY_REFUNDED and known.refunds:
        assert 0 < known.refunded_minor < known.total_minor

"""The owner's page: today against the usual, which discounts a margin allows, what an offer is made of."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.offers.rules import Margins
from geoengage.shop.rules import (
    AUDIENCES,
    PERCENTS,
    TEXTS,
    WEEKS,
    Audience,
    Chosen,
    Priced,
    ThanUsual,
    WhyNoDiscount,
    compared,
    discount_of,
    offered,
    read_ending,
    said,
    same_hours,
    usual_of,
)

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "usual", "than"),
    [
        (0, 0, ThanUsual.USUAL),
        (1, 0, ThanUsual.USUAL),
        (14, 18, ThanUsual.USUAL),
        (13, 18, ThanUsual.FEWER),
        (9, 18, ThanUsual.FAR_FEWER),
        (23, 18, ThanUsual.MORE),
        (40, 18, ThanUsual.FAR_MORE),
    ],
)
def test_a_count_beside_the_usual_one(count: int, usual: float, than: ThanUsual) -> None:
    assert compared(count, usual) is than


def test_one_odd_day_is_not_usual_and_two_days_are_none() -> None:
    assert usual_of([10, 12, 900]) == 12
    assert usual_of([10, 12]) is None


def test_the_same_hours_of_weeks_before_go_by_the_local_clock() -> None:
    """The clocks changed on 25 October: half past two was half past two before, too."""
    today, *past = same_hours(NOW, "Europe/Zurich")
    assert today[1] == NOW
    assert len(past) == WEEKS
    for since, until in past:
        local = until.astimezone(ZoneInfo("Europe/Zurich"))
        assert (local.weekday(), local.hour, local.minute) == (1, 14, 30)
        assert since.astimezone(ZoneInfo("Europe/Zurich")).hour == 0


@pytest.mark.parametrize(
    ("cost", "margins", "whys"),
    [
        (None, Margins(), [None] * 4),
        (None, Margins(floor_percent=20), [WhyNoDiscount.NO_MARGIN] * 4),
        (880, Margins(), [None, None, WhyNoDiscount.BELOW_COST, WhyNoDiscount.BELOW_COST]),
        (700, Margins(floor_percent=20), [None, None, WhyNoDiscount.FLOOR, WhyNoDiscount.FLOOR]),
        (None, Margins(margin_percent=30, floor_percent=20), [None, None, WhyNoDiscount.FLOOR, WhyNoDiscount.FLOOR]),
    ],
)
def test_discounts_by_margin(cost: int | None, margins: Margins, whys: list[WhyNoDiscount | None]) -> None:
    assert [discount_of(percent, [Priced(1000, cost)], margins).why for percent in PERCENTS] == whys


PRICED = st.builds(Priced, st.integers(1, 10**7), st.none() | st.integers(0, 10**7))
PERCENT = st.none() | st.integers(0, 95)


@given(st.lists(PRICED, min_size=1, max_size=4), st.sampled_from(PERCENTS), PERCENT, PERCENT)
def test_what_is_allowed_keeps_the_floor(
    variants: list[Priced], percent: int, floor: int | None, margin: int | None
) -> None:
    found = discount_of(percent, variants, Margins(floor_percent=floor, margin_percent=margin))
    assert 0 <= found.price_minor <= min(each.price_minor for each in variants)
    if found.why is None:
        for each in variants:
            left = each.price_minor - (each.price_minor * percent + 50) // 100
            if each.cost_minor is not None and found.floor_percent is not None:
                assert (left - each.cost_minor) * 100 >= found.floor_percent * left or left == each.price_minor


def test_what_is_made_of_three_taps() -> None:
    discount = discount_of(10, [Priced(1000, None), Priced(1500, None)], Margins())
    for audience in AUDIENCES:
        chosen = Chosen(uuid4(), "Corner", "da", uuid4(), "Te {{ x }} 50 %", "DKK", discount, audience)
        plan = offered(chosen, 40, NOW)
        assert plan.segment is not None
        assert plan.offer is not None
        assert {plan.segment["store_id"], plan.offer["store_id"], plan.campaign["store_id"]} == {str(chosen.store_id)}
        assert (plan.offer["budget"], plan.offer["max_discount_minor"]) == ({"uses": 40}, 150)
        assert plan.campaign["steps"][0]["title"] == "10 % rabat: Te  x  50 %"
    small = offered(Chosen(uuid4(), "C", "en", uuid4(), "T", "DKK", discount, Audience.NEARBY), 3, NOW)
    assert small.offer is not None
    assert small.offer["budget"] == {"uses": 10}, "of fewer than ten nobody is told how many"
    assert datetime.fromisoformat(small.campaign["valid_to"]) == NOW + timedelta(days=7)


def test_each_language_says_all() -> None:
    for language, (title, body) in TEXTS.items():
        assert {"PERCENT", "PRODUCT"} <= set(title.replace("،", " ").replace(":", "").split()), language
        assert "{{ offer.code }}" in body
        assert "Corner" in said(language, percent=5, product="Tea", shop="Corner")[1]
    assert said("zh-TW", percent=5, product="Tea", shop="Corner")[0] == "5 % off: Tea"


@pytest.mark.parametrize(
    ("typed", "found"),
    [("1a2b", "1A2B"), (" o l i 0 ", "0110"), ("12-34", "1234"), ("123", None), ("12345", None), ("12U4", None)],
)
def test_the_end_of_a_code(typed: str, found: str | None) -> None:
    assert read_ending(typed) == found

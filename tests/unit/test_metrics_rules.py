"""What somebody usually does, from what they did; age bands; the grid of homes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.kit.geo import distance_m
from geoengage.metrics.jobs import birthdays
from geoengage.metrics.rules import CELL_LAT_DEG, CELL_LON_DEG, Habit, Known, age_band, cell_of, compute, usual

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TODAY = date(2026, 6, 1)


def habit(what: str, value: str, times: int, days_ago: int = 0) -> Habit:
    return Habit(what, value, times, NOW - timedelta(days=days_ago))


def test_what_was_done_most_and_of_two_the_later() -> None:
    habits = [habit("store", "a", 2, 3), habit("store", "b", 2, 1), habit("store", "c", 1), habit("channel", "web", 9)]
    assert usual(habits, "store") == "b"
    assert usual(habits[:1], "store") is None, "too seldom"
    assert usual(habits, "hour") is None


def test_where_they_buy_comes_before_where_they_go() -> None:
    visits = habit("visited", "mall", 40)
    assert compute(Known((visits,), {}, True), TODAY)["preferred_store"] == "mall"
    bought = (visits, habit("store", "shop", 3))
    assert compute(Known(bought, {}, True), TODAY)["preferred_store"] == "shop"


def test_a_home_needs_nights_and_consent_and_stays_until_that_is_gone() -> None:
    nights = (habit("night", "47.36,8.52", 3), habit("night", "46.00,8.00", 2))
    assert compute(Known(nights, {}, True), TODAY)["home_area"] == "47.36,8.52"
    assert compute(Known(nights, {}, False), TODAY)["home_area"] is None
    assert "home_area" not in compute(Known((), {}, True), TODAY)


@pytest.mark.parametrize(
    "birthday, band",
    [
        ("2010-06-02", "under 16"), ("2010-06-01", "16-17"), ("1999-01-01", "25-34"), ("1961-06-01", "65+"),
        ("1961-06-02", "55-64"), ("1990-05-05T00:00:00Z", "35-44"), ("2027-01-01", None), ("1850-01-01", None),
        ("1990-13-01", None), ("May 5th", None), (19900505, None), (None, None),
    ],
)  # fmt: skip
def test_age_bands(birthday: object, band: str | None) -> None:
    assert age_band({"date_of_birth": birthday}, TODAY) == band
    assert age_band({}, TODAY) is None


@given(st.floats(-70, 70), st.floats(-180, 179.9))
def test_a_cell_is_never_smaller_than_a_kilometre(lat: float, lon: float) -> None:
    south, west = map(float, cell_of(lon, lat).split(","))
    assert south - 1e-9 <= lat <= south + CELL_LAT_DEG + 1e-9
    assert west - 1e-9 <= lon <= west + CELL_LON_DEG + 1e-9
    assert distance_m(west, south, west, south + CELL_LAT_DEG) > 1_000
    assert distance_m(west, south, west + CELL_LON_DEG, south) > 1_000


def test_the_days_that_have_begun() -> None:
    zurich = ZoneInfo("Europe/Zurich")
    late = datetime(2026, 5, 31, 21, 30, tzinfo=UTC)  # 23:30 there
    assert birthdays(late, late + timedelta(hours=1), zurich) == [date(2026, 6, 1)]
    assert birthdays(late, late + timedelta(minutes=5), zurich) == []
    assert birthdays(None, late, zurich) == []

"""The week as a circle, day parts by date and country, and the moment that is chosen: never outside the window, never
in quiet hours, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoengage.timing.rules import (
    EXPLORE,
    HOURS,
    USUAL,
    Clocks,
    DayPart,
    Known,
    Window,
    best_hour,
    concentration,
    flaw_of,
    good_time,
    hour_of_week,
    hour_starts,
    shares_of,
    smoothed,
    stands_in,
    weekend_of,
    weight,
)
from geoengage.venues.rules import Hours, Schedule

ZURICH = ZoneInfo("Europe/Zurich")
MONDAY = date(2026, 11, 30)
SATURDAY_SUNDAY = frozenset({5, 6})
NONE = np.zeros(HOURS)
EVEN = np.full(HOURS, 1 / HOURS)
ZONES = ["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "Pacific/Apia"]


def at_hours(*hours: int) -> np.ndarray:
    counts = np.zeros(HOURS)
    for hour in hours:
        counts[hour] += 1
    return counts


def known(counts: np.ndarray = NONE, **over: object) -> Known:
    values: dict[str, object] = {
        "counts": counts, "segment": NONE, "tenant": NONE, "day_parts": USUAL, "weekend": SATURDAY_SUNDAY,
    } | over  # fmt: skip
    return Known(**values)  # type: ignore[arg-type]


# --- the week -------------------------------------------------------------------------------------------------------


def test_hours_are_of_the_persons_week() -> None:
    assert hour_of_week(datetime(2026, 11, 29, 23, 30, tzinfo=UTC), ZURICH) == 0, "Monday 00:30 in Zurich"
    assert hour_of_week(datetime(2026, 11, 29, 22, 30, tzinfo=UTC), ZURICH) == 167
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert hour_of_week(first, ZURICH) == hour_of_week(second, ZURICH) == 6 * 24 + 2, "an hour that comes twice"


def test_smoothing_goes_round_the_week_and_over_days_of_a_kind() -> None:
    shares = smoothed(at_hours(0), SATURDAY_SUNDAY)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] > shares[1] == pytest.approx(shares[167], rel=0.2)
    assert shares[24] > shares[5 * 24] > shares[12], "Tuesday 00:00 learns more of it than Saturday, noon nothing"
    assert smoothed(NONE, SATURDAY_SUNDAY) == pytest.approx(EVEN)


def test_few_actions_follow_the_others_and_many_their_own_way() -> None:
    tenant, own = at_hours(*[18] * 500), 2 * 24 + 7
    assert best_hour(NONE, NONE, tenant, EVEN).hour == 18
    assert best_hour(at_hours(own), NONE, tenant, EVEN).hour == 18
    assert best_hour(at_hours(*[own] * 12), NONE, tenant, EVEN).hour == own
    segment = at_hours(*[24 + 12] * 400)
    assert best_hour(NONE, segment, tenant, EVEN).hour == 36, "the segment stands nearer than the tenant"
    cold = best_hour(NONE, NONE, NONE, shares_of(USUAL, MONDAY, SATURDAY_SUNDAY))
    assert cold.hour % 24 in (11, 12, 13, 17, 18, 19)
    assert cold.concentration is None


def test_concentration_tells_habit_from_any_time() -> None:
    assert concentration(at_hours(*[8, 32, 56])) == pytest.approx(1)
    assert concentration(np.ones(HOURS)) == pytest.approx(0, abs=1e-9)


def test_actions_count_less_with_age_and_visits_less_than_clicks() -> None:
    now = datetime(2026, 11, 28, tzinfo=UTC)
    assert weight("click", now, now) == 1
    assert weight("visit", now, now) == 0.5
    assert weight("purchase", now - timedelta(days=90), now) == pytest.approx(0.5)


# --- day parts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "territory, days",
    [("CH", {5, 6}), ("EG", {4, 5}), ("IL", {4, 5}), ("IR", {4}), ("AE", {5, 6}), (None, {5, 6}), ("XX", {5, 6})],
)
def test_the_weekend_is_the_countrys(territory: str | None, days: set[int]) -> None:
    assert weekend_of(territory) == days


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """A wall clock in December."""
    return datetime(2026, 12, day, hour, minute, tzinfo=ZURICH)


def test_day_parts_have_days_dates_and_nights() -> None:
    night = DayPart(name="night", days=("fri",), starts=22 * 60, ends=2 * 60, valid_to=date(2026, 12, 4))
    assert stands_in([night], local(4, 23), SATURDAY_SUNDAY)
    assert stands_in([night], local(5, 1, 59), SATURDAY_SUNDAY), "it belongs to the day on which it begins"
    assert not stands_in([night], local(5, 2), SATURDAY_SUNDAY)
    assert not stands_in([night], local(11, 23), SATURDAY_SUNDAY), "not in force any more"
    weekend = DayPart(name="brunch", days=("weekend",), starts=600, ends=720)
    friday = local(4, 10)
    assert not stands_in([weekend], friday, SATURDAY_SUNDAY)
    assert stands_in([weekend], friday, weekend_of("EG"))
    assert flaw_of(DayPart(name="x", starts=60, ends=60)) == "starts and ends are the same time"
    assert flaw_of(DayPart(name="x", starts=1, ends=2, valid_from=MONDAY, valid_to=date(2026, 1, 1))) is not None
    assert flaw_of(night) is None


def test_a_week_without_a_good_day_part_is_even() -> None:
    assert shares_of((), MONDAY, SATURDAY_SUNDAY) == pytest.approx(EVEN)
    december = DayPart(name="late", starts=1200, ends=1320, valid_from=date(2026, 12, 1), valid_to=date(2026, 12, 24))
    shares = shares_of((december,), MONDAY, SATURDAY_SUNDAY)
    assert shares[20] < shares[24 + 20], "Monday is still November"


# --- the moment -----------------------------------------------------------------------------------------------------


def test_hours_of_a_day_with_a_gap_and_of_one_with_a_fold() -> None:
    gap = hour_starts(datetime(2027, 3, 27, 23, tzinfo=UTC), datetime(2027, 3, 28, 22, tzinfo=UTC), ZURICH)
    fold = hour_starts(datetime(2027, 10, 30, 22, tzinfo=UTC), datetime(2027, 10, 31, 23, tzinfo=UTC), ZURICH)
    assert (len(gap), len(fold)) == (23, 25)
    assert [at.astimezone(ZURICH).hour for at in gap[:4]] == [0, 1, 3, 4]
    assert [at.astimezone(ZURICH).hour for at in fold[:5]] == [0, 1, 2, 2, 3]
    part = hour_starts(
        datetime(2026, 1, 1, 0, 7, tzinfo=UTC), datetime(2026, 1, 1, 2, tzinfo=UTC), ZoneInfo("Asia/Kathmandu")
    )
    assert [f"{at:%H:%M}" for at in part] == ["00:07", "00:15", "01:15"], "a zone of quarter hours"


def test_the_peak_is_chosen_and_a_few_explore() -> None:
    start = datetime(2026, 11, 30, 6, tzinfo=UTC)
    window, clocks = Window(start, start + timedelta(days=1)), Clocks(ZURICH, time(21), time(8))
    own = known(at_hours(*[18] * 30))
    people = [UUID(int=i) for i in range(1500)]
    found = [good_time(person, window, clocks, own) for person in people]
    assert found == [good_time(person, window, clocks, own) for person in people], "the same question, the same answer"
    hours = [at.astimezone(ZURICH).hour for at in found if at is not None]
    assert len(hours) == 1500
    elsewhere = sum(hour != 18 for hour in hours) / 1500
    assert 0.05 <= elsewhere <= 0.10
    assert abs(elsewhere - EXPLORE) < 0.02
    assert len({at.minute for at in found if at is not None}) == 60, "not all at the full hour"


def test_only_while_the_place_is_open_and_none_when_nothing_is_allowed() -> None:
    start = datetime(2026, 11, 30, 0, tzinfo=UTC)
    shop = (Schedule(None, None, (Hours(frozenset({"tue"}), 540, 600),)), ZURICH)
    clocks = Clocks(ZURICH, time(21), time(8), (shop,))
    found = good_time(uuid4(), Window(start, start + timedelta(days=3)), clocks, known())
    assert found is not None
    assert (found.astimezone(ZURICH).weekday(), found.astimezone(ZURICH).hour) == (1, 9)
    assert good_time(uuid4(), Window(start, start + timedelta(hours=4)), clocks, known()) is None
    assert good_time(uuid4(), Window(start, start), clocks, known()) is None
    quiet = Clocks(ZURICH, time(21), time(8))
    night = datetime(2026, 11, 30, 21, tzinfo=UTC)
    assert good_time(uuid4(), Window(night, night + timedelta(hours=8)), quiet, known()) is None


@settings(max_examples=150, deadline=None)
@given(
    person=st.uuids(),
    zone=st.sampled_from(ZONES),
    start=st.integers(0, 2 * 365 * 24 * 60),
    hours=st.integers(0, 72),
    quiet=st.tuples(st.times(), st.times()),
    peak=st.integers(0, HOURS - 1),
)
def test_never_outside_the_window_and_never_in_quiet_hours(
    person: UUID, zone: str, start: int, hours: int, quiet: tuple[time, time], peak: int
) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start)
    window = Window(begin, begin + timedelta(hours=hours))
    clocks = Clocks(ZoneInfo(zone), *quiet)
    found = good_time(person, window, clocks, known(at_hours(*[peak] * 20)))
    if found is None:
        return
    assert window.starts_at <= found < window.ends_at
    assert found.utcoffset() == timedelta(0)
    shown, (quiet_start, quiet_end) = found.astimezone(ZoneInfo(zone)).time(), quiet
    inside = quiet_start <= shown < quiet_end if quiet_start <= quiet_end else shown >= quiet_start or shown < quiet_end
    assert not inside

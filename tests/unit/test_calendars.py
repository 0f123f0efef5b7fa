"""Weekends by country, day parts of a season, free time on somebody's own clock, and what the calendar starts when:
through changes of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import ValidationError

from geoengage.campaigns.rules import OnSchedule, due_runs, runs_at
from geoengage.campaigns.shapes.triggers import ScheduleTriggerShape
from geoengage.timing.rules import (
    HOURS,
    USUAL,
    Calendar,
    Clocks,
    DayPart,
    Known,
    Window,
    good_time,
    is_on,
    start_of,
    territory_of,
    weekend_of,
)

RIYADH, DUBAI, BELGRADE = "Asia/Riyadh", "Asia/Dubai", "Europe/Belgrade"
WEEK = [date(2026, 11, 30) + timedelta(days=n) for n in range(7)]  # Monday to Sunday
# Ramadan of 1448: people eat at sunset, and their evening is late.
RAMADAN = (date(2027, 2, 8), date(2027, 3, 9))
EVENING = DayPart(name="evening", starts=17 * 60, ends=21 * 60)
IFTAR = DayPart(
    name="Evening", starts=20 * 60, ends=1 * 60, valid_from=RAMADAN[0], valid_to=RAMADAN[1]
)  # of the same name: the season's


def calendar(zone: str, *parts: DayPart) -> Calendar:
    return Calendar(parts or USUAL, weekend_of(territory_of(zone)))


@pytest.mark.parametrize(
    "zone, country, weekend, first, eve",
    [
        (RIYADH, "SA", {"fri", "sat"}, "fri", "thu"),
        (DUBAI, "AE", {"sat", "sun"}, "sat", "fri"),
        (BELGRADE, "RS", {"sat", "sun"}, "sat", "fri"),
        ("Asia/Tehran", "IR", {"fri"}, "fri", "thu"),
        ("Asia/Calcutta", "IN", {"sun"}, "sun", "sat"),
        ("UTC", None, {"sat", "sun"}, "sat", "fri"),
        ("Nowhere/Near", None, {"sat", "sun"}, "sat", "fri"),
    ],
)
def test_the_weekend_of_a_clock(zone: str, country: str | None, weekend: set[str], first: str, eve: str) -> None:
    assert territory_of(zone) == country
    days = weekend_of(country)

    def those(name: str) -> set[str]:
        return {day.strftime("%a").lower() for day in WEEK if is_on([name], day, days)}

    assert (those("weekend"), those("weekend_start"), those("weekend_eve")) == (weekend, {first}, {eve})
    assert those("weekday") == {"mon", "tue", "wed", "thu", "fri", "sat", "sun"} - weekend
    assert all(is_on([], day, days) for day in WEEK)


@pytest.mark.parametrize(
    "zone, starts",
    [
        (RIYADH, ["2026-12-04T06:00", "2026-12-11T06:00"]),  # Friday, UTC+3
        (DUBAI, ["2026-12-05T05:00", "2026-12-12T05:00"]),  # Saturday, UTC+4
        (BELGRADE, ["2026-12-05T08:00", "2026-12-12T08:00"]),  # Saturday, UTC+1
    ],
)
def test_a_weekend_campaign_starts_on_the_right_mornings(zone: str, starts: list[str]) -> None:
    when, at = OnSchedule("09:00", days=("weekend_start",)), datetime(2026, 11, 30, tzinfo=UTC)
    found = []
    while at < datetime(2026, 12, 14, tzinfo=UTC):  # as the worker looks: every quarter of an hour
        later = at + timedelta(minutes=15)
        found += [later for _ in due_runs(when, ZoneInfo(zone), at, later, calendar(zone))]
        at = later
    assert [f"{moment:%Y-%m-%dT%H:%M}" for moment in found] == starts


@pytest.mark.parametrize(
    "day, clock, utc",
    [
        (date(2027, 3, 27), "09:00", "08:00"),
        (date(2027, 3, 28), "09:00", "07:00"),  # clocks went forward in the night
        (date(2027, 10, 30), "09:00", "07:00"),
        (date(2027, 10, 31), "09:00", "08:00"),  # and back
        (date(2027, 3, 28), "02:30", "01:30"),  # left out: an hour later on the clock
        (date(2027, 10, 31), "02:30", "00:30"),  # comes twice: the first
    ],
)
def test_a_local_time_through_changes_of_the_clocks(day: date, clock: str, utc: str) -> None:
    at = runs_at(OnSchedule(clock, days=("weekend",)), day, ZoneInfo(BELGRADE), calendar(BELGRADE))
    assert at is not None
    assert f"{at:%H:%M}" == utc


@pytest.mark.parametrize(
    "day, local",
    [
        (RAMADAN[0] - timedelta(days=1), "16:15"),
        (RAMADAN[0], "19:15"),
        (RAMADAN[1], "19:15"),
        (RAMADAN[1] + timedelta(days=1), "16:15"),
    ],
)
def test_ramadan_moves_what_goes_by_a_day_part(day: date, local: str) -> None:
    when = OnSchedule(day_part="evening", before_minutes=45)
    at = runs_at(when, day, ZoneInfo(RIYADH), calendar(RIYADH, EVENING, IFTAR))
    assert at is not None
    assert f"{at.astimezone(ZoneInfo(RIYADH)):%H:%M}" == local


def test_a_day_part_that_is_not_there_starts_nothing() -> None:
    brunch = DayPart(name="brunch", days=("weekend",), starts=600, ends=720)
    there = calendar(RIYADH, brunch)
    assert start_of(there.parts, " Brunch ", WEEK[4], there.weekend) == 600, "Friday"
    assert start_of(there.parts, "brunch", WEEK[6], there.weekend) is None, "Sunday is a working day"
    assert runs_at(OnSchedule(day_part="dinner"), WEEK[4], ZoneInfo(RIYADH), there) is None


def test_a_schedule_names_a_time_or_a_day_part() -> None:
    shape = ScheduleTriggerShape(day_part="evening", before_minutes=30, days=["weekend_eve", "mon"])
    assert shape.at is None
    for wrong in ({}, {"at": "09:00", "day_part": "evening"}, {"at": "09:00", "before_minutes": 5}):
        with pytest.raises(ValidationError):
            ScheduleTriggerShape(**wrong)  # type: ignore[arg-type]


def free_hours(zone: str, day: date, there: Calendar) -> str:
    """The hours of a local day that are free, as `17-20`."""
    hours = [h for h in range(24) if there.is_free(datetime(day.year, day.month, day.day, h, tzinfo=ZoneInfo(zone)))]
    return f"{hours[0]}-{hours[-1] + 1}"


def test_free_time_is_the_evening_and_the_weekend() -> None:
    thursday, friday, sunday = WEEK[3], WEEK[4], WEEK[6]
    assert free_hours(RIYADH, friday, calendar(RIYADH)) == "0-24"
    assert free_hours(DUBAI, friday, calendar(DUBAI)) == "17-20"
    assert free_hours(RIYADH, sunday, calendar(RIYADH)) == "17-20"
    assert free_hours(BELGRADE, thursday, calendar(BELGRADE, EVENING)) == "17-21", "as the tenant says"
    late = calendar(RIYADH, EVENING, IFTAR)
    monday, tuesday = date(2027, 2, 15), date(2027, 2, 16)
    assert not late.is_free(datetime.combine(monday, time(18))), "not in Ramadan"
    assert free_hours(RIYADH, tuesday, late) == "0-24", "from eight in the evening until one at night"
    assert late.is_free(datetime.combine(monday, time(23)))


NOBODY_KNOWN = np.zeros(HOURS)
PARENT = UUID(int=7)


@pytest.mark.parametrize("zone", [RIYADH, DUBAI, BELGRADE, "Europe/Copenhagen", "America/New_York"])
@pytest.mark.parametrize("since", [datetime(2027, 3, 22, tzinfo=UTC), datetime(2027, 10, 25, tzinfo=UTC)])
def test_everybodys_own_free_hour_through_changes_of_the_clocks(zone: str, since: datetime) -> None:
    """Two weeks around both changes, asked every seven hours: always an evening or a weekend of that clock, awake, and
    never later than a day where a free hour lies in it."""
    there, own = calendar(zone), ZoneInfo(zone)
    known = Known(
        counts=NOBODY_KNOWN, segment=NOBODY_KNOWN, tenant=NOBODY_KNOWN, day_parts=USUAL, weekend=there.weekend
    )
    quiet = (time(21), time(8))
    clocks = Clocks(own, *quiet, free=there)
    for n in range(0, 14 * 24, 7):
        now = since + timedelta(hours=n)
        at = good_time(PARENT, Window(now, now + timedelta(days=1), free=True), clocks, known)
        assert at is not None
        local = at.astimezone(own)
        assert now <= at < now + timedelta(days=1)
        assert 8 <= local.hour < 21
        assert local.weekday() in there.weekend or 17 <= local.hour < 20, (zone, local)

"""When zones open and close: found exactly, also in the nights in which the clocks change; and what that does."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoengage.presence.rules.schedule import OpeningHours
from geoengage.venues.rules import DAYS, Hours, Schedule, ZoneRules, is_open
from tests.walks import Area, Walk, seconds, square

ZURICH, LORD_HOWE = ZoneInfo("Europe/Zurich"), ZoneInfo("Australia/Lord_Howe")  # the latter moves by half an hour
ALL = frozenset(DAYS)
MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(opens: int, closes: int, days: frozenset[str] = ALL) -> Schedule:
    return Schedule(None, None, (Hours(days, opens, closes),))


@pytest.mark.parametrize(
    "schedule, at, opens",
    [
        (daily(600, 1320), "2026-03-02T03:00", "2026-03-02T09:00"),
        (daily(600, 1320), "2026-03-02T12:00", "2026-03-02T12:00"),  # open already
        (daily(600, 1320, frozenset({"fri"})), "2026-03-02T12:00", "2026-03-06T09:00"),
        (daily(1320, 120), "2026-03-02T12:00", "2026-03-02T21:00"),  # over midnight
        (Schedule(utc("2026-09-01T10:30"), None, ()), "2026-03-02T12:00", "2026-09-01T10:30"),
        (Schedule(utc("2026-09-01T05:00"), None, daily(600, 1320).hours), "2026-03-02T12:00", "2026-09-01T08:00"),
        (Schedule(None, utc("2026-03-01T00:00"), ()), "2026-03-02T12:00", None),  # expired
        (Schedule(None, utc("2026-03-02T20:00"), daily(1320, 120).hours), "2026-03-02T12:00", None),
        # in the night of 29 March 02:00 to 03:00 is missing: it opens when the clock has passed 02:30
        (daily(150, 600), "2026-03-28T20:00", "2026-03-29T01:00"),
        # in the night of 25 October 02:00 to 03:00 comes twice: it opens when the clock first shows 02:30
        (daily(150, 600), "2026-10-24T20:00", "2026-10-25T00:30"),
    ],
)
def test_when_a_schedule_opens(schedule: Schedule, at: str, opens: str | None) -> None:
    assert OpeningHours(schedule, ZURICH).opening_after(utc(at)) == (None if opens is None else utc(opens))


@pytest.mark.parametrize(
    "at, closes",
    [
        ("2026-03-28T22:00", "2026-03-29T01:00"),  # 02:30 is skipped: closed when it would be past
        ("2026-10-24T22:00", "2026-10-25T00:30"),  # 02:30 comes twice: the first one
        ("2026-10-25T01:10", "2026-10-25T01:10"),  # closed, although the clock shows 02:10 once more
        ("2026-06-01T22:00", "2026-06-02T00:30"),
    ],
)
def test_closing_in_the_nights_in_which_the_clocks_change(at: str, closes: str) -> None:
    assert OpeningHours(daily(1320, 150), ZURICH).closing_after(utc(at)) == utc(closes)


_minutes = st.integers(0, 95).map(lambda n: 15 * n)
_hours = st.builds(
    Hours, st.frozensets(st.sampled_from(DAYS), min_size=1), _minutes, st.integers(1, 96).map(lambda n: 15 * n)
)
_starts = st.sampled_from(["2026-03-27", "2026-10-23", "2026-04-03", "2026-10-02", "2026-06-10"])


@settings(max_examples=60, deadline=None)
@given(
    hours=st.lists(_hours.filter(lambda h: h.opens != h.closes), min_size=1, max_size=3),
    zone=st.sampled_from([ZURICH, LORD_HOWE]),
    start=_starts,
    minutes=st.integers(0, 2 * 1440),
)
def test_a_turn_is_the_first_minute_that_differs(hours: list[Hours], zone: ZoneInfo, start: str, minutes: int) -> None:
    schedule = Schedule(None, None, tuple(hours))
    at = utc(start) + minutes * MINUTE
    opening_hours = OpeningHours(schedule, zone)
    was_open = opening_hours.is_open(at)
    found = opening_hours.closing_after(at) if was_open else opening_hours.opening_after(at)
    later = (at + n * MINUTE for n in range(1, 8 * 1440))
    assert found == next((t for t in later if is_open(schedule, zone, t) is not was_open), None)
    assert OpeningHours(schedule, zone).is_open(at) is was_open is is_open(schedule, zone, at)
    if found is not None:
        assert opening_hours.is_open(found) is not was_open, "what it keeps of the stretch before does not mislead"
        assert opening_hours.is_open(found - MINUTE) is was_open


# --- those who wait inside ------------------------------------------------------------------------------------------


def shop(*closings: tuple[float, float], **rules: object) -> Area:
    return Area("shop", square(), ZoneRules(**rules), closings=closings)  # type: ignore[arg-type]


def told(walk: Walk) -> list[str]:
    return [line.replace(" shop", "") for line in walk.told]


def test_who_is_inside_at_the_opening_comes_in_then() -> None:
    walk = Walk(shop((-100, 60))).fix(0, 0).fix(20, 0)
    assert walk.told == []
    assert [seconds(due) for due in walk.timers.values()] == [60]
    assert told(walk.tick(61)) == ["entered 60 schedule_opened"]
    assert told(walk.fix(70, 0).fix(80, 60).tick(200))[1:] == ["exited 80 left"]


def test_who_has_left_before_the_opening_does_not() -> None:
    assert Walk(shop((-100, 60))).fix(0, 0).fix(20, 60).tick(100).told == []
    assert Walk(shop((-100, 60))).fix(0, 0).fix(20, 24).tick(100).told == [], "a step beyond the tolerance is enough"
    silent = Walk(shop((-100, 400), timeout_s=300)).fix(0, 0).tick(500)
    assert (silent.told, silent.timers) == ([], {})


def test_one_vague_fix_does_not_end_the_waiting() -> None:
    walk = Walk(shop((-100, 60))).fix(0, 0).fix(20, 15, accuracy_m=60).tick(60)
    assert told(walk) == ["entered 60 schedule_opened"]


def test_a_visit_goes_on_after_a_break() -> None:
    walk = Walk(shop((40, 100), (200, 300), dwell_s=(30, 80)))
    for t in range(0, 330, 10):
        walk.fix(t, 0)
    assert told(walk) == [
        "entered 0 whole_disc", "dwelled 30s 30 dwell", "exited 40 schedule_closed",
        "entered 100 schedule_opened", "dwelled 30s 130 dwell", "dwelled 80s 180 dwell", "exited 200 schedule_closed",
        "entered 300 schedule_opened", "dwelled 30s 330 dwell",
    ][: len(told(walk))]  # fmt: skip
    assert told(walk)[-1] == "entered 300 schedule_opened"


def test_a_worker_that_sleeps_over_a_night_tells_the_same() -> None:
    area = shop((40, 100), (130, 160), timeout_s=300)
    late, punctual = Walk(area).fix(0, 0).fix(30, 0), Walk(area).fix(0, 0).fix(30, 0)
    for t in (40, 100, 130, 160):
        punctual.tick(t)
    assert late.tick(1_000).told == punctual.tick(1_000).told
    assert told(late) == [
        "entered 0 whole_disc", "exited 40 schedule_closed", "entered 100 schedule_opened",
        "exited 130 schedule_closed", "entered 160 schedule_opened", "exited 160 silence",
    ]  # fmt: skip


def test_a_phone_that_says_it_left_waits_no_longer() -> None:
    walk = Walk(shop((-100, 60))).fix(0, 0).fix(20, 0, said=("shop", True)).tick(100)
    assert walk.told == []


def test_pending_waits_too() -> None:
    walk = Walk(shop((5, 60))).fix(0, 19)
    assert walk.tick(30).told == []
    assert told(walk.tick(70)) == ["entered 60 schedule_opened"]


# --- zones that change ----------------------------------------------------------------------------------------------


def test_an_edit_counts_from_its_own_moment() -> None:
    area = shop()
    walk = Walk(area).fix(0, 30)
    area.shape, area.version = square(30), 2
    walk.tick(20).change(20)
    assert told(walk) == ["entered 20 zone_published"]
    assert walk.transitions[0].zone_version == 2
    assert told(walk.tick(400)) == ["entered 20 zone_published", "exited 20 silence"], "never before it began"


@pytest.mark.parametrize("age_s, is_in", [(299, True), (300, False)])
def test_an_old_fix_takes_nobody_in(age_s: int, is_in: bool) -> None:
    area = shop()
    walk = Walk(area).fix(0, 30)
    area.shape = square(30)
    assert bool(walk.tick(age_s).change(age_s).told) is is_in


def test_who_was_leaving_comes_back_with_a_grown_zone() -> None:
    area = shop()
    walk = Walk(area).fix(0, 0).fix(5, 60)
    area.shape, area.version = square(0, half=80), 2
    assert told(walk.tick(6).change(6).tick(60)) == ["entered 0 whole_disc"]
    gone = shop()
    walk = Walk(gone).fix(0, 0).fix(5, 60)
    gone.version = 2
    assert told(walk.tick(6).change(6).tick(60)) == ["entered 0 whole_disc", "exited 5 left"]


def test_pending_is_judged_by_the_new_shape() -> None:
    for x, lines in ((0.0, ["entered 10 confirmed_by_time"]), (24.0, []), (60.0, [])):
        area = shop()
        walk = Walk(area).fix(0, 19)
        area.shape = square(x)
        if x == 24.0:
            area.shape = square(42.0)
        assert told(walk.tick(2).change(2).tick(20)) == lines, x


def test_new_hours_open_close_and_keep_waiting() -> None:
    area = shop((-100, 500))
    walk = Walk(area).fix(0, 0)
    area.closings = [(-100, 30)]
    assert told(walk.tick(20).change(20)) == [], "still closed"
    area.closings = ()
    assert told(walk.change(25)) == ["entered 25 schedule_opened"]
    area.closings = [(0, 500)]
    assert told(walk.change(28))[1:] == ["exited 28 schedule_closed"]
    assert walk.state is not None
    assert [z.phase for z in walk.state.zones.values()] == ["dormant"]
    area.shape = square(200)
    assert walk.change(29).state is not None
    assert walk.state.zones == {}
    assert walk.timers == {}


def test_a_new_zone_that_is_closed_lets_wait() -> None:
    area = shop((-100, 60))
    area.is_published = False
    walk = Walk(area).fix(0, 0)
    area.is_published = True
    assert told(walk.tick(20).change(20).tick(70)) == ["entered 60 schedule_opened"]


def test_a_closing_edit_lets_nobody_wait_who_was_leaving() -> None:
    area = shop()
    walk = Walk(area).fix(0, 0).fix(5, 60).tick(6)
    area.closings = [(0, 100)]
    assert told(walk.change(6).tick(200))[1:] == ["exited 5 schedule_closed"]

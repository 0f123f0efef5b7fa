"""Which fixes count and how far, what floor is believed, when a schedule closes."""

from datetime import UTC, datetime, timedelta
from math import exp
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.kit.ids import derived_id, derived_time_id, id_time, lowest_id
from geoengage.presence.rules.fixes import (
    OLDEST,
    PingIn,
    Policy,
    Position,
    Rejected,
    accuracy,
    clock_skew,
    refuse,
    speed_trust,
)
from geoengage.presence.rules.levels import belief_weight, level_probability, prior
from geoengage.presence.rules.schedule import OpeningHours
from geoengage.presence.rules.state import DeviceState, usual_interval_s
from geoengage.venues.rules import Hours, Schedule
from tests.walks import DEVICE, moment

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
POLICY = Policy(default_accuracy_m=50.0, reject_mocked=True, retention=timedelta(days=3))
ZURICH = ZoneInfo("Europe/Zurich")


# --- fixes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "over, ago_s, reason",
    [
        ({}, 0, None),
        ({}, -60, None),
        ({}, -60.5, Rejected.IN_FUTURE),
        ({}, 3 * 86_400, None),
        ({}, 3 * 86_400 + 1, Rejected.TOO_OLD),
        ({"lon": 0.0, "lat": 0.0}, 0, Rejected.NULL_ISLAND),
        ({"lon": 0.0}, 0, None),
        ({"mocked": True}, 0, Rejected.MOCK_LOCATION),
        ({"lon": 180.0, "lat": -90.0}, 0, None),
        ({"lon": 180.1}, 0, Rejected.INVALID),
        ({"lat": -90.1}, 0, Rejected.INVALID),
        ({"lon": float("nan")}, 0, Rejected.INVALID),
        ({"lat": float("inf")}, 0, Rejected.INVALID),
    ],
)
def test_a_ping_is_refused_for_one_reason(over: dict[str, object], ago_s: float, reason: Rejected | None) -> None:
    event_at = NOW - timedelta(seconds=ago_s)
    ping = PingIn(**({"at": event_at, "lon": 8.5, "lat": 47.4} | over))  # type: ignore[arg-type]
    assert refuse(ping, event_at, NOW, POLICY) is reason


def test_a_tenant_may_take_mocked_positions_and_keep_pings_long() -> None:
    lenient = Policy(50.0, reject_mocked=False, retention=timedelta(days=60))
    ping = PingIn(at=NOW, lon=8.5, lat=47.4, mocked=True)
    assert refuse(ping, NOW, NOW, lenient) is None
    assert refuse(ping, NOW - OLDEST, NOW, lenient) is None
    assert refuse(ping, NOW - OLDEST - timedelta(seconds=1), NOW, lenient) is Rejected.TOO_OLD, "no partition for it"


def test_a_time_that_no_clock_shows_is_no_ping() -> None:
    with pytest.raises(ValueError, match="1970 to 2199"):
        PingIn(at=datetime(1, 1, 1, tzinfo=UTC), lon=8.5, lat=47.4)


@pytest.mark.parametrize(
    "sent_s, known_s, skew_s",
    [
        (None, 0.0, 0.0),
        (None, 400.0, 400.0),
        (0, 400.0, 0.0),
        (-30, 0.0, 0.0),
        (-30.5, 0.0, 30.5),
        (30, 0.0, 0.0),
        (31, 0.0, -31.0),
        (-86_400 * 365, 0.0, 86_400.0 * 365),
    ],
)
def test_only_a_skew_beyond_30_s_is_corrected(sent_s: float | None, known_s: float, skew_s: float) -> None:
    sent_at = None if sent_s is None else NOW + timedelta(seconds=sent_s)
    assert clock_skew(sent_at, NOW, known_s) == skew_s


@pytest.mark.parametrize(
    "reported, expected",
    [(12.0, (12.0, 1.0)), (None, (50.0, 0.8)), (0.0, (50.0, 0.8)), (-1.0, (50.0, 0.8)), (1e9, (100_000.0, 1.0))],
)
def test_missing_accuracy_means_unknown(reported: float | None, expected: tuple[float, float]) -> None:
    assert accuracy(reported, 50.0) == expected


@pytest.mark.parametrize(
    "metres, seconds, accuracy_m, trust",
    [
        (70, 10, 0, 1.0),
        (140, 10, 0, 0.5),
        (700, 10, 0, 0.1),
        (710, 10, 0, 0.0),
        (110, 10, 20, 1.0),  # 70 m beyond what both accuracies explain
        (10_000, 10, 100.1, 1.0),  # too vague to tell
        (50, 0, 0, 0.14),  # at one and the same time: as if in a second
        (10_000, 0, 0, 0.0),
    ],
)
def test_speed_lowers_trust(metres: float, seconds: float, accuracy_m: float, trust: float) -> None:
    degrees = metres / 111_319.49079327358
    before = Position(NOW, 8.5, 0.0, accuracy_m)
    after = Position(NOW + timedelta(seconds=seconds), 8.5, degrees, accuracy_m)
    assert speed_trust(before, after) == pytest.approx(trust, abs=1e-6)
    assert speed_trust(None, after) == 1.0


def test_the_usual_interval_follows_slowly_and_forgets_nights() -> None:
    state = DeviceState(DEVICE, moment(0), moment(0), 0, 0, 5)
    assert usual_interval_s(state, moment(10)) == 10, "the first gap is all that is known"
    state = DeviceState(DEVICE, moment(0), moment(0), 0, 0, 5, interval_s=10)
    assert usual_interval_s(state, moment(20)) == 12
    assert usual_interval_s(state, moment(40_000)) == 128


# --- floors ---------------------------------------------------------------------------------------------------------

MALL = (-1, 0, 1, 2)


@pytest.mark.parametrize(
    "zone, reported, believed, expected",
    [
        ((), None, None, 1.0),
        ((), 5, None, 1.0),
        ((1, 2), 1, None, 1.0),
        ((1, 2), 0, (0, 0.9), 0.0),
        ((1, 2), 0, (1, 1.0), 1.0),  # a report that was taken for an error
        ((0,), 0, (1, 0.9), 0.0),
        ((0,), None, None, 0.6),
        ((1,), None, None, 0.4 / 3),
        ((0, 1), None, None, 0.6 + 0.4 / 3),
        (MALL, None, None, 1.0),
        ((1,), None, (1, 1.0), 1.0),
        ((1,), None, (1, 0.5), 0.5 + 0.5 * 0.4 / 3),
        ((1,), None, (2, 0.5), 0.5 * 0.4 / 3),
        ((1,), None, (2, 1.0), 0.0),
    ],
)
def test_level_probability(
    zone: tuple[int, ...], reported: int | None, believed: tuple[int, float] | None, expected: float
) -> None:
    assert level_probability(zone, MALL, reported, believed) == pytest.approx(expected)


def test_priors_add_up() -> None:
    assert sum(prior(level, MALL) for level in MALL) == pytest.approx(1)
    assert prior(3, (3,)) == 1.0
    assert prior(1, (1, 2)) == 0.5, "a building without a ground floor"


def test_a_known_floor_fades_and_faster_after_a_lift() -> None:
    assert belief_weight(moment(0), None, moment(0)) == 1.0
    assert belief_weight(moment(0), None, moment(600)) == pytest.approx(exp(-1))
    assert belief_weight(moment(0), moment(5), moment(600)) == pytest.approx(0.6 * exp(-1))
    assert belief_weight(moment(5), moment(0), moment(5)) == 1.0, "a lift before the floor was known is no matter"
    assert belief_weight(moment(5), None, moment(0)) == 1.0, "never more than certain"


# --- schedules ------------------------------------------------------------------------------------------------------

WORKDAYS = frozenset({"mon", "tue", "wed", "thu", "fri"})
DAILY = Schedule(None, None, (Hours(WORKDAYS, 600, 1320),))  # 10:00 to 22:00


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZURICH)


@pytest.mark.parametrize(
    "schedule, at, closes",
    [
        (DAILY, "2026-03-02T12:00", "2026-03-02T22:00"),
        (DAILY, "2026-03-02T09:59", "2026-03-02T09:59"),  # closed already
        (DAILY, "2026-03-07T12:00", "2026-03-07T12:00"),  # a Saturday
        (Schedule(None, None, (Hours(frozenset({"fri"}), 1320, 120),)), "2026-03-07T01:00", "2026-03-07T02:00"),
        (Schedule(None, None, (Hours(frozenset({"fri"}), 1320, 120),)), "2026-03-06T23:00", "2026-03-07T02:00"),
        # one span ends where the next begins
        (
            Schedule(None, None, (Hours(WORKDAYS, 600, 840), Hours(WORKDAYS, 840, 1080))),
            "2026-03-02T12:00",
            "2026-03-02T18:00",
        ),
        (Schedule(None, None, (Hours(WORKDAYS, 0, 1440),)), "2026-03-02T12:00", "2026-03-07T00:00"),
        (Schedule(None, None, (Hours(WORKDAYS | {"sat", "sun"}, 0, 1440),)), "2026-03-02T12:00", None),
        (Schedule(None, local("2026-03-02T15:00"), ()), "2026-03-02T12:00", "2026-03-02T15:00"),
        (Schedule(None, local("2026-03-02T15:00"), DAILY.hours), "2026-03-02T12:00", "2026-03-02T15:00"),
        (Schedule(None, local("2026-05-02T15:00"), DAILY.hours), "2026-03-02T12:00", "2026-03-02T22:00"),
        (Schedule(local("2026-03-03T00:00"), None, ()), "2026-03-02T12:00", "2026-03-02T12:00"),
        (Schedule(local("2026-03-01T00:00"), None, ()), "2026-03-02T12:00", None),
        # the night in which the clocks go forward
        (Schedule(None, None, (Hours(frozenset({"sat"}), 1200, 360),)), "2026-03-28T23:00", "2026-03-29T06:00"),
    ],
)
def test_when_a_schedule_closes(schedule: Schedule, at: str, closes: str | None) -> None:
    found = OpeningHours(schedule, ZURICH).closing_after(local(at).astimezone(UTC))
    assert found == (None if closes is None else local(closes))


# --- ids ------------------------------------------------------------------------------------------------------------


@given(
    st.timedeltas(timedelta(0), timedelta(days=36_500)).map(lambda age: datetime(2100, 1, 1, tzinfo=UTC) - age),
    st.timedeltas(timedelta(milliseconds=1), timedelta(days=9)),
)
def test_visit_ids_sort_by_time_and_repeat(at: datetime, later: timedelta) -> None:
    """Visits are partitioned and paged by an id that two computations must not make different."""
    id_ = derived_time_id(at, DEVICE, "zone")
    assert id_ == derived_time_id(at, DEVICE, "zone") != derived_time_id(at, DEVICE, "another")
    assert (id_.version, derived_id("a").version) == (7, 8)
    assert lowest_id(at) <= id_ < derived_time_id(at + later, DEVICE, "zone")
    assert timedelta(0) <= at - id_time(id_) < timedelta(milliseconds=1)

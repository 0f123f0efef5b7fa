"""Plain point-in-polygon and the engine against the truth of a walk: what is right, wrong, again and missed."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter
from shapely.geometry import box, mapping

from geoengage.simulation.api import ReportIn
from geoengage.simulator.comparison import Comparison
from geoengage.simulator.truth import Fence, Followed, Reported, read_fences
from geoengage.simulator.venue import Venue
from geoengage.simulator.walk import KeyPoint, Walk
from geoengage.simulator.watch import _with_times as with_times
from tests.places import FRAME

BEGAN = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
DEVICE, SHOP, UPSTAIRS = str(uuid4()), str(uuid4()), str(uuid4())
VENUE = Venue(FRAME, ZoneInfo("Europe/Zurich"), (0, 1), {}, (), (), ())


def zone(id_: str, name: str, shape: Any, level: int, **over: Any) -> dict[str, Any]:
    """As GET /v1/zones gives it."""
    properties = {"name": name, "kind": "store", "levels": [level], "status": "published", "version": 1,
                  "sensitivity": "none", "radius_m": None}  # fmt: skip
    return {"id": id_, "geometry": mapping(FRAME.geometry_to_lonlat(shape)), "properties": properties | over}


ZONES = [zone(SHOP, "Shop", box(10, 0, 20, 10), 0), zone(UPSTAIRS, "Upstairs", box(-50, -50, 50, 50), 1)]
FENCES = read_fences(FRAME, ZONES, {})


def fence(id_: str = SHOP) -> Fence:
    return FENCES[(id_, 1)]


def make(*points: tuple[float, float, int | None]) -> Followed:
    """A walk along y = 5 from (second, x, level) to the next."""
    steps = tuple(KeyPoint(t, x, 5.0, level) for t, x, level in points)
    return Followed(DEVICE, Walk(VENUE, steps, ()), BEGAN, 1.0)


# In the corridor for three minutes, in the shop from 180 to 300, and back.
IN_AND_OUT = ((0.0, 0.0, 0), (170.0, 0.0, 0), (180.0, 10.0, 0), (190.0, 15.0, 0), (290.0, 15.0, 0), (300.0, 10.0, 0),
              (310.0, 0.0, 0), (900.0, 0.0, 0))  # fmt: skip


def fix(second: float, level: int | None = 0) -> Reported:
    return Reported(BEGAN + second, 8.5, 47.4, 8.0, level)


def test_the_true_visit_is_found() -> None:
    (stay,) = make(*IN_AND_OUT).stays(fence())
    assert (stay.from_s - BEGAN, stay.to_s - BEGAN) == pytest.approx((180, 300), abs=1.1)
    assert make(*IN_AND_OUT).stays(fence(UPSTAIRS)) == []


@pytest.mark.parametrize(
    "second, verdict", [(60, "wrong"), (149, "wrong"), (151, "right"), (200, "right"), (329, "right"), (332, "wrong")]
)
def test_an_entry_is_right_within_half_a_minute_of_being_there(second: float, verdict: str) -> None:
    assert make(*IN_AND_OUT).judge("ours", fence(), BEGAN + second) == verdict


def test_a_second_entry_is_counted_apart_right_or_wrong() -> None:
    one = make(*IN_AND_OUT)
    at = (60.0, 90.0, 190.0, 250.0, 500.0)
    verdicts = [one.say("plain", fence(), BEGAN + second).verdict for second in at]
    assert verdicts == ["wrong", "again", "right", "again", "again"]
    assert one.say("ours", fence(), BEGAN + 200).verdict == "right"  # each way is judged by itself


def test_plain_enters_whenever_the_position_comes_to_lie_inside() -> None:
    one = make(*IN_AND_OUT)
    inside, outside = (15.0, 5.0), (5.0, 5.0)
    said = [
        [(s.fence.name, s.verdict) for s in one.hear(fix(second), *place, FENCES.values())]
        for second, place in ((10, outside), (20, inside), (25, inside), (30, outside), (35, inside), (185, inside))
    ]
    assert said == [[], [("Shop", "wrong")], [], [], [("Shop", "again")], []]


def test_plain_takes_the_floor_that_was_named_last() -> None:
    one = make(*IN_AND_OUT)
    names = [
        {s.fence.name for s in one.hear(fix(second, level), 15.0, 5.0, FENCES.values())}
        for second, level in ((0, None), (5, 1), (10, None), (15, 0))
    ]
    assert names == [{"Shop", "Upstairs"}, set(), set(), {"Shop"}]


def test_an_edited_zone_is_the_same_to_who_is_in_it_and_drafts_are_none() -> None:
    one = make(*IN_AND_OUT)
    assert one.hear(fix(0), 15.0, 5.0, FENCES.values())
    edited = read_fences(FRAME, [zone(SHOP, "Shop", box(9, 0, 20, 10), 0, version=2)], FENCES)
    assert one.hear(fix(5), 15.0, 5.0, edited.values()) == []
    left_out = [
        zone(SHOP, "Draft", box(0, 0, 9, 9), 0, status="changed"),
        zone(UPSTAIRS, "Pharmacy", box(0, 0, 9, 9), 0, sensitivity="health"),
        zone(str(uuid4()), "Town", box(0, 0, 9, 9), 0, kind="catchment"),
    ]
    assert read_fences(FRAME, left_out, {}) == {}
    assert read_fences(FRAME, ZONES, FENCES)[(SHOP, 1)] is fence()


def test_a_circle_is_a_circle() -> None:
    lon, lat = FRAME.to_lonlat(30.0, 0.0)
    circle = zone(SHOP, "Circle", box(0, 0, 1, 1), 0, radius_m=10.0)
    circle["geometry"] = {"type": "Point", "coordinates": [lon, lat]}
    (found,) = read_fences(FRAME, [circle], {}).values()
    assert [found.holds(x, 0.0, 0) for x in (19.8, 20.2, 39.8, 40.2)] == [False, True, True, False]


def event(second: float, *, late: bool = False, zone_id: str = SHOP) -> tuple[dict[str, Any], float]:
    return {"device_id": DEVICE, "zone_id": zone_id, "zone_version": 1, "late": late}, BEGAN + second


def follow(comparison: Comparison) -> Followed:
    one = make(*IN_AND_OUT)
    comparison.fences = FENCES
    comparison.follow(one)
    return one


def test_the_comparison_counts_both_ways_and_what_nobody_found() -> None:
    comparison = Comparison(BEGAN)
    follow(comparison)
    for second in (20, 60, 190):
        comparison.hear(DEVICE, fix(second), 15.0 if second != 60 else 5.0, 5.0)
    comparison.heard_of(*event(40))
    comparison.settle(BEGAN + 350)
    assert comparison.visits == 0  # it may still be found
    comparison.settle(BEGAN + 361)
    report = comparison.report(0, BEGAN + 361)
    assert report["plain"] == {"right": 1, "wrong": 1, "again": 0, "missed": 0}
    assert report["ours"] == {"right": 0, "wrong": 1, "again": 0, "missed": 1}
    assert (report["visits"], report["positions"], report["shoppers"]) == (1, 3, 1)
    comparison.settle(BEGAN + 400)
    assert comparison.visits == 1


def test_an_event_too_late_to_push_finds_its_visit_and_is_no_push() -> None:
    comparison = Comparison(BEGAN)
    follow(comparison)
    comparison.heard_of(*event(200, late=True))
    comparison.heard_of({"device_id": "stranger", "zone_id": SHOP, "zone_version": 1, "late": False}, BEGAN + 200)
    comparison.settle(BEGAN + 400)
    assert comparison.report(0, BEGAN)["ours"] == {"right": 0, "wrong": 0, "again": 0, "missed": 0}
    assert comparison.visits == 1


def test_another_noise_begins_anew_and_forgets_visits_that_began_before() -> None:
    comparison = Comparison(BEGAN)
    follow(comparison)
    comparison.hear(DEVICE, fix(20), 15.0, 5.0)
    comparison.begin_anew(BEGAN + 200)
    comparison.heard_of(*event(150))
    comparison.settle(BEGAN + 500)
    assert (comparison.visits, comparison.positions) == (0, 0)
    assert comparison.report(1, BEGAN + 500)["plain"]["wrong"] == 0


def test_the_report_is_what_the_server_takes() -> None:
    comparison = Comparison(BEGAN)
    follow(comparison)
    for second in range(0, 300, 5):
        comparison.hear(DEVICE, fix(second, None if second % 2 else 0), 15.0 if second % 3 else 5.0, 5.0)
    report = TypeAdapter(ReportIn).validate_python(with_times(comparison.report(3, BEGAN + 300)))
    assert report.walk is not None
    assert report.revision == 3
    assert len(report.walk.fixes) == 60
    assert {e.way for e in report.walk.entries} == {"plain"}
    times = [p.at for p in report.walk.truth]
    assert times == sorted(times)
    assert times[-1] == report.walk.fixes[-1].at


def test_a_walk_is_forgotten_some_time_after_its_end() -> None:
    comparison = Comparison(BEGAN)
    one = follow(comparison)
    comparison.settle(one.end + 599)
    assert comparison.followed
    comparison.settle(one.end + 601)
    assert comparison.followed == {}


def test_the_picture_stays_with_a_walk_until_another_is_clearly_worse() -> None:
    comparison = Comparison(BEGAN)
    comparison.fences = FENCES
    devices = [str(uuid4()), str(uuid4())]
    for device in devices:
        comparison.follow(Followed(device, make(*IN_AND_OUT).walk, BEGAN, 1.0))

    def wrong_at(device: str, second: float, level: int) -> None:
        comparison.hear(device, fix(second, level), 15.0, 5.0)

    def shown(second: float) -> str:
        found: str = comparison.report(0, BEGAN + second)["walk"]["device_id"]
        return found

    wrong_at(devices[0], 10, 0)
    wrong_at(devices[0], 15, 0)
    wrong_at(devices[1], 15, 0)
    wrong_at(devices[1], 16, 0)
    assert shown(20) == devices[0]
    wrong_at(devices[1], 20, 1)  # a wrong floor: one more wrong entry
    assert shown(25) == devices[0]

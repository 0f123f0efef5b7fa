"""The decision, told by tracks: what a device does in front of a square shop of 40 m and what is said about it."""

from dataclasses import replace
from functools import partial
from uuid import UUID

import pytest

from geoengage.kit.ids import new_id
from geoengage.presence.rules.decide import end_all
from geoengage.venues.rules import ZoneRules
from tests.walks import Area, Walk, moment, square

RULES = ZoneRules()


def shop(**rules: object) -> Area:
    return Area("shop", square(), replace(RULES, **rules))  # type: ignore[arg-type]


# `f` is a fix (t, x, y, accuracy, level), `g` one of a phone that walks, `w` the worker's clock
Step = tuple[object, ...]
OUT, EDGE, IN = 60.0, 19.0, 16.0  # far outside; half of a 5 m disc outside; most of it inside


@pytest.mark.parametrize(
    "rules, steps, told",
    [
        pytest.param({"enter_s": 30}, [("f", 0, EDGE), ("f", 20, IN)], ["entered shop 20 confirmed_by_fix"],
                     id="second fix confirms"),
        pytest.param({"enter_s": 30}, [("f", 0, EDGE), ("f", 5, IN), ("f", 10, IN), ("w", 39)], [],
                     id="not one that is hardly news"),
        pytest.param({"enter_s": 30}, [("f", 0, EDGE), ("f", 5, IN), ("w", 35)], ["entered shop 35 confirmed_by_time"],
                     id="time counts from the last that agrees"),
        pytest.param({}, [("f", 0, EDGE), ("f", 5, 0)], ["entered shop 5 confirmed_by_fix"], id="a certain one does"),
        pytest.param({"enter_s": 40}, [("f", 0, EDGE), ("g", 5, IN)], [], id="walks on: contradicts"),
        pytest.param({}, [("f", 0, OUT), ("g", 5, IN), ("w", 60)], [], id="nobody who walks begins"),
        pytest.param(
            {}, [("f", 0, OUT), ("g", 30, IN), ("w", 59), ("f", 60, IN)], ["entered shop 60 confirmed_by_fix"],
            id="unless the fix before is long ago; but time alone does not do then",
        ),
        pytest.param({}, [("f", 0, OUT), ("f", 30, EDGE), ("w", 60), ("f", 65, OUT)], [], id="a slow phone's next fix"),
        pytest.param(
            {}, [("f", 0, OUT), ("f", 30, EDGE), ("w", 75)], ["entered shop 75 confirmed_by_time"],
            id="one and a half of its intervals",
        ),
        pytest.param(
            {}, [("f", 0, OUT), ("f", 100, EDGE), ("w", 110)], ["entered shop 110 confirmed_by_time"],
            id="but not for one so slow",
        ),
        pytest.param({}, [("f", 0, EDGE), ("w", 9)], [], id="not before its time"),
        pytest.param({}, [("f", 0, EDGE), ("w", 10)], ["entered shop 10 confirmed_by_time"], id="timer confirms"),
        pytest.param({}, [("f", 0, EDGE), ("w", 99)], ["entered shop 10 confirmed_by_time"], id="late timer, its time"),
        pytest.param({}, [("f", 0, EDGE), ("f", 5, OUT), ("w", 60)], [], id="contradicted before the timer"),
        pytest.param({}, [("f", 0, EDGE), ("f", 5, 24, 0, 20), ("w", 60)], [], id="a vague fix outside contradicts"),
        pytest.param(
            {},
            [("f", 0, EDGE), ("f", 5, 0, 0, 90), ("w", 10)],
            ["entered shop 10 confirmed_by_time"],
            id="a vague fix inside says nothing",
        ),
        pytest.param({}, [("f", 0, 0)], ["entered shop 0 whole_disc"], id="whole disc enters at once"),
        pytest.param({"single_fix": True}, [("f", 0, EDGE)], ["entered shop 0 single_fix"], id="single fix"),
        pytest.param({"enter_s": 0}, [("f", 0, EDGE)], ["entered shop 0 single_fix"], id="no time to confirm"),
        pytest.param({}, [("f", 0, 22), ("w", 60)], [], id="less than half a disc is not enough"),
        pytest.param({}, [("f", 0, EDGE), ("g", 9, EDGE)], [], id="who walks on at once is not in"),
        pytest.param({}, [("f", 0, OUT), ("f", 30, OUT), ("g", 60, EDGE), ("g", 90, EDGE)],
                     ["entered shop 90 confirmed_by_fix"], id="who walked half a minute ago may stand now"),
        pytest.param({"min_confidence": 0.2}, [("f", 0, 22), ("w", 10)], ["entered shop 10 confirmed_by_time"],
                     id="unless the zone says so"),
        pytest.param(
            {},
            [("f", 0, 0)] + [("f", 3 + 3 * n, x) for n, x in enumerate([19, 22, 24, 18, 27, 21, 26, 20] * 3)],
            ["entered shop 0 whole_disc"],
            id="jitter on the border does not leave",
        ),
        pytest.param(
            {},
            [("f", 0, 0), ("f", 5, 29), ("f", 10, 29), ("f", 25, 29)],
            ["entered shop 0 whole_disc", "exited shop 5 left"],
            id="gone when outside tolerance and accuracy for exit_s",
        ),
        pytest.param({}, [("f", 0, 0), ("f", 5, 28), ("f", 10, 28), ("w", 60)], ["entered shop 0 whole_disc"],
                     id="tolerance and accuracy are added up"),
        pytest.param({}, [("f", 0, 0), ("f", 5, OUT), ("w", 19)], ["entered shop 0 whole_disc"], id="not yet gone"),
        pytest.param(
            {}, [("f", 0, 0), ("f", 5, OUT), ("w", 20)], ["entered shop 0 whole_disc", "exited shop 5 left"],
            id="gone by timer, at the time of leaving",
        ),
        pytest.param({}, [("f", 0, 0), ("f", 5, OUT), ("f", 10, 0), ("w", 99)], ["entered shop 0 whole_disc"],
                     id="an outlier is taken back"),
        pytest.param(
            {"exit_s": 0}, [("f", 0, 0), ("f", 5, OUT)], ["entered shop 0 whole_disc", "exited shop 5 left"],
            id="no time to take back",
        ),
        pytest.param(
            {},
            [("f", 0, 0), ("f", 20, 0), ("f", 40, OUT), ("w", 69), ("f", 69, 0)],
            ["entered shop 0 whole_disc"],
            id="a slow phone gets one and a half intervals to come back",
        ),
        pytest.param(
            {}, [("f", 0, 0), ("f", 30, 5), ("w", 329)], ["entered shop 0 whole_disc"], id="silence, not long enough"
        ),
        pytest.param(
            {}, [("f", 0, 0), ("f", 30, 5), ("w", 330)], ["entered shop 0 whole_disc", "exited shop 30 silence"],
            id="silence ends it when last seen",
        ),
        pytest.param(
            {},
            [("f", 0, 0), ("f", 150, 0), ("w", 599)],
            ["entered shop 0 whole_disc"],
            id="a phone that reports seldom gets three intervals",
        ),
        pytest.param(
            {"timeout_s": 60, "enter_s": 90}, [("f", 0, EDGE), ("w", 200)], [], id="silent before it was believed"
        ),
        pytest.param(
            {},
            [("f", 0, 0), ("f", 5, OUT), ("w", 30), ("f", 40, 0), ("f", 45, OUT), ("w", 99)],
            [
                "entered shop 0 whole_disc", "exited shop 5 left",
                "entered shop 40 whole_disc", "exited shop 45 left",
            ],
            id="comes back: a second visit",
        ),
    ],
)  # fmt: skip
def test_entering_and_leaving(rules: dict[str, object], steps: list[Step], told: list[str]) -> None:
    assert run(Walk(shop(**rules)), steps).told == told


def run(walk: Walk, steps: list[Step]) -> Walk:
    does = {"f": walk.fix, "g": partial(walk.fix, walking=True), "w": walk.tick}
    for what, *values in steps:
        does[what](*values)  # type: ignore[index, operator]
    return walk


def test_a_phone_with_a_long_interval_enters_on_one_fix() -> None:
    walk = Walk(shop()).fix(0, OUT).fix(130, OUT).fix(260, EDGE)
    assert walk.told == ["entered shop 260 single_fix"]


@pytest.mark.parametrize(
    "rules, steps, told",
    [
        pytest.param({"dwell_s": (60,)}, [("w", 59)], [], id="not before the mark"),
        pytest.param({"dwell_s": (60,)}, [("w", 60)], ["dwelled 60s shop 60 dwell by_silence"], id="by timer"),
        pytest.param({"dwell_s": (20,)}, [("w", 25)], ["dwelled 20s shop 20 dwell"], id="young evidence is no silence"),
        pytest.param(
            {"dwell_s": (60,)}, [("f", 50, 0), ("w", 70)], ["dwelled 60s shop 60 dwell"], id="evidence just before"
        ),
        pytest.param(
            {"dwell_s": (30, 60, 90)},
            [("f", 29, 0), ("f", 58, 0), ("f", 87, 0), ("w", 100)],
            ["dwelled 30s shop 30 dwell", "dwelled 60s shop 60 dwell", "dwelled 90s shop 90 dwell"],
            id="several marks, each once",
        ),
        pytest.param({"dwell_s": (200,)}, [("w", 299)], [], id="too long ago for the timer"),
        pytest.param(
            {"dwell_s": (200,)}, [("w", 250), ("f", 280, 0)], ["dwelled 200s shop 200 dwell by_silence"],
            id="it waits for the next ping",
        ),
        pytest.param(
            {"dwell_s": (200,)}, [("f", 199, 0), ("f", 201, 0)], ["dwelled 200s shop 200 dwell"], id="with pings"
        ),
        pytest.param(
            {"dwell_s": (60, 90)},
            [("w", 100), ("w", 300)],
            [
                "dwelled 60s shop 60 dwell by_silence", "dwelled 90s shop 90 dwell by_silence",
                "retracted 60s shop 0 silence", "retracted 90s shop 0 silence", "exited shop 0 silence",
            ],
            id="a time-out takes back what was reached in silence",
        ),
        pytest.param(
            {"dwell_s": (60, 90)},
            [("f", 70, 0), ("w", 100), ("w", 370)],
            [
                "dwelled 60s shop 60 dwell by_silence", "dwelled 90s shop 90 dwell",
                "retracted 90s shop 70 silence", "exited shop 70 silence",
            ],
            id="and no more than that",
        ),
        pytest.param(
            {"dwell_s": (60,), "timeout_s": 30}, [("w", 300)], ["exited shop 0 silence"], id="silent before the mark"
        ),
        pytest.param(
            {"dwell_s": (60, 90)},
            [("f", 50, 0), ("f", 80, OUT), ("w", 140)],
            ["dwelled 60s shop 60 dwell", "exited shop 80 left"],
            id="nothing after the end",
        ),
        pytest.param(
            {"dwell_s": (10,)}, [("f", 8, OUT), ("f", 12, 0)], ["dwelled 10s shop 10 dwell"],
            id="a mark during an outlier counts when it is taken back",
        ),
        pytest.param(
            {"dwell_s": (60, 200), "exit_s": 0},
            [("f", 210, OUT)],
            [
                "dwelled 60s shop 60 dwell by_silence", "dwelled 200s shop 200 dwell by_silence",
                "exited shop 210 left",
            ],
            id="outside says: until now",
        ),
    ],
)  # fmt: skip
def test_dwelling(rules: dict[str, object], steps: list[Step], told: list[str]) -> None:
    walk = Walk(shop(timeout_s=rules.pop("timeout_s", 300), **rules)).fix(0, 0)
    assert run(walk, steps).told[1:] == told


def test_a_mark_before_the_confirming_fix_is_certain() -> None:
    walk = Walk(shop(dwell_s=(5,))).fix(0, EDGE).fix(8, 0).tick_at_timers(400)
    assert walk.told == ["entered shop 8 confirmed_by_fix", "dwelled 5s shop 5 dwell", "exited shop 8 silence"]


def test_retraction_names_the_mark_that_stays() -> None:
    walk = Walk(shop(dwell_s=(20, 60, 90))).fix(0, 0).fix(25, 0).tick(100).tick(400)
    kept = {t.dwell_s: t.kept_dwell_s for t in walk.transitions if t.kind == "retracted"}
    assert kept == {60: 20, 90: 20}


def test_a_fast_walk_through_counts_as_crossing_only_where_wanted() -> None:
    assert Walk(shop()).fix(0, -60).fix(10, 60).told == []
    walk = Walk(shop(crossing=True)).fix(0, -60).fix(12, 60)
    assert walk.told == ["entered shop 4 crossing", "exited shop 8 crossing"]
    assert {t.evidence for t in walk.transitions} == {"crossing"}
    assert walk.timers == {}
    doubtful = Walk(replace_levels(shop(crossing=True), 1)).fix(0, -60, level=0).fix(12, 60, level=0)
    assert doubtful.told == [], "the wrong floor crosses nothing"


def replace_levels(area: Area, *levels: int) -> Area:
    area.levels = frozenset(levels)
    return area


def test_leaving_across_the_zone_is_no_second_visit() -> None:
    walk = Walk(shop(crossing=True, exit_s=0)).fix(0, 0).fix(5, -24).fix(10, 60)
    assert walk.told == ["entered shop 0 whole_disc", "exited shop 10 left"]


def test_the_wrong_floor() -> None:
    area = replace_levels(shop(), 1, 2)
    assert Walk(area).fix(0, 0, level=0).fix(5, 0, level=0).tick(60).told == []
    assert Walk(area).fix(0, EDGE, level=1).fix(5, 0, level=0).tick(60).told == [], "contradicts what was pending"
    walk = Walk(area).fix(0, 0, level=1).fix(30, 0, level=2).fix(60, 0, level=3).tick(105)
    assert walk.told == ["entered shop 0 whole_disc", "exited shop 60 left"]


def test_trust_in_the_fix_scales_the_confidence() -> None:
    assert Walk(shop()).fix(0, 0, trust=0.4).tick(60).told == []
    walk = Walk(shop()).fix(0, 0, trust=0.8, source="wifi").tick(10)
    assert walk.told == ["entered shop 10 confirmed_by_time"], "not sure enough to enter at once"
    (entered,) = walk.transitions
    assert (entered.confidence, entered.evidence) == (0.8, "wifi")


def test_two_zones_and_the_order_of_what_is_told() -> None:
    rules = replace(RULES, exit_s=0)
    walk = Walk(Area("left", square(-30), rules), Area("right", square(30), rules))
    walk.fix(0, -30).fix(5, 12).fix(10, 45)
    assert walk.told == ["entered left 0 whole_disc", "exited left 5 left", "entered right 10 confirmed_by_fix"]


# --- zones that change ----------------------------------------------------------------------------------------------


def test_the_schedule_closes_by_timer_at_its_own_time() -> None:
    area = shop(dwell_s=(100,))
    area.closings = [(120, 500)]
    walk = Walk(area).fix(0, 0).fix(90, 0)
    assert walk.timers[area.zone_id] == moment(100)
    assert walk.tick(100).timers[area.zone_id] == moment(120)
    walk.tick(130).fix(200, 0).fix(499, 0).tick(499)
    assert walk.told == ["entered shop 0 whole_disc", "dwelled 100s shop 100 dwell", "exited shop 120 schedule_closed"]
    assert walk.fix(500, 0).told[3:] == ["entered shop 500 schedule_opened"], "open again"


def test_closing_does_not_lengthen_a_visit_that_was_ending() -> None:
    area = shop()
    area.closings = [(20, 500)]
    assert Walk(area).fix(0, 0).fix(15, OUT).tick(60).told[1:] == ["exited shop 15 schedule_closed"]
    pending = shop()
    pending.closings = [(5, 500)]
    assert Walk(pending).fix(0, EDGE).tick(60).told == []


def test_the_zone_is_taken_down() -> None:
    area = shop()
    walk = Walk(area).fix(0, 0).fix(5, 0)
    area.is_published = False
    assert walk.tick(30).told[1:] == ["exited shop 30 zone_deleted"]
    assert (walk.timers, walk.state and walk.state.zones) == ({}, {})
    leaving = Walk(shop()).fix(0, 0).fix(5, OUT)
    leaving.areas[0].is_published = False
    assert leaving.tick(10).told[1:] == ["exited shop 5 zone_deleted"]


@pytest.mark.parametrize(
    "shape, told",
    [
        (square(200), ["exited shop 20 zone_changed"]),
        (square(5), []),
    ],
    ids=["moved away", "still around"],
)
def test_the_zone_is_changed(shape: object, told: list[str]) -> None:
    area = shop()
    walk = Walk(area).fix(0, 0).fix(10, 0)
    area.shape, area.version = shape, 2  # type: ignore[assignment]
    walk.tick(20).change(20)
    assert walk.told[1:] == told
    if not told:
        assert walk.fix(30, OUT).tick(60).transitions[-1].zone_version == 2


def test_pending_takes_over_the_new_version() -> None:
    area = shop()
    walk = Walk(area).fix(0, EDGE)
    area.version = 2
    assert walk.change(2).fix(5, 0).transitions[0].zone_version == 2


def test_end_all_ends_every_visit_and_nothing_else() -> None:
    walk = Walk(shop(), Area("corner", square(15, half=10)), Area("pending", square(19, half=7)))
    walk.fix(0, 15, accuracy_m=4)
    assert walk.state is not None
    told = [walk.tell(t) for t in end_all(walk.state, moment(30), "consent_withdrawn")]
    assert told == ["exited shop 30 consent_withdrawn", "exited corner 30 consent_withdrawn"]
    assert set(walk.state.zones) == {a.zone_id for a in walk.areas}


# --- timers and ids -------------------------------------------------------------------------------------------------


def test_timers_are_written_at_transitions_only() -> None:
    area = shop(dwell_s=(600,))
    walk = Walk(area).fix(0, 0)
    written = walk.timer_writes
    for t in range(3, 120, 3):
        walk.fix(t, t % 7)
    assert walk.timer_writes == written, "standing around costs no timers"
    assert walk.timers == {area.zone_id: moment(300)}
    walk.tick(300)
    assert walk.timers == {area.zone_id: moment(417)}, "too early: set again from the last evidence"
    walk.fix(400, OUT)
    assert walk.timers == {area.zone_id: moment(460)}, "leaving is due sooner"
    assert walk.tick(460).timers == {}


def test_a_pending_zone_has_a_timer_and_a_contradicted_one_none() -> None:
    area = shop()
    walk = Walk(area).fix(0, EDGE)
    assert walk.timers == {area.zone_id: moment(10)}
    assert walk.fix(5, OUT).timers == {}


def test_event_ids_are_stable_and_distinct() -> None:
    tenant = new_id()

    def ids() -> list[UUID]:
        walk = Walk(shop(dwell_s=(60, 90)), Area("other", square())).fix(0, 0).tick(100).tick(400)
        return [t.event_id(tenant, UUID(int=7)) for t in walk.transitions]

    assert ids() == ids()
    assert len(set(ids())) == len(ids()) == 8
    assert not set(ids()) & {t.event_id(new_id(), UUID(int=7)) for t in Walk(shop()).fix(0, 0).transitions}

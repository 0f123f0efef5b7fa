"""The phone's own region monitoring as evidence: with sparse pings it alone opens and closes visits.

The large zone fills 90 % of its circle, the shop 8 % of its own, which is the smallest that a phone can monitor.
"""

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoengage.venues.rules import ZoneRules
from tests.walks import Area, Walk, square

FOREVER = 100_000.0
MALL = shapely.Point(0, 0).buffer(150)
LARGE = Area("large", MALL.intersection(shapely.box(-145, -145, 145, 145)), ZoneRules(dwell_s=(300,)))
SHOP = Area("shop", square(half=25))
FAR = 400.0


def at_the_edge(walk: Walk, t: float, *, left: bool, area: str = "large", accuracy_m: float = 100.0) -> Walk:
    """What a phone reports when it crosses the circle's edge: it lies outside of the zone and is not sure."""
    return walk.fix(t, 170.0, accuracy_m=accuracy_m, said=(area, left))


def test_enter_and_exit_alone_make_a_visit() -> None:
    walk = at_the_edge(Walk(LARGE), 0, left=False)
    assert walk.told == ["entered large 0 phone_enter"]
    walk.tick_at_timers(5000)
    assert walk.told[1:] == [], "it watches the zone by itself: silence is no absence, and no mark fires in silence"
    at_the_edge(walk, 5000, left=True)
    assert walk.told[1:] == ["dwelled 300s large 300 dwell by_silence", "exited large 5000 phone_exit"]
    assert walk.tick(FOREVER).timers == {}


def test_the_phones_own_dwell_reaches_the_marks() -> None:
    walk = at_the_edge(Walk(LARGE), 0, left=False)
    walk.fix(400, 0, accuracy_m=100, said=("large", False))
    assert walk.told[1:] == ["dwelled 300s large 300 dwell"]
    assert not walk.transitions[1].by_silence


def test_a_phone_that_never_says_more_is_gone_after_hours() -> None:
    walk = at_the_edge(Walk(LARGE), 0, left=False).tick_at_timers(FOREVER)
    assert walk.told[-1] == "exited large 0 silence"
    assert walk.timers == {}


def test_a_phone_that_reports_often_is_judged_by_its_silence() -> None:
    walk = at_the_edge(Walk(LARGE), 0, left=False)
    for t in (20, 40, 60):
        walk.fix(t, 0)
    walk.tick_at_timers(FOREVER)
    assert walk.told[-1] == "exited large 60 silence"


def test_a_circle_much_larger_than_its_zone_is_just_a_position() -> None:
    assert at_the_edge(Walk(SHOP), 0, left=False, area="shop").tick(FOREVER).told == []
    inside = Walk(SHOP).fix(0, 0, accuracy_m=20, said=("shop", False))
    assert inside.told == ["entered shop 0 phone_enter"], "but a position that is good enough counts at once"
    inside.tick_at_timers(FOREVER)
    assert inside.told[1:] == ["exited shop 0 silence"], "its exit would come far too late to rely on"


def test_leaving_the_circle_is_certain_whatever_the_position_says() -> None:
    walk = Walk(SHOP).fix(0, 0).fix(30, 0, said=("shop", True))
    assert walk.told == ["entered shop 0 whole_disc", "exited shop 30 phone_exit"]
    assert walk.tick(FOREVER).told[2:] == []


def test_who_was_seen_outside_before_left_then() -> None:
    walk = Walk(SHOP).fix(0, 0).fix(5, FAR).fix(8, FAR, said=("shop", True))
    assert walk.told == ["entered shop 0 whole_disc", "exited shop 5 phone_exit"]


def test_a_pending_zone_is_forgotten() -> None:
    walk = Walk(SHOP).fix(0, 24, accuracy_m=30.0).fix(5, 24, accuracy_m=30.0, said=("shop", True))
    assert walk.tick(FOREVER).told == []


def test_a_pending_zone_is_entered() -> None:
    walk = Walk(SHOP).fix(0, 24).fix(5, 24, said=("shop", False))
    assert walk.told == ["entered shop 5 phone_enter"]


@pytest.mark.parametrize("said", [("nowhere", False), ("nowhere", True), ("closed", False), ("closed", True)])
def test_what_is_not_there_or_closed_is_passed_over(said: tuple[str, bool]) -> None:
    closed = Area("closed", LARGE.shape, closings=[(-100.0, FOREVER)])
    assert Walk(closed).fix(0, FAR, said=said).tick(FOREVER).told == []


def test_the_floor_counts() -> None:
    upstairs = Area("large", LARGE.shape, levels=frozenset({1}))
    assert Walk(upstairs).fix(0, 170, accuracy_m=100, level=0, said=("large", False)).told == []
    assert Walk(upstairs).fix(0, 170, accuracy_m=100, level=1, said=("large", False)).told


def test_a_second_word_keeps_who_is_leaving() -> None:
    walk = at_the_edge(Walk(LARGE), 0, left=False).fix(100, FAR).fix(110, 170, accuracy_m=100, said=("large", False))
    assert walk.tick(400).told == ["entered large 0 phone_enter"]


_rules = st.builds(
    ZoneRules,
    enter_s=st.sampled_from([0, 10, 400]),
    exit_s=st.sampled_from([0, 15]),
    dwell_s=st.sampled_from([(), (30, 400)]),
    timeout_s=st.sampled_from([30, 300]),
    single_fix=st.booleans(),
)
_steps = st.lists(
    st.tuples(
        st.sampled_from([0.000001, 3.0, 40.0, 310.0, 4000.0, 20_000.0]),
        st.sampled_from([-70.0, 0.0, 16.0, 160.0, 400.0]),
        st.sampled_from([5.0, 100.0]),
        st.sampled_from([None, ("large", False), ("large", True), ("shop", False), ("shop", True)]),
    ),
    min_size=1,
    max_size=12,
)


def feed(rules: ZoneRules, steps: list[tuple[float, float, float, tuple[str, bool] | None]], *, worker: bool) -> Walk:
    walk, t = Walk(Area("large", LARGE.shape, rules), Area("shop", SHOP.shape, rules)), 0.0
    for gap, x, accuracy_m, said in steps:
        if worker:
            walk.tick_at_timers(t + gap)
        t += gap
        walk.fix(t, x, accuracy_m=accuracy_m, said=said)
    return walk.tick_at_timers(FOREVER * 3) if worker else walk.tick(FOREVER * 3)


@settings(max_examples=150, deadline=None)
@given(rules=_rules, steps=_steps)
def test_it_does_not_matter_when_the_worker_comes(rules: ZoneRules, steps: list) -> None:  # type: ignore[type-arg]
    never, punctual = feed(rules, steps, worker=False), feed(rules, steps, worker=True)
    assert punctual.by_zone() == never.by_zone()
    assert never.state is not None
    assert never.state.zones == {}, "in the end everybody has gone"


@settings(max_examples=150, deadline=None)
@given(rules=_rules, steps=_steps)
def test_entered_and_exited_alternate_and_left_means_out(rules: ZoneRules, steps: list) -> None:  # type: ignore[type-arg]
    walk, t = Walk(Area("large", LARGE.shape, rules)), 0.0
    for gap, x, accuracy_m, said in steps:
        t += gap
        walk.fix(t, x, accuracy_m=accuracy_m, said=said)
        assert walk.state is not None
        if said == ("large", True):
            assert walk.state.zones == {}
    for told in walk.tick(FOREVER * 3).by_zone().values():
        kinds = [e.kind for e in told if e.kind in ("entered", "exited")]
        assert kinds == ["entered", "exited"] * (len(kinds) // 2)

"""What holds of every walk: invariants of the decision, found out with random tracks, rules and workers."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoengage.presence.rules.decide import Transition
from geoengage.presence.rules.state import Phase
from geoengage.venues.rules import ZoneRules
from tests.walks import Area, Walk, moment, square

FOREVER = 100_000.0
_rules = st.builds(
    ZoneRules,
    enter_s=st.sampled_from([0, 10, 30, 400]),
    exit_s=st.sampled_from([0, 15, 60]),
    exit_tolerance_m=st.sampled_from([0.0, 3.0]),
    dwell_s=st.sampled_from([(), (20,), (30, 60, 120), (5, 200, 400)]),
    timeout_s=st.sampled_from([30, 90, 300]),
    dwell_silence_s=st.sampled_from([20, 120]),
    single_fix=st.booleans(),
    crossing=st.booleans(),
)
_closings = st.lists(st.tuples(st.integers(0, 600), st.integers(1, 300)), max_size=2).map(
    lambda spans: [(float(a), float(a + length)) for a, length in spans]
)
_gap = st.sampled_from([1.0, 3.0, 10.0, 15.0, 40.0, 130.0, 310.0, 700.0])
_steps = st.lists(
    st.tuples(
        _gap,
        st.sampled_from([-70.0, -25.0, -19.0, 0.0, 16.0, 22.0, 29.0, 45.0, 70.0]),
        st.sampled_from([3.0, 8.0, 40.0]),
        st.sampled_from([None, 0, 1]),
        # where in the gap before this fix the worker comes by
        st.lists(st.floats(0, 1), max_size=3).map(sorted),
    ),
    min_size=1,
    max_size=12,
)


@st.composite
def _areas(draw: st.DrawFn) -> list[Area]:
    first = Area("first", square(), draw(_rules), closings=draw(_closings))
    second = Area("second", square(40), draw(_rules), levels=frozenset({0}))
    return [first, second]


def feed(areas: list[Area], steps: list[tuple[float, float, float, int | None, list[float]]], worker: str) -> Walk:
    """Walk it with a worker that comes at the times given, only for due timers, or not before the end."""
    walk, t = Walk(*areas), 0.0
    for gap, x, accuracy_m, level, visits in steps:
        if worker == "random":
            for part in visits:
                walk.tick(t + gap * part)
        if worker == "timers":
            walk.tick_at_timers(t + gap)
            before = len(walk.transitions)
            assert len(walk.tick(t + gap).transitions) == before, "a stored timer was later than what it is for"
        t += gap
        walk.fix(t, x, 0.0, accuracy_m, level)
    return walk.tick_at_timers(FOREVER) if worker == "timers" else walk.tick(FOREVER)


@pytest.mark.parametrize("worker", ["random", "timers"])
@settings(max_examples=120, deadline=None)
@given(areas=_areas(), steps=_steps)
def test_it_does_not_matter_when_the_worker_comes(worker: str, areas: list[Area], steps: list) -> None:  # type: ignore[type-arg]
    never, sometimes = feed(areas, steps, "never"), feed(areas, steps, worker)
    assert sometimes.by_zone() == never.by_zone()
    assert never.state is not None
    assert never.state.zones == {}, "in the end everybody has gone"
    assert never.timers == sometimes.timers == {}


@settings(max_examples=120, deadline=None)
@given(areas=_areas(), steps=_steps)
def test_what_is_told_makes_sense(areas: list[Area], steps: list) -> None:  # type: ignore[type-arg]
    walk = feed(areas, steps, "random")
    for told in walk.by_zone().values():
        _check_zone(told)
    ids = [t.event_id(UUID(int=1), UUID(int=2)) for t in walk.transitions]
    assert len(set(ids)) == len(ids)
    again = feed(areas, steps, "random")
    assert again.transitions == walk.transitions, "a replay tells the same"


def _check_zone(told: list[Transition]) -> None:
    """Entered and exited alternate, visits do not overlap, marks lie in their visit and are told once."""
    open_visit: UUID | None = None
    ended = moment(0)
    marks: list[int | None] = []
    for t in told:
        assert 0 < t.confidence <= 1
        if t.kind == "entered":
            assert open_visit is None
            assert t.since >= ended
            assert t.at >= t.since
            open_visit, marks = t.visit_id, []
            continue
        assert t.visit_id == open_visit
        if t.kind == "dwelled":
            assert t.dwell_s not in marks
            assert t.at == t.since + timedelta(seconds=t.dwell_s or 0)
            marks.append(t.dwell_s)
        elif t.kind == "retracted":
            assert t.dwell_s in marks
            marks.remove(t.dwell_s)
        else:
            assert t.at >= t.since
            assert all(t.since + timedelta(seconds=m or 0) <= t.at for m in marks), "no mark beyond the end stays"
            ended, open_visit = t.at, None
    assert open_visit is None


@settings(max_examples=60, deadline=None)
@given(areas=_areas(), steps=_steps)
def test_a_state_is_what_it_says(areas: list[Area], steps: list) -> None:  # type: ignore[type-arg]
    walk, t = Walk(*areas), 0.0
    for gap, x, accuracy_m, level, _ in steps:
        t += gap
        walk.fix(t, x, 0.0, accuracy_m, level)
        assert walk.state is not None
        assert set(walk.timers) == set(walk.state.zones), "each zone of the state has its timer"
        for zone_id, z in walk.state.zones.items():
            assert (z.visit_id is None) == (z.phase in (Phase.PENDING, Phase.DORMANT))
            assert (z.out_since is not None) == (z.phase is Phase.LEAVING)
            assert max(z.since, z.seen_at) <= moment(t)
            assert z.timer_at == walk.timers[zone_id]

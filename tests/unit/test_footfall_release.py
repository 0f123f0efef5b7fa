"""Small worlds, every answer to every question about them, and somebody who adds and subtracts.

The attacker knows which visits each told number stands for (worked out here by plain sets, a second time), and looks
for a combination that stands for 1 to k-1 people.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoengage.reports.rules.footfall import BINS_S, RETURN_DAYS, Footfall, Place, Visits
from geoengage.reports.rules.periods import Period, Span, period_of, piece_of
from tests.footfall_truth import Answer, Row, bin_of, grouped, lies_in, people_of, plain_counts, steps, told_atoms

K = 3
SMALL = (
    ("spot", "day"),
    ("spot", "day", "bin"),
    ("spot", "bin"),
    ("day", "bin"),
    ("day",),
    ("person",),
    ("spot", "person"),
)
FIRST = date(2026, 9, 28)  # a Monday; the week crosses into October
TODAY = date(2026, 11, 20)
# spots 0-3: two shops of one store on two floors, a shop, a hall on both floors that had another zone before (spot 4)
PLACES = [
    *(Place("zone", None, None, f"zone {n}", 1 << n) for n in range(4)),
    Place("store", None, None, "store", 0b0011),
    Place("store", None, None, "shop", 0b0100),
    Place("level", None, 0, "ground", 0b11101),
    Place("level", None, 1, "first", 0b01010),
    Place("mall", None, None, "mall", 0b11111),
]


def columns(rows: list[Row]) -> Visits:
    def of(values: Any) -> Any:
        return np.array(list(values), dtype=np.int64)

    start = of(r.day.toordinal() * 86_400 + r.minute * 60 for r in rows)
    return Visits(
        person=of(r.person for r in rows),
        spot=of(r.spot for r in rows),
        day=of(r.day.toordinal() for r in rows),
        hour=of(r.minute // 60 for r in rows),
        start_s=start,
        end_s=np.where([r.dwell_s is None for r in rows], -1, start + of(r.dwell_s or 0 for r in rows)),
    )


@st.composite
def worlds(draw: st.DrawFn) -> list[Row]:
    """Visits on a few days around the end of a month; people and habits are few, so that groups nest and overlap."""
    seed, people, days = draw(st.integers(0, 2**32 - 1)), draw(st.integers(2, 12)), draw(st.integers(1, 12))
    rng = np.random.default_rng(seed)
    dense = draw(st.sampled_from([5, 20, 80, 250]))
    dwells = [None, 20, 100, 400, 4000]
    chance = rng.dirichlet(np.ones(5) * draw(st.sampled_from([0.2, 1.0, 5.0])), size=2)
    return [
        Row(
            int(rng.integers(people)),
            int(rng.choice(5, p=chance[0])),
            FIRST + timedelta(days=int(rng.integers(days))),
            int(rng.integers(4)) * 60 + 600 + int(rng.integers(3)),
            dwells[int(rng.choice(5, p=chance[1]))],
        )
        for _ in range(dense)
    ]


def periods(rows: list[Row]) -> list[Period]:
    days = sorted({r.day for r in rows})
    return sorted({period_of(span, day) for span in Span for day in days}, key=lambda p: (p.days, p.first))


def visit_answers(rows: list[Row], counted: Footfall, atoms: dict[int, str]) -> Iterator[Answer]:
    """Every told number that counts visits."""
    period = counted.period
    for p, place in enumerate(PLACES):
        here = {n for n in atoms if place.spots >> rows[n].spot & 1 and period.first <= rows[n].day <= period.last}
        apart = {n for n in here if atoms[n] == "apart"}
        number = counted.visits(p)
        if number is not None:
            yield Answer((place.name, period, "visits"), number, frozenset(apart if period.span is Span.DAY else here))
        for day, visits, _ in counted.by_day(p):
            if visits is not None:
                yield Answer((place.name, day, "day"), visits, frozenset(n for n in apart if rows[n].day == day))
        for number, wanted in zip(counted.bins(p), range(len(BINS_S)), strict=True):
            if number is not None:
                yield Answer((place.name, period, wanted), number, frozenset(told_bin(rows, counted, here, wanted)))


def told_bin(rows: list[Row], counted: Footfall, here: set[int], wanted: int) -> set[int]:
    """The visits of a bin, without the (spot, piece) tables that keep it back.

    Which ones do is asked of a mall of that one spot in the week or month of that piece, since that is not the attack.
    """
    found = set()
    for key in {(rows[n].spot, piece_of(rows[n].day)) for n in here}:
        table = [n for n in here if (rows[n].spot, piece_of(rows[n].day)) == key]
        alone = Footfall(columns([rows[n] for n in table]), PLACES, period_of(Span.MONTH, key[1][0]), TODAY, K)
        if alone._spot_bins.get(key[0], (np.zeros(9),))[0][wanted]:
            found |= {n for n in table if bin_of(rows[n]) == wanted}
    return found


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_no_sum_or_difference_of_visits_isolates_a_few_people(rows: list[Row]) -> None:
    atoms = told_atoms(rows, K, TODAY)
    seen = columns(rows)
    answers = [
        answer
        for period in periods(rows)
        for answer in visit_answers(rows, Footfall(seen, PLACES, period, TODAY, K), atoms)
    ]
    for answer in answers:
        assert answer.number == len(answer.visits), answer.name
        assert not 0 < len(people_of(rows, answer.visits)) < K, answer.name

    system = np.array([[n in s for n in range(len(rows))] for s in {a.visits for a in answers}], dtype=float)
    rank = np.linalg.matrix_rank(system)
    small = {group for names in SMALL for group in grouped(rows, names) if len(people_of(rows, group)) < K}
    for group in small:
        wanted = np.array([float(n in group) for n in range(len(rows))])
        assert np.linalg.matrix_rank(np.vstack([system, wanted])) > rank, group
    for vector in plain_counts(system):
        assert not 0 < len(people_of(rows, np.flatnonzero(vector))) < K


def people_answers(rows: list[Row], counted: Footfall, atoms: dict[int, str]) -> Iterator[Answer]:
    """Every told number that counts people, with the visits by which they are counted."""
    period = counted.period
    for p, place in enumerate(PLACES):
        here = {n for n in atoms if place.spots >> rows[n].spot & 1 and period.first <= rows[n].day <= period.last}
        apart = {n for n in here if atoms[n] == "apart"}
        if period.span is Span.DAY:
            here = apart
        number = counted.people(p)
        if number is not None:
            yield Answer((place.name, period), number, frozenset(here))
        share = counted.returning_share(p)
        if share is not None:
            before = {
                r.person for r in rows if place.spots >> r.spot & 1 and 0 < (period.first - r.day).days <= RETURN_DAYS
            }
            came_back = [n for n in here if rows[n].person in before]
            assert share == round(len(people_of(rows, came_back)) / len(people_of(rows, here)), 3)
            back = frozenset(came_back)
            yield Answer((place.name, period, "back"), len(people_of(rows, back)), back, (frozenset(here),), period)
        if period.span is Span.DAY:
            for n, people in enumerate(counted.hours(p)):
                visits = frozenset(v for v in apart if rows[v].day.weekday() * 24 + rows[v].minute // 60 == n)
                if people is not None:
                    yield Answer((place.name, period, n), people, visits)
    for start, end, people in counted.flows()[0]:
        ends = tuple(
            frozenset(n for n in atoms if rows[n].spot == spot and period.first <= rows[n].day <= period.last)
            for spot in (start, end)
        )
        done = frozenset(steps(rows, counted.period, atoms, start, end))
        yield Answer((start, end, period, "flow"), people, done, ends, (start, end))


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_no_group_lies_in_another_with_a_few_people_between(rows: list[Row]) -> None:
    atoms = told_atoms(rows, K, TODAY)
    seen = columns(rows)
    answers = {
        answer
        for period in periods(rows)
        for answer in people_answers(rows, Footfall(seen, PLACES, period, TODAY, K), atoms)
    }
    for answer in answers:
        assert answer.number == len(people_of(rows, answer.visits)), answer.name
        assert not 0 < answer.number < K, answer.name
    for a in answers:
        for b in answers:
            if a.number and a != b and lies_in(a, b):
                assert not 0 < b.number - a.number < K, (a.name, b.name)


@settings(max_examples=8, deadline=None)
@given(worlds())
def test_a_later_look_tells_no_difference(rows: list[Row]) -> None:
    """Whoever writes numbers down every night finds no group between them: told groups stay told or grow by k."""
    told: set[Answer] = set()
    seen = columns(rows)
    for night in (1, 2, 3, 5, 7, 8, 12):
        today = FIRST + timedelta(days=night)
        atoms = told_atoms(rows, K, today)
        for period in periods(rows):
            if period.first < today:
                for answer in people_answers(rows, Footfall(seen, PLACES, period, today, K), atoms):
                    told.add(answer)
    for a in told:
        for b in told:
            if a.number and a != b and lies_in(a, b):
                assert not 0 < b.number - a.number < K, (a.name, b.name)


def test_a_pool_makes_a_quiet_week_count() -> None:
    rows = [Row(n, 2, FIRST + timedelta(days=n % 3), 600, 100) for n in range(6)]  # two people a day, k = 3
    week = Footfall(columns(rows), PLACES, period_of(Span.WEEK, FIRST), TODAY, K)
    day = Footfall(columns(rows), PLACES, period_of(Span.DAY, FIRST), TODAY, K)
    assert (week.visits(2), week.people(2), week.hidden(2)) == (6, 6, 0)
    assert (day.visits(2), day.people(2), day.hidden(2)) == (None, None, 1)
    assert [visits for _, visits, _ in week.by_day(2)] == [None, None, None, 0, 0, 0, 0]


@pytest.mark.parametrize("today, complete", [(FIRST + timedelta(days=3), False), (FIRST + timedelta(days=7), True)])
def test_only_days_that_are_over_count(today: date, complete: bool) -> None:
    rows = [Row(n, 2, FIRST + timedelta(days=d), 600, 100) for n in range(5) for d in range(6)]
    week = Footfall(columns(rows), PLACES, period_of(Span.WEEK, FIRST), today, K)
    assert week.complete is complete
    assert week.visits(2) == (30 if complete else 15)
    assert week.people(2) == (5 if complete else None)
    assert [visits for _, visits, _ in week.by_day(2)][:4] == [5, 5, 5, 5 if complete else None]

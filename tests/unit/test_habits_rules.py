"""Decline, stages, season and what is kept of habits: single people, and the same for many at once."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from geoengage.metrics.rules import (
    DEGREES,
    PERCENTILES,
    STAGES,
    Degree,
    History,
    Kept,
    Population,
    Purchases,
    Season,
    Shop,
    Stage,
    Thresholds,
    Told,
    checks,
    decline,
    habits,
    purchases,
    stage,
    stages_over,
)
from geoengage.metrics.rules.decline import moved
from geoengage.metrics.rules.fitting import fit_shop, fit_steady_season
from geoengage.metrics.rules.gaps import fit_population, rhythm
from geoengage.metrics.rules.season import fit_season
from tests.bench import customers as made

START = date(2025, 1, 6)
SHOP = Shop()


def every(gap: int, times: int, start: date = START) -> list[date]:
    return [start + timedelta(days=gap * n) for n in range(times)]


def test_too_little_is_unknown() -> None:
    at = START + timedelta(days=200)
    assert decline(History([]), at, SHOP).degree is Degree.UNKNOWN
    assert decline(History(every(30, 3)), at, SHOP).degree is Degree.UNKNOWN
    assert decline(History(every(10, 8)), START + timedelta(days=80), SHOP).degree is Degree.UNKNOWN
    assert decline(History(every(10, 8)), START + timedelta(days=95), SHOP).degree is Degree.NONE


def test_what_lies_ahead_is_not_known_yet() -> None:
    days = every(10, 30)
    at = START + timedelta(days=150)
    assert decline(History(days), at, SHOP) == decline(History([d for d in days if d <= at]), at, SHOP)


def test_a_short_history_needs_a_longer_silence() -> None:
    """Five purchases every ten days lean on the population, fifty speak for themselves."""

    def days_until_gone(times: int) -> int:
        days = every(10, times)
        last = days[-1]
        return next(
            n for n in range(400) if decline(History(days), last + timedelta(days=n), SHOP).towards is Degree.GONE
        )

    assert 20 < days_until_gone(50) < days_until_gone(12) < 200


def test_who_slows_down_falls_by_degrees() -> None:
    """Weekly for a year, then every three weeks: seen before a year of it is over, and told one degree a week."""
    days = every(7, 52) + every(21, 12, START + timedelta(days=52 * 7 + 14))
    was: tuple[Degree | None, date | None] = (None, None)
    seen = []
    for n in range(350, 600):
        at = START + timedelta(days=n)
        found = decline(History(days, *was), at, SHOP)
        if was[0] is not found.degree:
            seen.append((found.degree, at))
        was = found.degree, found.since
    degrees = [degree for degree, _ in seen]
    assert degrees[:3] == [Degree.NONE, Degree.SLIGHT, Degree.MARKED]
    assert Degree.GONE not in degrees[:4]
    steps = np.diff([at.toordinal() for _, at in seen[1:]])
    assert (steps >= 7).all()
    assert all(abs(DEGREES.index(a) - DEGREES.index(b)) == 1 for a, b in pairwise(degrees))
    found = decline(History(days), START + timedelta(days=590), SHOP)
    assert -0.75 < found.change < -0.5
    assert found.changed_on is not None
    assert abs((found.changed_on - (START + timedelta(days=51 * 7))).days) <= 42


@pytest.mark.parametrize(
    "was, days, towards, then",
    [
        (None, 0, Degree.SEVERE, Degree.SEVERE),
        (Degree.NONE, 6, Degree.GONE, Degree.NONE),
        (Degree.NONE, 7, Degree.GONE, Degree.SLIGHT),
        (Degree.GONE, 30, Degree.NONE, Degree.SEVERE),
        (Degree.GONE, 1, Degree.GONE, Degree.GONE),
        (Degree.UNKNOWN, 1, Degree.MARKED, Degree.MARKED),
        (Degree.MARKED, 1, Degree.UNKNOWN, Degree.UNKNOWN),
        (Degree.UNKNOWN, 9, Degree.UNKNOWN, Degree.UNKNOWN),
    ],
)
def test_one_degree_a_week(was: Degree | None, days: int, towards: Degree, then: Degree) -> None:
    at = START + timedelta(days=days)
    degree, since = moved(was, None if was is None else START, towards, at)
    assert degree is then
    assert since == (START if was is then else at)


# --- stages -------------------------------------------------------------------------------------------------------


def test_a_customers_life() -> None:
    days = [*every(10, 20), START + timedelta(days=430), *every(10, 10, START + timedelta(days=440))]

    def at(n: int) -> Stage:
        return stage(days, START + timedelta(days=n), SHOP)

    assert at(-1) is Stage.SUBSCRIBER
    assert (at(0), at(59)) == (Stage.NEW, Stage.NEW)
    assert at(100) is Stage.ACTIVE
    assert Stage.AT_RISK in {at(n) for n in range(200, 300)}
    assert at(429) is Stage.CHURNED
    assert (at(430), at(489)) == (Stage.REACTIVATED, Stage.REACTIVATED)
    assert at(530) in {Stage.ACTIVE, Stage.SLOWING}
    assert stage([START], START + timedelta(days=731), SHOP) is Stage.CHURNED


def test_the_past_of_many_is_the_past_of_each() -> None:
    customers = made.make(150, 3)
    bought = customers.bought
    dates = [date.fromordinal(made.START + n) for n in (1, 90, 333, 700)]
    shop = Shop(season=fit_season(bought, made.START + 700), population=fit_population(bought, Season()))
    codes = stages_over(bought, dates, shop)
    for i in range(0, 150, 7):
        days = [date.fromordinal(int(d)) for d in bought.days[bought.starts[i] : bought.starts[i + 1]]]
        assert [STAGES[c] for c in codes[i]] == [stage(days, at, shop) for at in dates]
    assert len(set(codes[:, 3].tolist())) >= 4


# --- what is kept -------------------------------------------------------------------------------------------------


def told(*people: list[date], spent: float = 1000.0) -> Told:
    bought = purchases([list(days) for days in people])
    return Told(bought, np.full(len(bought.days), spent), purchases([[] for _ in people]))


def test_changes_against_the_own_half_year() -> None:
    days = every(7, 52) + every(14, 4, START + timedelta(days=52 * 7 + 7))
    at = days[-1]
    (found,) = habits(told(days), [Kept()], at, SHOP)
    assert found.per_week_before == pytest.approx(1, abs=0.05)
    assert found.frequency_change is not None
    assert -0.5 < found.frequency_change < -0.15
    assert found.frequency_change == found.spend_change, "each purchase costs the same"
    assert found.visits_change is None
    assert found.now_days % 7 == 0
    assert list(found.gap_days) == sorted(found.gap_days)
    assert len(found.gap_days) == len(PERCENTILES)
    assert found.typical_gap_days == pytest.approx(7.5, abs=1.5)


def test_spend_and_visits_change_by_themselves() -> None:
    days = every(7, 60)
    at = days[-1]
    bought = purchases([days])
    spent = np.where(np.arange(60) < 55, 1000.0, 400.0)
    visits = purchases([[d for d in every(3, 140) if d < at - timedelta(days=49)]])
    (found,) = habits(Told(bought, spent, visits), [Kept()], at, SHOP)
    assert found.spend_change is not None
    assert found.visits_change is not None
    assert found.frequency_change is not None
    assert found.spend_change < -0.25
    assert found.visits_change < -0.6
    assert abs(found.frequency_change) < 0.05


def test_a_row_holds_until_its_check() -> None:
    """Looking at a row on any day before its check finds the same degree, stage and counts."""
    customers = made.make(60, 5)
    at = date.fromordinal(made.START + 500)
    known = customers.bought.until(at.toordinal())
    people = [i for i in range(60) if known.counts[i]]
    lists = [[date.fromordinal(int(d)) for d in known.days[known.starts[i] : known.starts[i + 1]]] for i in people]
    facts = told(*lists)
    found = habits(facts, [Kept()] * len(people), at, SHOP)
    due = checks(facts, found, at, SHOP)
    kept = [Kept(f.decline, f.decline_since, f.stage, f.stage_since) for f in found]
    assert set(due) - {at + timedelta(days=7)}, "some change earlier"
    for ahead in range(1, 8):
        then = at + timedelta(days=ahead)
        for before, after, day in zip(found, habits(facts, kept, then, SHOP), due, strict=True):
            if then < day:
                assert (before.decline, before.stage, before.bought_now) == (
                    after.decline,
                    after.stage,
                    after.bought_now,
                )


# --- season and population ----------------------------------------------------------------------------------------


def test_usual_days_there_and_back() -> None:
    season = Season(700_000, (0.5, 2.0, 1.0))
    days = np.array([699_990, 700_000, 700_007, 700_014, 700_021, 700_030])
    usual = season.usual_days(days)
    assert np.diff(usual).tolist() == [10.0, 3.5, 14.0, 7.0, 9.0]
    assert np.allclose(season.days_at(usual), days)
    assert Season().usual_days(days).tolist() == days.tolist()


def test_a_shop_that_was_closed_is_nobodys_silence() -> None:
    """Who comes weekly is not gone after six weeks in which nobody could come."""
    days = every(7, 60)
    at = days[-1] + timedelta(days=45)
    first = days[-1].toordinal() + 1
    closed = Season(first, (0.02,) * 6 + (1.0,))
    assert decline(History(days), at, SHOP).towards is Degree.GONE
    assert decline(History(days), at, Shop(season=closed)).towards is Degree.NONE


def test_too_few_purchases_make_no_season_and_no_population() -> None:
    few = purchases([every(20, 5) for _ in range(10)])
    assert fit_season(few, few.days.max()) == Season()
    assert fit_population(few, Season()) == Population()
    assert fit_shop(few, int(few.days.max())) == (Population(), Season())


def test_those_who_slow_down_hardly_bend_the_season() -> None:
    """Half of these people fall in the second year; nobody has a season."""
    bought, until = made.make(3000, 11).bought, made.START + 700
    bent, held = fit_season(bought, until), fit_steady_season(bought, until, Population())
    assert min(bent.index[4:]) < 0.9
    assert min(held.index[4:]) > min(bent.index[4:]) + 0.04


def test_the_population_is_found_again() -> None:
    customers = made.make(1500, 9, mix=(1.0, 0.0, 0.0, 0.0, 0.0))
    found = fit_population(customers.bought, Season())
    assert found.days / found.shape == pytest.approx(18, rel=0.25)
    assert sum(found.regularity) == pytest.approx(1, abs=0.01)


def test_regular_people_are_missed_sooner() -> None:
    """At the same rate a long gap says more of somebody regular than of somebody who comes in clumps."""
    regular = every(14, 26)
    clumped = sorted({START + timedelta(days=n) for k in range(0, 350, 56) for n in (k, k + 2, k + 3, k + 5)})
    at = (max(regular[-1], clumped[-1]) + timedelta(days=45)).toordinal()
    seen = rhythm(purchases([regular, clumped]), at, Population(), Season())
    assert seen.gone[0] > seen.gone[1] + 1


def test_nobody_is_no_trouble() -> None:
    nobody = Purchases(np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64))
    assert stages_over(nobody, [START], SHOP).shape == (0, 1)
    assert Thresholds().least_purchases == 4

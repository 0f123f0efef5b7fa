"""Arms, plans, effects and verdicts by themselves."""

from datetime import date
from uuid import UUID

import numpy as np
import pytest
from scipy import stats

from geoengage.experiments.rules import (
    Arm,
    Measured,
    Moments,
    Plan,
    arm,
    days_more,
    difference,
    held_by_campaign,
    last_day,
    moments,
    people_needed,
    pooled,
    ratio,
    takes_part,
    winner,
)

CAMPAIGN = UUID(int=5)
RNG = np.random.default_rng(3)


def test_arms_are_stable_and_by_weight() -> None:
    arms = [Arm("A", 1), Arm("B", 3)]
    people = [UUID(int=n) for n in range(4000)]
    drawn = [arm("variant", CAMPAIGN, person, arms).name for person in people]
    assert drawn == [arm("variant", CAMPAIGN, person, arms).name for person in people]
    assert 0.72 < drawn.count("B") / len(drawn) < 0.78
    with pytest.raises(ValueError, match="weight"):
        arm("variant", CAMPAIGN, people[0], [])


def test_a_larger_holdout_only_adds_people() -> None:
    held = {p: {n for n in range(3000) if held_by_campaign(CAMPAIGN, UUID(int=n), p)} for p in (0, 10, 20)}
    assert not held[0]
    assert held[10] < held[20]
    assert 0.08 < len(held[10]) / 3000 < 0.12


def test_limits_of_attention_are_of_both_arms() -> None:
    assert takes_part([])
    assert takes_part(["holdout", "cap", "cooldown"])
    assert not takes_part(["holdout", "no_consent"])


def test_welch_is_scipys() -> None:
    one, two = RNG.normal(3, 2, 300), RNG.normal(2.5, 5, 90)
    found = difference(moments(one[:, None]), moments(two[:, None]), 0.05)
    theirs = stats.ttest_ind(one, two, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(theirs.low), pytest.approx(theirs.high))


def test_cuped_is_the_coefficient_of_a_regression() -> None:
    before = RNG.normal(10, 3, (500, 2))
    sent = RNG.random(500) < 0.7
    y = before @ [1.5, -0.5] + 2 * sent + RNG.normal(0, 1, 500)
    rows = np.column_stack([y, before])
    found = difference(moments(rows[sent]), moments(rows[~sent]), 0.05, 0, (1, 2))
    slope = np.linalg.lstsq(np.column_stack([np.ones(500), sent, before]), y, rcond=None)[0][1]
    assert found.adjusted
    assert found.value == pytest.approx(slope)
    assert found.se < 0.3 * found.plain_se
    useless = np.column_stack([y, RNG.normal(0, 1, (500, 2))])
    assert not difference(moments(useless[sent]), moments(useless[~sent]), 0.05, 0, (1, 2)).adjusted


def test_fieller_covers_a_ratio_and_has_no_bounds_over_nothing() -> None:
    hits = 0
    for _ in range(400):
        one = np.column_stack([RNG.normal(8, 6, 200), RNG.normal(3, 2, 200)])
        two = np.column_stack([RNG.normal(4, 6, 100), RNG.normal(1, 2, 100)])
        found = ratio(moments(one), moments(two), 0.05, 0, 1)
        hits += bool(found.low <= 2 <= found.high)
    assert 0.92 <= hits / 400 <= 0.98
    flat = np.column_stack([RNG.normal(4, 6, 100), RNG.normal(1, 2, 100)])
    found = ratio(moments(flat), moments(flat + np.array([0.5, 0.01])), 0.05, 0, 1)
    assert np.isnan(found.low)
    assert np.isnan(found.high)


def test_pooled_stores_do_not_differ_as_stores_do() -> None:
    """Stores differ a lot and hold back different shares; the effect is 1 in each."""
    strata = []
    for level, n_one, n_two in ((100.0, 40, 4), (10.0, 12, 12), (500.0, 30, 1), (50.0, 9, 0)):
        one, two = RNG.normal(level + 1, 1, n_one), RNG.normal(level, 1, n_two)
        strata.append((moments(one[:, None]), moments(two[:, None])))
    one, two = pooled(strata)
    found = difference(one, two, 0.05)
    assert found.low <= 1 <= found.high
    assert found.high - found.low < 2
    alone = pooled(strata[1:2])
    for mine, theirs in zip(alone, strata[1], strict=True):
        assert mine.n == pytest.approx(float(theirs.n))
        assert mine.mean == pytest.approx(theirs.mean)
        assert mine.cov == pytest.approx(theirs.cov)


def test_errors_are_shared_out() -> None:
    plan = Plan(window_days=30, days=90)
    early, last = plan.alpha()
    assert (plan.looks - 1) * early + last == pytest.approx(0.05)
    assert stats.norm.ppf(1 - last / 2) / stats.norm.ppf(0.975) < 1.03
    assert Plan(window_days=7, days=8).alpha()[1] == pytest.approx(0.045)  # one look
    assert plan.ends_on(date(2026, 1, 1)) == date(2026, 3, 31)
    days = (date(2026, 1, 31), date(2026, 2, 1), date(2027, 1, 1))
    assert [last_day(date(2026, 1, 1), plan, day) for day in days] == [
        0, 1, 60,
    ]  # fmt: skip


def test_how_many_more_days() -> None:
    plan = Plan(smallest_effect=0.1)
    n, p = 1000.0, 0.2
    se = (p * (1 - p) * (1 / 800 + 1 / 200)) ** 0.5
    needed = people_needed(n, se, plan, p)
    assert needed is not None
    share = needed / n
    reached = stats.norm.sf(2.0047 - plan.smallest_effect * p / (se / share**0.5))
    assert reached == pytest.approx(0.8, abs=0.01)
    assert days_more(n, needed, 20) == pytest.approx((needed - n) / 50, abs=1)
    assert days_more(n, 900, 20) == 0
    assert days_more(n, 10**9, 20) is None
    assert people_needed(n, 0.0, plan, p) is None


def test_the_best_of_several_beats_every_other() -> None:
    plan = Plan()

    def share(p: float, n: int = 4000) -> Moments:
        return moments((np.arange(n) < p * n).astype(float)[:, None])

    assert winner([share(0.2), share(0.3), share(0.21)], plan, 0, (), less=False) == 1
    assert winner([share(0.2), share(0.3), share(0.29)], plan, 0, (), less=False) is None
    assert winner([share(0.1), share(0.3)], plan, 0, (), less=True) == 0
    assert Measured.CHURN == "churn"

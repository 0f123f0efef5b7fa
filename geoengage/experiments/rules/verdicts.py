"""What may be said of an experiment by the end of a day. Pure; one rule for each outcome, arm and variant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from geoengage.experiments.rules.effects import Bools, Effect, Moments, difference, quantile
from geoengage.experiments.rules.plan import IS_GOOD_WHEN_LESS, POWER_Z, Measured, Plan

FEWEST = 50  # people in an arm below which the mean of a skewed outcome has no normal distribution
FEWEST_HITS = 10  # of a share: as many of whom it is true, and of whom it is not
LONGEST_DAYS = 3650


class Verdict(StrEnum):
    """`worked`, `harmed`: the interval lies on one side of nothing. `no_effect`: an effect of the size looked for would
    have been found. `not_enough`: it would not. `too_early`: the planned end is to come."""

    WORKED = "worked"
    HARMED = "harmed"
    NO_EFFECT = "no_effect"
    NOT_ENOUGH = "not_enough"
    TOO_EARLY = "too_early"
    NO_HOLDOUT = "no_holdout"


@dataclass(frozen=True, slots=True)
class Looks:
    """All looks so far, a day each; arrays by day. `decided`: which look has decided, None: none so far."""

    effect: Effect
    enough: Bools
    decided: int | None
    is_over: bool


def is_enough(one: Moments, two: Moments, outcome: int, *, is_share: bool) -> Bools:
    """Whether each arm has so many people, and of a share so many on either side, that an interval can be trusted."""
    found: Bools = np.asarray(np.minimum(one.n, two.n) >= FEWEST)
    if is_share:
        for arm in (one, two):
            hits = arm.mean[..., outcome] * arm.n
            found = found & np.asarray(np.minimum(hits, arm.n - hits) >= FEWEST_HITS - 1e-6)
    return found


def look(
    one: Moments, two: Moments, plan: Plan, outcome: int, covariates: Sequence[int], *, is_share: bool, shared: int = 1
) -> Looks:
    """Judge an outcome at each of the days on which the moments (days first) were taken, from the first look on.

    More days than the plan has looks are not looked at: the answer is that of the planned end.
    """
    days = len(one.n)
    is_over = days >= plan.looks
    early, last = plan.alpha(shared)
    alpha = np.full(days, early)
    if is_over:
        alpha[plan.looks - 1 :] = last
    effect = difference(one, two, alpha, outcome, covariates)
    enough = is_enough(one, two, outcome, is_share=is_share)
    beyond = np.flatnonzero(enough & ((effect.low > 0) | (effect.high < 0)))
    decided = int(beyond[0]) if len(beyond) else None
    return Looks(effect, enough, decided, is_over)


def verdict(found: Looks, plan: Plan, outcome: Measured, base: float) -> Verdict:
    """What is said now. `base`: the holdout's mean, of which the smallest effect is a part."""
    if found.decided is not None:
        is_more = bool(found.effect.value[found.decided] > 0)
        return Verdict.WORKED if is_more != (outcome in IS_GOOD_WHEN_LESS) else Verdict.HARMED
    if not found.is_over:
        return Verdict.TOO_EARLY
    is_powered = bool(found.enough[-1]) and float(found.effect.se[-1]) <= se_needed(plan, base)
    return Verdict.NO_EFFECT if is_powered else Verdict.NOT_ENOUGH


def se_needed(plan: Plan, base: float) -> float:
    """The standard error with which the smallest effect is found with a probability of 80 % at the planned end."""
    critical = float(quantile(plan.alpha()[1], 1e6))
    return abs(plan.smallest_effect * base) / (critical + POWER_Z)


def people_needed(n: float, se: float, plan: Plan, base: float) -> int | None:
    """How many people in all, in the same proportion of arms, that takes; None: it cannot be told (nobody bought)."""
    target = se_needed(plan, base)
    return math.ceil(n * (se / target) ** 2) if target > 0 and se > 0 else None


def days_more(n: float, needed: int, enrolled_days: int) -> int | None:
    """About how many more days of decisions it takes at the pace so far; None: so many that it is never."""
    if needed <= n:
        return 0
    if n <= 0 or enrolled_days <= 0:
        return None
    days = math.ceil((needed - n) * enrolled_days / n)
    return days if days <= LONGEST_DAYS else None


def winner(arms: Sequence[Moments], plan: Plan, outcome: int, covariates: Sequence[int], *, less: bool) -> int | None:
    """Which variant of A/B/n is better than every other one, at the planned end, None: none is.

    Each pair is compared at the last look's error ÷ number of pairs (Bonferroni), so that among equals one is called
    the best in at most 5 of 100 experiments.
    """
    pairs = len(arms) * (len(arms) - 1) // 2
    alpha = plan.alpha(max(pairs, 1))[1]
    for i, one in enumerate(arms):
        others = [difference(one, two, alpha, outcome, covariates) for j, two in enumerate(arms) if j != i]
        if others and all(bool(e.high < 0) if less else bool(e.low > 0) for e in others):
            return i
    return None


def last_day(first: date, plan: Plan, today: date) -> int:
    """How many looks have been by the end of the day before `today`; at most as many as are planned."""
    return max(0, min(plan.looks, (today - first).days - plan.window_days))

"""What is kept of a person's habits: rates, changes, gaps, decline, stage; and until when it holds. Pure.

*Now* is the time of six usual gaps, between 4 and 26 weeks; *before* the six months that precede it. What time alone
will change is found by looking at the days ahead with the same function, at most a week; so what is kept is never other
than what would be computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np

from geoengage.metrics.rules.decline import DEGREES, Degree, Shop, degrees, is_known, moved
from geoengage.metrics.rules.gaps import Rhythm, gap_quantiles, rhythm
from geoengage.metrics.rules.season import Floats, Ints, Purchases, Season
from geoengage.metrics.rules.stages import STAGES, Stage, stages_of

NOW_GAPS, NOW_DAYS, BEFORE_DAYS = 6, (28, 182), 182
NO_CHANGE = 2.0  # purchases with which "no change" speaks: most people of a shop have not changed
LEAST_BEFORE_DAYS = 28
LEAST_VISITS = 4
PERCENTILES = (50, 60, 70, 80, 90, 95)
AHEAD = 7


@dataclass(frozen=True, slots=True)
class Kept:
    """The degree and the stage that are kept of somebody, each since a day; None when nothing is."""

    decline: Degree | None = None
    decline_since: date | None = None
    stage: Stage | None = None
    stage_since: date | None = None


@dataclass(frozen=True, slots=True)
class CustomerHabit:
    """A person at a day. Rates per usual week, as they are; changes as shares (−0.3: 30 % less), drawn towards none.

    None where too little is known.

    They rest on `bought_now` purchase days in the last `now_days`, and on `bought_before` in the six months before.

    `gap_days`: how many days are not exceeded by `PERCENTILES` of this person's gaps; `gap_passed_on`: the day on which
    the present one exceeds each (the past with the season, the future as usual).
    """

    own_purchases: int
    now_days: int
    bought_now: int
    bought_before: int
    per_week_before: float | None
    per_week_now: float | None
    frequency_change: float | None
    spend_change: float | None
    visits_change: float | None
    typical_gap_days: float
    gap_days: tuple[float, ...]
    gap_passed_on: tuple[date, ...]
    decline: Degree
    decline_towards: Degree
    decline_since: date
    stage: Stage
    stage_since: date


@dataclass(frozen=True)
class _Changes:
    """The same of many people; not a number where nothing can be said."""

    now_days: Ints
    now: Floats
    before: Floats
    per_week_before: Floats
    per_week_now: Floats
    frequency: Floats
    spend: Floats
    visits: Floats


@dataclass(frozen=True)
class Told:
    """What people did: purchase days with their money (minor units, net of refunds), days of visits."""

    bought: Purchases
    spent: Floats
    visited: Purchases

    def until(self, at: int) -> "Told":
        """What was known at the end of a day."""
        return Told(self.bought.until(at), self.spent[self.bought.days <= at], self.visited.until(at))


def habits(told: Told, kept: Sequence[Kept], at: date, shop: Shop) -> list[CustomerHabit]:
    """People at a day, in their order; each must have bought something by then."""
    day = at.toordinal()
    told = told.until(day)
    seen = rhythm(told.bought, day, shop.population, shop.season)
    towards = degrees(seen, day, shop.thresholds)
    stages = stages_of(told.bought, seen, day, shop)
    change = _changes(told, seen, day, shop)
    gaps = gap_quantiles(told.bought, shop.population, shop.season, PERCENTILES)
    passed = _days_after(seen.last, gaps, shop.season)
    found = []
    for i, before in enumerate(kept):
        degree, since = moved(before.decline, before.decline_since, DEGREES[towards[i]], at)
        stage = STAGES[stages[i]]
        stage_since = before.stage_since if before.stage is stage and before.stage_since is not None else at
        found.append(
            CustomerHabit(
                own_purchases=int(seen.own[i]),
                now_days=int(change.now_days[i]),
                bought_now=int(change.now[i]),
                bought_before=int(change.before[i]),
                per_week_before=_said(change.per_week_before[i]),
                per_week_now=_said(change.per_week_now[i]),
                frequency_change=_said(change.frequency[i]),
                spend_change=_said(change.spend[i]),
                visits_change=_said(change.visits[i]),
                typical_gap_days=round(float(gaps[i, 0]), 1),
                gap_days=tuple(round(float(g), 1) for g in gaps[i]),
                gap_passed_on=tuple(date.fromordinal(int(d)) for d in passed[i]),
                decline=degree,
                decline_towards=DEGREES[towards[i]],
                decline_since=since,
                stage=stage,
                stage_since=stage_since,
            )
        )
    return found


def checks(told: Told, found: Sequence[CustomerHabit], at: date, shop: Shop) -> list[date]:
    """The first day after `at` on which time alone makes each of these another, at the latest in `AHEAD` days.

    Shares that only follow the season by a hair wait for the latest.
    """
    due = [at + timedelta(days=AHEAD)] * len(found)
    kept = [Kept(one.decline, one.decline_since, one.stage, one.stage_since) for one in found]
    for ahead in range(AHEAD - 1, 0, -1):
        then = at + timedelta(days=ahead)
        for i, later in enumerate(habits(told, kept, then, shop)):
            if _rests_on(later) != _rests_on(found[i]):
                due[i] = then
    return due


def _rests_on(habit: CustomerHabit) -> tuple[object, ...]:
    known = habit.frequency_change is None, habit.visits_change is None
    return habit.bought_now, habit.bought_before, habit.decline, habit.decline_towards, habit.stage, known


def changed(before: CustomerHabit | None, after: CustomerHabit) -> set[str]:
    """The names of what is another."""
    return {f.name for f in fields(after) if before is None or getattr(before, f.name) != getattr(after, f.name)}


def _said(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 3)


def _changes(told: Told, seen: Rhythm, day: int, shop: Shop) -> _Changes:
    """What people buy now, against what the own rate before leads to expect, each with `NO_CHANGE` purchases more."""
    window = np.clip(np.ceil(NOW_GAPS * seen.mean_gap / 7) * 7, *NOW_DAYS).astype(np.int64)
    turn, start = day - window, np.maximum(seen.first, day - window - BEFORE_DAYS)
    usual = shop.season.usual_days
    now_days = usual(np.full(len(turn), day)) - usual(turn)
    before_days = np.maximum(usual(turn) - usual(start), 0.0)
    known = is_known(seen, day, shop.thresholds) & (turn - start >= LEAST_BEFORE_DAYS)
    n_now, n_before = _counts(told.bought, turn, day), _counts(told.bought, start, turn)
    rate = np.where(known, n_before / np.maximum(before_days, 1), np.nan)
    expected = rate * now_days + NO_CHANGE
    s_now, s_before = _counts(told.bought, turn, day, told.spent), _counts(told.bought, start, turn, told.spent)
    basket = np.where((n_before > 0) & (s_before > 0), s_before / np.maximum(n_before, 1), np.nan)
    v_now, v_before = _counts(told.visited, turn, day), _counts(told.visited, start, turn)
    visits = np.where(known & (v_before >= LEAST_VISITS), v_before / np.maximum(before_days, 1) * now_days, np.nan)
    frequency = (n_now + NO_CHANGE) / expected
    return _Changes(
        now_days=window,
        now=n_now,
        before=n_before,
        per_week_before=7 * rate,
        per_week_now=7 * np.where(known, n_now / np.maximum(now_days, 1), np.nan),
        frequency=frequency - 1,
        spend=(s_now / basket + NO_CHANGE) / expected - 1,
        visits=(v_now + NO_CHANGE) / (visits + NO_CHANGE) - 1,
    )


def _counts(of: Purchases, after: Ints, upto: Ints | int, weights: Floats | None = None) -> Floats:
    """How many days (or how much on them) each person has after one day and up to another."""
    who = np.repeat(np.arange(of.people), of.counts)
    inside = (of.days > after[who]) & (of.days <= np.broadcast_to(upto, of.people)[who])
    picked = None if weights is None else weights[inside]
    return np.bincount(who[inside], picked, minlength=of.people).astype(np.float64)


def _days_after(last: Ints, gaps: Floats, season: Season) -> Ints:
    """The first day on which so many usual days have passed since `last`."""
    target = season.usual_days(last)[:, None] + gaps
    return np.ceil(season.days_at(target) - 1e-9).astype(np.int64)

"""From what was measured of people to what is found: effects with their intervals by day, ROI, variants. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from geoengage.experiments.rules import (
    IS_GOOD_WHEN_LESS,
    Looks,
    Measured,
    Moments,
    Plan,
    Verdict,
    days_more,
    is_enough,
    look,
    of_sums,
    people_needed,
    pooled,
    ratio,
    verdict,
    winner,
)
from geoengage.kit.anonymity import K
from geoengage.proof.rules.measures import CHURN, COST, COVARIATES, GAIN, PLACE, SHARES, WIDTH, Floats, Ints
from geoengage.proof.rules.told import told_days

Bools = npt.NDArray[np.bool_]
_LEAST_GROWTH = 1.64  # standard errors by which churn must have risen to be called risen: 1 in 20 by chance


@dataclass(frozen=True, slots=True)
class People:
    """Who was decided, a row each: `day` counted from the first one, `is_sent` or held back, whose campaign decided
    (`stratum`), `rows` as `measures.measure`."""

    day: Ints
    is_sent: Bools
    stratum: Ints
    rows: Floats


@dataclass(frozen=True, slots=True)
class Point:
    """An effect as it was known at the end of a day."""

    on: date
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One outcome. Means and effect a person; `hidden`: too few people to tell. `points`: by day, told days only.

    `needed`: people in all that the smallest effect takes, `more_days`: about how many days more than now that is at
    the pace so far; None: it cannot be told. `decided_on`: the day whose look has decided.
    """

    outcome: Measured
    verdict: Verdict
    hidden: bool
    people_sent: int
    people_held: int
    mean_sent: float | None = None
    mean_held: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    adjusted: bool = False
    points: tuple[Point, ...] = ()
    needed: int | None = None
    more_days: int | None = None
    decided_on: date | None = None


@dataclass(frozen=True, slots=True)
class Roi:
    """(margin gained − cost) ÷ cost, and what it is made of, a person sent to, in minor units."""

    value: float
    low: float | None
    high: float | None
    gain_minor: float
    cost_minor: float


class Board:
    """The moments of both arms at the end of each look's day, pooled over strata, of those whose window was over."""

    def __init__(self, who: People, plan: Plan, first: date, looks: int, *, exact: bool) -> None:
        self.who, self.plan, self.first, self.looks, self.exact = who, plan, first, looks, exact

    def arms(self, known: Bools) -> tuple[Moments, Moments, Ints, Ints, Ints]:
        """Of people of whom something is known: sent, held back, the told day of each look, people of each arm then."""
        mine = known & (self.who.day < self.looks)
        counts = [self._counts(mine & side) for side in (self.who.is_sent, ~self.who.is_sent)]
        told = told_days(counts[0], counts[1], exact=self.exact)
        strata = [
            (self._moments(mine & self.who.is_sent & here, told), self._moments(mine & ~self.who.is_sent & here, told))
            for here in (self.who.stratum == n for n in np.unique(self.who.stratum))
        ]
        one, two = pooled(strata)
        at = np.maximum(told, 0)
        return one, two, told, np.where(told >= 0, counts[0][at], 0), np.where(told >= 0, counts[1][at], 0)

    def _counts(self, mine: Bools) -> Ints:
        return np.cumsum(np.bincount(self.who.day[mine], minlength=self.looks)[: self.looks]).astype(np.int64)

    def _moments(self, mine: Bools, told: Ints) -> Moments:
        day, data = self.who.day[mine], np.nan_to_num(self.who.rows[mine])
        squares = np.empty((self.looks, WIDTH, WIDTH))
        for i in range(WIDTH):
            for j in range(i + 1):
                squares[:, i, j] = squares[:, j, i] = np.bincount(day, data[:, i] * data[:, j], minlength=self.looks)
        sums = np.stack([np.bincount(day, data[:, i], minlength=self.looks) for i in range(WIDTH)], axis=1)
        counts = np.bincount(day, minlength=self.looks)
        n, sums, squares = (
            np.where((told < 0).reshape(-1, *[1] * (part.ndim - 1)), 0.0, np.cumsum(part, axis=0)[told])
            for part in (counts, sums, squares)
        )
        return of_sums(n, sums, squares)

    def finding(self, outcome: Measured, *, shared: int = 1) -> Finding:
        """What is found of one outcome by now."""
        place = PLACE[outcome]
        one, two, told, sent, held = self.arms(~np.isnan(self.who.rows[:, place]))
        if not len(told) or told[-1] < 0:
            few = Verdict.TOO_EARLY if self.looks < self.plan.looks else Verdict.NOT_ENOUGH
            return Finding(outcome, few, True, 0, 0)
        looks = look(one, two, self.plan, place, COVARIATES, is_share=outcome in SHARES, shared=shared)
        base, n = float(two.mean[-1, place]), int(sent[-1] + held[-1])
        hidden = not self.exact and self._is_hidden(one, two, outcome, int(sent[-1]), int(held[-1]))
        said = Verdict.NOT_ENOUGH if hidden and looks.is_over else verdict(looks, self.plan, outcome, base)
        se = float(looks.effect.se[-1])
        needed = people_needed(n, se, self.plan, base) if looks.enough[-1] else None
        more = None if needed is None else days_more(n, needed, int(told[-1]) + 1)
        if hidden:
            return Finding(outcome, said, True, int(sent[-1]), int(held[-1]), more_days=more)
        return Finding(
            outcome, said, False, int(sent[-1]), int(held[-1]), float(one.mean[-1, place]), float(two.mean[-1, place]),
            float(looks.effect.value[-1]), float(looks.effect.low[-1]), float(looks.effect.high[-1]),
            bool(looks.effect.adjusted[-1]), self._points(looks, told), needed, more,
            None if looks.decided is None else self._on(looks.decided),
        )  # fmt: skip

    def _is_hidden(self, one: Moments, two: Moments, outcome: Measured, sent: int, held: int) -> bool:
        """Fewer than ten people in an arm, or of a share on one side of it."""
        if min(sent, held) < K:
            return True
        if outcome not in SHARES:
            return False
        parts = [(arm.mean[-1, PLACE[outcome]], n) for arm, n in ((one, sent), (two, held))]
        return any(0 < round(n * part) < K or 0 < n - round(n * part) < K for part, n in parts)

    def _points(self, looks: Looks, told: Ints) -> tuple[Point, ...]:
        days = [d for d in range(len(told)) if told[d] == d and looks.enough[d]]
        effect = looks.effect
        return tuple(
            Point(self._on(d), float(effect.value[d]), float(effect.low[d]), float(effect.high[d])) for d in days
        )

    def _on(self, look_: int) -> date:
        return self.first + timedelta(days=look_ + self.plan.window_days)

    def roi(self) -> Roi | None:
        """None: there are too few people."""
        one, two, told, *_ = self.arms(~np.isnan(self.who.rows[:, GAIN]))
        if not len(told) or told[-1] < 0 or not bool(is_enough(one, two, GAIN, is_share=False)[-1]):
            return None
        early, last = self.plan.alpha()
        alpha = last if self.looks >= self.plan.looks else early
        ends = [Moments(m.n[-1], m.mean[-1], m.cov[-1]) for m in (one, two)]
        found = ratio(ends[0], ends[1], alpha, GAIN, COST, COVARIATES)
        gain, cost = (float(one.mean[-1, p] - two.mean[-1, p]) for p in (GAIN, COST))
        if not np.isfinite(found.value):
            return None
        low, high = (None if np.isnan(edge) else float(edge) - 1 for edge in (found.low, found.high))
        return Roi(float(found.value) - 1, low, high, gain, cost)


@dataclass(frozen=True, slots=True)
class Fared:
    """How the people of one half fared: share of customers who churned, and ROI."""

    churn: float
    customers: int
    roi: float | None


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody decided, earlier half and later half. `is_amber`: messages pay more while people leave more."""

    earlier: Fared
    later: Fared
    is_amber: bool


def audience(board: Board) -> Audience | None:
    """Churn of the audience (both arms) and ROI, from the earlier half of the days to the later one; None: too few.

    Amber when the ROI is higher and churn has risen by more than chance makes of it once in twenty times: then the
    messages may be taking from the same people what they will not have tomorrow.
    """
    who = board.who
    mine = np.flatnonzero((who.day < board.looks) & ~np.isnan(who.rows[:, CHURN]))
    if len(mine) < 4 * K:
        return None
    middle = who.day[mine[len(mine) // 2]]
    halves = [_half(board, who.day < middle), _half(board, who.day >= middle)]
    if any(h is None for h in halves):
        return None
    one, two = (h for h in halves if h is not None)
    spread = sum(max(h.churn * (1 - h.churn), 0.0) / h.customers for h in (one, two)) ** 0.5
    pays_more = one.roi is not None and two.roi is not None and two.roi > one.roi
    return Audience(one, two, pays_more and two.churn - one.churn > _LEAST_GROWTH * spread)


def _half(board: Board, here: Bools) -> Fared | None:
    who = board.who
    here = here & (who.day < board.looks)
    customers = here & ~np.isnan(who.rows[:, CHURN])
    n = int(customers.sum())
    if n < 2 * K:
        return None
    left = int(np.nansum(who.rows[customers, CHURN]))
    if not board.exact and (0 < left < K or 0 < n - left < K):
        return None
    known = here & ~np.isnan(who.rows[:, GAIN])
    arms = [who.rows[known & side] for side in (who.is_sent, ~who.is_sent)]
    if min(len(arm) for arm in arms) < K:
        return Fared(left / n, n, None)
    gain, cost = (float(arms[0][:, p].mean() - arms[1][:, p].mean()) for p in (GAIN, COST))
    return Fared(left / n, n, gain / cost - 1 if cost > 0 else None)


@dataclass(frozen=True, slots=True)
class Variant:
    """One text of A/B/n beside the holdout. `is_best`: better than every other one, at the planned end."""

    name: str
    finding: Finding
    is_best: bool


def variants(board: Board, names: Sequence[str], of: npt.NDArray[np.str_]) -> list[Variant]:
    """Each variant against the holdout, with the error shared among them, and which is the best. `of`: whose is which.

    The outcome that the plan decides by is compared.
    """
    outcome, who = board.plan.decides, board.who
    found, last = [], []
    for name in names:
        mine = (of == name) | ~who.is_sent
        part = Board(
            People(who.day[mine], who.is_sent[mine], who.stratum[mine], who.rows[mine]),
            board.plan, board.first, board.looks, exact=board.exact,
        )  # fmt: skip
        found.append(part.finding(outcome, shared=len(names)))
        one, *_ = part.arms(~np.isnan(who.rows[mine, PLACE[outcome]]))
        last.append(Moments(one.n[-1], one.mean[-1], one.cov[-1]) if len(one.n) else None)
    best = None
    if board.looks >= board.plan.looks and all(m is not None and m.n >= K for m in last):
        arms = [m for m in last if m is not None]
        best = winner(arms, board.plan, PLACE[outcome], COVARIATES, less=outcome in IS_GOOD_WHEN_LESS)
    return [Variant(name, f, n == best) for n, (name, f) in enumerate(zip(names, found, strict=True))]

"""A supermarket's win-back, simulated with both fates of each person: what it does is known exactly, to compare with.

Regulars buy at a rate of their own; many slow down or stop at some day. Whoever has been silent for three of his own
mean gaps is decided that day. Of those who get the message a part goes back to the old rate, with a discount on the
first basket. The same purchases, thinned by one random mark each, give both fates: with the message and without.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from geoengage.experiments.rules import Measured, Plan, difference, look, of_sums, ratio
from geoengage.metrics.rules import Shop, ValueModel, fit_values, group_histories
from geoengage.proof.rules import measures as m

PLAN = Plan(window_days=30, days=90, decides=Measured.CONVERSION, smallest_effect=0.25)
HOLDOUT, MARGIN, DISCOUNT, MESSAGE_MINOR = 0.25, 0.3, 0.15, 8.0
START = 180  # day on which the campaign begins; it decides for 60 days
END = START + PLAN.days
MOST = 90  # purchases of one person
DAY0 = 739_000  # an ordinal; the simulation knows no calendar
OUTCOMES = (Measured.CONVERSION, Measured.REVENUE, Measured.CHURN, Measured.LTV)


@dataclass(frozen=True)
class Setting:
    """What the message does: `responds`: which share of those who get it; `discount`: whether it is an offer."""

    responds: float
    discount: bool


PLANTED, NOTHING = Setting(0.35, True), Setting(0.0, False)


@dataclass(frozen=True)
class Trial:
    """People of one seed who were decided: both fates measured, who was held out, and the local day (from 0)."""

    treated: np.ndarray
    untreated: np.ndarray
    held_out: np.ndarray
    day: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        """What can be seen: of each person one fate."""
        return np.where(self.held_out[:, None], self.untreated, self.treated)


class World:
    """The history of one seed's people up to their decisions."""

    def __init__(self, seed: int, people: int) -> None:
        rng = np.random.default_rng(seed)
        rate = rng.gamma(4.0, 1 / 28.0, people)
        times = np.cumsum(rng.exponential(1.0, (people, MOST)) / rate[:, None], axis=1)
        marks = rng.random((people, MOST))
        change = rng.uniform(90, START + 70, people)
        change[rng.random(people) < 0.3] = np.inf
        factor = np.where(rng.random(people) < 0.4, 0.0, rng.uniform(0.1, 0.6, people))
        usual = (times < change[:, None]) | (marks < factor[:, None])
        at = _decisions(times, usual)
        some = np.flatnonzero(np.isfinite(at))
        self.times, self.at, self.usual = times[some], at[some], usual[some]
        baskets = np.exp(rng.normal(8.1, 0.4, people))[:, None] * rng.gamma(3.0, 1 / 3.0, (people, MOST))
        self.baskets = np.round(baskets[some])
        self.answers, self.held_out = rng.random(len(some)), rng.random(len(some)) < HOLDOUT

    def trial(self, setting: Setting, model: ValueModel | None) -> Trial:
        """Both fates under a setting."""
        back = self.answers < setting.responds
        kept = self.usual | (back[:, None] & (self.times >= self.at[:, None]))
        return Trial(
            self._measure(kept, setting, model, message=True),
            self._measure(self.usual, NOTHING, model, message=False),
            self.held_out,
            np.floor(self.at).astype(np.int64) - START,
        )

    def orders(self, kept: np.ndarray, setting: Setting) -> m.Orders:
        who, number = np.nonzero(kept & (self.times < END + 1))
        time, basket = self.times[who, number], self.baskets[who, number]
        after = np.flatnonzero(time >= self.at[who])
        first = after[np.unique(who[after], return_index=True)[1]]
        off = np.zeros(len(who))
        if setting.discount:
            off[first] = np.round(DISCOUNT * basket[first])
        seconds, day = (time * m.DAY_S).astype(np.int64), DAY0 + np.floor(time).astype(np.int64)
        return m.Orders(who, seconds, day, np.ones(len(who), dtype=bool), basket - off, MARGIN * basket - off, off)

    def _measure(self, kept: np.ndarray, setting: Setting, model: ValueModel | None, *, message: bool) -> np.ndarray:
        people = len(self.at)
        seconds, day = (self.at * m.DAY_S).astype(np.int64), DAY0 + np.floor(self.at).astype(np.int64)
        who = m.Subjects(seconds, day, np.full(people, MESSAGE_MINOR if message else 0.0))
        return m.measure(who, self.orders(kept, setting), PLAN.window_days, Shop(), model)


def _decisions(times: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The first moment of the campaign's 60 days at which somebody has been silent for three own gaps; inf: none."""
    after = np.where(kept, times, np.inf)
    following = np.minimum.accumulate(after[:, ::-1], axis=1)[:, ::-1]
    following = np.concatenate([following[:, 1:], np.full((len(times), 1), np.inf)], axis=1)
    number = np.cumsum(kept, axis=1)
    first = np.min(after, axis=1, keepdims=True)
    gap = (times - first) / np.maximum(number - 1, 1)
    silent = times + 3 * gap
    hit = kept & (number >= 5) & (silent < following) & (silent >= START) & (silent < START + PLAN.looks)
    return np.min(np.where(hit, silent, np.inf), axis=1)


def fitted() -> ValueModel:
    """The shop's value model: fitted once on many people, as the product does every week."""
    world = World(987_654, 12_000)
    orders = world.orders(world.usual, NOTHING)
    past = orders.day < DAY0 + START
    person, day, money = orders.person[past], orders.day[past], orders.money[past]
    count = np.bincount(person)
    some = np.flatnonzero(count)
    first = np.full(len(count), 10**9)
    last = np.zeros(len(count), dtype=np.int64)
    np.minimum.at(first, person, day)
    np.maximum.at(last, person, day)
    days = np.unique(person * 10**7 + day)
    x = np.bincount(days // 10**7, minlength=len(count))[some] - 1.0
    late = day > first[person]
    spent = np.bincount(person[late], money[late], minlength=len(count))[some]
    mean = np.divide(spent, x, out=np.zeros(len(x)), where=x > 0)
    model = fit_values(group_histories(x, (last - first)[some] / 7, (DAY0 + START - first)[some] / 7), mean)
    assert isinstance(model, ValueModel)
    return model


def by_day(rows: np.ndarray, day: np.ndarray, mine: np.ndarray):  # type: ignore[no-untyped-def]
    """Moments at the end of each look's day: of the people whose window is over by then."""
    order = np.argsort(day[mine], kind="stable")
    data, ends = rows[mine][order], np.searchsorted(np.sort(day[mine]), np.arange(PLAN.looks), side="right")
    sums = np.concatenate([np.zeros((1, m.WIDTH)), np.cumsum(data, axis=0)])[ends]
    products = data[:, :, None] * data[:, None, :]
    squares = np.concatenate([np.zeros((1, m.WIDTH, m.WIDTH)), np.cumsum(products, axis=0)])[ends]
    return of_sums(ends, sums, squares)


@dataclass
class Found:
    """What one experiment said of one outcome, beside the truth of its setting."""

    low: float
    high: float
    value: float
    plain_width: float
    welch_width: float
    said_good: bool
    said_bad: bool


def examine(trial: Trial) -> dict[str, Found]:
    """All outcomes of one experiment, looked at daily; ROI at the planned end."""
    seen = trial.seen
    found = {}
    for outcome in OUTCOMES:
        place = m.PLACE[outcome]
        known = ~np.isnan(seen[:, place])
        arms = [by_day(np.nan_to_num(seen), trial.day, known & side) for side in (~trial.held_out, trial.held_out)]
        looks = look(*arms, PLAN, place, m.COVARIATES, is_share=outcome in m.SHARES)
        last = looks.effect
        one, two = ((a.n[-1], a.cov[-1, place, place]) for a in arms)
        welch = 2 * 1.96 * np.sqrt(one[1] / one[0] + two[1] / two[0])
        at = looks.decided
        up = at is not None and last.value[at] > 0
        good = at is not None and (up != (outcome is Measured.CHURN))
        plain = difference(*arms, PLAN.alpha()[1], place)
        found[outcome.value] = Found(
            float(last.low[-1]), float(last.high[-1]), float(last.value[-1]),
            float(plain.high[-1] - plain.low[-1]), float(welch), good, at is not None and not good,
        )  # fmt: skip
    arms = [by_day(np.nan_to_num(seen), trial.day, side) for side in (~trial.held_out, trial.held_out)]
    roi = ratio(*arms, PLAN.alpha()[1], m.GAIN, m.COST, m.COVARIATES)
    low, high, value = (float(part[-1]) - 1 for part in (roi.low, roi.high, roi.value))
    found["roi"] = Found(low, high, value, 0.0, 0.0, low > 0, high < 0)
    return found


def both_fates(trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Sums over the people of one seed of what the message changed, and of how many it is known."""
    apart = trial.treated - trial.untreated
    return np.nansum(apart, axis=0), (~np.isnan(apart)).sum(axis=0)


def truth(fates: Iterable[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    """What the message does to those decided, from both fates of everybody."""
    sums, people = (sum(part) for part in zip(*fates, strict=True))
    mean = sums / people
    return {o.value: float(mean[m.PLACE[o]]) for o in OUTCOMES} | {"roi": float(mean[m.GAIN] / mean[m.COST] - 1)}

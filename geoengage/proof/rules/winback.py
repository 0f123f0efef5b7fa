"""A supermarket's win-back on made-up people, with both fates of each: what it does is known exactly. Pure, seeded.

Regulars buy at a rate of their own; many slow down or stop at some day. Whoever has been silent for three of his own
mean gaps is decided at that moment. Of those who get the message a part goes back to the old rate, with a discount on
the first basket. The same purchases, thinned by one random mark each, give both fates: with the message and without.
Demos show what was planted beside what is found; tests ask whether the intervals hold what they say.
"""

from dataclasses import dataclass

import numpy as np

from geoengage.experiments.rules import Measured, Plan
from geoengage.metrics.rules import Shop, ValueModel
from geoengage.proof.rules import measures as m
from geoengage.proof.rules.found import People

MARGIN = 0.3  # of a basket, before discounts
DAY0 = 739_000  # an ordinal; the simulation knows no calendar
ROI = "roi"
_MOST = 90  # purchases of one person
_SILENT_GAPS, _FEWEST = 3, 5
_RECENT_DAYS, _MUCH = 60, 0.75


@dataclass(frozen=True, slots=True)
class Setting:
    """What the message does. `responds`: which share of those who get it goes back to the old rate; `discounts`: off
    the first basket in the window, of who slowed down a little and who did much; `message_minor`: what one costs."""

    responds: float
    discounts: tuple[float, float] = (0.0, 0.0)
    message_minor: float = 8.0


NOTHING = Setting(0.0)


@dataclass(frozen=True, slots=True)
class Trial:
    """People who were decided: both fates measured, who was held out, and the local day from 0."""

    treated: m.Floats
    untreated: m.Floats
    held_out: m.Bools
    day: m.Ints

    @property
    def seen(self) -> m.Floats:
        """What can be seen: of each person one fate."""
        return np.where(self.held_out[:, None], self.untreated, self.treated)

    @property
    def people(self) -> People:
        """As a proof takes them."""
        return People(self.day, ~self.held_out, np.zeros(len(self.day), dtype=np.int64), self.seen)

    def planted(self) -> dict[str, float]:
        """What the message changes in these people, by outcome: the mean of one fate less that of the other. Of who
        had never bought nobody can be lost; without a value model nobody is worth anything: left out."""
        apart = self.treated - self.untreated
        known = [outcome for outcome in Measured if not np.isnan(apart[:, m.PLACE[outcome]]).all()]
        found = {outcome.value: float(np.nanmean(apart[:, m.PLACE[outcome]])) for outcome in known}
        gain, cost = apart[:, m.GAIN].mean(), apart[:, m.COST].mean()
        return found | ({ROI: float(gain / cost - 1)} if cost > 0 else {})


class World:
    """The history of one seed's people up to their decisions, in days.

    `start`: the day on which the campaign begins; `closed`: days that leave this rest when divided by seven have
    no purchases, which are a day earlier then (so not 0); `stop`: of those who change, the share who stop altogether.
    """

    def __init__(
        self,
        seed: int,
        people: int,
        plan: Plan,
        *,
        start: int = 180,
        holdout: float = 0.25,
        closed: int | None = None,
        stop: float = 0.4,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.plan, self.start = plan, start
        rate = rng.gamma(4.0, 1 / 28.0, people)
        times = np.cumsum(rng.exponential(1.0, (people, _MOST)) / rate[:, None], axis=1)
        if closed is not None:
            times = np.sort(np.where(np.floor(times) % 7 == closed, times - 1, times), axis=1)
        marks = rng.random((people, _MOST))
        change = rng.uniform(start / 2, start + 70, people)
        change[rng.random(people) < 0.3] = np.inf
        factor = np.where(rng.random(people) < stop, 0.0, rng.uniform(0.1, 0.6, people))
        usual = (times < change[:, None]) | (marks < factor[:, None])
        at = _decisions(times, usual, start, plan.looks)
        some = np.flatnonzero(np.isfinite(at))
        self.times, self.at, self.usual = times[some], at[some], usual[some]
        baskets = np.exp(rng.normal(8.1, 0.4, people))[:, None] * rng.gamma(3.0, 1 / 3.0, (people, _MOST))
        self.baskets = np.round(baskets[some])
        self.answers, self.held_out = rng.random(len(some)), rng.random(len(some)) < holdout

    @property
    def has_slowed_much(self) -> m.Bools:
        """Who bought less than three quarters as often in the sixty days before the decision as all in all."""
        until = self.usual & (self.times < self.at[:, None])
        recent = until & (self.times >= self.at[:, None] - _RECENT_DAYS)
        return np.asarray(recent.sum(axis=1) / _RECENT_DAYS < _MUCH * until.sum(axis=1) / self.at)

    def kept(self, setting: Setting) -> m.Bools:
        """Which purchases are made by people who get the message."""
        back = self.answers < setting.responds
        return np.asarray(self.usual | (back[:, None] & (self.times >= self.at[:, None])))

    def trial(self, setting: Setting, model: ValueModel | None = None) -> Trial:
        """Both fates under a setting."""
        return Trial(
            self._measure(self.kept(setting), setting, model, message=True),
            self._measure(self.usual, NOTHING, model, message=False),
            self.held_out,
            np.floor(self.at).astype(np.int64) - self.start,
        )

    def orders(self, kept: m.Bools, setting: Setting) -> m.Orders:
        """These purchases up to the planned end; the first one in the window has the discount."""
        who, number = np.nonzero(kept & (self.times < self.start + self.plan.days + 1))
        time, basket = self.times[who, number], self.baskets[who, number]
        after = np.flatnonzero((time >= self.at[who]) & (time < self.at[who] + self.plan.window_days))
        first = after[np.unique(who[after], return_index=True)[1]]
        off = np.zeros(len(who))
        share = np.where(self.has_slowed_much, setting.discounts[1], setting.discounts[0])
        off[first] = np.round(share[who[first]] * basket[first])
        seconds, day = (time * m.DAY_S).astype(np.int64), DAY0 + np.floor(time).astype(np.int64)
        return m.Orders(who, seconds, day, np.ones(len(who), dtype=bool), basket - off, MARGIN * basket - off, off)

    def _measure(self, kept: m.Bools, setting: Setting, model: ValueModel | None, *, message: bool) -> m.Floats:
        seconds, day = (self.at * m.DAY_S).astype(np.int64), DAY0 + np.floor(self.at).astype(np.int64)
        who = m.Subjects(seconds, day, np.full(len(self.at), setting.message_minor if message else 0.0))
        return m.measure(who, self.orders(kept, setting), self.plan.window_days, Shop(), model)


def _decisions(times: m.Floats, kept: m.Bools, start: int, days: int) -> m.Floats:
    """The first moment of the campaign's days at which somebody has been silent for three own gaps; inf: none."""
    after = np.where(kept, times, np.inf)
    following = np.minimum.accumulate(after[:, ::-1], axis=1)[:, ::-1]
    following = np.concatenate([following[:, 1:], np.full((len(times), 1), np.inf)], axis=1)
    number = np.cumsum(kept, axis=1)
    first = np.min(after, axis=1, keepdims=True)
    gap = (times - first) / np.maximum(number - 1, 1)
    silent = times + _SILENT_GAPS * gap
    hit = kept & (number >= _FEWEST) & (silent < following) & (silent >= start) & (silent < start + days)
    return np.asarray(np.min(np.where(hit, silent, np.inf), axis=1))

"""Made-up people who buy now and then, and a message after which some of them come once more. Pure and seeded.

Everybody buys at a rate of their own. Whoever would answer comes once more within the window, some days after the
message, with a basket of their own size; all else is as it would have been. So both fates of everybody are known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.demo.planting.story import Cast, Story, moment, sales_of, stages
from geoengage.experiments.rules import Plan
from geoengage.metrics.rules import Shop, ValueModel
from geoengage.proof.rules import measures as m
from geoengage.proof.rules.winback import DAY0, Trial

_MOST = 80  # purchases of one person


@dataclass(frozen=True, slots=True)
class Habit:
    """How people buy and answer. `gap_days`: mean between purchases, its spread between people by `shape`; `baskets`:
    mean of ln of minor units and its spread; `answers`: which share comes once more, `after_days`: how soon, on
    average; `margin`: of a basket; `message_minor`: what a message costs."""

    gap_days: float
    shape: float
    baskets: tuple[float, float]
    answers: float
    after_days: float
    margin: float
    message_minor: float


class Again:
    """The people of one seed who were decided, in days since the beginning of their history. `at`: of the decision."""

    def __init__(
        self, rng: np.random.Generator, people: int, habit: Habit, plan: Plan, start: int, holdout: float,
        decided: Callable[[np.random.Generator, m.Floats], m.Floats],
    ) -> None:  # fmt: skip
        """`start`: the day on which the campaign begins; `decided`: when, by everybody's purchases; inf: never."""
        self._habit, self._plan, self.start = habit, plan, start
        rate = rng.gamma(habit.shape, 1 / (habit.shape * habit.gap_days), people)
        times = np.cumsum(rng.exponential(1.0, (people, _MOST)) / rate[:, None], axis=1)
        times -= rng.uniform(0, habit.gap_days, people)[:, None]
        times[times < 0] = np.inf
        mean = rng.normal(*habit.baskets, people)
        sizes = np.round(np.exp(mean[:, None] + rng.normal(0, 0.35, (people, _MOST + 1))))
        at = decided(rng, times)
        some = np.flatnonzero(np.isfinite(at))
        self.at, self._times, self._sizes = at[some], times[some], sizes[some]
        self.held_out = rng.random(len(some)) < holdout
        after = np.minimum(rng.exponential(habit.after_days, len(some)), plan.window_days - 0.5) + 0.02
        self._once_more = np.where(rng.random(len(some)) < habit.answers, self.at + after, np.inf)

    def orders(self, *, message: bool) -> m.Orders:
        """What is bought up to the planned end, in one of the two fates."""
        more = self._once_more if message else np.full(len(self.at), np.inf)
        times = np.concatenate([self._times, more[:, None]], axis=1)
        who, number = np.nonzero(times < self.start + self._plan.days)
        time, size = times[who, number], self._sizes[who, number].astype(np.float64)
        margin = (self._habit.margin * size).astype(np.float64)
        seconds, day = (time * m.DAY_S).astype(np.int64), DAY0 + np.floor(time).astype(np.int64)
        return m.Orders(who, seconds, day, np.ones(len(who), dtype=bool), size, margin, np.zeros(len(who)))

    def trial(self, model: ValueModel | None) -> Trial:
        """Both fates of everybody."""
        return Trial(
            self._measure(model, message=True),
            self._measure(model, message=False),
            self.held_out,
            np.floor(self.at).astype(np.int64) - self.start,
        )

    def _measure(self, model: ValueModel | None, *, message: bool) -> m.Floats:
        seconds, day = (self.at * m.DAY_S).astype(np.int64), DAY0 + np.floor(self.at).astype(np.int64)
        who = m.Subjects(seconds, day, np.full(len(self.at), self._habit.message_minor if message else 0.0))
        return m.measure(who, self.orders(message=message), self._plan.window_days, Shop(), model)


def cast_of(story: Story, world: Again, rng: np.random.Generator, today: date) -> Cast:
    """These people in an experiment that ended on the last Sunday before `today`; its messages carry no coupons."""
    zone, end = ZoneInfo(story.zone), world.start + story.plan.days
    first = today - timedelta(days=today.weekday() + end)
    held = world.held_out.tolist()
    decided = [moment(zone, first, day) for day in world.at]
    sales = [
        *sales_of(zone, first, world.orders(message=True), ~world.held_out, end),
        *sales_of(zone, first, world.orders(message=False), world.held_out, end),
    ]
    return Cast(story, held, decided, stages(rng, decided, held), [None] * len(held), sales, world.trial)

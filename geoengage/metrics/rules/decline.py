"""Decline: how far somebody has fallen behind their own habit. Pure; the one function that everybody asks.

Two questions, two detectors, because silence and slowing down look different. *Gone*: a gap as long as this one comes
to this person once in so many years. *Slowing*: the odds that their rate has fallen, per gap of a year, are so high.
Both are per year and per person, so somebody who comes daily raises no more false alarms than somebody who comes
monthly. Only when one of them speaks is there a decline; how large it is follows from the rate since the change against
the rate before, drawn towards "no change" while little is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from geoengage.metrics.rules.gaps import Population, Rhythm, rhythm
from geoengage.metrics.rules.season import Flags, Ints, Season, purchases

WEEK = timedelta(days=7)


class Degree(StrEnum):
    """DESIGN section 2. `unknown`: fewer than four own purchases, or all within three months."""

    UNKNOWN = "unknown"
    NONE = "none"
    SLIGHT = "slight"
    MARKED = "marked"
    SEVERE = "severe"
    GONE = "gone"


DEGREES = tuple(Degree)  # their numbers, rising from none to gone


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A tenant's own; the usual ones are measured in docs/habits.md.

    `slight`, `marked`, `severe`: shares by which the rate has fallen. `gone_years`: once in how many years a gap must
    come to be called gone. `slow_odds`: odds of a lower rate, per gap of a year. `at_risk`: how unlikely a gap must be.
    `lost`: the same for who has too short a history to be gone. `lost_days`: nobody is lost before the first, everybody
    after the second. `new_days`, `returned_days`: how long somebody is new, or back.
    """

    slight: float = 0.15
    marked: float = 0.30
    severe: float = 0.60
    least_purchases: int = 4
    least_days: int = 90
    gone_years: float = 16.0
    slow_odds: float = 8.0
    at_risk: float = 0.05
    lost: float = 0.02
    lost_days: tuple[int, int] = (28, 730)
    new_days: int = 60
    returned_days: int = 60


@dataclass(frozen=True, slots=True)
class Shop:
    """What a person is measured with: the tenant's thresholds, how its people usually buy, its season."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    population: Population = field(default_factory=Population)
    season: Season = field(default_factory=Season)


@dataclass(frozen=True, slots=True)
class History:
    """One person's purchase days, and the degree they have had since a day (None: never looked at)."""

    days: Sequence[date]
    was: Degree | None = None
    was_since: date | None = None


@dataclass(frozen=True, slots=True)
class Decline:
    """`degree` holds since `since` and moves once a week at most; `towards` is what is seen now.

    `change`: the rate since `changed_on` (the last purchase before the change) against that before, −0.4: 40 % less.
    """

    degree: Degree
    since: date
    towards: Degree
    change: float
    changed_on: date | None


def decline(history: History, at: date, shop: Shop) -> Decline:
    """The degree of somebody at a day."""
    bought = purchases([list(history.days)]).until(at.toordinal())
    if not len(bought.days):
        return Decline(Degree.UNKNOWN, _since(history, Degree.UNKNOWN, at), Degree.UNKNOWN, 0.0, None)
    seen = rhythm(bought, at.toordinal(), shop.population, shop.season)
    towards = DEGREES[int(degrees(seen, at.toordinal(), shop.thresholds)[0])]
    degree, since = moved(history.was, history.was_since, towards, at)
    change = float(seen.ratio[0] - 1) if towards not in (Degree.UNKNOWN, Degree.NONE) else 0.0
    return Decline(degree, since, towards, change, date.fromordinal(int(seen.since[0])) if change else None)


def _since(history: History, degree: Degree, at: date) -> date:
    return history.was_since if history.was is degree and history.was_since is not None else at


def degrees(seen: Rhythm, at: Ints | int, thresholds: Thresholds) -> Ints:
    """What is seen of people, as numbers of `DEGREES`, without the weekly pace."""
    fallen = 1 - seen.ratio
    slower = seen.slow >= np.log(thresholds.slow_odds)
    found = np.full(len(seen.own), DEGREES.index(Degree.NONE))
    for degree, least in (
        (Degree.SLIGHT, thresholds.slight),
        (Degree.MARKED, thresholds.marked),
        (Degree.SEVERE, thresholds.severe),
    ):
        found[slower & (fallen >= least)] = DEGREES.index(degree)
    found[seen.gone >= np.log(thresholds.gone_years)] = DEGREES.index(Degree.GONE)
    found[~is_known(seen, at, thresholds)] = DEGREES.index(Degree.UNKNOWN)
    return found


def is_known(seen: Rhythm, at: Ints | int, thresholds: Thresholds) -> Flags:
    """Whether somebody has a habit of their own."""
    return np.asarray((seen.own >= thresholds.least_purchases) & (at - seen.first >= thresholds.least_days))


def moved(was: Degree | None, since: date | None, towards: Degree, at: date) -> tuple[Degree, date]:
    """One degree nearer to what is seen, if the last step was a week ago; known or not is said at once."""
    if was is None or since is None or Degree.UNKNOWN in (was, towards):
        return (towards, at) if was is not towards or since is None else (was, since)
    if was is towards or at - since < WEEK:
        return was, since
    here = DEGREES.index(was)
    return DEGREES[here + (1 if DEGREES.index(towards) > here else -1)], at

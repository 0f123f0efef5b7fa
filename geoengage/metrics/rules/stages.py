"""The stage of a customer's life, for one person now or for many at any days of the past. Pure; one rule for both."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from geoengage.metrics.rules.decline import DEGREES, Degree, Shop, degrees, is_known
from geoengage.metrics.rules.gaps import Rhythm, rhythm
from geoengage.metrics.rules.season import Flags, Ints, Purchases, purchases

Codes = npt.NDArray[np.int8]


class Stage(StrEnum):
    """Where somebody stands. `subscriber`: has bought nothing yet. Of several that fit, the first in `PRECEDENCE`."""

    SUBSCRIBER = "subscriber"
    NEW = "new"
    ACTIVE = "active"
    SLOWING = "slowing"
    AT_RISK = "at_risk"
    CHURNED = "churned"
    REACTIVATED = "reactivated"


STAGES = tuple(Stage)
PRECEDENCE = (Stage.NEW, Stage.CHURNED, Stage.REACTIVATED, Stage.AT_RISK, Stage.SLOWING, Stage.ACTIVE)


def stage(days: Sequence[date], at: date, shop: Shop) -> Stage:
    """The stage of one person at a day, from their purchase days."""
    return STAGES[int(stages_over(purchases([list(days)]), [at], shop)[0, 0])]


def stages_over(bought: Purchases, dates: Sequence[date], shop: Shop) -> Codes:
    """Numbers of `STAGES`, people × dates: each date with what was known on it, and today's idea of the shop."""
    result = np.zeros((bought.people, len(dates)), dtype=np.int8)
    for column, day in enumerate(dates):
        at = day.toordinal()
        known = bought.until(at)
        who = np.flatnonzero(known.counts > 0)
        some = chosen(known, who)
        result[who, column] = stages_of(some, rhythm(some, at, shop.population, shop.season), at, shop)
    return result


def stages_of(bought: Purchases, seen: Rhythm, at: int, shop: Shop) -> Codes:
    """The stages of people who have all bought something, as numbers of `STAGES`."""
    t = shop.thresholds
    is_slow = degrees(seen, at, t) > DEGREES.index(Degree.NONE)
    fits: dict[Stage, Flags] = {
        Stage.NEW: at - seen.first < t.new_days,
        Stage.CHURNED: is_lost(seen, at, shop),
        Stage.REACTIVATED: _is_back(bought, at, shop),
        Stage.AT_RISK: seen.tail < t.at_risk,
        Stage.SLOWING: is_slow,
        Stage.ACTIVE: np.ones(bought.people, dtype=bool),
    }
    result = np.zeros(bought.people, dtype=np.int8)
    for stage_ in reversed(PRECEDENCE):
        result[fits[stage_]] = STAGES.index(stage_)
    return result


def is_lost(seen: Rhythm, at: Ints | int, shop: Shop) -> Flags:
    """Who counts as churned: gone by their own habit; with a short history, too long silent for people of this shop."""
    t = shop.thresholds
    days = at - seen.last
    gone = np.where(is_known(seen, at, t), seen.gone >= np.log(t.gone_years), seen.tail < t.lost)
    return np.asarray((gone & (days >= t.lost_days[0])) | (days >= t.lost_days[1]))


def _is_back(bought: Purchases, at: int, shop: Shop) -> Flags:
    """Who bought again lately after a gap in which they had been lost: each such gap is judged as on its last day."""
    person = np.repeat(np.arange(bought.people), bought.counts)
    number = np.arange(len(bought.days)) - bought.starts[person]
    gap = np.diff(bought.days, prepend=0)
    may = (number > 0) & (gap > shop.thresholds.lost_days[0]) & (bought.days > at - shop.thresholds.returned_days)
    back = np.zeros(bought.people, dtype=bool)
    returns = np.flatnonzero(may)
    if len(returns):
        counts = number[returns]
        starts = np.concatenate([[0], np.cumsum(counts)])
        own = np.arange(starts[-1]) - np.repeat(starts[:-1], counts) + np.repeat(bought.starts[person[returns]], counts)
        then = Purchases(bought.days[own], starts)
        eve = bought.days[returns] - 1
        lost = is_lost(rhythm(then, eve, shop.population, shop.season), eve, shop)
        back[person[returns[lost]]] = True
    return back


def chosen(bought: Purchases, who: Ints) -> Purchases:
    """Some of these people, in rising order of their places."""
    keep = np.zeros(bought.people, dtype=bool)
    keep[who] = True
    starts = np.concatenate([[0], np.cumsum(bought.counts[who])])
    return Purchases(bought.days[np.repeat(keep, bought.counts)], starts.astype(np.int64))

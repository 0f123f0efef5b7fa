"""Days on which a place was shut, seen from its own orders, and how much of a week they were. Pure.

What is counted over a week falls by a seventh when a holiday lies in it, and holidays move. So a week with shut days
counts as if they had been open. More than three of a week's days are no holidays but a stop, which is to be seen.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WEEK = 7
AROUND = 8  # weeks before and after, whose same weekday says what is usual
SHUT = 0.1  # of what is usual: at most so few orders come on a day on which a place is shut
LEAST_USUAL = 20.0  # orders, below which few may come by chance
MOST_SHUT = 3  # days of a week
MOST_MISSING = 0.7  # of what a week usually brings


def usual_orders(daily: Floats) -> Floats:
    """How many orders usually come on each day, by the same weekday of the weeks around it."""
    length = len(daily)
    around = np.full((2 * AROUND, length), np.nan)
    for row, weeks in enumerate([*range(-AROUND, 0), *range(1, AROUND + 1)]):
        days = np.arange(length) + WEEK * weeks
        inside = (days >= 0) & (days < length)
        around[row, inside] = daily[days[inside]]
    known = np.isfinite(around).sum(axis=0) >= AROUND // 2
    around[:, ~known] = 0
    return np.asarray(np.nanmedian(around, axis=0))


def openness(daily: Floats) -> Floats:
    """Of each day the share of the week that ends with it on which the place was open, by what such days usually bring.

    1 where nothing is known. `daily`: counted orders of each day, without gaps.
    """
    usual = usual_orders(daily)
    shut = (usual >= LEAST_USUAL) & (daily <= SHUT * usual)
    days, missing, whole = (_week_sums(x) for x in (shut.astype(np.float64), np.where(shut, usual, 0.0), usual))
    excused = (days > 0) & (days <= MOST_SHUT) & (missing <= MOST_MISSING * whole)
    return np.where(excused, 1 - missing / np.maximum(whole, 1e-9), 1.0)


def openness_at(orders: Ints, ends: Ints) -> Floats:
    """The same of the weeks that end with these days, from the day of each counted order; days are ordinals."""
    if not len(orders):
        return np.ones(len(ends))
    first, last = int(min(orders.min(), ends.min())), int(ends.max())
    daily = np.bincount(orders[orders <= last] - first, minlength=last - first + 1).astype(np.float64)
    return openness(daily)[ends - first]


def _week_sums(values: Floats) -> Floats:
    total = np.concatenate([np.zeros(WEEK), np.cumsum(values)])
    return np.asarray(total[WEEK:] - total[:-WEEK])

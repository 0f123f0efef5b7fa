"""Which days of an experiment are told, and which numbers. Pure.

A look is told once ten more people of each arm have come since the last one that was: two looks that differ by fewer
would tell, subtracted, what these few bought. Until then the look before stands.
"""

import numpy as np
import numpy.typing as npt

from geoengage.kit.anonymity import K

Ints = npt.NDArray[np.int64]


def told_days(one: Ints, two: Ints, *, exact: bool) -> Ints:
    """For each day which day's people it is told of, −1: none so far. `one`, `two`: people of each arm by day, rising.

    `exact`: they are simulated, so every day is told.
    """
    days = np.arange(len(one))
    if exact:
        return days
    found, last, seen = np.full(len(one), -1, dtype=np.int64), -1, (0, 0)
    for day in days:
        grown = one[day] - seen[0], two[day] - seen[1]
        if min(grown) >= K or (last >= 0 and max(grown) >= K and 0 in grown):
            last, seen = int(day), (int(one[day]), int(two[day]))
        found[day] = last
    return found


def is_few(people: float, *, exact: bool) -> bool:
    """Whether a number stands for one to nine people."""
    return not exact and 0 < people < K

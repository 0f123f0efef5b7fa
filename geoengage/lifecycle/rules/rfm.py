"""Recency, frequency, money: customers in five steps of each, and who has moved between two days. Pure.

Frequency is heavily tied: half of a shop's customers may have bought once. Customers with equal values always get the
same score, by the mean of their ranks, so that nobody is better than their equal by chance; the price is that steps are
uneven, and that some stay empty.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from geoengage.lifecycle.rules.purchases import Ints, Purchases

STEPS = 5
# Of each recency (5 = most recent) the groups by frequency, 1 to 5. No name is also that of a stage.
_GRID: Mapping[int, Sequence[str]] = {
    5: ("newcomers", "growing", "growing", "champions", "champions"),
    4: ("newcomers", "growing", "growing", "loyal", "champions"),
    3: ("wavering", "wavering", "wavering", "loyal", "loyal"),
    2: ("dormant", "dormant", "slipping", "slipping", "must_keep"),
    1: ("dormant", "dormant", "slipping", "must_keep", "must_keep"),
}
GROUPS = ("champions", "loyal", "growing", "newcomers", "wavering", "slipping", "must_keep", "dormant")
NOT_YET = "not_yet"  # had bought nothing by the earlier day
WORDS: Mapping[str, str] = {
    "champions": "recent and frequent",
    "loyal": "frequent, and still quite recent",
    "growing": "recent, not yet frequent",
    "newcomers": "recent, with the fewest purchases",
    "wavering": "neither recent nor frequent",
    "slipping": "once quite frequent, not seen for long",
    "must_keep": "once among the most frequent, not seen for long",
    "dormant": "few purchases, long ago",
    NOT_YET: "no purchase by the earlier day",
}
TABLE = np.array([[GROUPS.index(g) for g in _GRID[r]] for r in range(1, STEPS + 1)])


@dataclass(frozen=True, slots=True)
class Rfm:
    """Scores of customers at the end of a day, 1 (least) to 5; 0: no customer yet. `money` of one currency."""

    recency: Ints
    frequency: Ints
    spend: Ints
    money: npt.NDArray[np.float64]

    @property
    def is_customer(self) -> npt.NDArray[np.bool_]:
        """Who has bought by then."""
        return self.recency > 0

    @property
    def group(self) -> Ints:
        """The number of each customer's group in GROUPS; -1: no customer yet."""
        found: Ints = np.where(self.is_customer, TABLE[self.recency - 1, self.frequency - 1], -1)
        return found


def group_of(recency: int, frequency: int) -> str:
    """The group of two scores."""
    return _GRID[recency][frequency - 1]


def score(values: npt.NDArray[np.float64]) -> Ints:
    """1 to 5 by mean rank: equal values, equal scores."""
    n = len(values)
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    _, number, counts = np.unique(values, return_inverse=True, return_counts=True)
    below = np.cumsum(counts) - counts
    middle = (below + counts / 2) / n  # share of people below the middle of one's equals
    return np.minimum(np.floor(middle[number] * STEPS).astype(np.int64) + 1, STEPS)


def rfm(orders: Purchases, money: Purchases, on: date) -> Rfm:
    """Everybody's scores at the end of a day. `money`: the orders of the one currency."""
    at = on.toordinal()
    days = orders.days
    known = days.day <= at
    count = np.bincount(days.person[known], minlength=days.people)
    last = np.zeros(days.people, dtype=np.int64)
    np.maximum.at(last, days.person[known], days.day[known])
    spent = (money.day <= at) & money.known
    total = np.bincount(money.person[spent], money.money[spent], minlength=days.people)
    who = np.flatnonzero(count > 0)
    scores = [np.zeros(days.people, dtype=np.int64) for _ in range(3)]
    for found, values in zip(scores, (last, count, total), strict=True):
        found[who] = score(values[who].astype(np.float64))
    return Rfm(scores[0], scores[1], scores[2], total.astype(np.float64))


def cells(scores: Rfm) -> Ints:
    """People by recency and frequency: [recency - 1, frequency - 1]."""
    who = scores.is_customer
    at = (scores.recency[who] - 1) * STEPS + scores.frequency[who] - 1
    return np.bincount(at, minlength=STEPS * STEPS).reshape(STEPS, STEPS)


def movements(before: Rfm, after: Rfm) -> dict[tuple[str, str], int]:
    """How many people were in one group and are in another (or the same) now; NOT_YET before their first purchase."""
    names = (*GROUPS, NOT_YET)
    who = after.is_customer
    both = before.group[who] % len(names) * len(names) + after.group[who]  # -1 is the last name
    counts = np.bincount(both, minlength=len(names) ** 2)
    return {(names[n // len(names)], names[n % len(names)]): int(count) for n, count in enumerate(counts) if count}

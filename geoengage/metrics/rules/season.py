"""The season of a shop: how much more or less its people buy in a week than they usually do. Pure.

What everybody does alike (holidays, summer, a week with closed doors) is nobody's own change. So silence and purchases
are measured in *usual days*: a week in which people buy half as much as usual is 3.5 usual days long.
"""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

WEEK, YEAR_WEEKS = 7, 52
ROUNDS = 6  # the estimate stands still after four
CARE = 40.0  # purchases that the week before speaks with: a small shop's index stays near what it was
SMOOTH = np.array([0.25, 0.5, 0.25])
FEWEST = 400  # purchases between a first and a last one, below which nothing is said of a season
CLIP = (0.25, 4.0)


@dataclass(frozen=True)
class Purchases:
    """Purchase days of many people: `days` (ordinals, rising within a person), person i's from `starts[i]` on."""

    days: Ints
    starts: Ints

    @property
    def people(self) -> int:
        """How many people there are."""
        return len(self.starts) - 1

    @property
    def counts(self) -> Ints:
        """Purchase days of each person."""
        return np.diff(self.starts)

    def until(self, at: Ints | int) -> "Purchases":
        """What was known at the end of a day (of one for all, or of each person's own)."""
        limit = np.repeat(np.broadcast_to(at, self.people), self.counts)
        known = self.days <= limit
        before = np.concatenate([[0], np.cumsum(known)])
        return Purchases(self.days[known], before[self.starts])


def purchases(people: "list[list[date]] | list[list[int]]") -> Purchases:
    """Purchase days of people, one list each, in any order."""
    rows = [sorted({d.toordinal() if isinstance(d, date) else d for d in days}) for days in people]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Purchases(np.array([d for row in rows for d in row], dtype=np.int64), starts)


@dataclass(frozen=True)
class Season:
    """`index[w]`: how much is bought in the week that begins at the ordinal `first` + 7·w, 1 = as usual.

    Before the first and after the last week it is as usual.
    """

    first: int = 0
    index: tuple[float, ...] = ()
    _edges: Floats = field(init=False, repr=False, compare=False)
    _passed: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        edges = self.first + WEEK * np.arange(len(self.index) + 1, dtype=np.float64)
        passed = self.first + np.concatenate([[0.0], np.cumsum(WEEK * np.asarray(self.index, dtype=np.float64))])
        object.__setattr__(self, "_edges", edges)
        object.__setattr__(self, "_passed", passed)

    def usual_days(self, days: Ints) -> Floats:
        """Days as points on a scale on which people buy evenly; only differences mean something."""
        at = days.astype(np.float64)
        if not self.index:
            return at
        inside = np.interp(at, self._edges, self._passed)
        after = np.maximum(at - self._edges[-1], 0.0)
        before = np.minimum(at - self._edges[0], 0.0)
        return np.asarray(inside + after + before, dtype=np.float64)

    def days_at(self, usual: Floats) -> Floats:
        """The day at a point of that scale: `usual_days` the other way round."""
        if not self.index:
            return usual
        inside = np.interp(usual, self._passed, self._edges)
        after = np.maximum(usual - self._passed[-1], 0.0)
        before = np.minimum(usual - self._passed[0], 0.0)
        return np.asarray(inside + after + before, dtype=np.float64)


def fit_season(bought: Purchases, until: int) -> Season:
    """The season of a shop, from what its people did up to a day.

    Only what lies between a person's first and last purchase counts, where they were customers for sure: given how many
    purchases lie there, they fall on weeks as the index says (a Poisson process of common shape). So those who leave
    and those who join do not bend it, and this week is known this week, without a year to compare it with.
    """
    bought = bought.until(until)
    counts, has = bought.counts, bought.counts > 2
    if int((counts[has] - 2).sum()) < FEWEST:
        return Season()
    first_at, last_at = bought.days[bought.starts[:-1][has]], bought.days[bought.starts[1:][has] - 1]
    start = int(first_at.min()) // WEEK * WEEK
    weeks = (until - start) // WEEK + 1
    inner = np.ones(len(bought.days), dtype=bool)
    inner[bought.starts[:-1][counts > 0]] = False
    inner[bought.starts[1:][counts > 0] - 1] = False
    found = np.bincount((bought.days[inner] - start) // WEEK, minlength=weeks).astype(np.float64)
    index = np.ones(weeks)
    for _ in range(ROUNDS):
        expected = _expected(
            Season(start, tuple(index)), first_at, last_at, (counts[has] - 2).astype(np.float64), weeks
        )
        index = _smoothed(found, expected, index)
    index = index / _trend(index)
    return Season(start, tuple(np.round(index, 4).tolist()))


def _trend(index: Floats) -> Floats:
    """The mean of the year that ends with each week: what changes for good is no season."""
    if len(index) <= YEAR_WEEKS:
        return np.ones_like(index)
    passed = np.concatenate([[0.0], np.cumsum(index)])
    year = (passed[YEAR_WEEKS:] - passed[:-YEAR_WEEKS]) / YEAR_WEEKS
    return np.concatenate([np.full(YEAR_WEEKS - 1, year[0]), year])


def _expected(season: Season, first_at: Ints, last_at: Ints, inner: Floats, weeks: int) -> Floats:
    """Purchases that would fall on each week if all weeks were as usual."""
    length = np.maximum(season.usual_days(last_at) - season.usual_days(first_at), 1e-9)
    per_day = inner / length
    days = weeks * WEEK + 2
    steps = np.zeros(days)
    np.add.at(steps, first_at - season.first + 1, per_day)
    np.add.at(steps, last_at - season.first, -per_day)
    return np.asarray(np.cumsum(steps)[: weeks * WEEK].reshape(weeks, WEEK).sum(axis=1))


def _smoothed(found: Floats, expected: Floats, index: Floats) -> Floats:
    """Found against expected, each week with its neighbours, and held by the week before where few are seen."""
    padded = [np.convolve(np.pad(x, 1, mode="edge"), SMOOTH, mode="valid") for x in (found, expected)]
    result, before = np.ones_like(index), 1.0
    for week, (seen, usual) in enumerate(zip(*padded, strict=True)):
        before = float(np.clip((seen + CARE * before) / (usual + CARE), *CLIP))
        result[week] = before
    weight = expected.sum()
    return result / (float((result * expected).sum()) / weight if weight > 0 else 1.0)

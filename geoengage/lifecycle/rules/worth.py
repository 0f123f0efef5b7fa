"""How the money of customers is spread over them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geoengage.kit.anonymity import K

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_ROUND = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bin:
    """Customers whose value is from `low` on and below `high`; None: no bound."""

    low: float | None
    high: float | None
    people: int


@dataclass(frozen=True, slots=True)
class Tenth:
    """A tenth of the customers, by value, and the share of all money that is theirs; None: there is no money."""

    people: int
    money: float
    share: float | None


@dataclass(frozen=True, slots=True)
class Spread:
    """What customers are worth: mean, quantiles (by QUANTILES), bins from the least on, tenths from the most on.

    `people` None: so few that nothing is told.
    """

    people: int | None
    mean: float | None
    quantiles: list[float]
    bins: list[Bin]
    tenths: list[Tenth]


def spread(values: npt.NDArray[np.float64], *, exact: bool) -> Spread:
    """The distribution of values in minor units. Unless `exact`, no bin and no tenth is of fewer than K people."""
    n = len(values)
    least = 1 if exact else K
    if n < least:
        return Spread(None if n else 0, None, [], [], [])
    ordered = np.sort(values)[::-1]
    total = float(ordered.sum())
    tenths = [] if n < 10 * least else [_tenth(part, total) for part in np.array_split(ordered, 10)]
    quantiles = [float(q) for q in np.quantile(ordered, QUANTILES)] if n >= 10 * least else []
    if not exact:  # a quantile is nearly one customer's own sum
        quantiles = [float(f"{q:.1e}") for q in quantiles]
    return Spread(n, total / n, quantiles, _bins(ordered, least), tenths)


def _tenth(part: npt.NDArray[np.float64], total: float) -> Tenth:
    money = float(part.sum())
    return Tenth(len(part), money, money / total if total > 0 else None)


def _edges(highest: float) -> list[float]:
    """0, then 1, 2, 5, 10 … hundred minor units, up to the highest value."""
    found, scale = [0.0], 100.0
    while found[-1] <= highest:
        found += [factor * scale for factor in _ROUND]
        scale *= 10
    return [edge for n, edge in enumerate(found) if n == 0 or found[n - 1] <= highest]


def _bins(ordered: npt.NDArray[np.float64], least: int) -> list[Bin]:
    edges: Sequence[float] = _edges(float(ordered[0]))
    counts, _ = np.histogram(ordered, bins=[-np.inf, *edges, np.inf])
    bounds = [None, *edges, None]
    found: list[Bin] = []
    low, people = bounds[0], 0
    for n, count in enumerate(counts):
        people += int(count)
        if people >= least and (people or found):
            found.append(Bin(low, bounds[n + 1], people))
            low, people = bounds[n + 1], 0
    if people and found:  # too few are left for a bin of their own
        last = found.pop()
        found.append(Bin(last.low, None, last.people + people))
    return found

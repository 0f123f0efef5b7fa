"""Growth month on month of stores that were there all along, with an interval over stores. Pure.

New stores make a chain grow without any store growing. So only stores are compared that sold in all of the months: what
they took in the last three against the first three, as a growth a month. Stores differ, and each is one draw: the
interval is that of a ratio of two means over stores (Cochran 1977, 6.4), with Student's t.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

_SIDE = 3  # months at either end
_FEWEST = 4  # stores; of fewer the spread between them says nothing
_ERROR = 0.05


@dataclass(frozen=True, slots=True)
class Growth:
    """A month's growth of the same stores: 0.05 is a twentieth more; `low`, `high`: with 95 % confidence."""

    stores: int
    value: float
    low: float
    high: float


def same_stores(months: Sequence[Sequence[float]]) -> Growth | None:
    """`months`: of each store what it took, month by month, 0 before it opened. None: there are too few stores."""
    taken = np.array(months, dtype=np.float64)
    taken = taken[(taken > 0).all(axis=1)] if len(taken) else taken
    if len(taken) < _FEWEST:
        return None
    first, last = taken[:, :_SIDE].sum(axis=1), taken[:, -_SIDE:].sum(axis=1)
    apart = taken.shape[1] - _SIDE
    ratio, count = last.sum() / first.sum(), len(taken)
    spread = np.sqrt(count * np.sum((last - ratio * first) ** 2) / (count - 1)) / first.sum()
    reach = float(t.ppf(1 - _ERROR / 2, count - 1)) * spread / ratio  # of the logarithm
    value, low, high = (float(np.exp((np.log(ratio) + side * reach) / apart)) - 1 for side in (0, -1, 1))
    return Growth(count, value, low, high)

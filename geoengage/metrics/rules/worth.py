"""What will a customer have brought in a year from now, and between which bounds?

Expected purchases times expected value, discounted by month. The bounds come from the distribution of that sum: nobody
who has stopped brings anything; who has not may still buy nothing; who buys brings an amount whose mean and variance
are known, and which is taken to be gamma-distributed (tests compare with simulated customers).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv, hyp2f1

from geoengage.metrics.rules.buying import Fit, Floats, Histories, alive_by_row, expected_if_alive, off_poles
from geoengage.metrics.rules.spending import Spending

WEEKS_A_MONTH = 365.25 / 12 / 7
MONTHS = 12
DISCOUNT = 0.01  # a month, so 12.7 % a year: what lifetimes' examples and Fader & Hardie take, roughly a shop's capital
LOW, HIGH = 0.1, 0.9  # eight of ten customers lie between
_LEAST_FREEDOM = 0.1  # where the spread of values has no variance, it is taken to be large


def future_value(
    history: Histories,
    fitted: Fit,
    value: Floats,
    *,
    months: int = MONTHS,
    discount: float = DISCOUNT,
    month: float = WEEKS_A_MONTH,
) -> Floats:
    """For each customer what the next `months` bring, in the unit of `value` (of one purchase, by customer).

    Purchases of a month count at its end, `discount` a month. `month` is its length in the fit's unit of time.
    """
    before = total = np.zeros(len(history.pair_x))
    for number in range(1, months + 1):
        until = expected_if_alive(history, fitted, number * month)
        total = total + (until - before) / (1 + discount) ** number
        before = until
    by_row = total[history.pair_of] * alive_by_row(history, fitted)
    found: Floats = by_row[history.row_of] * value
    return found


@dataclass(frozen=True, slots=True)
class Bounds:
    """For each customer the amounts below which he stays with probability `LOW` and `HIGH`, not discounted."""

    low: Floats
    high: Floats


def bounds(history: Histories, fitted: Fit, mean_value: Floats, spending: Spending, horizon: float) -> Bounds:
    """Between which amounts a customer's purchases until `horizon` lie. `mean_value`: of repeat purchases so far."""
    first, second, buys = _moments(history, fitted, horizon)
    row = history.row_of
    pair = history.pair_of[row]
    buys = buys[pair] * alive_by_row(history, fitted)[row]  # that anything is bought at all
    x = history.x[row]
    # Gamma-Gamma's posterior: n purchases bring g times a beta-prime variable of p n and q.
    g, q = spending.gamma + x * mean_value, spending.p * x + spending.q
    p, freedom = spending.p, np.maximum(q - 2, _LEAST_FREEDOM)
    mean = g * p * first[pair] / (q - 1)
    square = g * g * (p * p * second[pair] + p * first[pair]) / ((q - 1) * freedom)
    shape = 1 / np.maximum(square / mean**2 - 1, 1e-9)
    return Bounds(*(_quantile(level, buys, shape, mean) for level in (LOW, HIGH)))


def _quantile(level: float, buys: Floats, shape: Floats, mean: Floats) -> Floats:
    """Of an amount that is 0 with probability 1 - `buys`, else gamma-distributed."""
    found = np.zeros(len(buys))
    some = buys > 1 - level
    rank = 1 - (1 - level) / buys[some]
    found[some] = gammaincinv(shape[some], rank) / shape[some] * mean[some]
    return found


def _moments(history: Histories, fitted: Fit, horizon: float) -> tuple[Floats, Floats, Floats]:
    """Of purchases until `horizon`, by (x, age), of who is a customer still: mean and mean square of who buys at all,
    and the probability of that.

    With a rate l and a probability p to stop after each, E[N (N - 1)] = 2 (1 - p) / p^2 (1 - e^(-l p t) (1 + l p t)):
    after n purchases at the rate l (1 - p) he is alive with e^(-l p t). Averaged over l and p as the mean is.
    """
    x, k = history.pair_x, history.pair_x + fitted.first
    r, alpha, a, b = fitted.r + x, fitted.alpha + history.pair_age, off_poles(fitted.a), fitted.b + k
    u = alpha / (alpha + horizon)
    z = 1 - u
    once = expected_if_alive(history, fitted, horizon)
    stays = u**r * hyp2f1(r, b + 1, a + b - 1, z)
    goes = r * horizon / alpha * u ** (r + 1) * hyp2f1(r + 1, b + 1, a + b, z)
    twice = 2 * b / (a - 1) * ((a + b - 1) / (a - 2) * (1 - stays) - goes)
    buys = -np.expm1(r * np.log(u))
    square = np.maximum(twice + once, once**2 / buys)  # rounding must not make a variance negative
    return once / buys, square / buys, buys

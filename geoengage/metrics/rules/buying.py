"""How often will a customer buy again, and is he still one? BG/NBD and MBG/NBD, fitted and applied to arrays.

A customer buys at a rate of his own (gamma-distributed over customers: shape `r`, rate `alpha`) and after a purchase
stops for good with a probability of his own (beta-distributed: `a`, `b`). BG/NBD (Fader, Hardie, Lee 2005, Marketing
Science 24:275) lets him stop after repeat purchases only, so that who bought once is alive for sure; MBG/NBD (Batislam,
Denizel, Filiztekin 2007, IJRM 24:201) lets him stop after the first one too. Both are one formula: with x repeat
purchases a customer had k = x, or x + 1, chances to stop.

Times are in one unit, weeks by custom: `t_x` from the first to the last purchase, `age` (T in the papers) from the
first until now. Purchases of one day count once, and the first is no repeat. Customers with equal (x, t_x, age) are one
row with a weight, gamma functions are computed once for each x: a million customers cost a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.optimize import OptimizeResult, minimize
from scipy.special import gammaln, hyp2f1, psi

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FEWEST_CUSTOMERS = 100
FEWEST_REPEATERS = 30
_START = np.zeros(4)  # all parameters 1
_FLAT = 1e-4  # of the mean log-likelihood, for a step of 1 in a logarithm
# Of the logarithms of r, alpha, a, b. Beyond e^12 the likelihood is flat; with r = e^6 rates differ by a twentieth,
# which is as good as not at all, and larger ones leave the range of floating point.
_BOUNDS = ((-12.0, 6.0), (-12.0, 12.0), (-12.0, 12.0), (-12.0, 12.0))


class Model(StrEnum):
    """When a customer may stop for the first time."""

    BG_NBD = "bg_nbd"
    MBG_NBD = "mbg_nbd"


@dataclass(frozen=True, slots=True)
class Histories:
    """Distinct purchase histories: repeat purchases `x`, `t_x`, `age`, and how many customers have each.

    `row_of`: for each customer given to `group` its row here. What the future of a customer who is still one looks
    like depends on x and age alone: `pair_x` and `pair_age` are the distinct ones, `pair_of` that of each row.
    """

    x: Floats
    t_x: Floats
    age: Floats
    weight: Floats
    row_of: Ints
    pair_x: Floats
    pair_age: Floats
    pair_of: Ints

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return len(self.row_of)


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model. `log_likelihood`: of all customers; `converged`: the search ended at a maximum."""

    model: Model
    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    customers: int
    converged: bool

    @property
    def first(self) -> int:
        """How many chances to stop the first purchase was."""
        return 1 if self.model is Model.MBG_NBD else 0


@dataclass(frozen=True, slots=True)
class TooLittle:
    """No model: `reason` says what is missing, for people."""

    reason: str


def group(x: npt.ArrayLike, t_x: npt.ArrayLike, age: npt.ArrayLike) -> Histories:
    """Histories of customers, equal ones together. ValueError for what no customer can have."""
    x_, t_, age_ = (np.asarray(v, dtype=np.float64) for v in (x, t_x, age))
    if not (len(x_) == len(t_) == len(age_)):
        raise ValueError("x, t_x and age are of different lengths")
    if np.any((x_ < 0) | (t_ < 0) | (t_ > age_) | ((x_ == 0) != (t_ == 0))):
        raise ValueError("a customer has x >= 0 repeat purchases, t_x <= age, and t_x = 0 exactly when x = 0")
    order = np.lexsort((age_, t_, x_))
    xs, ts, ages = x_[order], t_[order], age_[order]
    new = np.ones(len(xs), dtype=bool)
    new[1:] = (xs[1:] != xs[:-1]) | (ts[1:] != ts[:-1]) | (ages[1:] != ages[:-1])
    first = np.flatnonzero(new)
    row_of = np.empty(len(xs), dtype=np.int64)
    row_of[order] = np.cumsum(new) - 1
    weight = np.diff(np.append(first, len(xs))).astype(np.float64)
    x_, age_ = xs[first], ages[first]
    pairs, pair_of = np.unique(x_ + 1j * age_, return_inverse=True)
    return Histories(x_, ts[first], age_, weight, row_of, pairs.real, pairs.imag, pair_of)


def fit(history: Histories, model: Model = Model.MBG_NBD) -> Fit | TooLittle:
    """The parameters under which these histories are likeliest (L-BFGS-B on their logarithms, analytic gradient)."""
    repeaters = float(history.weight[history.x > 0].sum())
    if history.customers < FEWEST_CUSTOMERS or repeaters < FEWEST_REPEATERS:
        return TooLittle(
            f"{history.customers:,} customers, {repeaters:,.0f} of whom bought again; the model needs"
            f" {FEWEST_CUSTOMERS} and {FEWEST_REPEATERS}"
        )
    # A common time scale near 1 keeps the four logarithms alike; alpha is scaled back.
    scale = float(10.0 / history.age.max()) if history.age.max() > 0 else 1.0
    likelihood = _Likelihood(history, model, scale)
    found = minimize(
        likelihood, _START, jac=True, method="L-BFGS-B", bounds=_BOUNDS,
        options={"maxiter": 300, "ftol": 1e-13, "gtol": 1e-9},
    )  # fmt: skip
    r, alpha, a, b = np.exp(found.x)
    # Rescaling time by s adds x ln s to each log-likelihood: undone, so that the figure is that of the given unit.
    total = -found.fun * history.customers + float((history.weight * history.x).sum()) * np.log(scale)
    return Fit(
        model,
        float(r),
        float(alpha / scale),
        float(a),
        float(b),
        float(total),
        history.customers,
        is_maximum(found, _BOUNDS),
    )


def is_maximum(found: OptimizeResult, bounds: Sequence[tuple[float, float]]) -> bool:
    """Whether a search has ended where nothing rises. On a flat ridge its last step fails though it has arrived."""
    inside = np.array([low < x < high for x, (low, high) in zip(found.x, bounds, strict=True)])
    return bool(found.success or np.abs(found.jac[inside]).max(initial=0.0) < _FLAT)


class _Likelihood:
    """Minus the mean log-likelihood and its gradient in the logarithms of (r, alpha, a, b)."""

    def __init__(self, history: Histories, model: Model, scale: float) -> None:
        self._t, self._age = history.t_x * scale, history.age * scale
        self._weight = history.weight / history.weight.sum()
        self._x = history.x
        self._distinct, self._at = np.unique(history.x, return_inverse=True)
        self._per_x = np.bincount(self._at, weights=self._weight)
        self._first = 1 if model is Model.MBG_NBD else 0
        self._k = self._distinct + self._first
        # Times are days in a unit of their own: few are distinct, so logarithms are taken of those only.
        self._ages, self._age_at = np.unique(self._age, return_inverse=True)
        self._ts, self._t_at = np.unique(self._t, return_inverse=True)
        self._may_stop = history.x + self._first > 0

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(logs)
        x, k, at = self._distinct, self._k, self._at
        stopped = np.maximum(b + k - 1, 1e-300)
        log_age = np.log(alpha + self._ages)[self._age_at]
        log_t = np.log(alpha + self._ts)[self._t_at]
        rx = r + self._x
        alive = -rx * log_age
        gone = np.where(self._may_stop, (np.log(a) - np.log(stopped))[at] - rx * log_t, -np.inf)
        both = np.logaddexp(alive, gone)
        p_gone = np.exp(gone - both)
        p_alive = 1 - p_gone
        per_x = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        per_x += gammaln(a + b) + gammaln(b + k) - gammaln(b) - gammaln(a + b + k)
        value = float(self._per_x @ per_x + self._weight @ both)
        w = self._weight
        gone_x = np.bincount(at, weights=w * p_gone, minlength=len(x))
        mean_log = w @ (p_alive * log_age + p_gone * log_t)
        inverse = p_alive * (1 / (alpha + self._ages))[self._age_at] + p_gone * (1 / (alpha + self._ts))[self._t_at]
        total = self._per_x @ (psi(a + b) - psi(a + b + k))
        d_r = self._per_x @ (psi(r + x) - psi(r)) + np.log(alpha) - mean_log
        d_alpha = r / alpha - w @ (rx * inverse)
        d_a = total + gone_x.sum() / a
        d_b = total + self._per_x @ (psi(b + k) - psi(b)) - gone_x @ (1 / stopped)
        return -value, -np.array([d_r * r, d_alpha * alpha, d_a * a, d_b * b])


def log_likelihood(history: Histories, fitted: Fit) -> float:
    """Of all customers, under the parameters of `fitted`."""
    logs = np.log([fitted.r, fitted.alpha, fitted.a, fitted.b])
    return -_Likelihood(history, fitted.model, 1.0)(logs)[0] * history.customers


def probability_alive(history: Histories, fitted: Fit) -> Floats:
    """For each customer, that he has not stopped. Under BG/NBD 1 for everybody who bought once (see the module)."""
    return alive_by_row(history, fitted)[history.row_of]


def alive_by_row(history: Histories, fitted: Fit) -> Floats:
    """As `probability_alive`, for each distinct history."""
    k = history.x + fitted.first
    ratio = (fitted.alpha + history.age) / (fitted.alpha + history.t_x)
    with np.errstate(over="ignore"):  # infinite odds: he is gone
        odds = fitted.a / np.where(k > 0, fitted.b + k - 1, 1.0) * ratio ** (fitted.r + history.x)
    found: Floats = 1 / (1 + np.where(k > 0, odds, 0.0))
    return found


def expected_purchases(history: Histories, fitted: Fit, horizon: float) -> Floats:
    """For each customer, how many more purchases until `horizon` from now, in the unit of time of the fit."""
    by_row = expected_if_alive(history, fitted, horizon)[history.pair_of] * alive_by_row(history, fitted)
    found: Floats = by_row[history.row_of]
    return found


def expected_if_alive(history: Histories, fitted: Fit, horizon: float) -> Floats:
    """Purchases until `horizon` of who has not stopped yet, for each (x, age). Equation 10 of Fader, Hardie, Lee."""
    return _bought(fitted, history.pair_x, history.pair_age, horizon)


def expected_of_newcomer(fitted: Fit, age: Floats) -> Floats:
    """How many repeat purchases a customer has made so long after the first one, for each age."""
    stays = fitted.b / (fitted.a + fitted.b) if fitted.first else 1.0
    return stays * _bought(fitted, np.zeros(1), np.zeros(1), age)


def _bought(fitted: Fit, x: Floats, age: Floats, horizon: float | Floats) -> Floats:
    r, alpha, a, b = fitted.r, fitted.alpha, off_poles(fitted.a), fitted.b
    k = x + fitted.first
    z = horizon / (alpha + age + horizon)
    series = hyp2f1(r + x, b + k, a + b + k - 1, z)
    bought: Floats = (a + b + k - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + horizon)) ** (r + x) * series)
    return bought


def off_poles(a: float) -> float:
    """`a`, a little away from 1 and 2, where the formulas of purchases to come divide nothing by nothing."""
    nearest = round(a)
    return nearest + 1e-6 if nearest in (1, 2) and abs(a - nearest) < 1e-6 else a

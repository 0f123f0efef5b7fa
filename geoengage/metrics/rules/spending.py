"""What does a customer spend on a purchase? Gamma-Gamma (Fader, Hardie 2013, brucehardie.com/notes/025).

The mean of a customer's own purchases is shrunk towards that of all, the more the fewer he has made. It assumes that
how much and how often are independent, so their correlation is measured and told.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaln, psi

from geoengage.metrics.rules.buying import FEWEST_REPEATERS, Floats, TooLittle, is_maximum

# Of the logarithms of p, q, gamma. With p = e^7 a customer's purchases differ by a thirtieth: as good as not at all.
_BOUNDS = ((-15.0, 7.0), (-15.0, 15.0), (-15.0, 15.0))


@dataclass(frozen=True, slots=True)
class Spending:
    """A fitted model: `p`, `q`, `gamma`. `correlation` of frequency and mean value (Pearson): it takes it to be 0."""

    p: float
    q: float
    gamma: float
    log_likelihood: float
    customers: int
    correlation: float
    converged: bool

    @property
    def mean(self) -> float:
        """What a customer nobody knows spends on a purchase."""
        return self.p * self.gamma / (self.q - 1)


def fit(x: npt.ArrayLike, mean_value: npt.ArrayLike) -> Spending | TooLittle:
    """From `x` repeat purchases of `mean_value` each; who has none, or spent nothing, is left out."""
    x_, m = np.asarray(x, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
    there = (x_ > 0) & (m > 0)
    x_, m = x_[there], m[there]
    if len(x_) < FEWEST_REPEATERS:
        return TooLittle(f"{len(x_):,} customers bought again and paid; the model needs {FEWEST_REPEATERS}")
    scale = float(m.mean())  # amounts near 1, whatever the currency
    likelihood = _Likelihood(x_, m / scale)
    found = minimize(
        likelihood, np.zeros(3), jac=True, method="L-BFGS-B", bounds=_BOUNDS,
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-9},
    )  # fmt: skip
    p, q, gamma = np.exp(found.x)
    total = -found.fun * len(x_) - len(x_) * np.log(scale)  # the density of an amount is that of the scaled one / scale
    correlation = float(np.corrcoef(x_, m)[0, 1]) if np.std(x_) > 0 and np.std(m) > 0 else 0.0
    return Spending(
        float(p), float(q), float(gamma * scale), float(total), len(x_), correlation, is_maximum(found, _BOUNDS)
    )


class _Likelihood:
    """Minus the mean log-likelihood and its gradient in the logarithms of (p, q, gamma)."""

    def __init__(self, x: Floats, m: Floats) -> None:
        self._x, self._m, self._log_m = x, m, np.log(m)
        self._distinct, self._at = np.unique(x, return_inverse=True)
        self._count = np.bincount(self._at).astype(np.float64)
        self._sum_log_m = np.bincount(self._at, weights=self._log_m)

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        p, q, gamma = np.exp(logs)
        x, n = self._distinct, self._count
        log_all = np.log(self._x * self._m + gamma)
        per_x = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma) + p * x * np.log(x)
        weighted = p * self._x + q
        value = n @ per_x + (p * x - 1) @ self._sum_log_m - weighted @ log_all
        sums = np.bincount(self._at, weights=log_all)
        d_p = n @ (x * (psi(p * x + q) - psi(p * x) + np.log(x))) + x @ self._sum_log_m - x @ sums
        d_q = n @ (psi(p * x + q) - psi(q) + np.log(gamma)) - sums.sum()
        d_gamma = q * n.sum() / gamma - (weighted / (self._x * self._m + gamma)).sum()
        size = n.sum()
        return -value / size, -np.array([d_p * p, d_q * q, d_gamma * gamma]) / size


def expected_value(x: npt.ArrayLike, mean_value: npt.ArrayLike, fitted: Spending) -> Floats:
    """What each customer will spend on a purchase: own mean and that of all, weighted by how much is known."""
    x_, m = np.asarray(x, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
    found: Floats = fitted.p * (fitted.gamma + x_ * m) / (fitted.p * x_ + fitted.q - 1)
    return found

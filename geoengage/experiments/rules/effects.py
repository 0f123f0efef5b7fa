"""Differences between arms with intervals: Welch, CUPED, ratios of two differences, arms pooled over stores. Pure.

All functions work on moments (counts, means, covariances), which add up over days and stores; leading axes are many
experiments at once. No outcome is cut off or winsorised: a large basket counts as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
HELPS = 0.98  # of the plain standard error: CUPED is taken where it comes out lower than this
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Moments:
    """Of an arm: `n` people (…), the means (…, k) and covariances (…, k, k) of what was measured of them."""

    n: Floats
    mean: Floats
    cov: Floats


def moments(rows: npt.ArrayLike) -> Moments:
    """Of people × things measured. Covariances have n − 1 below."""
    data = np.asarray(rows, dtype=np.float64)
    return of_sums(np.float64(len(data)), data.sum(axis=0), data.T @ data)


def of_sums(n: npt.ArrayLike, sums: npt.ArrayLike, squares: npt.ArrayLike) -> Moments:
    """From counts (…), sums (…, k) and sums of products (…, k, k), which may be added up over days."""
    count, total, products = (np.asarray(part, dtype=np.float64) for part in (n, sums, squares))
    mean = total / np.maximum(count, 1)[..., None]
    spread = products - count[..., None, None] * mean[..., :, None] * mean[..., None, :]
    return Moments(count, mean, spread / np.maximum(count - 1, 1)[..., None, None])


@dataclass(frozen=True, slots=True)
class Effect:
    """A difference (first arm − second) with its interval. `se`: standard error, `df` of Welch and Satterthwaite.

    `adjusted`: CUPED was used; `plain_se`: without it.
    """

    value: Floats
    low: Floats
    high: Floats
    se: Floats
    df: Floats
    adjusted: Bools
    plain_se: Floats


def _slopes(one: Moments, two: Moments, y: Sequence[int], x: Sequence[int]) -> Floats:
    """CUPED's theta = cov(X, X)^-1 cov(X, Y) within the arms together (Deng, Xu, Kohavi, Walker 2013, WSDM; several
    X as in Lin 2013, Ann. Appl. Stat. 7:295): (…, x, y). A covariate that never varies gets 0."""
    weight_one, weight_two = (np.maximum(m.n - 1, 0)[..., None, None] for m in (one, two))
    within = weight_one * one.cov + weight_two * two.cov
    xx, xy = within[..., x, :][..., :, x], within[..., x, :][..., :, y]
    return np.asarray(np.linalg.pinv(xx, rcond=1e-10, hermitian=True) @ xy)


def _arm(arm: Moments, theta: Floats, y: Sequence[int], x: Sequence[int]) -> Floats:
    """Covariance of the mean of Y − theta' X in one arm: (…, y, y)."""
    yy, xy = arm.cov[..., y, :][..., :, y], arm.cov[..., x, :][..., :, y]
    xx, turned = arm.cov[..., x, :][..., :, x], np.swapaxes(theta, -1, -2)
    cross = turned @ xy
    rest = yy - cross - np.swapaxes(cross, -1, -2) + turned @ xx @ theta
    freedom = np.maximum(arm.n - 1, 1) / np.maximum(arm.n - 1 - len(x), 1)
    return np.asarray(rest * (freedom / np.maximum(arm.n, 1))[..., None, None])


@dataclass(frozen=True, slots=True)
class _Fit:
    """Differences of several outcomes at once, and the covariance of each arm's part in them."""

    value: Floats
    one: Floats
    two: Floats

    @property
    def cov(self) -> Floats:
        return self.one + self.two


def _fit(one: Moments, two: Moments, y: Sequence[int], x: Sequence[int]) -> _Fit:
    theta = _slopes(one, two, y, x) if x else np.zeros((*one.n.shape, 0, len(y)))
    gap = one.mean - two.mean
    shift = np.einsum("...xy,...x->...y", theta, gap[..., x]) if x else 0.0
    return _Fit(gap[..., y] - shift, _arm(one, theta, y, x), _arm(two, theta, y, x))


def _freedom(v_one: Floats, v_two: Floats, one: Moments, two: Moments) -> Floats:
    """Degrees of freedom after Welch (1947) and Satterthwaite (1946)."""
    below = v_one**2 / np.maximum(one.n - 1, 1) + v_two**2 / np.maximum(two.n - 1, 1)
    return np.asarray(np.maximum((v_one + v_two) ** 2 / np.maximum(below, _TINY), 1.0))


def quantile(alpha: npt.ArrayLike, df: npt.ArrayLike) -> Floats:
    """Student's t that is exceeded on either side with probability `alpha` together."""
    return np.asarray(stdtrit(df, 1 - np.asarray(alpha) / 2))


def difference(
    one: Moments, two: Moments, alpha: npt.ArrayLike, outcome: int = 0, covariates: Sequence[int] = ()
) -> Effect:
    """First arm's mean − second's, with an interval that misses it with probability `alpha`.

    `outcome`, `covariates`: places in the moments. Covariates are from before the decision, so that the treatment
    cannot have moved them; they are used only where they make the interval narrower.
    """
    plain = _fit(one, two, (outcome,), ())
    value, v_one, v_two = plain.value[..., 0], plain.one[..., 0, 0], plain.two[..., 0, 0]
    plain_se = np.sqrt(np.maximum(v_one + v_two, 0))
    adjusted = np.zeros(value.shape, dtype=bool)
    if len(covariates):
        better = _fit(one, two, (outcome,), tuple(covariates))
        se = np.sqrt(np.maximum(better.cov[..., 0, 0], 0))
        enough = np.minimum(one.n, two.n) > 10 * (len(covariates) + 1)
        adjusted = np.asarray((se < HELPS * plain_se) & enough)
        value = np.where(adjusted, better.value[..., 0], value)
        v_one, v_two = (
            np.where(adjusted, new[..., 0, 0], old)
            for new, old in ((better.one, v_one), (better.two, v_two))
        )  # fmt: skip
    se = np.sqrt(np.maximum(v_one + v_two, 0))
    df = _freedom(v_one, v_two, one, two)
    margin = quantile(alpha, df) * se
    return Effect(value, value - margin, value + margin, se, df, adjusted, plain_se)


@dataclass(frozen=True, slots=True)
class Ratio:
    """The ratio of two differences with its interval; `low` and `high` NaN: it has no bounds, for the lower difference
    may as well be nothing."""

    value: Floats
    low: Floats
    high: Floats


def ratio(
    one: Moments, two: Moments, alpha: npt.ArrayLike, upper: int, lower: int, covariates: Sequence[int] = ()
) -> Ratio:
    """Difference of `upper` ÷ difference of `lower`, by Fieller (1954, JRSS B 16:175), which needs no symmetry.

    With d = upper − r lower, all r at which d may be 0 by its own t-interval are the interval.
    """
    fit = _fit(one, two, (upper, lower), tuple(covariates))
    up, down = fit.value[..., 0], fit.value[..., 1]
    value = np.divide(up, down, out=np.full(up.shape, np.nan), where=down != 0)
    r = np.nan_to_num(value)
    v_one, v_two = (part[..., 0, 0] - 2 * r * part[..., 0, 1] + r**2 * part[..., 1, 1] for part in (fit.one, fit.two))
    df = _freedom(np.maximum(v_one, 0), np.maximum(v_two, 0), one, two)
    q2 = quantile(alpha, df) ** 2
    cov = fit.cov
    a = down**2 - q2 * cov[..., 1, 1]
    b = up * down - q2 * cov[..., 0, 1]
    c = up**2 - q2 * cov[..., 0, 0]
    root = np.sqrt(np.maximum(b**2 - a * c, 0))
    bounded = (a > 0) & (down > 0)
    safe = np.where(bounded, a, 1.0)
    low, high = (np.where(bounded, edge / safe, np.nan) for edge in (b - root, b + root))
    return Ratio(value, low, high)


def pooled(strata: Sequence[tuple[Moments, Moments]]) -> tuple[Moments, Moments]:
    """Arms of several stores as if of one, so that stores too small by themselves speak together.

    A store's arms weigh n1 n2 / (n1 + n2), as Mantel and Haenszel (1959) have it, and each arm's people vary around the
    mean of their own store: a difference between stores is then none between arms. A store without one of the arms says
    nothing. `n` of the result is the number of people who would say as much in one store; 0: no store has both arms.
    """
    n_one, n_two = (np.stack([pair[place].n for pair in strata]) for place in (0, 1))
    weight = np.divide(n_one * n_two, n_one + n_two, out=np.zeros(n_one.shape), where=n_one + n_two > 0)
    total = weight.sum(axis=0)
    share = np.divide(weight, total, out=np.zeros(weight.shape), where=total > 0)
    one, two = (_together([pair[place] for pair in strata], share) for place in (0, 1))
    return one, two


def _together(arms: Sequence[Moments], share: Floats) -> Moments:
    n = np.stack([arm.n for arm in arms])
    mean = np.einsum("s...,s...k->...k", share, np.stack([arm.mean for arm in arms]))
    counts = share > 0
    freedom = np.where(counts, np.maximum(n - 1, 0), 0.0)
    within = np.einsum("s...,s...kl->...kl", freedom, np.stack([arm.cov for arm in arms]))
    within = within / np.maximum(freedom.sum(axis=0), 1)[..., None, None]
    spread = np.divide(share**2, n, out=np.zeros(share.shape), where=counts).sum(axis=0)
    effective = np.divide(1.0, spread, out=np.zeros(spread.shape), where=spread > 0)
    return Moments(effective, mean, within)

"""A person's own rhythm, and how unlikely it makes what is seen now. Pure, for many people at once.

Gaps between purchase days are Gamma(k, θ): k is the person's regularity (1 = at random, above = regular, below = in
clumps), k/θ their mean gap. Rates and regularity of a shop's people are the prior, so a short history leans on them and
a long one speaks for itself. With θ ~ Gamma(A, B) a next gap exceeds t with probability I(A, k; B/(B+t)), the
regularised incomplete beta function; k is summed over a grid with its posterior weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, gammaincc, gammaln

from geoengage.metrics.rules.season import Floats, Ints, Purchases, Season

REGULARITIES = np.array([0.4, 0.6, 0.85, 1.2, 1.8, 2.7, 4.5])
FALLS = (0.25, 0.5)  # of the own rate: what "slower" is compared as
YEAR = 365.25
SHORTEST = 0.5  # days: a shorter gap is none
ROUNDS = 20  # of the expectation-maximisation that finds the shares of regularities
LEAST_SHARE = 0.01  # of a regularity that nobody seems to have
FEWEST_PEOPLE, ENOUGH_PEOPLE = 50, 4000  # with a gap, to learn from
SHAPES, SCALES = (0.6, 0.85, 1.2, 1.7, 2.4, 3.4, 4.8, 6.8), (0.45, 0.6, 0.8, 1.0, 1.25)
CAUTION = 0.5
LEAST_BEFORE = 3  # gaps that a change must have before it


@dataclass(frozen=True)
class Population:
    """How the people of a shop buy: rates per day ~ Gamma(`shape`, `days`), regularities by the weights of the grid."""

    shape: float = 1.2
    days: float = 45.0
    regularity: tuple[float, ...] = (0.05, 0.2, 0.25, 0.25, 0.15, 0.07, 0.03)


@dataclass(frozen=True)
class Rhythm:
    """What is known of people at a day; arrays, one entry a person.

    `own`: purchase days. `silence`: usual days since the last one. `mean_gap`: usual days. `tail`: how likely a gap is
    to last longer than this one has. `gone`: ln of how many years pass between gaps as long as this one. `slow`: ln of
    the odds that the rate has fallen, per gap of a year. `ratio`: the rate since then over that before (1: no change),
    `since`: ordinal of the last purchase before.
    """

    own: Ints
    first: Ints
    last: Ints
    silence: Floats
    mean_gap: Floats
    tail: Floats
    gone: Floats
    slow: Floats
    ratio: Floats
    since: Ints


@dataclass(frozen=True)
class _Gaps:
    """Gaps of people in usual days, flat: of person `who[j]`, who has `n` of them, from `starts` on."""

    who: Ints
    n: Ints
    starts: Ints
    x: Floats
    total: Floats
    logs: Floats


def _gaps(bought: Purchases, season: Season) -> _Gaps:
    usual = season.usual_days(bought.days)
    n = np.maximum(bought.counts - 1, 0)
    inside = np.ones(max(len(usual) - 1, 0), dtype=bool)
    ends = bought.starts[1:-1]
    inside[ends[(ends > 0) & (ends < len(usual))] - 1] = False
    x = np.maximum(np.diff(usual)[inside], 0.25) if len(usual) else np.zeros(0)
    who = np.repeat(np.arange(bought.people), n)
    starts = np.concatenate([[0], np.cumsum(n)[:-1]]) if bought.people else np.zeros(0, dtype=np.int64)
    total = np.bincount(who, x, minlength=bought.people).astype(np.float64)
    logs = np.bincount(who, np.log(x), minlength=bought.people).astype(np.float64)
    return _Gaps(who, n, starts.astype(np.int64), x, total, logs)


def _log_likelihoods(gaps: _Gaps, shape: float, days: float) -> Floats:
    """Ln of how well each regularity of the grid explains a person's gaps, people × grid.

    Purchases of one day are one, so gaps below half a day are never seen.
    """
    k, n = REGULARITIES[None, :], gaps.n[:, None]
    b = days / k
    mean = (days + gaps.total) / (shape + gaps.n)
    return np.asarray(
        (k - 1) * gaps.logs[:, None]
        - n * gammaln(k)
        + shape * np.log(b)
        - gammaln(shape)
        + gammaln(shape + n * k)
        - (shape + n * k) * np.log(b + gaps.total[:, None])
        - n * np.log(gammaincc(k, k * SHORTEST / mean[:, None]))
    )


def _weights(gaps: _Gaps, population: Population) -> Floats:
    """Posterior weights of the grid of regularities, people × grid."""
    log = _log_likelihoods(gaps, population.shape, population.days)
    weights = np.exp(log - log.max(axis=1, keepdims=True)) * np.asarray(population.regularity)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _tail(t: Floats, weights: Floats, gaps: _Gaps, population: Population) -> Floats:
    """How likely a next gap is to exceed `t`."""
    k = REGULARITIES[None, :]
    b = population.days / k + gaps.total[:, None]
    beyond = betainc(population.shape + gaps.n[:, None] * k, k, b / (b + t[:, None]))
    return np.asarray((weights * beyond).sum(axis=1))


def rhythm(bought: Purchases, at: Ints | int, population: Population, season: Season) -> Rhythm:
    """People at a day, each from purchases up to it (there must be at least one of each)."""
    day = np.broadcast_to(np.asarray(at, dtype=np.int64), bought.people)
    first, last = bought.days[bought.starts[:-1]], bought.days[bought.starts[1:] - 1]
    gaps = _gaps(bought, season)
    silence = np.maximum(season.usual_days(day) - season.usual_days(last), 0.0)
    weights = _weights(gaps, population)
    tail = np.maximum(_tail(silence, weights, gaps, population), 1e-300)
    mean_gap = (population.days + gaps.total) / np.maximum(population.shape + gaps.n, 1e-9)
    per_year = np.log(YEAR / mean_gap)
    k = np.exp(weights @ np.log(REGULARITIES))
    slow, ratio, since = _slowing(bought, gaps, k, silence, population)
    return Rhythm(
        bought.counts, first, last, silence, mean_gap, tail, -np.log(tail) - per_year, slow - per_year, ratio, since
    )


def _slowing(
    bought: Purchases, gaps: _Gaps, k: Floats, silence: Floats, population: Population
) -> tuple[Floats, Floats, Ints]:
    """The best change towards a lower rate: its ln likelihood ratio, the rate since over that before, after which day.

    For a change after c gaps (the rest: m gaps of R usual days in all) and a rate that falls to f times what it was,
    the closed gaps say f^(km) · ((B+R)/(B+fR))^(A+km), with A, B from the gaps before. The open gap adds what it says
    at the best of those, or by itself.
    """
    people = bought.people
    best = np.zeros(people)
    ratio, since = np.ones(people), bought.days[bought.starts[1:] - 1].copy()
    number = np.arange(len(gaps.x)) - gaps.starts[gaps.who]
    running = np.cumsum(gaps.x) - gaps.x
    before = running - running[gaps.starts[gaps.who]] if len(gaps.x) else running
    may = number >= LEAST_BEFORE
    who, c, s = gaps.who[may], number[may], before[may]
    kk = k[who]
    m, rest = gaps.n[who] - c, gaps.total[who] - s
    a, b = population.shape + c * kk, population.days / kk + s
    for fall in FALLS:
        closed = kk * m * np.log(fall) + (a + kk * m) * np.log((b + rest) / (b + fall * rest))
        top = np.full(people, -np.inf)
        np.maximum.at(top, who, closed)
        chosen = np.zeros(people, dtype=np.int64)
        is_top = closed == top[who]
        chosen[who[is_top]] = c[is_top]
        for change, base in ((chosen, top), (gaps.n, np.where(gaps.n >= LEAST_BEFORE, 0.0, -np.inf))):
            best, ratio, since = _with_open(
                bought, gaps, k, silence, population, fall, change, base, (best, ratio, since)
            )
    return best, ratio, since


def _with_open(  # noqa: PLR0913
    bought: Purchases,
    gaps: _Gaps,
    k: Floats,
    silence: Floats,
    population: Population,
    fall: float,
    change: Ints,
    base: Floats,
    so_far: tuple[Floats, Floats, Ints],
) -> tuple[Floats, Floats, Ints]:
    best, ratio, since = so_far
    sums = np.concatenate([[0.0], np.cumsum(gaps.x)])
    before = sums[gaps.starts + change] - sums[gaps.starts]
    m, rest = gaps.n - change, gaps.total - before
    a, b = population.shape + change * k, population.days / k + before
    a1, b1, b0 = a + k * m, b + fall * rest, b + rest
    said = np.log(np.maximum(betainc(a1, k, b1 / (b1 + fall * silence)), 1e-300)) - np.log(
        np.maximum(betainc(a1, k, b0 / (b0 + silence)), 1e-300)
    )
    score = base + said
    better = score > best
    expected = (population.shape + change) / (population.days + before) * (rest + silence)
    found = (m + SHRINK) / (expected + SHRINK)
    day = bought.days[np.minimum(bought.starts[:-1] + change, len(bought.days) - 1)]
    return np.where(better, score, best), np.where(better, found, ratio), np.where(better, day, since)


SHRINK = 1.0  # purchases with which "no change" speaks


def fit_population(bought: Purchases, season: Season) -> Population:
    """Rates and regularities of a shop's people, by maximum likelihood: shares of regularities by expectation-

    maximisation, shape and scale of the rates on a grid around the moments of the rates, of some thousand people. The
    rates count for `CAUTION` of what that says: there are more people at both ends than in a gamma.
    """
    gaps = _gaps(bought, season)
    several = np.flatnonzero(gaps.n > 0)
    if len(several) < FEWEST_PEOPLE:
        return Population()
    gaps = _some(gaps, several[:: max(1, len(several) // ENOUGH_PEOPLE)])
    mean = float(gaps.n.sum() / gaps.total.sum())
    best, found = -np.inf, Population()
    for shape in SHAPES:
        for scale in SCALES:
            days = shape / mean * scale
            value, shares = _shares(_log_likelihoods(gaps, shape, days))
            if value > best:
                best, found = value, Population(shape, days, tuple(np.round(shares, 4).tolist()))
    return Population(round(found.shape * CAUTION, 3), round(found.days * CAUTION, 2), found.regularity)


def _some(gaps: _Gaps, who: Ints) -> _Gaps:
    """What the likelihood of some people needs."""
    none = np.zeros(0, dtype=np.int64)
    return _Gaps(none, gaps.n[who], none, np.zeros(0), gaps.total[who], gaps.logs[who])


def _shares(log: Floats) -> tuple[float, Floats]:
    """The likeliest shares of regularities, and the ln likelihood a person with them."""
    top = log.max(axis=1, keepdims=True)
    likelihoods = np.exp(log - top)
    shares = np.full(len(REGULARITIES), 1 / len(REGULARITIES))
    for _ in range(ROUNDS):
        weights = likelihoods * shares
        shares = (weights / weights.sum(axis=1, keepdims=True)).mean(axis=0)
    value = float((np.log((likelihoods * shares).sum(axis=1)) + top[:, 0]).mean())
    shares = np.maximum(shares, LEAST_SHARE)
    return value, np.asarray(shares / shares.sum())


STEPS = np.geomspace(0.05, 20.0, 33)  # of a mean gap; between them the percentiles are interpolated


def gap_quantiles(bought: Purchases, population: Population, season: Season, percents: Sequence[int]) -> Floats:
    """People × percents: usual days that so many percent of a person's gaps do not exceed; below 1 % exact."""
    gaps = _gaps(bought, season)
    weights = _weights(gaps, population)
    mean = (population.days + gaps.total) / (population.shape + gaps.n)
    tails = np.stack([_tail(step * mean, weights, gaps, population) for step in STEPS], axis=1)
    result = np.empty((bought.people, len(percents)))
    for i in range(bought.people):
        wanted = [1 - percent / 100 for percent in percents]
        result[i] = mean[i] * np.exp(np.interp(wanted, tails[i, ::-1], np.log(STEPS)[::-1]))
    return result

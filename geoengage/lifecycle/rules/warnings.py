"""Is a metric off its own course, and who moved it? Pure, on arrays: a row a series, a column a week, oldest first.

Weeks end with the day before the one that looks, so each holds every weekday once. A few plain forecasts (last value,
means, trend, each also with last year's season taken out) are tried on the series' own past; the one that erred least
gives what was to be expected, and how much it erred says what is unusual. Forecasts leave out the two weeks before,
which a change that is looked for may have touched already. Of the noise nothing is assumed but that it goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

Floats = npt.NDArray[np.float64]

FEWEST_WEEKS = 8
WEEKS = 114  # that are looked at: two years for the season, and ten weeks to forecast from
YEAR = 52
GAP = 2  # weeks that no forecast sees: a change is found within as many
FEWEST_ERRORS = 4
# Of a test a day, each much like yesterday's: found by simulation to give less than two false alarms a year over twelve
# metrics (tests/unit/test_lifecycle_warnings.py).
ALPHA = 1e-4
INDEPENDENT = 0.8  # of the past errors, which share their forecasts' weeks
CLIP = 4.0  # past errors beyond so many of their usual size were something that happened, not noise
YOUNG = 1.45  # limits are so much wider until two years of weeks are known: a season looks like a change until then
FLOOR = 0.004  # no series is taken to be steadier than this share
OWN_SHARE = 0.3  # of a change, that a group must explain to be its driver
BEYOND_ALL = 1.2  # how much clearer than everybody's a group's own change must be


@dataclass(frozen=True, slots=True)
class Verdicts:
    """For each series: what its last week (or two) was `expected` to be, the relative `change`, how clear that is.

    `clearness`: the error in units of what would be a warning, signed; 1 and beyond is significant. NaN where a series
    is too short or its last week is not told.
    """

    expected: Floats
    now: Floats
    change: Floats
    clearness: Floats

    def warnings(self, least: float | Floats) -> npt.NDArray[np.bool_]:
        """Which changes are significant and at least `least` (relative, 0.05 = 5 %)."""
        with np.errstate(invalid="ignore"):
            return (np.abs(self.clearness) >= 1) & (np.abs(self.change) >= least)


def judge(weeks: Floats, shift: float | Floats = 0.0) -> Verdicts:
    """Hold the last week of each series, and its last two together, against the series' own past.

    `weeks` has a row a series; NaN is a week that is not told. Ratios are judged, so `shift` (per series) is added
    first to what may be zero: half a person, a cent.
    """
    shift = np.broadcast_to(np.asarray(shift, float), weeks.shape[:1])
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(weeks + shift[:, None])
    logs[~np.isfinite(logs)] = np.nan
    best = [_unknown(len(logs)) for _ in range(2)]
    for forecast in _forecasts(logs):
        for k, seen in enumerate((logs, _lagged(logs, np.array([0.5, 0.5]), 0))):
            best[k] = _better(best[k], _held_against(seen, forecast))
    young = np.where(np.isfinite(logs).sum(axis=1) < 2 * YEAR, YOUNG, 1.0)
    one, two = best
    wins = np.abs(np.nan_to_num(two.error / two.limit)) > np.abs(np.nan_to_num(one.error / one.limit))
    error, limit = np.where(wins, two.error, one.error), np.where(wins, two.limit, one.limit) * young
    expected = np.exp(np.where(wins, two.forecast, one.forecast)) - shift
    now = np.exp(np.where(wins, two.forecast + two.error, one.forecast + one.error)) - shift
    return Verdicts(expected, now, np.exp(error) - 1, error / limit)


def judge_with_shut_days(weeks: Floats, openness: Floats, shift: float | Floats = 0.0) -> Verdicts:
    """As `judge`, for what is counted over a week of which (`openness`, a share for each) part was shut.

    Some of what is not bought on a holiday is bought before it and some never. So what came, and what would have come
    had all days been open, must both be unusual the same way; the milder one is told.
    """
    as_open = weeks / openness
    as_came = np.concatenate([as_open[:, :-GAP], weeks[:, -GAP:]], axis=1)
    a, b = judge(as_came, shift), judge(as_open, shift)
    with np.errstate(invalid="ignore"):
        one_way, b_is_milder = a.clearness * b.clearness > 0, np.abs(b.clearness) < np.abs(a.clearness)
    milder = Verdicts(*(np.where(b_is_milder, getattr(b, name), getattr(a, name)) for name in Verdicts.__slots__))
    clearness = np.where(one_way | np.isnan(milder.clearness), milder.clearness, 0.0)
    return Verdicts(milder.expected, milder.now, milder.change, clearness)


def since_it_began(weeks: Floats) -> Floats:
    """Series without the weeks before their first figure above zero: then there was no shop, or nothing to count."""
    began = np.cumsum(np.nan_to_num(weeks) > 0, axis=1) > 0
    return np.where(began, weeks, np.nan)


@dataclass(frozen=True, slots=True)
class _Trial:
    """How a forecast did at last, and the least error (`limit`) that would be a warning. All in logarithms."""

    forecast: Floats
    error: Floats
    limit: Floats


def _unknown(count: int) -> _Trial:
    nothing = np.full(count, np.nan)
    return _Trial(nothing, nothing, np.full(count, np.inf))


def _better(a: _Trial, b: _Trial) -> _Trial:
    wins = b.limit < a.limit
    return _Trial(*(np.where(wins, getattr(b, name), getattr(a, name)) for name in ("forecast", "error", "limit")))


def _forecasts(logs: Floats) -> list[Floats]:
    """Each forecast for each week, from weeks at least `GAP` before it."""
    filters = [np.ones(1), np.full(4, 1 / 4), np.full(8, 1 / 8), _trend(12)]
    found = [_lagged(logs, weights, GAP) for weights in filters if logs.shape[1] >= len(weights) + GAP + FEWEST_ERRORS]
    if logs.shape[1] >= YEAR + 8 + GAP + FEWEST_ERRORS:
        ahead = np.concatenate([logs, np.full((len(logs), 1), np.nan)], axis=1)
        exact = _lagged(logs, np.ones(1), YEAR)
        smooth = _lagged(ahead, np.full(3, 1 / 3), YEAR)[:, 1:]  # the week a year ago with its neighbours
        for season in (exact, smooth):
            found += [_lagged(logs - season, weights, GAP) + season for weights in filters[1:3]]
    return found


def _trend(length: int) -> Floats:
    """The weights, newest first, that draw a straight line through `length` weeks on to the week asked for."""
    age = np.arange(length, dtype=float)
    centred = age - age.mean()
    ahead = -GAP - age.mean()
    return np.asarray(1 / length + ahead * centred / (centred**2).sum())


def _lagged(values: Floats, weights: Floats, lag: int) -> Floats:
    """At each week the weighted sum of those `lag` and more before it; NaN where the past does not reach."""
    count = values.shape[1]
    result = np.full(values.shape, np.nan)
    first = lag + len(weights) - 1
    if first < count:
        result[:, first:] = 0
        for k, weight in enumerate(weights):
            result[:, first:] += weight * values[:, first - lag - k : count - lag - k]
    return result


def _held_against(seen: Floats, forecast: Floats) -> _Trial:
    """A forecast against what came: its last error, beside those of the past until `GAP` weeks ago.

    The scale is the root mean square of past errors, clipped, so that what happened once does not hide what happens
    next. The fewer past errors, the wider the limit (Student's t).
    """
    errors = seen - forecast
    past = np.sort(np.abs(errors[:, :-GAP]), axis=1)  # NaN last
    count = np.isfinite(past).sum(axis=1)
    known = count >= FEWEST_ERRORS
    usual = past[np.arange(len(past)), np.maximum(count - 1, 0) // 2] / ndtri(0.75)
    clipped = np.minimum(past, CLIP * usual[:, None])
    scale = np.maximum(np.sqrt(np.nansum(clipped**2, axis=1) / np.maximum(count, 1)), FLOOR)
    limit = np.where(known, scale * -stdtrit(np.maximum(INDEPENDENT * count, 2), ALPHA / 2), np.inf)
    error = errors[:, -1]
    limit[~np.isfinite(error)] = np.inf
    return _Trial(forecast[:, -1], error, limit)


@dataclass(frozen=True, slots=True)
class Part:
    """What a group of people contributed. `weight`: its share of what the metric counts (1 for a sum)."""

    expected: float
    now: float
    clearness: float
    weight: float = 1.0


def driver(whole: Part, parts: Sequence[Part]) -> int | None:
    """Which part moved the whole; None when everybody did, or nobody who is among them.

    It is the one whose change is clearest against its own past, if it goes the whole's way, explains at least
    `OWN_SHARE` of it and stands out clearer than everybody together: a group that holds the true one dilutes the
    change, one within it has fewer people to show it by. After the scan statistic (Kulldorff 1997, Commun. Statist.
    26:1481) and the explanatory power of Adtributor (Bhagwan et al., NSDI 2014).
    """
    moved = whole.weight * (whole.now - whole.expected)
    found, clearest = None, BEYOND_ALL * abs(whole.clearness)
    for i, part in enumerate(parts):
        own = part.weight * (part.now - part.expected)
        if np.isfinite(part.clearness) and moved and own / moved >= OWN_SHARE and abs(part.clearness) > clearest:
            found, clearest = i, abs(part.clearness)
    return found

"""What a phone reports of a walk: a slowly drifting error, jitter, outliers, doubtful levels, gaps, batches. Pure.

`positions` turns a walk into fixes; a test may replay them with any clock. `QUIET` reports the plain truth.
"""

from dataclasses import dataclass, replace
from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geoengage.simulator.walk import Walk

R68 = 1.5096  # sqrt(-2 ln 0.32): radius holding 68 % of a circular normal error of sigma 1, Android's accuracy


@dataclass(frozen=True, slots=True)
class PhoneNoise:
    """Sigmas are per axis, shares lie in 0-1, rates are per hour of walking."""

    bias_sigma_m: float = 3.0
    bias_time_constant_s: float = 60.0
    white_sigma_m: float = 1.0
    outlier_share: float = 0.02
    outlier_m: float = 50.0
    accuracy_log_sigma: float = 0.4
    accuracy_floor_m: float = 3.0
    level_missing_share: float = 0.5
    level_wrong_share: float = 0.03
    interval_jitter: float = 0.2
    suspended_per_hour: float = 1.5
    offline_per_hour: float = 1.5
    outage_s: tuple[float, float] = (60.0, 240.0)


QUIET = PhoneNoise(
    bias_sigma_m=0.0,
    white_sigma_m=0.0,
    outlier_share=0.0,
    accuracy_log_sigma=0.0,
    level_missing_share=0.0,
    level_wrong_share=0.0,
    interval_jitter=0.0,
    suspended_per_hour=0.0,
    offline_per_hour=0.0,
)


class Fix(NamedTuple):
    """One position report; it is taken at `t_s` and leaves the phone at `sent_s`, later when the phone was offline."""

    t_s: float
    lon: float
    lat: float
    accuracy_m: float
    level: int | None
    sent_s: float


def scaled(noise: PhoneNoise, factor: float) -> PhoneNoise:
    """The same phone with its position errors so many times as large; what it says of its accuracy follows."""
    return replace(
        noise,
        bias_sigma_m=noise.bias_sigma_m * factor,
        white_sigma_m=noise.white_sigma_m * min(factor, 1.0),
        outlier_share=noise.outlier_share * min(factor, 1.0),
    )


def some_phone(rng: np.random.Generator) -> PhoneNoise:
    """A phone as people have them: most are good to a few metres indoors, some to fifteen."""
    return replace(PhoneNoise(), bias_sigma_m=float(np.clip(np.exp(rng.normal(np.log(3.0), 0.6)), 1.0, 9.0)))


def positions(
    walk: Walk, interval_s: float, noise: PhoneNoise, rng: np.random.Generator, from_s: float = 0.0
) -> list[Fix]:
    """The fixes of a walk from `from_s` to its end, in order of `t_s`. Outdoors the level is always None."""
    suspended = _outages(noise.suspended_per_hour, walk, noise, rng)
    offline = _outages(noise.offline_per_hour, walk, noise, rng)
    times = [t for t in _times(from_s, walk.end_s, interval_s, noise, rng) if _end_of(t, suspended) is None]
    errors = _errors(times, noise, rng)
    typical_m = max(R68 * float(np.hypot(noise.bias_sigma_m, noise.white_sigma_m)), noise.accuracy_floor_m)
    fixes = []
    for t, (dx, dy) in zip(times, errors.tolist(), strict=True):
        truth = walk.at(t)
        lon, lat = walk.venue.frame.to_lonlat(truth.x + dx, truth.y + dy)
        accuracy_m = typical_m * exp(rng.normal(0.0, noise.accuracy_log_sigma))
        level = _reported(truth.level, walk.venue.ordinals, noise, rng)
        fixes.append(Fix(t, lon, lat, round(accuracy_m, 1), level, _end_of(t, offline) or t))
    return fixes


def _times(start: float, end: float, interval_s: float, noise: PhoneNoise, rng: np.random.Generator) -> list[float]:
    times, t = [], start
    while t <= end:
        times.append(t)
        t += interval_s * (1.0 + noise.interval_jitter * rng.uniform(-1.0, 1.0))
    return times


def _errors(times: list[float], noise: PhoneNoise, rng: np.random.Generator) -> NDArray[np.float64]:
    """Metres in x and y: a Gauss-Markov bias, white noise, and now and then an outlier of fixed length."""
    bias = rng.normal(0.0, noise.bias_sigma_m, 2)
    errors, before = np.zeros((len(times), 2)), times[0] if times else 0.0
    for i, t in enumerate(times):
        keep = exp(-(t - before) / noise.bias_time_constant_s)
        bias = keep * bias + np.sqrt(1.0 - keep * keep) * rng.normal(0.0, noise.bias_sigma_m, 2)
        errors[i], before = bias + rng.normal(0.0, noise.white_sigma_m, 2), t
    angles = rng.uniform(0.0, 2.0 * np.pi, len(times))
    jumps = noise.outlier_m * np.column_stack([np.cos(angles), np.sin(angles)])
    return np.asarray(errors + jumps * (rng.random(len(times)) < noise.outlier_share)[:, None])


def _reported(level: int | None, ordinals: tuple[int, ...], noise: PhoneNoise, rng: np.random.Generator) -> int | None:
    missing, wrong = rng.random() < noise.level_missing_share, rng.random() < noise.level_wrong_share
    others = [ordinal for ordinal in ordinals if ordinal != level]
    if level is None or missing:
        return None
    return others[rng.integers(len(others))] if wrong and others else level


def _outages(per_hour: float, walk: Walk, noise: PhoneNoise, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Spans of a walk at random times, as many as the rate gives on average."""
    spans, t = [], 0.0
    while per_hour > 0:
        t += rng.exponential(3600.0 / per_hour)
        if t > walk.end_s:
            break
        spans.append((t, t + rng.uniform(*noise.outage_s)))
        t = spans[-1][1]
    return spans


def _end_of(t: float, spans: list[tuple[float, float]]) -> float | None:
    """When the span that holds `t` ends; None outside all spans."""
    return next((end for start, end in spans if start <= t < end), None)

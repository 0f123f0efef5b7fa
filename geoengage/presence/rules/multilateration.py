"""Where several heard points put a phone: the mean of all places, weighed by how well each explains it. Pure.

Each reading says how far its transmitter is, wrong by a factor rather than by metres (`rssi` errs by SPREAD_DB, see
`evidence`): the likelihood of a place is normal in the logarithms of the distances (N. Patwari et al., Locating the
Nodes, IEEE Signal Processing Magazine 22, 2005, section "RSS"). A phone reports the strongest; a point of the map that
it does not report was weaker than the weakest of them, and that tells nearly as much. The likeliest place alone is a
bad guess, for likelihoods have several hills; their mean errs by 18 % less, and their spread is the error. Metres on a
plane; on a grid as wide as the nearest point is far, since the error grows with it.
"""

from collections.abc import Sequence
from math import hypot, sqrt
from typing import NamedTuple

import numpy as np

FEWEST = 3  # points that are needed for a place; two leave open on which side of their line
HEIGHT_M = 1.0  # between a phone and a beacon at 2.5 m
WEAK_M = 12.0  # sd per axis of what is known before: near the points that are heard best
DEAF = 0.1  # share of near points that a phone misses: an empty battery, an unlucky moment
WIDTHS, NARROWEST_M, WIDEST_M = 2.5, 6.0, 24.0  # half the grid's width, in distances to the nearest point
STEPS = 3  # from the middle of the grid to its edge
LOGISTIC = 1.702  # a logistic curve of that steepness is the normal distribution to 0.01

_SIDE = np.arange(-STEPS, STEPS + 1) / STEPS
_X, _Y = (side.ravel() for side in np.meshgrid(_SIDE, _SIDE))
_SQUARE = _X**2 + _Y**2
_MOMENTS = np.array([_X, _Y, _X**2, _Y**2, _X * _Y])


class Reading(NamedTuple):
    """A transmitter at x, y metres that seems `metres` away; of one that is not heard, that seems at least so far."""

    x: float
    y: float
    metres: float


class Spot(NamedTuple):
    """A place in metres, and the standard deviation of its error on an axis."""

    x: float
    y: float
    sd_m: float


def spot_of(readings: Sequence[Reading], spread: float, silent: Sequence[Reading] = ()) -> Spot | None:
    """The place where the phone is by what it hears and by what it does not (`silent`); None for too few readings.

    `spread`: standard deviation of the logarithm of a distance.
    """
    heard = len(readings)
    if heard < FEWEST:
        return None
    weights = [1.0 / max(r.metres, HEIGHT_M) ** 2 for r in readings]
    whole = sum(weights)
    x = sum(w * r.x for w, r in zip(weights, readings, strict=True)) / whole
    y = sum(w * r.y for w, r in zip(weights, readings, strict=True)) / whole
    half_m = min(max(WIDTHS * min(r.metres for r in readings), NARROWEST_M), WIDEST_M)
    points = np.array([*readings, *silent])
    dx = half_m * _X[:, None] - (points[:, 0] - x)
    dy = half_m * _Y[:, None] - (points[:, 1] - y)
    further = 0.5 * np.log(dx * dx + dy * dy + HEIGHT_M**2) - np.log(np.maximum(points[:, 2], HEIGHT_M))
    further /= spread
    likely = -0.5 * (further[:, :heard] ** 2).sum(axis=1) - (0.5 * half_m**2 / WEAK_M**2) * _SQUARE
    if silent:
        likely += np.log(DEAF + (1.0 - DEAF) / (1.0 + np.exp(-LOGISTIC * further[:, heard:]))).sum(axis=1)
    weight = np.exp(likely - likely.max())
    weight /= weight.sum()
    mean_x, mean_y, xx, yy, xy = (_MOMENTS @ weight).tolist()
    return Spot(
        x + half_m * mean_x,
        y + half_m * mean_y,
        half_m * _longest(xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y),
    )


def _longest(xx: float, yy: float, xy: float) -> float:
    """The standard deviation along the longer axis of a scatter, that within a step of the grid counted in.

    The longer one, not the mean of both: points in one line leave open on which side of it the phone is, and that error
    is the same in every reading.
    """
    return sqrt((xx + yy) / 2 + hypot((xx - yy) / 2, xy) + 1 / (12 * STEPS**2))

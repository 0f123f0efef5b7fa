"""Where several heard points put a phone: the place that explains all their strengths best. Pure, plain arithmetic.

Each reading says how far its transmitter is, wrong by a factor rather than by metres (`rssi` errs by SPREAD_DB, see
`evidence`). The place is found by Gauss-Newton on the logarithms of the distances, which is maximum likelihood for that
model (N. Patwari et al., Locating the Nodes, IEEE Signal Processing Magazine 22, 2005, section "RSS"); the same
equations give the error. Metres on a plane around the strongest point; no more than a few microseconds a point.
"""

from collections.abc import Sequence
from math import hypot, log, sqrt
from typing import NamedTuple

FEWEST = 3  # points that are needed for a place; two leave open on which side of their line
ROUNDS = 6
CLOSE_ENOUGH_M = 0.05
HEIGHT_M = 1.0  # between a phone and a beacon at 2.5 m
WEAK_M = 12.0  # sd per axis of what is known before: near the points that are heard best


class Reading(NamedTuple):
    """A transmitter at x, y metres that seems `metres` away."""

    x: float
    y: float
    metres: float


class Spot(NamedTuple):
    """A place in metres, and the standard deviation of its error on an axis."""

    x: float
    y: float
    sd_m: float


def spot_of(readings: Sequence[Reading], spread: float) -> Spot | None:
    """The likeliest place; `spread`: standard deviation of the logarithm of a distance. None for too few readings."""
    if len(readings) < FEWEST:
        return None
    weights = [1.0 / max(r.metres, HEIGHT_M) ** 2 for r in readings]
    whole = sum(weights)
    x0 = x = sum(w * r.x for w, r in zip(weights, readings, strict=True)) / whole
    y0 = y = sum(w * r.y for w, r in zip(weights, readings, strict=True)) / whole
    weak, tight = 1.0 / WEAK_M**2, 1.0 / spread**2
    a = c = det = 1.0
    for _ in range(ROUNDS):
        a, b, c, p, q = weak, 0.0, weak, weak * (x0 - x), weak * (y0 - y)
        for r in readings:
            dx, dy = x - r.x, y - r.y
            square = dx * dx + dy * dy + HEIGHT_M**2
            gx, gy = dx / square, dy / square  # of log(distance)
            error = tight * (log(max(r.metres, HEIGHT_M)) - 0.5 * log(square))
            a, b, c = a + tight * gx * gx, b + tight * gx * gy, c + tight * gy * gy
            p, q = p + gx * error, q + gy * error
        det = a * c - b * b
        step_x, step_y = (c * p - b * q) / det, (a * q - b * p) / det
        shorten = min(1.0, WEAK_M / 2 / max(hypot(step_x, step_y), 1e-9))
        x, y = x + shorten * step_x, y + shorten * step_y
        if hypot(step_x, step_y) < CLOSE_ENOUGH_M:
            break
    return Spot(x, y, sqrt((a + c) / (2 * det)))

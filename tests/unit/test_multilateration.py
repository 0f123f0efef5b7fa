"""A place between several heard points: right within the error that it states, without noise and with it."""

from math import exp, hypot, log

import numpy as np
import pytest

from geoengage.presence.rules.evidence import PATH_LOSS, R68, SPREAD_DB
from geoengage.presence.rules.multilateration import HEIGHT_M, Reading, Spot, spot_of

GRID = [(x * 10.0, y * 10.0) for x in range(4) for y in range(4)]
SPREAD = SPREAD_DB * log(10) / (10 * PATH_LOSS)


def heard(x: float, y: float, errors: list[float]) -> Spot:
    """The place found by somebody at x, y metres; `errors`: of the logarithm of each distance."""
    metres = [hypot(px - x, py - y, HEIGHT_M) * exp(e) for (px, py), e in zip(GRID, errors, strict=True)]
    spot = spot_of([Reading(*p, m) for p, m in zip(GRID, metres, strict=True)], SPREAD)
    assert spot is not None
    return spot


def test_without_noise_it_is_the_place() -> None:
    """A mean leans to the middle, the more the vaguer it is: it may be off by the error that it states."""
    rng = np.random.default_rng(4)
    errors = []
    for x, y in rng.uniform(5, 25, (200, 2)):
        spot = heard(x, y, [0.0] * len(GRID))
        errors.append(hypot(spot.x - x, spot.y - y))
        assert errors[-1] <= 2 * spot.sd_m
    assert np.percentile(errors, 50) < 0.5
    assert np.percentile(errors, 90) < 1.0


def test_the_error_it_states_is_the_error_it_makes() -> None:
    rng = np.random.default_rng(5)
    within = 0
    for _ in range(400):
        x, y = rng.uniform(5, 25, 2)
        spot = heard(x, y, rng.normal(0, SPREAD, len(GRID)).tolist())
        within += hypot(spot.x - x, spot.y - y) <= R68 * spot.sd_m
    assert within / 400 == pytest.approx(0.68, abs=0.1)


@pytest.mark.parametrize("points", [[], GRID[:1], GRID[:2]])
def test_too_few_points_are_no_place(points: list[tuple[float, float]]) -> None:
    assert spot_of([Reading(*p, 5.0) for p in points], SPREAD) is None


def test_one_point_heard_three_times_gives_a_vague_place() -> None:
    spot = spot_of([Reading(0.0, 0.0, 4.0)] * 3, SPREAD)
    assert spot is not None
    assert spot.sd_m > 3.0

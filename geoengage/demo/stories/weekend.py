"""The marketplace's fresh boxes in Riyadh: on Wednesday evening some learn what is in the box for the weekend.

Boxes are ordered in the marketplace's own app and delivered, so what they bring is no store's, and the growth of stores
stays what it is.
"""

from datetime import date

import numpy as np

from geoengage.demo.chains.market import CUSTOMERS_AT_MOST, ZONE
from geoengage.demo.planting.again import Again, Habit, cast_of
from geoengage.demo.planting.story import CLOSES, OPENS, Cast, Story, Text
from geoengage.experiments.rules import Measured, Plan
from geoengage.proof.rules.measures import Floats

PLAN = Plan(window_days=14, days=56, decides=Measured.CONVERSION, smallest_effect=0.25)
HABIT = Habit(
    gap_days=24, shape=4, baskets=(9.0, 0.3), answers=0.25, after_days=2.2, margin=0.27, message_minor=12.0
)  # fmt: skip
_BOXES = {
    "kind": "order", "measure": "count", "op": "gte", "value": 1, "window": {"days": 180},
    "category": "fruit and vegetables",
}  # fmt: skip
STORY = Story(
    key="weekend",
    name="Fresh for the weekend: fruit and vegetables",
    short="weekend",
    slug="souqi",
    zone=ZONE,
    currency="SAR",
    prefix="SW",
    card="62",
    language="ar",
    goods=("Fresh box", "fruit and vegetables"),
    shops=(),
    plan=PLAN,
    holdout_percent=25,
    margin_percent=27,
    channel="whatsapp",
    message_minor=HABIT.message_minor,
    text=Text("Fresh for the weekend", "Dates, pomegranates and tomatoes of this morning: the box comes on Friday."),
    first_phone=CUSTOMERS_AT_MOST,
    segment=("Bought a fresh box", _BOXES),
    campaign={
        "channels": ["whatsapp"], "reentry": {"kind": "after", "days": 6},
        "steps": [
            {"kind": "wait_until", "id": "wednesday", "at": "18:00", "days": ["wed"]},
            {
                "kind": "message", "id": "box", "title": "Fresh for the weekend, {{ first_name }}",
                "body": "Dates, pomegranates and tomatoes of this morning: the box comes on Friday.",
            },
        ],
    },
)  # fmt: skip
_START = 140  # days of history before the campaign; with its eight weeks whole weeks, so day 0 is a Monday
_PEOPLE, _WEDNESDAY = 900, 2


def cast(seed: int, today: date) -> Cast:
    """The campaign that ended on the last Sunday before `today`."""
    return cast_of(STORY, people(seed), np.random.default_rng([seed, 9]), today)


def people(seed: int) -> Again:
    """The customers of one seed."""
    rng = np.random.default_rng([seed, 8])
    return Again(rng, _PEOPLE, HABIT, PLAN, _START, STORY.holdout_percent / 100, _decided)


def _decided(rng: np.random.Generator, times: Floats) -> Floats:
    """A Wednesday evening of the campaign, of who has bought by then."""
    weeks = PLAN.looks // 7
    day = _START + 7 * rng.integers(weeks, size=len(times)) + _WEDNESDAY
    at = day + (rng.uniform(17, CLOSES - 0.1, len(times)) - OPENS) / (CLOSES - OPENS)
    return np.where(times.min(axis=1) < at, at, np.inf)

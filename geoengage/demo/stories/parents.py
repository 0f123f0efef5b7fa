"""The toy chain's parents on Viber: not seen for sixty days, written to in their own hour, after work or on Saturday.

The hour is each family's own (half of them come after work, half at the weekend); the text names the nearest shop and
what they bought last.
"""

from datetime import date

import numpy as np

from geoengage.demo.chains.toys import CUSTOMERS, SHOPS, ZONE
from geoengage.demo.planting.again import Again, Habit, cast_of
from geoengage.demo.planting.story import CLOSES, OPENS, Cast, Story, Text
from geoengage.experiments.rules import Measured, Plan
from geoengage.proof.rules.measures import Floats

PLAN = Plan(window_days=30, days=91, decides=Measured.CONVERSION, smallest_effect=0.25)
SILENT_DAYS = 60
HABIT = Habit(
    gap_days=75, shape=3, baskets=(8.0, 0.35), answers=0.28, after_days=7, margin=0.38, message_minor=4.0
)  # fmt: skip
_NOT_SEEN = {
    "kind": "all",
    "of": [
        {"kind": "order", "measure": "count", "op": "gte", "value": 1, "window": {"ever": True}},
        {"kind": "order", "measure": "count", "op": "eq", "value": 0, "window": {"days": SILENT_DAYS}},
        {"kind": "event", "name": "Store Visited", "measure": "count", "op": "eq", "value": 0,
         "window": {"days": SILENT_DAYS}},
    ],
}  # fmt: skip
STORY = Story(
    key="parents",
    name="Parents on Viber: not seen for 60 days",
    short="Viber",
    slug="lelle",
    zone=ZONE,
    currency="EUR",
    prefix="LV",
    card="48",
    language="lv",
    goods=("Toys", "toys"),
    shops=[shop.external_id for shop in SHOPS],
    plan=PLAN,
    holdout_percent=25,
    margin_percent=38,
    channel="viber",
    message_minor=HABIT.message_minor,
    text=Text("Something new for your child", "It is on the shelf of your nearest Lelle un Lācis."),
    first_phone=CUSTOMERS,
    segment=("Not seen for 60 days", _NOT_SEEN),
    campaign={
        "channels": ["viber"], "reentry": {"kind": "after", "days": 90}, "exits": {"purchase": True},
        "steps": [
            {"kind": "wait_until", "id": "hour", "best_hour": True},
            {
                "kind": "message", "id": "viber", "title": "Something new for your child",
                "body": "{{ recommendations.usual[0].name | default: 'What you liked last' }} has new friends:"
                " they wait at {{ nearest_store.name | default: 'Lelle un Lācis' }}.",
            },
        ],
    },
)  # fmt: skip
_START = 273  # days of history before the campaign; with its thirteen weeks whole weeks, so day 0 is a Monday
_FAMILIES, _SATURDAY = 1300, 5


def cast(seed: int, today: date) -> Cast:
    """The campaign that ended on the last Sunday before `today`."""
    return cast_of(STORY, people(seed), np.random.default_rng([seed, 7]), today)


def people(seed: int) -> Again:
    """The parents of one seed."""
    rng = np.random.default_rng([seed, 6])
    return Again(rng, _FAMILIES, HABIT, PLAN, _START, STORY.holdout_percent / 100, _decided)


def _decided(rng: np.random.Generator, times: Floats) -> Floats:
    """The family's own hour after sixty silent days, in which the campaign runs; inf: it bought in between."""
    families = len(times)
    at_weekend = rng.random(families) < 0.5
    hour = np.where(at_weekend, rng.uniform(10, 13, families), rng.uniform(17.5, CLOSES - 0.1, families))
    following = np.concatenate([times[:, 1:], np.full((families, 1), np.inf)], axis=1)
    day = np.floor(np.where(np.isfinite(times), times, 1e6)) + SILENT_DAYS + 1  # 1e6: never
    wait = np.where(at_weekend[:, None], (_SATURDAY - day) % 7, 0)
    at = day + wait + ((hour - OPENS) / (CLOSES - OPENS))[:, None]
    hit = (following >= at) & (at >= _START) & (at < _START + PLAN.looks)
    return np.asarray(np.min(np.where(hit, at, np.inf), axis=1))

"""The supermarket's win-back: people who slowed down, an offer by how far they had fallen behind."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.demo.chains.segments import SLOWED
from geoengage.demo.chains.supermarket import CUSTOMERS, SHOPS, ZONE
from geoengage.demo.planting.story import Cast, Story, Text, moment, sales_of, stages
from geoengage.experiments.rules import Measured, Plan
from geoengage.offers.rules.coupons import CODE_BYTES, code_of
from geoengage.proof.rules.winback import NOTHING, ROI, Setting, World

PLAN = Plan(window_days=60, days=90, decides=Measured.CONVERSION, smallest_effect=0.25)
SETTING = Setting(responds=0.6, discounts=(0.15, 0.25), message_minor=2.0)
_LITTLE, _MUCH = (round(100 * share) for share in SETTING.discounts)
STORY = Story(
    key="win_back",
    name="Win-back of those who come less often",
    short="win-back",
    slug="frischmarkt",
    zone=ZONE,
    currency="EUR",
    prefix="FW",
    card="28",
    language="de",
    goods=("Groceries", "groceries"),
    shops=[shop.external_id for shop in SHOPS],
    plan=PLAN,
    holdout_percent=25,
    margin_percent=30,
    channel="fcm",
    message_minor=SETTING.message_minor,
    text=Text("We miss you", "Something off your next basket"),
    first_phone=CUSTOMERS,
    segment=(SLOWED, None),
    campaign={
        "title": "We miss you, {{ first_name }}", "cooldown_s": 30 * 86_400,
        "body": "{{ offer.label }} on your next basket. Your code: {{ offer.code }}",
    },
    offer={
        "name": "Win-back: more off for who slowed down more", "currency": "EUR", "status": "active",
        "benefit": {"kind": "percent", "percent": _LITTLE},
        "tiers": {"marked": _LITTLE, "severe": _MUCH, "gone": _MUCH},
        "conditions": {"with_code": True, "once_per_person": True}, "max_discount_minor": 10_000,
        "budget": {"amount_minor": 1_000_000},
    },
    outcomes=("conversion", "revenue", "churn", "ltv", ROI),
)  # fmt: skip
_START = 120  # days of history before the campaign; with its ninety whole weeks, so day 0 is a Monday
_REGULARS, _STOP, _SUNDAY = 1500, 0.9, 6


def cast(seed: int, today: date) -> Cast:
    """The campaign that ended on the last Sunday before `today`."""
    holdout = STORY.holdout_percent / 100
    world = World(seed, _REGULARS, PLAN, start=_START, holdout=holdout, closed=_SUNDAY, stop=_STOP)
    zone, end = ZoneInfo(ZONE), _START + PLAN.days
    first = today - timedelta(days=today.weekday() + end)
    rng = np.random.default_rng([seed, 3])
    held = world.held_out.tolist()
    sizes = [round(100 * SETTING.discounts[much]) for much in world.has_slowed_much.tolist()]
    decided = [moment(zone, first, day) for day in world.at]
    return Cast(
        STORY,
        held,
        decided,
        stages(np.random.default_rng([seed, 5]), decided, held),
        [None if side else (code_of(rng.bytes(CODE_BYTES)), size) for side, size in zip(held, sizes, strict=True)],
        [
            *sales_of(zone, first, world.orders(world.kept(SETTING), SETTING), ~world.held_out, end),
            *sales_of(zone, first, world.orders(world.usual, NOTHING), world.held_out, end),
        ],
        lambda model: world.trial(SETTING, model),
    )

"""Who is compared with whom, and what may be said of it. Pure; everything is imported from here."""

from geoengage.experiments.rules.arms import (
    ONE_TEXT,
    VARIANT,
    Arm,
    Side,
    Split,
    Variant,
    arm,
    held_by_campaign,
    takes_part,
    variant_of,
)
from geoengage.experiments.rules.effects import (
    Effect,
    Moments,
    Ratio,
    difference,
    moments,
    of_sums,
    pooled,
    quantile,
    ratio,
)
from geoengage.experiments.rules.plan import ERROR, IS_GOOD_WHEN_LESS, Outcome, Plan
from geoengage.experiments.rules.verdicts import (
    FEWEST,
    Looks,
    Verdict,
    days_more,
    is_enough,
    last_day,
    look,
    people_needed,
    verdict,
    winner,
)

__all__ = [
    "ERROR", "FEWEST", "IS_GOOD_WHEN_LESS", "ONE_TEXT", "VARIANT", "Arm", "Effect", "Looks", "Moments", "Outcome",
    "Plan", "Ratio", "Side", "Split", "Variant", "Verdict", "arm", "days_more", "difference", "held_by_campaign",
    "is_enough", "last_day", "look", "moments", "of_sums", "people_needed", "pooled", "quantile", "ratio",
    "takes_part", "variant_of", "verdict", "winner",
]  # fmt: skip

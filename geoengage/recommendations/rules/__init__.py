"""The pure half of recommendations: what somebody usually buys and when again, what is bought together, in words.

`essentials` looks at one person's own purchases, `together` and `patterns` learn from everybody's, `words` gives the
reasons. No SQL, no HTTP, no clock. Everything is imported from here.
"""

from geoengage.recommendations.rules.essentials import Bought, Essential, Rhythm, essentials, is_young
from geoengage.recommendations.rules.patterns import (
    MOST_OTHERS,
    USUAL_GAP_DAYS,
    Fitted,
    Pattern,
    Purchases,
    fit,
    pairs_allowed,
)
from geoengage.recommendations.rules.together import (
    HoldOut,
    basket_rows,
    hit_and_gain,
    hold_out,
    item_weights,
    ranked_at,
    strongest,
    take_one_out,
    together,
)
from geoengage.recommendations.rules.words import Because, RecommendationKind, reason

__all__ = [
    "MOST_OTHERS",
    "USUAL_GAP_DAYS",
    "Because",
    "Bought",
    "Essential",
    "Fitted",
    "HoldOut",
    "Pattern",
    "Purchases",
    "RecommendationKind",
    "Rhythm",
    "basket_rows",
    "essentials",
    "fit",
    "hit_and_gain",
    "hold_out",
    "is_young",
    "item_weights",
    "pairs_allowed",
    "ranked_at",
    "reason",
    "strongest",
    "take_one_out",
    "together",
]  # fmt: skip

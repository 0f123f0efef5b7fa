"""How each metric is watched: the least change that matters, how late it is known, what repairs it. Pure.

The metrics themselves are defined in `catalogue`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from geoengage.lifecycle.rules.catalogue import ACTIVATION_DAYS, CONVERSION_DAYS


@dataclass(frozen=True, slots=True)
class Watched:
    """`least`: the smallest relative change that is told. `shift`: added before ratios are taken, for what may be zero.

    `late_days`: how long after its last day a period is known. `playbook`: what repairs it when it worsens. `is_sum`:
    it adds up over the days of a week, and so falls when one of them is a holiday.
    """

    least: float
    shift: float
    playbook: str
    late_days: int = 0
    is_sum: bool = False


# In the order of the first screen: what customers are worth and whether they stay comes before everything else.
WATCHED: Mapping[str, Watched] = {
    "ltv": Watched(0.03, 1, "thank-regulars"),
    "ltv_predicted": Watched(0.05, 1, "thank-regulars"),
    "active": Watched(0.05, 0.5, "win-back"),
    "at_risk": Watched(0.10, 0.5, "win-back"),
    "churned": Watched(0.05, 0.5, "bring-back"),
    "churn_rate": Watched(0.15, 0.002, "bring-back"),
    "reactivated": Watched(0.20, 0.5, "bring-back", is_sum=True),
    "revenue": Watched(0.08, 100, "cross-sell", is_sum=True),
    "average_order_value": Watched(0.05, 1, "second-item"),
    "purchase_frequency": Watched(0.05, 0, "win-back"),
    "time_between_orders": Watched(0.10, 0.5, "refill"),
    "repeat_rate": Watched(0.05, 0.005, "second-purchase"),
    "activation": Watched(0.10, 0.005, "second-purchase", ACTIVATION_DAYS),
    "subscribers": Watched(0.03, 0.5, "first-purchase"),
    "reachable": Watched(0.03, 0.5, "quiet-subscribers"),
    "conversion": Watched(0.10, 0.005, "first-purchase", CONVERSION_DAYS),
    "direct_share": Watched(0.10, 0.005, "news"),
}

"""What a change of a metric is worth in the 90 days to come, if it stays. Pure, and rough on purpose.

Each is the change times how many it concerns times what one of them spends; the sentence says "about".
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from geoengage.kit.anonymity import K

HORIZON_DAYS = 90


@dataclass(frozen=True, slots=True)
class Trade:
    """The last 90 days of a shop, amounts in minor units: `customers` who ordered, their `orders`, an order's amount.

    `active`: customers who are; `subscribers`, `conversion`: how many there are, and which share of new ones buys.
    `currency` None: nobody has ordered yet.
    """

    customers: float
    orders: float
    order_minor: float
    active: float
    subscribers: float = 0.0
    conversion: float = 0.0
    currency: str | None = None

    @property
    def spend_minor(self) -> float:
        """What a customer spends in 90 days."""
        return self.orders * self.order_minor / self.customers if self.customers else 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """A metric now and before, over spans of `days`. `people`: how many the value now is about."""

    now: float
    before: float
    people: float
    days: int

    @property
    def times(self) -> float:
        """How often its span fits into the horizon."""
        return HORIZON_DAYS / self.days


def _people(c: Change, t: Trade) -> float:
    return (c.now - c.before) * t.spend_minor


def _one_more_order(c: Change, t: Trade) -> float:
    return (c.now - c.before) * c.people * t.order_minor * c.times


_WORTH: Mapping[str, Callable[[Change, Trade], float]] = {
    "ltv_predicted": lambda c, t: (c.now - c.before) * t.active * HORIZON_DAYS / 365,
    "active": _people,
    "at_risk": lambda c, t: -_people(c, t),
    "churned": lambda c, t: -_people(c, t),
    "churn_rate": lambda c, t: -(c.now - c.before) * c.people * t.spend_minor * c.times,
    "reactivated": lambda c, t: _people(c, t) * c.times,
    "revenue": lambda c, _: (c.now - c.before) * c.times,
    "average_order_value": lambda c, t: (c.now - c.before) * t.orders,
    "purchase_frequency": _one_more_order,
    "time_between_orders": lambda c, t: (c.before / c.now - 1) * t.orders * t.order_minor if c.now else 0.0,
    "repeat_rate": _one_more_order,
    "activation": _one_more_order,
    "subscribers": lambda c, t: (c.now - c.before) * t.conversion * t.order_minor,
    "reachable": lambda c, t: (c.now - c.before) * t.conversion * t.order_minor,
    "conversion": _one_more_order,
    "direct_share": lambda c, t: (c.now - c.before) * t.orders * t.order_minor,
}


def worth_minor(name: str, change: Change, trade: Trade) -> int | None:
    """Minor units gained (or lost, below zero) in 90 days, to two figures: more would feign precision.

    None where money says nothing of its own, as of `ltv`, and of trade by fewer than ten people.
    """
    if name not in _WORTH or trade.customers < K:
        return None
    return round(two_figures(_WORTH[name](change, trade)))


def two_figures(value: float) -> float:
    """31234 → 31000."""
    return round(value, 1 - math.floor(math.log10(abs(value)))) if value else 0.0

"""What each lifecycle metric means: one entry a metric, so that the same word never means two things. Pure.

A *customer* is a known person (a profile) with a counted order; a *counted order* is one that was not cancelled and is
no return. Money is net of refunds and of returned goods, in one currency. A *purchase day* is a local day with a
counted order. Days are those of the tenant, the mall or the store that is asked about.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

CONVERSION_DAYS = 30
ACTIVATION_DAYS = 60
DIRECT_DAYS = 3
VALUE_DAYS = 365


class Unit(StrEnum):
    """What a value counts. `money` is in minor units of the currency named beside it; `share` is 0–1."""

    PEOPLE = "people"
    SHARE = "share"
    ORDERS = "orders_per_customer"
    DAYS = "days"
    MONEY = "money"


class Kind(StrEnum):
    """Over what of a span a metric is taken: all of it, its last day, or people who began in it and what followed."""

    DURING = "during"
    AT_END = "at_end"
    COHORT = "cohort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric in words. `by_channel`: it can be asked for one channel of messages.

    `needs`: which raw data it is worked out from; a caller loads those.
    """

    label: str
    unit: Unit
    better: Literal["up", "down"]
    formula: str
    source: str
    window: str
    kind: Kind
    needs: frozenset[str]
    by_channel: bool = False


_DURING = "orders of the days from `from` to `to`, both included"
_AT_END = "as things stood at the end of `to` (of yesterday, while the period runs)"
_ORDERS = "orders (status not cancelled, no returns), refunds and returns taken off"
_STAGES = "purchase days of each customer, by the rule of `docs/habits.md` that support, segments and offers use too"
_BOUGHT, _AGREED, _STAGE = frozenset({"orders"}), frozenset({"consents"}), frozenset({"orders", "stages"})

METRICS: Mapping[str, Metric] = {
    "subscribers": Metric(
        label="Subscribers", unit=Unit.PEOPLE, better="up", kind=Kind.AT_END, needs=_AGREED, by_channel=True,
        formula="people whose decision in force for marketing is a yes, for at least one channel",
        source="history of consents; of pushes also the consents of devices",
        window=_AT_END,
    ),
    "reachable": Metric(
        label="Reachable subscribers", unit=Unit.PEOPLE, better="up", kind=Kind.AT_END,
        needs=frozenset({"reach"}), by_channel=True,
        formula="subscribers with a proven, living address of such a channel, who have not paused",
        source="consents, addresses, devices; kept once a day, since an address has no history",
        window="as things stood in the night after `to`; the newest is as of now",
    ),
    "conversion": Metric(
        label="Subscribers who became customers", unit=Unit.SHARE, better="up", kind=Kind.COHORT,
        needs=_BOUGHT | _AGREED,
        formula="of the people who first subscribed in the period and had not bought before, those with a counted order"
        f" at most {CONVERSION_DAYS} days later ÷ all of them",
        source="history of consents; " + _ORDERS,
        window=f"people who subscribed from `from` to `to`; only those whose {CONVERSION_DAYS} days are over",
    ),
    "activation": Metric(
        label="New customers who came back", unit=Unit.SHARE, better="up", kind=Kind.COHORT, needs=_BOUGHT,
        formula=f"of the customers whose first purchase day is in the period, those with a second one at most"
        f" {ACTIVATION_DAYS} days later ÷ all of them",
        source=_ORDERS,
        window=f"first purchases from `from` to `to`; only those whose {ACTIVATION_DAYS} days are over",
    ),
    "purchase_frequency": Metric(
        label="Purchase frequency", unit=Unit.ORDERS, better="up", kind=Kind.DURING, needs=_BOUGHT,
        formula="counted orders of known people ÷ customers who placed them",
        source=_ORDERS,
        window=_DURING,
    ),
    "time_between_orders": Metric(
        label="Time between orders", unit=Unit.DAYS, better="down", kind=Kind.DURING, needs=_BOUGHT,
        formula="median of the days from a person's purchase day before to each purchase day in the period",
        source=_ORDERS,
        window="purchase days from `from` to `to`; the one before may lie earlier",
    ),
    "repeat_rate": Metric(
        label="Repeat rate", unit=Unit.SHARE, better="up", kind=Kind.DURING, needs=_BOUGHT,
        formula="customers of the period who by its end have two or more counted orders in all ÷ customers of the"
        " period",
        source=_ORDERS,
        window=_DURING + "; orders before count too",
    ),
    "average_order_value": Metric(
        label="Average order value", unit=Unit.MONEY, better="up", kind=Kind.DURING, needs=_BOUGHT,
        formula="revenue ÷ counted orders",
        source=_ORDERS + "; orders without a known person included",
        window=_DURING,
    ),
    "active": Metric(
        label="Active customers", unit=Unit.PEOPLE, better="up", kind=Kind.AT_END, needs=_STAGE,
        formula="customers in stage new, active, slowing or reactivated",
        source=_STAGES,
        window=_AT_END,
    ),
    "at_risk": Metric(
        label="Customers at risk", unit=Unit.PEOPLE, better="down", kind=Kind.AT_END, needs=_STAGE,
        formula="customers in stage at_risk",
        source=_STAGES,
        window=_AT_END,
    ),
    "churned": Metric(
        label="Churned customers", unit=Unit.PEOPLE, better="down", kind=Kind.AT_END, needs=_STAGE,
        formula="customers in stage churned",
        source=_STAGES,
        window=_AT_END,
    ),
    "churn_rate": Metric(
        label="Churn rate", unit=Unit.SHARE, better="down", kind=Kind.DURING, needs=_STAGE,
        formula="of the customers who were not churned at the end of the day before `from`, those churned at the end ÷"
        " all of them",
        source=_STAGES,
        window="from the end of the day before `from` to the end of `to`",
    ),
    "reactivated": Metric(
        label="Reactivated customers", unit=Unit.PEOPLE, better="up", kind=Kind.DURING, needs=_STAGE,
        formula="customers who were churned at the end of the day before `from` and have a purchase day in the period",
        source=_STAGES,
        window=_DURING,
    ),
    "ltv": Metric(
        label="Lifetime value so far", unit=Unit.MONEY, better="up", kind=Kind.AT_END, needs=_BOUGHT,
        formula="all money of customers up to the end ÷ customers up to the end; `low` and `high` are the 95 % interval"
        " of the mean",
        source=_ORDERS,
        window="everything up to the end of `to`",
    ),
    "ltv_predicted": Metric(
        label="Lifetime value, predicted", unit=Unit.MONEY, better="up", kind=Kind.AT_END,
        needs=frozenset({"values"}),
        formula=f"expected spend of the next {VALUE_DAYS} days, mean over customers; `low` and `high` are the means of"
        " the bounds between which the spend of eight of ten such customers lies",
        source="the value model in force (docs/value.md); kept once a day, since an older model's word is not kept",
        window="as expected in the night after `to`; the newest is as of now",
    ),
    "revenue": Metric(
        label="Revenue", unit=Unit.MONEY, better="up", kind=Kind.DURING, needs=_BOUGHT,
        formula="sum of the totals of orders, less refunds and returns",
        source=_ORDERS + "; orders without a known person included. A refund counts on its order's day, goods returned"
        " at a till on the day of the return",
        window=_DURING,
    ),
    "direct_share": Metric(
        label="Share of revenue after a message", unit=Unit.SHARE, better="up", kind=Kind.DURING,
        needs=_BOUGHT | {"direct"},
        formula=f"revenue of orders whose customer had opened a campaign's message at most {DIRECT_DAYS} days before ÷"
        " revenue",
        source="opened messages of campaigns; " + _ORDERS + ". It says what followed, not what was caused: that is what"
        " a campaign's control group is for",
        window=_DURING,
    ),
}  # fmt: skip

"""What is measured of each person of an experiment, over columns of orders. Pure; numpy.

A window begins with the decision about a person and lasts the plan's days, to the second. An order belongs to the
moment it was placed, whatever came later: a refund takes money from its own order, goods brought back from the sale
they came from. Days are ordinals of local days.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geoengage.experiments.rules import Measured
from geoengage.metrics.rules import DAYS_A_WEEK, Purchases, Shop, ValueModel, group_histories, value_customers
from geoengage.metrics.rules.gaps import rhythm
from geoengage.metrics.rules.stages import chosen, is_lost

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DAY_S = 86_400
BEFORE_DAYS = 90  # of the time before the decision, for CUPED
CONVERSION, REVENUE, CHURN, LTV, GAIN, COST, WAS_SPENT, WAS_DAYS, WAS_SILENT = range(9)
WIDTH = 9
PLACE = {Measured.CONVERSION: CONVERSION, Measured.REVENUE: REVENUE, Measured.CHURN: CHURN, Measured.LTV: LTV}
COVARIATES = (WAS_SPENT, WAS_DAYS, WAS_SILENT)
SHARES = frozenset({Measured.CONVERSION, Measured.CHURN})


@dataclass(frozen=True, slots=True)
class Subjects:
    """People as they were decided: `at` seconds (Unix), `day` the local day, `sent_cost` what all messages to them in
    the window cost (minor units)."""

    at: Ints
    day: Ints
    sent_cost: Floats

    @property
    def people(self) -> int:
        """How many there are."""
        return len(self.at)


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders of these people before the end of all windows. `person`: place among the subjects; `at` seconds, `day`.

    `counted`: an order, no return. `money`: net of refunds and tax-inclusive as paid, `margin`: what is left of it
    after the goods, `incentive`: what was taken off the price; all in minor units of one currency, 0 for orders in
    others.
    """

    person: Ints
    at: Ints
    day: Ints
    counted: Bools
    money: Floats
    margin: Floats
    incentive: Floats


def measure(who: Subjects, orders: Orders, window_days: int, shop: Shop, model: ValueModel | None) -> Floats:
    """People × `WIDTH` columns. `CHURN` is NaN of who had never bought before the decision; `LTV` NaN without a model.

    `GAIN` is the margin as it would be without incentives, `COST` incentives and messages: GAIN − COST is what the
    shop has of it.
    """
    found = np.zeros((who.people, WIDTH))
    since = orders.at - who.at[orders.person]
    inside = (since >= 0) & (since < window_days * DAY_S)
    before = (since < 0) & (since >= -BEFORE_DAYS * DAY_S)

    def total(values: Any, where: Bools) -> Floats:
        return np.bincount(orders.person[where], np.asarray(values)[where], minlength=who.people).astype(np.float64)

    found[:, REVENUE] = total(orders.money, inside)
    bought = total(orders.counted & (orders.money > 0), inside)
    found[:, CONVERSION] = (bought > 0) & (found[:, REVENUE] > 0)
    incentive = total(orders.incentive, inside)
    found[:, GAIN] = total(orders.margin, inside) + incentive
    found[:, COST] = incentive + who.sent_cost
    found[:, WAS_SPENT] = total(orders.money, before)
    days = _purchase_days(who.people, orders)
    _add_history(found, who, days, window_days, shop)
    found[:, LTV] = np.nan if model is None else found[:, REVENUE] + _worth(who, orders, days, window_days, model)
    return found


def _purchase_days(people: int, orders: Orders) -> Purchases:
    """Each day of each person once."""
    person, day = orders.person[orders.counted], orders.day[orders.counted]
    width = int(day.max()) + 1 if len(day) else 1
    both = np.unique(person * width + day)
    counts = np.bincount(both // width, minlength=people)
    return Purchases(both % width, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def _add_history(found: Floats, who: Subjects, days: Purchases, window_days: int, shop: Shop) -> None:
    person = np.repeat(np.arange(who.people), days.counts)
    gap = who.day[person] - days.days
    past = days.until(who.day - 1)
    customers = np.flatnonzero(past.counts > 0)
    found[:, WAS_DAYS] = np.bincount(person[(gap > 0) & (gap <= BEFORE_DAYS)], minlength=who.people)
    found[:, WAS_SILENT] = BEFORE_DAYS
    last = past.days[past.starts[customers + 1] - 1]
    found[customers, WAS_SILENT] = np.minimum(who.day[customers] - last, BEFORE_DAYS)
    end = who.day[customers] + window_days
    known = chosen(days.until(who.day + window_days), customers)
    found[:, CHURN] = np.nan
    if len(customers):
        found[customers, CHURN] = is_lost(rhythm(known, end, shop.population, shop.season), end, shop)


def _worth(who: Subjects, orders: Orders, days: Purchases, window_days: int, model: ValueModel) -> Floats:
    """What the year after the window is expected to bring, by the value model and what was bought until then."""
    known = days.until(who.day + window_days)
    some = np.flatnonzero(known.counts > 0)
    result = np.zeros(who.people)
    if not len(some):
        return result
    first, last = known.days[known.starts[some]], known.days[known.starts[some + 1] - 1]
    x = known.counts[some].astype(np.float64) - 1
    age = who.day[some] + window_days - first
    begun = np.zeros(who.people, dtype=np.int64)
    begun[some] = first
    later = (orders.day > begun[orders.person]) & (orders.day <= (who.day + window_days)[orders.person])
    spent = np.bincount(orders.person[later], orders.money[later], minlength=who.people)[some]
    mean = np.divide(spent, x, out=np.zeros(len(x)), where=x > 0)
    history = group_histories(x, (last - first) / DAYS_A_WEEK, age / DAYS_A_WEEK)
    value = value_customers(history, mean, model).value
    result[some] = 0.0 if value is None else np.nan_to_num(value)
    return result

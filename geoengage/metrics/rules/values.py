"""From purchase histories to what each customer is worth, or to a reason why that cannot be told. Pure.

Churn risk of everybody is MBG/NBD's probability alive, and orders to come are its expectation: plain BG/NBD never lets
a customer stop who bought once (CDNOW: AUC .316, worse than chance). Value = orders to come x value of one
(Gamma-Gamma), net of refunds, no profit margin taken into account.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from geoengage.metrics.rules import buying, spending, trials, worth
from geoengage.metrics.rules.buying import FEWEST_CUSTOMERS, Fit, Floats, Histories, Model, TooLittle
from geoengage.metrics.rules.spending import Spending
from geoengage.metrics.rules.trials import DAYS_A_WEEK, PurchaseDays, Times, Trial

KIND = Model.MBG_NBD
CORRELATED = 0.3  # from which value and frequency are said not to be independent
MISSED = 0.25  # share of the hold-out's purchase days by which a forecast may be wrong without a word
_WEEKS_90, _WEEKS_365 = 90 / DAYS_A_WEEK, 365 / DAYS_A_WEEK
_MOST_MINOR = 2.0**53


@dataclass(frozen=True, slots=True)
class ValueModel:
    """What was fitted. `spending`, or why there is none: then orders are foreseen, but no value."""

    buying: Fit
    spending: Spending | TooLittle


@dataclass(frozen=True, slots=True)
class Values:
    """By customer. `orders_*`: expected purchase days. Values in minor units over 12 months: the expected one
    (discounted), and bounds between which eight of ten lie; None where spending has no model.
    """

    p_alive: Floats
    orders_90d: Floats
    orders_365d: Floats
    value: Floats | None
    low: Floats | None
    high: Floats | None


def fit(history: Histories, mean: Floats) -> ValueModel | TooLittle:
    """`mean`: of each customer's repeat purchases, in minor units; NaN: not known, so it does not count."""
    bought = buying.fit(history, KIND)
    if isinstance(bought, TooLittle):
        return bought
    if not (bought.converged and np.isfinite(buying.expected_if_alive(history, bought, _WEEKS_365)).all()):
        return TooLittle("purchases follow no pattern that the model knows: the search for its parameters did not end")
    spent = spending.fit(history.x[history.row_of], mean)
    if isinstance(spent, Spending) and not spent.converged:
        spent = TooLittle("amounts follow no pattern that the model knows")
    elif isinstance(spent, Spending) and spent.q <= 1:
        spent = TooLittle("amounts differ so much between customers that the model has no mean")
    return ValueModel(bought, spent)


def value(history: Histories, mean: Floats, model: ValueModel) -> Values:
    """What these customers are worth, whether or not the model was fitted on them. NaN where `mean` is."""
    mean = np.maximum(mean, 0.0)
    fitted, spent = model.buying, model.spending
    alive = buying.probability_alive(history, fitted)
    soon, year = (buying.expected_purchases(history, fitted, weeks) for weeks in (_WEEKS_90, _WEEKS_365))
    if isinstance(spent, TooLittle):
        return Values(alive, soon, year, None, None, None)
    each = spending.expected_value(history.x[history.row_of], mean, spent)
    total = worth.future_value(history, fitted, each)
    # Bounds are of a year's sum; what it is worth today is less, by the same share for each customer's.
    today = np.divide(total, year * each, out=np.where(np.isnan(each), np.nan, 1.0), where=year * each > 0)
    found = worth.bounds(history, fitted, mean, spent, _WEEKS_365)
    return Values(alive, soon, year, *(_minor(amount) for amount in (total, found.low * today, found.high * today)))


def _minor(amount: Floats) -> Floats:
    return np.rint(np.clip(amount, 0.0, _MOST_MINOR))


# --- how a model is kept, and what is said of it -------------------------------------------------------------------


def to_params(model: ValueModel) -> dict[str, Any]:
    """As JSON. Times are weeks, `gamma` is in minor units."""
    spent = model.spending
    return {
        "buying": asdict(model.buying),
        "spending": asdict(spent) if isinstance(spent, Spending) else None,
        "spending_refusal": spent.reason if isinstance(spent, TooLittle) else None,
    }


def from_params(params: Mapping[str, Any]) -> ValueModel:
    """What `to_params` wrote."""
    fitted = Fit(**{**params["buying"], "model": Model(params["buying"]["model"])})
    spent = params["spending"]
    return ValueModel(fitted, TooLittle(params["spending_refusal"]) if spent is None else Spending(**spent))


def _warnings(model: ValueModel, trial: Trial | TooLittle) -> Iterator[str]:
    """What to keep in mind about a model's figures, in words for people."""
    spent = model.spending
    if isinstance(spent, TooLittle):
        yield f"No values, only orders: {spent.reason}."
    elif abs(spent.correlation) > CORRELATED:
        who = "more" if spent.correlation > 0 else "less"
        yield (
            f"Who buys more often spends {who} on a purchase (correlation {spent.correlation:+.2f}); the model takes"
            " the two to be independent, so values of the most frequent customers are less certain."
        )
    if isinstance(trial, TooLittle):
        yield f"Not tried on purchases kept back: {trial.reason}."
        return
    for verdict in trial.verdicts:
        if verdict.model is KIND and abs(missed := verdict.expected / trial.actual - 1) > MISSED:
            yield (
                f"The forecast of the hold-out was {abs(missed):.0%} too {'high' if missed > 0 else 'low'}: the shop"
                " has changed, or its season falls into it."
            )


@dataclass(frozen=True, slots=True)
class Quality:
    """How far a model may be trusted. `trial`: the hold-out, or why none was possible (`untried`)."""

    calibration: tuple[Times, ...]
    correlation: float | None
    trial: Trial | None
    untried: str | None
    warnings: tuple[str, ...]


def judge(history: Histories, model: ValueModel, purchases: PurchaseDays, through: int) -> Quality:
    """`purchases`: the purchase days of the customers, or of a fair part of them, for the hold-out."""
    tried = _try(purchases, through)
    spent = model.spending
    return Quality(
        calibration=trials.calibration(history, model.buying),
        correlation=None if isinstance(spent, TooLittle) else spent.correlation,
        trial=None if isinstance(tried, TooLittle) else tried,
        untried=tried.reason if isinstance(tried, TooLittle) else None,
        warnings=tuple(_warnings(model, tried)),
    )


def _try(purchases: PurchaseDays, through: int) -> Trial | TooLittle:
    days = trials.holdout_days(int(purchases.day.min()), through) if len(purchases.day) else None
    if days is None:
        least = trials.SHORTEST_HOLDOUT_DAYS
        return TooLittle(f"a hold-out needs {3 * least} days of purchases, of which the last {least} are kept back")
    return trials.hold_out(purchases, through - days, through, KIND)


# --- when ----------------------------------------------------------------------------------------------------------

EVERY = timedelta(days=7)
GROWN = 1.2  # so many times the customers that the model knows: it is fitted anew


def is_fit_due(fitted_at: datetime | None, fitted_customers: int, customers: int, now: datetime) -> bool:
    """Whether a tenant needs a new model: it has none, a week has passed, or there are many new customers."""
    grown = customers >= max(GROWN * fitted_customers, FEWEST_CUSTOMERS) and customers > fitted_customers
    return fitted_at is None or now - fitted_at >= EVERY or grown

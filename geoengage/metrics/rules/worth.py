"""What will a customer have brought in a year from now? Expected purchases times expected value, discounted by month."""

from geoengage.metrics.rules import buying
from geoengage.metrics.rules.buying import Fit, Floats, History

WEEKS_A_MONTH = 365.25 / 12 / 7


def future_value(
    history: History,
    fitted: Fit,
    value: Floats,
    *,
    months: int = 12,
    discount: float = 0.01,
    month: float = WEEKS_A_MONTH,
) -> Floats:
    """For each customer what the next `months` bring, in the unit of `value` (of one purchase, by customer).

    Purchases of a month count at its end, `discount` a month. `month` is its length in the fit's unit of time.
    """
    before, total = 0.0, 0.0
    for number in range(1, months + 1):
        until = buying._expected(history, fitted, number * month)
        total = total + (until - before) / (1 + discount) ** number
        before = until
    found: Floats = (total * 1.0)[history.row_of] * value  # type: ignore[index]
    return found

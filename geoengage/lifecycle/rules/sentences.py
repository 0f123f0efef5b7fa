"""A metric in one sentence that a shop owner reads without a manual. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from babel.numbers import get_currency_precision

from geoengage.lifecycle.rules.catalogue import METRICS, Unit
from geoengage.lifecycle.rules.money import two_figures
from geoengage.lifecycle.rules.watched import WATCHED


class Tone(StrEnum):
    """Whether a change is one that a shop wants."""

    GOOD = "good"
    BAD = "bad"
    STEADY = "steady"
    UNKNOWN = "unknown"


# {now}: the figure; {days}: of the period; {customers} …: singular where it is one.
_SENTENCES: Mapping[str, str] = {
    "ltv": "A customer has brought {now} so far",
    "ltv_predicted": "A customer will bring about {now} in the next 12 months",
    "active": "{now} {customers} {are} active",
    "at_risk": "{now} {regulars} slowed down",
    "churned": "{now} {customers} {are} lost",
    "churn_rate": "{now} of customers were lost in {days} days",
    "reactivated": "{now} lost {customers} came back in {days} days",
    "revenue": "{now} came in within {days} days",
    "average_order_value": "An order comes to {now}",
    "purchase_frequency": "A customer ordered {now} times in {days} days",
    "time_between_orders": "Customers come back after {now}",
    "repeat_rate": "{now} of customers had bought before",
    "activation": "{now} of new customers came back",
    "subscribers": "{now} {people} {want} to hear from you",
    "reachable": "{now} {subscribers} can be reached",
    "conversion": "{now} of new subscribers bought",
    "direct_share": "{now} of revenue followed a message",
}
_ONE = {
    "customers": "customer", "regulars": "regular", "people": "person", "subscribers": "subscriber", "are": "is",
    "want": "wants",
}  # fmt: skip


def tone(name: str, now: float | None, before: float | None) -> Tone:
    """Steady below the least change that is told of this metric."""
    change = relative(now, before)
    if change is None:
        return Tone.UNKNOWN
    if abs(change) < WATCHED[name].least:
        return Tone.STEADY
    return Tone.GOOD if (change > 0) is (METRICS[name].better == "up") else Tone.BAD


def relative(now: float | None, before: float | None) -> float | None:
    """How far `now` is from `before`, as a share of it; None where there is nothing to compare with."""
    if now is None or not before:
        return None
    return now / before - 1


def sentence(name: str, now: float, before: float | None, *, days: int, currency: str | None) -> str:
    """“412 regulars slowed down (was 300).”"""
    figure = written(name, now, currency)
    words = {many: one if figure == "1" else many for many, one in _ONE.items()}
    text = _SENTENCES[name].format(now=figure, days=days, **words)
    if before is None:
        return f"{text}."
    earlier = written(name, before, currency)
    return f"{text} (as before)." if earlier == figure else f"{text} (was {earlier})."


def money_sentence(minor: int | None, currency: str | None) -> str | None:
    """“Expected loss CHF 31,000 in 90 days.” None where nothing is known, or nothing worth a sentence."""
    if minor is None or currency is None or abs(minor) < 10 ** get_currency_precision(currency):
        return None
    amount = about(abs(minor), currency)
    return f"Expected loss {amount} in 90 days." if minor < 0 else f"Worth {amount} more in 90 days."


def about(minor: float, currency: str) -> str:
    """An estimate in whole units."""
    units = two_figures(minor) / 10 ** get_currency_precision(currency)
    return f"{currency} {units:,.0f}"


def written(name: str, value: float, currency: str | None) -> str:
    """A value with its unit: 1,204 · 3.1 % · CHF 41.20 · 9 days · 1.8."""
    unit = METRICS[name].unit
    if unit is Unit.PEOPLE:
        return f"{value:,.0f}"
    if unit is Unit.SHARE:
        return f"{100 * value:.1f} %"
    if unit is Unit.DAYS:
        return "1 day" if f"{value:g}" == "1" else f"{value:,.1f}".removesuffix(".0") + " days"
    if unit is Unit.ORDERS:
        return f"{value:.2f}"
    digits = get_currency_precision(currency or "XXX")
    amount = value / 10**digits
    return f"{currency} {amount:,.0f}" if amount >= 1000 else f"{currency} {amount:,.{digits}f}"


def alert_sentence(name: str, change: float, group: str | None) -> str:
    """“Average order value fell by 12 %; most of it comes from Basel.”"""
    verb = "fell" if change < 0 else "rose"
    text = f"{METRICS[name].label} {verb} by {abs(100 * change):.0f} %, which is unusual"
    return f"{text}; most of it comes from “{group}”." if group else f"{text}."

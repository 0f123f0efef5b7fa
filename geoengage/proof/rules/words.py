"""A campaign's proof in sentences that a shop owner can read aloud. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from babel.numbers import get_currency_precision

from geoengage.experiments.rules import Measured, Plan, Verdict
from geoengage.kit.anonymity import K
from geoengage.proof.rules.found import Audience, Finding, Roi

LABELS = {
    Measured.CONVERSION: "Bought",
    Measured.REVENUE: "Revenue a person",
    Measured.CHURN: "Customers lost",
    Measured.LTV: "Lifetime value a person",
}
_MORE = {
    Measured.CONVERSION: ("more of them buy", "fewer of them buy"),
    Measured.REVENUE: ("they spend more", "they spend less"),
    Measured.CHURN: ("more of them are lost", "fewer of them are lost"),
    Measured.LTV: ("they are worth more", "they are worth less"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What the words are about."""

    plan: Plan
    findings: tuple[Finding, ...]
    roi: Roi | None
    audience: Audience | None
    currency: str | None
    ends_on: date
    first_look_on: date
    people_sent: int
    people_held: int


def money(minor: float, currency: str | None) -> str:
    """1234 CHF → `CHF 12.34`."""
    if currency is None:
        return f"{minor:,.0f}"
    digits = get_currency_precision(currency)
    sign = "−" if minor < 0 else ""
    return f"{sign}{currency} {abs(minor) / 10**digits:,.{digits}f}"


def amount(outcome: Measured, value: float, currency: str | None) -> str:
    """A share as `12.3 %`, money as money."""
    if outcome in (Measured.CONVERSION, Measured.CHURN):
        return f"{100 * value:.1f} %".replace("-", "−")
    return money(value, currency)


def difference(outcome: Measured, value: float, currency: str | None) -> str:
    """A difference of shares as `+3.1 of 100 people`, of money with its sign."""
    if outcome in (Measured.CONVERSION, Measured.CHURN):
        return f"{100 * value:+.1f} of 100 people".replace("-", "−")
    return ("+" if value > 0 else "") + money(value, currency)


def day(on: date) -> str:
    """5 March 2026."""
    return f"{on.day} {on:%B %Y}"


def headline(told: Told) -> str:
    """The answer, first."""
    found = next(f for f in told.findings if f.outcome is told.plan.decides)
    match found.verdict:
        case Verdict.WORKED:
            return f"It worked: {_why(found)} than without it."
        case Verdict.HARMED:
            return f"It did harm: {_why(found)} than without it."
        case Verdict.NO_EFFECT:
            size = f"{100 * told.plan.smallest_effect:.0f} %"
            return f"It made no difference that can be seen; one of {size} would have been."
        case Verdict.NOT_ENOUGH:
            return f"Not enough people yet{_more(found)}."
        case Verdict.TOO_EARLY if found.more_days is not None and found.more_days > 0 and _is_late(found, told):
            return f"Not enough people yet{_more(found)}; the planned end is {day(told.ends_on)}."
        case Verdict.TOO_EARLY:
            return f"Too early to say: the answer comes after {day(told.ends_on)}."
        case _:
            return "Nobody is held back from this campaign, so nobody can say what it brought."


def _why(found: Finding) -> str:
    return _MORE[found.outcome][0 if (found.value or 0) > 0 else 1]


def _more(found: Finding) -> str:
    return "" if not found.more_days else f": about {found.more_days:,} more days"


def _is_late(found: Finding, told: Told) -> bool:
    """Whether the people that it takes will not have come by the planned end, at the pace so far."""
    seen = told.plan.looks - (told.ends_on - (found.points[-1].on if found.points else told.first_look_on)).days
    return found.more_days is not None and found.more_days > max(told.plan.looks - seen, 0)


def sentences(told: Told) -> list[str]:
    """What follows the headline, most important first."""
    return list(_sentences(told))


def _sentences(told: Told) -> Iterator[str]:
    days = told.plan.window_days
    if min(told.people_sent, told.people_held) >= K:
        yield (
            f"{told.people_sent:,} people were meant to get it, {told.people_held:,} like them were held back by lot."
            f" Everybody was watched for {days} days from that decision."
        )
    for found in told.findings:
        if found.value is not None:
            yield _finding(found, told.currency)
    if told.roi is not None:
        yield _roi(told.roi, told.currency)
    if told.audience is not None:
        one, two = told.audience.earlier.churn, told.audience.later.churn
        yield (
            f"Of its audience {100 * two:.1f} of 100 customers were lost lately, {100 * one:.1f} of 100 before."
            + (
                " Messages pay more while more people leave: write to them less, or offer less."
                * told.audience.is_amber
            )
        )


def _finding(found: Finding, currency: str | None) -> str:
    what, low, high = (difference(found.outcome, v or 0.0, currency) for v in (found.value, found.low, found.high))
    sent, held = (amount(found.outcome, v or 0.0, currency) for v in (found.mean_sent, found.mean_held))
    return (
        f"{LABELS[found.outcome]}: {sent} with the message, {held} without. That is {what};"
        f" with 95 % confidence between {low} and {high}."
    )


def _roi(roi: Roi, currency: str | None) -> str:
    made = (
        f"{money(roi.gain_minor - roi.cost_minor, currency)} a person after costs of {money(roi.cost_minor, currency)}"
    )
    if roi.low is None or roi.high is None:
        return f"It left about {made}; how sure that is cannot be said yet."
    return (
        f"It left {made}: {times(roi.value)} of what it cost, with 95 % confidence between {times(roi.low)} and"
        f" {times(roi.high)}."
    )


def times(value: float) -> str:
    """A return on investment: `+85 %`."""
    return f"{100 * value:+,.0f} %".replace("-", "−")

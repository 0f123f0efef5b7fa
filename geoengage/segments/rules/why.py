"""Why somebody is in a segment or not, in words: what was found for each condition, and which of them decide. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from geoengage.metrics.rules import Stage
from geoengage.segments.rules.consents import ConsentCondition, ReachableCondition
from geoengage.segments.rules.figures import DeclineCondition, HabitCondition, MetricCondition
from geoengage.segments.rules.groups import AllCondition, AnyCondition, ListCondition, NotCondition, SegmentCondition
from geoengage.segments.rules.labels import CONSENT_STATES, DEGREE_LABELS, STAGE_LABELS
from geoengage.segments.rules.messages import MessageCondition
from geoengage.segments.rules.orders import OrderCondition
from geoengage.segments.rules.pieces import Condition, MeasureTest, weeks_of
from geoengage.segments.rules.places import PlaceCondition
from geoengage.segments.rules.visits import VisitCondition
from geoengage.segments.rules.word_leaves import phrase
from geoengage.segments.rules.word_pieces import Names, a_day, money, number, percent, plural, said, times

NOTHING = "nothing is known"


@dataclass(frozen=True, slots=True)
class Held:
    """A condition held against one person: whether they meet it, what was found, when time can change the answer."""

    condition: Condition
    met: bool
    value: Any = None
    due_at: datetime | None = None


def because(root: str, held: Mapping[str, Held], names: Names) -> str:
    """The conditions that decide, as they are: `They bought at least twice, and their city is “Bern”.`

    `held` has every condition of the definition by its path; `root` is the path of the whole.
    """
    texts = list(dict.fromkeys(_deciding(root, held, names)))
    text = ", and ".join(texts)
    return f"{text[:1].upper()}{text[1:]}."


def _deciding(path: str, held: Mapping[str, Held], names: Names) -> Iterator[str]:
    """Of an `and` that holds all parts decide, of one that does not those that fail; of an `or` the other way about."""
    here = held[path]
    parts = [f"{path}/{step}".lstrip("/") for step, _ in here.condition.parts()]
    if not parts:
        found = phrase(here.condition, names)
        text = found.yes if here.met else found.no
        yield f"their {text}" if found.lead == "whose" else f"they {text}"
        return
    if isinstance(here.condition, AllCondition | AnyCondition):
        parts = [part for part in parts if held[part].met is here.met]
    for part in parts:
        yield from _deciding(part, held, names)


def found_words(condition: Condition, value: Any, names: Names) -> str | None:
    """What is known of the person about a condition: `3 times`, `CHF 12.50`, `5 May 2026`; None for and, or, not."""
    match condition:
        case AllCondition() | AnyCondition() | NotCondition():
            return None
        case ReachableCondition():
            return "yes" if value else "no"
        case ConsentCondition():
            return CONSENT_STATES[value or "none"]
        case SegmentCondition() | ListCondition():
            return "no" if value is None else f"since {a_day(value, names)}"
        case _:
            return _without(condition) if value is None else _with(condition, value, names)


def _with(condition: Condition, value: Any, names: Names) -> str:
    match condition:
        case MetricCondition():
            return _figure(condition.name, value, names)
        case HabitCondition():
            return _habit(condition.of, value, names)
        case DeclineCondition():
            return DEGREE_LABELS[value]
        case MessageCondition():
            return plural(value, "message")
        case PlaceCondition():
            return _place(condition, value)
        case MeasureTest() | VisitCondition():
            return _measure(condition, value, names)
        case _:
            return ", ".join(said(each) for each in value) if isinstance(value, list) else said(value)


def _without(condition: Condition) -> str:
    """What is said where there is nothing at all of the kind."""
    if isinstance(condition, MessageCondition):
        return plural(0, "message")
    if isinstance(condition, MetricCondition) and condition.name in ("orders", "purchase_days"):
        return "not once"
    if isinstance(condition, MetricCondition) and condition.name == "stage":
        return STAGE_LABELS[Stage.SUBSCRIBER]
    if isinstance(condition, DeclineCondition):
        return DEGREE_LABELS["unknown"]
    if isinstance(condition, VisitCondition) and condition.measure == "now":
        return "no"
    return "not once" if getattr(condition, "measure", "") == "count" else NOTHING


def _measure(condition: MeasureTest | VisitCondition, value: Any, names: Names) -> str:
    match condition.measure:
        case "count":
            return times(value) if value else "not once"
        case "first" | "last":
            return a_day(value, names)
        case "now":
            return "yes" if value else "no"
        case "dwell_minutes":
            return plural(round(value), "minute")
        case "per_week" if isinstance(condition, OrderCondition):  # what is found is how many in the window
            return f"{times(round(value / (weeks_of(condition.window) or 1.0), 2))} a week"
        case _:
            return (
                money(value, condition.currency) if isinstance(condition, OrderCondition) else number(round(value, 2))
            )


def _figure(name: str, value: Any, names: Names) -> str:
    match name:
        case "stage":
            return STAGE_LABELS[value]
        case "orders" | "purchase_days":
            return times(value) if value else "not once"
        case "spend" | "average_order" | "value_365":
            return money(value, names.currency)
        case "days_since_order":
            return plural(value, "day")
        case "p_alive":
            return percent(round(value, 2))
        case _:
            return plural(round(value, 1), "order")


def _habit(of: str, value: Any, names: Names) -> str:
    if of == "gap":
        return f"their usual gap ends on {a_day(value, names)}"
    change = round(abs(value) * 100)
    return "as before" if change == 0 else f"{change} % {'less' if value < 0 else 'more'} than before"


def _place(condition: PlaceCondition, value: Any) -> str:
    if condition.within_km is not None:
        return f"about {number(value)} km away"
    if condition.nearest_store_id is not None:
        return "this store is the nearest" if value == str(condition.nearest_store_id) else "another store is nearer"
    return "inside" if value else "outside"

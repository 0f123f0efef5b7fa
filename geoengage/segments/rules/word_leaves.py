"""Each kind of condition as words, and its opposite. Pure.

A phrase follows "people who" or "people whose": *bought at least twice*, *city is “Bern”*. The opposite is about
everybody else, those too of whom nothing is known.
"""

from dataclasses import dataclass
from functools import singledispatch
from typing import Any, Literal
from uuid import UUID

from geoengage.metrics.rules import Stage
from geoengage.segments.rules.consents import ConsentCondition, ReachableCondition
from geoengage.segments.rules.events import EventCondition
from geoengage.segments.rules.figures import DeclineCondition, HabitCondition, MetricCondition
from geoengage.segments.rules.groups import ListCondition, SegmentCondition
from geoengage.segments.rules.messages import CONVERTED_WITHIN_DAYS, MessageCondition
from geoengage.segments.rules.ops import NumberOp
from geoengage.segments.rules.orders import OrderCondition
from geoengage.segments.rules.pieces import Condition, Ever, PropertyTest
from geoengage.segments.rules.places import PlaceCondition
from geoengage.segments.rules.traits import TraitCondition
from geoengage.segments.rules.visits import VisitCondition
from geoengage.segments.rules.word_pieces import (
    Names,
    ago,
    compared,
    how_often,
    is_none,
    joined,
    label,
    money,
    number,
    percent,
    plural,
    quoted,
    so_many,
    value_test,
    within,
)

CHANNELS = {
    "push": "push", "web_push": "web push", "email": "e-mail", "sms": "SMS", "whatsapp": "WhatsApp", "viber": "Viber",
    "in_app": "in-app message", "preview": "the preview inbox",
}  # fmt: skip
PURPOSES = {"marketing": "marketing", "service": "service messages", "transactional": "transactional messages"}
STAGES = {
    Stage.SUBSCRIBER: "subscriber", Stage.NEW: "new", Stage.ACTIVE: "active", Stage.SLOWING: "slowing down",
    Stage.AT_RISK: "at risk", Stage.CHURNED: "churned", Stage.REACTIVATED: "reactivated",
}  # fmt: skip
DEGREES = {
    "none": "none", "slight": "slight", "marked": "marked", "severe": "severe", "gone": "complete",
    "unknown": "unknown",
}  # fmt: skip
ZONE_KINDS = {
    "store": "a store", "corridor": "a corridor", "entrance": "an entrance", "events_area": "an events area",
    "parking": "a car park", "catchment": "a catchment area", "delivery_area": "a delivery area",
    "other": "a zone of another kind",
}  # fmt: skip
_ORDERED = {
    "web": "in the web shop", "app": "in the app", "pos": "at a till", "phone": "by phone", "other": "in another way",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phrase:
    """What follows "people who" or "people whose", and what does of everybody else."""

    lead: Literal["who", "whose"]
    yes: str
    no: str


def did(past: str, base: str, rest: str) -> Phrase:
    """Somebody did something: `bought`, `buy`."""
    return Phrase("who", f"{past}{rest}", f"did not {base}{rest}")


def are(verb: str, rest: str) -> Phrase:
    """`are`, `have`, `can` and `were` take their `not` behind them."""
    return Phrase("who", f"{verb} {rest}", f"cannot {rest}" if verb == "can" else f"{verb} not {rest}")


def theirs(what: str, test: str) -> Phrase:
    """Something of theirs is so."""
    return Phrase("whose", f"{what} is {test}", f"{what} is not {test}")


def phrase(condition: Condition, names: Names) -> Phrase:
    """The words for a condition that is not made of others."""
    found = _words(condition, names)
    if getattr(condition, "op", None) is not NumberOp.NE or getattr(condition, "name", "") == "stage":
        return found
    same = _words(condition.model_copy(update={"op": NumberOp.EQ}), names)
    is_count = getattr(condition, "measure", "count") in ("count", "sum", "spend", "per_week", "dwell_minutes")
    unknown = "" if is_count and found.lead == "who" else ", or unknown"
    return Phrase(found.lead, found.yes, same.yes + unknown)


@singledispatch
def _words(condition: Condition, names: Names) -> Phrase:
    raise TypeError(f"no words for {condition.kind}")


# --- what is known of a person --------------------------------------------------------------------------------------

_BIRTHDAYS = frozenset({"birth_date", "birthday", "birthdate", "date_of_birth"})


@_words.register
def _trait(condition: TraitCondition, names: Names) -> Phrase:
    op, value = condition.op.value, condition.value
    what = label(condition.name)
    if op in ("before", "after", "within_days", "not_within_days"):
        return theirs(what, ago(op, value, names))
    if op == "in_next_days":
        return theirs(what, f"within the next {_days(value)}")
    if op == "anniversary_in_days":
        when = f"today or within the next {_days(value)}"
        if condition.name in _BIRTHDAYS:
            return theirs("birthday", when)
        return Phrase("whose", f"{what} has its anniversary {when}", f"{what} does not have its anniversary {when}")
    if op == "age_between" and isinstance(value, list):
        age = f"{value[0]} to {value[1]}"
        return Phrase("whose", f"age by {what} is {age}", f"age by {what} is not {age}")
    return Phrase("whose", *value_test(condition.name, op, value))


def _days(value: Any) -> str:
    return plural(value, "day")


@_words.register
def _in_segment(condition: SegmentCondition, names: Names) -> Phrase:
    return are("are", f"in the segment {names.of(condition.segment_id, 'one')}")


@_words.register
def _on_list(condition: ListCondition, names: Names) -> Phrase:
    return are("are", f"on the list {names.of(condition.list_id, 'one')}")


# --- what they did --------------------------------------------------------------------------------------------------


def _counted(past: str, base: str, rest: str, when: str, condition: Any) -> Phrase:
    """Something that is counted: `bought at least twice in May`, `never bought`."""
    op, value = condition.op.value, condition.value
    if is_none(op, value):
        if isinstance(condition.window, Ever):
            return Phrase("who", f"never {past}{rest}", f"{past}{rest} at least once")
        return Phrase("who", f"did not {base}{rest}{when}", f"{past}{rest} at least once{when}")
    return did(past, base, f"{rest} {how_often(op, value)}{when}")


def _moment(past: str, base: str, rest: str, when: str, names: Names, condition: Any) -> Phrase:
    """When somebody did something first or last."""
    test = ago(condition.op.value, condition.value, names)
    only = f" (looking only at what happened{when})" if when else ""
    return did(past, base, f"{rest} for the {condition.measure} time {test}{only}")


@_words.register
def _event(condition: EventCondition, names: Names) -> Phrase:
    what = f" {quoted(condition.name)}{_where(condition.where)}"
    when = within(condition.window, names)
    if condition.measure == "count":
        return _counted("did", "do", what, when, condition)
    if condition.measure in ("first", "last"):
        return _moment("did", "do", what, when, names, condition)
    word = {"sum": "total", "average": "average", "min": "smallest", "max": "largest"}[condition.measure]
    of = f"{word} {label(condition.property or '')} of{what}{when}"
    return theirs(of, compared(condition.op.value, condition.value, number))


def _where(tests: list[PropertyTest]) -> str:
    said_of = [value_test(test.property, test.op.value, test.value)[0] for test in tests]
    return f" (where {joined(said_of, 'and')})" if said_of else ""


@_words.register
def _order(condition: OrderCondition, names: Names) -> Phrase:
    what, where = _goods(condition), _bought_where(condition, names)
    when = within(condition.window, names)
    op, value = condition.op, condition.value
    match condition.measure:
        case "count":
            return _counted("bought", "buy", f"{what and ' ' + what}{where}", when, condition)
        case "first" | "last":
            return _moment("bought", "buy", f"{what and ' ' + what}{where}", when, names, condition)
        case "per_week":
            rest = f"{what and ' ' + what}{where} {how_often(op.value, value)} a week on average{when}"
            return did("bought", "buy", rest)
        case "spend" | "average":
            amount = compared(op.value, value, lambda minor: money(minor, condition.currency))
            on = f"{what and ' on ' + what}{where}{when}"
            is_sum = condition.measure == "spend"
            return did("spent", "spend", f" {amount}{on}") if is_sum else theirs(f"average order{on}", amount)


def _goods(condition: OrderCondition) -> str:
    if condition.product:
        return f"the product {quoted(condition.product)}"
    if not condition.is_of_products:
        return ""
    brand = f" by {quoted(condition.brand)}" if condition.brand else ""
    return f"something{brand}{' from ' + quoted(condition.category) if condition.category else ''}"


def _bought_where(condition: OrderCondition, names: Names) -> str:
    way = f" {_ORDERED[condition.channel]}" if condition.channel else ""
    return way + (f" at {names.of(condition.store_id, 'a store')}" if condition.store_id else "")


@_words.register
def _visit(condition: VisitCondition, names: Names) -> Phrase:
    where, when = _zone(condition, names), within(condition.window, names)
    if condition.measure == "now" or condition.op is None:
        return are("are", f"inside {where} now")
    if condition.measure == "count":
        return _counted("visited", "visit", f" {where}", when, condition)
    if condition.measure in ("first", "last"):
        return _moment("visited", "visit", f" {where}", when, names, condition)
    amount = so_many(condition.op.value, condition.value, "minute", counted=False)
    return did("spent", "spend", f" {amount} in {where}{when}")


def _zone(condition: VisitCondition, names: Names) -> str:
    of = f" of {names.of(condition.store_id, 'a store')}" if condition.store_id else ""
    of += f" in {names.of(condition.mall_id, 'a mall')}" if condition.mall_id else ""
    if condition.zone_id:
        return names.of(condition.zone_id, "a zone") + of
    if condition.zone_kind:
        return ZONE_KINDS[condition.zone_kind.value] + of
    return f"any zone{of}"


@_words.register
def _place(condition: PlaceCondition, names: Names) -> Phrase:
    if condition.store_id and condition.within_km is not None:
        where = f"within {number(condition.within_km)} km of {names.of(condition.store_id, 'a store')}"
    elif condition.nearest_store_id:
        where = f"nearer to {names.of(condition.nearest_store_id, 'a store')} than to any other store"
    else:
        where = f"inside {names.of(_id(condition.inside_zone_id), 'a zone')}"
    if condition.of == "home":
        return Phrase("who", f"live {where}", f"do not live {where}")
    return are("were", f"last seen {where}")


def _id(value: UUID | None) -> UUID:
    return value or UUID(int=0)


@_words.register
def _message(condition: MessageCondition, names: Names) -> Phrase:
    of = f" of {names.of(condition.campaign_id, 'a campaign')}" if condition.campaign_id else ""
    by = f" by {CHANNELS[condition.channel]}" if condition.channel else ""
    rest = f"{of}{by}{within(condition.window, names)}"
    if condition.what == "converted":
        past, base = (f"{verb} within {CONVERTED_WITHIN_DAYS} days of" for verb in ("bought", "buy"))
    else:
        past, base = condition.what, {"received": "receive", "opened": "open", "clicked": "click"}[condition.what]
    op, value = condition.op.value, condition.value
    if is_none(op, value):
        return Phrase("who", f"did not {base} a message{rest}", f"{past} at least 1 message{rest}")
    if op == "gt" and value == 0:
        op, value = "gte", 1
    return did(past, base, f" {so_many(op, value, 'message')}{rest}")


# --- what they agreed to --------------------------------------------------------------------------------------------


@_words.register
def _consent(condition: ConsentCondition, names: Names) -> Phrase:
    what = f"{PURPOSES[condition.purpose]} by {CHANNELS[condition.channel]}"
    what += f" from {names.of(condition.store_id, 'a store')}" if condition.store_id else ""
    match condition.state:
        case "subscribed":
            return are("have", f"agreed to {what}")
        case "unsubscribed":
            return are("have", f"unsubscribed from {what}")
        case "pending":
            return Phrase("who", f"have yet to confirm {what}", f"do not have to confirm {what}")
        case "redacted":
            return Phrase("whose", f"decision on {what} was erased", f"decision on {what} was not erased")
        case "none":
            return Phrase("who", f"have not decided on {what}", f"have decided on {what}")


@_words.register
def _reachable(condition: ReachableCondition, names: Names) -> Phrase:
    return are("can", f"be reached by {CHANNELS[condition.channel]} for {PURPOSES[condition.purpose]}")


# --- what was worked out --------------------------------------------------------------------------------------------


@_words.register
def _metric(condition: MetricCondition, names: Names) -> Phrase:
    if condition.name == "stage":
        return _stage(str(condition.op), condition.value)
    op, value = str(condition.op), condition.value

    def amount(minor: float) -> str:
        return money(minor, names.currency)

    match condition.name:
        case "orders":
            return _so_far("ordered", op, value, how_often(op, value))
        case "purchase_days":
            return _so_far("bought", op, value, f"on {so_many(op, value, 'day')}")
        case "spend":
            return are("have", f"spent {compared(op, value, amount)} so far")
        case "average_order":
            return theirs("average order so far", compared(op, value, amount))
        case "days_since_order":
            return theirs("last order", f"{so_many(op, value, 'day', counted=False)} ago")
        case _:
            return _expected(condition.name, op, value, names)


def _expected(name: str, op: str, value: Any, names: Names) -> Phrase:
    """A figure of the future."""
    if name == "p_alive":
        return theirs("probability of still being a customer", compared(op, value, percent))
    if name == "value_365":
        amount = compared(op, value, lambda minor: money(minor, names.currency))
        return are("are", f"expected to spend {amount} in the next 365 days")
    days = "90" if name == "orders_90d" else "365"
    return are("are", f"expected to place {so_many(op, value, 'order')} in the next {days} days")


def _so_far(past: str, op: str, value: Any, how: str) -> Phrase:
    if is_none(op, value):
        return Phrase("who", f"have never {past}", f"have {past}")
    return are("have", f"{past} {how} so far")


def _stage(op: str, value: Any) -> Phrase:
    stages = [STAGES[stage] for stage in (value if isinstance(value, list) else [value])]
    found = theirs("stage", joined(stages, "or"))
    return Phrase("whose", found.no, found.yes) if op in ("ne", "not_in") else found


@_words.register
def _habit(condition: HabitCondition, names: Names) -> Phrase:
    if condition.of == "gap":
        return are(
            "have",
            f"gone without a purchase for longer than {condition.beyond_percentile} % of their own gaps between"
            " purchases",
        )
    verb, less = {
        "frequency": ("buy", "less often"),
        "spend": ("spend", "less"),
        "visits": ("visit", "less often"),
    }[condition.of]
    rest = f"{verb} at least {number(condition.down_percent or 0)} % {less} than they used to"
    return Phrase("who", rest, f"do not {rest}")


@_words.register
def _decline(condition: DeclineCondition, names: Names) -> Phrase:
    return theirs("decline against their own habit", joined([DEGREES[d] for d in condition.degrees], "or"))

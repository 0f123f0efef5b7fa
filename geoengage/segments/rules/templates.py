"""The classic segments as data: a definition with places for parameters. Pure.

A text `$name` in a definition stands for the parameter of that name; a member whose parameter was left empty is left
out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from geoengage.kit import errors
from geoengage.profiles.rules import Channel
from geoengage.segments.rules.check import flaws
from geoengage.segments.rules.groups import read_definition
from geoengage.segments.rules.word_leaves import CHANNELS, ZONE_KINDS
from geoengage.venues.rules import ZoneKind

MOST_MONEY = 10**12  # minor units


class ParameterType(StrEnum):
    """What a parameter asks for."""

    NUMBER = "number"
    PERCENT = "percent"
    MONEY = "money"
    CHOICE = "choice"
    STORE = "store"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a closed list, and what it stands for in the definition."""

    value: str
    label: str
    means: Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a template leaves open. `default` None: it may be left empty unless `required`."""

    name: str
    label: str
    type: ParameterType
    default: Any = None
    least: int | None = None
    most: int | None = None
    choices: tuple[Choice, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """A classic segment."""

    name: str
    title: str
    about: str
    group: str
    definition: Mapping[str, Any]
    parameters: tuple[Parameter, ...] = field(default=())


def _days(default: int, label: str = "Days", name: str = "days") -> Parameter:
    return Parameter(name, label, ParameterType.NUMBER, default, 1, 3660)


def _count(name: str, label: str, default: int) -> Parameter:
    return Parameter(name, label, ParameterType.NUMBER, default, 1, 10_000)


def _all(*of: Any) -> dict[str, Any]:
    return {"kind": "all", "of": list(of)}


def _metric(name: str, op: str, value: Any) -> dict[str, Any]:
    return {"kind": "metric", "name": name, "op": op, "value": value}


def _orders(op: str, value: Any, window: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "order", "measure": "count", "op": op, "value": value, "window": window} | more


def _visits(op: str, value: Any, window: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "visit", "measure": "count", "op": op, "value": value, "window": window} | more


_LAST = {"days": "$days"}
_EVER = {"ever": True}
_STORE = Parameter("store", "Only of this store", ParameterType.STORE)
_CATEGORY = Parameter("category", "Only of this category", ParameterType.CATEGORY)
_CHANNEL = Parameter(
    "channel", "Reachable by", ParameterType.CHOICE, "push",
    choices=tuple(Choice(c.value, CHANNELS[c.value], c.value) for c in Channel if c is not Channel.IN_APP),
)  # fmt: skip
_ZONE_KIND = Parameter(
    "zone_kind", "Kind of zone", ParameterType.CHOICE, "store",
    choices=tuple(Choice(kind.value, ZONE_KINDS[kind.value], kind.value) for kind in ZoneKind),
)  # fmt: skip
_REACHABLE = {"kind": "reachable", "channel": "$channel"}
# The grid of recency and frequency: days since the last order, orders so far; money is the third side.
_RECENCY = Parameter(
    "recency", "Last order", ParameterType.CHOICE, "recent",
    choices=(
        Choice("recent", "up to 30 days ago", [0, 30]),
        Choice("middle", "31 to 90 days ago", [31, 90]),
        Choice("long", "91 to 365 days ago", [91, 365]),
        Choice("gone", "more than a year ago", [366, 36_600]),
    ),
)  # fmt: skip
_FREQUENCY = Parameter(
    "frequency", "Orders so far", ParameterType.CHOICE, "often",
    choices=(
        Choice("once", "1", [1, 1]),
        Choice("some", "2 to 4", [2, 4]),
        Choice("often", "5 to 9", [5, 9]),
        Choice("most", "10 or more", [10, 1_000_000]),
    ),
)  # fmt: skip
_SPENT = Parameter("spend", "Spent at least", ParameterType.MONEY, 0, 0, MOST_MONEY)

TEMPLATES: tuple[Template, ...] = (
    Template(
        "vip", "Best customers", "Those who have spent most and still come. Thank them; they need no discount.",
        "value",
        _all(_metric("spend", "gte", "$spend"), _metric("days_since_order", "lte", "$days")),
        (Parameter("spend", "Spent at least", ParameterType.MONEY, 100_000, 1, MOST_MONEY), _days(90)),
    ),
    Template(
        "rising", "Will be worth much", "Those of whom most is expected in the next year, whatever they have spent.",
        "value",
        _all(_metric("value_365", "gte", "$spend"), _metric("p_alive", "gte", 0.5)),
        (Parameter("spend", "Expected to spend", ParameterType.MONEY, 50_000, 1, MOST_MONEY),),
    ),
    Template(
        "rfm", "A cell of the RFM grid", "By recency, frequency and money: when they bought last, how often, for how"
        " much.", "value",
        _all(
            _metric("days_since_order", "between", "$recency"),
            _metric("orders", "between", "$frequency"),
            _metric("spend", "gte", "$spend"),
        ),
        (_RECENCY, _FREQUENCY, _SPENT),
    ),
    Template(
        "category_buyers", "Buyers of a category", "Those who buy something of a kind; tell them of what is new there.",
        "value",
        _orders("gte", "$count", _LAST, category="$category", store_id="$store"),
        (
            Parameter("category", "Category", ParameterType.CATEGORY, required=True), _count("count", "At least", 2),
            _days(180), _STORE,
        ),
    ),
    Template(
        "new", "New customers", "Those who bought for the first time lately. Welcome them.", "life",
        {"kind": "order", "measure": "first", "op": "within_days", "value": "$days", "window": _EVER},
        (_days(30),),
    ),
    Template(
        "second_purchase_due", "Second purchase due", "Bought once, and it is about time for the second: who buys twice"
        " mostly stays.", "life",
        _all(_orders("eq", 1, _EVER), {
            "kind": "order", "measure": "last", "op": "within_days", "value": "$until", "window": _EVER,
        }, {"kind": "order", "measure": "last", "op": "not_within_days", "value": "$days", "window": _EVER}),
        (_days(14, "Since more than so many days"), _days(60, "And less than so many days", "until")),
    ),
    Template(
        "subscribers", "Subscribers without a purchase", "They let you write to them and have never bought.", "life",
        _all(_orders("eq", 0, _EVER), _REACHABLE), (_CHANNEL,),
    ),
    Template(
        "at_risk", "At risk", "Customers who are about to be lost, by their own rhythm. Win them back while they"
        " remember you.", "life",
        _metric("stage", "eq", "at_risk"),
    ),
    Template(
        "lapsed", "Lapsed", "Bought before, and not for a long time.", "life",
        _all(_orders("gte", "$count", _EVER, category="$category", store_id="$store"),
             _orders("eq", 0, _LAST, category="$category", store_id="$store")),
        (_count("count", "Bought before, at least", 1), _days(180, "Not in the last days"), _CATEGORY, _STORE),
    ),
    Template(
        "churned", "Churned", "Customers who are gone, by their own rhythm.", "life",
        _metric("stage", "eq", "churned"),
    ),
    Template(
        "reactivated", "Back again", "They were gone and have come back. Do not lose them twice.", "life",
        _metric("stage", "eq", "reactivated"),
    ),
    Template(
        "slowing_regulars", "Regulars who slow down", "Bought often, and now clearly less often than they themselves"
        " used to.", "habit",
        _all(
            {"kind": "order", "measure": "per_week", "op": "gte", "value": "$count", "window": {"days": 365}},
            {"kind": "habit", "of": "frequency", "down_percent": "$down"}, _REACHABLE,
        ),
        (
            Parameter("count", "Purchases a week in the last year", ParameterType.NUMBER, 1, 1, 20),
            Parameter("down", "Down by at least, in percent", ParameterType.PERCENT, 30, 1, 100), _CHANNEL,
        ),
    ),
    Template(
        "declined", "Declined against their own habit", "By degree: the stronger, the more it takes to win them back.",
        "habit",
        {"kind": "decline", "degrees": "$degree"},
        (Parameter("degree", "Decline", ParameterType.CHOICE, "marked", choices=(
            Choice("slight", "slight", ["slight"]), Choice("marked", "marked", ["marked"]),
            Choice("severe", "severe", ["severe"]), Choice("gone", "complete", ["gone"]),
            Choice("strong", "marked or severe", ["marked", "severe"]),
        )),),
    ),
    Template(
        "overdue", "Overdue by their own rhythm", "It is longer than four fifths of their own gaps since they bought.",
        "habit",
        {"kind": "habit", "of": "gap", "beyond_percentile": 80},
    ),
    Template(
        "spends_less", "Spends less than before", "They still come, and spend less than they used to.", "habit",
        _all({"kind": "habit", "of": "spend", "down_percent": "$down"},
             {"kind": "decline", "degrees": ["none", "slight", "marked"]}),
        (Parameter("down", "Down by at least, in percent", ParameterType.PERCENT, 30, 1, 100),),
    ),
    Template(
        "window_shoppers", "Window shoppers", "They visit again and again and never buy.", "place",
        _all(_visits("gte", "$count", _LAST, zone_kind="store", store_id="$store"),
             _orders("eq", 0, _EVER, store_id="$store")),
        (_count("count", "Visits, at least", 3), _days(90), _STORE),
    ),
    Template(
        "missing_visitors", "Visitors who stay away", "They used to come, and have not been there for a while.",
        "place",
        _all(_visits("gte", "$count", _EVER, zone_kind="$zone_kind", store_id="$store"),
             _visits("eq", 0, _LAST, zone_kind="$zone_kind", store_id="$store")),
        (_count("count", "Visits before, at least", 2), _days(60, "Not in the last days"), _ZONE_KIND, _STORE),
    ),
    Template(
        "neighbours", "Live near a store", "Their home area is within some kilometres of a store.", "place",
        {"kind": "place", "of": "home", "within_km": "$km", "store_id": "$store"},
        (
            Parameter("store", "Store", ParameterType.STORE, required=True),
            Parameter("km", "Kilometres", ParameterType.NUMBER, 5, 1, 1000),
        ),
    ),
    Template(
        "reachable", "Reachable by a channel", "A message would get through now, and they have agreed to it.",
        "consent",
        _REACHABLE, (_CHANNEL,),
    ),
    Template(
        "unheard", "Silent readers", "They got several messages and opened none. Write less often, or otherwise.",
        "consent",
        _all({"kind": "message", "what": "received", "op": "gte", "value": "$count", "window": _LAST},
             {"kind": "message", "what": "opened", "op": "eq", "value": 0, "window": _LAST}),
        (_count("count", "Messages, at least", 5), _days(60)),
    ),
    Template(
        "birthday", "Birthday soon", "Their birthday is within the next days (trait `birth_date`).", "consent",
        {"kind": "trait", "name": "birth_date", "op": "anniversary_in_days", "value": "$days"},
        (Parameter("days", "Days", ParameterType.NUMBER, 7, 1, 60),),
    ),
)  # fmt: skip
_BY_NAME = {template.name: template for template in TEMPLATES}
_ANY_STORE = UUID(int=1)


class TemplateNotFound(errors.NotFound):
    """There is no template of that name."""

    code = "template-not-found"
    title = "No such template"


def get_template(name: str) -> Template:
    """A template by its name, else TemplateNotFound."""
    if name not in _BY_NAME:
        raise TemplateNotFound(f"there is no template {name!r}; GET /v1/segments/templates lists them")
    return _BY_NAME[name]


def is_for_stores(template: Template) -> bool:
    """Whether a segment of one store may be made of it: some look at what people do in all stores."""
    values = {
        p.name: str(_ANY_STORE) if p.type is ParameterType.STORE else "x" for p in template.parameters if p.required
    }
    return not flaws(read_definition(fill(template, values, "XXX")), _ANY_STORE)


def fill(template: Template, values: Mapping[str, Any], currency: str | None) -> dict[str, Any]:
    """The definition with these values, the others as usual. ItemErrors names each value that is wrong.

    `currency`: the tenant's; None while nothing was ordered, and then nothing can be asked about money.
    """
    known = {parameter.name: parameter for parameter in template.parameters}
    wrong = {name: "this template has no such parameter" for name in values if name not in known}
    found: dict[str, Any] = {}
    for name, parameter in known.items():
        value = values.get(name, parameter.default)
        flaw = _flaw(parameter, value, currency)
        if flaw:
            wrong[name] = flaw
        else:
            found[name] = _means(parameter, value)
    if wrong:
        raise errors.ItemErrors(
            [{"pointer": f"#/parameters/{name}", "in": "body", "detail": detail} for name, detail in wrong.items()]
        )
    filled: dict[str, Any] = _filled(template.definition, found)
    return filled


def _flaw(parameter: Parameter, value: Any, currency: str | None) -> str | None:
    if value is None:
        return "say what it is" if parameter.required or parameter.default is not None else None
    match parameter.type:
        case ParameterType.CHOICE:
            fine = any(choice.value == value for choice in parameter.choices)
            return None if fine else f"one of {', '.join(choice.value for choice in parameter.choices)}"
        case ParameterType.STORE:
            return None if _is_uuid(value) else "the id of a store"
        case ParameterType.CATEGORY:
            return None if isinstance(value, str) and 0 < len(value) <= 200 else "a category of 1 to 200 characters"
        case ParameterType.MONEY if currency is None:
            return "nothing was ordered yet, so there is no currency to ask in"
    least, most = parameter.least or 0, parameter.most or 0
    fine = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    return None if fine else f"a whole number from {least:,} to {most:,}"


def _is_uuid(value: Any) -> bool:
    try:
        UUID(value)
    except (TypeError, ValueError, AttributeError):
        return False
    return True


def _means(parameter: Parameter, value: Any) -> Any:
    return next((choice.means for choice in parameter.choices if choice.value == value), value)


def _filled(part: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(part, str) and part.startswith("$"):
        return values[part[1:]]
    if isinstance(part, list):
        return [_filled(each, values) for each in part]
    if isinstance(part, Mapping):
        members = {name: _filled(value, values) for name, value in part.items()}
        return {name: value for name, value in members.items() if value is not None}
    return part

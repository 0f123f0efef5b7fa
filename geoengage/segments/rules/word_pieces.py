"""Words that many conditions share: numbers of times, amounts, moments, windows, lists, comparisons. Pure.

British English, as the console speaks. What people have named stands in quotation marks where it could be mistaken for
our own words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.commerce.rules.money import exponent
from geoengage.segments.rules.ops import read_moment
from geoengage.segments.rules.pieces import Between, Ever, LastDays

# As in "at least 3 times".
_AMOUNTS = {
    "eq": "exactly {}", "ne": "anything but {}", "gt": "more than {}", "gte": "at least {}", "lt": "less than {}",
    "lte": "at most {}",
}  # fmt: skip
_COUNTS = _AMOUNTS | {"lt": "fewer than {}"}


@dataclass(frozen=True, slots=True)
class Names:
    """What a reading needs to know of the tenant: what ids are called, its clock, the currency of people's figures.

    A thing without a name is one that is gone.
    """

    named: Mapping[UUID, str] = field(default_factory=dict)
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    currency: str | None = None

    def of(self, id_: UUID, what: str) -> str:
        """The name of a thing, in quotation marks; `what` it is when it has none any more."""
        return quoted(self.named[id_]) if id_ in self.named else f"{what} that was deleted"


def quoted(text: str) -> str:
    """A name that somebody has given."""
    return f"“{text}”"


def joined(parts: Sequence[str], word: str) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def number(value: float) -> str:
    """`1,250`, `0.5`; no more digits than somebody typed."""
    whole = int(value)
    return f"{whole:,}" if whole == value else f"{value:,.10f}".rstrip("0")


def plural(value: float, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number(value)} {noun}" if value == 1 else f"{number(value)} {noun}s"


def times(value: float) -> str:
    """`once`, `twice`, `3 times`."""
    return "once" if value == 1 else "twice" if value == 2 else f"{number(value)} times"


def money(minor: float, currency: str | None) -> str:
    """`CHF 12.50`."""
    decimals = exponent(currency) if currency else 2
    return f"{currency or ''} {minor / 10**decimals:,.{decimals}f}".strip()


def percent(value: float) -> str:
    """A share of 0 to 1 as `25 %`."""
    return f"{number(round(value * 100, 6))} %"


def compared(op: str, value: Any, say: Any, *, counted: bool = False) -> str:
    """`at least 3 times`: a comparison of a number that `say` puts into words. `counted`: fewer instead of less."""
    if op == "between":
        return f"between {say(value[0])} and {say(value[1])}"
    return (_COUNTS if counted else _AMOUNTS)[op].format(say(value))


def so_many(op: str, value: Any, noun: str, *, counted: bool = True) -> str:
    """`at least 3 messages`, `2 to 5 messages`."""
    if op == "between":
        return f"{number(value[0])} to {plural(value[1], noun)}"
    return compared(op, value, lambda n: plural(n, noun), counted=counted)


def is_none(op: str, value: Any) -> bool:
    """Whether a comparison of a count asks for nothing at all."""
    return (op in ("eq", "lte") and value == 0) or (op == "lt" and value == 1)


def how_often(op: str, value: Any) -> str:
    """`at least twice`, `more than 3 times`, `at least once`."""
    if op == "gt" and value == 0:
        return "at least once"
    if op == "between":
        return f"{number(value[0])} to {number(value[1])} times"
    if op == "ne":
        return f"any number of times but {number(value)}"
    return compared(op, value, times, counted=True)


def day(moment: datetime, names: Names) -> str:
    """`1 January 2026`, with the time of day unless it is midnight there."""
    local = moment.astimezone(names.timezone)
    date = f"{local.day} {local:%B %Y}"
    return date if (local.hour, local.minute) == (0, 0) else f"{date}, {local:%H:%M}"


def a_day(value: Any, names: Names) -> str:
    """A moment as a condition has it: text or time."""
    moment = value if isinstance(value, datetime) else read_moment(value)
    return day(moment, names) if moment is not None else str(value)


def span(days: float) -> str:
    """`24 hours`, `30 days`: a length of time that was given in days."""
    return plural(round(days * 24, 2), "hour") if days <= 1 else plural(days, "day")


def ago(op: str, value: Any, names: Names) -> str:
    """When: `within the last 30 days`, `more than 30 days ago`, `before 1 May 2026`."""
    if op == "within_days":
        return f"within the last {span(value)}"
    if op == "not_within_days":
        return f"more than {span(value)} ago"
    return f"{op} {a_day(value, names)}"


def within(window: LastDays | Between | Ever, names: Names) -> str:
    """` in the last 30 days`, ` from 1 May to 31 May 2026`; nothing for all time. It begins with a space."""
    if isinstance(window, LastDays):
        return f" in the last {span(window.days)}"
    if isinstance(window, Ever):
        return ""
    if window.end is None:
        return f" since {day(window.start, names)}" if window.start else ""
    if window.start is None:
        return f" before {day(window.end, names)}"
    return f" from {day(window.start, names)} to {_last_day(window.end, names)}"


def _last_day(end: datetime, names: Names) -> str:
    """The end of a span as people say it: the day before when it ends at midnight."""
    local = end.astimezone(names.timezone)
    return (
        day(end - timedelta(days=1), names)
        if (local.hour, local.minute, local.second) == (0, 0, 0)
        else day(end, names)
    )


def said(value: Any) -> str:
    """A value that somebody has typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, int | float) else quoted(str(value))


def listed(values: Iterable[Any], word: str) -> str:
    """Values that somebody has typed, joined."""
    return joined([said(value) for value in values], word)


def label(name: str) -> str:
    """A trait's or property's name as people read it: `birth_date` as birth date; others in quotation marks."""
    plain = name.replace("_", " ").strip()
    return plain if plain.replace(" ", "").isalpha() and plain.islower() else quoted(name)


def value_test(name: str, op: str, value: Any) -> tuple[str, str]:
    """A test of a value by its name: `city is “Bern”`, and the opposite: `city is not “Bern”`.

    Who has no value passes `not_exists` and no other test, so they are on the opposite's side.
    """
    what = label(name)
    match op:
        case "eq":
            return f"{what} is {said(value)}", f"{what} is not {said(value)}"
        case "ne":
            return f"{what} is known and not {said(value)}", f"{what} is {said(value)} or unknown"
        case "in":
            return f"{what} is {listed(value, 'or')}", f"{what} is not {listed(value, 'or')}"
        case "not_in":
            return f"{what} is known and not {listed(value, 'or')}", f"{what} is {listed(value, 'or')} or unknown"
        case "exists":
            return f"{what} is known", f"{what} is not known"
        case "not_exists":
            return f"{what} is not known", f"{what} is known"
        case "not_contains":
            return f"{what} is known and does not contain {said(value)}", f"{what} contains {said(value)} or is unknown"
        case "contains" | "starts_with" | "ends_with":
            verb = {"contains": "contain", "starts_with": "begin with", "ends_with": "end with"}[op]
            first, _, rest = verb.partition(" ")
            return f"{what} {first}s{' ' * bool(rest)}{rest} {said(value)}", f"{what} does not {verb} {said(value)}"
        case _:
            test = compared(op, value, number)
            return f"{what} is {test}", f"{what} is not {test}"

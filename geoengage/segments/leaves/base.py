"""How a condition becomes SQL: values only as parameters, and for each person whether it holds and until when.

A leaf is compiled to a `Part`: expressions over the rows of a source, one group a person. Parts with the same source
are columns of one statement, so that conditions on orders share one pass over the orders.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from geoengage.kit import pgarrays
from geoengage.segments.rules import Between, Ever, LastDays

SINCE = "{since}"  # where a source puts the earliest moment that any of its parts looks at
ASIDE = timedelta(days=1)  # what came in may have been dated a little ahead: ids are by arrival


def people(column: str) -> str:
    """Where a source puts the restriction to some people: the column of their profile's id."""
    return f"{{people {column}}}"


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf as SQL. `source` is all from FROM on, up to GROUP BY; `person` its expression of the profile's id.

    `holds` a condition and `due` a moment, in SQL, over the rows of one person; `due`: the next one at which time
    alone can change `holds` (null: never), empty when it never can. `found` is the value that is compared, as JSON.
    `otherwise`: whether it holds for people without a row. `since`: no row before that moment counts.
    """

    source: str
    person: str
    holds: str
    found: str
    due: str = ""
    otherwise: bool = False
    grouped: bool = True
    since: datetime | None = None


@dataclass(slots=True)
class Terms:
    """What a compilation knows, and the parameters that it has bound so far. Equal values share a parameter.

    `store_id`: the segment is that store's. `currency`: the tenant's main one.
    """

    now: datetime
    timezone: str
    store_id: UUID | None
    values: dict[str, Any] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def bind(self, value: object, cast: str) -> str:
        """A parameter with this value, cast to an SQL type."""
        key = f"{cast}:{value!r}"
        if key not in self._names:
            self._names[key] = f"v_{_letters(len(self._names))}"
            self.values[self._names[key]] = _as_parameter(value)
        return f"CAST(:{self._names[key]} AS {cast})"

    @property
    def now_sql(self) -> str:
        """The moment that it is."""
        return self.bind(self.now, "timestamptz")


def _letters(n: int) -> str:
    """a, b … z, ba …: names of parameters hold no digits (kit/trips)."""
    high, low = divmod(n, 26)
    return (_letters(high) if high else "") + chr(ord("a") + low)


def _as_parameter(value: object) -> object:
    """As a trip takes it: spans and numbers as their text, lists as arrays of text."""
    if isinstance(value, timedelta):
        return f"{value.days} days {value.seconds}.{value.microseconds:06} seconds"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return pgarrays.texts(map(str, value))
    return str(value) if isinstance(value, str) else value


def number(terms: Terms, value: float) -> str:
    """A number as a parameter; counts are compared as whole numbers, which is much faster."""
    return terms.bind(repr(value), "numeric") if value % 1 else terms.bind(int(value), "bigint")


_SIGNS = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def compare(terms: Terms, expression: str, op: str, value: Any, bind: Callable[[Terms, float], str] = number) -> str:
    """A comparison of a number. What is null compares as null, which counts as no."""
    if op == "between":
        return f"{expression} BETWEEN {bind(terms, value[0])} AND {bind(terms, value[1])}"
    return f"{expression} {_SIGNS[op]} {bind(terms, value)}"


def passes(op: str, value: Any, number: float) -> bool:
    """The same comparison in Python."""
    if op == "between":
        return bool(value[0] <= number <= value[1])
    passed: bool = {
        "eq": number == value, "ne": number != value, "gt": number > value, "gte": number >= value,
        "lt": number < value, "lte": number <= value,
    }[op]  # fmt: skip
    return passed


def days(terms: Terms, value: float) -> str:
    """So many days as a parameter."""
    return terms.bind(timedelta(days=value), "interval")


def days_from_now(terms: Terms, value: float) -> str:
    """The moment so many days ahead (below 0: ago) as a parameter: the database would work it out for each row."""
    return terms.bind(terms.now + timedelta(days=value), "timestamptz")


def moment_test(terms: Terms, at: str, op: str, value: Any) -> tuple[str, str]:
    """Whether a moment passes, and when that changes. In the last or next n days both ends move with the clock."""
    now = terms.now_sql
    if op in ("before", "after"):
        bound = terms.bind(value if isinstance(value, datetime) else datetime.fromisoformat(value), "timestamptz")
        return f"{at} {'<' if op == 'before' else '>='} {bound}", ""
    span = days(terms, value)
    if op == "in_next_days":
        end = days_from_now(terms, value)
        holds = f"({at} > {now} AND {at} <= {end})"
        return holds, f"CASE WHEN {at} > {end} THEN {at} - {span} WHEN {at} > {now} THEN {at} END"
    start = days_from_now(terms, -value)
    due = f"CASE WHEN {at} > {now} THEN {at} WHEN {at} > {start} THEN {at} + {span} END"
    if op == "within_days":
        return f"({at} > {start} AND {at} <= {now})", due
    return f"{at} <= {start}", f"CASE WHEN {at} > {start} THEN {at} + {span} END"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a source that a leaf looks at: `at` is their moment in SQL, `only` what each must pass besides.

    `amount`: the number of a row, for measures over one. `counted`: what is counted, else the rows; an average is the
    sum by that count.
    """

    at: str
    only: str = "true"
    amount: str = ""
    counted: str = "*"


def start_of(terms: Terms, window: LastDays | Between | Ever) -> datetime | None:
    """The earliest moment in a window; None: none."""
    if isinstance(window, LastDays):
        return terms.now - timedelta(days=window.days)
    return window.start if isinstance(window, Between) else None


def inside(terms: Terms, rows: Rows, window: LastDays | Between | Ever) -> str:
    """The condition on a row that it is in the window now."""
    current = f"{rows.only} AND {rows.at} <= {terms.now_sql}"
    if isinstance(window, Between) and window.start is not None:
        current += f" AND {rows.at} >= {terms.bind(window.start, 'timestamptz')}"
    if isinstance(window, Between) and window.end is not None:
        current += f" AND {rows.at} < {terms.bind(window.end, 'timestamptz')}"
    if isinstance(window, LastDays):
        current += f" AND {rows.at} > {days_from_now(terms, -window.days)}"
    return current


def ahead(terms: Terms, rows: Rows) -> str:
    """When the first row that is dated ahead will count, if it then does: the same for all parts of a source."""
    return f"min({rows.at}) FILTER (WHERE {rows.at} > {terms.now_sql})"


def earliest(*moments: str) -> str:
    """The earliest of some moments, null being none."""
    known = [m for m in moments if m]
    return f"least({', '.join(known)})" if len(known) > 1 else "".join(known)


def measured(
    terms: Terms, measure: str, op: str, value: Any, window: LastDays | Between | Ever, rows: Rows
) -> tuple[str, str, str, bool]:
    """A measure over rows: whether it passes, when time can change that, what it is, what holds without any row.

    A rolling window changes as rows leave it. Of a count that is only known to be high enough, or to be too high, the
    row that leaves next is waited for; where it can only fall further, nothing.
    """
    current, coming = inside(terms, rows, window), ahead(terms, rows)
    if measure in ("first", "last"):
        at = f"{'min' if measure == 'first' else 'max'}({rows.at}) FILTER (WHERE {current})"
        holds, turns = moment_test(terms, at, op, value)
        return holds, earliest(turns, _leaving(terms, window, at), coming), f"to_jsonb({at})", False
    figure = _figure(measure, rows, current)
    holds = compare(terms, figure, op, value)
    until = _leaving(terms, window, f"min({rows.at}) FILTER (WHERE {current})")
    if measure == "count" and until:
        if (op, value) in (("gte", 1), ("gt", 0)):
            until = _leaving(terms, window, f"max({rows.at}) FILTER (WHERE {current})")
        if op in ("gt", "gte"):
            until = f"CASE WHEN {holds} THEN {until} END"
        elif op in ("lt", "lte"):
            until = f"CASE WHEN NOT {holds} THEN {until} END"
    otherwise = measure in ("count", "sum") and passes(op, value, 0)
    return holds, earliest(until, coming), f"to_jsonb({figure})", otherwise


def _figure(measure: str, rows: Rows, current: str) -> str:
    if measure == "count":
        return f"count({rows.counted}) FILTER (WHERE {current})"
    if measure == "sum":
        return f"coalesce(sum({rows.amount}) FILTER (WHERE {current}), 0)"
    if measure == "average":
        return (
            f"(sum({rows.amount}) FILTER (WHERE {current})"
            f" / nullif(count({rows.counted}) FILTER (WHERE {current}), 0)::numeric)"
        )
    return f"{measure}({rows.amount}) FILTER (WHERE {current})"


def _leaving(terms: Terms, window: LastDays | Between | Ever, at: str) -> str:
    return f"{at} + {days(terms, window.days)}" if isinstance(window, LastDays) else ""

"""Values of any type in SQL: as JSON, and as the number, day or moment that their text says. Nothing here can fail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geoengage.segments.leaves.base import Terms, compare

_NUMBER = r"'^-?\d{1,15}(\.\d{1,9})?$'"
_DAY = r"[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_CLOCK = r"[T ]([01]\d|2[0-3])\:[0-5]\d(\:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4])\:?[0-5]\d)"


def as_number(text: str) -> str:
    """The number that a text of a JSON value says; null when it says none."""
    return f"CASE WHEN {text} ~ {_NUMBER} THEN CAST({text} AS numeric) END"


def as_date(text: str) -> str:
    """The day with which a text begins, as a date; null when it begins with none. Nothing here can fail."""
    return (
        f"CASE WHEN {text} ~ '^{_DAY}' THEN make_date(CAST(substr({text}, 1, 4) AS integer),"
        f" CAST(substr({text}, 6, 2) AS integer), 1) + (CAST(substr({text}, 9, 2) AS integer) - 1) END"
    )


def as_moment(terms: Terms, text: str) -> str:
    """The moment that a text says, a day being its beginning where the tenant is; null when it says none."""
    zone = terms.bind(terms.timezone, "text")
    return (
        f"CASE WHEN {text} ~ '^{_DAY}{_CLOCK}$' AND to_char({as_date(text)}, 'DD') = substr({text}, 9, 2)"
        f" THEN CAST({text} AS timestamptz) WHEN {text} ~ '^{_DAY}$'"
        f" THEN CAST({as_date(text)} AS timestamp) AT TIME ZONE {zone} END"
    )


@dataclass(frozen=True, slots=True)
class Json:
    """A value of any type: in SQL as JSON, and as its text (of a text without quotes)."""

    json: str
    text: str


def value_test(terms: Terms, of: Json, op: str, value: Any) -> str:
    """Whether a JSON value passes a test by value; null and a missing one pass `not_exists` only."""
    there = f"coalesce(jsonb_typeof({of.json}) <> 'null', false)"
    if op in ("exists", "not_exists"):
        return there if op == "exists" else f"NOT {there}"
    if op in ("eq", "ne", "in", "not_in"):
        equal = _equal(terms, of, value if isinstance(value, list) else [value])
        return equal if op in ("eq", "in") else f"({there} AND NOT {equal})"
    if op in ("contains", "not_contains", "starts_with", "ends_with"):
        return _text_test(terms, of, op, value, there)
    return f"coalesce({compare(terms, as_number(of.text), op, value)}, false)"


def _equal(terms: Terms, of: Json, values: Sequence[Any]) -> str:
    wanted = terms.bind([_plain(v) for v in values], "text[]")
    member = f"EXISTS (SELECT FROM jsonb_array_elements_text({of.json}) m WHERE lower(m) = ANY({wanted}))"
    single = f"coalesce(lower({of.text}) = ANY({wanted}), false)"
    return f"CASE WHEN jsonb_typeof({of.json}) = 'array' THEN {member} ELSE {single} END"


def _plain(value: Any) -> str:
    """A value as PostgreSQL writes it: `true`, `3`, `2.5`, a text in lower case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower()


def _text_test(terms: Terms, of: Json, op: str, value: str, there: str) -> str:
    wanted, text = f"lower({terms.bind(value, 'text')})", f"lower({of.text})"
    if op == "starts_with":
        return f"coalesce(starts_with({text}, {wanted}), false)"
    if op == "ends_with":
        return f"coalesce(right({text}, length({wanted})) = {wanted}, false)"
    member = f"EXISTS (SELECT FROM jsonb_array_elements_text({of.json}) m WHERE lower(m) = {wanted})"
    found = (
        f"CASE WHEN jsonb_typeof({of.json}) = 'array' THEN {member}"
        f" ELSE coalesce(strpos({text}, {wanted}) > 0, false) END"
    )
    return found if op == "contains" else f"({there} AND NOT {found})"

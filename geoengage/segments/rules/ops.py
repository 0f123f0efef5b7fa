"""How things are compared, and which values a comparison can be asked with. Pure."""

import math
from datetime import datetime
from enum import StrEnum
from typing import Any

MOST_VALUES = 200
OLDEST = 150


class NumberOp(StrEnum):
    """How a number is compared."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"


class MomentOp(StrEnum):
    """How a moment is compared: with a fixed one, or with now."""

    BEFORE = "before"
    AFTER = "after"
    WITHIN_DAYS = "within_days"
    NOT_WITHIN_DAYS = "not_within_days"


class ValueOp(StrEnum):
    """How a trait or a property is compared. Who has none passes `not_exists`, and nothing else."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    EXISTS = "exists"
    NOT_EXISTS = "not_exists"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"


class TraitOp(StrEnum):
    """How a trait is compared: as a value, or, being a date, with the clock."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    EXISTS = "exists"
    NOT_EXISTS = "not_exists"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    BEFORE = "before"
    AFTER = "after"
    WITHIN_DAYS = "within_days"
    NOT_WITHIN_DAYS = "not_within_days"
    IN_NEXT_DAYS = "in_next_days"
    ANNIVERSARY_IN_DAYS = "anniversary_in_days"
    AGE_BETWEEN = "age_between"


NUMBER_OPS = frozenset(NumberOp)
MOMENT_OPS = frozenset(MomentOp)
_NONE = {"exists", "not_exists"}
_LISTS = {"in", "not_in"}
_TEXTS = {"contains", "not_contains", "starts_with", "ends_with"}
_ORDERS = {"gt", "gte", "lt", "lte"}
_DAYS = {"within_days", "not_within_days", "in_next_days", "anniversary_in_days"}


def is_number(value: object) -> bool:
    """A finite number of a size that is meant, and no truth value."""
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) <= 1e15
    )


def value_flaw(op: str, value: Any) -> str | None:
    """Why `op` cannot be asked with this value; None when it can."""
    if op in _NONE:
        return None if value is None else f"{op} takes no value; leave it out"
    if op in _LISTS:
        return _list_flaw(op, value)
    if op == "between":
        pair = isinstance(value, list) and len(value) == 2 and all(map(is_number, value)) and value[0] <= value[1]
        return None if pair else "between takes two numbers, the smaller first: [1, 5]"
    if op == "age_between":
        fine = isinstance(value, list) and len(value) == 2 and all(type(v) is int for v in value)
        fine = fine and 0 <= value[0] <= value[1] <= OLDEST
        return None if fine else f"age_between takes two whole numbers of years up to {OLDEST}: [18, 30]"
    if op in _ORDERS:
        return None if is_number(value) else f"{op} compares with a number"
    if op in _DAYS:
        return None if is_number(value) and 0 < value <= 3660 else f"{op} takes a number of days, up to 3,660"
    if op in ("before", "after"):
        return None if read_moment(value) else f"{op} takes a moment with its zone, e.g. 2026-01-31T00:00:00Z"
    if op in _TEXTS:
        return None if isinstance(value, str) and 0 < len(value) <= 500 else f"{op} compares with a text"
    return None if _is_scalar(value) else f"{op} compares with one text, number, true or false"


def _list_flaw(op: str, value: Any) -> str | None:
    if isinstance(value, list) and 0 < len(value) <= MOST_VALUES and all(map(_is_scalar, value)):
        return None
    return f"{op} takes a list of 1 to {MOST_VALUES} texts or numbers"


def _is_scalar(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= 500 and "\x00" not in value
    return isinstance(value, bool) or is_number(value)


def read_moment(value: Any) -> datetime | None:
    """A moment that was written as RFC 3339 with its zone, between 1900 and 2200; None when it was not."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None and 1900 <= found.year < 2200 else None


def measure_flaw(measure: str, op: str | None, value: Any) -> str | None:
    """Why a measure cannot be compared so; None when it can. First and last are moments, all others numbers."""
    is_moment = measure in ("first", "last")
    if op is None or is_moment is not (op in MOMENT_OPS):
        return f"measure {measure} takes op {', '.join(MomentOp if is_moment else NumberOp)}"
    if isinstance(value, datetime):
        return None if op in ("before", "after") else f"{op} takes a number"
    return value_flaw(op, value) if op in MOMENT_OPS or op == "between" else one_flaw(op, value)


def one_flaw(op: str, value: Any) -> str | None:
    """Why a comparison with one number cannot be made; None when it can."""
    return None if is_number(value) else f"{op} compares with one number"


def raise_flaw(flaw: str | None) -> None:
    """For validators: complain about what a function found."""
    if flaw:
        raise ValueError(flaw)

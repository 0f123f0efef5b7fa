"""What conditions of several families share: windows of time, comparisons of numbers, moments and texts. Pure."""

import json
import math
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Discriminator, Field, StringConstraints, Tag, model_validator

from geoengage.kit.shapes import Shape

Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Days = Annotated[float, Field(gt=0, le=3660, allow_inf_nan=False)]
# Near enough for every calendar's arithmetic.
Moment = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
Scalar = str | bool | int | float
MOST_VALUES = 200


class Condition(Shape):
    """Base of all conditions. `kind` says which one it is."""

    kind: str

    def parts(self) -> "list[tuple[str, Condition]]":
        """The conditions that it is made of, each with its path from here (`of/0`)."""
        return []

    @cached_property
    def key(self) -> str:
        """What makes two conditions the same."""
        return json.dumps(self.model_dump(mode="json", by_alias=True, exclude_none=True), sort_keys=True)

    def names(self) -> dict[str, UUID]:
        """The things of the tenant that it speaks of: member (`zone_id`) → id."""
        return {}


class LastDays(Shape):
    """The last `days` × 24 hours, up to now."""

    days: Days = Field(description="Days, counted back from now; the window moves with the clock.", examples=[30])


class Between(Shape):
    """A fixed span: from that moment (included) until that one (excluded)."""

    start: Moment | None = Field(default=None, alias="from", description="RFC 3339, included. Null: since ever.")
    end: Moment | None = Field(default=None, alias="to", description="RFC 3339, excluded. Null: up to now.")

    @model_validator(mode="after")
    def _is_span(self) -> "Between":
        if self.start is None and self.end is None:
            raise ValueError('name from or to; for all time use {"ever": true}')
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError("from must be before to")
        return self


class Ever(Shape):
    """All that is known, without a limit of time."""

    ever: bool = Field(description="true.")

    @model_validator(mode="after")
    def _is_true(self) -> "Ever":
        if not self.ever:
            raise ValueError("ever is true; for a limit of time use days, or from and to")
        return self


def _which_window(value: Any) -> str:
    names = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    if "ever" in names:
        return "ever"
    return "between" if {"from", "to", "start", "end"} & set(names) else "days"


Window = Annotated[
    Annotated[LastDays, Tag("days")] | Annotated[Between, Tag("between")] | Annotated[Ever, Tag("ever")],
    Discriminator(_which_window),
]


def weeks_of(window: LastDays | Between | Ever) -> float | None:
    """How many weeks a window has; None when it has no fixed length."""
    if isinstance(window, LastDays):
        return window.days / 7
    if isinstance(window, Between) and window.start is not None and window.end is not None:
        return (window.end - window.start) / timedelta(weeks=1)
    return None


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


class NumberTest(Condition):
    """Base of conditions that compare one number."""

    op: NumberOp = Field(description="`between` takes two numbers, both included.")
    value: Number | list[Number] = Field(description="A number; for `between` two, the smaller first.")

    @model_validator(mode="after")
    def _fits(self) -> "NumberTest":
        raise_flaw(value_flaw(self.op, self.value) if self.op is NumberOp.BETWEEN else one_flaw(self.op, self.value))
        return self


def measure_flaw(measure: str, op: str | None, value: Any) -> str | None:
    """Why a measure cannot be compared so; None when it can. First and last are moments, all others numbers."""
    is_moment = measure in ("first", "last")
    if op is None or is_moment is not (op in MOMENT_OPS):
        return f"measure {measure} takes op {', '.join(MomentOp if is_moment else NumberOp)}"
    if isinstance(value, datetime):
        return None if op in ("before", "after") else f"{op} takes a number"
    return value_flaw(op, value) if op in MOMENT_OPS or op == "between" else one_flaw(op, value)


class MeasureTest(Condition):
    """Base of conditions on a measure of what somebody did."""

    measure: str
    op: NumberOp | MomentOp = Field(
        description="For `first` and `last`: `before`, `after` a moment, `within_days`, `not_within_days` (longer ago"
        " than). For all others: a comparison of numbers. Who did nothing has a count and a sum of 0, and nothing else."
    )
    value: Number | Moment | list[Number] = Field(
        description="A number (for `between` two, the smaller first); for `before` and `after` a moment in RFC 3339;"
        " for `within_days` and `not_within_days` days."
    )

    @model_validator(mode="after")
    def _op_fits(self) -> "MeasureTest":
        raise_flaw(measure_flaw(self.measure, self.op, self.value))
        return self


def one_flaw(op: str, value: Any) -> str | None:
    """Why a comparison with one number cannot be made; None when it can."""
    return None if is_number(value) else f"{op} compares with one number"


def raise_flaw(flaw: str | None) -> None:
    """For validators: complain about what a function found."""
    if flaw:
        raise ValueError(flaw)


class PropertyTest(Shape):
    """A test of one property of an event."""

    property: str = Field(
        min_length=1,
        max_length=200,
        description="Its name; a dot goes into an object (`product.brand`), a number into a list (`products.0.sku`).",
    )
    op: ValueOp = Field(description="An event without the property passes `not_exists`, and nothing else.")
    value: Scalar | list[Scalar] | None = Field(
        default=None, description="A text, number, true or false; `in`, `not_in`: a list of them; `between`: two."
    )

    @model_validator(mode="after")
    def _fits(self) -> "PropertyTest":
        raise_flaw(value_flaw(self.op, self.value))
        return self

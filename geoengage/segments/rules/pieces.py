"""What conditions of several families share: windows of time, comparisons of numbers, moments and texts. Pure."""

import json
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Discriminator, Field, StringConstraints, Tag, model_validator

from geoengage.kit.shapes import Shape
from geoengage.segments.rules.ops import MomentOp, NumberOp, ValueOp, measure_flaw, one_flaw, raise_flaw, value_flaw

Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Days = Annotated[float, Field(gt=0, le=3660, allow_inf_nan=False)]
# Near enough for every calendar's arithmetic.
Moment = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
Scalar = str | bool | int | float


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


class NumberTest(Condition):
    """Base of conditions that compare one number."""

    op: NumberOp = Field(description="`between` takes two numbers, both included.")
    value: Number | list[Number] = Field(description="A number; for `between` two, the smaller first.")

    @model_validator(mode="after")
    def _fits(self) -> "NumberTest":
        raise_flaw(value_flaw(self.op, self.value) if self.op is NumberOp.BETWEEN else one_flaw(self.op, self.value))
        return self


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

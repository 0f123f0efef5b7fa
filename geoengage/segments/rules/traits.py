"""Conditions on what is known of a person: traits. Pure."""

from typing import Literal

from pydantic import Field, model_validator

from geoengage.profiles.rules.traits import TRAIT_NAME_MAX
from geoengage.segments.rules.ops import TraitOp, raise_flaw, value_flaw
from geoengage.segments.rules.pieces import Condition, Scalar


class TraitCondition(Condition):
    """A trait of the profile passes a test.

    Texts are compared without regard to case. A list passes `eq`, `in` and `contains` when one of its members does.
    """

    kind: Literal["trait"] = Field(description="A test of one trait.")
    name: str = Field(
        min_length=1, max_length=TRAIT_NAME_MAX, description="Its name; `first_name` and `language` are traits too."
    )
    op: TraitOp = Field(
        description="Who has no such trait passes `not_exists`, and nothing else. The last seven read it as a date"
        " or an RFC 3339 moment; `anniversary_in_days` 7: its day of the year is today or one of the next 7;"
        " `age_between`: of a day of birth, in full years of which the last is included. A year of birth alone is read"
        " as its last day, so that nobody is taken for older than they may be."
    )
    value: Scalar | list[Scalar] | None = Field(
        default=None,
        description="A text, number, true or false; `in`, `not_in`: a list of them; `between`, `age_between`: two"
        " numbers; `before`, `after`: a moment; `…_days`: days.",
    )

    @model_validator(mode="after")
    def _fits(self) -> "TraitCondition":
        raise_flaw(value_flaw(self.op, self.value))
        return self

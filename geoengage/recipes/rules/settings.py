"""What somebody may set of a recipe, in words of a shop; what is left out is as the recipe has it. Pure."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from geoengage.commerce.rules import MAX_MINOR
from geoengage.kit.shapes import Name, Shape
from geoengage.offers.rules.terms import MAX_FLOOR

Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Discount = Annotated[int, Field(ge=1, le=80)]
ADULT = 18
MOST_BEFORE = 360
Amount = Annotated[int, Field(ge=1, le=MAX_MINOR)]
Category = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


class RecipeSettings(Shape):
    """Settings of a recipe. Each recipe takes some of them (`GET /v1/recipes`); null: as the recipe has it."""

    store_id: UUID | None = Field(
        default=None, description="Only for this store, by its own orders. Who is restricted to stores names one."
    )
    content_id: UUID | None = Field(
        default=None, description="The published item that it speaks of. Null: the one that begins next."
    )
    discount_percent: Discount | None = Field(default=None, description="How much the offer takes off.")
    discount_severe_percent: Discount | None = Field(
        default=None, description="For who buys far less than they used to."
    )
    discount_gone_percent: Discount | None = Field(default=None, description="For who has stopped buying.")
    margin_floor_percent: Annotated[int, Field(ge=0, le=MAX_FLOOR)] | None = Field(
        default=None, description="Nothing is sold for less margin than this. Null: the tenant's floor."
    )
    max_discount_minor: Amount | None = Field(
        default=None, description="What one use may cost at most, minor units of the main currency. Null: no limit."
    )
    budget_minor: Amount | None = Field(
        default=None, description="What all uses may cost together; needs `max_discount_minor`. Null: no limit."
    )
    below_minor: Amount | None = Field(
        default=None, description="Whose average order is below this. Null: the tenant's average."
    )
    holdout_percent: Annotated[int, Field(ge=0, le=50)] | None = Field(
        default=None, description="People who get nothing, so that it shows what it brought."
    )
    days_between: Annotated[int, Field(ge=1, le=30)] | None = Field(
        default=None, description="Days between a reminder and the offer."
    )
    after_minutes: Annotated[int, Field(ge=15, le=7 * 1440)] | None = Field(
        default=None, description="For how long a cart was left alone."
    )
    hours_start: Clock | None = Field(default=None, description="Nothing goes out before, HH:MM local time.")
    hours_end: Clock | None = Field(default=None, description="Nothing goes out from then on, HH:MM local time.")
    categories: list[Category] | None = Field(
        default=None,
        max_length=20,
        description="These categories, with all below them, as products name them. Null: on everything; recipes about"
        " toys or fresh food need them.",
    )
    days_away: Annotated[int, Field(ge=3, le=365)] | None = Field(
        default=None, description="For how many days somebody was not seen, or did not order."
    )
    days_before: Annotated[int, Field(ge=0, le=1)] | None = Field(
        default=None, description="0: on the first day of the weekend; 1: on the day before."
    )
    day_part: Name | None = Field(default=None, description="The mealtime, as the tenant's day parts call it.")
    before_minutes: Annotated[int, Field(ge=0, le=MOST_BEFORE)] | None = Field(
        default=None, description="Minutes before the day part begins."
    )
    age_from: Annotated[int, Field(ge=ADULT, le=99)] | None = Field(
        default=None, description="The youngest, in full years: adults only."
    )
    age_to: Annotated[int, Field(ge=ADULT, le=99)] | None = Field(default=None, description="The oldest.")

    @model_validator(mode="after")
    def _fits(self) -> "RecipeSettings":
        if self.budget_minor is not None and self.max_discount_minor is None:
            raise ValueError("a budget needs max_discount_minor: what one use may cost at most")
        if self.hours_start is not None and self.hours_start == self.hours_end:
            raise ValueError("hours_start and hours_end must differ")
        if self.age_from is not None and self.age_to is not None and self.age_to < self.age_from:
            raise ValueError("age_to is at least age_from")
        return self

    def given(self) -> dict[str, Any]:
        """What somebody set."""
        return {name: value for name, value in self.model_dump(mode="json").items() if value is not None}

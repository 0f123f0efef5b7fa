"""Conditions on orders and what was in them. Pure."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from geoengage.segments.rules.pieces import MeasureTest, Window, Words, weeks_of

Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]


class OrderCondition(MeasureTest):
    """How often somebody bought, when first or last, for how much.

    Orders count unless they were cancelled or are returns. Money is net of refunds, in minor units of one currency.
    """

    kind: Literal["order"] = Field(description="Orders, of any channel.")
    measure: Literal["count", "spend", "average", "per_week", "first", "last"] = Field(
        description="`spend` and `average` (of an order) are money; `per_week` is the count by the weeks of the window."
    )
    currency: Currency | None = Field(
        default=None, description="For `spend` and `average`: ISO 4217; orders in others do not count."
    )
    window: Window = Field(description="When they were placed.")
    category: Words | None = Field(
        default=None, description="Only what belongs to this category (`Food > Bread`) or to one below it."
    )
    brand: Words | None = Field(default=None, description="Only what is of this brand.")
    product: Words | None = Field(default=None, description="Only this product: its id, its source's id or its SKU.")
    store_id: UUID | None = Field(default=None, description="Only orders of this store.")
    channel: Literal["web", "app", "pos", "phone", "other"] | None = Field(
        default=None, description="Only orders that came this way."
    )

    @model_validator(mode="after")
    def _fits(self) -> "OrderCondition":
        if (self.measure in ("spend", "average")) is (self.currency is None):
            needs = "needs a currency; money is never added across them" if self.currency is None else "is no money"
            raise ValueError(f"measure {self.measure} {needs}")
        if self.measure == "per_week" and not (weeks_of(self.window) or 0) >= 1:
            raise ValueError("per_week needs a window of a week or more: days, or from and to")
        return self

    @property
    def is_of_products(self) -> bool:
        """It looks into the orders."""
        return any((self.category, self.brand, self.product))

    def names(self) -> dict[str, UUID]:
        return {"store_id": self.store_id} if self.store_id else {}

"""Pieces of the shapes: amounts, quantities, moments, ids."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints, WithJsonSchema

from geoengage.commerce.rules import CURRENCIES, MAX_MINOR
from geoengage.kit.shapes import Shape

MAX_QUANTITY = 10**9


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("no ISO 4217 code of a currency, e.g. CHF")
    return code


Currency = Annotated[str, StringConstraints(min_length=3, max_length=3), AfterValidator(_currency)]
Minor = Annotated[int, Field(ge=-MAX_MINOR, le=MAX_MINOR)]
Price = Annotated[int, Field(ge=0, le=MAX_MINOR)]
# Up to three decimals: kilograms and metres are sold too.
Quantity = Annotated[
    Decimal,
    Field(ge=-MAX_QUANTITY, le=MAX_QUANTITY, decimal_places=3, allow_inf_nan=False),
    WithJsonSchema({"type": "number", "minimum": -MAX_QUANTITY, "maximum": MAX_QUANTITY, "examples": [1, 0.345]}),
]
# Goods of the last century are in histories that shops import; a version 7 id counts from 1970.
Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 2, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Link = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[^\s]+$")]


def milli(quantity: Decimal) -> int:
    """A quantity as thousandths."""
    return int(quantity * 1000)


def quantity(thousandths: int) -> int | float:
    """Thousandths as JSON shows them: 2, 0.345."""
    whole, rest = divmod(thousandths, 1000)
    return thousandths / 1000 if rest else whole


class RowProblem(Shape):
    """What is wrong with one row of many."""

    pointer: str = Field(description="JSON pointer to the member, from the body's root.")
    detail: str = Field(description="What is wrong and what to do.")


class RowResult(Shape):
    """What became of one row of many; a row that is wrong does not stop the others."""

    index: int = Field(description="Which row, from 0.")
    outcome: str = Field(
        description="`created`, `updated`, `unchanged`, `stale` (a newer version is known) or `refused`."
    )
    id: Any | None = Field(default=None, description="Its id here; null when it was refused.")
    errors: list[RowProblem] = Field(default=[], description="Why it was refused.")


class RowResults(BaseModel):
    """What became of all rows, in their order."""

    results: list[RowResult] = Field(description="One for each row.")

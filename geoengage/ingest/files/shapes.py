"""Shapes of file imports that the API, the command and the worker share."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, field_validator

from geoengage.ingest.files.rules.cells import BadCell, DayOrder, Reading, currency_code
from geoengage.kit.shapes import Shape, TimeZone

Header = Annotated[str, StringConstraints(min_length=1, max_length=220)]
Target = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Mapping = Annotated[dict[Header, Target], Field(max_length=300)]


class Options(Shape):
    """How the cells of a file are meant."""

    decimal: Annotated[str, StringConstraints(pattern=r"^[.,]$")] = Field(
        default=".", description="The sign before the decimals; guessed from the file."
    )
    timezone: TimeZone | None = Field(
        default=None, description="Of times without an offset (IANA); left out: the tenant's."
    )
    day_order: DayOrder = Field(
        default=DayOrder.DAY_FIRST, description="How 03/04/2026 is to be read: `day_first` or `month_first`."
    )
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        default=None, description="Country (ISO 3166-1) of phone numbers that are written without one."
    )
    currency: str | None = Field(default=None, description="ISO 4217, of amounts where no column says it.")

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str | None) -> str | None:
        try:
            return None if value is None else currency_code(value)
        except BadCell as error:
            raise ValueError(str(error)) from error

    def reading(self, tenant_zone: str) -> Reading:
        """As the rules want it."""
        return Reading(self.decimal, ZoneInfo(self.timezone or tenant_zone), self.day_order, self.region, self.currency)

    def stored(self) -> dict[str, Any]:
        """As a row holds it."""
        return self.model_dump(mode="json")

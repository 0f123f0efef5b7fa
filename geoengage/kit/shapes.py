"""Pieces of request and answer shapes that every domain's `api.py` uses, so that they behave alike.

Inputs refuse members they do not know: a misspelt or forbidden one is an error, never silently dropped.
"""

import re
from datetime import time
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class Shape(BaseModel):
    """Base of inputs, and of answers made from a row."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Patch(Shape):
    """Base of JSON merge patches (RFC 7396): members left out stay; null empties those named in `nullable`."""

    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _refuse_null(self) -> "Patch":
        for name in self.model_fields_set - self.nullable:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self

    def changes(self) -> dict[str, Any]:
        """What the caller named, as Python values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def _clock_time(value: object) -> object:
    """`21:00` as a time of day; anything else is refused, so that no zone or second slips in."""
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not re.fullmatch(_CLOCK, value):
        raise ValueError("a time of day is written HH:MM, e.g. 21:00")
    return time.fromisoformat(value)


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("not an IANA time zone, e.g. Europe/Zurich") from error
    return name


ClockTime = Annotated[
    time,
    BeforeValidator(_clock_time),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": _CLOCK, "examples": ["21:00"]}),
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$", max_length=35)]
TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_time_zone)]
Color = Annotated[str, StringConstraints(pattern="^#[0-9a-fA-F]{6}$", to_lower=True)]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=255)]

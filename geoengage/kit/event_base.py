"""What an event is. Pure, so that every domain's rules may define its own.

`events.py` keeps them in the database.
"""

import builtins
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events; subclasses set `tag="zone.entered"` and so on, and live in their domain's rules."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row of the ledger. `type` is the event's tag, `payload` its JSON form."""

    position: int
    type: str
    recorded_at: datetime
    payload: dict[str, Any]

    def as_(self, cls: builtins.type[msgspec.Struct]) -> Any:
        """The event as its own class."""
        return msgspec.convert(self.payload, cls, strict=False)


def type_of(cls: type[msgspec.Struct]) -> str:
    """The tag of an event class."""
    return str(cls.__struct_config__.tag)


def payload_uuid(payload: dict[str, Any], key: str) -> UUID | None:
    """A UUID member of an event's JSON, or None."""
    value = payload.get(key)
    return UUID(value) if value else None

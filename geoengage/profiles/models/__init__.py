"""Tables of people and their devices, one file a subject. Everything is imported from here."""

from geoengage.profiles.models.devices import (
    ConsentEntry,
    Device,
    Profile,
)
from geoengage.profiles.models.events import EventSeen, TrackedEvent

__all__ = ["ConsentEntry", "Device", "EventSeen", "Profile", "TrackedEvent"]

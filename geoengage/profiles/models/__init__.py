"""Tables of people and their devices, one file a subject. Everything is imported from here."""

from geoengage.profiles.models.devices import (
    ConsentEntry,
    Device,
    Profile,
)

__all__ = ["ConsentEntry", "Device", "Profile"]

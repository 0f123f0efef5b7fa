"""Tables of people and their devices, one file a subject. Everything is imported from here."""

from geoengage.profiles.models.devices import (
    ConsentEntry,
    Device,
    Profile,
)
from geoengage.profiles.models.identity import (
    Identifier,
    IdentityEdge,
    IdentityPolicy,
    StoreProfile,
    Trait,
)

__all__ = [
    "ConsentEntry",
    "Device",
    "Identifier",
    "IdentityEdge",
    "IdentityPolicy",
    "Profile",
    "StoreProfile",
    "Trait",
]

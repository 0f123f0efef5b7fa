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
from geoengage.profiles.models.support import MOST_NOTE, Note, PersonAccess

__all__ = [
    "ConsentEntry",
    "Device",
    "Identifier",
    "IdentityEdge",
    "IdentityPolicy",
    "MOST_NOTE",
    "Note",
    "PersonAccess",
    "Profile",
    "StoreProfile",
    "Trait",
]

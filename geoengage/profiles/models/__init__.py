"""Tables of people and their devices, one file a subject. Everything is imported from here."""

from geoengage.profiles.models.consents import (
    ConsentDecision,
    ConsentHistory,
    ConsentHold,
    ContactPoint,
    ContactProof,
    PreferenceLink,
)
from geoengage.profiles.models.devices import (
    ConsentEntry,
    Device,
    Profile,
)
from geoengage.profiles.models.events import EventSeen, TrackedEvent
from geoengage.profiles.models.identity import (
    Identifier,
    IdentityEdge,
    IdentityPolicy,
    StoreProfile,
    Trait,
)

__all__ = [
    "ConsentDecision",
    "ConsentEntry",
    "ConsentHistory",
    "ConsentHold",
    "ContactPoint",
    "ContactProof",
    "Device",
    "EventSeen",
    "Identifier",
    "IdentityEdge",
    "IdentityPolicy",
    "PreferenceLink",
    "Profile",
    "StoreProfile",
    "TrackedEvent",
    "Trait",
]

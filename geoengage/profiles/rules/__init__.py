"""What is decided about people and their devices, one file a subject. Pure. Everything is imported from here."""

from geoengage.profiles.rules.devices import (
    CLOCK_SKEW,
    USER_TOKEN_LIFETIME,
    Consent,
    ConsentChanged,
    ConsentKind,
    Recipient,
    UserTokenRefused,
    changed_consents,
    read_user_token,
    withdrew_location,
)

__all__ = [
    "CLOCK_SKEW",
    "USER_TOKEN_LIFETIME",
    "Consent",
    "ConsentChanged",
    "ConsentKind",
    "Recipient",
    "UserTokenRefused",
    "changed_consents",
    "read_user_token",
    "withdrew_location",
]

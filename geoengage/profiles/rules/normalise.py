"""One spelling for each id, and values that are nobody's. Pure."""

import re
from collections.abc import Collection

import phonenumbers

from geoengage.profiles.rules.identity import Id, Kind

VALUE_MAX = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_EMAIL = re.compile(r"[^@\s\"<>(),:;\\\[\]]{1,64}@([^@\s.]+\.)+[^@\s.]{2,63}")
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]*:\S.*")
# What programs write where they have no id (Segment's list of blocked values, and what tills and forms add to it).
BLOCKED = frozenset({
    "-1", "-", ".", "null", "nil", "none", "undefined", "nan", "true", "false", "unknown", "unbekannt", "anonymous",
    "anonym", "guest", "gast", "customer", "kunde", "user", "test", "testuser", "n/a", "na", "not_set", "not set",
    "(not set)", "[object object]", "default", "admin", "root", "empty",
})  # fmt: skip
BLOCKED_MAILBOXES = frozenset({
    "test", "noreply", "no-reply", "donotreply", "null", "none", "unknown", "undefined", "asdf", "xxx",
})  # fmt: skip
_ZEROS = re.compile(r"[0\s-]*")  # `0`, `000-000`, the UUID of zeros
_FILLER = re.compile(r"(.)\1{5,}|0?1234567?8?9?0?|0?987654321")  # typed by somebody who has no number


def normalise(kind: Kind, value: str, *, region: str | None = None, blocked: Collection[str] = ()) -> str | None:
    """The one spelling of an id; None when it is not one, or a value that programs write for nobody.

    `region`: the country (ISO 3166-1) of phone numbers without a prefix. `blocked`: the tenant's own list, in the
    spelling that comes out of here.
    """
    text = value.strip()
    if not 0 < len(text) <= VALUE_MAX or _CONTROL.search(text):
        return None
    match kind:
        case Kind.EMAIL:
            found = _email(text)
        case Kind.PHONE:
            found = _phone(text, region)
        case Kind.SOURCE_ID:
            found = text if _SOURCE.fullmatch(text) and _is_id(text.partition(":")[2]) else None
        case Kind.LOYALTY_CARD:
            found = _card(text)
        case _:
            found = text if _is_id(text) else None
    return None if found is None or found in blocked else found


def _is_id(text: str) -> bool:
    return text.casefold() not in BLOCKED and not _ZEROS.fullmatch(text)


def _email(text: str) -> str | None:
    plain = text.casefold()
    if not _EMAIL.fullmatch(plain):
        return None
    box = plain.partition("@")[0].partition("+")[0]
    return None if box in BLOCKED_MAILBOXES else plain


def _phone(text: str, region: str | None) -> str | None:
    """E.164. `00` is read as `+`, as it is dialled in most of the world."""
    dialled = re.sub(r"^\s*00", "+", text)
    try:
        number = phonenumbers.parse(dialled, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    if _FILLER.fullmatch(str(number.national_number)):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _card(text: str) -> str | None:
    """Cards are read aloud, typed and scanned: spaces, hyphens and case say nothing."""
    plain = re.sub(r"[\s-]", "", text).upper()
    return plain if plain and _is_id(plain) and not _FILLER.fullmatch(plain) else None


# What tells somebody at a counter whom they have before them; what systems call people tells them nothing.
SHOWN_TO_STORES = (Kind.EXTERNAL_ID, Kind.LOYALTY_CARD, Kind.EMAIL, Kind.PHONE)


def spellings(text: str, region: str | None) -> list[Id]:
    """The ids that somebody may mean who types this."""
    found = [Id(Kind.SOURCE_ID, text.strip())]  # as it is shown: `system:id`
    for kind in (Kind.EXTERNAL_ID, Kind.LOYALTY_CARD, Kind.EMAIL, Kind.PHONE, Kind.ANONYMOUS_ID):
        value = normalise(kind, text, region=region)
        if value is not None:
            found.append(Id(kind, value))
    return found

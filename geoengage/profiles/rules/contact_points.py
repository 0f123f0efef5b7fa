"""What becomes of an address, one-time codes that prove it, and signed links of a person. Pure but for chance.

An address proves itself when somebody repeats what was sent to it. Until then nothing else is sent there.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.ids import TenantId
from geoengage.profiles.rules.consents import ADDRESS_KIND, Channel, PointState

CODE_DIGITS = 6
CODE_LIFETIME = timedelta(hours=48)
MOST_WRONG = 5  # of a million codes: the chance to guess is 5 in a million
LINK_LIFETIME = timedelta(days=90)
_MAC_BYTES = 16


class LinkKind(StrEnum):
    """What a signed link opens."""

    PREFERENCES = "preferences"
    PROOF = "proof"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class SignedLink:
    """What a link names: a row of a tenant."""

    tenant_id: TenantId
    id: UUID


def point_after(old: PointState | None, new: PointState) -> PointState:
    """The state of an address about which something new is known.

    `unproven` never takes away what was known; no word of others takes back a STOP or a complaint: only the person does
    that, by a code that was sent there.
    """
    if old is None:
        return new
    if new is PointState.UNPROVEN:
        return old
    if new is PointState.REACHABLE and old in (PointState.STOPPED, PointState.COMPLAINED):
        return old
    return new


def check_channel(kind: str, channel: Channel) -> None:
    """Raise Invalid unless an id of that kind is an address of that channel."""
    if ADDRESS_KIND.get(channel) != kind:
        raise errors.Invalid(f"an id of kind {kind} is no address for {channel.value}")


def make_code() -> str:
    """A one-time code that can be typed."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def hash_code(key: str, proof_id: UUID, code: str) -> str:
    """Keyed, because a million codes are quickly tried."""
    return hmac.new(key.encode(), f"proof\x1f{proof_id}\x1f{code}".encode(), hashlib.sha256).hexdigest()


def same_code(key: str, proof_id: UUID, code: str, stored: str) -> bool:
    """Whether this is the code, in constant time."""
    return hmac.compare_digest(hash_code(key, proof_id, code), stored)


def sign_link(key: str, kind: LinkKind, tenant_id: UUID, id_: UUID) -> str:
    """The token of a link: tenant, row and a MAC over both and the kind. 64 characters that need no escaping."""
    named = tenant_id.bytes + id_.bytes
    return base64.urlsafe_b64encode(named + _mac(key, kind, named)).decode()


def read_link(key: str, kind: LinkKind, token: str) -> SignedLink | None:
    """What a token names; None when it was not signed here for this. Whether the row still counts is in the row."""
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    named, mac = raw[:32], raw[32:]
    if len(raw) != 32 + _MAC_BYTES or not hmac.compare_digest(mac, _mac(key, kind, named)):
        return None
    return SignedLink(TenantId(UUID(bytes=named[:16])), UUID(bytes=named[16:]))


def _mac(key: str, kind: LinkKind, named: bytes) -> bytes:
    return hmac.new(key.encode(), b"link\x1f" + kind.value.encode() + b"\x1f" + named, hashlib.sha256).digest()[
        :_MAC_BYTES
    ]

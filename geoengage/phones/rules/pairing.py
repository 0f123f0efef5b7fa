"""One-time codes by which a browser becomes a device that the console has made. Pure: nothing is stored for them.

A code names device, token version and its end, signed. It was used when the device was paired after it was made, which
the device's row tells (`paired_at`).
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.ids import TenantId

LIFETIME = timedelta(minutes=15)
_BODY = struct.Struct(">16s16sHQ")  # tenant, device, token version, end in epoch milliseconds
_MAC_BYTES = 16  # 128 bits, as long as what they protect
_PURPOSE = b"geoengage/pairing"


class CodeInvalid(errors.NotFound):
    """No code of ours, or of a device that is gone."""

    code = "pairing-code-invalid"
    title = "No such pairing code"


class CodeExpired(errors.NotFound):
    """Its 15 minutes are over."""

    code = "pairing-code-expired"
    title = "The pairing code is too old"


class CodeUsed(errors.Conflict):
    """Somebody has used it."""

    code = "pairing-code-used"
    title = "The pairing code was used before"


@dataclass(frozen=True, slots=True)
class PairingCode:
    """What a code says."""

    tenant_id: TenantId
    device_id: UUID
    token_version: int
    expires_at: datetime

    def was_used(self, paired_at: datetime | None) -> bool:
        """Whether its device was paired since it was made; an older pairing leaves a newer code good."""
        return paired_at is not None and paired_at >= self.expires_at - LIFETIME


def write(key: str, code: PairingCode) -> str:
    """The code as text that fits into an address, 78 characters."""
    body = _BODY.pack(
        code.tenant_id.bytes, code.device_id.bytes, code.token_version, int(code.expires_at.timestamp() * 1000)
    )
    return _text(body + _mac(key, body))


def read(key: str, text: str, now: datetime) -> PairingCode:
    """What a code says. Raises CodeInvalid unless it is ours, CodeExpired after its end."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise CodeInvalid(_INVALID) from error
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(mac, _mac(key, body)) or len(body) != _BODY.size or _text(raw) != text:
        raise CodeInvalid(_INVALID)
    tenant, device, version, end = _BODY.unpack(body)
    found = PairingCode(
        TenantId(UUID(bytes=tenant)), UUID(bytes=device), version, datetime.fromtimestamp(end / 1000, UTC)
    )
    if now >= found.expires_at:
        raise CodeExpired("codes are good for 15 minutes: make a new one in the console")
    return found


_INVALID = "this code is not known here: make a new one in the console"


def _text(raw: bytes) -> str:
    """The one way to write it: base64 leaves bits of the last letter open."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(key: str, body: bytes) -> bytes:
    return hmac.new(key.encode(), _PURPOSE + body, hashlib.sha256).digest()[:_MAC_BYTES]

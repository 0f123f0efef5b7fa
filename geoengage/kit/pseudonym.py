"""A device's name for one day, for live dots: stable while one watches, worthless tomorrow. Pure."""

import hashlib
import hmac
from datetime import date
from uuid import UUID


def pseudonym(key: str, tenant_id: UUID, device_id: UUID, day: date) -> int:
    """An unsigned 64-bit number: HMAC-SHA256 of tenant, device and UTC day under the server's key."""
    text = f"{day.isoformat()}|{tenant_id.hex}|{device_id.hex}"
    return int.from_bytes(hmac.digest(key.encode(), text.encode(), hashlib.sha256)[:8], "big")


def as_text(number: int) -> str:
    """The same number as 16 hex digits, as JSON carries it."""
    return f"{number:016x}"

"""Web push subscriptions: what a browser hands over, and to which hosts we may ever send a request. Pure.

A subscription's endpoint is text from a stranger that becomes an address we call. So only hosts on a list are taken,
at registration and again before every request.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

P256DH_BYTES = 65
AUTH_BYTES = 16
ENDPOINT_MAX = 2000
_B64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_PATH = re.compile(r"[A-Za-z0-9\-._~:/?@!$&'()*+,;=%]*")


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a web push goes and for whom it is encrypted. `p256dh`: an uncompressed P-256 point."""

    endpoint: str
    p256dh: bytes
    auth: bytes

    @property
    def origin(self) -> str:
        """Scheme, host and port of the push service."""
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    def as_text(self) -> str:
        """The same for the same subscription, however the browser wrote it."""
        keys = {"p256dh": _b64url(self.p256dh), "auth": _b64url(self.auth)}
        return json.dumps({"endpoint": self.endpoint, "keys": keys}, separators=(",", ":"))


def read_subscription(text: str) -> Subscription:
    """A PushSubscription from its JSON text; ValueError says what is wrong with it."""
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise ValueError("is not JSON; send JSON.stringify(subscription)") from error
    if not isinstance(parsed, dict) or not isinstance(parsed.get("keys"), dict):
        raise ValueError("needs endpoint and keys; send JSON.stringify(subscription)")
    if unknown := parsed.keys() - {"endpoint", "keys", "expirationTime"}:
        raise ValueError(f"has members that are no subscription's: {', '.join(sorted(unknown))[:100]}")
    point = _bytes(parsed["keys"], "p256dh", P256DH_BYTES)
    if point[0] != 4:
        raise ValueError("keys.p256dh is no uncompressed P-256 point")
    return Subscription(_endpoint(parsed.get("endpoint")), point, _bytes(parsed["keys"], "auth", AUTH_BYTES))


def _endpoint(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= ENDPOINT_MAX:
        raise ValueError(f"endpoint is a text of up to {ENDPOINT_MAX} characters")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError("endpoint is no address") from error
    if parts.scheme not in ("https", "http") or not _HOST.fullmatch(parts.hostname or "") or "@" in parts.netloc:
        raise ValueError("endpoint is no https address of a host")
    if parts.fragment or not _PATH.fullmatch(parts.path + parts.query):
        raise ValueError("endpoint holds characters that no push service uses")
    return value


def _bytes(keys: dict[str, Any], name: str, length: int) -> bytes:
    value = keys.get(name)
    if not isinstance(value, str) or len(value) > 200 or not _B64URL.fullmatch(value):
        raise ValueError(f"keys.{name} is base64url")
    try:
        raw = base64.urlsafe_b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4))
    except binascii.Error as error:
        raise ValueError(f"keys.{name} is base64url") from error
    if len(raw) != length:
        raise ValueError(f"keys.{name} has {len(raw)} bytes instead of {length}")
    return raw


def _b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def is_allowed(origin: str, hosts: Sequence[str]) -> bool:
    """Whether requests may go to this origin.

    `hosts` holds host names (https on its usual port), `*.` and a domain for every host below it, and whole origins
    such as `http://127.0.0.1:9000` for a push service of one's own.
    """
    if origin in hosts:
        return True
    parts = urlsplit(origin)
    if parts.scheme != "https" or parts.port not in (None, 443):
        return False
    host = parts.hostname or ""
    return any(host == allowed or (allowed.startswith("*.") and host.endswith(allowed[1:])) for allowed in hosts)

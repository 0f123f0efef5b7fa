"""Web push: RFC 8030 over aiohttp, encrypted by pywebpush (RFC 8291), signed with the installation's key (RFC 8292).

Requests go to hosts of the list only, and no redirect is followed: the address is text from a stranger. What an answer
means is decided in `rules.after_web_push`.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from pywebpush import WebPusher

from geoengage.kit.settings import Settings, WebPushSettings
from geoengage.kit.vapid import load_vapid_key, public_key_text
from geoengage.messaging.channels.base import Push, shorten
from geoengage.messaging.rules import (
    Answer,
    Attempt,
    Failed,
    Misconfigured,
    Outcome,
    after_silence,
    after_web_push,
    not_reached,
)
from geoengage.profiles.push_addresses import Subscription, is_allowed, read_subscription

PAYLOAD_MAX = 3993  # bytes of plaintext that fit into the 4096 that every push service takes
TOPIC_LENGTH = 32  # RFC 8030, 5.4
_SIGNED_FOR = timedelta(hours=12)  # RFC 8292 allows 24 h
_SIGN_AGAIN = timedelta(hours=1)
_URGENCY = {"normal": "normal"}  # of Android's priorities; everything else is high


@dataclass(frozen=True, slots=True)
class Vapid:
    """Who speaks to push services: the key, and an address (`mailto:` or https) under which they find us."""

    key: EllipticCurvePrivateKey
    contact: str


def open_web_push(http: aiohttp.ClientSession, settings: Settings, clock: Callable[[], datetime]) -> "WebPushChannel":
    """The channel of this installation, signed with its key. ValueError when that is unreadable."""
    contact = settings.webpush.contact or settings.public_url or "mailto:push@example.com"
    return WebPushChannel(http, Vapid(load_vapid_key(settings), contact), settings.webpush, clock)


class WebPushChannel:
    """Sends to browsers. Safe for any number of concurrent sends."""

    name = "webpush"
    needs_address = True

    def __init__(
        self, http: aiohttp.ClientSession, vapid: Vapid, settings: WebPushSettings, clock: Callable[[], datetime]
    ) -> None:
        self._http = http
        self._vapid = vapid
        self._hosts = settings.allowed_hosts
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout_s)
        self._clock = clock
        self._signatures: dict[str, tuple[datetime, str]] = {}

    async def send(self, push: Push, attempt: Attempt) -> Outcome:
        """Try once."""
        payload = encode(push)
        if len(payload) > PAYLOAD_MAX:
            payload = encode(shorten(push, len(payload) - PAYLOAD_MAX))
        urgency = _URGENCY.get(push.options.android.priority or "", "high")
        return await self.deliver(push.address or "", payload, push.collapse_key, attempt, urgency)

    async def deliver(
        self, address: str, payload: bytes, collapse_key: str, attempt: Attempt, urgency: str = "high"
    ) -> Outcome:
        """Try once to send `payload` (at most `PAYLOAD_MAX` bytes) to a subscription; it lives as long as the attempt
        has time."""
        try:
            to = read_subscription(address)
        except ValueError as error:
            return Failed("invalid_address", f"the subscription {error}"[:300], retire_address=True)
        if not is_allowed(to.origin, self._hosts):
            return Misconfigured("push_host", f"{to.origin} is not in GEOENGAGE_WEBPUSH__HOSTS"[:300])
        try:
            body = encrypt(to, payload)
        except ValueError as error:  # 65 bytes that are no point of the curve
            return Failed("invalid_address", f"the subscription's keys: {error}"[:300], retire_address=True)
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(int((attempt.expires_at - attempt.now).total_seconds())),
            "Urgency": urgency,
            "Topic": topic(collapse_key),
            "Authorization": self._authorization(to.origin, attempt.now),
        }
        try:
            request = self._http.post(
                to.endpoint, data=body, headers=headers, allow_redirects=False, timeout=self._timeout
            )
            async with request as response:
                said = (await response.content.read(200)).decode(errors="replace")
                retry_after, status = response.headers.get("Retry-After"), response.status
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return not_reached(f"no connection: {type(error).__name__}", replace(attempt, now=self._clock()))
        except TimeoutError:
            return after_silence("timeout", replace(attempt, now=self._clock()))
        except aiohttp.ClientError:
            return after_silence("connection_lost", replace(attempt, now=self._clock()))
        answer = Answer(status, f"{status} {' '.join(said.split())}".strip(), retry_after=retry_after)
        return after_web_push(answer, replace(attempt, now=self._clock()))

    def _authorization(self, origin: str, now: datetime) -> str:
        """The signed header for a push service; signing costs more than the rest, so it is kept for an hour."""
        until, header = self._signatures.get(origin, (now, ""))
        if until <= now:
            claims = {"aud": origin, "exp": int((now + _SIGNED_FOR).timestamp()), "sub": self._vapid.contact}
            token = jwt.encode(claims, self._vapid.key, algorithm="ES256")
            header = f"vapid t={token},k={public_key_text(self._vapid.key)}"
            self._signatures[origin] = (now + _SIGN_AGAIN, header)
        return header


def encode(push: Push) -> bytes:
    """What the service worker of the page gets."""
    link = push.data.get("link")
    return json.dumps(
        {
            "message_id": str(push.message_id),
            "title": push.title,
            "body": push.body,
            # a page can open https only; another scheme is for the app on the phone
            "link": link if link is not None and link.startswith("https://") else None,
            "image": push.options.image_url,
            "campaign_id": None if push.campaign_id is None else str(push.campaign_id),
            "tag": push.collapse_key,
            "expires_at": push.expires_at.isoformat(),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def encrypt(to: Subscription, payload: bytes) -> bytes:
    """The payload as `aes128gcm` for this subscription. ValueError when its key is no point of P-256."""
    encrypted: bytes = WebPusher(json.loads(to.as_text())).encode(payload)["body"]
    return encrypted


def topic(collapse_key: str) -> str:
    """The collapse key as a Topic: a newer message replaces one that is still waiting at the push service."""
    digest = hashlib.sha256(collapse_key.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:TOPIC_LENGTH]

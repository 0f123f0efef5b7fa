"""A web push service (RFC 8030) on a local port, and the browsers that subscribe to it.

It checks what push services check: TTL, Topic and Urgency, the VAPID signature and whether its key is the one the
subscription was made with. The browser's half is real too: `read` decrypts with the subscription's own private key, so
a message that the page's service worker could not read does not pass. Answers by script: `fail(subscription, status)`.
"""

import base64
import contextlib
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import http_ece
import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MAX_BYTES = 4096
DAY_S = 86_400


def b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_b64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Browser:
    """One subscription, with the secrets that only the browser has. `vapid`: the key it was made for."""

    id: str
    endpoint: str
    key: EllipticCurvePrivateKey
    auth: bytes
    vapid: str

    @property
    def address(self) -> str:
        """What JSON.stringify(subscription) gives."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": b64url(point), "auth": b64url(self.auth)}
        return json.dumps({"endpoint": self.endpoint, "expirationTime": None, "keys": keys})

    @property
    def push(self) -> dict[str, str]:
        """As the page registers it."""
        return {"provider": "webpush", "kind": "webpush", "address": self.address}

    def read(self, body: bytes) -> dict[str, Any]:
        """What the service worker gets."""
        text = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        parsed: dict[str, Any] = json.loads(text)
        return parsed


@dataclass(frozen=True)
class Delivered:
    """A push that was taken."""

    browser: Browser
    headers: dict[str, str]
    claims: dict[str, Any]
    body: bytes

    def read(self) -> dict[str, Any]:
        return self.browser.read(self.body)


class WebPushServer:
    """Keeps what it took, by arrival. `requests` counts everything that came, refused or not."""

    def __init__(self, retry_after: str | None = "7") -> None:
        self.retry_after = retry_after
        self.delivered: list[Delivered] = []
        self.requests = 0
        self.url = ""
        self._browsers: dict[str, Browser] = {}
        self._faults: dict[str, int] = {}

    def subscribe(self, vapid: str) -> Browser:
        """A new browser, subscribed for this VAPID key."""
        id_ = secrets.token_urlsafe(12)
        browser = Browser(
            id_, f"{self.url}/push/{id_}", generate_private_key(SECP256R1()), secrets.token_bytes(16), vapid
        )
        self._browsers[id_] = browser
        return browser

    def fail(self, browser: Browser, status: int | None) -> None:
        """Answer every push to this browser so; None: well again."""
        if status is None:
            self._faults.pop(browser.id, None)
        else:
            self._faults[browser.id] = status

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["WebPushServer"]:
        """Serve on 127.0.0.1 while the block lasts."""
        app = web.Application()
        app.router.add_post("/push/{id}", self._push)
        app.router.add_post("/elsewhere", self._elsewhere)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _elsewhere(self, _: web.Request) -> web.Response:
        self.requests += 1
        return web.Response(status=201)

    async def _push(self, request: web.Request) -> web.Response:
        self.requests += 1
        browser = self._browsers.get(request.match_info["id"])
        if browser is None:
            return web.Response(status=410, text="gone")
        if (status := self._faults.get(browser.id)) is not None:
            headers = {"Retry-After": self.retry_after} if self.retry_after and status in (429, 503) else {}
            headers |= {"Location": f"{self.url}/elsewhere"} if status in (301, 302, 307, 308) else {}
            return web.Response(status=status, text=f"scripted {status}", headers=headers)
        body = await request.read()
        if len(body) > MAX_BYTES:
            return web.Response(status=413, text="too large")
        if (flaw := find_header_flaw(request)) is not None:
            return web.Response(status=400, text=flaw)
        try:
            claims = check_vapid(request.headers.get("Authorization", ""), browser, self.url)
        except (ValueError, jwt.PyJWTError) as error:
            return web.Response(status=403, text=str(error))
        self.delivered.append(Delivered(browser, dict(request.headers), claims, body))
        return web.Response(status=201, headers={"Location": f"{self.url}/message/{secrets.token_urlsafe(8)}"})


def find_header_flaw(request: web.Request) -> str | None:
    """What a push service would refuse about the headers."""
    headers = request.headers
    if not re.fullmatch(r"\d{1,7}", headers.get("TTL", "")):
        return "TTL is required"
    if headers.get("Content-Encoding") != "aes128gcm":
        return "Content-Encoding must be aes128gcm"
    if headers.get("Urgency", "normal") not in ("very-low", "low", "normal", "high"):
        return "Urgency is unknown"
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", headers.get("Topic", "x")):
        return "Topic must be at most 32 characters of base64url"
    return None


def check_vapid(header: str, browser: Browser, origin: str) -> dict[str, Any]:
    """The claims of a valid `vapid` header (RFC 8292); ValueError or PyJWTError when it is none."""
    match = re.fullmatch(r"vapid t=([^,]+),\s*k=([A-Za-z0-9_-]+)", header)
    if match is None:
        raise ValueError("Authorization must be vapid t=…,k=…")
    if match[2] != browser.vapid:
        raise ValueError("the subscription was made with another key")
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), from_b64url(match[2]))
    options: Any = {"require": ["aud", "exp", "sub"], "verify_exp": False}  # tests have a clock of their own
    claims: dict[str, Any] = jwt.decode(match[1], key, algorithms=["ES256"], audience=origin, options=options)
    if not claims["sub"].startswith(("mailto:", "https://")):
        raise ValueError("sub must be mailto: or https:")
    if claims["exp"] > time.time() + DAY_S:
        raise ValueError("exp is more than 24 h away")
    return claims

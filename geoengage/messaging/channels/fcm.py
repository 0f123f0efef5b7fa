"""Firebase Cloud Messaging over HTTP v1: firebase-admin's credentials and message encoding, sent with aiohttp.

firebase-admin's own sending is some ten times slower and ignores Retry-After. What an answer means is decided in
`rules.after_answer`; here are the socket, the token, and the pause after a project has refused our credentials.
firebase_admin takes a second to import, so this module is imported only where there are credentials.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from firebase_admin import credentials, messaging
from firebase_admin._messaging_encoder import MessageEncoder  # public only as str(message); pinned below 8
from google.auth.exceptions import GoogleAuthError, TransportError

from geoengage.kit import log
from geoengage.kit.settings import FcmSettings
from geoengage.messaging.channels.base import Push
from geoengage.messaging.channels.google_token import AccessToken
from geoengage.messaging.rules import (
    Answer,
    Attempt,
    Misconfigured,
    Outcome,
    after_answer,
    after_silence,
    not_reached,
)

_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_EVERYWHERE = "*"
logger = log.get("fcm")


class FcmChannel:
    """Sends to one Firebase project. Use `open_fcm`; safe for any number of concurrent sends."""

    name = "fcm"
    needs_address = True

    def __init__(
        self, http: aiohttp.ClientSession, url: str, token: AccessToken, clock: Callable[[], datetime]
    ) -> None:
        self._http = http
        self._url = url
        self._token = token
        self._clock = clock
        self._paused: dict[str, Misconfigured] = {}

    async def send(self, push: Push, attempt: Attempt) -> Outcome:
        """Try once; a refused access token is renewed and tried again at once."""
        paused = self._pause_of(push, attempt)
        if paused is not None:
            return paused
        body = json.dumps({"message": encode(push, attempt.now)}, ensure_ascii=False).encode()
        try:
            token = await self._token.get()
            answer = await self._post(body, token)
            if answer.status in (401, 403) and answer.code is None:
                answer = await self._post(body, await self._token.renew(token))
        except GoogleAuthError as error:
            if isinstance(error, TransportError) or error.retryable:
                return not_reached(f"no access token: {error}"[:200], self._by_now(attempt))
            answer = Answer(401, f"no access token: {error}"[:200])
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return not_reached(f"no connection: {type(error).__name__}", self._by_now(attempt))
        except TimeoutError:
            return after_silence("timeout", self._by_now(attempt))
        except aiohttp.ClientError:
            return after_silence("connection_lost", self._by_now(attempt))
        outcome = after_answer(answer, self._by_now(attempt))
        if isinstance(outcome, Misconfigured):
            self._pause(push, outcome)
        return outcome

    def _by_now(self, attempt: Attempt) -> Attempt:
        return replace(attempt, now=self._clock())

    async def _post(self, body: bytes, token: str) -> Answer:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=UTF-8"}
        async with self._http.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
            return read_answer(response.status, response.headers.get("Retry-After"), await response.read())

    # --- pause: a project that refuses our credentials refuses every message, and each refusal counts as quota

    def _pause(self, push: Push, outcome: Misconfigured) -> None:
        scope = push.platform if outcome.what == "third_party_auth" else _EVERYWHERE
        logger.error("Firebase refuses us; sending is paused", what=outcome.what, answer=outcome.answer, scope=scope)
        if outcome.retry_at is not None:
            self._paused[scope] = outcome

    def _pause_of(self, push: Push, attempt: Attempt) -> Misconfigured | None:
        for scope in (_EVERYWHERE, push.platform):
            paused = self._paused.get(scope)
            if paused is None or paused.retry_at is None:
                continue
            if paused.retry_at > attempt.now:
                return replace(paused, retry_at=paused.retry_at if paused.retry_at < attempt.expires_at else None)
            del self._paused[scope]
        return None


def encode(push: Push, now: datetime) -> dict[str, Any]:
    """The message as FCM's JSON, by firebase-admin. The remaining seconds are the time to live on every platform."""
    left = timedelta(seconds=int((push.expires_at - now).total_seconds()))
    link = push.data.get("link", "")
    key = push.collapse_key
    message = messaging.Message(
        notification=messaging.Notification(title=push.title, body=push.body),
        data=dict(push.data),
        android=messaging.AndroidConfig(
            priority="high", ttl=left, collapse_key=key, notification=messaging.AndroidNotification(tag=key)
        ),
        apns=messaging.APNSConfig(
            headers={
                "apns-priority": "10",
                "apns-expiration": str(int(push.expires_at.timestamp())),
                "apns-collapse-id": key,
            },
            payload=messaging.APNSPayload(aps=messaging.Aps(sound="default", mutable_content=True)),
        ),
        webpush=messaging.WebpushConfig(
            headers={"TTL": str(int(left.total_seconds())), "Urgency": "high"},
            notification=messaging.WebpushNotification(tag=key),
            fcm_options=messaging.WebpushFCMOptions(link=link) if link.startswith("https://") else None,
        ),
        fcm_options=messaging.FCMOptions(analytics_label=f"c_{push.campaign_id.hex}") if push.campaign_id else None,
    )
    # Set afterwards: as an argument `token=` warns of its deprecation every time, and many phones still have one.
    setattr(message, "fid" if push.address_kind == "fcm_fid" else "token", push.address)
    encoded: dict[str, Any] = MessageEncoder().default(message)
    return encoded


def read_answer(status: int, retry_after: str | None, body: bytes) -> Answer:
    """Take an answer of FCM apart; whatever is not its JSON (a proxy's page) has a status only."""
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    if status == 200:
        return Answer(status, str(parsed.get("name", "")) if isinstance(parsed, dict) else "")
    error = parsed.get("error") if isinstance(parsed, dict) else None
    if not isinstance(error, dict):
        return Answer(status, str(status), retry_after=retry_after)
    details = [d for d in error.get("details") or [] if isinstance(d, dict)]
    code = next((str(d.get("errorCode")) for d in details if d.get("@type") == _FCM_ERROR), None)
    violations = [v for d in details if d.get("@type") == _BAD_REQUEST for v in d.get("fieldViolations") or []]
    fields = tuple(str(v.get("field")) for v in violations if isinstance(v, dict))
    text = " ".join(str(part) for part in (status, code or error.get("status"), error.get("message")) if part)
    return Answer(status, text[:300], code, fields, retry_after)


@contextlib.asynccontextmanager
async def open_fcm(settings: FcmSettings, clock: Callable[[], datetime]) -> AsyncIterator[FcmChannel]:
    """The channel of the project whose service account is in `settings.credentials_file`. ValueError if unreadable."""
    certificate = credentials.Certificate(str(settings.credentials_file))
    url = f"{settings.base_url.rstrip('/')}/v1/projects/{certificate.project_id}/messages:send"
    timeout = aiohttp.ClientTimeout(total=settings.timeout_s, sock_connect=settings.timeout_s / 2)
    # The worker bounds what is in flight; a second limit here would let messages wait after their last check.
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        # firebase-admin asks for half a dozen scopes; sending needs one
        token = AccessToken(certificate.get_credential().with_scopes([_SCOPE]))
        yield FcmChannel(http, url, token, clock)

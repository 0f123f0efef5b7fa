"""Firebase Cloud Messaging over HTTP v1: Google's tokens, messages as firebase-admin would write them, aiohttp.

firebase-admin's own sending is some ten times slower and ignores Retry-After. What an answer means is decided in
`rules.after_answer`; here are the socket and the token. Which messages must wait because of an answer is kept in the
database, for all workers (`messaging/pace.py`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import aiohttp
import msgspec
from google.auth.exceptions import GoogleAuthError, TransportError
from google.oauth2.service_account import Credentials

from geoengage.kit.settings import FcmSettings
from geoengage.messaging.channels.base import Push, shorten
from geoengage.messaging.channels.google_token import AccessToken
from geoengage.messaging.rules import (
    Answer,
    ApnsOptions,
    Attempt,
    Check,
    CheckResult,
    Outcome,
    after_answer,
    after_silence,
    check,
    not_reached,
    read_check,
)

_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
MESSAGE_MAX = 4000  # bytes; FCM takes 4096 and says little about how it counts them
# A topic nobody subscribes to, and validate_only besides: a check reaches no phone.
_CHECK = {"validate_only": True, "message": {"topic": "geoengage-check", "data": {"check": "1"}}}


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

    async def send(self, push: Push, attempt: Attempt) -> Outcome:
        """Try once; a refused access token is renewed and tried again at once."""
        try:
            answer = await self._ask(write(push, attempt.now))
        except TransportError as error:
            return not_reached(f"no access token: {error}"[:200], self._by_now(attempt))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return not_reached(f"no connection: {type(error).__name__}", self._by_now(attempt))
        except TimeoutError:
            return after_silence("timeout", self._by_now(attempt))
        except aiohttp.ClientError:
            return after_silence("connection_lost", self._by_now(attempt))
        return after_answer(answer, self._by_now(attempt))

    async def check(self) -> Check:
        """Have Google validate a message without sending it: do the credentials work?"""
        try:
            return read_check(await self._ask(json.dumps(_CHECK).encode()))
        except TransportError as error:
            return check(CheckResult.UNREACHABLE, f"no access token: {error}"[:200])
        except (aiohttp.ClientError, TimeoutError) as error:
            return check(CheckResult.UNREACHABLE, f"no connection: {type(error).__name__}")

    def _by_now(self, attempt: Attempt) -> Attempt:
        return replace(attempt, now=self._clock())

    async def _ask(self, body: bytes) -> Answer:
        """The answer, with a fresh access token if the first one is refused. An account that gets none is a 401.

        Raises TransportError when the token endpoint cannot be reached or asks to try again, and aiohttp's errors.
        """
        try:
            token = await self._token.get()
            answer = await self._post(body, token)
            if answer.status in (401, 403) and answer.code is None:
                answer = await self._post(body, await self._token.renew(token))
        except TransportError:
            raise
        except GoogleAuthError as error:
            if error.retryable:
                raise TransportError(error) from error  # type: ignore[no-untyped-call]
            return Answer(401, f"no access token: {error}"[:200])
        return answer

    async def _post(self, body: bytes, token: str) -> Answer:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=UTF-8"}
        async with self._http.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
            return read_answer(response.status, response.headers.get("Retry-After"), await response.read())


def write(push: Push, now: datetime) -> bytes:
    """The request's body; the message's text is shortened where the whole would be larger than FCM takes."""
    body = msgspec.json.encode({"message": encode(push, now)})
    if len(body) > MESSAGE_MAX:
        body = msgspec.json.encode({"message": encode(shorten(push, len(body) - MESSAGE_MAX), now)})
    return body


def encode(push: Push, now: datetime) -> dict[str, Any]:
    """The message as FCM's JSON. The remaining seconds are the time to live on every platform.

    What firebase-admin's MessageEncoder makes of the same message (a test holds the two together) at a fraction of its
    cost, which was a quarter of all that a worker did.
    """
    left = int((push.expires_at - now).total_seconds())
    key, android, apns = push.collapse_key, push.options.android, push.options.apns
    link = push.data.get("link", "")
    message: dict[str, Any] = {
        "fid" if push.address_kind == "fcm_fid" else "token": push.address,
        "notification": _some(title=push.title, body=push.body, image=push.options.image_url),
        "data": push.data,
        "android": {
            "priority": android.priority or "high",
            "ttl": f"{left}s",
            "collapse_key": key,
            "notification": _some(tag=key, sound=android.sound, channel_id=android.channel_id),
        },
        "apns": {
            "headers": {
                "apns-priority": "10",
                "apns-expiration": str(int(push.expires_at.timestamp())),
                "apns-collapse-id": key,
            },
            "payload": {"aps": _aps(apns)},
        },
        "webpush": {"headers": {"TTL": str(left), "Urgency": "high"}, "notification": {"tag": key}},
    }
    if link.startswith("https://"):
        message["webpush"]["fcm_options"] = {"link": link}
    if push.campaign_id is not None:
        message["fcm_options"] = {"analytics_label": f"c_{push.campaign_id.hex}"}
    return message


def _some(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}


def _aps(options: ApnsOptions) -> dict[str, Any]:
    aps: dict[str, Any] = {"sound": options.sound or "default", "mutable-content": 1}
    if options.thread_id is not None:
        aps["thread-id"] = options.thread_id
    if options.interruption_level is not None:
        aps["interruption-level"] = options.interruption_level
    return aps


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
    reason = next((str(d.get("reason")) for d in details if d.get("@type") == _ERROR_INFO), None)
    violations = [v for d in details if d.get("@type") == _BAD_REQUEST for v in d.get("fieldViolations") or []]
    fields = tuple(str(v.get("field")) for v in violations if isinstance(v, dict))
    text = " ".join(str(part) for part in (status, code or error.get("status"), error.get("message")) if part)
    return Answer(status, text[:300], code, fields, retry_after, reason)


def open_fcm(
    http: aiohttp.ClientSession, settings: FcmSettings, account: Mapping[str, Any], clock: Callable[[], datetime]
) -> FcmChannel:
    """The channel of a service account's project, on a shared session. ValueError when the account is unreadable."""
    url = f"{settings.base_url.rstrip('/')}/v1/projects/{account['project_id']}/messages:send"
    credentials = Credentials.from_service_account_info(account, scopes=[_SCOPE])  # type: ignore[no-untyped-call]
    return FcmChannel(http, url, AccessToken(credentials), clock)

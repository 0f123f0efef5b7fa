"""WhatsApp, SMS and Viber over their providers' HTTP APIs, with aiohttp as FCM has it.

What is sent and what an answer means is in `rules/whatsapp.py`, `rules/sms.py` and `rules/viber.py`; here is the
socket. Hosts come from the settings, so that no tenant can have us call another.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import aiohttp

from geoengage.kit.settings import PhoneChannelSettings
from geoengage.messaging.channels.base import Push
from geoengage.messaging.rules import (
    Attempt,
    Check,
    CheckResult,
    Failed,
    MessageChannel,
    Outcome,
    after_silence,
    again,
    sms,
    viber,
    whatsapp,
)
from geoengage.messaging.rules.phone import Call, Note, Reply, Secrets, SmsAccount, ViberAccount

_NO_WAY_S = 30.0  # the provider is left alone for so long when it cannot be reached
_ANSWER_BYTES = 1_000_000
_SECRET_LENGTH = 8  # what is shorter is no secret


class Speech(Protocol):
    """How a provider is spoken to: one of the modules of `rules`."""

    def message_call(self, url: str, account: Any, secrets: Secrets, note: Note, message_id: UUID, ttl_s: int) -> Call:
        """The request that sends a message, to be kept by the provider for `ttl_s` seconds at most."""
        ...

    def after_reply(self, reply: Reply, attempt: Attempt) -> Outcome:
        """What its answer asks us to do."""
        ...

    def check_call(self, url: str, account: Any, secrets: Secrets) -> Call:
        """A request that sends nothing and needs the credentials."""
        ...

    def read_check(self, reply: Reply) -> Check:
        """What the answer to that says of them."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """A provider's account as this process has it open."""

    channel: MessageChannel
    account: Any
    secrets: Mapping[str, Any]
    url: str


SPEECHES: Mapping[MessageChannel, Speech] = {
    MessageChannel.WHATSAPP: whatsapp,
    MessageChannel.SMS: sms,
    MessageChannel.VIBER: viber,
}


def open_line(
    settings: PhoneChannelSettings, channel: MessageChannel, account: Any, secrets: Mapping[str, Any]
) -> Line:
    """An account with the address of its provider."""
    match account:
        case SmsAccount():
            url = f"{settings.twilio_url}/2010-04-01"
        case ViberAccount():
            url = settings.infobip_url.format(base=account.base)
        case _:
            url = f"{settings.graph_url}/{settings.graph_version}"
    return Line(channel, account, secrets, url)


class PhoneChannel:
    """Sends through one account. Safe for any number of concurrent sends."""

    needs_address = True

    def __init__(
        self, http: aiohttp.ClientSession, line: Line, settings: PhoneChannelSettings, clock: Callable[[], datetime]
    ) -> None:
        self.name = line.channel.value
        self._http = http
        self.line = line
        self._speech = SPEECHES[line.channel]
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout_s, sock_connect=settings.timeout_s / 2)
        self._clock = clock

    async def send(self, push: Push, attempt: Attempt) -> Outcome:
        """Try once."""
        if push.note is None:
            return Failed("invalid_payload", "no text was written")
        if isinstance(self.line.account, SmsAccount) and (wrong := sms.refused(self.line.account, push.note)):
            return wrong
        line, ttl_s = self.line, int((push.expires_at - attempt.now).total_seconds())
        call = self._speech.message_call(line.url, line.account, line.secrets, push.note, push.message_id, ttl_s)
        try:
            reply = await self.ask(call)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            text = f"no connection: {type(error).__name__}"
            return again("unreachable", text, self._by_now(attempt), pause_s=_NO_WAY_S)
        except TimeoutError:
            return after_silence("timeout", self._by_now(attempt))
        except aiohttp.ClientError:
            return after_silence("connection_lost", self._by_now(attempt))
        return self._speech.after_reply(reply, self._by_now(attempt))

    async def check(self) -> Check:
        """Whether the account's credentials work; sends nothing to anybody."""
        line = self.line
        try:
            return self._speech.read_check(
                await self.ask(self._speech.check_call(line.url, line.account, line.secrets))
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            answer = f"no connection: {type(error).__name__}"
            return Check(CheckResult.UNREACHABLE, "It cannot be reached from this server. Check again.", answer)

    async def ask(self, call: Call) -> Reply:
        """One request. Raises aiohttp's errors and TimeoutError."""
        method = "GET" if call.body is None else "POST"
        request = self._http.request(
            method, call.url, data=call.body, headers=call.headers, allow_redirects=False, timeout=self._timeout
        )
        async with request as response:
            body = await response.content.read(_ANSWER_BYTES)
            body = without(body, [call.headers["Authorization"], self.line.secrets])
            return Reply(response.status, _read(body), response.headers.get("Retry-After"))

    def _by_now(self, attempt: Attempt) -> Attempt:
        return replace(attempt, now=self._clock())


def without(body: bytes, secrets: Any) -> bytes:
    """An answer without what it must not repeat, for some of it is kept and shown: the words of all strings."""
    if isinstance(secrets, str):
        for word in (word for word in secrets.split() if len(word) >= _SECRET_LENGTH):
            body = body.replace(word.encode(), b"(not told)")
        return body
    for part in secrets.values() if isinstance(secrets, Mapping) else secrets:
        body = without(body, part)
    return body


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}

"""E-mail over SMTP (RFC 5321), encrypted, with connections kept open for a moment.

The server's host is text from a tenant: it is resolved once a connection, and no private address is called. What an
answer means is decided in `rules.after_smtp`.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from aiosmtplib import (
    SMTP,
    SMTPConnectResponseError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from geoengage.kit.outbound import GuardedResolver, RefusedAddress
from geoengage.kit.settings import EmailSettings
from geoengage.messaging.channels.base import Push
from geoengage.messaging.letters import NoAddress, compose
from geoengage.messaging.rules import (
    Attempt,
    Check,
    Failed,
    Outcome,
    Reply,
    Sent,
    SmtpAccount,
    Stage,
    TlsMode,
    after_smtp,
    lost_after_data,
    not_connected,
    not_encrypted,
    read_smtp_check,
)

_A_WHILE = timedelta(hours=1)
_IDLE_S = 20.0  # servers close what is silent for longer, and a closed connection is noticed too late
_LOST: Final = (SMTPServerDisconnected, SMTPTimeoutError, TimeoutError, ConnectionError)


class _Trouble(Exception):
    def __init__(self, outcome: Callable[[Attempt], Outcome]) -> None:
        super().__init__()
        self.outcome = outcome


class EmailChannel:
    """Sends through one SMTP account. Safe for any number of concurrent sends; `connections` at one time."""

    name = "email"
    needs_address = True

    def __init__(self, account: SmtpAccount, settings: EmailSettings, clock: Callable[[], datetime]) -> None:
        self._account = account
        self._timeout_s = settings.timeout_s
        self._most = settings.connections
        self._resolver = GuardedResolver(allow_loopback=settings.allow_loopback)
        self._ca_file = None if settings.ca_file is None else str(settings.ca_file)
        self._clock = clock
        self._idle: list[tuple[float, SMTP]] = []
        self._busy = 0

    @property
    def room(self) -> int:
        """How many may be sent at once beside those that are on their way."""
        return max(0, self._most - self._busy)

    async def send(self, push: Push, attempt: Attempt) -> Outcome:
        """Try once; a kept connection that the server has closed meanwhile is replaced."""
        if push.letter is None:
            return Failed("invalid_payload", "no e-mail was written")
        try:
            content = compose(push.letter, attempt.now)
        except NoAddress as error:
            return Failed("invalid_address", str(error), retire_address=True)
        self._busy += 1
        try:
            await self._hand_over(push.letter.to, content)
        except _Trouble as trouble:
            return trouble.outcome(replace(attempt, now=self._clock()))
        finally:
            self._busy -= 1
        return Sent(f"<{push.letter.message_id}>")

    async def check(self) -> Check:
        """Connect, log in and go: does the account work?"""
        try:
            client = await self._connect()
        except _Trouble as trouble:
            now = self._clock()
            return read_smtp_check(trouble.outcome(Attempt(1, now, now + _A_WHILE, base_s=1.0, jitter=0.0)))
        await _quit(client)
        return read_smtp_check(None)

    async def close(self) -> None:
        """Say good-bye on every kept connection."""
        while self._idle:
            await _quit(self._idle.pop()[1])
        await self._resolver.close()

    async def _hand_over(self, to: str, content: bytes) -> None:
        client, is_fresh = await self._take()
        try:
            await self._speak(client, to, content, is_fresh=is_fresh)
        except _Stale:
            client.close()
            client = await self._connect()
            await self._speak(client, to, content, is_fresh=True)
        except BaseException:
            client.close()
            raise
        self._idle.append((asyncio.get_running_loop().time(), client))

    async def _take(self) -> tuple[SMTP, bool]:
        now = asyncio.get_running_loop().time()
        while self._idle:
            since, client = self._idle.pop()
            if now - since < _IDLE_S and client.is_connected:
                return client, False
            client.close()
        return await self._connect(), True

    async def _connect(self) -> SMTP:
        """A connection that is encrypted and logged in."""
        account = self._account
        try:
            client = SMTP(
                hostname=account.host,
                sock=await self._open_socket(),
                use_tls=account.tls is TlsMode.TLS,
                start_tls=account.tls is TlsMode.STARTTLS,
                tls_context=None if account.tls is TlsMode.NONE else ssl.create_default_context(cafile=self._ca_file),
                local_hostname=account.from_address.rpartition("@")[2],
                timeout=self._timeout_s,
            )
            await client.connect()
        except (SMTPException, OSError, TimeoutError) as error:
            raise _Trouble(_why_not_connected(error)) from error
        try:
            if account.username is not None and account.password is not None:
                await client.login(account.username, account.password)
        except SMTPResponseException as error:
            client.close()
            raise _refused(Stage.LOGIN, error) from error
        except (SMTPException, *_LOST) as error:
            client.close()
            text = f"log-in: {type(error).__name__}"
            raise _Trouble(lambda attempt: not_connected(text, attempt)) from error
        return client

    async def _open_socket(self) -> socket.socket:
        found = await self._resolver.resolve(self._account.host, self._account.port)
        address = found[0]
        opened = socket.socket(address["family"], socket.SOCK_STREAM)
        opened.setblocking(False)
        try:
            async with asyncio.timeout(self._timeout_s):
                await asyncio.get_running_loop().sock_connect(opened, (address["host"], address["port"]))
        except BaseException:
            opened.close()
            raise
        return opened

    async def _speak(self, client: SMTP, to: str, content: bytes, *, is_fresh: bool) -> None:
        """One e-mail. What goes wrong before its text was handed over has sent nothing."""
        stage = Stage.MAIL
        try:
            await client.mail(self._account.from_address)
            stage = Stage.RCPT
            await client.rcpt(to)
            stage = Stage.DATA
            await client.data(content)
        except SMTPResponseException as error:
            raise _refused(stage, error) from error
        except _LOST as error:
            if stage is Stage.DATA:
                reason = "timeout" if isinstance(error, SMTPTimeoutError | TimeoutError) else "connection_lost"
                raise _Trouble(lambda _: lost_after_data(reason)) from error
            if not is_fresh and stage is Stage.MAIL:
                raise _Stale from error
            raise _Trouble(lambda attempt: not_connected("the connection was lost", attempt)) from error


class _Stale(Exception):
    """A kept connection was closed by the server before anything was said."""


def _refused(stage: Stage, error: SMTPResponseException) -> _Trouble:
    reply = Reply(error.code, str(error.message))
    return _Trouble(lambda attempt: after_smtp(stage, reply, attempt))


def _why_not_connected(error: Exception) -> Callable[[Attempt], Outcome]:
    """The outcome of a connection that was not made: a certificate that is not its own is nobody's to trust."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            text = f"TLS: {getattr(cause, 'reason', None) or type(cause).__name__}"
            return lambda attempt: not_encrypted(text, attempt)
        cause = cause.__cause__
    if isinstance(error, SMTPConnectResponseError | SMTPResponseException):
        reply = Reply(error.code, str(error.message))
        return lambda attempt: after_smtp(Stage.CONNECT, reply, attempt)
    if isinstance(error, SMTPException) and "STARTTLS" in str(error):
        return lambda attempt: not_encrypted("the server offers no STARTTLS", attempt)
    if isinstance(error, RefusedAddress):
        return lambda attempt: not_connected(str(error), attempt)
    return lambda attempt: not_connected(f"no connection: {type(error).__name__}", attempt)


async def _quit(client: SMTP) -> None:
    with contextlib.suppress(SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(2):
            await client.quit()
    client.close()

"""Google's OAuth access token for a service account: fetched in a thread, renewed ahead of its end, once at a time."""

import asyncio
import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from google.auth.transport.requests import Request

from geoengage.kit.clock import utc_now

_AHEAD = timedelta(minutes=5)
_TIMEOUT_S = 10.0


class AccessToken:
    """The current token of google-auth credentials. Raises google.auth's RefreshError or TransportError."""

    def __init__(self, credential: Any) -> None:
        self._credential = credential
        self._request = functools.partial(Request(), timeout=_TIMEOUT_S)
        self._lock = asyncio.Lock()

    async def get(self) -> str:
        """A token that is valid now. While another task renews one that has minutes left, that one is used."""
        left = self._left()
        if left < _AHEAD and (left < timedelta(seconds=10) or not self._lock.locked()):
            await self._renew(lambda: self._left() >= _AHEAD)
        return str(self._credential.token)

    async def renew(self, refused: str) -> str:
        """A token other than the one the provider refused."""
        await self._renew(lambda: self._credential.token != refused)
        return str(self._credential.token)

    async def _renew(self, is_done: Callable[[], bool]) -> None:
        async with self._lock:
            if not is_done():
                # google-auth's refresh is synchronous: it would stop every message in flight
                await asyncio.to_thread(self._credential.refresh, self._request)

    def _left(self) -> timedelta:
        expiry: datetime | None = self._credential.expiry
        if self._credential.token is None or expiry is None:
            return timedelta(0)
        return expiry.replace(tzinfo=UTC) - utc_now()  # google-auth writes naive UTC

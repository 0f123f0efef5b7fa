"""The product's HTTP API as a client sees it: JSON in and out, patience with a server that is away.

A lost connection, 429 and 5xx are tried again with a growing pause, for ever: the caller is stopped by cancelling it.
Any other refusal is raised as `Refused` with the server's own words.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aiohttp

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
Body = Mapping[str, Any]


class Refused(Exception):
    """The server understood and said no."""

    def __init__(self, call: str, status: int, problem: str) -> None:
        super().__init__(f"{call}: {status} {problem}")
        self.status = status


class Client:
    """One connection pool; `reachable` tells whether the last attempt of anybody got an answer."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self.reachable = False

    async def get(self, path: str, token: str) -> Any:
        return await self._call("GET", path, token, None)

    async def post(self, path: str, token: str, body: Callable[[], Body], *, once: str | None = None) -> Any:
        """`body` is made anew for every attempt: it may hold the time of sending. `once`: an Idempotency-Key."""
        return await self._call("POST", path, token, body, once)

    async def put(self, path: str, token: str, body: Callable[[], Body]) -> Any:
        """As `post`."""
        return await self._call("PUT", path, token, body)

    async def items(self, path: str, token: str) -> AsyncIterator[Any]:
        """Every item of a list, page by page. `path` carries its own query, at least a `?`."""
        cursor = ""
        while True:
            page = await self.get(f"{path}&limit=500{cursor}", token)
            for item in page["items"]:
                yield item
            if not page["next"]:
                return
            cursor = f"&cursor={page['next']}"

    async def _call(
        self, method: str, path: str, token: str, body: Callable[[], Body] | None, once: str | None = None
    ) -> Any:
        pause_s = FIRST_PAUSE_S
        while True:
            wait_s = pause_s
            try:
                sent = body() if body else None
                headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": once} if once else {})
                async with self._session.request(method, self._url + path, json=sent, headers=headers) as answer:
                    self.reachable = answer.status < 500
                    if answer.status < 300:
                        return await answer.json() if answer.status != 204 else None
                    if answer.status != 429 and answer.status < 500:
                        raise Refused(f"{method} {path}", answer.status, await answer.text())
                    wait_s = max(pause_s, _retry_after(answer))
            except (aiohttp.ClientError, TimeoutError):
                self.reachable = False
            await asyncio.sleep(wait_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def _retry_after(answer: aiohttp.ClientResponse) -> float:
    """Seconds the server asks for; the form with a date is treated as absent."""
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else 0.0

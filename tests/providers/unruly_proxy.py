"""A proxy between a client and the product that behaves as badly as networks do, by a script that repeats.

`refuse`: answers so without asking the product. `forget`: lets the product do its work and answers 500, so that the
client sends the same again. `cut`: the same, but the connection ends instead. Else the product's own answer.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Literal

import aiohttp
from aiohttp import web

Trick = Literal["pass", "forget", "cut"] | int


@dataclass
class UnrulyProxy:
    """`target`: the product's address. `tricks`: what becomes of one request after the other, again and again."""

    target: str
    tricks: Sequence[Trick]
    played: list[Trick] = field(default_factory=list)
    encodings: set[str | None] = field(default_factory=set)
    url: str = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["UnrulyProxy"]:
        """Serve on 127.0.0.1 while the block lasts."""
        app = web.Application(client_max_size=10_000_000)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._script = cycle(self.tricks)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession(auto_decompress=False) as self._http:
            try:
                yield self
            finally:
                await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        trick = next(self._script)
        self.played.append(trick)
        self.encodings.add(request.headers.get("Content-Encoding"))
        if isinstance(trick, int):
            return web.Response(status=trick, headers={"Retry-After": "1"} if trick == 429 else {})
        headers = {
            k: v for k, v in request.headers.items() if k.lower() not in ("host", "content-length", "connection")
        }
        body = await _raw(request)
        async with self._http.request(
            request.method, self.target + request.path_qs, data=body, headers=headers
        ) as found:
            answer = web.Response(status=found.status, body=await found.read(), content_type=found.content_type)
        if trick == "cut":
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=500) if trick == "forget" else answer


async def _raw(request: web.Request) -> bytes:
    """The body as it was sent: aiohttp's server unpacks it, so it is packed again for the product."""
    body = await request.read()
    if request.headers.get("Content-Encoding") == "gzip":
        import gzip

        return gzip.compress(body)
    return body

"""Another system's receiver of webhooks, on a local port: it verifies what comes, and answers by script.

`fail_with(…)`: a status for every request until told otherwise, "reset" (accepted, then the connection is cut) or
"stall" (no answer until `go` is set). `refuse`: types that are answered 500 each time.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from geoengage.kit.outbound import verify


@dataclass(frozen=True)
class Call:
    """One request. `id`: its webhook-id; `accepted`: it was answered 2xx."""

    id: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    verified: bool
    accepted: bool


@dataclass
class Receiver:
    """`secrets` verify; `clock`: Unix seconds, for the tolerance."""

    clock: Callable[[], float]
    secrets: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    headers: dict[str, str] = field(default_factory=dict)
    text: str = "thanks"
    delay_s: float = 0.0
    most_at_once: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    _fault: int | str | None = None
    _at_once: int = 0

    def fail_with(self, fault: int | str | None) -> None:
        """From now on; None: well again."""
        self._fault = fault

    def accepted(self) -> list[Call]:
        """What was answered 2xx, in order."""
        return [call for call in self.calls if call.accepted]

    def positions(self) -> list[int]:
        """The ledger positions of what was accepted, in order."""
        return [call.body["data"]["position"] for call in self.accepted()]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Receiver"]:
        """Serve on 127.0.0.1 while the block lasts."""
        app = web.Application()
        app.router.add_post("/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self.go.set()
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return await self._judged(request)
        finally:
            self._at_once -= 1

    async def _judged(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        sent = {name.lower(): value for name, value in request.headers.items()}
        body = json.loads(raw)
        fault = 500 if body["type"] in self.refuse else self._fault
        accepted = fault is None or (isinstance(fault, int) and 200 <= fault < 300) or fault == "reset"
        verified = verify(self.secrets, sent, raw, self.clock())
        self.calls.append(Call(sent["webhook-id"], request.path, body, sent, verified, accepted))
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if fault == "stall":
            await self.go.wait()
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=fault if isinstance(fault, int) else 200, text=self.text, headers=self.headers)


def closed_port() -> str:
    """An address of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"

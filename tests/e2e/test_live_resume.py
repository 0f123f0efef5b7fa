"""The live stream over kill -9 of its server: who resumes by Last-Event-ID hears everything, once and in order."""

import asyncio
from dataclasses import dataclass, field

import aiohttp
import pytest

from tests.e2e.calls import Server
from tests.e2e.stack import Stack, running
from tests.factories import World

pytestmark = pytest.mark.slow
RING = [(8.5, 47.4), (8.501, 47.4), (8.501, 47.401), (8.5, 47.401), (8.5, 47.4)]
EVENTS, KILLS = 60, 4


@dataclass
class Listener:
    """What a browser's EventSource does: keep the last id, come back, send it along."""

    server: Server
    last_id: str = "0"
    heard: list[int] = field(default_factory=list)
    connections: int = 0

    async def listen(self) -> None:
        while True:
            try:
                await self._connect()
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(0.1)

    async def _connect(self) -> None:
        headers = {"Authorization": f"Bearer {self.server.world.sk}", "Last-Event-ID": self.last_id}
        timeout = aiohttp.ClientTimeout(total=None)
        async with self.server.http.get(f"{self.server.stack.url}/v1/live", headers=headers, timeout=timeout) as answer:
            self.connections += 1
            has_data = False
            async for line in answer.content:
                if line.startswith(b"id: "):
                    self.last_id = line[4:].strip().decode()
                has_data = has_data or line.startswith(b"data: ")
                if line == b"\n" and has_data:
                    self.heard.append(int(self.last_id))
                    has_data = False


async def test_a_listener_hears_everything_once(stack: Stack, world: World) -> None:
    async with running(stack, "serve") as http:
        server = Server(http, stack, world)
        listener = Listener(server)
        zone = await server.call("POST", "/v1/zones", world.sk, zone_feature())
        listening = asyncio.create_task(listener.listen())
        for n in range(EVENTS):
            verb = "publish" if n % 2 == 0 else "unpublish"
            await server.call("POST", f"/v1/zones/{zone['id']}/{verb}", world.sk)
            if n % (EVENTS // KILLS) == 5:
                await stack.kill("serve")
                await stack.start("serve")
                await stack.ready(http)

        async def all_heard() -> bool:
            return len(listener.heard) >= EVENTS

        await stack.until("the listener has heard of everything", all_heard, 30)
        listening.cancel()
        rows = await stack.query("SELECT position FROM ledger ORDER BY position")
        assert listener.heard == [row[0] for row in rows]
        assert listener.connections >= KILLS + 1


def zone_feature() -> dict[str, object]:
    """A zone that is published and taken down again and again."""
    geometry = {"type": "Polygon", "coordinates": [[list(corner) for corner in RING]]}
    return {"type": "Feature", "geometry": geometry, "properties": {"name": "Door"}}

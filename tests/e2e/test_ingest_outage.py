"""The database stops while phones send: what their apps must not lose is stored exactly once when it is back.

A real PostgreSQL of its own, stopped and started again under the running server. Each app follows its own rule for its
queue (phone_apps.py); an answer of each gets lost on its way too, so that it repeats what was stored already.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import make_engine, make_sessions
from geoengage.kit.migrate import upgrade
from tests.e2e.calls import Server
from tests.e2e.phone_apps import ALL, PhoneApp, Point
from tests.e2e.stack import Stack, running
from tests.factories import World, make_world

pytestmark = pytest.mark.slow
LON, LAT, STEP = 8.54, 47.37, 1e-6  # a slow walk
EVERY_S = 0.02


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A PostgreSQL that nobody else uses."""
    own = Cluster(tmp_path / "postgres", durable=False)
    own.ensure_started()
    yield own
    own.destroy()


async def make_tenant(url: str) -> World:
    engine = make_engine(url, pool_size=1)
    async with make_sessions(engine)() as session:
        world = await make_world(session)
    await engine.dispose()
    return world


class Walk:
    """All apps on one walk: each takes a point every step and sends at every occasion."""

    def __init__(self, http: aiohttp.ClientSession, apps: list[PhoneApp]) -> None:
        self.http, self.apps, self.taken = http, apps, 0
        self.start = (utc_now() - timedelta(minutes=9)).replace(microsecond=0)

    async def steps(self, count: int) -> None:
        for _ in range(count):
            self.taken += 1
            at = self.start + timedelta(seconds=self.taken)
            point = Point(at, round(LON + STEP * self.taken, 7), LAT)
            for app in self.apps:
                app.record(point)
            await asyncio.gather(*(app.step(self.http) for app in self.apps))
            await asyncio.sleep(EVERY_S)

    async def until_all_sent(self, within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while any(app.queue for app in self.apps):
                await asyncio.gather(*(app.step(self.http) for app in self.apps))
                await asyncio.sleep(EVERY_S)


@asynccontextmanager
async def beside(walk: Walk) -> AsyncIterator[None]:
    """Whatever is done inside, the phones go on walking and sending."""

    async def go_on() -> None:
        while True:
            await walk.steps(1)

    task = asyncio.create_task(go_on())
    yield
    task.cancel()
    (ended,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError), ended


async def test_nothing_is_lost_while_the_database_is_away(cluster: Cluster, tmp_path: Path) -> None:
    await asyncio.to_thread(upgrade, cluster.url)
    world = await make_tenant(cluster.url)
    stack = Stack(cluster.url, tmp_path, {})
    async with running(stack, "serve") as http:
        server = Server(http, stack, world)
        ring = [(LON - 0.01, LAT - 0.01), (LON + 0.01, LAT - 0.01), (LON, LAT + 0.01), (LON - 0.01, LAT - 0.01)]
        await server.add_zone("Shop", ring)  # so that answers hold regions too
        phones = [await server.register(None) for _ in ALL]
        apps = [kind(stack.url, phone.token) for kind, phone in zip(ALL, phones, strict=True)]
        walk = Walk(http, apps)

        await walk.steps(10)
        for app in apps:
            assert set(app.answers) == {200}, app
            app.lose_next = True
        await walk.steps(5)

        async with beside(walk):
            assert await asyncio.to_thread(cluster.stop)
        for app in apps:
            assert set(app.answers) <= {200, 503}, app.path
            app.answers.clear()
        await walk.steps(10)  # everybody tries again and again, and takes further points
        for app in apps:
            assert app.answers, app.path
            assert set(app.answers) == {503}, (app.path, app.answers)
            assert all(int(after or 0) >= 1 for after in app.retry_after)
            assert len(app.queue) >= 10
            assert app.waited_s >= app.first_wait_s * 3

        async with beside(walk):
            await asyncio.to_thread(cluster.ensure_started)
            await stack.ready(http)
        await walk.until_all_sent(30)

        for app, phone in zip(apps, phones, strict=True):
            assert (app.lost, set(app.answers)) == ([], {200, 503})
            rows = await stack.query("SELECT at FROM ping WHERE device_id = %s ORDER BY at", phone.id)
            assert [row[0] for row in rows] == [point.at for point in app.taken], app.path
        speaks = dict(await stack.query("SELECT id::text, client FROM device"))
        assert [speaks[phone.id] for phone in phones] == [
            "owntracks-android", "owntracks-ios", "overland", "traccar", "background-geolocation",
        ]  # fmt: skip

"""A mall's past, told to real processes by the simulator: visits on the right days and hours, and not one message."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from geoengage.demo import seed
from geoengage.demo.client import Client
from geoengage.simulator.history import Book, History
from geoengage.simulator.run import Options
from tests.e2e.stack import Stack, running
from tests.factories import World

pytestmark = pytest.mark.slow

PEOPLE = """
SELECT (entered_at AT TIME ZONE 'Europe/Berlin')::date::text, count(DISTINCT device_id),
  extract(hour FROM min(entered_at AT TIME ZONE 'Europe/Berlin')) FROM visit GROUP BY 1
"""
STAYS = """
SELECT s.external_id, count(*) FROM visit v JOIN zone z ON z.tenant_id = v.tenant_id AND z.id = v.zone_id
  JOIN store s ON s.tenant_id = z.tenant_id AND s.id = z.store_id GROUP BY 1
"""


def load(stack: Stack, world: World) -> str:
    """The demo mall with its campaigns running; its id."""
    client = Client(stack.url, world.sk)
    with closing(client._connection):
        loaded: str = seed.load(client, {})["mall_id"]
        assert {campaign["status"] for campaign in client.get("/v1/campaigns?limit=500")["items"]} == {"active"}
        return loaded


async def test_the_past_gives_visits_and_no_messages(stack: Stack, world: World, tmp_path: Path) -> None:
    async with running(stack, "serve", "worker"):
        mall = await asyncio.to_thread(load, stack, world)
        state = tmp_path / "history.json"
        options = Options(stack.url, world.pk, world.sk, mall_id=mall, app_id=str(world.app_id), seed=3, state=state)
        history = History(options, days=2.5, per_day=12)
        await history.run()
        await stack.settled()
        book = Book.open(state, mall, 3)
        told = {day: page["people"] for day, page in book.days.items() if page["people"]}
        assert sum(told.values()) == history.walks > 15
        rows = await stack.query(PEOPLE)
        assert {day: people for day, people, _ in rows} == told
        assert all(8 <= first < 23 for _, _, first in rows), "while the mall is open"

        counted: dict[str, Any] = dict(await stack.query(STAYS))
        planned = {key: sum(len(page["stays_s"].get(key, ())) for page in book.days.values()) for key in counted}
        assert sum(counted.values()) == pytest.approx(sum(planned.values()), rel=0.3)

        assert await stack.query("SELECT count(*) FROM message") == [(0,)]
        ((pings, late, newest),) = await stack.query(
            "SELECT count(*), count(*) FILTER (WHERE late), max(event_at) FROM ping"
        )
        assert (pings, late) == (history.pings, 0)
        assert book.until is not None
        assert newest <= book.until

        again = History(options, days=2.5, per_day=12)
        await again.run()
        await stack.settled()
        assert again.walks < history.walks, "only what has happened meanwhile"
        pages = Book.open(state, mall, 3).days
        rows = await stack.query(PEOPLE)
        assert {day: people for day, people, _ in rows} == {d: p["people"] for d, p in pages.items() if p["people"]}

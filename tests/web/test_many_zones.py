"""500 zones of 24 corners on one level: the editor still works, and what it costs is printed (run with -s).

Nothing here asserts time: the figures are for whoever changes the engine.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from math import cos, pi, sin
from typing import Any

import httpx
import pytest_asyncio
from playwright.async_api import CDPSession, expect
from shapely import Polygon

from geoengage.kit.geo import Frame
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, XY, Demo, Watch
from tests.web.editor import assert_shape, open_editor, saved_zone

pytestmark = MARKS
COLUMNS, ROWS, CORNERS = 25, 20, 24
LEVEL = 2
MOVES = 40


def ring(column: int, row: int) -> list[XY]:
    """A round zone of 2 m in a grid of 5 m around the middle of the mall."""
    x, y = (column - COLUMNS // 2) * 5.0, (row - ROWS // 2) * 5.0
    angles = [2 * pi * i / CORNERS for i in range(CORNERS)]
    return [(x + 2 * cos(angle), y + 2 * sin(angle)) for angle in angles]


async def add(http: httpx.AsyncClient, demo: Demo, frame: Frame, column: int, row: int) -> str:
    """One zone; its path. One client for all: each new one costs more than the request."""
    points = [frame.to_lonlat(x, y) for x, y in ring(column, row)]
    body = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [[*points, points[0]]]},
        "properties": {"name": f"Z{column}-{row}", "mall_id": demo.state["mall_id"], "levels": [LEVEL]},
    }
    answer = await http.post("/v1/zones", json=body)
    assert answer.status_code == 201, answer.text
    return f"/v1/zones/{answer.json()['id']}"


@pytest_asyncio.fixture(loop_scope="session")
async def full_level(demo: Demo) -> AsyncIterator[int]:
    """500 zones, gone afterwards; how many there are."""
    frame = await demo.frame()
    places = [(column, row) for column in range(COLUMNS) for row in range(ROWS)]
    headers = {"Authorization": f"Bearer {demo.state['secret_key']}"}
    async with httpx.AsyncClient(base_url=demo.url, headers=headers, timeout=60) as http:
        made: list[str] = []
        for start in range(0, len(places), 20):
            made += await asyncio.gather(*[add(http, demo, frame, *place) for place in places[start : start + 20]])
        yield len(made)
        for start in range(0, len(made), 20):
            await asyncio.gather(*[http.delete(path) for path in made[start : start + 20]])


async def cost(session: CDPSession) -> dict[str, float]:
    found: Any = await session.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in found["metrics"]}


class Meter:
    """What the page spent between two points, a move of the pointer."""

    def __init__(self, session: CDPSession, what: str) -> None:
        self.session, self.what = session, what
        self.before: dict[str, float] = {}

    async def __aenter__(self) -> None:
        self.before = await cost(self.session)

    async def __aexit__(self, *_: object) -> None:
        after = await cost(self.session)
        script, task = (1000 * (after[key] - self.before[key]) / MOVES for key in ("ScriptDuration", "TaskDuration"))
        sys.stdout.write(f"\n{self.what}: {script:.1f} ms script, {task:.1f} ms in all, a move\n")


async def test_a_level_full_of_zones_stays_usable(
    full_level: int, open_page: OpenPage, demo: Demo, watch: Watch
) -> None:
    # the level is changed while the positions of the first are still being asked for
    watch.expect("before the connection is established")
    frame = await demo.frame()
    page, mall = await open_editor(open_page)
    await page.get_by_test_id(f"level-{LEVEL}").click()
    await expect(page.locator("path.zone-draft")).to_have_count(full_level)
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    name = f"Z{COLUMNS // 2}-{ROWS // 2}"
    await page.get_by_test_id("zone-search").fill(name)
    await mall.row(name).first.click()
    await expect(page.get_by_test_id("zone-form")).to_be_visible()

    # so near that the corners' handles do not lie on each other
    await mall.look_at((0, 0), 6)
    middle = await mall.pixel((0, 0))
    await page.mouse.move(*await mall.pixel((2, 0)))
    await page.mouse.down()
    async with Meter(session, "a corner dragged"):
        for step in range(MOVES):
            await page.mouse.move(middle[0] + 128 + step % 8, middle[1] + step % 5)
    await page.keyboard.down("Alt")
    await page.mouse.move(*await mall.pixel((2.5, 0)), steps=2)
    await page.mouse.up()
    await page.keyboard.up("Alt")
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("unsaved")).to_be_empty()
    assert_shape(await saved_zone(demo, name), frame, Polygon([(2.5, 0), *ring(COLUMNS // 2, ROWS // 2)[1:]]))
    await page.get_by_test_id("form-back").click()

    await mall.look_at((0, 0), 2)
    await page.mouse.move(middle[0], middle[1])
    async with Meter(session, "the pointer over zones"):
        for step in range(MOVES):
            await page.mouse.move(middle[0] + 3 * step, middle[1] + 2 * step)
    await page.mouse.move(middle[0] + 10, middle[1] + 50)
    before = await mall.pixel((0, 0))
    await page.mouse.down()
    async with Meter(session, "the map dragged"):
        for step in range(1, MOVES + 1):
            await page.mouse.move(middle[0] + 10 + 3 * step, middle[1] + 50 + 2 * step)
        await page.mouse.up()
    after = await mall.pixel((0, 0))
    assert (round(after[0] - before[0]), round(after[1] - before[1])) == (3 * MOVES, 2 * MOVES)

    await page.get_by_test_id("draw-polygon").click()
    async with Meter(session, "drawing"):
        for step in range(MOVES):
            await page.mouse.move(middle[0] + 2 * step, middle[1] + step)
    await page.keyboard.press("Escape")
    async with Meter(session, "40 times a zone hidden and shown"):
        for _ in range(MOVES):
            await page.get_by_test_id("zone-eye").first.click()

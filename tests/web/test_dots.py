"""The live dots: drawn by a worker, or by the page where the browser cannot hand a canvas over."""

import asyncio
import itertools

import pytest
from playwright.async_api import expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, SHOPPER_MS, MallMap, run_script

pytestmark = [*MARKS, pytest.mark.usefixtures("message")]
NO_OFFSCREEN = "delete HTMLCanvasElement.prototype.transferControlToOffscreen"


@pytest.mark.parametrize("by_worker", [True, False], ids=["worker", "page"])
async def test_every_shopper_is_drawn_where_the_map_says(by_worker: bool, open_page: OpenPage) -> None:
    page = await open_page(None)
    if not by_worker:
        await page.add_init_script(NO_OFFSCREEN)
    await page.goto("/map?debug&fps=10")
    mall = MallMap(page)
    await mall.ready()
    await expect(page.get_by_test_id("dots-count")).not_to_contain_text("0 shoppers", timeout=SHOPPER_MS)
    assert len(page.workers) == by_worker
    for place, zoom in (((0.0, 0.0), 1.0), ((-30.0, 0.0), 1.5)):
        await mall.look_at(place, zoom)
        async with asyncio.timeout(SHOPPER_MS / 1000):
            assert await run_script(page, "drawn_dots.js") > 0


async def test_a_dot_under_the_pointer_says_what_it_is(open_page: OpenPage) -> None:
    page = await open_page("/map?debug&fps=10")
    mall = MallMap(page)
    await mall.ready()
    tip = page.locator(".dot-tip")
    async with asyncio.timeout(SHOPPER_MS / 1000):
        for turn in itertools.count():
            if dots := await mall.dots():
                dot = dots[turn % len(dots)]  # some lie outside the picture, or under what is over the map
                await page.mouse.move(dot["x"], dot["y"])
            if await tip.is_visible():
                break
    await expect(tip).to_contain_text("Shopper, position ±")

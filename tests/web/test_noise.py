"""Phone noise on the map page: the slider, both counts live, one walk; there from the first seconds, on phones too."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, SHOPPER_MS, Demo, MallMap
from tests.web.test_look import faults

pytestmark = MARKS
PUSHES = re.compile(r"^\d+ wrong push(es)?$")


async def open_panel(open_page: OpenPage, *, is_phone: bool = False) -> Page:
    page = await open_page("/map?fps=5", is_phone=is_phone)
    await MallMap(page).ready()
    if is_phone:
        await page.get_by_test_id("tab-noise").click()
    await expect(page.get_by_test_id("noise-panel")).to_be_visible()
    return page


async def test_both_ways_are_counted_on_the_same_walks(open_page: OpenPage, demo: Demo) -> None:
    page = await open_panel(open_page)
    for way in ("plain", "ours"):
        wrong = page.get_by_test_id(f"noise-{way}").locator(".noise-wrong")
        await expect(wrong).to_have_text(PUSHES, timeout=SHOPPER_MS)
    async with asyncio.timeout(60):
        while True:
            comparison = (await demo.api("GET", "/v1/simulation"))["comparison"]
            if comparison["plain"]["right"] + comparison["ours"]["right"] > 1:
                break
            await asyncio.sleep(0.5)
    assert comparison["positions"] > 0
    assert comparison["saved"] == max(0, comparison["plain"]["wrong"] - comparison["ours"]["wrong"])


async def test_the_slider_makes_phones_noisier_within_seconds(open_page: OpenPage, demo: Demo) -> None:
    page = await open_panel(open_page)
    slider = page.get_by_test_id("noise-slider")
    await expect(page.get_by_test_id("noise-plain")).to_be_visible(timeout=SHOPPER_MS)
    before = await demo.api("GET", "/v1/simulation")
    try:
        await slider.focus()
        await page.keyboard.press("End")
        await expect(page.get_by_test_id("noise-value")).to_have_text("±30 m lost indoors")
        await expect(page.get_by_test_id("noise-panel")).to_contain_text("Counting begins")
        await expect(page.get_by_test_id("noise-plain")).to_be_visible(timeout=SHOPPER_MS)
        now = await demo.api("GET", "/v1/simulation")
        assert now["noise_m"] == 30
        assert now["revision"] > before["revision"]
        assert now["comparison"]["since"] > before["comparison"]["since"]
        await expect(page.get_by_test_id("noise-plain").locator(".noise-wrong b")).not_to_have_text(
            "0", timeout=SHOPPER_MS
        )
    finally:
        await demo.api("PUT", "/v1/simulation", {"noise_m": before["noise_m"]})


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_one_walk_is_drawn_and_leads_to_its_explanation(is_phone: bool, open_page: OpenPage) -> None:
    page = await open_panel(open_page, is_phone=is_phone)
    found = await faults(page, "noise")
    await page.get_by_test_id("noise-walk").click(timeout=SHOPPER_MS)
    drawer = page.get_by_test_id("drawer")
    await expect(drawer.get_by_test_id("noise-picture")).to_be_visible()
    assert await drawer.locator(".noise-truth").count() > 0
    assert await drawer.locator(".walk-fix").count() > 1
    await expect(drawer.get_by_test_id("walk-plain")).to_be_visible()
    found += await faults(page, "walk")
    assert found == []
    await drawer.get_by_role("link", name="What the engine believed").click()
    await expect(page.get_by_test_id("explain-picture")).to_be_visible()
    assert page.url.endswith("minutes=10")


@pytest.mark.parametrize("width", [1340, 1100, 920])
async def test_it_fits_beside_the_map_at_every_width(width: int, open_page: OpenPage) -> None:
    page = await open_page(None)
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto("/map?fps=5")
    await MallMap(page).ready()
    await expect(page.get_by_test_id("noise-ours")).to_be_visible(timeout=SHOPPER_MS)
    assert await faults(page, f"map at {width}") == []

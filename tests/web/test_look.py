"""Each page on a laptop and on a phone: no sideways scrolling, no cut text, nothing serious from axe."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.conftest import ROOT
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, MallMap, run_script, settled

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = """() => axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)).join(' | ')}`))"""
SIDEWAYS = "() => document.scrollingElement.scrollWidth - innerWidth"
WIDTHS = (1440, 390)
pytestmark = [*MARKS, pytest.mark.parametrize("width", WIDTHS)]


async def assert_fine(page: Page) -> None:
    assert await page.evaluate(SIDEWAYS) <= 0, "the page scrolls sideways"
    assert await run_script(page, "cut_text.js") == []
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE.read_text())
    assert await page.evaluate(RUN_AXE) == []


@pytest.mark.parametrize(
    "path", ["/campaigns", "/campaigns?new=1", "/review", "/messages", "/explain", "/messages?status=failed"]
)
async def test_a_page(path: str, width: int, open_page: OpenPage, demo: Demo) -> None:
    if path == "/review":
        await demo.ask_approval("A rather long name for a campaign, as shops like to give them")
    page = await open_page(path, width=width)
    await settled(page)
    await assert_fine(page)


async def test_one_campaign(width: int, open_page: OpenPage, demo: Demo) -> None:
    campaigns = await demo.api("GET", "/v1/campaigns?limit=1&status=active")
    page = await open_page(f"/campaigns?id={campaigns['items'][0]['id']}", width=width)
    await expect(page.get_by_test_id("report")).to_be_visible()
    await assert_fine(page)


async def test_an_explanation(width: int, open_page: OpenPage, message: dict[str, Any]) -> None:
    page = await open_page(f"/explain?pseudonym={message['pseudonym']}&at={message['created_at']}", width=width)
    await expect(page.get_by_test_id("explain-summary")).to_be_visible()
    await settled(page)
    await assert_fine(page)


async def test_the_login_page(width: int, open_page: OpenPage) -> None:
    page = await open_page("/login", width=width, guest=True)
    await expect(page.get_by_test_id("login-form")).to_be_visible()
    await assert_fine(page)


async def test_the_map(width: int, open_page: OpenPage) -> None:
    page = await open_page("/map?fps=5", width=width)
    await MallMap(page).ready()
    await settled(page)
    await assert_fine(page)
    if width < 900:
        for tab in ("phone", "feed", "zones"):
            await page.get_by_test_id(f"tab-{tab}").click()
            await assert_fine(page)
    await page.get_by_test_id("zone-row").first.click()
    await expect(page.get_by_test_id("zone-form")).to_be_visible()
    await assert_fine(page)
    shape = await page.locator(".zone-editing").bounding_box()
    form = await page.get_by_role("region", name="Zone", exact=True).bounding_box()
    assert shape
    assert form
    beside = shape["x"] > form["x"] + form["width"]
    assert beside or 56 < shape["y"] < shape["y"] + shape["height"] < form["y"], "the form hides its zone"


async def test_the_panel_that_tells_why(width: int, open_page: OpenPage, message: dict[str, Any]) -> None:
    page = await open_page("/map?fps=5", width=width)
    await MallMap(page).ready()
    if width < 900:
        await page.get_by_test_id("tab-phone").click()
    await page.get_by_test_id("why").first.click()
    await expect(page.get_by_test_id("explain-summary")).to_be_visible()
    await settled(page)
    await assert_fine(page)


async def test_the_menus_and_the_stop_dialog(width: int, open_page: OpenPage) -> None:
    page = await open_page("/review", width=width)
    await settled(page)
    if width < 900:
        await page.get_by_test_id("menu").click()
        await assert_fine(page)
    await page.get_by_test_id("account").click()
    await assert_fine(page)
    await page.get_by_test_id("stop-all").click()
    await expect(page.get_by_test_id("stop-dialog")).to_be_visible()
    await assert_fine(page)

"""Each page on a laptop and on a phone: no sideways scrolling, no cut text, nothing serious from axe."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.conftest import ROOT
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, MallMap, run_script, settled

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = """async () => {
  const said = ({ html, any }) => `${html} (${any.map(({ message }) => message).join('; ')})`;
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(said).join(' | ')}`);
}"""
FOLLOW_LINK = """(path) => {
  history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate'));
}"""
LONG_NAME = "A rather long name for a campaign, as shops like to give them"
pytestmark = [*MARKS, pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])]


async def faults(page: Page, place: str) -> list[str]:
    """What is wrong with what the page shows now."""
    await settled(page)
    found: list[str] = await run_script(page, "cut_text.js")
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE.read_text())
    found += await page.evaluate(RUN_AXE)
    return [f"{place}: {fault}" for fault in found]


@pytest.mark.usefixtures("past")
async def test_the_pages(is_phone: bool, open_page: OpenPage, demo: Demo, message: dict[str, Any]) -> None:
    await demo.ask_approval(LONG_NAME)
    running = await demo.api("GET", "/v1/campaigns?limit=1&status=active")
    found = []
    page = await open_page("/review", is_phone=is_phone)
    for path, there in [
        ("/footfall", "headline"),
        ("/footfall?period=day", "by-hour"),
        ("/footfall?period=month", "headline"),
        ("/footfall?on=2020-01-06", "empty"),
        ("/campaigns", "campaign-list"),
        ("/campaigns?new=1", "preview"),
        (f"/campaigns?id={running['items'][0]['id']}", "report"),
        ("/review", "review-list"),
        ("/messages", "message-list"),
        ("/messages?status=failed", "empty"),
        ("/explain", "explain-form"),
        (f"/explain?pseudonym={message['pseudonym']}&at={message['created_at']}", "explanation"),
    ]:
        await page.evaluate(FOLLOW_LINK, path)
        await expect(page.get_by_test_id(there)).to_be_visible()
        found += await faults(page, path)
    assert found == []


async def test_the_login_page(is_phone: bool, open_page: OpenPage) -> None:
    page = await open_page("/login", is_phone=is_phone, guest=True)
    await expect(page.get_by_test_id("login-form")).to_be_visible()
    assert await faults(page, "login") == []


async def test_the_map(is_phone: bool, open_page: OpenPage) -> None:
    page = await open_page("/map?fps=5", is_phone=is_phone)
    await MallMap(page).ready()
    found = await faults(page, "map")
    for tab in ("phone", "feed", "zones") if is_phone else ():
        await page.get_by_test_id(f"tab-{tab}").click()
        found += await faults(page, tab)
    await page.get_by_test_id("zone-row").first.click()
    await expect(page.get_by_test_id("zone-form")).to_be_visible()
    found += await faults(page, "zone form")
    assert found == []

    shape = await page.locator(".zone-editing").bounding_box()
    form = await page.get_by_role("region", name="Zone", exact=True).bounding_box()
    assert shape
    assert form
    beside = shape["x"] > form["x"] + form["width"]
    assert beside or 56 < shape["y"] < shape["y"] + shape["height"] < form["y"], "the form hides its zone"

    # turned, and left at once: nothing of the map lives on
    await page.set_viewport_size({"width": 844, "height": 390})
    await page.evaluate(FOLLOW_LINK, "/messages")
    await expect(page.get_by_role("heading", name="Messages")).to_be_visible()
    assert await faults(page, "messages") == []


@pytest.mark.usefixtures("message")
async def test_what_opens_over_the_map(is_phone: bool, open_page: OpenPage) -> None:
    page = await open_page("/map?fps=5", is_phone=is_phone)
    await MallMap(page).ready()
    found = []
    if is_phone:
        await page.get_by_test_id("menu").click()
        found += await faults(page, "menu")
        await page.get_by_test_id("menu").click()
        await page.get_by_test_id("tab-phone").click()
    await page.get_by_test_id("why").first.click()
    await expect(page.get_by_test_id("explanation")).to_be_visible()
    found += await faults(page, "why")
    await page.get_by_test_id("drawer-close").click()
    await page.get_by_test_id("account").click()
    found += await faults(page, "account")
    await page.get_by_test_id("stop-all").click()
    await expect(page.get_by_test_id("stop-dialog")).to_be_visible()
    found += await faults(page, "stop dialog")
    assert found == []

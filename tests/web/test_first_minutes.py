"""What a visitor lives through first: the link, a zone drawn in four clicks, a shopper in it, the push, the reason."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, SHOPPER_MS, Demo, MallMap, run_script, toast

pytestmark = [*MARKS, pytest.mark.usefixtures("tidy_zones")]
# The two halves of the ground floor, in metres: shops, and the passages that lead to them.
WEST, EAST = ((-100.0, -26.0), (-2.0, 26.0)), ((2.0, -26.0), (100.0, 26.0))


async def open_link(page: Page, demo: Demo) -> None:
    """The link of `make run`; the page gets its `?debug` without being loaded a second time."""
    await page.add_init_script("if (location.pathname === '/') history.replaceState(null, '', '/?debug&fps=5')")
    await page.goto(demo.state["console_url"])


async def test_from_the_link_to_the_first_push(open_page: OpenPage, demo: Demo) -> None:
    page = await open_page(None, guest=True)
    await open_link(page, demo)
    if await page.get_by_test_id("nav-overview").get_attribute("aria-current"):  # other tests have brought orders
        await page.goto("/map?debug&fps=5")
    mall = MallMap(page)
    await mall.ready()
    await expect(page.get_by_test_id("link-state")).to_have_attribute("data-state", "live")
    await expect(page.get_by_test_id("dots-count")).to_have_text(re.compile(r"^([6-9]|\d\d+) shoppers"), timeout=30_000)
    assert await run_script(page, "drawn_dots.js") > 0
    await page.evaluate("() => { window.__sameDocument = true }")

    name = "Test half"
    await page.get_by_test_id("draw-rectangle").click()
    dots = [dot["at"][0] for dot in await mall.dots()]
    await mall.click(*(WEST if sum(x < 0 for x in dots) > len(dots) / 2 else EAST))
    await expect(page.get_by_test_id("zone-name")).to_be_focused()
    await page.keyboard.type(name)
    await page.get_by_test_id("publish").click()

    await expect(toast(page, f"“{name}” is live")).to_be_visible()
    await expect(mall.row(name)).to_be_visible()
    await page.locator(".zone-row.flash").filter(has_text=name).wait_for(timeout=SHOPPER_MS)
    await expect(page.locator(".feed-entered").filter(has_text=name).first).to_be_visible()
    push = page.get_by_test_id("phone-message").filter(has_text=f"Welcome to {name}").first
    await expect(push).to_be_visible(timeout=SHOPPER_MS)
    assert await push.get_attribute("data-status") == "sent"
    await expect(push).to_contain_text("Hi ")

    await push.get_by_test_id("why").click()
    drawer = page.get_by_test_id("drawer")
    await expect(drawer.get_by_test_id("explain-summary")).not_to_be_empty()
    asked = drawer.get_by_test_id("explain-message").first
    await expect(asked).to_contain_text(f"Welcome to {name}")
    await expect(drawer.get_by_test_id("verdict").filter(has_text=name)).to_be_visible()
    assert await page.evaluate("() => window.__sameDocument"), "the page was loaded again"


async def test_a_dot_tells_its_story(open_page: OpenPage) -> None:
    page = await open_page("/map?debug&fps=5")
    mall = MallMap(page)
    await mall.ready()
    await expect(page.get_by_test_id("dots-count")).to_have_text(re.compile(r"^[1-9]\d* shopper"), timeout=30_000)
    await mall.open_dot()
    await expect(page.get_by_test_id("drawer").get_by_test_id("explain-summary")).not_to_be_empty()
    await page.get_by_test_id("drawer-close").click()
    await expect(page.get_by_test_id("drawer")).to_have_count(0)

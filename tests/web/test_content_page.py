"""The page of content: an item in two languages, its place chosen on the plan, published, linked, called off; list and
time line; feeds; the campaign that suits it; empty and failed; laptop and phone."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Route, expect

from geoengage.kit.clock import utc_now
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, toast
from tests.web.test_look import faults

pytestmark = MARKS
LONG = "A reading for children and all who were children once, with stories from the whole wide world"
SOON = (utc_now() + timedelta(days=3)).replace(hour=14, minute=0)


@pytest_asyncio.fixture(loop_scope="session")
async def tidy(demo: Demo) -> AsyncIterator[None]:
    """Items and feeds that the test makes are gone, or called off, after it."""
    before = {item["id"] for item in (await demo.api("GET", "/v1/content"))["items"]}
    yield
    for item in (await demo.api("GET", "/v1/content"))["items"]:
        if item["id"] not in before and item["status"] == "published":
            await demo.api("POST", f"/v1/content/{item['id']}/cancel")
    for feed in (await demo.api("GET", "/v1/feeds"))["items"]:
        await demo.api("DELETE", f"/v1/feeds/{feed['id']}")


async def write(demo: Demo, **over: Any) -> dict[str, Any]:
    mall = (await demo.api("GET", "/v1/malls"))["items"][0]
    body = {
        "kind": "event",
        "texts": {"en": {"title": LONG, "text": "Bring a cushion. " * 8, "terms": "Free."}, "de": {"title": "Lesung"}},
        "mall_id": mall["id"],
        "starts": f"{SOON:%Y-%m-%dT%H:%M}",
        "ends": f"{SOON + timedelta(hours=2):%Y-%m-%dT%H:%M}",
        "categories": ["Books"],
    } | over
    made = await demo.api("POST", "/v1/content", body)
    return dict(await demo.api("POST", f"/v1/content/{made['id']}/publish"))


async def test_an_item_from_its_writing_to_its_end(open_page: OpenPage, demo: Demo, tidy: None, watch: Watch) -> None:
    watch.expect("status of 422")
    page = await open_page("/content")
    await page.get_by_test_id("new-content").click()
    await page.get_by_test_id("content-kind").select_option("event")
    await page.get_by_test_id("title-en").fill("Reading")
    await page.get_by_test_id("add-language").select_option("de")
    await page.get_by_test_id("title-de").fill("Lesung")
    await page.locator(".place-zone").first.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".place-chosen")).to_have_count(1)
    assert await page.get_by_test_id("content-zone").input_value()
    await page.get_by_test_id("content-save").click()
    await expect(page.locator(".field-bad")).to_contain_text("an event has a start")
    await expect(page.get_by_test_id("content-starts")).to_be_focused()
    await page.get_by_test_id("content-starts").fill(f"{SOON:%Y-%m-%dT%H:%M}")
    await page.get_by_test_id("content-save").click()
    await expect(page.get_by_test_id("content-state")).to_have_text("draft")
    await expect(page.get_by_test_id("make-campaign")).to_be_disabled()

    await page.get_by_test_id("content-publish").click()
    await expect(page.get_by_test_id("content-state")).to_have_text("coming up")
    await page.get_by_test_id("preview-language").select_option("de")
    await expect(page.get_by_test_id("previews")).to_contain_text("Lesung")
    await page.get_by_test_id("link-source").fill("poster")
    await page.get_by_test_id("make-link").click()
    row = page.get_by_test_id("link-row").filter(has_text="poster")
    await expect(row).to_contain_text("not opened yet")
    await expect(row.get_by_role("img", name="QR code of the link for poster")).to_be_visible()

    await page.get_by_test_id("content-edit").click()
    await page.get_by_test_id("title-en").fill("Story time")
    await page.get_by_test_id("content-save").click()
    await expect(page.get_by_role("heading", name="Story time")).to_be_visible()
    await page.get_by_test_id("make-campaign").click()
    await expect(page).to_have_url(re.compile(r"/campaigns\?id="))
    await page.go_back()
    await page.get_by_test_id("content-cancel").click()
    await page.get_by_test_id("confirm").click()
    await expect(toast(page, "is called off")).to_be_visible()
    await expect(page.get_by_test_id("content-state")).to_have_text("cancelled")


async def test_feeds_are_opened_and_closed(open_page: OpenPage, demo: Demo, tidy: None) -> None:
    page = await open_page("/content")
    await page.get_by_test_id("feed-name").fill("Web site")
    await page.get_by_test_id("open-feed").click()
    row = page.get_by_test_id("feed-row").filter(has_text="Web site")
    address = await row.get_by_role("link", name="Calendar").get_attribute("href")
    answer = await page.request.get(str(address))
    assert (answer.status, "BEGIN:VCALENDAR" in await answer.text()) == (200, True)
    await row.get_by_role("button", name="Close Web site").click()
    await page.get_by_test_id("confirm").click()
    await expect(row).to_have_count(0)


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_the_look(is_phone: bool, open_page: OpenPage, demo: Demo, tidy: None) -> None:
    item = await write(demo)
    await write(demo, kind="promotion", starts=None, texts={"en": {"title": "Two for one"}})
    await demo.api("POST", "/v1/feeds", {"name": "Web site"})
    page = await open_page("/content", is_phone=is_phone)
    await expect(page.get_by_test_id("content-list")).to_be_visible()
    await expect(page.get_by_test_id("feed-row")).to_be_visible()
    found = await faults(page, "list")
    for address, there in (
        ("/content?view=time", "timeline"),
        ("/content?new=1", "content-form"),
        (f"/content?id={item['id']}", "recipe"),
    ):
        await page.goto(address)
        await expect(page.get_by_test_id(there)).to_be_visible()
        found += await faults(page, there)
    assert found == []


async def test_nothing_yet_and_a_list_that_fails(open_page: OpenPage, watch: Watch) -> None:
    watch.expect("status of 500")
    page = await open_page(None)

    async def nothing(route: Route) -> None:
        await route.fulfill(json={"items": [], "next": None})

    async def fail(route: Route) -> None:
        problem = '{"type": "/problems/internal", "title": "Error", "status": 500, "detail": "The disk is full."}'
        await route.fulfill(status=500, content_type="application/problem+json", body=problem)

    await page.route("**/v1/content?*", nothing)
    await page.goto("/content")
    await expect(page.get_by_test_id("empty")).to_contain_text("Nothing is on yet")
    await page.unroute_all()
    await page.route("**/v1/content?*", fail)
    await page.goto("/content")
    await expect(page.get_by_test_id("error")).to_contain_text("The disk is full.")
    await page.unroute_all()
    await page.get_by_test_id("retry").click()
    await expect(page.get_by_test_id("error")).to_have_count(0)

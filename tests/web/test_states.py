"""Lists that wait, are empty or fail say so; trying again works."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, MallMap, Watch

pytestmark = MARKS
# A page, what it reads, what it says when there is nothing, and what is there when all went well.
LISTS = [
    ("/campaigns", "campaigns", "No campaigns yet", "[data-testid=campaign-row]"),
    ("/footfall", "malls", "No mall yet", "[data-testid=period-words]"),
    ("/review", "campaigns", "Nothing waits for you", "[data-testid=review-item]"),
    ("/messages", "messages", "No message yet", "[data-testid=message-row]"),
    ("/explain", "messages", "Click a dot on the map", ".row-link"),
    ("/map", "malls", "No mall yet", "[data-testid=zone-row]"),
    ("/stores", "stores", "No stores yet", "[data-testid=store-row]"),
    ("/webhooks", "webhooks", "No endpoint yet", "[data-testid=webhook-row]"),
]
Answer = Callable[[Route], Awaitable[None]]


async def answer_nothing(route: Route) -> None:
    await route.fulfill(status=200, content_type="application/json", body='{"items": [], "next": null}')


async def fail(route: Route) -> None:
    problem = '{"type": "/problems/internal", "title": "Error", "status": 500, "detail": "The disk is full."}'
    await route.fulfill(status=500, content_type="application/problem+json", body=problem)


async def lose(route: Route) -> None:
    await route.abort()


def held_until(go: asyncio.Event) -> Answer:
    async def hold(route: Route) -> None:
        await go.wait()
        await answer_nothing(route)

    return hold


def in_main(page: Page, testid: str) -> Locator:
    return page.locator("main").get_by_test_id(testid)


@pytest.mark.usefixtures("message")
@pytest.mark.parametrize("path, collection, nothing, row", LISTS, ids=[path for path, *_ in LISTS])
async def test_waiting_empty_failed_and_tried_again(
    path: str, collection: str, nothing: str, row: str, open_page: OpenPage, demo: Demo, watch: Watch
) -> None:
    watch.expect("status of 500")
    watch.expect("net::ERR_FAILED")
    if path == "/review":
        await demo.ask_approval("Waits for an answer")
    calls = re.compile(rf"/v1/{collection}(\?|$)")
    page, go = await open_page(None), asyncio.Event()
    await page.route(calls, held_until(go))
    await page.goto(path)
    await expect(in_main(page, "loading")).to_be_visible()
    go.set()
    await expect(page.locator("main")).to_contain_text(nothing)

    await page.unroute(calls)
    await page.route(calls, fail)
    await page.reload()
    await expect(in_main(page, "error")).to_contain_text("The disk is full.")
    await page.unroute(calls)
    await page.route(calls, lose)
    await in_main(page, "retry").click()
    await expect(in_main(page, "error")).to_contain_text("No connection")
    await page.unroute(calls)
    await in_main(page, "retry").click()
    await expect(page.locator("main").locator(row)).not_to_have_count(0)
    await expect(in_main(page, "error")).to_have_count(0)


async def test_no_zone_is_said_in_the_list(open_page: OpenPage) -> None:
    page = await open_page(None)
    await page.route(re.compile(r"/v1/zones\?"), answer_nothing)
    await page.goto("/map?fps=5")
    await MallMap(page).ready()
    await expect(in_main(page, "empty")).to_contain_text("No zones on this level")
    await page.get_by_test_id("zone-search").fill("airport")
    await expect(in_main(page, "empty")).to_contain_text("No zone has that name")


async def test_the_map_says_that_positions_are_lost(open_page: OpenPage) -> None:
    page = await open_page(None)
    await page.route_web_socket("**/v1/live/positions?*", lambda socket: socket.close())
    await page.goto("/map?fps=5")
    await expect(page.get_by_test_id("positions-lost")).to_be_visible()

"""Lists that wait, are empty or fail say so; trying again works."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, MallMap, Watch

pytestmark = MARKS
EMPTY = '{"items": [], "next": null}'
# The page, what it lists, and what is there when all went well.
LISTS = [
    ("/campaigns", "**/v1/campaigns?*", "campaign-row"),
    ("/review", "**/v1/campaigns?*", "review-item"),
    ("/messages", "**/v1/messages?*", "message-row"),
    ("/explain", "**/v1/messages?*", None),
]


async def answer_nothing(route: Route) -> None:
    await route.fulfill(status=200, content_type="application/json", body=EMPTY)


async def fail(route: Route) -> None:
    await route.fulfill(
        status=500, content_type="application/problem+json", body='{"title": "Oops", "detail": "Disk on fire."}'
    )


async def state(page: Page, name: str) -> None:
    await expect(page.locator("main").get_by_test_id(name)).to_be_visible()

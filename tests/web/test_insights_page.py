"""The page "Insights": every view filled by a shop of real people, told by k, on a laptop and on a phone."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from geoengage.kit.clock import utc_now
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, settled
from tests.web.people import Shop, make_shop, sign_in
from tests.web.test_look import faults

pytestmark = MARKS
BUYERS = 12
VIEWS = ("trends", "cohorts", "rfm", "worth", "when", "reach")


def orders() -> Iterator[dict[str, Any]]:
    """Twelve people who each bought every month of half a year, so that nothing about them is hidden."""
    for who in range(BUYERS):
        for month in range(6):
            at = utc_now() - timedelta(days=20 + 30 * month)
            yield {
                "source": "shop", "external_id": f"I-{who}-{month}", "ordered_at": at.isoformat(), "currency": "CHF",
                "status": "paid", "channel": "web", "customer": {"external_id": f"I-{who}"},
                "lines": [{"external_id": "1", "name": "Kite", "quantity": 1, "total_minor": 2000 + 500 * who}],
            }  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(demo: Demo, demo_env: dict[str, str]) -> Shop:
    made = await make_shop(demo, demo_env)
    await made.demo.api("POST", "/v1/orders:batch", {"orders": list(orders())})
    return made


async def as_owner(open_page: OpenPage, shop: Shop, path: str, *, is_phone: bool = False) -> Page:
    page = await open_page(None, is_phone=is_phone, guest=True)
    await sign_in(page, shop, "owner")
    await page.goto(path)
    return page


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_every_view_is_filled_and_fits(open_page: OpenPage, shop: Shop, *, is_phone: bool) -> None:
    page = await as_owner(open_page, shop, "/insights", is_phone=is_phone)
    found = []
    for view in VIEWS:
        await page.get_by_test_id(f"view-{view}").click()
        await expect(page.get_by_test_id(f"view-{view}")).to_have_attribute("aria-current", "page")
        await settled(page)
        found += await faults(page, view)
    assert found == []


async def test_what_the_views_tell(open_page: OpenPage, shop: Shop) -> None:
    page = await as_owner(open_page, shop, "/insights")
    revenue = page.get_by_test_id("metric-revenue")
    await expect(revenue.locator(".metric-value")).to_contain_text("CHF")
    await revenue.get_by_text("What it means").click()
    await expect(revenue).to_contain_text("Formula:")
    async with page.expect_download() as download:
        await revenue.get_by_role("link", name="As a file").click()
    text = (await (await download.value).path()).read_text("utf-8-sig")
    assert text.startswith("metric,period,from,to")
    await page.get_by_test_id("view-cohorts").click()
    await expect(page.get_by_test_id("cohorts").locator("tbody tr")).not_to_have_count(0)
    await page.get_by_test_id("view-when").click()
    await expect(page.get_by_test_id("week-hours")).to_contain_text("Mo")
    await page.get_by_test_id("view-trends").click()
    await page.get_by_test_id("metrics-of").select_option(label="Kites at the lake")
    await expect(page).to_have_url(f"{shop.demo.url}/insights?view=trends&of=store%3A{shop.right}")
    await expect(page.get_by_test_id("metric-revenue")).to_be_visible()

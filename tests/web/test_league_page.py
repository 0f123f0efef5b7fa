"""The page of the league: totals that new stores do not swell, a table that is ordered, what a shop sees; a store's
limit on its card; laptop and phone."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest_asyncio
from playwright.async_api import Page, expect

from geoengage.kit.clock import utc_now
from geoengage.marketplace.rules.league import month_before
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, settled
from tests.web.people import Shop, make_shop, sign_in
from tests.web.test_look import faults

pytestmark = MARKS
LAST = month_before(utc_now().date().replace(day=1))
PEOPLE = 12


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def market(demo: Demo, demo_env: dict[str, str]) -> AsyncIterator[Shop]:
    """The station's shop halves what it took; the one at the lake opened last month."""
    shop = await make_shop(demo, demo_env)
    sold = [(shop.left, 3, 100), (shop.left, 1, 100), (shop.left, 0, 50), (shop.right, 0, 200)]
    orders = [_order(store, back, n, francs) for store, back, francs in sold for n in range(PEOPLE)]
    await shop.demo.api("POST", "/v1/orders:batch", {"orders": orders})
    yield shop


def _order(store: str, back: int, n: int, francs: int) -> dict[str, Any]:
    month = month_before(LAST, back)
    at = datetime(month.year, month.month, 12, 10, tzinfo=UTC).isoformat()
    return {
        "source": "shop", "external_id": f"L-{store[-6:]}-{back}-{n}", "ordered_at": at, "currency": "CHF",
        "status": "paid", "channel": "pos", "store_id": store, "customer": {"external_id": f"league-{n}"},
        "lines": [{"external_id": "1", "name": "Kite", "quantity": 1, "total_minor": 100 * francs}],
    }  # fmt: skip


async def as_role(open_page: OpenPage, shop: Shop, role: str, path: str, *, is_phone: bool = False) -> Page:
    page = await open_page(None, is_phone=is_phone, guest=True)
    await sign_in(page, shop, role)
    await page.goto(path)
    return page


async def test_new_stores_are_no_growth(open_page: OpenPage, market: Shop) -> None:
    page = await as_role(open_page, market, "owner", "/overview")
    await page.get_by_test_id("nav-more").click()
    await page.get_by_test_id("nav-league").click()
    total = page.get_by_test_id("league-total")
    await expect(total).to_contain_text("CHF 3,000.00")
    await expect(total).to_contain_text("2 stores together, +150 % on the month before")
    await expect(total).to_contain_text("The same 1: -50 % on the month before. New stores took CHF 2,400.00.")
    rows = page.get_by_test_id("league-row")
    await expect(rows.nth(0)).to_contain_text("Kites at the lake")
    await expect(rows.nth(0)).to_contain_text("new")
    await page.get_by_test_id("sort-growth").click()
    await expect(rows.nth(0)).to_contain_text("-50 %")
    await expect(rows.nth(0)).to_contain_text("100 %")
    await expect(page.get_by_role("columnheader", name="Growth")).to_have_attribute("aria-sort", "descending")
    await page.get_by_test_id("league-month").select_option(f"{month_before(LAST):%Y-%m}")
    await expect(total).to_contain_text("CHF 1,200.00")
    assert not await faults(page, "league")


async def test_a_shop_sees_itself(open_page: OpenPage, market: Shop) -> None:
    page = await as_role(open_page, market, "shop", "/league", is_phone=True)
    await expect(page.get_by_test_id("league-row")).to_have_count(1)
    await expect(page.get_by_test_id("league-row")).to_contain_text("Kites at the station")
    await expect(page.get_by_test_id("league-total")).to_have_count(0)
    await settled(page)
    assert not await faults(page, "league")


async def test_a_limit_is_set_on_the_store_s_card(open_page: OpenPage, market: Shop, watch: Watch) -> None:
    watch.expect("status of 422")
    page = await as_role(open_page, market, "owner", f"/stores?id={market.right}")
    panel = page.get_by_test_id("store-spend")
    await expect(panel).to_contain_text("Nothing this month.")
    await page.get_by_test_id("limit-amount").fill("250,5")
    await page.get_by_test_id("limit-currency").fill("xyz")
    await page.get_by_test_id("limit-save").click()
    await expect(panel).to_contain_text("XYZ is no currency")
    await page.get_by_test_id("limit-currency").fill("chf")
    await page.get_by_test_id("limit-save").click()
    await expect(panel).to_contain_text("Nothing this month of CHF 250.50.")
    spend = await market.demo.api("GET", f"/v1/stores/{market.right}/spend")
    assert spend["limit"] == {"limit_minor": 25_050, "currency": "CHF"}
    await page.get_by_test_id("limit-amount").fill("")
    await page.get_by_test_id("limit-save").click()
    await expect(panel.locator("p").first).to_have_text("Nothing this month.")

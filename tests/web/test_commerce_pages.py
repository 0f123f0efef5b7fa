"""The pages "Orders" and "Products": listed, filtered, empty, and closed to roles that are not for them."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, settled
from tests.web.people import Shop, make_order, make_shop, sign_in
from tests.web.test_look import faults

pytestmark = MARKS
NUMBER = "C-4711"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(demo: Demo, demo_env: dict[str, str]) -> Shop:
    made = await make_shop(demo, demo_env)
    await make_order(made, NUMBER, {"external_id": "C-1"})
    variants: list[dict[str, Any]] = [{"price_minor": 8900, "currency": "CHF"}]
    kite = {"external_id": "kite", "name": "Dragon kite of ripstop nylon, four metres", "variants": variants}
    await made.demo.api("POST", "/v1/products", kite)
    return made


async def as_support(open_page: OpenPage, shop: Shop, path: str, *, is_phone: bool = False) -> Page:
    page = await open_page(None, is_phone=is_phone, guest=True)
    await sign_in(page, shop, "support")
    await page.goto(path)
    return page


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_orders(open_page: OpenPage, shop: Shop, *, is_phone: bool) -> None:
    page = await as_support(open_page, shop, "/orders", is_phone=is_phone)
    orders = page.get_by_test_id("order-list")
    await expect(orders).to_contain_text(NUMBER)
    found = await faults(page, "orders")
    await page.get_by_test_id("order-number").fill(f"#{NUMBER}")
    await page.get_by_test_id("order-number").press("Enter")
    await expect(orders).to_contain_text("Reel")  # the only one is open
    await settled(page)
    found += await faults(page, "order")
    await page.goto("/orders?number=nobody")
    await expect(page.get_by_test_id("empty")).to_contain_text("No such order")
    assert found + await faults(page, "none") == []


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_products(open_page: OpenPage, shop: Shop, *, is_phone: bool) -> None:
    page = await as_support(open_page, shop, "/products", is_phone=is_phone)
    await expect(page.get_by_test_id("product-list")).to_contain_text("Dragon kite")
    await expect(page.get_by_test_id("product-list")).to_contain_text("89.00")
    found = await faults(page, "products")
    await page.get_by_test_id("product-query").fill("nothing like it")
    await page.get_by_test_id("product-query").press("Enter")
    await expect(page.get_by_test_id("empty")).to_contain_text("No such product")
    assert found + await faults(page, "none") == []

"""The page of offers: one written without JSON, tried on a cart, switched on, printed, put away; budgets, margins;
empty and failed lists; laptop and phone; who may."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Watch, toast
from tests.web.people import Shop, make_shop, sign_in
from tests.web.test_look import faults

pytestmark = MARKS
LONG_NAME = "A rather long name for an offer, as people write who think of everything at once"
TRAIN = {
    "external_id": "offer-train", "name": "Wooden train", "brand": "Brix", "category": "Toys > Trains",
    "variants": [{"external_id": "offer-train", "price_minor": 2000, "cost_minor": 1200, "currency": "CHF"}],
}  # fmt: skip
KITE = {"external_id": "offer-kite", "name": "Kite", "variants": [{"price_minor": 1000, "currency": "CHF"}]}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(demo: Any, demo_env: dict[str, str]) -> Shop:
    made = await make_shop(demo, demo_env)
    for product in (TRAIN, KITE):
        await made.demo.api("POST", "/v1/products", product)
    return made


async def as_role(open_page: OpenPage, shop: Shop, role: str, path: str, *, is_phone: bool = False) -> Page:
    page = await open_page(None, is_phone=is_phone, guest=True)
    await sign_in(page, shop, role)
    await page.goto(path)
    return page


async def add(shop: Shop, **over: Any) -> dict[str, Any]:
    body = {
        "name": "Ten", "currency": "CHF", "status": "active", "group": None,
        "benefit": {"kind": "percent", "percent": 10},
    } | over  # fmt: skip
    made: dict[str, Any] = await shop.demo.api("POST", "/v1/offers", body)
    return made


async def put(page: Page, field: str, text: str) -> None:
    """A product into a field of products."""
    await page.get_by_test_id(field).fill(text)
    await page.get_by_test_id(f"{field}-found").get_by_role("button").first.click()


async def test_an_offer_from_its_writing_to_its_end(
    open_page: OpenPage, shop: Shop, watch: Watch, tmp_path: Path
) -> None:
    watch.expect("status of 422")
    page = await as_role(open_page, shop, "owner", "/offers")
    await expect(page.get_by_test_id("empty")).to_contain_text("No offer yet")
    found = await faults(page, "empty")
    await page.get_by_test_id("new-offer").click()
    await page.get_by_test_id("offer-name").fill("Second train")
    await page.get_by_test_id("offer-kind").select_option("second_item")
    await page.get_by_test_id("offer-percent").fill("500")
    await put(page, "offer-products", "wooden")
    await page.get_by_test_id("offer-code").check()
    await page.get_by_test_id("offer-budget").fill("50")
    await page.get_by_test_id("offer-save").click()
    await expect(page.locator(".field-bad")).to_contain_text("less than or equal to 100")
    await page.get_by_test_id("offer-percent").fill("50")
    await page.get_by_test_id("offer-save").click()
    await expect(page.locator(".field-bad")).to_contain_text("needs the most that one use may cost")
    await expect(page.get_by_test_id("offer-most")).to_be_focused()
    await page.get_by_test_id("offer-most").fill("ten")
    await page.get_by_test_id("offer-save").click()
    await expect(page.locator(".field-bad")).to_contain_text("Not an amount")
    await page.get_by_test_id("offer-most").fill("10.00")
    await page.get_by_test_id("offer-save").click()
    await expect(page.get_by_test_id("offer-state")).to_have_text("draft")

    tried = page.get_by_test_id("try-result")
    await expect(tried).to_contain_text("needs a coupon's code")  # the train lies in it already
    await page.get_by_test_id("offer-on").click()
    await expect(page.get_by_test_id("offer-state")).to_have_text("on")
    await page.get_by_test_id("print").click()
    await page.get_by_test_id("print-count").fill("3")
    async with page.expect_download() as download:
        await page.get_by_test_id("confirm").click()
    path = tmp_path / "codes.csv"
    await (await download.value).save_as(path)
    codes = [row["code"] for row in csv.DictReader(path.read_text().splitlines())]
    assert len(codes) == 3
    await expect(page.get_by_test_id("coupon-counts")).to_contain_text("3 with the customer")
    await expect(page.get_by_test_id("budget")).to_contain_text("CHF 30.00 promised of CHF 50.00")
    await expect(page.get_by_test_id("coupon-row").first).to_contain_text(codes[-1][-5:])

    await page.get_by_test_id("try-code").fill(codes[0])
    await page.get_by_label("How many of Wooden train").fill("2")
    await expect(page.get_by_test_id("try-total")).to_have_text("CHF 30.00")
    await expect(page.get_by_test_id("try-reasons")).to_contain_text("10.00 CHF less")
    found += await faults(page, "one")

    await page.get_by_test_id("offer-edit").click()
    await expect(page.get_by_test_id("offer-products-chosen")).to_contain_text("Wooden train")
    await page.get_by_test_id("offer-label").fill("The second train for half")
    await page.get_by_test_id("offer-save").click()
    await expect(page.get_by_role("heading", name="The second train for half")).to_be_visible()
    await page.get_by_test_id("offer-pause").click()
    await expect(page.get_by_test_id("offer-state")).to_have_text("paused")
    await page.get_by_test_id("offer-archive").click()
    found += await faults(page, "archive-dialog")
    await page.get_by_test_id("confirm").click()
    await expect(toast(page, "is put away")).to_be_visible()
    await page.get_by_test_id("archived").click()
    await expect(page.get_by_test_id("offer-row")).to_contain_text("Second train")
    assert found == []


async def test_sizes_go_by_decline(open_page: OpenPage, shop: Shop) -> None:
    page = await as_role(open_page, shop, "owner", "/offers?new=1")
    await page.get_by_test_id("offer-name").fill("Come back")
    await page.get_by_test_id("offer-tiered").check()
    await page.get_by_test_id("tier-marked").fill("10")
    await page.get_by_test_id("tier-severe").fill("25")
    await page.get_by_test_id("offer-group").select_option("")
    await page.get_by_test_id("offer-save").click()
    await expect(page.get_by_test_id("offer")).to_contain_text("10 % for who buys clearly less than usual")
    await put(page, "try-product", "kite")
    await expect(page.get_by_test_id("try-reasons")).to_contain_text("no size for how this customer buys")
    await page.get_by_test_id("try-decline").select_option("severe")
    await expect(page.get_by_test_id("try-total")).to_have_text("CHF 7.50")


async def test_margins_are_said(open_page: OpenPage, shop: Shop) -> None:
    await add(shop, name="Half", benefit={"kind": "percent", "percent": 50})
    page = await as_role(open_page, shop, "owner", "/offers")
    await page.get_by_test_id("margins-edit").click()
    await page.get_by_test_id("margin").fill("30")
    await page.get_by_test_id("floor").fill("20")
    found = await faults(page, "margins")
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("margins")).to_contain_text("less than 20 % margin")
    await put(page, "try-product", "wooden")
    await expect(page.get_by_test_id("try-reasons")).to_contain_text("The margin floor kept 5.00 CHF of it")
    await shop.demo.api("PUT", "/v1/margins", {"margin_percent": None, "floor_percent": None})
    assert found == []


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_the_look(is_phone: bool, open_page: OpenPage, shop: Shop) -> None:
    made = await add(
        shop,
        name=LONG_NAME,
        budget={"amount_minor": 5000, "uses": 20},
        max_discount_minor=500,
        tiers={"slight": 5, "marked": 10, "severe": 25},
        conditions={"days": ["mon", "tue"], "hours": {"start": "09:00", "end": "18:00"}, "min_basket_minor": 3000},
        targets={"categories": ["Toys"], "brands": ["Brix"]},
    )
    page = await as_role(open_page, shop, "owner", "/offers", is_phone=is_phone)
    await expect(page.get_by_test_id("offer-list")).to_contain_text(LONG_NAME)
    await put(page, "try-product", "wooden")
    await expect(page.get_by_test_id("try-total")).to_be_visible()
    found = await faults(page, "list")
    await page.goto(f"/offers?id={made['id']}")
    await expect(page.get_by_test_id("budget")).to_contain_text("0 used and 0 promised of 20")
    await put(page, "try-product", "wooden")
    await expect(page.get_by_test_id("try-reasons")).to_contain_text(LONG_NAME)
    found += await faults(page, "detail")
    await page.goto(f"/offers?id={made['id']}&edit=1")
    await expect(page.get_by_test_id("offer-form")).to_be_visible()
    found += await faults(page, "form")
    for kind in ("bundle", "gift", "buy_get"):
        await page.get_by_test_id("offer-kind").select_option(kind)
        found += await faults(page, kind)
    await page.get_by_test_id("offer-products").fill("no such thing")
    await expect(page.get_by_test_id("offer-products-found")).to_contain_text("No such product")
    found += await faults(page, "nothing found")
    assert found == []


async def test_lists_that_fail_say_so(open_page: OpenPage, shop: Shop, watch: Watch) -> None:
    watch.expect("status of 500")
    problem = '{"type": "/problems/internal", "title": "Error", "status": 500, "detail": "The disk is full."}'

    async def fail(route: Route) -> None:
        await route.fulfill(status=500, content_type="application/problem+json", body=problem)

    page = await as_role(open_page, shop, "owner", "/overview")
    await page.route(re.compile(r"/v1/offers(\?|/price)"), fail)
    await page.goto("/offers")
    await expect(page.locator("main").get_by_test_id("error")).to_contain_text("The disk is full.")
    await page.unroute_all()
    await page.locator("main").get_by_test_id("retry").click()
    await expect(page.get_by_test_id("margins")).to_be_visible()


async def test_who_only_reads_is_offered_no_change(open_page: OpenPage, shop: Shop) -> None:
    await add(shop, name="To be read")
    page = await as_role(open_page, shop, "analyst", "/offers")
    await page.get_by_role("link", name="To be read").click()
    await expect(page.get_by_test_id("offer-state")).to_have_text("on")
    for testid in ("offer-pause", "offer-edit", "print", "try-cart", "new-offer"):
        await expect(page.get_by_test_id(testid)).to_have_count(0)

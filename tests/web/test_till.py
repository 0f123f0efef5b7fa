"""The till page in Chromium: sales, offline and back with the time of the sale, returns, refusals; how it looks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.web.console import MARKS, Demo, Watch
from tests.web.test_look import faults

pytestmark = MARKS
OpenTill = Callable[..., Awaitable[Page]]
SIZES = pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
PRODUCTS = [
    {"external_id": "till-bread", "name": "Sourdough bread", "price": 650, "barcode": "7611111111111"},
    {
        "external_id": "till-train",
        "name": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk of wood",
        "price": 4990,
    },
    {"external_id": "till-tea", "name": "Green tea", "price": 890},
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def member(demo: Demo) -> str:
    """What the café sells, and the code of a member whose name is known."""
    products = [
        {
            "external_id": each["external_id"],
            "name": each["name"],
            "variants": [{"price_minor": each["price"], "currency": "EUR", "barcode": each.get("barcode")}],
        }
        for each in PRODUCTS
    ]
    await demo.api("POST", "/v1/products:batch", {"products": products})
    code = f"m-{uuid4().hex[:8]}"
    phone = await demo.api("POST", "/v1/devices", {"platform": "ios"}, key="publishable_key")
    person = {"external_id": code, "first_name": "Mia", "attributes": {"last_name": "Keller"}}
    await demo.api("POST", f"/v1/devices/{phone['device_id']}/link", person)
    return code


@pytest_asyncio.fixture(loop_scope="session")
async def open_till(browser: Browser, demo: Demo, watch: Watch, signed_in: Any, member: str) -> AsyncIterator[OpenTill]:
    """Browsers that have never been a till; none complains at the end."""
    opened = []

    async def make(*, is_phone: bool = False, logged_in: bool = True) -> Page:
        size = {"width": 390, "height": 844} if is_phone else {"width": 1440, "height": 900}
        cookie = signed_in if logged_in else None
        context = await browser.new_context(base_url=demo.url, viewport=size, storage_state=cookie, has_touch=is_phone)
        context.set_default_timeout(20_000)
        opened.append(context)
        page = await context.new_page()
        watch.attach(page)
        await page.goto("/till/")
        return page

    yield make
    for context in opened:
        await context.close()
    assert watch.problems == []


async def set_up(page: Page, demo: Demo) -> None:
    """It is the till of the café."""
    store = await demo.api("GET", f"/v1/stores/{demo.state['store_id']}")
    await page.get_by_test_id("stores").get_by_role("button", name=store["properties"]["name"], exact=True).click()
    await expect(page.get_by_test_id("products").get_by_role("button", name="Sourdough bread")).to_be_visible()


async def pick(page: Page, *names: str) -> None:
    for name in names:
        await page.get_by_test_id("products").get_by_role("button", name=name).click()


async def number(page: Page) -> str:
    """Of the sale that was made last, once it is kept."""
    await expect(page.get_by_test_id("last")).to_contain_text("number")
    text = await page.get_by_test_id("last").inner_text()
    return text.rpartition(" ")[2]


async def order_of(demo: Demo, sale_id: str) -> dict[str, Any]:
    async with asyncio.timeout(20):  # the till says its number before the server has it
        while not (found := await demo.api("GET", f"/v1/orders?external_id={sale_id}"))["items"]:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    (order,) = found["items"]
    return dict(order)


@SIZES
async def test_a_sale_with_a_member(open_till: OpenTill, demo: Demo, member: str, is_phone: bool) -> None:
    page = await open_till(is_phone=is_phone)
    await expect(page.get_by_test_id("stores")).to_be_visible()
    found = await faults(page, "stores")
    await set_up(page, demo)
    await pick(page, "Sourdough bread", "Green tea", "Sourdough bread", "Donaudampf")
    await page.get_by_role("button", name="One Green tea less").click()
    await page.get_by_test_id("search").fill("7611111111111")
    await page.keyboard.press("Enter")  # as a scanner does
    await page.get_by_test_id("member").fill(member)
    await page.get_by_test_id("find").click()
    await expect(page.get_by_test_id("who")).to_contain_text("Mia K. · may we write by e-mail")
    found += await faults(page, "a sale")
    await page.get_by_test_id("take").click()
    await expect(page.get_by_test_id("status")).to_have_text("Online")
    order = await order_of(demo, await number(page))
    assert [(line["name"], line["quantity"]) for line in order["lines"]] == [
        ("Sourdough bread", 3), (PRODUCTS[1]["name"], 1)
    ]  # fmt: skip
    assert (order["total_minor"], order["channel"], order["customer"]["external_id"]) == (6940, "pos", member)
    found += await faults(page, "sold")
    assert found == []


async def test_offers_and_a_code(open_till: OpenTill, demo: Demo, member: str) -> None:
    """The sum is what the one pricing function says; the sale uses the code, and the code is good once."""
    body = {
        "name": "Bread by code", "currency": "EUR", "status": "active", "max_discount_minor": 500,
        "store_id": demo.state["store_id"],
        "benefit": {"kind": "second_item", "percent": 50}, "conditions": {"with_code": True},
    }  # fmt: skip
    offer = await demo.api("POST", "/v1/offers", body)
    printed = {"count": 1, "expires_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    codes = await demo.api("POST", f"/v1/offers/{offer['id']}/coupons", printed)
    code = codes.splitlines()[1].partition(",")[0]
    page = await open_till()
    await set_up(page, demo)
    await pick(page, "Sourdough bread", "Sourdough bread")
    await expect(page.get_by_test_id("take")).to_contain_text("13.00")
    await page.get_by_test_id("coupon").fill("WRONG")
    await expect(page.get_by_test_id("coupon-refused")).to_contain_text("Nobody was given this code")
    await page.get_by_test_id("coupon").fill(code.lower())
    await expect(page.get_by_test_id("offers")).to_contain_text("Bread by code")
    await expect(page.get_by_test_id("take")).to_contain_text("9.75")
    found = await faults(page, "offers")
    await page.get_by_test_id("take").click()
    order = await order_of(demo, await number(page))
    assert (order["total_minor"], order["discount_minor"]) == (975, 325)
    assert (await demo.api("GET", f"/v1/offers/{offer['id']}"))["coupons"]["redeemed"] == 1
    await demo.api("DELETE", f"/v1/offers/{offer['id']}")
    assert found == []


async def test_without_a_network_and_back(open_till: OpenTill, demo: Demo, watch: Watch) -> None:
    page = await open_till()
    await set_up(page, demo)
    await page.evaluate("() => navigator.serviceWorker.ready")
    watch.expect("Failed to load resource")
    watch.expect("net::ERR_INTERNET_DISCONNECTED")
    await page.context.set_offline(True)
    await page.reload()  # the shell and the catalogue are kept
    await pick(page, "Green tea")
    await page.get_by_test_id("member").fill("nobody-yet")
    await page.get_by_test_id("find").click()
    await expect(page.get_by_test_id("who")).to_contain_text("No answer now")
    before = datetime.now(UTC)
    await page.get_by_test_id("take").click()
    await expect(page.get_by_test_id("status")).to_contain_text("1 sale waits")
    first, after = await number(page), datetime.now(UTC)
    await page.reload()
    await pick(page, "Sourdough bread")
    await page.get_by_test_id("take").click()
    await expect(page.get_by_test_id("status")).to_contain_text("No connection · 2 sales wait")
    second = await number(page)
    assert (await demo.api("GET", f"/v1/orders?external_id={first}"))["items"] == []
    found = await faults(page, "offline")
    await page.wait_for_timeout(1500)
    await page.context.set_offline(False)
    await expect(page.get_by_test_id("status")).to_have_text("Online")
    order = await order_of(demo, first)
    assert before.replace(microsecond=0) <= datetime.fromisoformat(order["ordered_at"]) <= after
    assert (await order_of(demo, second))["lines"][0]["name"] == "Sourdough bread"
    assert found == []


async def test_a_return_and_what_is_refused(open_till: OpenTill, demo: Demo, watch: Watch) -> None:
    page = await open_till()
    await set_up(page, demo)
    await pick(page, "Green tea")
    await page.get_by_test_id("take").click()
    sold = await number(page)
    await pick(page, "Green tea")
    await page.get_by_test_id("return").check()
    await page.get_by_test_id("original").fill(sold)
    await expect(page.get_by_test_id("take")).to_contain_text("Give back · -€8.90")
    await page.get_by_test_id("take").click()
    await expect(page.get_by_test_id("last")).to_contain_text("Given back")
    await expect(page.get_by_test_id("status")).to_have_text("Online")
    back = await order_of(demo, await number(page))
    assert (back["total_minor"], back["return_of"]) == (-890, sold)
    # a clock that is hours ahead: the server never takes such a sale, and somebody has to know
    watch.expect("Failed to load resource")
    await page.clock.set_fixed_time(datetime(2099, 1, 1, tzinfo=UTC))
    await pick(page, "Green tea")
    await page.get_by_test_id("take").click()
    await expect(page.get_by_test_id("refused")).to_contain_text("check the clock")
    assert await faults(page, "refused") == []
    await page.get_by_test_id("refused").get_by_role("button").click()
    await expect(page.get_by_test_id("refused")).to_have_count(0)


async def test_a_scanned_code_that_is_not_kept_is_asked_for(open_till: OpenTill, demo: Demo) -> None:
    page = await open_till()
    await set_up(page, demo)
    code = f"42{uuid4().int % 10**10:010}"
    variant = {"price_minor": 1250, "currency": "EUR", "barcode": code}
    await demo.api("POST", "/v1/products", {"external_id": code, "name": "Just delivered", "variants": [variant]})
    await page.get_by_test_id("search").fill(code)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("This sale")).to_contain_text("Just delivered")
    await expect(page.get_by_test_id("search")).to_have_value("")


async def test_who_is_not_logged_in_is_told(open_till: OpenTill, demo: Demo, watch: Watch) -> None:
    watch.expect("Failed to load resource")
    page = await open_till(logged_in=False)
    await expect(page.get_by_test_id("nothing")).to_contain_text("Log in first")
    await expect(page.get_by_test_id("log-in")).to_have_attribute("href", "/login?next=%2Ftill%2F")
    assert await faults(page, "logged out") == []
    await page.get_by_test_id("log-in").click()
    await page.get_by_test_id("email").fill(demo.state["operator_email"])
    await page.get_by_test_id("password").fill(demo.state["operator_password"])
    await page.get_by_test_id("login-form").get_by_test_id("log-in").click()
    await expect(page.get_by_test_id("stores")).to_be_visible()

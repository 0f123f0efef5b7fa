"""Sources on the page of apps: write keys made, used as the page says, revoked; refusals; a Shopify shop connected, its
deliveries shown, removed; empty and failed; laptop and phone; axe."""

import base64
import hmac
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.conftest import ROOT
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, toast
from tests.web.test_look import faults

pytestmark = MARKS
NOT_SET_UP = ("/firebase)", "/email)")  # a 404, which Chromium logs
SECRET, SHOP = "shpss_0123456789", "page-test.myshopify.com"
ORDER: dict[str, Any] = json.loads((ROOT / "tests" / "data" / "shopify_order.json").read_text())


@pytest_asyncio.fixture(loop_scope="session")
async def tidy(demo: Demo) -> AsyncIterator[None]:
    """Keys and connections that the test makes are gone after it."""
    yield
    for key in (await demo.api("GET", "/v1/keys?limit=500"))["items"]:
        if key["kind"] == "wk" and key["revoked_at"] is None:
            await demo.api("DELETE", f"/v1/keys/{key['id']}")
    for connection in (await demo.api("GET", "/v1/connections"))["items"]:
        await demo.api("DELETE", f"/v1/connections/{connection['id']}")


async def made_key(page: Page, name: str, writes: str) -> str:
    """Makes a key on the page; returns it, out of the lines to paste."""
    await page.get_by_test_id("key-name").fill(name)
    await page.get_by_test_id("key-writes").select_option(writes)
    await page.get_by_test_id("key-make").click()
    await expect(page.get_by_test_id("new-key")).to_contain_text(f"{name} is made")
    found = re.search(r"wk_[\w-]+", await page.get_by_test_id("snippet").inner_text())
    assert found
    return found[0]


async def test_write_keys_from_their_making_to_their_end(
    open_page: OpenPage, demo: Demo, tidy: None, watch: Watch
) -> None:
    watch.expect(*NOT_SET_UP)
    page = await open_page("/apps")
    part = page.get_by_test_id("write-keys-part")
    await expect(part).to_contain_text("No key yet")
    await expect(page.get_by_test_id("refusals")).to_contain_text("No event was refused")
    await page.get_by_test_id("key-make").click()
    await expect(part.locator(".field-error").first).to_contain_text("Say what it is for")
    await expect(page.get_by_test_id("key-name")).to_be_focused()
    assert await faults(page, "a key without name") == []

    key = await made_key(page, "Web shop", "server")
    for language, words in (("node", "@segment/analytics-node"), ("curl", "/v1/track"), ("python", "analytics.host")):
        await page.get_by_test_id("snippet-language").select_option(language)
        lines = await page.get_by_test_id("snippet").inner_text()
        assert key in lines
        assert words in lines
        assert demo.url in lines
    assert await faults(page, "a new key") == []
    await page.get_by_test_id("snippet-copy").click()
    await expect(toast(page, "copied")).to_be_visible()
    assert key.startswith("wk_")
    async with httpx.AsyncClient(base_url=demo.url) as http:
        batch = [{"type": "track", "event": "Seen", "userId": "c1"}, {"type": "track", "userId": "c1"}]
        assert (await http.post("/v1/batch", json={"batch": batch}, auth=(key, ""))).status_code == 200

    browser = await made_key(page, "Home page", "browser")
    assert browser in await page.get_by_test_id("snippet").inner_text()
    await expect(page.get_by_test_id("write-keys").locator("li")).to_have_count(2)

    await page.reload()
    assert key not in await page.content()
    await expect(page.get_by_test_id("refusals")).to_contain_text("a track call without event")
    row = page.get_by_test_id("write-keys").locator("li", has_text="Web shop")
    await row.get_by_test_id("key-revoke").click()
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("write-keys").locator("li")).to_have_count(1)
    async with httpx.AsyncClient(base_url=demo.url) as http:
        assert (await http.post("/v1/batch", json={"batch": []}, auth=(key, ""))).status_code == 401
    assert await faults(page, "one key left") == []


async def test_a_shop_is_connected_delivers_and_is_removed(
    open_page: OpenPage, demo: Demo, tidy: None, watch: Watch
) -> None:
    watch.expect(*NOT_SET_UP)
    watch.expect("status of 422")
    page = await open_page("/apps")
    part = page.get_by_test_id("shopify")
    await expect(part).to_contain_text("No shop is connected")
    await page.get_by_test_id("shop-open").click()
    await page.get_by_test_id("shop-name").fill("Web shop")
    await page.get_by_test_id("shop-domain").fill("toys.example.com")
    await page.get_by_test_id("shop-secret").fill(SECRET)
    await page.get_by_test_id("shop-connect").click()
    await expect(part.locator(".field-error", has_text="myshopify.com")).to_be_visible()
    await expect(page.get_by_test_id("shop-domain")).to_be_focused()
    assert await faults(page, "a wrong shop") == []
    await page.get_by_test_id("shop-domain").fill(SHOP)
    await page.get_by_test_id("shop-connect").click()
    connection = page.get_by_test_id("connection")
    await expect(connection).to_contain_text("waits for its first delivery")
    assert SECRET not in await page.content()
    assert await faults(page, "connected") == []

    url = await page.get_by_test_id("connection-url").inner_text()
    body = json.dumps(ORDER).encode()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
    headers = {"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-Sha256": signature, "X-Shopify-Webhook-Id": "d1"}
    async with httpx.AsyncClient() as http:
        assert (await http.post(url, content=body, headers=headers)).status_code == 200
        assert (await http.post(url, content=body + b" ", headers=headers)).status_code == 401
    await page.reload()
    await expect(connection).to_contain_text("delivers")
    await page.get_by_test_id("connection-deliveries").click()
    await expect(page.get_by_test_id("deliveries")).to_contain_text("orders/create")
    assert await faults(page, "deliveries") == []
    await page.get_by_test_id("connection-remove").click()
    await page.get_by_test_id("confirm").click()
    await expect(part).to_contain_text("No shop is connected")


async def test_on_a_phone_and_when_the_server_fails(open_page: OpenPage, demo: Demo, tidy: None, watch: Watch) -> None:
    watch.expect(*NOT_SET_UP)
    watch.expect("status of 503")
    page = await open_page("/apps", is_phone=True)
    await made_key(page, "A rather long name for a website, as agencies like to give them", "server")
    body = {"name": "Web shop of the north", "shop": SHOP, "secret": SECRET, "access_token": "shpat_0123456789"}
    await demo.api("POST", "/v1/connections", body)

    async def fail(route: Route) -> None:
        problem = {"type": "/problems/unavailable", "title": "Not now", "status": 503, "detail": "Try again later."}
        await route.fulfill(status=503, json=problem)

    await page.route("**/v1/connections*", fail)
    await page.reload()
    part = page.get_by_test_id("shopify")
    await expect(part.get_by_role("alert").first).to_be_visible()
    assert await faults(page, "the server fails") == []
    await page.unroute("**/v1/connections*")
    await part.get_by_test_id("retry").click()
    await expect(page.get_by_test_id("connection")).to_contain_text("Web shop of the north")
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    assert await faults(page, "phone") == []

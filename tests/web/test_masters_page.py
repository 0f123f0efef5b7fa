"""The page of master recipes: made, tried on a few stores, rolled out, taken back; a store's own part; a phone."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, settled, toast
from tests.web.people import Shop, make_shop
from tests.web.test_league_page import as_role
from tests.web.test_look import faults

pytestmark = MARKS


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def market(demo: Demo, demo_env: dict[str, str]) -> AsyncIterator[Shop]:
    """Two stores that sell in francs and know their margin."""
    shop = await make_shop(demo, demo_env)
    call = shop.demo.api
    await call("PUT", "/v1/margins", {"margin_percent": 30, "floor_percent": None})
    line = {"external_id": "1", "name": "Kite", "quantity": 1, "total_minor": 4000}
    order = {
        "source": "shop", "external_id": "M-1", "ordered_at": "2026-01-05T10:00:00Z", "currency": "CHF",
        "status": "paid", "channel": "pos", "store_id": shop.left, "customer": {"external_id": "m-1"}, "lines": [line],
    }  # fmt: skip
    await call("POST", "/v1/orders:batch", {"orders": [order]})
    yield shop


async def write(page: Page, title: str) -> None:
    """The reminder's words, in English."""
    await page.get_by_test_id("title-reminder").fill(title)
    await page.get_by_test_id("body-reminder").fill("Come by.")
    await page.get_by_test_id("master-note").fill(f"Says {title}")
    await page.get_by_test_id("save-master").click()
    await expect(page.get_by_test_id("master-editor")).to_have_count(0)


async def test_a_recipe_goes_to_many_stores_and_comes_back(open_page: OpenPage, market: Shop, watch: Watch) -> None:
    watch.expect("status of 422")
    page = await as_role(open_page, market, "owner", "/masters")
    await expect(page.get_by_test_id("empty")).to_contain_text("No master recipe yet")
    await page.get_by_test_id("new-master").click()
    await page.get_by_test_id("master-name").fill("Come back soon")
    await page.get_by_test_id("master-recipe").select_option("win-back")
    await expect(page.get_by_test_id("title-reminder")).to_have_attribute(
        "placeholder", "We have missed you, {{ first_name }}"
    )
    await page.get_by_test_id("title-reminder").fill("{{ nobody }}")
    await page.get_by_test_id("save-master").click()
    await expect(page.get_by_test_id("master-editor").get_by_role("alert")).to_contain_text("no variable nobody")
    assert not await faults(page, "masters-editor")
    await write(page, "We miss you at {{ store.name }}")

    card = page.get_by_role("article", name="Come back soon")
    await expect(card).to_contain_text("not rolled out")
    await card.get_by_test_id(named("show-stores", card_id := await id_of(card))).click()
    await card.get_by_test_id("add-stores").click()
    await page.get_by_test_id("confirm").click()
    await expect(toast(page, "2 stores added.")).to_be_visible()
    await expect(card.get_by_text("Kites at the lake")).to_be_visible()
    await card.get_by_test_id("master-all").click()
    await page.get_by_test_id("confirm").click()
    standing = card.get_by_test_id(named("standing", card_id))
    await expect(standing).to_contain_text("2 stores run version 1", timeout=30_000)
    await expect(card).to_contain_text("version 1 everywhere")

    await card.get_by_test_id("master-edit").click()
    await expect(page.get_by_test_id("title-reminder")).to_have_value("We miss you at {{ store.name }}")
    await write(page, "Long time no see")
    await card.get_by_test_id("master-try").click()
    await expect(standing).to_contain_text("1 store runs version 2", timeout=30_000)
    await expect(card).to_contain_text("version 2 on trial in 5 %")
    await settled(page)
    assert not await faults(page, "masters")
    await card.get_by_test_id("master-back").click()
    await expect(standing).to_contain_text("2 stores run version 1", timeout=30_000)

    mine = await as_role(open_page, market, "shop", "/masters", is_phone=True)
    theirs = mine.get_by_role("article", name="Come back soon")
    await expect(theirs.get_by_test_id("master-try")).to_have_count(0)
    await theirs.get_by_test_id(named("show-stores", card_id)).click()
    store = theirs.get_by_test_id(f"store-{market.left}")
    await expect(store).to_contain_text("version 1")
    await expect(theirs.get_by_text("Kites at the lake")).to_have_count(0)
    await store.get_by_role("button", name="Go without").click()
    await expect(store).to_contain_text("goes without", timeout=30_000)
    await store.get_by_role("button", name="Own values").click()
    await mine.get_by_test_id("set-win-back-discount_percent").fill("25")
    await mine.get_by_test_id("confirm").click()
    await store.get_by_role("button", name="Take it again").click()
    await expect(store).to_contain_text("version 1", timeout=30_000)
    await settled(mine)
    assert not await faults(mine, "masters")
    rows = (await market.demo.api("GET", f"/v1/masters/{card_id}/stores"))["items"]
    assert {row["store_id"]: row["own"] for row in rows} == {
        market.left: {"discount_percent": 25}, market.right: {},
    }  # fmt: skip


async def id_of(card: Locator) -> str:
    """Of the master that a card shows."""
    name = await card.get_attribute("data-testid")
    return str(name).removeprefix("master-")


def named(what: str, master_id: str) -> str:
    return f"{what}-{master_id}"

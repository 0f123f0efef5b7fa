"""The page of proofs on the supermarket trial's planted people: words first, intervals, missing inputs mended, prices,
the plan, paper; laptop and phone."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import expect

from geoengage.kit.db import make_engine, make_sessions, transaction
from geoengage.tenancy.rules import parse_key
from tests.factories import World
from tests.proof_rows import make_campaign, plant
from tests.supermarket_trial import PLAN
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, settled
from tests.web.test_look import faults

pytestmark = MARKS
NAME = "We have not seen you for a while: a fairly long name for a win-back"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def campaign(demo: Demo, demo_env: dict[str, str]) -> AsyncIterator[str]:
    """A campaign of the demo with people who were decided over sixty days; its id."""
    engine = make_engine(demo_env["GEOENGAGE_DATABASE_URL"], application_name="test")
    key = parse_key(demo.state["secret_key"])
    assert key is not None
    tenant_id = key.tenant_id
    world = World(tenant_id, UUID(demo.state["app_id"]), "", "")
    async with transaction(make_sessions(engine), tenant_id) as session:
        id_ = await make_campaign(session, world, NAME)
    plan = {"window_days": PLAN.window_days, "days": PLAN.days, "smallest_effect": 0.25, "holdout_percent": 25}
    await demo.api("PUT", f"/v1/campaigns/{id_}/experiment", plan)
    async with transaction(make_sessions(engine), tenant_id) as session:
        await plant(session, world, id_, people=1500)
    await engine.dispose()
    yield str(id_)
    await demo.api("DELETE", f"/v1/campaigns/{id_}")


async def test_words_first_and_what_is_missing(open_page: OpenPage, demo: Demo, campaign: str) -> None:
    page = await open_page(f"/campaigns?id={campaign}")
    await page.get_by_test_id("to-proof").click()
    found = await demo.api("GET", f"/v1/campaigns/{campaign}/proof")
    await expect(page.get_by_test_id("headline")).to_have_text(found["headline"])
    await expect(page.get_by_test_id("answer")).to_contain_text("were held back by lot")
    conversion = found["findings"][0]
    row = page.get_by_test_id("finding-conversion")
    await expect(row).to_contain_text(f"{100 * conversion['mean_sent']:.1f} % with")
    await expect(row.get_by_role("img")).to_have_attribute("aria-label", re.compile("^Bought: \\+"))
    await expect(page.get_by_test_id("finding-roi")).to_contain_text("Not computable")
    await page.get_by_test_id("missing").get_by_role("link", name="Mend it").first.click()
    await expect(page).to_have_url(re.compile("/offers$"))
    await demo.api("PUT", "/v1/margins", {"margin_percent": 30, "floor_percent": None})
    await page.goto(f"/proof?id={campaign}")
    await expect(page.get_by_test_id("finding-roi")).to_contain_text("margin gained a person")
    await expect(page.get_by_test_id("funnel")).to_contain_text("Sent")


async def test_prices_and_the_plan(open_page: OpenPage, campaign: str, watch: Watch) -> None:
    watch.expect("status of 422")
    page = await open_page("/proof?inputs=1")
    await expect(page.get_by_test_id("months")).to_contain_text("no data")
    await page.get_by_test_id("price-add").click()
    await expect(page.get_by_test_id("inputs")).to_contain_text("An amount, for example 15.00")
    await page.get_by_test_id("price-amount").fill("15,50")
    await page.get_by_test_id("price-currency").fill("chf")
    await page.get_by_test_id("price-country").fill("ch")
    await page.get_by_test_id("price-add").click()
    await expect(page.get_by_test_id("prices")).to_contain_text("E-mail to CH: 15.50 CHF a thousand")
    await page.get_by_role("button", name="Remove the price of E-mail").click()
    await expect(page.get_by_test_id("prices")).to_contain_text("No price is known")
    await page.goto(f"/proof?id={campaign}")
    await page.get_by_test_id("plan").locator("summary").click()
    await expect(page.get_by_test_id("plan")).to_contain_text("another plan begins anew")
    await page.get_by_test_id("plan-days").fill("20")
    await page.get_by_test_id("plan-save").click()
    await expect(page.get_by_test_id("plan")).to_contain_text("days must be more than window_days")


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_thirty_days_are_played_in_ten_seconds(is_phone: bool, open_page: OpenPage) -> None:
    page = await open_page("/proof", is_phone=is_phone)
    await page.get_by_test_id("simulate").click()
    await expect(page.get_by_test_id("simulated-day")).to_contain_text("Day 30 of 30", timeout=15_000)
    result = page.get_by_test_id("simulated-result")
    await expect(result).to_contain_text("Return (ROI)")
    chart = page.get_by_test_id("simulated-stage").get_by_role("img")
    await expect(chart).to_have_attribute("aria-label", re.compile(r"^Bought, day 30: \+.* planted \+"))
    assert await faults(page, "simulated") == []


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_the_look(is_phone: bool, open_page: OpenPage, campaign: str) -> None:
    page = await open_page(f"/proof?id={campaign}", is_phone=is_phone)
    await expect(page.get_by_test_id("headline")).to_be_visible()
    found = await faults(page, "report")
    await page.goto("/proof")
    await expect(page.get_by_test_id("months")).to_be_visible()
    found += await faults(page, "all")
    assert found == []


async def test_on_paper_there_is_only_the_report(open_page: OpenPage, campaign: str) -> None:
    page = await open_page(f"/proof?id={campaign}")
    await expect(page.get_by_test_id("headline")).to_be_visible()
    await settled(page)
    await page.emulate_media(media="print")
    await expect(page.get_by_test_id("headline")).to_be_visible()
    for testid in ("print", "csv", "plan", "menu", "account"):
        await expect(page.get_by_test_id(testid)).to_be_hidden()

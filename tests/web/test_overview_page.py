"""The first screen: sentences, buttons, early warnings with their history, live notice; empty; laptop and phone, dark
and light; whose start page it is."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from geoengage.kit.db import Sessions, make_sessions, transaction
from geoengage.lifecycle.jobs import warn_once
from geoengage.lifecycle.store import alerts as store
from tests.conftest import DRIVER
from tests.early_warning import Trader, make_trader, morning
from tests.factories import make_world
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, settled, toast
from tests.web.people import PASSWORD
from tests.web.test_look import faults

pytestmark = MARKS
EMAIL = "owner@trader.example"
NOW = morning()
LOOKS = [
    pytest.param(False, "light", id="laptop"),
    pytest.param(True, "light", id="phone"),
    pytest.param(False, "dark", id="laptop-dark"),
    pytest.param(True, "dark", id="phone-dark"),
]
SHOTS = os.environ.get("GEOENGAGE_SHOTS")


async def shot(page: Page, name: str) -> None:
    """A picture for who looks at the page, where a folder for it is named."""
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trader(demo: Demo, demo_env: dict[str, str]) -> AsyncIterator[Trader]:
    """A tenant of real people beside the demo's, with an owner who can log in."""
    engine = create_async_engine(demo_env["GEOENGAGE_DATABASE_URL"], connect_args=DRIVER)
    sessions = make_sessions(engine)
    async with sessions() as session:
        made = await make_trader(session, NOW, name="Trader and Daughters")
        owner = {"email": EMAIL, "name": "Tina Trader", "role": "owner", "password": PASSWORD}
        await of(demo, made).api("POST", "/v1/operators", owner)
    await watched(sessions, made, is_done=True)
    yield made
    await engine.dispose()


def of(demo: Demo, trader: Trader) -> Demo:
    """The same server with the trader's key."""
    return replace(demo, state=demo.state | {"secret_key": trader.world.sk})


async def night(demo_env: dict[str, str], trader: Trader, *, anew: bool = False) -> int:
    """The night's round in this process; the demo's worker may have done it. `anew`: without what there is."""
    engine = create_async_engine(demo_env["GEOENGAGE_DATABASE_URL"], connect_args=DRIVER)
    sessions = make_sessions(engine)
    try:
        if anew:
            await watched(sessions, trader, is_done=False)
        return await warn_once(sessions, NOW)
    finally:
        await engine.dispose()


async def watched(sessions: Sessions, trader: Trader, *, is_done: bool) -> None:
    """As if there had been no alert, the night's round being over (or still to come)."""
    async with transaction(sessions, trader.world.tenant_id) as session:
        for table in ("alert", "metric_watch"):
            await session.execute(
                text(f"DELETE FROM {table} WHERE tenant_id = :tenant_id"),  # noqa: S608 - names of ours
                {"tenant_id": trader.world.tenant_id},
            )
        if is_done:
            await store.claim_day(session, trader.world.tenant_id, NOW.date())


async def log_in(open_page: OpenPage, *, is_phone: bool = False, scheme: Any = "light") -> Page:
    """The start page of who has orders."""
    page = await open_page(None, is_phone=is_phone, guest=True)
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.goto("/login")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator(".route-overview")).to_be_visible()
    await settled(page)
    return page


async def test_a_warning_comes_live_and_its_button_makes_a_draft(
    open_page: OpenPage, demo: Demo, demo_env: dict[str, str], trader: Trader
) -> None:
    page = await log_in(open_page)
    await expect(page.get_by_test_id("alerts")).to_contain_text("Every metric is on its usual course")
    assert await night(demo_env, trader, anew=True) > 0
    await expect(toast(page, "most of it comes from “Bern”").first).to_be_visible()
    row = page.get_by_test_id("alert-row").filter(has_text="Revenue fell by")
    await expect(row).to_contain_text("Expected loss CHF ")
    await expect(page.get_by_test_id("alert-row")).not_to_have_count(0)
    await settled(page)
    line = page.get_by_test_id("line-revenue")
    await expect(line).to_contain_text("came in within 28 days (was CHF ")
    await expect(line).to_contain_text("unusual")

    await row.get_by_test_id("see-cross-sell").click()
    await expect(page.get_by_test_id("who-count")).to_contain_text("people")
    await expect(page.get_by_test_id("drawer")).to_contain_text("Goes well with what you like")
    await page.get_by_test_id("drawer-close").click()
    await row.get_by_test_id("play-cross-sell").click()
    await expect(row.get_by_test_id("made")).to_contain_text("A draft is ready.")
    await expect(row.get_by_test_id("made")).to_contain_text("settle it with your tills")
    await expect(toast(page, "Nothing is sent before you activate")).to_be_visible()
    (campaign,) = [
        c for c in (await of(demo, trader).api("GET", "/v1/campaigns"))["items"] if c["name"].startswith("Show them")
    ]
    assert campaign["status"] == "draft"
    await row.get_by_test_id("made-campaign").click()
    await expect(page).to_have_url(f"/campaigns?id={campaign['id']}")
    await page.goto("/overview")

    await row.get_by_test_id("snooze").click()
    await expect(toast(page, "It comes back in 7 days")).to_be_visible()
    await expect(row).to_have_count(0)
    await page.get_by_test_id("show-history").click()
    past = page.get_by_test_id("alert-past").filter(has_text="Revenue fell by")
    await expect(past).to_contain_text("put off")
    await page.get_by_test_id("dismiss").first.click()
    await expect(toast(page, "It stays among the earlier ones")).to_be_visible()


@pytest.mark.parametrize("is_phone, scheme", LOOKS)
async def test_how_it_looks(
    open_page: OpenPage, demo_env: dict[str, str], trader: Trader, is_phone: bool, scheme: str
) -> None:
    await night(demo_env, trader)
    page = await log_in(open_page, is_phone=is_phone, scheme=scheme)
    await expect(page.get_by_test_id("overview-life")).to_be_visible()
    look = f"{'phone' if is_phone else 'laptop'}-{scheme}"
    await shot(page, f"overview-{look}")
    found = await faults(page, "overview")
    await page.get_by_test_id("show-history").click()
    await settled(page)
    found += await faults(page, "history")
    await page.locator("[data-testid^=see-]").first.click()
    await expect(page.get_by_test_id("who-count")).to_be_visible()
    await shot(page, f"who-{look}")
    found += await faults(page, "who")
    await page.get_by_test_id("drawer-close").click()
    await page.locator("[data-testid^=play-]").first.click()
    await expect(page.get_by_test_id("made").first).to_be_visible()
    await shot(page, f"made-{look}")
    assert found + await faults(page, "made") == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def beginner(demo: Demo, demo_env: dict[str, str]) -> str:
    """The e-mail of the owner of a tenant that has nothing yet."""
    engine = create_async_engine(demo_env["GEOENGAGE_DATABASE_URL"], connect_args=DRIVER)
    async with make_sessions(engine)() as session:
        world = await make_world(session)
    await engine.dispose()
    email = f"owner@{world.tenant_id.hex}.example"
    owner = {"email": email, "name": "Berta Beginner", "role": "owner", "password": PASSWORD}
    await replace(demo, state=demo.state | {"secret_key": world.sk}).api("POST", "/v1/operators", owner)
    return email


async def begin(open_page: OpenPage, beginner: str, *, is_phone: bool = False) -> Page:
    """The beginner's start page."""
    page = await open_page("/login", is_phone=is_phone, guest=True)
    await page.get_by_test_id("email").fill(beginner)
    await page.get_by_test_id("password").fill(PASSWORD)
    await page.get_by_test_id("log-in").click()
    await expect(page.locator(".route-map")).to_be_visible()
    return page


@pytest.mark.parametrize("is_phone, scheme", LOOKS)
async def test_without_orders_it_says_what_to_import(
    open_page: OpenPage, beginner: str, is_phone: bool, scheme: Any
) -> None:
    page = await begin(open_page, beginner, is_phone=is_phone)
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.goto("/overview")
    await expect(page.get_by_test_id("empty")).to_contain_text("Nothing to tell yet")
    await expect(page.get_by_role("link", name="Import orders, customers, products")).to_have_attribute(
        "href", "/imports"
    )
    await shot(page, f"empty-{'phone' if is_phone else 'laptop'}-{scheme}")
    assert await faults(page, "empty") == []


async def test_without_orders_one_starts_on_the_map(open_page: OpenPage, beginner: str) -> None:
    page = await begin(open_page, beginner)
    await page.goto("/")
    await expect(page.locator(".route-map")).to_be_visible()

"""The page of recipes: win-back launched by a marketer in few clicks, and stopped with one; empty, refused and failed
states; laptop and phone; who may."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect
from sqlalchemy import text

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, make_engine, make_sessions
from geoengage.kit.ids import TenantId, new_id
from geoengage.recipes.rules import RecipeKey
from geoengage.tenancy.models import App
from geoengage.tenancy.rules import parse_key
from tests.factories import World
from tests.recipe_rows import Grocer
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, toast
from tests.web.people import Shop, make_shop, sign_in
from tests.web.test_look import faults

pytestmark = MARKS
CUSTOMERS = 12
STOPPED = tuple(range(70, 250, 9))
COUNT_CLICKS = """() => {
  window.clicks = 0;
  document.addEventListener('click', (event) => { if (event.isTrusted) window.clicks += 1; }, true);
}"""

IN_IT = """
SELECT count(*) FROM journey_entry WHERE tenant_id = :tenant_id AND campaign_id = :campaign_id AND step IS NOT NULL
"""
BEYOND = IN_IT + "AND step <> 'before-reminder'"
DUE = """
UPDATE journey_entry SET due_at = now(), wake_at = now() WHERE tenant_id = :tenant_id AND campaign_id = :campaign_id
AND step = 'before-reminder' AND id IN (SELECT id FROM journey_entry WHERE tenant_id = :tenant_id
  AND campaign_id = :campaign_id AND step = 'before-reminder' ORDER BY id LIMIT :most)
"""
SENT = "SELECT count(*) FROM message WHERE tenant_id = :tenant_id AND campaign_id = :campaign_id AND status = 'sent'"
LEFT_TO_LOOK_AT = """
SELECT count(*) FROM journey_entry WHERE tenant_id = :tenant_id AND campaign_id = :campaign_id AND wake_at <= :now
"""


@dataclass
class Grocery:
    """A shop whose customers have stopped coming, with its database."""

    shop: Shop
    session: Session
    tenant_id: TenantId

    async def ask(self, sql: str, **names: object) -> list[tuple[Any, ...]]:
        """Rows as they are now."""
        found = await self.session.execute(text(sql), {"tenant_id": self.tenant_id} | names)
        rows = [tuple(row) for row in found]
        await self.session.commit()
        return rows

    async def do(self, sql: str, **names: object) -> None:
        """A change."""
        await self.session.execute(text(sql), {"tenant_id": self.tenant_id} | names)
        await self.session.commit()

    async def until(self, sql: str, wanted: object, **names: object) -> None:
        """The worker has come so far."""
        found: object = None
        try:
            async with asyncio.timeout(120):
                while (found := (await self.ask(sql, **names))[0][0]) != wanted:  # noqa: ASYNC110 - a database rings no bell here
                    await asyncio.sleep(0.1)
        except TimeoutError:
            pytest.fail(f"waited for {wanted}, there are {found}: {sql}")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def grocery(demo: Demo, demo_env: dict[str, str]) -> AsyncIterator[Grocery]:
    shop = await make_shop(demo, demo_env)
    engine = make_engine(demo_env["GEOENGAGE_DATABASE_URL"], application_name="test")
    key = parse_key(shop.demo.state["secret_key"])
    assert key is not None
    sessions = make_sessions(engine)
    async with sessions() as session, httpx.AsyncClient() as nobody:
        made = Grocery(shop, session, key.tenant_id)
        # Whatever the hour at which the tests run, it is no quiet one.
        await made.do(
            "UPDATE tenant SET quiet_start = '00:00', quiet_end = '00:00', holdout_percent = 0 WHERE id = :tenant_id"
        )
        app = App(tenant_id=key.tenant_id, id=new_id(), name="Kites")
        session.add(app)
        await session.commit()
        rows = Grocer(nobody, session, sessions, World(key.tenant_id, app.id, "", ""))
        for n in range(CUSTOMERS):
            await rows.customer(f"Customer {n}", *STOPPED, location="denied")
        await made.until(
            "SELECT count(*) FROM customer_habit WHERE tenant_id = :tenant_id AND decline = 'gone'", CUSTOMERS
        )
        yield made
    await engine.dispose()


async def as_role(open_page: OpenPage, shop: Shop, role: str, path: str, *, is_phone: bool = False) -> Page:
    page = await open_page(None, is_phone=is_phone, guest=True)
    await sign_in(page, shop, role)
    if path != "/people":
        await page.goto(path)
    return page


async def test_a_marketer_launches_win_back_and_stops_it_with_one_click(open_page: OpenPage, grocery: Grocery) -> None:
    page = await as_role(open_page, grocery.shop, "owner", "/people")
    await page.evaluate(COUNT_CLICKS)
    await page.get_by_test_id("nav-more").click()
    await page.get_by_test_id("nav-recipes").click()
    await expect(page.get_by_test_id("people-win-back")).to_contain_text(f"{CUSTOMERS}buy clearly less")
    await expect(page.get_by_test_id("cost-win-back")).to_contain_text("at most CHF 88.00")
    await expect(page.get_by_test_id("blocked-win-back")).to_contain_text("No app has a mail server")
    await page.get_by_test_id("settings-win-back").click()
    for name, value in {
        "discount_gone_percent": "25",
        "holdout_percent": "0",
        "hours_start": "00:00",
        "hours_end": "23:59",
    }.items():
        await page.get_by_test_id(f"set-win-back-{name}").fill(value)
        await page.keyboard.press("Tab")
    await expect(page.get_by_test_id("blocked-win-back")).to_contain_text("Nobody is held back")
    await expect(page.get_by_test_id("cost-win-back")).to_contain_text("at most CHF 120.00")
    await page.get_by_test_id("switch-win-back").click()
    await expect(page.get_by_test_id("state-win-back")).to_have_text("on")
    await page.get_by_test_id("campaign-win-back").click()
    await expect(page.get_by_role("heading", name="Win back regulars")).to_be_visible()
    campaign_id = UUID((re.search(r"id=([0-9a-f-]+)", page.url) or [""])[1])
    await page.go_back()
    await expect(page.get_by_test_id("state-win-back")).to_have_text("on")

    # Six of them are at their best hour; the worker sends.
    await grocery.until(IN_IT, CUSTOMERS, campaign_id=campaign_id)
    ((beyond,),) = await grocery.ask(BEYOND, campaign_id=campaign_id)  # the hour that somebody tries out may be now
    assert isinstance(beyond, int)
    await grocery.do(DUE, campaign_id=campaign_id, most=6 - beyond)
    await grocery.until(SENT, 6, campaign_id=campaign_id)

    await page.get_by_test_id("switch-win-back").click()
    await expect(toast(page, "nothing more goes out")).to_be_visible()
    clicks = await page.evaluate("() => window.clicks")
    assert clicks <= 15, clicks
    await expect(page.get_by_test_id("state-win-back")).to_have_text("stopped")
    ((closed_at,),) = await grocery.ask(
        "SELECT closed_at FROM gate WHERE tenant_id = :tenant_id AND key = :key", key=f"campaign:{campaign_id}"
    )
    # The others' hour comes, too: the worker looks at them, and makes nothing.
    await grocery.do(DUE, campaign_id=campaign_id, most=CUSTOMERS)
    await grocery.until(LEFT_TO_LOOK_AT, 0, campaign_id=campaign_id, now=utc_now())
    ((messages, last),) = await grocery.ask(
        "SELECT count(*), max(sent_at) FROM message WHERE tenant_id = :tenant_id AND campaign_id = :campaign_id",
        campaign_id=campaign_id,
    )
    assert messages == 6
    assert isinstance(last, datetime)
    assert last < closed_at
    await page.get_by_test_id("switch-win-back").click()
    await expect(page.get_by_test_id("state-win-back")).to_have_text("on")
    await grocery.shop.demo.api("POST", "/v1/recipes/win-back/stop", {})


async def test_fresh_food_for_the_weekend_needs_its_categories(open_page: OpenPage, grocery: Grocery) -> None:
    """What only the shop can know is asked for; what is then made can be opened and saved as it stands."""
    page = await as_role(open_page, grocery.shop, "owner", "/recipes")
    await expect(page.get_by_test_id("blocked-fresh-weekend")).to_contain_text("name them under the settings")
    await expect(page.get_by_test_id("switch-fresh-weekend")).to_be_disabled()
    await page.get_by_test_id("settings-fresh-weekend").click()
    await page.get_by_test_id("set-fresh-weekend-categories").fill("Fresh > Fruit, Fresh > Bread")
    await page.keyboard.press("Tab")
    blocked = page.get_by_test_id("blocked-fresh-weekend")
    await expect(blocked).to_contain_text("None of your products is in “Fresh > Fruit” or “Fresh > Bread”")
    await expect(blocked).to_contain_text("No WhatsApp number can send")
    await page.get_by_test_id("switch-fresh-weekend").click()
    await expect(page.get_by_test_id("state-fresh-weekend")).to_have_text("on")
    await page.get_by_test_id("campaign-fresh-weekend").click()
    await expect(page.get_by_role("heading", name="Fresh for the weekend")).to_be_visible()
    campaign_id = UUID((re.search(r"id=([0-9a-f-]+)", page.url) or [""])[1])
    await page.get_by_test_id("edit-campaign").click()
    await expect(page.get_by_test_id("trigger-weekdays-weekend_start")).to_be_checked()
    await page.get_by_test_id("campaign-name").fill("Fresh on our weekend")
    await page.get_by_test_id("save-campaign").click()
    await expect(page.get_by_role("heading", name="Fresh on our weekend")).to_be_visible()
    kept = await grocery.shop.demo.api("GET", f"/v1/campaigns/{campaign_id}")
    assert kept["trigger"]["schedule"] | {"at": ""} == {
        "at": "", "on": None, "days": ["weekend_start"], "clock": "person", "day_part": None, "before_minutes": 0,
    }  # fmt: skip
    await grocery.shop.demo.api("POST", "/v1/recipes/fresh-weekend/stop", {})


async def test_what_stops_it_refused_settings_and_no_connection(
    open_page: OpenPage, grocery: Grocery, watch: Watch
) -> None:
    for text_ in ("status of 422", "net::ERR_FAILED"):
        watch.expect(text_)
    page = await as_role(open_page, grocery.shop, "owner", "/recipes")
    await expect(page.get_by_test_id("blocked-mall-zones")).to_contain_text(
        "Nothing that is still to come is published"
    )
    await expect(page.get_by_test_id("switch-mall-zones")).to_be_disabled()
    await expect(page.get_by_test_id("why-mall-zones")).to_contain_text("is published")
    await expect(page.get_by_test_id("switch-first-purchase")).to_be_enabled()
    await expect(page.get_by_test_id("why-first-purchase")).to_be_hidden()
    await page.get_by_test_id("settings-first-purchase").click()
    await page.get_by_test_id("set-first-purchase-discount_percent").fill("95")
    await page.keyboard.press("Tab")
    await expect(page.locator(".field-bad")).to_contain_text("less than or equal to 80")

    async def fail(route: Route) -> None:
        await route.abort()

    await page.route("**/v1/recipes", fail)
    await page.reload()
    await expect(page.get_by_test_id("error")).to_contain_text("No connection")
    await page.unroute("**/v1/recipes", fail)
    await page.get_by_test_id("retry").click()
    await expect(page.get_by_test_id("recipe-win-back")).to_be_visible()


async def test_who_may_not_switch_reads_only(open_page: OpenPage, grocery: Grocery) -> None:
    page = await as_role(open_page, grocery.shop, "analyst", "/recipes")
    await expect(page.get_by_test_id("recipe-win-back")).to_be_visible()
    await expect(page.get_by_role("switch")).to_have_count(0)


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_the_look(is_phone: bool, open_page: OpenPage, grocery: Grocery, tmp_path: Path) -> None:
    page = await as_role(open_page, grocery.shop, "owner", "/recipes", is_phone=is_phone)
    for key in RecipeKey:
        await expect(page.get_by_test_id(f"blocked-{key}")).to_be_visible()
    for key in ("win-back", "parents-viber", "essentials"):
        await page.get_by_test_id(f"settings-{key}").click()
    found = await faults(page, "recipes")
    await page.screenshot(path=tmp_path / "recipes.png", full_page=True)
    assert found == []

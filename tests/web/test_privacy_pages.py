"""The pages of privacy: what was deleted, what is kept, the audit log; the preference page without JavaScript.

On a server of its own in this process: no shoppers are needed, and it starts in seconds.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from geoengage.privacy import page as words
from geoengage.tenancy.rules import Role
from tests.campaign_rows import make_store
from tests.web.console import MARKS, Watch, toast
from tests.web.site import LAPTOP, PHONE, Site, serving
from tests.web.test_look import AXE, RUN_AXE, faults

pytestmark = MARKS
SIZES = pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Cafe(Site):
    """With a store."""

    store_id: str = ""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(clone: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cafe]:
    async with serving(clone(), tmp_path_factory.mktemp("privacy"), (Role.OWNER, Role.ANALYST)) as made:
        async with made.sessions() as session:
            store_id = await make_store(session, made.world, name="Café")
            await session.commit()
        yield Cafe(made.url, made.world, made.cookies, made.sessions, str(store_id))


@pytest.fixture
def seen(site: Cafe) -> Watch:
    """What the browser complains of."""
    return Watch(site.url)


async def customer(site: Cafe) -> str:
    """Somebody who bought something at the café and left an e-mail address; the profile's id."""
    mark = time.monotonic_ns()
    order = {
        "external_id": f"web-{mark}", "ordered_at": "2026-11-01T12:00:00Z", "currency": "CHF", "channel": "web",
        "store_id": site.store_id, "customer": {"external_id": f"c-{mark}", "email": f"mia{mark}@example.com"},
        "lines": [{"name": "Croissant", "quantity": 1, "unit_price_minor": 250}],
    }  # fmt: skip
    made = await site.api("POST", "/v1/orders", order)
    id_: str = made["customer"]["profile_id"]
    return id_


async def preference_page(browser: Browser, site: Cafe, seen: Watch, url: str, *, is_phone: bool = False) -> Page:
    """The page as its owner opens it: another browser, which runs no scripts."""
    size = PHONE if is_phone else LAPTOP
    context = await browser.new_context(java_script_enabled=False, viewport=size, base_url=site.url)  # type: ignore[arg-type]
    page = await context.new_page()
    seen.attach(page)
    await page.goto(url)
    return page


async def test_a_person_decides_without_javascript(browser: Browser, site: Cafe, seen: Watch) -> None:
    seen.expect("status of 404")
    profile = f"/v1/profiles/{await customer(site)}"
    link = await site.api("POST", f"{profile}/preference-link", {"language": "en"})
    page = await preference_page(browser, site, seen, link["url"])
    box = page.get_by_role("group").filter(has_text="Offers and news").first.get_by_label("E-mail")
    await expect(box).not_to_be_checked()
    await box.check()
    await page.get_by_role("button", name="Save", exact=True).first.click()
    await expect(page.get_by_role("status")).to_have_text("Saved.")
    await expect(box).to_be_checked()
    query = "channel=email&purpose=marketing"
    assert (await site.api("GET", f"{profile}/may-contact?{query}"))["allowed"]
    await page.get_by_role("button", name="Pause for 30 days").click()
    await expect(page.get_by_role("button", name="End the pause")).to_be_visible()
    assert (await site.api("GET", f"{profile}/may-contact?{query}"))["reason"] == "paused"
    await page.get_by_role("link", name="Deutsch").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Ihre Einstellungen")
    await page.get_by_role("link", name="Weiter zum Löschen").click()
    await page.get_by_label("Ja, alles über mich löschen").check()
    await page.get_by_role("button", name="Endgültig löschen").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sie sind gelöscht")
    await page.goto(link["url"])
    await expect(page.get_by_role("heading", level=1)).to_have_text("This link no longer works")
    await page.context.close()


@SIZES
async def test_the_look_of_the_preference_page(is_phone: bool, browser: Browser, site: Cafe, seen: Watch) -> None:
    """Every language at both sizes; axe needs scripts, so here they run, under the page's own policy."""
    profile = f"/v1/profiles/{await customer(site)}"
    link = await site.api("POST", f"{profile}/preference-link")
    size = PHONE if is_phone else LAPTOP
    found: list[str] = []
    context = await browser.new_context(viewport=size, bypass_csp=True, base_url=site.url)  # type: ignore[arg-type]
    page = await context.new_page()
    seen.attach(page)
    for language in words.ORDER:
        for path in ("", "/delete"):
            await page.goto(f"{link['url']}{path}?lang={language}")
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
            await page.evaluate(AXE.read_text())
            found += [f"{language}{path}: {fault}" for fault in await page.evaluate(RUN_AXE)]
            if await page.evaluate(SIDEWAYS) > 0:
                found.append(f"{language}{path}: scrolls sideways")
    await context.close()
    assert found == []


@SIZES
async def test_the_look_of_the_console(is_phone: bool, browser: Browser, site: Cafe) -> None:
    await site.api("POST", f"/v1/profiles/{await customer(site)}/erase", {"reason": "test"})
    page = await site.open(browser, "/privacy", is_phone=is_phone)
    await expect(page.get_by_test_id("erased").get_by_role("row").nth(1)).to_be_visible()
    await expect(page.get_by_test_id("save-kept")).to_be_visible()
    found = await faults(page, "privacy")
    await page.goto("/audit")
    await expect(page.get_by_test_id("audit-row").first).to_be_visible()
    found += await faults(page, "audit")
    await page.goto("/audit?action=no.such")
    await expect(page.get_by_test_id("empty")).to_be_visible()
    await page.context.close()
    assert found == []


async def test_times_are_chosen(browser: Browser, site: Cafe, seen: Watch) -> None:
    seen.expect("status of 422")
    page = await site.open(browser, "/privacy")
    field = page.get_by_test_id("kept-audit")
    before: dict[str, Any] = await site.api("GET", "/v1/retention")
    days = next(item["days"] for item in before["items"] if item["kind"] == "audit")
    await field.fill("400")
    await page.get_by_test_id("save-kept").click()
    await expect(toast(page, "It counts from the next run on")).to_be_visible()
    await page.goto("/audit?action=retention.change")
    await expect(page.get_by_test_id("audit-row").first).to_contain_text("audit 400 days")
    await site.api("PUT", "/v1/retention", {"days": {"audit": days}})


async def test_only_owners_see_them(browser: Browser, site: Cafe) -> None:
    for path in ("/privacy", "/audit"):
        page = await site.open(browser, path, "analyst")
        await expect(page.get_by_test_id("empty")).to_contain_text("Only for owners")
        await page.context.close()

"""The pages of privacy: what was deleted, what is kept, the audit log; the preference page without JavaScript."""

import time
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from geoengage.privacy import page as words
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, toast
from tests.web.test_look import AXE, RUN_AXE, faults

pytestmark = MARKS
SIZES = pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def customer(demo: Demo) -> str:
    """Somebody who bought something at the café and left an e-mail address; the profile's id."""
    mark = time.monotonic_ns()
    order = {
        "external_id": f"web-{mark}", "ordered_at": "2026-11-01T12:00:00Z", "currency": "CHF", "channel": "web",
        "store_id": demo.state["store_id"], "customer": {"external_id": f"c-{mark}", "email": f"mia{mark}@example.com"},
        "lines": [{"name": "Croissant", "quantity": 1, "unit_price_minor": 250}],
    }  # fmt: skip
    made = await demo.api("POST", "/v1/orders", order)
    id_: str = made["customer"]["profile_id"]
    return id_


async def preference_page(browser: Browser, demo: Demo, watch: Watch, url: str, *, is_phone: bool = False) -> Page:
    """The page as its owner opens it: another browser, which runs no scripts."""
    size = {"width": 390, "height": 844} if is_phone else {"width": 1440, "height": 900}
    context = await browser.new_context(java_script_enabled=False, viewport=size, base_url=demo.url)  # type: ignore[arg-type]
    page = await context.new_page()
    watch.attach(page)
    await page.goto(url)
    return page


async def test_a_person_decides_without_javascript(browser: Browser, demo: Demo, watch: Watch) -> None:
    watch.expect("status of 404")
    profile = f"/v1/profiles/{await customer(demo)}"
    link = await demo.api("POST", f"{profile}/preference-link", {"language": "en"})
    page = await preference_page(browser, demo, watch, link["url"])
    box = page.get_by_role("group").filter(has_text="Offers and news").first.get_by_label("E-mail")
    await expect(box).not_to_be_checked()
    await box.check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_have_text("Saved.")
    await expect(box).to_be_checked()
    query = "channel=email&purpose=marketing"
    assert (await demo.api("GET", f"{profile}/may-contact?{query}"))["allowed"]
    await page.get_by_role("button", name="Pause for 30 days").click()
    await expect(page.get_by_role("button", name="End the pause")).to_be_visible()
    assert (await demo.api("GET", f"{profile}/may-contact?{query}"))["reason"] == "paused"
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
async def test_the_look_of_the_preference_page(is_phone: bool, browser: Browser, demo: Demo, watch: Watch) -> None:
    """Every language at both sizes; axe needs scripts, so here they run, under the page's own policy."""
    profile = f"/v1/profiles/{await customer(demo)}"
    link = await demo.api("POST", f"{profile}/preference-link")
    size = {"width": 390, "height": 844} if is_phone else {"width": 1440, "height": 900}
    found: list[str] = []
    context = await browser.new_context(viewport=size, bypass_csp=True, base_url=demo.url)  # type: ignore[arg-type]
    page = await context.new_page()
    watch.attach(page)
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
async def test_the_look_of_the_console(is_phone: bool, open_page: OpenPage, demo: Demo) -> None:
    await demo.api("POST", f"/v1/profiles/{await customer(demo)}/erase", {"reason": "test"})
    page = await open_page("/privacy", is_phone=is_phone)
    await expect(page.get_by_test_id("erased").get_by_role("row").nth(1)).to_be_visible()
    await expect(page.get_by_test_id("save-kept")).to_be_visible()
    found = await faults(page, "privacy")
    await page.goto("/audit")
    await expect(page.get_by_test_id("audit-row").first).to_be_visible()
    found += await faults(page, "audit")
    await page.goto("/audit?action=no.such")
    await expect(page.get_by_test_id("empty")).to_be_visible()
    assert found == []


async def test_times_are_chosen(open_page: OpenPage, demo: Demo, watch: Watch) -> None:
    watch.expect("status of 422")
    page = await open_page("/privacy")
    field = page.get_by_test_id("kept-audit")
    before: dict[str, Any] = await demo.api("GET", "/v1/retention")
    days = next(item["days"] for item in before["items"] if item["kind"] == "audit")
    await field.fill("400")
    await page.get_by_test_id("save-kept").click()
    await expect(toast(page, "It counts from the next run on")).to_be_visible()
    await page.goto("/audit?action=retention.change")
    await expect(page.get_by_test_id("audit-row").first).to_contain_text("audit 400 days")
    await demo.api("PUT", "/v1/retention", {"days": {"audit": days}})


async def test_only_owners_see_them(open_page: OpenPage, demo: Demo) -> None:
    email = f"analyst-{time.monotonic_ns()}@example.com"
    analyst = {"email": email, "name": "Ann", "role": "analyst", "password": "a long password for the test"}
    await demo.api("POST", "/v1/operators", analyst)
    page = await open_page("/login?next=%2Fprivacy", guest=True)
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill("a long password for the test")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_test_id("empty")).to_contain_text("Only for owners")
    await page.goto("/audit")
    await expect(page.get_by_test_id("empty")).to_contain_text("Only for owners")

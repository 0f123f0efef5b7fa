"""The page of people: found by whatever they say, opened with a reason, helped on one screen; laptop and phone."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from geoengage.kit.clock import utc_now
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, settled, toast
from tests.web.people import Shop, find, make_order, make_other, make_shop, open_person, sign_in
from tests.web.test_look import faults

pytestmark = MARKS


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop(demo: Demo, demo_env: dict[str, str]) -> Shop:
    return await make_shop(demo, demo_env)


async def as_support(open_page: OpenPage, shop: Shop, *, is_phone: bool = False) -> Page:
    page = await open_page(None, is_phone=is_phone, guest=True)
    await sign_in(page, shop, "support")
    return page


async def test_found_opened_and_helped(open_page: OpenPage, shop: Shop, watch: Watch) -> None:
    page = await as_support(open_page, shop)
    await page.get_by_test_id("people-query").fill("079 123 45 67")
    row = page.get_by_test_id("person-row")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("A••• M•••")
    await expect(row).to_contain_text("•••67")
    assert "4567" not in page.url
    await page.keyboard.press("Enter")  # the only one is meant
    await expect(page.get_by_role("heading", name="Why do you look")).to_be_visible()
    assert "Müller" not in await page.content()
    await page.get_by_role("button", name="Return or refund").click()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Anna Müller")).to_be_visible()
    await expect(page.get_by_test_id("access-note")).to_contain_text("“Return or refund”. That is in the audit log")
    await expect(page.get_by_test_id("who")).to_contain_text("loyalty card 7700412")

    figures = page.get_by_test_id("figures")
    await expect(figures).to_contain_text("orders3spent")
    await expect(figures).to_contain_text("refundsCHF 315.00an order")
    await expect(page.get_by_test_id("usual")).to_contain_text("Usually at Kites at the station (2 of 3 orders)")
    await expect(page.get_by_test_id("carts")).to_contain_text("CHF 91.00")
    segment = page.get_by_test_id("segment-row")
    await expect(segment).to_contain_text("Known by name")
    await expect(segment).to_contain_text("People whose first name is known.")
    await expect(page.get_by_test_id("due")).to_contain_text("they have not agreed to personalisation")
    order = page.get_by_test_id("order-row").filter(has_text="K-1002")
    await order.locator("summary").click()
    await expect(order).to_contain_text("CHF 24.00 went back")
    await expect(order).to_contain_text("Reel jams")

    await expect(page.get_by_test_id("timeline-row").filter(has_text="Refund of order K-1002")).to_be_visible()
    await page.get_by_test_id("timeline-kind-refund").check()
    await expect(page.get_by_test_id("timeline-row")).to_have_count(1)

    await page.get_by_test_id("note-text").fill("Wants a <b>longer</b> line")
    await page.get_by_test_id("note-save").click()
    await expect(page.get_by_test_id("note-row")).to_contain_text("Wants a <b>longer</b> line")
    await page.get_by_test_id("note-edit").click()
    await page.get_by_test_id("note-edit-text").fill("Wants a shorter line")
    await page.get_by_test_id("note-change").click()
    await expect(page.get_by_test_id("note-row")).to_contain_text("Wants a shorter line")
    await page.get_by_test_id("note-edit").click()
    await page.get_by_test_id("note-delete").click()
    await expect(page.get_by_test_id("note-row")).to_have_count(0)

    await order.get_by_test_id("tell-receipt").click()
    await expect(page.get_by_test_id("tell-dialog")).to_contain_text("what was paid")
    watch.expect("409 (Conflict)")
    await page.get_by_test_id("tell-confirm").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("no device with an app of this store")

    await page.get_by_role("link", name="People").first.click()
    await page.get_by_test_id("people-query").fill("")
    await expect(page.get_by_test_id("person-row").first).to_contain_text("Anna Müller")
    await page.get_by_test_id("people-query").fill("nobody at all")
    await expect(page.get_by_test_id("empty")).to_contain_text("Nobody found")


async def test_two_are_one_and_come_apart(open_page: OpenPage, shop: Shop) -> None:
    first, second = await make_other(shop, "M-1", "Mona"), await make_other(shop, "M-2", "Mona")
    page = await as_support(open_page, shop)
    await open_person(page, first)
    await page.get_by_test_id("same-person").click()
    await page.get_by_test_id("same-query").fill("M-2")
    await page.get_by_test_id("same-choice").first.click()
    await expect(page.get_by_test_id("same-preview")).to_contain_text("mona.m-2@example.com")
    await page.get_by_test_id("same-reason").fill("Same address, said on the phone")
    await page.get_by_test_id("same-confirm").click()
    await expect(toast(page, "They are one person now")).to_be_visible()
    ids = page.get_by_test_id("ids")
    await expect(ids).to_contain_text("mona.m-2@example.com")
    await expect(ids).to_contain_text("an operator joined it with")
    await expect(page.get_by_test_id("order-row")).to_have_count(2)
    await page.goto(f"/people/{second}")  # who was merged is shown as who they are now
    await expect(page.get_by_test_id("ids")).to_contain_text("mona.m-1@example.com")
    await page.get_by_test_id("take-back").first.click()
    await page.get_by_test_id("confirm").click()
    await expect(toast(page, "It is taken back")).to_be_visible()
    await expect(page.get_by_test_id("order-row")).to_have_count(1)

    await page.get_by_test_id("come-apart").click()
    await expect(page.get_by_test_id("apart-confirm")).to_be_disabled()
    await page.get_by_test_id("apart-email").check()
    await expect(page.get_by_test_id("apart-preview")).to_contain_text("Becomes somebody else")
    await page.get_by_test_id("apart-reason").fill("It is her father's address")
    await page.get_by_test_id("apart-confirm").click()
    await expect(toast(page, "They are two people now")).to_be_visible()
    await expect(page.get_by_test_id("set-aside")).to_contain_text("It is her father's address")


async def test_consents_and_the_way_to_the_choices(open_page: OpenPage, shop: Shop) -> None:
    page = await as_support(open_page, shop)
    await open_person(page, shop.anna)
    row = page.get_by_test_id("consent-row").filter(has_text="marketing by SMS")
    await expect(row).to_contain_text("Kites at the station")
    await row.get_by_test_id("consent-withdraw").click()
    await page.get_by_test_id("confirm").click()
    await expect(row).to_contain_text("withdrawn")
    await page.get_by_test_id("preference-link").click()
    await expect(page.get_by_test_id("link-url")).to_have_value(re.compile("/p/"))
    await page.get_by_role("button", name="Done").click()
    await page.get_by_test_id("consent-stop").click()
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("consents")).to_contain_text("Stopped all marketing")


async def test_a_person_is_erased(open_page: OpenPage, shop: Shop, watch: Watch) -> None:
    watch.expect("status of 404")
    person = await make_other(shop, "E-1", "Erika")
    page = await as_support(open_page, shop)
    await open_person(page, person)
    await page.get_by_test_id("erase").click()
    await expect(page.get_by_test_id("erase-confirm")).to_be_disabled()
    await page.get_by_test_id("erase-name").fill("erika of e-1")
    await page.get_by_test_id("erase-confirm").click()
    await expect(toast(page, "The person is erased")).to_be_visible()
    await page.goto(f"/people/{person}")
    await expect(page.get_by_test_id("empty")).to_contain_text("No such person")


async def test_a_shop_sees_its_own_part(open_page: OpenPage, shop: Shop) -> None:
    page = await open_page(None, guest=True)
    await sign_in(page, shop, "shop")
    await open_person(page, shop.anna)
    await expect(page.get_by_test_id("order-row")).to_have_count(2)
    await expect(page.get_by_test_id("timeline-row").filter(has_text="K-1001")).to_be_visible()
    await expect(page.locator("main")).not_to_contain_text("K-1002")
    for closed in ("ids", "erase", "devices"):
        await expect(page.get_by_test_id(closed)).to_have_count(0)
    await page.get_by_test_id("note-text").fill("Comes on Saturdays")
    await page.get_by_test_id("note-save").click()
    await expect(page.get_by_test_id("note-row")).to_contain_text("for Kites at the station")


async def test_who_has_stopped_buying_is_gone(open_page: OpenPage, shop: Shop, tmp_path: Path) -> None:
    for n in range(12):
        at = (utc_now() - timedelta(days=90 + 9 * n)).isoformat()
        await make_order(shop, f"W-{n}", {"external_id": "C-weekly"}, store_id=shop.left, ordered_at=at)
    person = await find(shop, "C-weekly")
    page = await as_support(open_page, shop)
    await open_person(page, person)
    habit = page.get_by_test_id("habit")
    async with asyncio.timeout(20):
        while not await habit.is_visible():  # the worker has not been told yet
            await page.reload()
            await expect(page.get_by_test_id("figures")).to_be_visible()
    await expect(habit).to_contain_text("churned")
    await expect(habit).to_contain_text("This gap is longer than four of five of theirs.")
    await page.screenshot(path=tmp_path / "habit.png")
    assert await faults(page, "habit") == []


async def test_only_support_sees_people(open_page: OpenPage, shop: Shop) -> None:
    page = await open_page(None, guest=True)
    await sign_in(page, shop, "analyst")
    await expect(page.get_by_test_id("empty")).to_contain_text("Only for support")


async def test_parts_that_fail_say_so(open_page: OpenPage, shop: Shop, watch: Watch) -> None:
    watch.expect("status of 500")
    problem = '{"type": "/problems/internal", "title": "Error", "status": 500, "detail": "The disk is full."}'

    async def fail(route: Route) -> None:
        await route.fulfill(status=500, content_type="application/problem+json", body=problem)

    page = await as_support(open_page, shop)
    await open_person(page, shop.anna)
    parts = {
        "/timeline": "timeline-row",
        "/overview": "figures",
        r"/v1/orders\?": "order-row",
        "/v1/recommendations": "due",
    }
    for part, there in parts.items():
        await page.route(re.compile(part), fail)
        await page.goto(f"/people/{shop.anna}")
        await expect(page.locator("main").get_by_test_id("error")).to_contain_text("The disk is full.")
        await page.unroute_all()
        await page.locator("main").get_by_test_id("retry").click()
        await expect(page.get_by_test_id(there).first).to_be_visible()


async def test_the_reason_ends(open_page: OpenPage, shop: Shop, watch: Watch) -> None:
    watch.expect("status of 403")
    ended = '{"type": "/problems/reason-needed", "title": "Say why", "status": 403, "detail": "Say why."}'

    async def refuse(route: Route) -> None:
        await route.fulfill(status=403, content_type="application/problem+json", body=ended)

    page = await as_support(open_page, shop)
    await open_person(page, shop.anna)
    await page.route(re.compile("/timeline"), refuse)
    await page.get_by_test_id("timeline-kind-order").click()  # the page goes away with it
    await expect(page.get_by_test_id("access-form")).to_be_visible()


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_the_look(is_phone: bool, open_page: OpenPage, shop: Shop, tmp_path: Path) -> None:
    other = await make_other(shop, f"L-{int(is_phone)}", "Maximiliane-Friederike")
    page = await as_support(open_page, shop, is_phone=is_phone)
    pictures = tmp_path

    async def look(name: str) -> list[str]:
        await settled(page)
        await page.screenshot(path=pictures / f"{name}.png", full_page=True)
        return await faults(page, name)

    found = await look("recent")
    await page.get_by_test_id("people-query").fill("an")
    await expect(page.get_by_test_id("person-row").first).to_be_visible()
    found += await look("search")
    await page.get_by_test_id("people-query").fill("xyz nobody")
    await expect(page.get_by_test_id("empty")).to_be_visible()
    found += await look("nobody")
    await page.goto(f"/people/{other}")
    await expect(page.get_by_test_id("access-form")).to_be_visible()
    found += await look("reason")
    await open_person(page, other)
    found += await look("somebody")
    await open_person(page, shop.anna)
    await page.get_by_test_id("order-row").first.locator("summary").click()
    found += await look("person")
    for button, dialog in (
        ("come-apart", "apart-dialog"),
        ("same-person", "same-dialog"),
        ("erase", "erase-dialog"),
        ("consent-stop", "stop-marketing-dialog"),
        ("preference-link", "link-dialog"),
    ):
        await page.get_by_test_id(button).click()
        await expect(page.get_by_test_id(dialog)).to_be_visible()
        found += await look(dialog)
        await page.keyboard.press("Escape")
    assert found == []

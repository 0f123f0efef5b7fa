"""The page of webhooks: an endpoint made, its secret shown once, tested, disabled, enabled, replayed, deleted; its
deliveries with their answers; empty and failed lists; laptop and phone; who may see it."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from geoengage.kit.clock import utc_now
from tests.providers.webhook_receiver import Receiver
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, settled, toast
from tests.web.test_look import faults

pytestmark = MARKS
PASSWORD = "a long password for the test"
LONG_NAME = "A rather long name for a system, as consultants like to give them"
LONG_ANSWER = "We could not take this: " + "table customer_events_archive_2026 is read-only; " * 3


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver(clock=lambda: utc_now().timestamp()).running() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def tidy(demo: Demo) -> AsyncIterator[None]:
    """Endpoints that the test makes are gone after it."""
    before = {hook["id"] for hook in (await demo.api("GET", "/v1/webhooks"))["items"]}
    yield
    for hook in (await demo.api("GET", "/v1/webhooks"))["items"]:
        if hook["id"] not in before:
            await demo.api("DELETE", f"/v1/webhooks/{hook['id']}")


async def add(demo: Demo, receiver: Receiver, **over: Any) -> dict[str, Any]:
    body = {"name": "Till", "url": f"{receiver.url}/in", "types": ["sending.resumed"]} | over
    made: dict[str, Any] = await demo.api("POST", "/v1/webhooks", body)
    receiver.secrets.append(made["secret"])
    return made


async def happen(demo: Demo) -> None:
    """Something that endpoints hear of."""
    await demo.api("POST", "/v1/sending/stop", {"reason": "a test"})
    await demo.api("POST", "/v1/sending/resume")


async def heard(receiver: Receiver, type_: str) -> None:
    async with asyncio.timeout(20):
        while type_ not in [call.body["type"] for call in receiver.calls]:  # noqa: ASYNC110 - it hears by HTTP
            await asyncio.sleep(0.05)


async def test_an_endpoint_from_its_making_to_its_end(
    open_page: OpenPage, demo: Demo, receiver: Receiver, tidy: None, watch: Watch
) -> None:
    watch.expect("status of 422")
    page = await open_page("/webhooks")
    await page.get_by_test_id("new-webhook").click()
    await page.get_by_test_id("webhook-name").fill("Till")
    await page.get_by_test_id("webhook-url").fill("http://10.0.0.7/in")
    await page.get_by_test_id("types-sending.resumed").check()
    await page.get_by_test_id("webhook-save").click()
    await expect(page.locator(".field-bad")).to_contain_text("no host of the open internet")
    await expect(page.get_by_test_id("webhook-url")).to_be_focused()
    await page.get_by_test_id("webhook-url").fill(f"{receiver.url}/in")
    await page.get_by_test_id("webhook-save").click()
    secret = await page.get_by_test_id("webhook-secret").text_content()
    assert secret
    assert secret.startswith("whsec_")
    receiver.secrets.append(secret)
    assert await faults(page, "secret") == []

    await page.get_by_test_id("to-webhook").click()
    await expect(page.get_by_test_id("webhook-state")).to_have_text("nothing sent yet")
    await expect(page.get_by_test_id("empty")).to_contain_text("Nothing delivered yet")
    assert secret not in await page.content()
    await page.get_by_test_id("webhook-test").click()
    await expect(page.get_by_test_id("test-result")).to_contain_text("received200 in")
    assert receiver.calls[0].verified

    await happen(demo)
    await heard(receiver, "sending.resumed")
    row = page.get_by_test_id("delivery-row").first
    async with asyncio.timeout(20):  # the receiver hears of it before its answer is recorded
        while "delivered" not in (await row.inner_text() if await row.count() else ""):
            await page.get_by_test_id("deliveries-refresh").click()
            await asyncio.sleep(0.2)
    await expect(row).to_contain_text("sending.resumed")
    await expect(row.get_by_test_id("answer")).to_contain_text("thanks")
    await page.reload()
    await expect(page.get_by_test_id("webhook-state")).to_have_text("works")

    await page.get_by_test_id("webhook-replay").click()
    await page.get_by_test_id("confirm").click()
    await expect(toast(page, "on its way again")).to_be_visible()
    async with asyncio.timeout(20):
        while len({c.id for c in receiver.calls[1:]}) == len(receiver.calls[1:]):  # noqa: ASYNC110 - it hears by HTTP
            await asyncio.sleep(0.05)

    await page.get_by_test_id("webhook-rotate").click()
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("secret-card")).to_contain_text("signed with the old one as well")
    new = await page.get_by_test_id("webhook-secret").text_content()
    assert new != secret

    await page.get_by_test_id("webhook-edit").click()
    await page.get_by_test_id("webhook-name").fill("Till at the door")
    await page.get_by_test_id("webhook-save").click()
    await expect(page.get_by_role("heading", name="Till at the door")).to_be_visible()

    await page.get_by_test_id("webhook-disable").click()
    await expect(page.get_by_test_id("webhook-state")).to_have_text("disabled")
    await expect(page.get_by_test_id("webhook-trouble")).to_contain_text("switched off here")
    await page.get_by_test_id("webhook-enable").click()
    await expect(page.get_by_test_id("webhook-state")).to_have_text("works")
    await page.get_by_test_id("webhook-delete").click()
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("webhook-list")).not_to_contain_text("Till at the door")


async def test_an_endpoint_that_says_it_is_gone(
    open_page: OpenPage, demo: Demo, receiver: Receiver, tidy: None
) -> None:
    """The notice comes to whatever page is open, and the list says why."""
    made = await add(demo, receiver, name="Old ERP")
    other, page = await open_page("/campaigns"), await open_page("/webhooks")
    await settled(other)
    receiver.fail_with(410)
    await happen(demo)
    for each in (page, other):
        await expect(toast(each, "Old ERP gets no events any more: its receiver said that it is gone")).to_be_visible()
    row = page.get_by_test_id("webhook-row").filter(has_text="Old ERP")
    await expect(row).to_contain_text("disabled")
    await expect(row).to_contain_text("answered “gone”")
    receiver.fail_with(None)
    await row.get_by_role("link").click()
    await expect(page).to_have_url(f"/webhooks?id={made['id']}")
    await page.get_by_test_id("webhook-enable").click()
    await expect(toast(page, "hears again")).to_be_visible()
    async with asyncio.timeout(20):
        while not receiver.accepted():  # noqa: ASYNC110 - it hears by HTTP
            await asyncio.sleep(0.05)
    await page.get_by_test_id("deliveries-refresh").click()
    await expect(page.get_by_test_id("delivery-row").first).to_contain_text("delivered")


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_the_look(is_phone: bool, open_page: OpenPage, demo: Demo, receiver: Receiver, tidy: None) -> None:
    receiver.text = LONG_ANSWER
    receiver.fail_with(500)
    made = await add(demo, receiver, name=LONG_NAME, types=["sending.stopped", "sending.resumed"])
    await happen(demo)
    await heard(receiver, "sending.resumed")
    await asyncio.sleep(6)  # the second try
    page = await open_page("/webhooks", is_phone=is_phone)
    await expect(page.get_by_test_id("webhook-list")).to_be_visible()
    found = await faults(page, "list")
    await page.goto("/webhooks?new=1")
    await expect(page.get_by_test_id("webhook-form")).to_be_visible()
    found += await faults(page, "form")
    await page.goto(f"/webhooks?id={made['id']}")
    await expect(page.get_by_test_id("webhook-state")).to_contain_text("fails since")
    await expect(page.get_by_test_id("webhook-trouble")).to_contain_text("Nothing is lost")
    row = page.get_by_test_id("delivery-row").filter(has_text="tries again").filter(has_text="before")
    await row.first.get_by_role("group").locator("summary").click()
    found += await faults(page, "one")
    for button, dialog in (("webhook-replay", "replay-dialog"), ("webhook-rotate", "rotate-dialog")):
        await page.get_by_test_id(button).click()
        await expect(page.get_by_test_id(dialog)).to_be_visible()
        found += await faults(page, dialog)
        await page.keyboard.press("Escape")
    assert found == []


async def test_the_demo_has_a_receiver(open_page: OpenPage, message: dict[str, Any]) -> None:
    """Its own endpoint hears of the messages that shoppers get: the page is not empty."""
    page = await open_page("/webhooks")
    row = page.get_by_test_id("webhook-row").filter(has_text="Demo CRM")
    await row.get_by_role("link").click()
    await expect(page.get_by_test_id("webhook-state")).to_have_text("works", timeout=60_000)
    await page.get_by_test_id("delivery-status").select_option("delivered")
    sent = page.get_by_test_id("delivery-row").filter(has_text="message.sent").first
    await expect(sent.get_by_test_id("answer")).to_contain_text("noted")
    await page.get_by_test_id("delivery-status").select_option("failed")
    await expect(page.get_by_test_id("empty")).to_contain_text("None with this status")


async def test_lists_that_fail_say_so(open_page: OpenPage, demo: Demo, watch: Watch) -> None:
    watch.expect("status of 500")
    hook = (await demo.api("GET", "/v1/webhooks"))["items"][0]
    problem = '{"type": "/problems/internal", "title": "Error", "status": 500, "detail": "The disk is full."}'

    async def fail(route: Route) -> None:
        await route.fulfill(status=500, content_type="application/problem+json", body=problem)

    async def check(page: Page, there: str) -> None:
        await expect(page.locator("main").get_by_test_id("error")).to_contain_text("The disk is full.")
        await page.unroute_all()
        await page.locator("main").get_by_test_id("retry").click()
        await expect(page.get_by_test_id(there).first).to_be_visible()

    page = await open_page(None)
    await page.route(re.compile(r"/v1/webhooks\?"), fail)
    await page.goto("/webhooks")
    await check(page, "webhook-row")
    await page.route(re.compile(r"/deliveries"), fail)
    await page.goto(f"/webhooks?id={hook['id']}")
    await check(page, "delivery-list")


async def test_only_owners_see_it(open_page: OpenPage, demo: Demo) -> None:
    email = f"editor-{time.monotonic_ns()}@example.com"
    editor = {"email": email, "name": "Ed", "role": "editor", "password": PASSWORD}
    await demo.api("POST", "/v1/operators", editor)
    page = await open_page("/login?next=%2Fwebhooks", guest=True)
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_test_id("empty")).to_contain_text("Only for owners")

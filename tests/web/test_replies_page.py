"""The page of replies: what is written shows within a second, is read, assigned and answered; laptop and phone."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from geoengage.kit.ids import new_id
from tests.web.console import MARKS, Demo, Watch
from tests.web.test_look import faults

pytestmark = MARKS
SECRET = "app-secret-of-a-test-0123456789"


@pytest_asyncio.fixture(loop_scope="session")
async def sender(demo: Demo) -> AsyncIterator[dict[str, Any]]:
    """The café's WhatsApp, which goes again afterwards."""
    account = {"phone_number_id": "106540352242977", "business_account_id": "102290129340377",
               "access_token": "EAAG-of-a-test-0123456789", "app_secret": SECRET,
               "store_id": demo.state["store_id"]}  # fmt: skip
    made = await demo.api("PUT", "/v1/senders/whatsapp", account)
    yield made
    await demo.api("DELETE", f"/v1/senders/{made['id']}")


async def write(demo: Demo, sender: dict[str, Any], number: str, text: str) -> None:
    """Somebody writes: Meta calls."""
    row = {"id": f"wamid.{new_id()}", "from": number, "timestamp": str(int(time.time())), "type": "text",
           "text": {"body": text}}  # fmt: skip
    value = {"metadata": {"phone_number_id": sender["account"]["phone_number_id"]}, "messages": [row]}
    told = {"object": "whatsapp_business_account", "entry": [
        {"id": sender["account"]["business_account_id"], "changes": [{"field": "messages", "value": value}]}
    ]}  # fmt: skip
    body = json.dumps(told).encode()
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    async with httpx.AsyncClient(base_url=demo.url, timeout=20) as http:
        url = f"/v1/hooks/whatsapp/{sender['id']}"
        answer = await http.post(url, content=body, headers={"X-Hub-Signature-256": signature})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_what_is_written_shows_at_once_and_is_answered(
    profiles: Callable[..., Any], watch: Watch, demo: Demo, sender: dict[str, Any], is_phone: bool
) -> None:
    number = f"4179{new_id().int % 10**7:07}"
    question = f"Do you have {new_id().hex[-8:]} today?"
    context = await profiles(is_phone=is_phone, guest=False)
    page = await context.new_page()
    watch.attach(page)
    await page.goto(f"{demo.url}/replies")
    await expect(page.get_by_role("heading", name="Replies")).to_be_visible()
    await expect(page.get_by_test_id("link-state")).to_have_text("Live")
    assert await faults(page, "the list") == []
    colleague = await (await profiles(is_phone=not is_phone, guest=False)).new_page()
    watch.attach(colleague)
    await colleague.goto(f"{demo.url}/replies")

    await write(demo, sender, number, question)
    row = page.get_by_test_id("reply-row").filter(has_text=question)
    elsewhere = colleague.get_by_test_id("reply-row").filter(has_text=question)
    for each in (row, elsewhere):
        await expect(each.get_by_test_id("unread")).to_contain_text("1")
    counts = page.get_by_test_id("replies-count")
    waiting = (await demo.api("GET", "/v1/conversations/unread"))["conversations"]
    await expect(counts.first).to_have_text(f"{waiting} unread")
    assert await faults(page, "something waits") == []
    await row.click()
    await expect(page.get_by_test_id("thread")).to_contain_text(question)
    for each in (row, elsewhere):
        await expect(each.get_by_test_id("unread")).to_have_count(0)
    for count in await counts.all():
        await expect(count).to_have_text(f"{waiting - 1} unread")
    await expect(page.get_by_test_id("window")).to_contain_text("left to answer")
    await page.get_by_test_id("assign").click()
    await expect(page.get_by_test_id("give-back")).to_be_visible()
    await expect(elsewhere).to_contain_text("Yours")

    await page.get_by_test_id("answer").fill(f"Yes, until six. {number}")
    await page.get_by_test_id("keep").click()
    await page.get_by_test_id("canned-title").fill(f"Hours {number}")
    await page.get_by_test_id("confirm").click()
    await page.get_by_test_id("answer").fill("")
    await page.get_by_test_id("canned").select_option(label=f"Hours {number}")
    await expect(page.get_by_test_id("answer")).to_have_value(f"Yes, until six. {number}")
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("text-out")).to_contain_text("Yes, until six.")
    assert await faults(page, "a conversation") == []

    await write(demo, sender, number, f"And {question}")  # the open page shows it by itself
    await expect(page.get_by_test_id("text-in")).to_have_count(2)
    await write(demo, sender, number, "Stop")
    await write(demo, sender, number, f"Still {question}")
    await expect(page.get_by_test_id("text-in")).to_have_count(4)
    await page.get_by_test_id("done").click()
    for each in (row, elsewhere):
        await expect(each).to_have_count(0)
    for one in (await demo.api("GET", "/v1/canned-answers"))["items"]:
        if one["title"] == f"Hours {number}":
            await demo.api("DELETE", f"/v1/canned-answers/{one['id']}")
    for opened in (page, colleague):
        await opened.close()
    assert watch.problems == []

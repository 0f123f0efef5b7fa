"""WhatsApp, Viber and SMS on the page of apps: put with secrets once, checked, templates, gone; laptop and phone."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.conftest import ROOT
from tests.e2e.stack import free_port
from tests.providers.meta_server import APP_SECRET, BUSINESS, NUMBER, TOKEN, MetaServer, template
from tests.providers.text_servers import AUTH_TOKEN, SID, TextServer
from tests.web.console import MARKS, Demo, Watch
from tests.web.test_look import faults

pytestmark = MARKS
NOT_SET_UP = ("/firebase)", "/email)")  # a 404, which Chromium logs
READY_S = 60


@pytest_asyncio.fixture(loop_scope="session")
async def servers() -> AsyncIterator[tuple[MetaServer, TextServer]]:
    async with MetaServer().running() as meta, TextServer().running() as texts:
        yield meta, texts


@pytest.fixture
def console(demo: Demo, demo_env: dict[str, str], servers: Any, tmp_path: Path) -> Iterator[str]:
    """A second API process on the demo's database, whose Meta, Twilio and Infobip are on this machine."""
    port, (meta, texts) = free_port(), servers
    env = os.environ | demo_env | {
        "GEOENGAGE_PORT": str(port),
        "GEOENGAGE_PUBLIC_URL": "https://shop.example.com",
        "GEOENGAGE_PHONE_CHANNELS__GRAPH_URL": meta.url,
        "GEOENGAGE_PHONE_CHANNELS__TWILIO_URL": texts.url,
        "GEOENGAGE_PHONE_CHANNELS__INFOBIP_URL": texts.url,
    }  # fmt: skip
    with (tmp_path / "serve").open("w") as out:
        command = [sys.executable, "-m", "geoengage", "serve"]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        until = time.monotonic() + READY_S
        while True:
            assert process.poll() is None, (tmp_path / "serve").read_text()
            assert time.monotonic() < until, (tmp_path / "serve").read_text()
            try:
                with socket.create_connection(("127.0.0.1", port), 1):
                    break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(15)


@pytest_asyncio.fixture(loop_scope="session")
async def tidy(demo: Demo) -> AsyncIterator[None]:
    """The demo has no such accounts afterwards."""
    yield
    for sender in (await demo.api("GET", "/v1/senders"))["items"]:
        await demo.api("DELETE", f"/v1/senders/{sender['id']}")


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_accounts_are_put_checked_and_removed(
    profiles: Callable[..., Any], watch: Watch, console: str, servers: Any, tidy: None, is_phone: bool, tmp_path: Path
) -> None:
    meta, texts = servers
    meta.templates = [template(), template(name="order", status="PAUSED", category="UTILITY")]
    context = await profiles(is_phone=is_phone, guest=False)
    page = await context.new_page()
    watch.base_url = console
    watch.expect(*NOT_SET_UP)
    watch.expect("422")
    watch.attach(page)
    await page.goto(f"{console}/apps")
    whatsapp, sms = page.get_by_test_id("part-whatsapp"), page.get_by_test_id("part-sms")
    await expect(whatsapp).to_contain_text("Not set up")
    await expect(page.get_by_test_id("part-viber")).to_contain_text("A Viber bot is another product")
    assert await faults(page, "not set up") == []

    await page.get_by_test_id("whatsapp-open").click()
    fields = {"phone_number_id": "+41 79", "business_account_id": BUSINESS, "access_token": TOKEN, "templates": "news"}
    for name, value in (fields | {"app_secret": APP_SECRET}).items():
        await page.get_by_test_id(f"whatsapp-{name}").fill(value)
    await page.get_by_test_id("whatsapp-save").click()
    await expect(page.get_by_test_id("whatsapp-phone_number_id")).to_be_focused()
    await expect(whatsapp.locator(".field-bad")).to_contain_text("not the phone number")
    assert await faults(page, "a wrong number") == []
    await page.get_by_test_id("whatsapp-phone_number_id").fill(NUMBER)
    await page.get_by_test_id("whatsapp-save").click()
    await expect(whatsapp.locator(".pill").first).to_have_text("works")
    await expect(whatsapp).to_contain_text("https://shop.example.com/v1/hooks/whatsapp/")
    await page.get_by_test_id("templates").click()
    await page.get_by_test_id("templates-sync").click()
    await expect(page.get_by_test_id("template-list")).to_contain_text("paused")

    await page.get_by_test_id("sms-open").click()
    for name, value in {"account_sid": SID, "auth_token": AUTH_TOKEN, "sender": "SHOP"}.items():
        await page.get_by_test_id(f"sms-{name}").fill(value)
    await page.get_by_test_id("sms-save").click()
    await expect(sms.locator(".pill").first).to_have_text("works")
    shown = await page.content()
    assert not [secret for secret in (TOKEN, APP_SECRET, AUTH_TOKEN) if secret in shown]
    texts.token = "another"
    await page.get_by_test_id("check-sms").click()
    await expect(sms.locator(".pill").first).to_contain_text("fails since")
    assert await faults(page, "works and fails") == []
    await page.get_by_test_id("phone-senders-card").screenshot(path=tmp_path / "card.png")
    await page.get_by_test_id("remove-sms").click()
    await page.get_by_test_id("confirm").click()
    await expect(sms).to_contain_text("Not set up")
    texts.token = AUTH_TOKEN
    await page.close()
    assert watch.problems == []

"""The page of apps: credentials in, never out; works and fails; the shopper page; a test to a phone; who may see it."""

import json
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
import zxingcpp
from PIL import Image
from playwright.async_api import FilePayload, Locator, Page, expect

from tests.conftest import ROOT
from tests.e2e.stack import free_port
from tests.providers.fcm_server import FcmServer
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch
from tests.web.test_look import faults

pytestmark = MARKS
READY_S = 60
PASSWORD = "a long password for the test"
# "Not set up" is a 404, which Chromium logs.
NOT_SET_UP = ("/firebase)", "/email)")


@pytest_asyncio.fixture(loop_scope="session")
async def firebase() -> AsyncIterator[FcmServer]:
    async with FcmServer().running() as server:
        yield server


@pytest.fixture
def with_firebase(demo: Demo, demo_env: dict[str, str], firebase: FcmServer, tmp_path: Path) -> Iterator[str]:
    """A second API process on the demo's database, whose Google is on this machine; its address."""
    port = free_port()
    env = os.environ | demo_env | {
        "GEOENGAGE_PORT": str(port),
        "GEOENGAGE_FCM__BASE_URL": firebase.url,
        "GEOENGAGE_FCM__TOKEN_URI": f"{firebase.url}/token",
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
async def no_sender(demo: Demo) -> AsyncIterator[None]:
    """The demo's app has no credentials of its own, and its shopper page again, at the end."""
    yield
    app = f"/v1/apps/{demo.state['app_id']}"
    await demo.api("DELETE", f"{app}/firebase")
    await demo.api("POST", f"{app}/shopper-page", {"is_test": True})


def card(page: Page, part: str) -> Locator:
    return page.get_by_test_id(part).first


async def test_firebase_works_fails_and_goes(
    profiles: Callable[..., Any], watch: Watch, with_firebase: str, firebase: FcmServer, no_sender: None, demo: Demo
) -> None:
    context = await profiles(is_phone=False, guest=False)
    page = await context.new_page()
    watch.base_url = with_firebase
    watch.expect(*NOT_SET_UP)
    watch.attach(page)
    await page.goto(f"{with_firebase}/apps")
    part, state = card(page, "firebase"), card(page, "firebase-state")
    await expect(state).to_have_text("not set up")
    assert await faults(page, "not set up") == []

    # what is no service account is told from one before anything is sent
    await page.get_by_test_id("firebase-json").fill('{"project_info": {}, "client": []}')
    await expect(part.locator(".field-error")).to_contain_text("google-services.json")
    await page.get_by_test_id("firebase-save").click()
    await expect(page.get_by_test_id("firebase-json")).to_be_focused()

    account = firebase.credentials("ahornhof")
    secret = account["private_key"].splitlines()[3]
    file = FilePayload(name="key.json", mimeType="application/json", buffer=json.dumps(account).encode())
    await page.get_by_test_id("firebase-file").set_input_files(file)
    await expect(page.get_by_test_id("firebase-read")).to_contain_text("Project ahornhof")
    await page.get_by_test_id("firebase-save").click()
    await expect(state).to_have_text("works")
    await expect(part).to_contain_text(account["client_email"])
    assert secret not in await page.content()
    assert await faults(page, "works") == []

    firebase.fail_project("ahornhof", "disabled")
    await page.get_by_test_id("firebase-check").click()
    await expect(state).to_contain_text("fails since")
    await expect(part.locator(".note-bad")).to_contain_text("Firebase Cloud Messaging API")
    assert await faults(page, "fails") == []
    firebase.fail_project("ahornhof", None)
    await page.get_by_test_id("firebase-check").click()
    await expect(state).to_have_text("works")

    # a test to a phone whose app uses that project
    device = await demo.api(
        "POST",
        "/v1/devices",
        {
            "app_id": demo.state["app_id"],
            "platform": "android",
            "push": {"provider": "fcm", "kind": "fcm_token", "address": "phone-of-mine"},
        },
        key="publishable_key",
    )
    await page.get_by_test_id("test-reload").click()
    await page.get_by_test_id("test-device").select_option(device["device_id"])
    await page.get_by_test_id("test-title").fill("Does it ring?")
    await page.get_by_test_id("test-send").click()
    await expect(page.get_by_test_id("test-result")).to_contain_text("by Firebase")
    assert firebase.accepted()[-1].message["notification"]["title"] == "Does it ring?"
    firebase.fail_target("phone-of-mine", "unregistered")
    await page.get_by_test_id("test-send").click()
    await expect(page.get_by_test_id("test-result")).to_contain_text("UNREGISTERED")
    await page.get_by_test_id("test-device").select_option("other")
    await page.get_by_test_id("test-device-id").fill("my phone")
    await page.get_by_test_id("test-send").click()
    await expect(card(page, "test-push").locator(".field-bad")).to_contain_text("36 characters")

    await page.get_by_test_id("firebase-remove").click()
    await page.get_by_test_id("confirm").click()
    await expect(state).to_have_text("not set up")
    await page.close()
    assert watch.problems == []


async def test_the_shopper_page_is_closed_and_made(
    open_page: OpenPage, demo: Demo, watch: Watch, no_sender: None, tmp_path: Path
) -> None:
    watch.expect(*NOT_SET_UP)
    page = await open_page("/apps")
    link = page.get_by_test_id("shopper-link")
    await expect(link).to_have_text(f"{demo.url}/shopper/?app={demo.state['app_id']}")
    await page.locator(".qr").screenshot(path=tmp_path / "qr.png")
    assert zxingcpp.read_barcodes(Image.open(tmp_path / "qr.png"))[0].text == await link.text_content()
    await expect(page.get_by_test_id("web-push")).to_contain_text("Web push is")
    await expect(card(page, "app-keys")).to_contain_text("shopper page")
    await page.get_by_test_id("shopper-revoke").click()
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("shopper-state")).to_have_text("not made")
    await expect(card(page, "app-keys")).not_to_contain_text("shopper page")
    await page.get_by_test_id("shopper-make").click()
    await expect(page.get_by_test_id("shopper-state")).to_have_text("open")
    await expect(link).to_be_visible()


async def test_on_a_phone(open_page: OpenPage, watch: Watch) -> None:
    watch.expect(*NOT_SET_UP)
    page = await open_page("/apps", is_phone=True)
    await expect(card(page, "firebase-state")).to_have_text("not set up")
    await expect(page.get_by_test_id("shopper-link")).to_be_visible()
    assert await faults(page, "apps") == []


async def test_only_owners_see_it(open_page: OpenPage, demo: Demo) -> None:
    email = f"editor-{time.monotonic_ns()}@example.com"
    editor = {"email": email, "name": "Ed", "role": "editor", "password": PASSWORD}
    await demo.api("POST", "/v1/operators", editor)
    page = await open_page("/login?next=%2Fapps", guest=True)
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_test_id("empty")).to_contain_text("Only for owners")
    await expect(page.get_by_test_id("app-card")).to_have_count(0)

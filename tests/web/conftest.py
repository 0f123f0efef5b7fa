"""Fixtures of the browser tests: one demo full of shoppers, one Chromium, and pages that are watched.

Without Chromium or a built console these tests fail and say what to do; GEOENGAGE_NO_BROWSER=1 leaves them out.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.conftest import KEY, ROOT
from tests.e2e.stack import free_port
from tests.web.console import Demo, Watch, read_state

BROWSERS = ("chromium", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
READY_S = 90
FAILED = pytest.StashKey[bool]()
OpenPage = Callable[..., Awaitable[Page]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Remember a failure, for the screenshot."""
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path."""
    if os.environ.get("GEOENGAGE_NO_BROWSER") == "1":
        pytest.skip("GEOENGAGE_NO_BROWSER=1")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.fail(
            "No Chromium: install it (Debian: apt-get install chromium), name one with CHROMIUM=/path/to/it,"
            " or leave the browser tests out with GEOENGAGE_NO_BROWSER=1.",
            pytrace=False,
        )
    return found


@pytest.fixture(scope="session")
def demo_env(clone: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of the demo: a database and a folder of its own."""
    return {
        "GEOENGAGE_DATABASE_URL": clone(),
        "GEOENGAGE_DATA_DIR": str(tmp_path_factory.mktemp("console")),
        "GEOENGAGE_SECRET_KEY": KEY,
        "GEOENGAGE_LAN__HOST": "127.0.0.2",  # "Connect a phone" opens nothing to anybody
    }


@pytest.fixture(scope="session")
def demo(chromium: str, demo_env: dict[str, str]) -> Iterator[Demo]:
    """`geoengage demo up` with simulated shoppers."""
    built = Path(os.environ.get("GEOENGAGE_WEB_DIR", ROOT / "web" / "dist"))
    if not (built / "index.html").exists():
        pytest.fail("The console is not built. Run: make web", pytrace=False)
    folder = Path(demo_env["GEOENGAGE_DATA_DIR"])
    env = os.environ | demo_env | {
        "GEOENGAGE_PORT": str(free_port()),
        "GEOENGAGE_SIMULATE": "1",
        "GEOENGAGE_HISTORY": "70",  # a short past, told at once
        "GEOENGAGE_HISTORY_DAYS": "2.5",
        "GEOENGAGE_HISTORY_AFTER": "0",
        "GEOENGAGE_CHAINS": "0",  # the processors are for the browser
    }  # fmt: skip
    with (folder / "out").open("w") as out:
        up = subprocess.Popen(
            [sys.executable, "-m", "geoengage", "demo", "up"],
            cwd=ROOT,
            env=env,
            stdout=out,
            stderr=out,
            start_new_session=True,  # Ctrl-C of the test run reaches it once, from here
        )
    try:
        until = time.monotonic() + READY_S
        while "Open http" not in (folder / "out").read_text():
            assert up.poll() is None, (folder / "out").read_text()
            assert time.monotonic() < until, (folder / "out").read_text()
            time.sleep(0.1)
        yield Demo(read_state(folder), folder)
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(15)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One Chromium for all tests."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def signed_in(browser: Browser, demo: Demo) -> Any:
    """The cookie that the demo's link gives."""
    context = await browser.new_context()
    await context.request.get(demo.state["console_url"], max_redirects=0)
    cookie = await context.storage_state()
    await context.close()
    return cookie


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def message(demo: Demo) -> dict[str, Any]:
    """A message that a simulated shopper got."""
    async with asyncio.timeout(60):
        while True:
            found = await demo.api("GET", "/v1/messages?status=sent&limit=1")
            if found["items"]:
                first: dict[str, Any] = found["items"][0]
                return first
            await asyncio.sleep(0.3)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def past(demo: Demo) -> None:
    """The mall's past has been told: the demo says so."""
    async with asyncio.timeout(400):
        while "walks" not in (demo.folder / "out").read_text():  # noqa: ASYNC110 - a file rings no bell
            await asyncio.sleep(0.5)


@pytest.fixture
def watch(demo: Demo) -> Watch:
    """What the browser complains of in this test; it must be nothing."""
    return Watch(demo.url)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def profiles(browser: Browser, demo: Demo, signed_in: Any) -> AsyncIterator[Callable[..., Any]]:
    """Browser profiles: a fresh one for a guest, else one for laptops and one for phones, which keep their cache."""
    kept: dict[bool, BrowserContext] = {}

    async def make(*, is_phone: bool, guest: bool) -> BrowserContext:
        context = await browser.new_context(
            base_url=demo.url,
            viewport={"width": 390, "height": 844} if is_phone else {"width": 1440, "height": 900},
            storage_state=None if guest else signed_in,
            reduced_motion="reduce",
            has_touch=is_phone,
        )
        context.set_default_timeout(20_000)
        return context

    async def find(*, is_phone: bool, guest: bool) -> BrowserContext:
        if guest:
            return await make(is_phone=is_phone, guest=True)
        if is_phone not in kept:
            kept[is_phone] = await make(is_phone=is_phone, guest=False)
        return kept[is_phone]

    yield find
    for context in kept.values():
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tidy_zones(demo: Demo) -> AsyncIterator[None]:
    """Zones that the test makes are gone after it."""
    path = f"/v1/zones?limit=500&mall_id={demo.state['mall_id']}"
    before = {zone["id"] for zone in (await demo.api("GET", path))["items"]}
    yield
    made = [zone["id"] for zone in (await demo.api("GET", path))["items"] if zone["id"] not in before]
    for start in range(0, len(made), 20):
        await asyncio.gather(*[demo.api("DELETE", f"/v1/zones/{one}") for one in made[start : start + 20]])


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(
    profiles: Callable[..., Any], watch: Watch, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[OpenPage]:
    """Opens a page of the console, signed in unless told otherwise.

    At the end of the test every page was quiet: no console message, no script error, no request to another host.
    A failed test leaves pictures in its tmp_path.
    """
    pages: list[Page] = []

    async def open_(path: str | None = "/map", *, is_phone: bool = False, guest: bool = False) -> Page:
        context = await profiles(is_phone=is_phone, guest=guest)
        page = await context.new_page()
        watch.attach(page)
        pages.append(page)
        if path:
            await page.goto(path)
        return page

    yield open_
    for number, page in enumerate(pages):
        if request.node.stash.get(FAILED, False):
            await page.screenshot(path=tmp_path / f"end-{number}.png")
        await page.close()
    assert watch.problems == []

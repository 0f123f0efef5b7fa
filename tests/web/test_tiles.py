"""The city with street tiles: asked for only where they are set up, and the CSP lets in just their origin."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, expect

from tests.conftest import ROOT
from tests.e2e.stack import free_port
from tests.web.console import MARKS, Demo, settled

pytestmark = MARKS
ATTRIBUTION = "Tiles by the test"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da6364600000000600023081d02f0000000049454e44ae426082"
)
READY_S = 60


@dataclass
class Tiles:
    """A tile server that remembers what it was asked for."""

    port: int
    asked: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.Response(body=PIXEL, content_type="image/png")


@pytest_asyncio.fixture(loop_scope="session")
async def tiles() -> AsyncIterator[Tiles]:
    server = Tiles(free_port())
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", server.port).start()
    yield server
    await runner.cleanup()


@pytest.fixture
def with_tiles(demo: Demo, demo_env: dict[str, str], tiles: Tiles, tmp_path: Path) -> Iterator[str]:
    """A second API process on the demo's database, with tiles; its address. The demo's cookie is good there, too."""
    port = free_port()
    env = os.environ | demo_env | {
        "GEOENGAGE_PORT": str(port),
        "GEOENGAGE_TILES_URL": tiles.origin + "/{z}/{x}/{y}.png",
        "GEOENGAGE_TILES_ATTRIBUTION": ATTRIBUTION,
    }  # fmt: skip
    with (tmp_path / "serve").open("w") as out:
        command = [sys.executable, "-m", "geoengage", "serve"]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
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
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(15)


async def test_tiles_come_only_where_they_are_set_up(
    browser: Browser, demo: Demo, signed_in: Any, with_tiles: str, tiles: Tiles
) -> None:
    context = await browser.new_context(storage_state=signed_in, viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))

    await page.goto(f"{demo.url}/stores")
    await settled(page)
    await expect(page.locator(".graticule").first).to_be_attached()
    await expect(page.get_by_test_id("attribution")).to_have_count(0)
    assert tiles.asked == []

    answer = await page.goto(f"{with_tiles}/stores")
    await settled(page)
    await expect(page.locator(".leaflet-tile-loaded").first).to_be_visible()
    await expect(page.get_by_test_id("attribution")).to_have_text(ATTRIBUTION)
    await expect(page.locator(".graticule")).to_have_count(0)
    assert all(path.count("/") == 3 and path.endswith(".png") for path in tiles.asked)
    assert hosts == {demo.url.split("/")[2], with_tiles.split("/")[2], tiles.origin.split("/")[2]}
    assert answer
    images = next(part for part in answer.headers["content-security-policy"].split(";") if "img-src" in part)
    assert images.split() == ["img-src", "'self'", "data:", "blob:", tiles.origin]
    assert said == []

    # another server's picture is not let in
    refused = await page.evaluate(
        """(url) => new Promise((resolve) => {
          document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
          new Image().src = url;
        })""",
        f"http://127.0.0.1:{free_port()}/1/1/1.png",
    )
    assert refused == "img-src"
    await context.close()

"""How smooth the console is: frames a second and how busy the page's thread is, in headless Chromium.

`python -m tests.bench.console` (after `make web`). Real: the built console under its CSP, the server, the WebSocket,
the frame format, the zones in PostGIS. Made up: where the dots are (console_server.py). Without a GPU the picture is
put together by the processor, so a screen in front of it would do better. `--only` measures one part.
"""

import argparse
import asyncio
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path

import numpy as np
from playwright.async_api import CDPSession, Page, async_playwright
from rich.console import Console
from rich.table import Table

from geoengage.demo import accounts, seed
from geoengage.demo.client import Client
from geoengage.demo.state import State
from geoengage.kit.cluster import Cluster
from geoengage.kit.geo import Frame
from geoengage.kit.migrate import upgrade
from tests.bench.__main__ import wait_for
from tests.e2e.stack import free_port
from tests.web.conftest import BROWSERS, FLAGS

KEY = "a-key-for-the-benchmark-0123456789abcdef"
VIEWPORT = {"width": 1440, "height": 860}
CORNERS = 24
# Notes the time of every animation frame, until it is told to stop.
RECORD = """() => {
  const times = (window.__frames = []);
  const note = (now) => { times.push(now); window.__frameHandle = requestAnimationFrame(note); };
  window.__frameHandle = requestAnimationFrame(note);
}"""
RECORDED = "() => { cancelAnimationFrame(window.__frameHandle); return window.__frames; }"


@dataclass(frozen=True)
class Smoothness:
    """One measurement: frames a second, the 95th percentile and the longest of a frame in ms, share of a thread."""

    what: str
    fps: float
    p95_ms: float
    longest_ms: float
    busy: float
    script: float


async def metrics(cdp: CDPSession) -> dict[str, float]:
    answer = await cdp.send("Performance.getMetrics")
    return {item["name"]: item["value"] for item in answer["metrics"]}


async def measure(page: Page, cdp: CDPSession, what: str, work: Callable[[], Awaitable[None]]) -> Smoothness:
    """What the page did while `work` went on."""
    before = await metrics(cdp)
    await page.evaluate(RECORD)
    await work()
    gaps = np.diff(await page.evaluate(RECORDED))
    after = await metrics(cdp)
    took = after["Timestamp"] - before["Timestamp"]
    shares = [(after[name] - before[name]) / took for name in ("TaskDuration", "ScriptDuration")]
    return Smoothness(what, 1000 / gaps.mean(), float(np.percentile(gaps, 95)), float(gaps.max()), *shares)


async def drag(page: Page, start: tuple[float, float], reach: tuple[float, float], seconds: float) -> None:
    """Press, move round a small loop for so long, as often as the page takes it, and let go where it began."""
    (x, y), loop = start, asyncio.get_running_loop()
    began = loop.time()
    await page.mouse.move(x, y)
    await page.mouse.down()
    while (t := loop.time() - began) < seconds:
        turn = 2 * pi * t / 2.5
        await page.mouse.move(x + reach[0] * sin(turn), y + reach[1] * (1 - cos(turn)) / 2)
    await page.mouse.up()


async def pixel(page: Page, point: tuple[float, float]) -> tuple[float, float]:
    at = await page.evaluate("(point) => window.__geoengage.pixel(point)", point)
    return at["x"], at["y"]


async def measure_dots(page: Page, cdp: CDPSession, dots: int, seconds: float) -> list[Smoothness]:
    """The live mall, left alone and panned."""
    await page.goto("/map?debug")
    await page.get_by_test_id("dots-count").get_by_text(str(dots)).wait_for()
    await page.wait_for_timeout(2000)
    still = await measure(
        page, cdp, f"{dots:,} dots, nobody touches the map", lambda: page.wait_for_timeout(seconds * 1000)
    )
    middle = await pixel(page, (0.0, 0.0))
    panned = await measure(
        page, cdp, f"{dots:,} dots, the map is panned", lambda: drag(page, middle, (160, 120), seconds)
    )
    return [still, panned]


async def measure_corner(page: Page, cdp: CDPSession, zones: int, seconds: float) -> list[Smoothness]:
    """A corner of one of many zones is dragged about, with snapping; and the map is panned meanwhile."""
    await page.goto("/map?debug")
    row = page.get_by_test_id("zone-row").filter(has_text="Bench 0").first
    await row.wait_for()
    panned = await measure(
        page, cdp, f"{zones} more zones, the map is panned", lambda: drag(page, (720.0, 430.0), (120, 90), seconds)
    )
    await row.click()
    await page.get_by_test_id("zone-form").wait_for()
    await page.wait_for_timeout(1000)
    box = await page.get_by_label("Corner 4: ").bounding_box()
    assert box
    corner = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    dragged = await measure(
        page, cdp, f"{zones} more zones, a corner is dragged", lambda: drag(page, corner, (40, 30), seconds)
    )
    return [panned, dragged]


def add_zones(url: str, state: State, count: int) -> None:
    """Draft zones of 24 corners on a grid over the ground floor, through the API."""
    mall = seed.read("mall.json")
    frame = Frame(*mall["origin"], mall["bearing_deg"])
    client = Client(url, state["secret_key"])
    for i in range(count):
        x, y = -92 + (i % 40) * 4.7, -30 + (i // 40) * 4.7
        # in and out by turns, so that no corner can be left out
        radii = [2.1 if k % 2 else 1.6 for k in range(CORNERS)]
        ring = [
            frame.to_lonlat(x + r * cos(k * 2 * pi / CORNERS), y + r * sin(k * 2 * pi / CORNERS))
            for k, r in enumerate(radii)
        ]
        about = {"name": f"Bench {i}", "kind": "corridor", "mall_id": state["mall_id"], "levels": [0]}
        shape = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        client.post("/v1/zones", {"type": "Feature", "geometry": shape, "properties": about})


@asynccontextmanager
async def browser_page(url: str, link: str) -> AsyncIterator[tuple[Page, CDPSession, str]]:
    """A signed-in page of the console as an operator has it: motion is not reduced."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = await browser.new_context(base_url=url, viewport=VIEWPORT)
        await context.request.get(link, max_redirects=0)
        page = await context.new_page()
        cdp = await context.new_cdp_session(page)
        await cdp.send("Performance.enable")
        yield page, cdp, browser.version
        await browser.close()


def report(console: Console, results: list[Smoothness], setting: str) -> None:
    table = Table("measured", "frames/s", "p95 frame ms", "longest ms", "main thread busy", "of it script")
    for r in results:
        table.add_row(
            r.what, f"{r.fps:.1f}", f"{r.p95_ms:.1f}", f"{r.longest_ms:.0f}", f"{r.busy:.0%}", f"{r.script:.0%}"
        )
    console.print(table)
    console.print(setting)


async def run(url: str, link: str, state: State, given: argparse.Namespace) -> tuple[list[Smoothness], str]:
    results = []
    async with browser_page(url, link) as (page, cdp, version):
        if given.only != "corner":
            results += await measure_dots(page, cdp, given.dots, given.seconds)
        if given.only != "dots":
            add_zones(url, state, given.zones)
            results += await measure_corner(page, cdp, given.zones, given.seconds)
    load = os.getloadavg()[0]
    return results, (
        f"{given.dots:,} dots at {given.per_s:g} updates/s all along; {VIEWPORT['width']} × {VIEWPORT['height']},"
        f" headless Chromium {version} without a GPU, {os.cpu_count()} cores ({platform.machine()}) shared with server"
        f" and database, load {load:.1f}"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--dots", type=int, default=5_000)
    options.add_argument("--per-s", type=float, default=5.0, help="frames of positions a second")
    options.add_argument("--zones", type=int, default=500, help="zones of 24 corners added for the corner drag")
    options.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    options.add_argument("--only", choices=["dots", "corner"])
    given = options.parse_args()
    console = Console(width=130)
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "pg") as cluster:
        upgrade(cluster.url)
        mall = seed.read("mall.json")
        state = accounts.prepare(cluster.url, {}, name=mall["name"], timezone=mall["timezone"])
        port = free_port()
        arguments = [cluster.url, KEY, str(port), folder, str(given.dots), str(given.per_s)]
        server = subprocess.Popen([sys.executable, "-m", "tests.bench.console_server", *arguments])
        try:
            with console.status("measuring"):
                asyncio.run(wait_for(port))
                url = f"http://127.0.0.1:{port}"
                state = seed.load(Client(url, state["secret_key"]), state)
                results, setting = asyncio.run(run(url, accounts.login_link(KEY, state), state, given))
        finally:
            server.terminate()
            server.wait()
    report(console, results, setting)


if __name__ == "__main__":
    main()

"""What the browser tests share: the demo they look at, what the browser complains of, the mall in pixels."""

import asyncio
import contextlib
import itertools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import ConsoleMessage, Locator, Page, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from geoengage.kit.geo import Frame

# Playwright's objects live in the event loop that made them: the session's. One demo walks on beside all these tests on
# a busy machine: what fails once is tried once more and shown as "rerun"; what fails twice has failed.
MARKS = [pytest.mark.browser, pytest.mark.flaky(reruns=1), pytest.mark.asyncio(loop_scope="session")]
HERE = Path(__file__).parent
# A walk takes its time, and so does a busy machine.
SHOPPER_MS = 60_000
LOADING = "[data-testid=loading]"
expect.set_options(timeout=15_000)
XY = tuple[float, float]


@dataclass(frozen=True)
class Demo:
    """A running demo: what demo.json in its folder remembers, and HTTP with the tenant's secret key."""

    state: dict[str, str]
    folder: Path

    @property
    def url(self) -> str:
        return self.state["base_url"]

    async def api(self, method: str, path: str, body: Any = None, *, key: str = "secret_key", **headers: str) -> Any:
        """One call; the answer's JSON, of a file its text. A refusal is an error here."""
        headers["Authorization"] = f"Bearer {self.state[key]}"
        async with httpx.AsyncClient(base_url=self.url, timeout=20) as http:
            answer = await http.request(method, path, json=body, headers=headers)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        if answer.headers.get("content-type", "").startswith("text/csv"):
            return answer.text
        return answer.json() if answer.content else None

    async def frame(self) -> Frame:
        """The mall's own metres, computed here and not by the page."""
        mall = await self.api("GET", f"/v1/malls/{self.state['mall_id']}")
        return Frame(*mall["origin"], mall["bearing_deg"])

    async def add_zone(self, frame: Frame, name: str, box: tuple[float, float, float, float]) -> dict[str, Any]:
        """A draft zone on the ground floor: x0, y0, x1, y1 in the mall's metres."""
        x0, y0, x1, y1 = box
        ring = [frame.to_lonlat(x, y) for x, y in [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]]
        body = {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {"name": name, "kind": "corridor", "mall_id": self.state["mall_id"], "levels": [0]},
        }
        made: dict[str, Any] = await self.api("POST", "/v1/zones", body)
        return made

    async def ask_approval(self, name: str) -> str:
        """A campaign that the café registers with its own key and wants to run; its id."""
        body = {
            "name": name,
            "store_id": self.state["store_id"],
            "trigger": {"kind": "entered", "store_ids": [self.state["store_id"]]},
            "title": "Fresh from the oven, {{ first_name }}",
            "body": "Two croissants for one at {{ store.name }} until noon.",
        }
        made = await self.api("POST", "/v1/campaigns", body, key="store_secret_key")
        asked = await self.api("POST", f"/v1/campaigns/{made['id']}/activate", key="store_secret_key")
        assert asked["status"] == "in_review"
        campaign_id: str = made["id"]
        return campaign_id


@dataclass
class Watch:
    """Collects what a browser must not do: write to its console, fail in a script, speak with another host."""

    base_url: str
    problems: list[str] = field(default_factory=list)
    _expected: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        page.on("request", lambda request: self._on_address(request.url))
        page.on("websocket", lambda socket: self._on_address(socket.url))

    def expect(self, *texts: str) -> None:
        """Chromium itself logs each refused or failed request; a test that causes one says so first."""
        self._expected += texts

    def _on_console(self, message: ConsoleMessage) -> None:
        said = f"{message.type}: {message.text} ({message.location['url']})"
        if message.type in ("error", "warning") and not any(text in said for text in self._expected):
            self.problems.append(said)

    def _on_address(self, url: str) -> None:
        host = self.base_url.removeprefix("http://")
        if not re.match(rf"(http|ws)://{re.escape(host)}/|data:|blob:{self.base_url}", url):
            self.problems.append(f"request leaves the host: {url}")


class MallMap:
    """The map page in the mall's metres, over the page's `?debug` helper; what the page says is checked elsewhere."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def ready(self) -> None:
        await expect(self.page.get_by_test_id("level-0")).to_be_visible()
        await expect(self.page.locator(LOADING)).to_have_count(0)

    async def look_at(self, point: XY, zoom: float = 3) -> None:
        """Centre the view. At zoom 3 a pixel is 12.5 cm, so places on that grid are hit exactly."""
        await self.page.evaluate("([at, zoom]) => window.__geoengage.setView(at, zoom)", [point, zoom])

    async def pixel(self, point: XY) -> XY:
        at = await self.page.evaluate("(point) => window.__geoengage.pixel(point)", point)
        return at["x"], at["y"]

    async def dots(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.page.evaluate("() => window.__geoengage.dots()")
        return found

    async def open_dot(self) -> None:
        """Click a shopper whose walk may be told; where nothing opens (somebody walked on), the next one."""
        drawer = self.page.get_by_test_id("drawer")
        async with asyncio.timeout(SHOPPER_MS / 1000):
            for turn in itertools.count():
                if dots := [dot for dot in await self.dots() if dot["open"]]:
                    dot = dots[turn % len(dots)]
                    await self.page.mouse.move(dot["x"], dot["y"])
                    await self.page.mouse.click(dot["x"], dot["y"])
                with contextlib.suppress(PlaywrightTimeout):
                    await drawer.wait_for(timeout=2000)
                    break

    async def click(self, *points: XY) -> None:
        for point in points:
            x, y = await self.pixel(point)
            await self.page.mouse.move(x, y)
            await self.page.mouse.click(x, y)

    async def drag(self, start: XY, end: XY) -> None:
        await self.page.mouse.move(*await self.pixel(start))
        await self.page.mouse.down()
        await self.page.mouse.move(*await self.pixel(end), steps=5)
        await self.page.mouse.up()

    async def draw(self, tool: str, *points: XY) -> None:
        """Draw with a tool, holding Alt so that no corner snaps to a wall."""
        await self.page.get_by_test_id(f"draw-{tool}").click()
        await self.page.keyboard.down("Alt")
        await self.click(*points)
        await self.page.keyboard.up("Alt")

    def row(self, name: str) -> Locator:
        return self.page.get_by_test_id("zone-row").filter(has_text=name)


def toast(page: Page, text: str) -> Locator:
    return page.get_by_test_id("toast").filter(has_text=text)


async def settled(page: Page) -> None:
    """The page has its data."""
    await expect(page.locator("main")).to_be_visible()
    await expect(page.locator(LOADING)).to_have_count(0)


async def run_script(page: Page, name: str, argument: Any = None) -> Any:
    """Run a script of this folder, `(argument) => …`, in the page; the strict CSP stays in force."""
    return await page.evaluate((HERE / name).read_text(), argument)


def read_state(folder: Path) -> dict[str, str]:
    state: dict[str, str] = json.loads((folder / "demo.json").read_text())
    return state

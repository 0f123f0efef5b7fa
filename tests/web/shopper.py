"""A phone with the shopper page open: what its user does, what it keeps, what it sends."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.async_api import BrowserContext, CDPSession, Locator, Page, Request, Route, expect

from tests.web.console import Demo

# Café Morgenrot's own coordinates are in demo.json; so far north of it, 44 m, is the forecourt.
OUTSIDE_DEG = 0.0004
DATABASE = """(name) => new Promise((done) => {
  const request = indexedDB.open('geoengage-shopper');
  request.onsuccess = () => {
    const store = request.result.transaction(name).objectStore(name);
    const [keys, values] = [store.getAllKeys(), store.getAll()];
    store.transaction.oncomplete = () => {
      request.result.close();
      done(keys.result.map((key, i) => [key, values.result[i]]));
    };
  };
})"""
LEFT = """async () => ({
  databases: (await indexedDB.databases()).map(({ name }) => name),
  caches: await caches.keys(),
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  local: localStorage.length + sessionStorage.length + document.cookie.length,
})"""
NOTHING = {"databases": [], "caches": [], "workers": 0, "local": 0}


@dataclass
class Phone:
    """A browser with the page of the demo's app."""

    demo: Demo
    context: BrowserContext
    page: Page
    cdp: CDPSession
    pings: list[tuple[list[str], dict[str, Any]]] = field(default_factory=list)  # times sent, what was answered

    async def allow(self, name: str, setting: str) -> None:
        """As in the browser's own settings: granted, denied or prompt."""
        info = await self.cdp.send("Target.getTargetInfo")
        target = {"browserContextId": info["targetInfo"]["browserContextId"], "origin": self.demo.url}
        await self.cdp.send("Browser.setPermission", {"permission": {"name": name}, "setting": setting, **target})

    async def stand(self, *, north_deg: float = 0.0) -> None:
        """In the middle of the café, or so far north of it."""
        lon, lat = float(self.demo.state["lon"]), float(self.demo.state["lat"]) + north_deg
        await self.context.set_geolocation({"latitude": lat, "longitude": lon, "accuracy": 5})

    async def walk_in(self) -> None:
        """From the forecourt into the café at a walk, and around in it until a message is there."""
        for metres in range(40, 0, -5):
            await self.stand(north_deg=OUTSIDE_DEG * metres / 44)
            await asyncio.sleep(1.5)
        async with asyncio.timeout(60):
            while not await self.messages.count():
                await self.stand(north_deg=0.00001 * (int(asyncio.get_running_loop().time()) % 2))
                await asyncio.sleep(1.5)

    async def open(self, more: str = "") -> None:
        await self.page.goto(self.demo.state["shopper_url"] + more)

    async def answer(self, *, location: str = "Yes", marketing_push: str = "Yes", personalisation: str = "Yes") -> None:
        """Answer the three questions and go on."""
        await expect(self.page.get_by_test_id("start")).to_be_visible()
        said_to = {"location": location, "marketing_push": marketing_push, "personalisation": personalisation}
        for kind, said in said_to.items():
            if said:
                await self.page.get_by_test_id(kind).get_by_text(said, exact=True).click()
        await self.page.get_by_test_id("continue").click()
        await expect(self.page.get_by_test_id("position")).to_be_visible()

    async def begin(self) -> None:
        """Yes to everything, on the forecourt."""
        await self.allow("geolocation", "granted")
        await self.stand(north_deg=OUTSIDE_DEG)
        await self.open()
        await self.answer()
        await self.says("position", "Position: on")

    async def says(self, what: str, words: str) -> None:
        await expect(self.page.get_by_test_id(what)).to_contain_text(words)

    @property
    def messages(self) -> Locator:
        return self.page.get_by_test_id("message")

    async def kept(self, name: str) -> dict[Any, Any]:
        """What the browser keeps in a store of its database."""
        return dict(await self.page.evaluate(DATABASE, name))

    async def api(self, method: str, path: str, token: str | None = None) -> httpx.Response:
        """A call with this phone's own token."""
        token = token or (await self.kept("kv"))["device"]["device_token"]
        async with httpx.AsyncClient(base_url=self.demo.url, timeout=20) as http:
            return await http.request(method, path, headers={"Authorization": f"Bearer {token}"})

    async def device(self) -> dict[str, Any]:
        """What the server knows of this phone."""
        found: dict[str, Any] = (await self.api("GET", "/v1/devices/me")).json()
        return found

    async def until_device(self, holds: Callable[[dict[str, Any]], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds(await self.device()):  # noqa: ASYNC110 - the server rings no bell here
                await asyncio.sleep(0.3)

    async def report_every_second(self) -> None:
        """The server's own answer, but for the interval."""

        async def config(route: Route) -> None:
            answer = await route.fetch()
            await route.fulfill(response=answer, json=await answer.json() | {"ping_interval_s": 1})

        await self.context.route("**/v1/config", config)

    def listen(self) -> None:
        """Note every request with positions that was answered."""

        async def note(request: Request) -> None:
            if request.url.endswith("/v1/pings") and (answer := await request.response()):
                if not answer.ok or "json" not in answer.headers["content-type"]:
                    return
                sent = [ping["at"] for ping in request.post_data_json["pings"]]
                self.pings.append((sent, await answer.json()))

        self.page.on("requestfinished", note)

"""From a phone in a pocket to a push: the dialog in Chromium, OwnTracks' own requests, the message on the page.

The listener is on 127.0.0.2: another address than the console's, as the local network's is, and nobody else's.
"""

import base64
import io
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
import zxingcpp
from PIL import Image
from playwright.async_api import Browser, Page, Route, expect

from geoengage.kit.geo import Frame
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, SHOPPER_MS, Demo, MallMap, Watch, toast
from tests.web.test_look import faults

pytestmark = MARKS
OFFICE = Frame(-122.4, 37.77)  # San Francisco: far from the demo's mall
HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Owntracks-Android/gms/420504002"}
GONE = "404 (Not Found)"


@dataclass
class OwnTracks:
    """The app with the configuration of the link, as its Android version sends."""

    configuration: dict[str, Any]
    told: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, link: str) -> "OwnTracks":
        parts = urlsplit(link)
        assert (parts.scheme, parts.path) == ("owntracks", "/config")
        configuration = json.loads(base64.b64decode(parse_qs(parts.query)["inline"][0]))
        assert (configuration["_type"], configuration["mode"], configuration["auth"]) == ("configuration", 3, True)
        return cls(configuration)

    async def publish(self, east_m: float = 0, north_m: float = 0, **over: Any) -> None:
        """The arrow at the top: where the phone is now."""
        lon, lat = OFFICE.to_lonlat(east_m, north_m)
        now = int(time.time())
        await self.send(
            {
                "_type": "location", "_id": f"{now:08x}", "acc": 12, "alt": 41, "batt": 77, "bs": 1, "conn": "w",
                "created_at": now, "lat": round(lat, 7), "lon": round(lon, 7), "m": 2, "t": "u",
                "tid": self.configuration["tid"], "tst": now, "vac": 4, "vel": 0,
                "topic": f"owntracks/{self.configuration['username']}/{self.configuration['deviceId']}",
            }
            | over
        )  # fmt: skip

    async def send(self, message: dict[str, Any]) -> None:
        """One message with the app's own credentials and headers; what the answer tells the app is kept."""
        ours = self.configuration
        limits = {"X-Limit-U": ours["username"], "X-Limit-D": ours["deviceId"]}
        async with httpx.AsyncClient(auth=(ours["username"], ours["password"]), timeout=20) as http:
            answer = await http.post(ours["url"], content=json.dumps(message), headers=HEADERS | limits)
        assert answer.status_code == 200, answer.text
        self.told = answer.json()

    @property
    def waypoints(self) -> dict[str, tuple[float, float]]:
        """The regions that the last answer set, in metres east and north of the office."""
        found = {}
        for command in self.told:
            assert command["_type"] == "cmd"
            for point in command.get("waypoints", {}).get("waypoints", ()):
                found[point["desc"]] = OFFICE.to_metres(point["lon"], point["lat"])
        return found


class Dialog:
    """The dialog on an open map page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def open(self) -> None:
        await self.page.get_by_test_id("connect-phone").click()
        await expect(self.page.get_by_test_id("connect-dialog")).to_be_visible()

    async def let_phones_in(self) -> None:
        await self.page.get_by_test_id("lan-open").click()
        confirm = self.page.get_by_test_id("lan-confirm")
        await expect(confirm).to_contain_text("It is not encrypted")
        await confirm.get_by_test_id("lan-yes").click()
        await expect(self.page.get_by_test_id("connect-qr")).to_be_visible()

    async def link(self, client: str) -> str:
        """What a camera reads from the code."""
        await self.page.get_by_test_id(f"connect-tab-{client}").click()
        code = self.page.get_by_alt_text("QR code")
        await expect(code).to_be_visible()
        (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(await code.screenshot())))
        assert read.text == await self.page.get_by_test_id("connect-link").input_value()
        return read.text

    async def shows(self, step: str, words: str, state: str = "done", *, within_ms: float = 15_000) -> None:
        line = self.page.get_by_test_id(f"step-{step}")
        await expect(line).to_have_attribute("data-state", state, timeout=within_ms)
        await expect(line).to_contain_text(words)


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def listener(demo: Demo, signed_in: Any, message: dict[str, Any]) -> AsyncIterator[None]:
    """Closed after each test, as before: it is one for the whole server. `message`: the others look for one of a
    simulated shopper, so it is found before the phones of these tests get theirs and are removed."""
    yield
    (session,) = signed_in["cookies"]
    async with httpx.AsyncClient(base_url=demo.url, cookies={session["name"]: session["value"]}) as http:
        assert (await http.delete("/v1/connect/lan", headers={"Origin": demo.url})).status_code == 204


@pytest_asyncio.fixture(loop_scope="session")
async def dialog(open_page: OpenPage) -> Dialog:
    """A laptop with the map open."""
    page = await open_page("/map?fps=5")
    await MallMap(page).ready()
    return Dialog(page)


async def test_from_the_pocket_to_the_push(dialog: Dialog, browser: Browser) -> None:
    await dialog.open()
    await dialog.let_phones_in()
    for step in ("connected", "consent", "position", "zone", "message"):
        await expect(dialog.page.get_by_test_id(f"step-{step}")).to_have_attribute("data-state", "open")
    app = OwnTracks.of(await dialog.link("owntracks"))
    assert urlsplit(app.configuration["url"]).hostname == "127.0.0.2"

    await app.publish()
    await dialog.shows("connected", "OwnTracks for Android")
    await dialog.shows("position", "Needs consent", "open")
    await dialog.page.get_by_test_id("connect-consent").check()
    await dialog.shows("consent", "Consent recorded")
    await app.publish(1)
    await dialog.shows("position", "First position ±12 m")
    await dialog.shows("position", "9,192 km from the nearest mall")
    assert "Welcome circle outdoors" not in app.waypoints or abs(app.waypoints["Welcome circle outdoors"][0]) > 1e6

    # the page on the same phone
    address = await dialog.link("shopper")
    context = await browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    watch = Watch(f"http://{urlsplit(address).netloc}")
    page = await context.new_page()
    watch.attach(page)
    await page.goto(address)
    await expect(page.get_by_test_id("position")).to_be_visible()
    await expect(dialog.page.get_by_test_id("code-used")).to_be_visible()

    await dialog.page.get_by_test_id("bring-circle").click()
    await dialog.shows("zone", "Welcome circle outdoors")
    await dialog.shows("message", "You have arrived", within_ms=SHOPPER_MS)
    message = page.get_by_test_id("message").filter(has_text="You have arrived")
    await expect(message).to_be_visible(timeout=SHOPPER_MS)
    await app.publish(2)
    assert app.waypoints["Welcome circle outdoors"] == pytest.approx((1, 0), abs=1)  # around where the phone was

    await app.publish(150)  # out of it
    await dialog.page.get_by_test_id("bring-back").click()
    await dialog.shows("position", "km from the nearest mall")
    await dialog.shows("zone", "In a zone", "open")
    await context.close()
    assert watch.problems == []


async def test_the_mall_comes_to_the_phone(dialog: Dialog) -> None:
    await dialog.open()
    await dialog.let_phones_in()
    app = OwnTracks.of(await dialog.link("owntracks"))
    await dialog.page.get_by_test_id("connect-consent").check()
    await dialog.shows("consent", "Consent recorded")
    now = int(time.time())
    await app.publish(tst=now - 60)
    await dialog.page.get_by_test_id("bring-mall").click()
    await dialog.shows("position", "moved there for the trial")
    for ago_s in (45, 30, 15):  # a position so soon after another is hardly news
        await app.publish(tst=now - ago_s)
    await dialog.shows("position", "8 m from the mall, moved there for the trial")
    await dialog.shows("zone", "Car park")  # outside to begin with
    # the mall's axis is turned by 27°: straight in from the main entrance, to the middle of the events area
    entrance = Frame(OFFICE.lon, OFFICE.lat, 27)
    start = now - 10
    for number, metres in enumerate((12, 30, 40, 49, 50, 50, 50, 50, 50), 1):
        lon, lat = entrance.to_lonlat(0, metres)
        await app.publish(lon=lon, lat=lat, acc=4, tst=start + 5 * number)
    await dialog.shows("position", "in the mall, moved there for the trial")
    await dialog.shows("zone", "Events area")


async def test_codes_that_are_too_old_and_answers_that_fail(
    browser: Browser, demo: Demo, signed_in: Any, watch: Watch
) -> None:
    """In a browser of its own, since its clock is put forward."""
    context = await browser.new_context(base_url=demo.url, storage_state=signed_in, reduced_motion="reduce")
    page = await context.new_page()
    watch.attach(page)
    watch.expect("Failed to load resource")
    await page.clock.install()
    await page.goto("/map?fps=5")
    await page.route("**/v1/connect/lan", lambda route: route.fulfill(status=503, json={"detail": "Not now."}))
    await Dialog(page).open()
    await expect(page.get_by_test_id("error")).to_contain_text("Not now.")
    await page.unroute("**/v1/connect/lan")
    await page.get_by_test_id("retry").click()
    await page.route("**/v1/connect", lambda route: route.fulfill(status=503, json={"detail": "Not this moment."}))
    await page.get_by_test_id("lan-skip").click()
    await expect(page.get_by_test_id("connect-error")).to_contain_text("Not this moment.")
    await page.unroute("**/v1/connect")
    await page.get_by_test_id("lan-skip").click()
    await expect(page.get_by_test_id("connect-error")).to_be_hidden()
    await expect(page.get_by_test_id("code-ends")).to_contain_text("The code is good for 14:")
    before = await page.get_by_test_id("connect-link").input_value()
    await page.clock.fast_forward("15:00")
    await expect(page.get_by_test_id("code-expired")).to_be_visible()
    await expect(page.get_by_test_id("connect-link")).to_have_count(0)
    await page.get_by_test_id("code-renew").click()
    await expect(page.get_by_test_id("connect-link")).not_to_have_value(before)
    await page.get_by_test_id("connect-done").click()
    await page.wait_for_load_state("networkidle")
    await context.close()
    assert watch.problems == []


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_an_address_without_encryption_and_several_of_them(
    is_phone: bool, open_page: OpenPage, watch: Watch
) -> None:
    """As it is on a local network, which no test may open: the answers say so."""
    watch.expect("Failed to load resource")
    page = await open_page("/map?fps=5", is_phone=is_phone)
    urls = ["http://192.168.1.20:41234", "http://10.0.0.7:41234"]

    async def lan(route: Route) -> None:
        until = datetime.now(UTC) + timedelta(hours=2)
        told = {"open": True, "url": urls[0], "urls": urls, "until": until.isoformat(), "public_url": None}
        await route.fulfill(json=told)

    async def connect(route: Route) -> None:
        address = route.request.post_data_json["address"]
        answer = await route.fetch(post_data={})
        await route.fulfill(status=201, json=await answer.json() | {"base_url": address, "reach": "lan"})

    await page.route("**/v1/connect/lan", lan)
    await page.route("**/v1/connect", connect)
    dialog = Dialog(page)
    if is_phone:
        await page.get_by_test_id("tab-phone").click()
    await dialog.open()
    await expect(page.get_by_test_id("http-warning")).to_contain_text("no position and no push without https")
    await expect(page.get_by_test_id("lan-left")).to_contain_text("1 h 59 min")
    assert await page.get_by_test_id("lan-address").locator("option").all_inner_texts() == urls
    assert await faults(page, "several addresses") == []
    asked = page.expect_request("**/v1/connect/*/code")
    await page.route("**/v1/connect/*/code", lambda route: route.fulfill(status=503, json={"detail": "Not now."}))
    async with asked as request:
        await page.get_by_test_id("lan-address").select_option(urls[1])
    assert (await request.value).post_data_json == {"address": urls[1]}


async def test_without_a_mouse(dialog: Dialog) -> None:
    page = dialog.page
    await page.get_by_test_id("connect-phone").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("lan-open")).to_be_visible()
    await page.get_by_test_id("lan-open").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_test_id("lan-yes")).to_be_focused()
    await page.keyboard.press("Enter")
    tab = page.get_by_test_id("connect-tab-shopper")
    await expect(tab).to_have_attribute("aria-selected", "true")
    await tab.focus()
    for client in ("owntracks", "overland", "traccar", "shopper"):
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_test_id(f"connect-tab-{client}")).to_be_focused()
        await expect(page.get_by_test_id(f"connect-tab-{client}")).to_have_attribute("aria-selected", "true")
    await page.get_by_test_id("lan-close").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("lan-open")).to_be_visible()
    await expect(page.get_by_test_id("connect-part-code")).to_be_hidden()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("connect-dialog")).to_have_count(0)


async def test_a_connected_phone_is_there_again_until_it_is_disconnected(dialog: Dialog) -> None:
    page = dialog.page
    await dialog.open()
    await dialog.let_phones_in()
    app = OwnTracks.of(await dialog.link("owntracks"))
    await app.publish()
    await dialog.shows("connected", "OwnTracks for Android")
    await page.get_by_test_id("connect-done").click()
    await dialog.open()
    await dialog.shows("connected", "OwnTracks for Android")
    assert OwnTracks.of(await dialog.link("owntracks")).configuration == app.configuration
    await page.get_by_test_id("connect-remove").click()
    await expect(toast(page, "The phone is disconnected")).to_be_visible()
    with pytest.raises(AssertionError, match="revoked"):
        await app.publish(3)
    await dialog.open()
    await dialog.shows("connected", "Waiting for the phone", "open")


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_looks(is_phone: bool, open_page: OpenPage) -> None:
    page = await open_page("/map?fps=5", is_phone=is_phone)
    await MallMap(page).ready()
    if is_phone:
        await page.get_by_test_id("tab-phone").click()
    dialog = Dialog(page)
    await dialog.open()
    await expect(page.get_by_test_id("lan-open")).to_be_visible()
    found = await faults(page, "closed")
    await dialog.let_phones_in()
    for client in ("shopper", "overland", "traccar", "owntracks"):
        app_link = await dialog.link(client)
        found += await faults(page, client)
    app = OwnTracks.of(app_link)
    await page.get_by_test_id("connect-consent").check()
    await dialog.shows("consent", "Consent recorded")
    await app.publish()
    await expect(page.get_by_test_id("connect-bring")).to_be_visible()
    found += await faults(page, "far")
    await page.get_by_test_id("bring-circle").click()
    await dialog.shows("zone", "Welcome circle outdoors")
    found += await faults(page, "brought")
    await page.get_by_test_id("lan-close").click()
    await expect(page.get_by_test_id("lan-open")).to_be_visible()
    found += await faults(page, "closed again")
    await page.get_by_test_id("connect-remove").click()
    assert found == []

"""Beacons, access points and check-ins on the map: placed by mouse, finger, keys, moved, edited, deleted, printed."""

from collections.abc import AsyncIterator
from typing import Any

import pypdfium2
import pytest
import pytest_asyncio
import zxingcpp
from playwright.async_api import Locator, Page, expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, MallMap, Watch, toast
from tests.web.test_look import faults

pytestmark = MARKS
PATH = "/v1/evidence-points"
# A level that is left at once closes the socket of its positions while it opens.
LEFT_AT_ONCE = "closed before the connection is established"
UUID = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"
CORRIDOR = (0.0, 0.0)


async def points(demo: Demo, level: int = 0) -> dict[str, Any]:
    """The points of the demo's mall by name."""
    found = await demo.api("GET", f"{PATH}?limit=500&mall_id={demo.state['mall_id']}&level={level}")
    return {point["properties"]["name"]: point for point in found["items"]}


@pytest_asyncio.fixture(loop_scope="session")
async def tidy_points(demo: Demo) -> AsyncIterator[None]:
    """Points that the test makes are gone after it."""
    before = {point["id"] for point in (await demo.api("GET", f"{PATH}?limit=500"))["items"]}
    yield
    for point in (await demo.api("GET", f"{PATH}?limit=500"))["items"]:
        if point["id"] not in before:
            await demo.api("DELETE", f"{PATH}/{point['id']}")


async def add_point(demo: Demo, at: tuple[float, float], **properties: Any) -> dict[str, Any]:
    frame = await demo.frame()
    body = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": frame.to_lonlat(*at)},
        "properties": {"mall_id": demo.state["mall_id"], "level": 0} | properties,
    }
    made: dict[str, Any] = await demo.api("POST", PATH, body)
    return made


async def at_of(demo: Demo, name: str) -> tuple[float, float]:
    return (await demo.frame()).to_metres(*(await points(demo))[name]["geometry"]["coordinates"])


async def open_panel(page: Page) -> None:
    await MallMap(page).ready()
    await page.get_by_test_id("more").click()
    await page.get_by_test_id("more-evidence").click()
    await expect(page.get_by_test_id("evidence-panel")).to_be_visible()
    await expect(page.get_by_test_id("evidence-add")).to_be_visible()


def row(page: Page, name: str) -> Locator:
    return page.get_by_test_id("evidence-row").filter(has_text=name)


async def test_a_beacon_is_placed_moved_and_deleted(
    open_page: OpenPage, demo: Demo, tidy_points: None, watch: Watch
) -> None:
    page = await open_page("/map?debug&fps=5")
    await open_panel(page)
    mall = MallMap(page)
    await mall.look_at(CORRIDOR)
    await page.get_by_test_id("evidence-add").click()

    # judged while it is typed; a whole beacon that is pasted fills all three
    uuid = page.get_by_test_id("evidence-uuid")
    await uuid.fill("f7826da6-xyz")
    await expect(page.locator(".field-bad")).to_contain_text("letters a to f")
    await uuid.fill("")
    await page.evaluate(
        """([id, text]) => {
          const data = new DataTransfer();
          data.setData('text', text);
          const node = document.querySelector(`[data-testid=${id}]`);
          node.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        ["evidence-uuid", f"{UUID.upper()}, 12, 345"],
    )
    await expect(uuid).to_have_value(UUID)
    await expect(page.get_by_test_id("evidence-minor")).to_have_value("345")
    await page.get_by_test_id("evidence-save").click()
    await expect(page.locator(".field-bad")).to_contain_text("Give it a name")
    await expect(page.get_by_test_id("evidence-place-error")).to_contain_text("Click the map")
    await page.get_by_test_id("evidence-name").fill("Web beacon")
    await mall.click((2, 1))
    await expect(page.get_by_test_id("evidence-x")).to_have_value("2")
    await page.get_by_test_id("evidence-save").click()
    await expect(toast(page, "Saved “Web beacon”")).to_be_visible()
    await expect(row(page, "Web beacon")).to_contain_text("12\u00a0·\u00a0345")

    # dragged out of the list its form opens; nothing is saved before Save
    made = (await points(demo))["Web beacon"]
    await expect(page.get_by_test_id(f"handle-evidence-{made['id']}")).to_be_attached()
    await mall.drag((2, 1), (6, 3))
    await expect(page.get_by_test_id("evidence-unsaved")).to_have_text("Unsaved changes")
    await expect(page.get_by_test_id("evidence-x")).to_have_value("6")
    assert await at_of(demo, "Web beacon") == pytest.approx((2, 1), abs=0.01)
    await page.get_by_test_id("evidence-radius").fill("6")
    await page.get_by_test_id("evidence-save").click()
    await expect(row(page, "Web beacon")).to_be_visible()
    assert await at_of(demo, "Web beacon") == pytest.approx((6, 3), abs=0.01)
    assert (await points(demo))["Web beacon"]["properties"]["radius_m"] == 6

    # the same identity twice: said at the field
    watch.expect("409")
    await page.get_by_test_id("evidence-add").click()
    for name, value in {"name": "Twin", "uuid": UUID, "major": "12", "minor": "345", "x": "0", "y": "0"}.items():
        await page.get_by_test_id(f"evidence-{name}").fill(value)
    await page.get_by_test_id("evidence-save").click()
    await expect(page.locator(".field-bad")).to_contain_text("another point has this uuid")
    await expect(uuid).to_be_focused()
    await page.get_by_test_id("evidence-cancel").click()

    await row(page, "Web beacon").click()
    await page.get_by_test_id("evidence-delete").click()
    await page.get_by_test_id("confirm").click()
    await expect(toast(page, "Deleted “Web beacon”")).to_be_visible()
    await expect(row(page, "Web beacon")).to_have_count(0)
    assert "Web beacon" not in await points(demo)


async def test_by_keys_alone(open_page: OpenPage, demo: Demo, tidy_points: None, watch: Watch) -> None:
    watch.expect(LEFT_AT_ONCE)
    page = await open_page("/map?debug&fps=5")
    await open_panel(page)
    mall = MallMap(page)
    await page.get_by_test_id("evidence-add").press("Enter")
    await page.get_by_test_id("evidence-kind-access_point").press("Space")
    await page.get_by_test_id("evidence-name").press_sequentially("Web ceiling")
    await page.get_by_test_id("evidence-bssid").press_sequentially("AABBCCDDEE0F")
    await expect(page.get_by_test_id("evidence-bssid")).to_have_value("aa:bb:cc:dd:ee:0f")
    await mall.look_at((3, 2))
    await page.get_by_test_id("map").focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_test_id("evidence-x")).to_have_value("3")
    sign = page.get_by_test_id("handle-evidence-new")
    await sign.focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_test_id("evidence-x")).to_have_value("3.5")
    await page.get_by_test_id("evidence-save").press("Enter")
    await expect(row(page, "Web ceiling")).to_be_focused()
    assert await at_of(demo, "Web ceiling") == pytest.approx((3.5, 2), abs=0.01)

    # a sign is opened by Enter; Escape goes back, and asks about what is not saved
    made = (await points(demo))["Web ceiling"]
    await page.get_by_test_id(f"handle-evidence-{made['id']}").press("Enter")
    await page.get_by_test_id("evidence-name").fill("Web ceiling lamp")
    await page.get_by_test_id("map").focus()
    await page.keyboard.press("Escape")
    await page.get_by_test_id("evidence-unsaved-dialog").get_by_text("Keep editing").click()
    await page.get_by_test_id("map").focus()
    await page.keyboard.press("Escape")
    await page.get_by_test_id("discard").click()
    await expect(row(page, "Web ceiling")).to_be_visible()
    await page.get_by_test_id("map").focus()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("evidence-panel")).to_be_hidden()
    await expect(page.get_by_test_id(f"handle-evidence-{made['id']}")).to_have_count(0)
    # the eye shows them all the same
    await page.get_by_test_id("evidence-toggle").press("Enter")
    await expect(page.get_by_test_id(f"handle-evidence-{made['id']}")).to_have_count(1)
    await page.keyboard.press("1")
    await expect(page.get_by_test_id(f"handle-evidence-{made['id']}")).to_have_count(0)


async def test_a_check_in_by_finger_and_its_poster(open_page: OpenPage, demo: Demo, tidy_points: None) -> None:
    page = await open_page("/map?debug&fps=5", is_phone=True)
    await MallMap(page).ready()
    await page.get_by_test_id("tab-zones").tap()
    await open_panel(page)
    await page.get_by_test_id("evidence-add").tap()
    await page.locator(".evidence-kind").filter(has_text="Check-in").tap()
    await page.get_by_test_id("evidence-name").fill("Web counter")
    await page.touchscreen.tap(*await MallMap(page).pixel((0, 0)))
    await page.get_by_test_id("evidence-save").tap()
    shown = page.get_by_test_id("evidence-code")
    await expect(shown).to_be_visible()
    await expect(shown).to_have_text((await points(demo))["Web counter"]["properties"]["code"])
    href = await page.get_by_test_id("poster-a5").get_attribute("href")
    answer = await page.request.get(href or "")
    assert answer.headers["content-type"] == "application/pdf"
    picture = pypdfium2.PdfDocument(await answer.body())[0].render(scale=2).to_pil()
    code = await page.get_by_test_id("evidence-code").text_content()
    assert zxingcpp.read_barcodes(picture)[0].text == f"{demo.url}/v1/check-in/{code}"
    await page.get_by_test_id("evidence-back").tap()
    await expect(row(page, "Web counter")).to_be_visible()


async def test_two_operators(open_page: OpenPage, demo: Demo, tidy_points: None, watch: Watch) -> None:
    made = await add_point(demo, (1, 1), kind="check_in", name="Web desk")
    page = await open_page("/map?debug&fps=5")
    await open_panel(page)
    watch.expect("412")

    async def clash(mine: str, theirs: str, version: int) -> None:
        await row(page, "Web desk").click()
        await page.get_by_test_id("evidence-name").fill(mine)
        patch = {"properties": {"name": theirs}}
        await demo.api("PATCH", f"{PATH}/{made['id']}", patch, **{"If-Match": f'"v{version}"'})
        await page.get_by_test_id("evidence-save").click()
        await expect(page.get_by_test_id("evidence-conflict")).to_contain_text(theirs)

    await clash("Web desk mine", "Web desk theirs", 1)
    await page.get_by_test_id("keep-mine").click()
    await expect(row(page, "Web desk mine")).to_be_visible()
    await clash("Web desk again", "Web desk theirs", 3)
    await page.get_by_test_id("take-theirs").click()
    await expect(row(page, "Web desk theirs")).to_be_visible()


async def test_a_zone_says_what_reaches_it(
    open_page: OpenPage, demo: Demo, tidy_points: None, tidy_zones: None
) -> None:
    await demo.add_zone(await demo.frame(), "Web kiosk", (-3, -2, 3, 4))
    page = await open_page("/map?debug&fps=5")
    mall = MallMap(page)
    await mall.ready()
    await mall.row("Web kiosk").click()
    verdict = page.get_by_test_id("reach-verdict")
    await expect(verdict).to_have_text("nothing reaches it")
    await expect(page.get_by_test_id("reach-words")).to_contain_text("GPS alone will not enter it")
    await page.get_by_test_id("reach-add").click()
    await expect(page.get_by_test_id("evidence-name")).to_have_value("Web kiosk, beacon")
    await expect(page.get_by_test_id("evidence-y")).to_have_value("1")
    for name, value in {"uuid": UUID, "major": "1", "minor": "2"}.items():
        await page.get_by_test_id(f"evidence-{name}").fill(value)
    await page.get_by_test_id("evidence-save").click()
    await expect(row(page, "Web kiosk, beacon")).to_be_visible()
    await page.get_by_test_id("evidence-back").click()
    await mall.row("Web kiosk").click()
    await expect(verdict).to_have_text("by beacon")
    await expect(page.get_by_test_id("reach")).to_contain_text("Web kiosk, beacon")


@pytest.mark.parametrize("is_phone", [False, True], ids=["desktop", "phone"])
async def test_it_looks_right(open_page: OpenPage, demo: Demo, tidy_points: None, watch: Watch, is_phone: bool) -> None:
    watch.expect(LEFT_AT_ONCE)
    page = await open_page("/map?debug&fps=5", is_phone=is_phone)
    await MallMap(page).ready()
    await page.keyboard.press("2")
    if is_phone:
        await page.get_by_test_id("tab-zones").click()
    await open_panel(page)
    found = await faults(page, "list")
    await page.get_by_test_id("evidence-add").click()
    await page.get_by_test_id("evidence-save").click()
    found += await faults(page, "form")
    await page.get_by_test_id("evidence-cancel").click()
    await add_point(demo, (1, 1), kind="check_in", name="Web counter with quite a long name that goes on")
    await page.keyboard.press("0")
    await row(page, "Web counter").click()
    await expect(page.get_by_test_id("poster-a4")).to_be_visible()
    found += await faults(page, "check-in")
    assert found == []

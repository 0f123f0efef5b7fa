"""A level's picture, laid under the map by two points: by mouse, by keyboard, to the centimetre; seen and removed."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import FilePayload, Page, expect

from geoengage.kit.geo import Frame
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, XY, Demo, MallMap, Watch, toast
from tests.web.editor import without_dots

pytestmark = MARKS
CENTIMETRE = 0.01
WIDTH, HEIGHT = 800, 500
METRES_PER_PIXEL = 0.1
# Two places of the picture and where they lie in the mall: turned by a quarter.
KNOWN: list[tuple[XY, XY]] = [((100.0, 400.0), (-20.0, -10.0)), ((700.0, 400.0), (-20.0, 50.0))]


class PlanPanel:
    """The panel and its picture, by pixels of the picture."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def open(self) -> None:
        await self.page.get_by_test_id("more").click()
        await self.page.get_by_test_id("more-plan").click()
        await expect(self.page.get_by_test_id("plan-panel")).to_be_visible()

    async def upload(self) -> None:
        drawn = io.BytesIO()
        Image.new("RGB", (WIDTH, HEIGHT), "#fff7d6").save(drawn, "PNG")
        file = FilePayload(name="ground.png", mimeType="image/png", buffer=drawn.getvalue())
        await self.page.get_by_test_id("plan-file").set_input_files(file)
        await expect(self.page.get_by_test_id("picture-view")).to_be_visible()

    async def place_of(self, pixel: XY) -> XY:
        """On the page. At zoom 4 a pixel of the picture is sixteen of the page: each less than 1 cm of the mall."""
        await self.page.get_by_test_id("picture-view").scroll_into_view_if_needed()
        await self.page.evaluate("(pixel) => window.__geoengage_picture.look(pixel, 4)", pixel)
        box = await self.page.get_by_test_id("picture-view").bounding_box()
        at = await self.page.evaluate("(pixel) => window.__geoengage_picture.toContainer(pixel)", pixel)
        assert box
        # within the element's border
        return box["x"] + at["x"] + 1, box["y"] + at["y"] + 1


async def plan_of(demo: Demo, ordinal: int = 0) -> dict[str, Any] | None:
    path = f"/v1/malls/{demo.state['mall_id']}/levels"
    levels = (await demo.api("GET", path))["items"]
    [level] = [item for item in levels if item["properties"]["ordinal"] == ordinal]
    if level["properties"]["plan_version"] is None:
        return None
    found: dict[str, Any] = await demo.api("GET", f"{path}/{level['id']}/plan")
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def clean_levels(demo: Demo) -> AsyncIterator[None]:
    yield
    path = f"/v1/malls/{demo.state['mall_id']}/levels"
    for level in (await demo.api("GET", path))["items"]:
        if level["properties"]["plan_version"] is not None:
            await demo.api("DELETE", f"{path}/{level['id']}/plan")


async def open_panel(open_page: OpenPage, *, is_phone: bool = False) -> tuple[Page, MallMap, PlanPanel]:
    page = await open_page(None, is_phone=is_phone)
    await page.route_web_socket("**/v1/live/positions?*", without_dots)
    await page.goto("/map?debug&fps=5")
    mall, panel = MallMap(page), PlanPanel(page)
    await mall.ready()
    if is_phone:
        await page.get_by_test_id("tab-zones").tap()
    await panel.open()
    return page, mall, panel


def assert_placed(plan: dict[str, Any] | None, frame: Frame, known: list[tuple[XY, XY]]) -> None:
    assert plan
    for point, (pixel, at) in zip(plan["points"], known, strict=True):
        assert max(abs(a - b) for a, b in zip(point["pixel"], pixel, strict=True)) < CENTIMETRE / METRES_PER_PIXEL
        x, y = frame.to_metres(*point["at"])
        assert abs(x - at[0]) < CENTIMETRE
        assert abs(y - at[1]) < CENTIMETRE


@pytest.mark.usefixtures("clean_levels")
async def test_placed_by_mouse_shown_and_removed(open_page: OpenPage, demo: Demo, watch: Watch) -> None:
    watch.expect("closed before the connection is established")  # levels are changed faster than their streams open
    page, mall, panel = await open_panel(open_page)
    frame = await demo.frame()
    await panel.upload()
    steps, save = page.get_by_test_id("plan-steps"), page.get_by_test_id("plan-save")
    image = page.get_by_test_id("plan-image")
    for number, (pixel, at) in enumerate(KNOWN):
        await expect(steps).to_contain_text(f"Step {2 * number + 1} of 4")
        await page.mouse.click(*await panel.place_of(pixel))
        await expect(steps).to_contain_text(f"Step {2 * number + 2} of 4")
        await expect(save).to_be_disabled()
        await expect(image).to_have_count(0)
        await mall.look_at(at)
        await mall.click(at)
    await expect(steps).to_contain_text("Both points are set")
    await expect(page.get_by_test_id("plan-facts")).to_contain_text("1 pixel is 10 cm, turned by 90°")
    await expect(image).to_be_visible()
    await save.click()
    await expect(toast(page, "The picture is placed.")).to_be_visible()
    assert_placed(await plan_of(demo), frame, KNOWN)

    # what is drawn lies where it was said, at any zoom
    for zoom in (1, 2.5):
        await mall.look_at((-20.0, 20.0), zoom)
        matrix = await image.evaluate("(node) => new DOMMatrix(getComputedStyle(node).transform).toJSON()")
        pane = await image.evaluate("(node) => node.parentElement.getBoundingClientRect().toJSON()")
        for pixel, at in KNOWN:
            expected = await mall.pixel(at)
            x = pane["x"] + matrix["a"] * pixel[0] + matrix["c"] * pixel[1] + matrix["e"]
            y = pane["y"] + matrix["b"] * pixel[0] + matrix["d"] * pixel[1] + matrix["f"]
            assert abs(x - expected[0]) < 1
            assert abs(y - expected[1]) < 1

    await page.get_by_test_id("plan-opacity").focus()
    for _ in range(4):
        await page.keyboard.press("ArrowRight")
    await expect(image).to_have_css("opacity", "0.7")
    async with asyncio.timeout(20):
        while True:
            plan = await plan_of(demo)
            if plan and plan["opacity"] == 0.7:
                break
            await asyncio.sleep(0.1)
    await page.get_by_test_id("plan-close").click()
    await expect(page.get_by_test_id("zone-list")).to_be_visible()
    await page.reload()
    await expect(image).to_have_css("opacity", "0.7")
    toggle = page.get_by_test_id("plan-toggle")
    await toggle.click()
    await expect(image).to_have_count(0)
    await toggle.click()
    await page.get_by_test_id("level-1").click()
    await expect(image).to_have_count(0)
    await page.get_by_test_id("level-0").click()
    await expect(image).to_be_visible()

    await panel.open()
    await page.get_by_text("Another picture").click()
    await page.get_by_test_id("plan-remove").click()
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("plan-file")).to_be_attached()
    assert await plan_of(demo) is None


@pytest.mark.usefixtures("clean_levels")
async def test_placed_by_finger(open_page: OpenPage, demo: Demo) -> None:
    page, mall, panel = await open_panel(open_page, is_phone=True)
    await panel.upload()
    for pixel, at in KNOWN:
        await page.touchscreen.tap(*await panel.place_of(pixel))
        # the sheet hides the lower part of the map: the place is brought above it
        await mall.look_at((at[0], at[1] - 25.0))
        await page.touchscreen.tap(*await mall.pixel(at))
    await expect(page.get_by_test_id("plan-steps")).to_contain_text("Both points are set")
    await page.get_by_test_id("plan-save").tap()
    await expect(toast(page, "The picture is placed.")).to_be_visible()
    assert_placed(await plan_of(demo), await demo.frame(), KNOWN)


@pytest.mark.usefixtures("clean_levels")
async def test_placed_by_keyboard_alone_and_like_another_level(open_page: OpenPage, demo: Demo) -> None:
    page, mall, panel = await open_panel(open_page)
    frame = await demo.frame()
    await panel.upload()
    known = [((412.5, 260.25), (3.0, -4.0)), ((100.0, 400.0), (-20.0, -10.0))]

    # the first point: Space takes what lies in the middle of the picture and of the map, arrows nudge
    await page.evaluate("() => window.__geoengage_picture.look([412, 260], 1)")
    await page.get_by_test_id("picture-view").focus()
    await page.keyboard.press(" ")
    await mall.look_at((2.5, -4.0))
    await page.get_by_test_id("map").focus()
    await page.keyboard.press(" ")
    await page.get_by_test_id("handle-plan-at-1").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_test_id("plan-1-at-x")).to_have_value("3")
    # the rest is typed, and so is what Space could not hit
    for index, (pixel, at) in enumerate(known, start=1):
        for side, values in (("pixel", pixel), ("at", at)):
            for axis, value in zip("xy", values, strict=True):
                await page.get_by_test_id(f"plan-{index}-{side}-{axis}").fill(str(value))
    await page.get_by_test_id("plan-save").focus()
    await page.keyboard.press("Enter")
    await expect(toast(page, "The picture is placed.")).to_be_visible()
    assert_placed(await plan_of(demo), frame, known)

    await page.get_by_test_id("level-1").click()
    await expect(page.get_by_test_id("plan-panel")).to_contain_text("Floor plan: First floor")
    await panel.upload()
    await page.get_by_test_id("plan-like-use").click()
    await expect(page.get_by_test_id("plan-steps")).to_contain_text("Both points are set")
    assert_placed(await plan_of(demo, 1), frame, known)

    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("plan-panel")).to_be_hidden()

"""What the editor can do without a mouse: the crosshair, corners as buttons, and what a screen reader hears."""

import pytest
import shapely
from playwright.async_api import Page, expect
from shapely import affinity, box

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, XY, Demo, MallMap
from tests.web.editor import assert_shape, open_editor, save_as, shape_of

pytestmark = [*MARKS, pytest.mark.usefixtures("tidy_zones")]
PLACE: XY = (34.0, 0.0)


class Keys:
    """The keyboard, and the crosshair that it moves by half metres."""

    def __init__(self, page: Page, at: XY) -> None:
        self.page = page
        self.at = at

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def go(self, to: XY) -> None:
        for step, keys in [
            (to[0] - self.at[0], ("ArrowRight", "ArrowLeft")),
            (to[1] - self.at[1], ("ArrowUp", "ArrowDown")),
        ]:
            key = keys[0] if step > 0 else keys[1]
            big, small = divmod(abs(step), 5)
            await self.press(*[f"Shift+{key}"] * int(big), *[key] * round(small / 0.5))
        self.at = to

    async def drop(self, *places: XY) -> None:
        for place in places:
            await self.go(place)
            await self.press("Space")


async def at_keyboard(open_page: OpenPage) -> tuple[Page, MallMap, Keys]:
    page, mall = await open_editor(open_page)
    await mall.look_at(PLACE)
    return page, mall, Keys(page, PLACE)


async def test_a_polygon_by_keys_alone(open_page: OpenPage, demo: Demo) -> None:
    page, _, keys = await at_keyboard(open_page)
    heard = page.get_by_test_id("live-region")
    await keys.press("p")
    await expect(heard).to_contain_text("Space sets the first corner")
    await keys.drop((30, -3))
    await expect(heard).to_have_text("Corner 1 at 30, -3. 1 corner.")
    await keys.drop((38, -3), (39, 5))
    await expect(heard).to_have_text("Corner 3 at 39, 5. 3 corners.")
    await keys.press("Backspace")
    await keys.drop((38, 3), (34, 2.5))
    await expect(page.get_by_test_id("read-out")).to_contain_text("x 34.00  y 2.50 m")
    await keys.press("Enter")
    await expect(page.get_by_test_id("zone-name")).to_be_focused()
    zone = await save_as(page, demo, "By keys")
    assert_shape(zone, await demo.frame(), shapely.Polygon([(30, -3), (38, -3), (38, 3), (34, 2.5)]))


async def test_rectangle_circle_and_a_cut_by_keys_alone(open_page: OpenPage, demo: Demo) -> None:
    page, _, keys = await at_keyboard(open_page)
    frame = await demo.frame()
    await keys.press("r")
    await keys.drop((30, -3), (38, 3))
    await expect(page.get_by_test_id("zone-name")).to_be_focused()
    await keys.press("Escape", "x", "r")
    await expect(page.get_by_test_id("map-hint")).to_contain_text("Cut out")
    await keys.drop((32, -1), (36, 1))
    await expect(page.get_by_test_id("live-region")).to_contain_text("1 hole, 40 square metres")
    assert_shape(await save_as(page, demo, "Cut by keys"), frame, box(30, -3, 38, 3) - box(32, -1, 36, 1))
    await page.get_by_test_id("form-back").press("Enter")

    await keys.press("c")
    await keys.drop((34, 0), (36, 0))
    zone = await save_as(page, demo, "Circle by keys")
    assert zone["properties"]["radius_m"] == 2
    assert shape_of(zone, frame).distance(shapely.Point(PLACE)) < 0.01


async def test_corners_moving_and_turning_by_keys_alone(open_page: OpenPage, demo: Demo) -> None:
    frame = await demo.frame()
    await demo.add_zone(frame, "Nudged", (30.0, -3.0, 38.0, 3.0))
    page, mall, keys = await at_keyboard(open_page)
    await mall.row("Nudged").press("Enter")
    await expect(page.get_by_test_id("zone-form")).to_be_visible()
    heard = page.get_by_test_id("live-region")
    expected = box(30, -3, 38, 3)

    await page.get_by_test_id("map").focus()
    await keys.press("Tab")
    first = page.locator(":focus")
    await expect(first).to_have_attribute("aria-label", "Corner 1: x 30, y -3")
    await keys.press("ArrowLeft", "Shift+ArrowUp")
    await expect(heard).to_have_text("Corner 1 at 29.5, 2.")
    await expect(first).to_have_attribute("aria-label", "Corner 1: x 29.5, y 2")
    await keys.press("Delete")
    await expect(page.get_by_label("Corner 4", exact=False)).to_have_count(0)
    await page.keyboard.press("Control+z")
    await page.keyboard.press("Control+z")
    await page.keyboard.press("Control+z")
    await expect(page.get_by_test_id("unsaved")).to_be_empty()

    await page.get_by_label("Add a corner after corner 1").press("Enter")
    await expect(page.get_by_label("Corner 5: ")).to_have_count(1)
    await keys.press("Control+z")

    await page.get_by_test_id("map").focus()
    await keys.press("m", "ArrowRight", "Shift+ArrowDown")
    await expect(heard).to_have_text("Moved.")
    await keys.press("m", "{", "{", "[")
    await expect(heard).to_have_text("Turned by 1 degrees.")
    expected = affinity.rotate(affinity.translate(expected, 0.5, -5), 31)
    found = shape_of(await save_as(page, demo, "Nudged"), frame)
    assert shapely.hausdorff_distance(found, expected) < 0.03  # three times rounded to the centimetre


async def test_the_list_of_keys_says_what_there_is(open_page: OpenPage) -> None:
    page, _, keys = await at_keyboard(open_page)
    await keys.press("?")
    listed = page.get_by_role("dialog")
    for words in ("Cut something out", "keep to the mall’s axes", "Turn it by one degree", "Move the map"):
        await expect(listed).to_contain_text(words)

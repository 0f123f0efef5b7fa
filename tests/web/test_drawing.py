"""Shapes drawn and changed with the mouse; what is saved is what was drawn, to the centimetre.

At zoom 3 a pixel is 12.5 cm: every place here lies on that grid, in the free floor of the east mall.
"""

import pytest
import shapely
from playwright.async_api import Page, expect
from shapely import affinity, box

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, XY, Demo, MallMap
from tests.web.editor import assert_shape, corners, open_editor, save_as, shape_of

pytestmark = [*MARKS, pytest.mark.usefixtures("tidy_zones")]
PLACE: XY = (34.0, 0.0)
PLATE = box(30, -3, 38, 3)


async def draw_plate(open_page: OpenPage) -> tuple[Page, MallMap]:
    """A new zone of 8 by 6 metres, not saved."""
    page, mall = await open_editor(open_page)
    await mall.look_at(PLACE)
    await mall.draw("rectangle", (30, -3), (38, 3))
    await expect(page.get_by_test_id("zone-form")).to_be_visible()
    return page, mall


async def use(page: Page, mall: MallMap, button: str, tool: str, *points: XY) -> None:
    """Cut or add with a tool; a polygon is closed by Enter."""
    await page.get_by_test_id(button).click()
    if tool == "polygon":
        await page.keyboard.down("Alt")
        await mall.click(*points)
        await page.keyboard.up("Alt")
        await page.keyboard.press("Enter")
    else:
        await mall.draw(tool, *points)


@pytest.mark.parametrize(
    "tool, points",
    [
        ("rectangle", [(30, -3), (37, 2)]),
        ("polygon", [(30, -3), (36, -4), (38, 3), (34, 1), (31, 2)]),
        ("circle", [(34, 0), (37, 0)]),
    ],
)
async def test_each_shape_is_saved_as_drawn(tool: str, points: list[XY], open_page: OpenPage, demo: Demo) -> None:
    page, mall = await open_editor(open_page)
    await mall.look_at(PLACE)
    await mall.draw(tool, *points)
    if tool == "polygon":
        await page.keyboard.press("Enter")
    zone = await save_as(page, demo, f"Drawn {tool}")
    frame = await demo.frame()
    if tool == "circle":
        assert zone["geometry"]["type"] == "Point"
        assert zone["properties"]["radius_m"] == 3
        assert shape_of(zone, frame).distance(shapely.Point(PLACE)) < 0.01
    else:
        assert_shape(zone, frame, box(30, -3, 37, 2) if tool == "rectangle" else shapely.Polygon(points))


async def test_a_hole_is_cut_its_corner_dragged_and_the_hole_removed(open_page: OpenPage, demo: Demo) -> None:
    page, mall = await draw_plate(open_page)
    frame = await demo.frame()
    await use(page, mall, "cut", "polygon", (32, -1), (36, -1), (34, 2))
    zone = await save_as(page, demo, "Atrium")
    assert_shape(zone, frame, PLATE - shapely.Polygon([(32, -1), (36, -1), (34, 2)]))

    await page.keyboard.down("Alt")
    await mall.drag((34, 2), (35, 1))
    await page.keyboard.up("Alt")
    moved = PLATE - shapely.Polygon([(32, -1), (36, -1), (35, 1)])
    assert_shape(await save_as(page, demo, "Atrium"), frame, moved)

    await page.get_by_test_id("shape-panel").locator("summary").click()
    await page.get_by_test_id("remove-ring-0-1").click()
    assert_shape(await save_as(page, demo, "Atrium"), frame, PLATE)

    await page.mouse.click(*await mall.pixel((30, 3)), button="right")
    await expect(page.get_by_test_id("zone-facts")).to_contain_text("24 m²")
    await page.get_by_test_id("undo").click()
    await expect(page.get_by_test_id("zone-facts")).to_contain_text("48 m²")


async def test_a_cut_through_makes_parts_and_a_bridge_joins_them(open_page: OpenPage, demo: Demo) -> None:
    page, mall = await draw_plate(open_page)
    frame = await demo.frame()
    await use(page, mall, "cut", "rectangle", (33, -4), (35, 4))
    halves = PLATE - box(33, -4, 35, 4)
    assert halves.geom_type == "MultiPolygon"
    assert_shape(await save_as(page, demo, "Halves"), frame, halves)

    await use(page, mall, "part", "rectangle", (32, -1), (36, 1))
    assert_shape(await save_as(page, demo, "Halves"), frame, halves | box(32, -1, 36, 1))
    await use(page, mall, "part", "rectangle", (40, -1), (42, 1))
    assert_shape(await save_as(page, demo, "Halves"), frame, halves | box(32, -1, 36, 1) | box(40, -1, 42, 1))

    # what would leave nothing, or touches nothing, is not done
    before = await page.get_by_test_id("zone-facts").inner_text()
    await use(page, mall, "cut", "rectangle", (28, -5), (43, 5))
    await expect(page.get_by_test_id("toast").filter(has_text="Nothing of the zone would be left")).to_be_visible()
    await use(page, mall, "cut", "rectangle", (25, -1), (27, 1))
    await expect(page.get_by_test_id("toast").filter(has_text="did not touch")).to_be_visible()
    assert await page.get_by_test_id("zone-facts").inner_text() == before


async def test_a_cut_circle_is_a_polygon_and_undo_makes_it_a_circle_again(open_page: OpenPage, demo: Demo) -> None:
    page, mall = await open_editor(open_page)
    await mall.look_at(PLACE)
    await mall.draw("circle", PLACE, (37, 0))
    circle = await page.get_by_test_id("zone-facts").inner_text()
    await use(page, mall, "cut", "rectangle", (30, -4), (38, 0))
    zone = await save_as(page, demo, "Half moon")
    assert zone["geometry"]["type"] == "Polygon"
    assert zone["properties"]["radius_m"] is None
    half = shape_of(zone, await demo.frame())
    assert half.bounds == pytest.approx((31, 0, 37, 3), abs=0.02)
    await page.get_by_test_id("undo").click()
    await expect(page.get_by_test_id("zone-facts")).to_contain_text(circle)
    assert (await save_as(page, demo, "Half moon"))["properties"]["radius_m"] == 3


async def test_turned_by_hand_and_by_numbers(open_page: OpenPage, demo: Demo) -> None:
    page, mall = await draw_plate(open_page)
    frame = await demo.frame()
    await page.get_by_test_id("rotate").click()
    await mall.drag((38, 3), (31, 4))
    assert_shape(await save_as(page, demo, "Turned"), frame, affinity.rotate(PLATE, 90))

    await page.get_by_test_id("shape-panel").locator("summary").click()
    await page.get_by_test_id("turn-by").fill("-30")
    await page.get_by_test_id("turn").click()
    assert_shape(await save_as(page, demo, "Turned"), frame, affinity.rotate(PLATE, 60))
    await page.get_by_test_id("box-turn").fill("0")
    await page.get_by_test_id("box-turn").press("Enter")
    await page.get_by_test_id("box-width").fill("5")
    await page.get_by_test_id("box-width").press("Enter")
    zone = await save_as(page, demo, "Turned")
    sides = shapely.bounds(shape_of(zone, frame))
    assert sides[2] - sides[0] == pytest.approx(5, abs=0.02)


async def test_snapping_and_alt_and_shift(open_page: OpenPage, demo: Demo) -> None:
    frame = await demo.frame()
    await demo.add_zone(frame, "Neighbour", (30.0, -3.0, 34.0, 3.0))
    page, mall = await open_editor(open_page)
    await mall.look_at(PLACE)
    read_out = page.get_by_test_id("read-out")

    await page.get_by_test_id("draw-rectangle").click()
    await mall.click((34.5, -2.5))
    await expect(read_out).to_contain_text("snapped")
    await page.keyboard.down("Alt")
    await expect(read_out).to_contain_text("snapping off")
    await mall.click((38.5, 2.5))
    await page.keyboard.up("Alt")
    assert_shape(await save_as(page, demo, "Beside"), frame, box(34, -3, 38.5, 2.5))
    await page.get_by_test_id("form-back").click()

    await mall.draw("polygon", (42, -3))
    await page.keyboard.down("Shift")
    await mall.click((46, -2.5), (49, 1))
    await expect(read_out).to_contain_text("direction locked")
    await page.keyboard.up("Shift")
    await page.keyboard.down("Alt")
    await mall.click((42, 3))
    await page.keyboard.up("Alt")
    await page.keyboard.press("Enter")
    zone = await save_as(page, demo, "Straight")
    found = corners(zone, frame)
    assert found[:2] == [pytest.approx((42, -3), abs=0.01), pytest.approx((46, -3), abs=0.01)]
    # along a diagonal from there
    assert found[2][0] - 46 == pytest.approx(found[2][1] + 3, abs=0.02)


async def test_the_map_is_moved_in_the_midst_of_drawing_and_cutting(open_page: OpenPage, demo: Demo) -> None:
    page, mall = await draw_plate(open_page)
    await page.get_by_test_id("cut").click()
    await page.keyboard.down("Alt")
    await mall.click((32, -1), (36, -1))
    await page.keyboard.up("Alt")
    before = await mall.pixel(PLACE)

    await page.keyboard.down("Space")
    await mall.drag((31, 0), (33, 1))
    await page.keyboard.up("Space")
    after = await mall.pixel(PLACE)
    assert (after[0] - before[0], after[1] - before[1]) == (16, -8)
    await page.mouse.move(*await mall.pixel((33, 0)))
    await page.mouse.down(button="middle")
    await page.mouse.move(*await mall.pixel((31, -1)), steps=3)
    await page.mouse.up(button="middle")
    assert await mall.pixel(PLACE) == before

    await page.keyboard.down("Alt")
    await mall.click((34, 2))
    await page.keyboard.up("Alt")
    await page.keyboard.press("Enter")
    hole = shapely.Polygon([(32, -1), (36, -1), (34, 2)])
    assert_shape(await save_as(page, demo, "Moved under the hand"), await demo.frame(), PLATE - hole)


async def test_corners_in_numbers_and_squared(open_page: OpenPage, demo: Demo) -> None:
    page, mall = await open_editor(open_page)
    frame = await demo.frame()
    await mall.look_at(PLACE)
    await mall.draw("polygon", (30, -3), (38, -2.5), (38.25, 3), (30.25, 3))
    await page.keyboard.press("Enter")
    await page.get_by_test_id("shape-panel").locator("summary").click()
    await page.get_by_test_id("corner-x-0-0-0").fill("29.37")
    await page.get_by_test_id("corner-x-0-0-0").press("Enter")
    zone = await save_as(page, demo, "In numbers")
    assert_shape(zone, frame, shapely.Polygon([(29.37, -3), (38, -2.5), (38.25, 3), (30.25, 3)]))
    await page.get_by_test_id("corner-add-0-0-0").click()
    await expect(page.get_by_test_id("corner-x-0-0-4")).to_be_visible()
    await page.get_by_test_id("corner-remove-0-0-1").click()
    await expect(page.get_by_test_id("corner-x-0-0-4")).to_have_count(0)
    await page.get_by_test_id("square").click()
    found = shape_of(await save_as(page, demo, "In numbers"), frame)
    assert found.area == pytest.approx(found.envelope.area, rel=0.001)

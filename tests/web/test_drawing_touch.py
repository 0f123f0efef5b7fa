"""The editor on a phone: taps, large buttons, a corner under the finger, two fingers, the sheet that is pulled."""

import pytest
from playwright.async_api import CDPSession, Page, expect
from shapely import Polygon, box

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, XY, Demo, MallMap
from tests.web.editor import assert_shape, open_editor, save_as

pytestmark = [*MARKS, pytest.mark.usefixtures("tidy_zones")]
PLACE: XY = (34.0, 0.0)
# A finger cannot hold Alt: nearer to a wall than 16 pixels it snaps, so these tests look closely.
ZOOM = 5
PX_PER_M = 2**ZOOM


async def tap(page: Page, mall: MallMap, *points: XY) -> list[XY]:
    """Tap places of the mall; where the taps really fell, for a finger meets whole pixels only."""
    hits: list[XY] = []
    for point in points:
        x, y = await mall.pixel(point)
        await page.touchscreen.tap(round(x), round(y))
        hits.append((point[0] + (round(x) - x) / PX_PER_M, point[1] - (round(y) - y) / PX_PER_M))
    return hits


async def slide(session: CDPSession, *ways: tuple[XY, XY]) -> None:
    """Fingers go down together, each from one pixel to another in four steps, and up."""
    for step in range(5):
        fingers = [
            {"x": a[0] + (b[0] - a[0]) * step / 4, "y": a[1] + (b[1] - a[1]) * step / 4, "id": number}
            for number, (a, b) in enumerate(ways)
        ]
        kind = "touchStart" if step == 0 else "touchMove"
        await session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    await session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


async def test_tapped_taken_back_and_finished(open_page: OpenPage, demo: Demo) -> None:
    page, mall = await open_editor(open_page, is_phone=True)
    await mall.look_at(PLACE, ZOOM)
    bar = page.get_by_test_id("draw-bar")
    await page.get_by_test_id("draw-polygon").tap()
    await expect(bar).to_be_visible()
    await expect(page.get_by_test_id("finish")).to_be_disabled()
    corners: list[XY] = [(30, -2), (38, -2.5), (37, 2.5), (31, 3)]
    hits = await tap(page, mall, *corners[:3])
    await page.get_by_test_id("take-back").tap()
    await expect(page.get_by_test_id("finish")).to_be_disabled()

    # two fingers move the map in the midst of drawing
    session = await page.context.new_cdp_session(page)
    before = await mall.pixel(PLACE)
    await slide(session, ((150, 400), (150, 432)), ((250, 400), (250, 432)))
    after = await mall.pixel(PLACE)
    assert after[1] - before[1] > 16
    await mall.look_at(PLACE, ZOOM)

    hits = hits[:2] + await tap(page, mall, *corners[2:])
    await page.get_by_test_id("finish").tap()
    await expect(bar).to_be_hidden()
    zone = await save_as(page, demo, "Tapped")
    frame = await demo.frame()
    assert_shape(zone, frame, Polygon(hits))

    await page.get_by_test_id("tab-map").tap()
    await mall.look_at(PLACE, ZOOM)
    handle = page.get_by_label("Corner 1: ")
    size = await handle.bounding_box()
    assert size
    assert size["width"] == size["height"] == 24
    x, y = (round(at) for at in await mall.pixel(hits[0]))
    # beside the visible circle, where a finger also counts
    await slide(session, ((x + 16, y), (x + 16 - PX_PER_M, y + PX_PER_M)))
    await page.get_by_test_id("tab-zones").tap()
    moved = (hits[0][0] - 1, hits[0][1] - 1)
    assert_shape(await save_as(page, demo, "Tapped"), frame, Polygon([moved, *hits[1:]]))


async def test_a_hole_by_finger(open_page: OpenPage, demo: Demo) -> None:
    page, mall = await open_editor(open_page, is_phone=True)
    await mall.look_at(PLACE, ZOOM)
    await page.get_by_test_id("draw-rectangle").tap()
    low, high = await tap(page, mall, (30, -3), (38, 3))
    await expect(page.get_by_test_id("zone-form")).to_be_visible()
    await page.get_by_test_id("cut").tap()
    await mall.look_at(PLACE, ZOOM)
    hole = await tap(page, mall, (31.5, -1), (34.5, -1), (34.5, 1), (31.5, 1))
    await page.get_by_test_id("finish").tap()
    zone = await save_as(page, demo, "Holed")
    assert_shape(zone, await demo.frame(), box(*low, *high) - Polygon(hole))


async def test_the_sheet_is_pulled_and_never_under_the_toolbar(open_page: OpenPage) -> None:
    page, _ = await open_editor(open_page, is_phone=True)
    await page.get_by_test_id("tab-zones").tap()
    sheet = page.locator("[data-sheet=zones]")
    grip = sheet.get_by_test_id("sheet-grip")
    session = await page.context.new_cdp_session(page)

    async def height() -> float:
        # the frame in which it changes still has the old one
        await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found = await sheet.bounding_box()
        assert found
        return found["height"]

    async def pull(by: float) -> None:
        at = await grip.bounding_box()
        assert at
        x, y = at["x"] + at["width"] / 2, at["y"] + 10
        await slide(session, ((x, y), (x, y + by)))

    half = await height()
    await pull(-220)
    await expect(grip).to_have_accessible_name("Height of the panel: full")
    full = await height()
    await pull(550)
    await expect(grip).to_have_accessible_name("Height of the panel: peek")
    assert await height() < half < full
    toolbar = await page.locator(".toolbar").bounding_box()
    assert toolbar
    await grip.focus()
    await page.keyboard.press("ArrowUp")
    await expect(grip).to_have_accessible_name("Height of the panel: half")
    assert await height() == half
    top = await sheet.bounding_box()
    assert top
    assert top["y"] >= toolbar["y"] + toolbar["height"]
    await pull(700)
    await expect(sheet).to_be_hidden()

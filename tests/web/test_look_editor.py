"""The zone editor on a laptop and on a phone with everything open: no cut text, nothing serious from axe."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo
from tests.web.editor import open_editor
from tests.web.test_look import faults

pytestmark = [
    *MARKS,
    pytest.mark.usefixtures("tidy_zones"),
    pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"]),
]


async def show_zones(page: Page, *, is_phone: bool) -> None:
    if is_phone:
        await page.get_by_test_id("tab-zones").click()


async def overlapping(first: Locator, second: Locator) -> bool:
    a, b = await first.bounding_box(), await second.bounding_box()
    assert a
    assert b
    return (
        a["x"] < b["x"] + b["width"]
        and b["x"] < a["x"] + a["width"]
        and a["y"] < b["y"] + b["height"]
        and (b["y"] < a["y"] + a["height"])
    )


async def test_the_form_with_all_its_panels(is_phone: bool, open_page: OpenPage, demo: Demo) -> None:
    frame = await demo.frame()
    made = await demo.add_zone(frame, "Looked at", (30.0, -3.0, 38.0, 3.0))
    page, mall = await open_editor(open_page, is_phone=is_phone)
    await show_zones(page, is_phone=is_phone)
    await mall.row("Looked at").click()
    await expect(page.get_by_test_id("zone-form")).to_be_visible()
    await page.locator(".zone-form details").evaluate_all("all => { for (const one of all) one.open = true; }")
    await page.get_by_test_id("add-metadata").click()
    await page.get_by_test_id("shape-panel").locator("summary").click()
    await page.get_by_test_id("versions-panel").locator("summary").click()
    await expect(page.get_by_test_id("version-1")).to_be_visible()
    await page.get_by_test_id("zone-name").fill("Looked at, and changed")
    found = await faults(page, "form")
    await page.get_by_test_id("delete").scroll_into_view_if_needed()
    found += await faults(page, "end of the form")
    await page.get_by_test_id("move").click()
    found += await faults(page, "moving")
    assert found == []
    await demo.api("DELETE", f"/v1/zones/{made['id']}")


async def test_the_list_its_menus_and_dialogs(is_phone: bool, open_page: OpenPage, demo: Demo) -> None:
    await demo.add_zone(await demo.frame(), "A zone with a rather long name in the list", (30.0, -3.0, 38.0, 3.0))
    page, mall = await open_editor(open_page, is_phone=is_phone)
    await show_zones(page, is_phone=is_phone)
    row = page.locator("li").filter(has=mall.row("A zone with a rather long name"))
    await row.get_by_test_id("zone-menu").click()
    found = await faults(page, "menu")
    await page.get_by_test_id("row-copy").click()
    found += await faults(page, "copy dialog")
    await page.get_by_role("dialog").get_by_text("Cancel").click()
    await page.get_by_test_id("select-zones").click()
    await page.get_by_test_id("zone-choose").first.check()
    found += await faults(page, "choosing several")
    assert found == []


async def test_drawing(is_phone: bool, open_page: OpenPage) -> None:
    page, mall = await open_editor(open_page, is_phone=is_phone)
    await mall.look_at((34.0, 0.0))
    await mall.draw("polygon", (30, -3), (38, -3))
    found = await faults(page, "drawing")
    if is_phone:
        assert not await overlapping(page.get_by_test_id("draw-bar"), page.locator(".leaflet-control-zoom"))
        assert not await overlapping(page.get_by_test_id("draw-bar"), page.get_by_test_id("read-out"))
    assert not await overlapping(page.get_by_test_id("map-hint"), page.locator(".compass"))
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    found += await faults(page, "keys")
    assert found == []


async def test_a_phone_held_sideways(is_phone: bool, open_page: OpenPage) -> None:
    page, _ = await open_editor(open_page, is_phone=is_phone)
    await page.set_viewport_size({"width": 844, "height": 390})
    await show_zones(page, is_phone=True)
    assert await faults(page, "sideways") == []
    await page.set_viewport_size({"width": 390, "height": 844} if is_phone else {"width": 1440, "height": 900})

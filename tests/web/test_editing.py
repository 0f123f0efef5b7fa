"""Zones drawn and changed with the mouse and the keyboard; what is saved is what was drawn, to the centimetre."""

import pytest
import shapely
from playwright.async_api import expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, XY, Demo, Watch, toast
from tests.web.editor import assert_same, corners, open_editor, saved_zone

pytestmark = [*MARKS, pytest.mark.usefixtures("tidy_zones")]
# In the east mall, on the pixel grid of zoom 3.
KITE: list[XY] = [(30.0, -3.0), (36.0, -4.0), (38.0, 3.0), (31.0, 2.0)]


async def test_drawn_dragged_undone_moved_saved_and_deleted(open_page: OpenPage, demo: Demo) -> None:
    page, mall = await open_editor(open_page)
    frame = await demo.frame()
    facts, undo, redo = (page.get_by_test_id(name) for name in ("zone-facts", "undo", "redo"))
    await mall.look_at((34.0, 0.0))
    await mall.draw("polygon", *KITE)
    await page.keyboard.press("Enter")
    await page.get_by_test_id("zone-name").fill("Kite")
    await expect(page.get_by_test_id("unsaved")).to_have_text("Unsaved changes")
    drawn = await facts.inner_text()
    assert drawn.startswith(f"{shapely.Polygon(KITE).area:g} m²")

    await page.keyboard.down("Alt")
    await mall.drag(KITE[2], (39.0, 4.0))
    await page.keyboard.up("Alt")
    await expect(facts).not_to_have_text(drawn)
    dragged = await facts.inner_text()
    await undo.click()
    await expect(facts).to_have_text(drawn)
    await redo.click()
    await expect(facts).to_have_text(dragged)

    await page.get_by_test_id("move").click()
    await mall.drag((34.0, 0.0), (36.0, -0.5))
    await page.get_by_test_id("save").click()
    await expect(toast(page, "Saved “Kite”")).to_be_visible()
    await expect(page.get_by_test_id("unsaved")).to_be_empty()
    zone = await saved_zone(demo, "Kite")
    assert zone["properties"]["status"] == "draft"
    assert zone["properties"]["levels"] == [0]
    moved = [(x + 2.0, y - 0.5) for x, y in [*KITE[:2], (39.0, 4.0), KITE[3]]]
    assert_same(corners(zone, frame), moved)

    await page.get_by_test_id("delete").click()
    await page.get_by_test_id("confirm").click()
    await expect(toast(page, "Deleted “Kite”")).to_be_visible()
    await expect(mall.row("Kite")).to_have_count(0)
    zones = await demo.api("GET", f"/v1/zones?limit=500&mall_id={demo.state['mall_id']}")
    assert all(item["id"] != zone["id"] for item in zones["items"])


async def test_a_zone_from_a_shop_has_its_outline(open_page: OpenPage, demo: Demo) -> None:
    page, mall = await open_editor(open_page)
    frame = await demo.frame()
    await mall.click((52.0, -20.0))
    card = page.get_by_test_id("store-card")
    await expect(card).to_contain_text("Teehaus Sieben")
    await card.get_by_test_id("zone-from-store").click()
    await expect(page.get_by_test_id("zone-name")).to_have_value("Teehaus Sieben")
    await page.get_by_test_id("save").click()
    await expect(toast(page, "Saved “Teehaus Sieben”")).to_be_visible()
    zone = await saved_zone(demo, "Teehaus Sieben")
    stores = await demo.api("GET", f"/v1/stores?limit=500&mall_id={demo.state['mall_id']}")
    store = next(item for item in stores["items"] if item["properties"]["name"] == "Teehaus Sieben")
    assert zone["properties"]["store_id"] == store["id"]
    assert_same(corners(zone, frame), corners(store, frame))


async def test_nothing_unsaved_is_lost_or_kept_unasked(open_page: OpenPage, demo: Demo) -> None:
    made = await demo.add_zone(await demo.frame(), "Careful", (40.0, -3.0, 46.0, 3.0))
    page, mall = await open_editor(open_page)
    name, unsaved = page.get_by_test_id("zone-name"), page.get_by_test_id("unsaved")
    await mall.row("Careful").click()
    await expect(unsaved).to_be_empty()
    await expect(page.get_by_test_id("save")).to_be_disabled()
    await name.fill("Careless")
    await expect(unsaved).to_have_text("Unsaved changes")

    await page.get_by_test_id("nav-messages").click()
    dialog = page.get_by_test_id("unsaved-dialog")
    await expect(dialog).to_contain_text("Careless")
    await dialog.get_by_text("Keep editing").click()
    await expect(name).to_have_value("Careless")
    await page.get_by_test_id("cancel").click()
    await expect(mall.row("Careful")).to_be_visible()
    assert (await saved_zone(demo, "Careful"))["properties"]["version"] == made["properties"]["version"]

    await mall.row("Careful").click()
    await name.fill("Careful indeed")
    await page.get_by_test_id("save").click()
    await expect(toast(page, "Saved “Careful indeed”")).to_be_visible()
    await page.get_by_test_id("nav-messages").click()
    await expect(page.get_by_role("heading", name="Messages")).to_be_visible()
    assert (await saved_zone(demo, "Careful indeed"))["id"] == made["id"]


@pytest.mark.parametrize("choice, name", [("keep-mine", "Mine"), ("reload-theirs", "Theirs")])
async def test_two_operators_are_asked_whose_work_counts(
    choice: str, name: str, open_page: OpenPage, demo: Demo, watch: Watch
) -> None:
    made = await demo.add_zone(await demo.frame(), f"Shared, {choice}", (48.0, -3.0, 54.0, 3.0))
    page, mall = await open_editor(open_page)
    await mall.row(f"Shared, {choice}").click()
    await page.get_by_test_id("zone-name").fill("Mine")
    theirs = {"properties": {"name": "Theirs"}}
    await demo.api("PATCH", f"/v1/zones/{made['id']}", theirs, **{"If-Match": f'"v{made["properties"]["version"]}"'})

    watch.expect("status of 412")
    await page.get_by_test_id("save").click()
    dialog = page.get_by_test_id("conflict-dialog")
    await expect(dialog).to_contain_text("Theirs")
    await dialog.get_by_test_id(choice).click()
    await expect(page.get_by_test_id("zone-name")).to_have_value(name)
    await expect(page.get_by_test_id("unsaved")).to_be_empty()
    zone = await demo.api("GET", f"/v1/zones/{made['id']}")
    assert zone["properties"]["name"] == name
    await demo.api("DELETE", f"/v1/zones/{made['id']}", **{"If-Match": f'"v{zone["properties"]["version"]}"'})


async def test_what_the_server_refuses_is_shown_where_it_is_wrong(
    open_page: OpenPage, demo: Demo, watch: Watch
) -> None:
    await demo.add_zone(await demo.frame(), "Bow-tie", (60.0, 3.5, 64.0, 6.5))
    page, mall = await open_editor(open_page)
    await mall.row("Bow-tie").click()
    await page.get_by_label("Corner 1: ").first.focus()
    await page.keyboard.press("Shift+ArrowRight")  # five metres, over the opposite side
    watch.expect("status of 422")
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("form-error")).to_contain_text("ross")
    await expect(page.locator(".place-note")).to_be_visible()

    await page.get_by_test_id("zone-name").fill("")
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("zone-name")).to_have_attribute("aria-invalid", "")
    await page.get_by_test_id("zone-name").fill("Bow")
    while await page.get_by_test_id("undo").is_enabled():
        await page.get_by_test_id("undo").click()
    await page.get_by_test_id("save").click()
    await expect(toast(page, "Saved “Bow”")).to_be_visible()

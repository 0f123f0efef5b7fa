"""A zone's edits: outlined, restored, restored back; two operators, who see what differs; several zones at once."""

from typing import Any

import pytest
from playwright.async_api import Page, expect
from shapely import box

from geoengage.kit.geo import Frame
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, MallMap, Watch, toast
from tests.web.editor import assert_shape, open_editor, save_as, saved_zone, zones

pytestmark = [*MARKS, pytest.mark.usefixtures("tidy_zones")]


async def patch(demo: Demo, frame: Frame, zone: dict[str, Any], name: str, shape: Any = None) -> None:
    """An edit by somebody else."""
    body: dict[str, Any] = {"type": "Feature", "properties": {"name": name}}
    if shape is not None:
        ring = [frame.to_lonlat(x, y) for x, y in shape.exterior.coords]
        body["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    await demo.api("PATCH", f"/v1/zones/{zone['id']}", body, **{"If-Match": f'"v{zone["properties"]["version"]}"'})


async def open_versions(page: Page, mall: MallMap, name: str) -> None:
    await mall.row(name).click()
    await page.get_by_test_id("versions-panel").locator("summary").click()


async def test_an_old_version_is_outlined_restored_and_restored_back(open_page: OpenPage, demo: Demo) -> None:
    frame = await demo.frame()
    made = await demo.add_zone(frame, "First", (30.0, -3.0, 38.0, 3.0))
    await patch(demo, frame, made, "Second", box(31, -2, 36, 2))
    page, mall = await open_editor(open_page)
    await open_versions(page, mall, "Second")
    await expect(page.get_by_test_id("version-1")).to_contain_text("First")
    await expect(page.get_by_test_id("version-1")).to_contain_text("48 m²")
    await page.get_by_test_id("version-1").hover()
    await expect(page.locator(".mark-version")).to_have_count(1)
    await page.get_by_test_id("version-2").hover()
    await page.get_by_test_id("zone-name").hover()
    await expect(page.locator(".mark-version")).to_have_count(0)
    await page.get_by_test_id("version-show-1").click()
    await page.get_by_test_id("zone-name").hover()
    await expect(page.locator(".mark-version")).to_have_count(1)

    await page.get_by_test_id("version-restore-1").click()
    await expect(toast(page, "as in version 1 again; this is version 3")).to_be_visible()
    await expect(page.get_by_test_id("zone-name")).to_have_value("First")
    await expect(page.get_by_test_id("version-3")).to_contain_text("by you")
    assert_shape(await saved_zone(demo, "First"), frame, box(30, -3, 38, 3))

    # it took nothing away: what was there before comes back the same way
    await page.get_by_test_id("version-restore-2").click()
    await expect(page.get_by_test_id("version-4")).to_be_visible()
    assert_shape(await saved_zone(demo, "Second"), frame, box(31, -2, 36, 2))


async def test_unsaved_work_shows_in_the_head_and_in_the_tab(open_page: OpenPage, demo: Demo) -> None:
    await demo.add_zone(await demo.frame(), "Unsaved", (30.0, -3.0, 38.0, 3.0))
    page, mall = await open_editor(open_page)
    await mall.row("Unsaved").click()
    await page.get_by_test_id("zone-name").fill("Unsaved indeed")
    assert (await page.title()).startswith("● ")
    await save_as(page, demo, "Unsaved indeed")
    assert not (await page.title()).startswith("● ")


async def test_a_conflict_says_what_differs_and_outlines_their_shape(
    open_page: OpenPage, demo: Demo, watch: Watch
) -> None:
    frame = await demo.frame()
    made = await demo.add_zone(frame, "Disputed", (30.0, -3.0, 38.0, 3.0))
    page, mall = await open_editor(open_page)
    await mall.row("Disputed").click()
    await page.get_by_test_id("zone-name").fill("Mine")
    await patch(demo, frame, made, "Theirs", box(30, -3, 35, 3))
    watch.expect("status of 412")
    await page.get_by_test_id("save").click()
    table = page.get_by_test_id("conflict-diff")
    await expect(table.get_by_role("row")).to_have_count(3)
    await expect(table).to_contain_text("Mine")
    await expect(table.get_by_role("row", name="Shape")).to_contain_text("48 m²")
    await expect(table.get_by_role("row", name="Shape")).to_contain_text("30 m²")
    await expect(page.locator(".mark-theirs")).to_have_count(1)
    await page.get_by_test_id("conflict-dialog").get_by_text("Back").click()
    await expect(page.get_by_test_id("zone-name")).to_have_value("Mine")
    await expect(page.locator(".mark-theirs")).to_have_count(0)

    await page.get_by_test_id("save").click()
    await page.get_by_test_id("keep-mine").click()
    await expect(page.get_by_test_id("unsaved")).to_be_empty()
    assert_shape(await saved_zone(demo, "Mine"), frame, box(30, -3, 38, 3))


async def test_duplicated_copied_to_floors_tagged_and_deleted_together(open_page: OpenPage, demo: Demo) -> None:
    frame = await demo.frame()
    await demo.add_zone(frame, "Pattern", (30.0, -3.0, 38.0, 3.0))
    page, mall = await open_editor(open_page)

    async def choose(name: str, action: str) -> None:
        await page.locator("li").filter(has=mall.row(name)).get_by_test_id("zone-menu").click()
        await page.get_by_test_id(action).click()

    await choose("Pattern", "row-duplicate")
    await expect(page.get_by_test_id("zone-name")).to_have_value("Pattern (copy)")
    assert_shape(await save_as(page, demo, "Pattern twin"), frame, box(32, -5, 40, 1))
    await page.get_by_test_id("form-back").click()

    await choose("Pattern twin", "row-copy")
    await page.get_by_test_id("copy-levels-1").check(force=True)
    await page.get_by_test_id("copy-levels-2").check(force=True)
    await page.get_by_test_id("copy-do").click()
    await expect(toast(page, "2 drafts made")).to_be_visible()
    upstairs = await saved_zone(demo, "Pattern twin (First floor)")
    assert upstairs["properties"]["levels"] == [1]
    assert_shape(upstairs, frame, box(32, -5, 40, 1))

    await choose("Pattern twin", "row-copy")
    await page.get_by_test_id("copy-levels-1").check(force=True)
    await page.get_by_test_id("copy-one").check()
    await page.get_by_test_id("copy-do").click()
    await expect(toast(page, "is on 2 floors now")).to_be_visible()
    assert (await saved_zone(demo, "Pattern twin"))["properties"]["levels"] == [0, 1]

    await page.get_by_test_id("zone-search").fill("Pattern")
    await page.get_by_test_id("select-zones").click()
    await page.get_by_text("All or none").click()
    await page.get_by_test_id("all-tag").click()
    await page.get_by_test_id("tag-name").fill("autumn")
    await page.get_by_test_id("tag-do").click()
    await expect(toast(page, "4 zones have the tag “autumn” now")).to_be_visible()
    tagged = [zone for zone in await zones(demo) if "autumn" in zone["properties"]["tags"]]
    assert len(tagged) == 4

    await page.get_by_test_id("select-zones").click()
    await page.get_by_text("All or none").click()
    await page.get_by_test_id("all-delete").click()
    await page.get_by_test_id("confirm").click()
    await expect(toast(page, "Deleted 4 zones")).to_be_visible()
    assert not [zone for zone in await zones(demo) if zone["properties"]["name"].startswith("Pattern")]


async def test_widened_and_refused(open_page: OpenPage, demo: Demo, watch: Watch) -> None:
    frame = await demo.frame()
    await demo.add_zone(frame, "Widened", (32.0, -1.0, 36.0, 1.0))
    page, mall = await open_editor(open_page)
    await mall.row("Widened").click()
    await page.get_by_test_id("shape-panel").locator("summary").click()
    await page.get_by_test_id("widen-by").fill("1.5")
    await page.get_by_test_id("widen").click()
    await expect(page.get_by_test_id("zone-facts")).to_contain_text("35 m²")
    assert_shape(await save_as(page, demo, "Widened"), frame, box(30.5, -2.5, 37.5, 2.5))
    watch.expect("status of 422")
    await page.get_by_test_id("widen-by").fill("-40")
    await page.get_by_test_id("widen").click()
    await expect(page.get_by_test_id("shape-panel").locator(".field-error:not(:empty)")).to_be_visible()


async def test_rules_and_own_data_are_kept(open_page: OpenPage, demo: Demo) -> None:
    await demo.add_zone(await demo.frame(), "Ruled", (30.0, -3.0, 38.0, 3.0))
    page, mall = await open_editor(open_page)
    await mall.row("Ruled").click()
    for title in ("Entering and staying", "Your own data"):
        await page.get_by_text(title).click()
    await page.get_by_test_id("zone-tolerance").fill("4.5")
    await page.get_by_test_id("zone-timeout").fill("90")
    await page.get_by_test_id("zone-single").check()
    await page.get_by_test_id("zone-crossing").check()
    await page.get_by_test_id("zone-external-id").fill("crm-17")
    await page.get_by_test_id("add-metadata").click()
    row = page.get_by_test_id("metadata-row")
    await row.get_by_label("Key").fill("lease")
    await row.get_by_label("Value").fill("2029")
    properties = (await save_as(page, demo, "Ruled"))["properties"]
    assert properties["rules"]["exit_tolerance_m"] == 4.5
    assert properties["rules"]["timeout_s"] == 90
    assert properties["rules"]["single_fix"] is properties["rules"]["crossing"] is True
    assert properties["external_id"] == "crm-17"
    assert properties["metadata"] == {"lease": "2029"}
    await row.get_by_label("Remove this row").click()
    await page.get_by_test_id("zone-crossing").uncheck()
    properties = (await save_as(page, demo, "Ruled"))["properties"]
    assert properties["metadata"] == {}
    assert properties["rules"]["crossing"] is False

"""What is said about a drawn zone before it is published: checks while drawing, a look back, a test walk.

Nothing is saved in these tests but the one zone that is published, and that one is taken away again.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Response, expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, XY, Demo, MallMap, Watch, settled, toast
from tests.web.editor import open_editor
from tests.web.test_look import faults

pytestmark = MARKS
# In the east mall, clear of every zone; on the pixel grid of zoom 3.
CLEAR: tuple[XY, XY] = ((50.0, -5.0), (64.0, 5.0))
# Beyond the car park, where nobody walks.
NOWHERE: tuple[XY, XY] = ((-210.0, -130.0), (-190.0, -115.0))
VISITORS = 12  # enough that their accuracy is told
GRANTED = {"location": "granted", "marketing_push": "granted", "personalisation": "granted"}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def visitors(demo: Demo) -> None:
    """Phones that were in the middle of CLEAR ten minutes ago, ±6 m, and have said nothing since."""
    lon, lat = (await demo.frame()).to_lonlat(57.0, 0.0)
    at = (datetime.now(UTC) - timedelta(minutes=10)).isoformat()
    pings = []
    for _ in range(VISITORS):
        body = {"app_id": demo.state["app_id"], "platform": "android", "consents": GRANTED}
        made = await demo.api("POST", "/v1/devices", body, key="publishable_key")
        fix = {"at": at, "lon": lon, "lat": lat, "accuracy_m": 6.0, "level": 0}
        pings.append({"device_id": made["device_id"], **fix})
    taken = await demo.api("POST", "/v1/pings", {"pings": pings})
    assert taken["accepted"] == VISITORS


async def draw(page: Page, mall: MallMap, *points: XY, tool: str = "rectangle", zoom: float = 3) -> None:
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    await mall.look_at((x, y), zoom)
    await mall.draw(tool, *points)


def finding(page: Page, code: str) -> Locator:
    return page.get_by_test_id(f"finding-{code}")


async def undo(page: Page) -> None:
    await page.get_by_test_id("undo").click()


@pytest.mark.usefixtures("visitors")
async def test_a_zone_too_small_for_its_phones(open_page: OpenPage) -> None:
    page, mall = await open_editor(open_page)
    await draw(page, mall, (52.0, -1.0), (54.0, 1.0))
    await expect(finding(page, "cannot_reach_confidence")).to_contain_text("Nobody can get in")
    await expect(finding(page, "too_small_for_accuracy")).to_contain_text("2 m wide")
    await expect(page.get_by_test_id("lint-note")).to_contain_text("1 problem")
    await expect(page.get_by_test_id("lint-accuracy")).to_contain_text(re.compile(r"Phones here report ±[1-9]\d* m"))
    await expect(page.get_by_test_id("lint-accuracy")).to_contain_text("needs 0.50")
    await page.get_by_test_id("lint-disc").click()
    await expect(page.locator(".mark-lint-accuracy")).to_be_visible()
    await finding(page, "cannot_reach_confidence").get_by_test_id("finding-show").click()
    await expect(page.locator(".mark-lint-place")).to_be_visible()

    await undo(page)
    await expect(page.get_by_test_id("lint")).to_be_hidden()
    await draw(page, mall, *CLEAR)
    await expect(page.get_by_test_id("lint-note")).to_have_text("nothing found")
    await expect(finding(page, "cannot_reach_confidence")).to_have_count(0)
    await expect(finding(page, "too_small_for_accuracy")).to_have_count(0)
    await expect(page.locator(".mark-lint-place")).to_have_count(0)


async def test_an_overlap_is_shown_and_its_other_zone_opened(open_page: OpenPage) -> None:
    page, mall = await open_editor(open_page)
    await draw(page, mall, (32.0, -12.0), (50.0, 4.0), zoom=2)
    overlap = finding(page, "overlaps").filter(has_text="Kinderkram")
    await expect(overlap).to_contain_text("whoever stands there is in both")
    await overlap.get_by_test_id("finding-show").click()
    await expect(page.locator(".mark-lint-overlap")).to_be_visible()
    await overlap.get_by_test_id("finding-show").click()
    await expect(page.locator(".mark-lint-overlap")).to_have_count(0)

    await overlap.get_by_test_id("finding-open").click()
    await page.get_by_test_id("unsaved-dialog").get_by_test_id("discard").click()
    await expect(page.get_by_test_id("zone-name")).to_have_value("Kinderkram")
    await expect(page.get_by_test_id("lint-note")).not_to_contain_text("checking")
    await expect(finding(page, "overlaps").filter(has_text="Kinderkram")).to_have_count(0)


async def test_the_part_outside_the_floor_is_hatched(open_page: OpenPage) -> None:
    page, mall = await open_editor(open_page)
    await draw(page, mall, (50.0, 16.0), (64.0, 36.0), zoom=2)
    outside = finding(page, "outside_level")
    await expect(outside).to_contain_text("outside the outline")
    await outside.get_by_test_id("finding-show").click()
    await expect(page.locator(".mark-lint-outside")).to_have_css("fill", 'url("#hatch")')
    drawn = await page.locator(".mark-lint-outside").bounding_box()
    assert drawn
    x, y = await mall.pixel((57.0, 33.0))
    assert abs(drawn["x"] + drawn["width"] / 2 - x) < 3
    assert abs(drawn["y"] + drawn["height"] / 2 - y) < 3, "hatched is what lies beyond the wall at 30 m"
    await undo(page)
    await expect(page.get_by_test_id("lint")).to_be_hidden()
    await expect(page.locator(".mark-lint-outside")).to_have_count(0)


async def test_an_outline_that_crosses_itself_is_ringed(open_page: OpenPage, watch: Watch) -> None:
    watch.expect("/v1/zones/evidence")  # 422: what reaches an outline that is none?
    page, mall = await open_editor(open_page)
    await draw(page, mall, *CLEAR)
    await page.get_by_label("Corner 1: ").focus()
    for _ in range(4):  # five metres each, over the opposite side
        await page.keyboard.press("Shift+ArrowRight")
    crossing = finding(page, "crosses_itself").first
    await expect(crossing).to_contain_text("crosses or touches itself")
    await crossing.get_by_test_id("finding-show").click()
    await expect(page.locator(".mark-lint-place")).to_be_visible()
    for _ in range(4):
        await undo(page)
    await expect(finding(page, "crosses_itself")).to_have_count(0)
    await expect(page.locator(".mark-lint-place")).to_have_count(0)


async def test_a_sensitive_name_is_put_right_by_one_click(open_page: OpenPage) -> None:
    page, mall = await open_editor(open_page)
    await draw(page, mall, *CLEAR)
    await expect(finding(page, "sensitive_name")).to_have_count(0)
    await page.get_by_test_id("zone-name").fill("Augenklinik")
    await expect(finding(page, "sensitive_name")).to_contain_text("Klinik", ignore_case=True)
    await finding(page, "sensitive_name").get_by_role("button", name="Mark as health place").click()
    await expect(finding(page, "sensitive_name")).to_have_count(0)
    await expect(page.get_by_test_id("zone-sensitivity")).to_have_value("health")
    await expect(page.get_by_test_id("live-region")).to_contain_text("Checks:")


async def test_warnings_are_asked_about_once_before_publishing(open_page: OpenPage, demo: Demo) -> None:
    page, mall = await open_editor(open_page)
    await draw(page, mall, (60.0, -12.0), (70.0, 4.0), (66.0, 6.0), tool="polygon", zoom=2)
    await page.keyboard.press("Enter")
    name = page.get_by_test_id("zone-name")
    await name.fill("Kita Sonnenschein")
    await page.get_by_test_id("zone-welcome").uncheck()
    await page.get_by_test_id("publish").click()
    dialog = page.get_by_test_id("lint-dialog")
    await expect(dialog).to_contain_text("“Kita” sounds like")
    await dialog.get_by_text("Back").click()
    await expect(page.get_by_test_id("unsaved")).to_have_text("Unsaved changes")
    await page.get_by_test_id("publish").click()
    await dialog.get_by_test_id("publish-anyway").click()
    await expect(toast(page, "“Kita Sonnenschein” is live")).to_be_visible()
    zones = await demo.api("GET", f"/v1/zones?limit=500&mall_id={demo.state['mall_id']}")
    zone = next(item for item in zones["items"] if item["properties"]["name"] == "Kita Sonnenschein")
    assert zone["properties"]["status"] == "published"
    await demo.api("DELETE", f"/v1/zones/{zone['id']}", **{"If-Match": f'"v{zone["properties"]["version"]}"'})


@pytest.mark.usefixtures("visitors")
async def test_the_preview_shows_what_the_api_answers(open_page: OpenPage) -> None:
    page, mall = await open_editor(open_page)
    await draw(page, mall, *CLEAR)
    await page.get_by_test_id("preview-days").select_option("2")
    async with page.expect_response("**/v1/zones/preview") as waiting:
        await page.get_by_test_id("preview-zone").click()
    answer = await last_line(await waiting.value)
    assert answer["visits"] >= answer["people"] >= VISITORS
    await expect(page.get_by_test_id("preview-headline")).to_have_text(
        f"{answer['visits']} visits by {answer['people']} people."
    )
    days = page.get_by_role("list", name="Visits a day").get_by_role("listitem")
    await expect(days).to_have_count(2)
    for row, day in zip(await days.all(), answer["by_day"], strict=True):
        await expect(row.locator("b")).to_have_text(str(day["visits"]))
    sent = answer["messages"]["would_send"]
    await expect(page.get_by_test_id("preview-messages")).to_contain_text(str(sent) if sent else "No message")
    result = page.get_by_test_id("preview-result")
    for campaign in answer["messages"]["by_campaign"]:
        await expect(result.get_by_role("listitem").filter(has_text=campaign["name"])).to_contain_text(
            str(campaign["would_send"])
        )

    await expect(page.get_by_test_id("preview-stale")).to_be_hidden()
    await page.get_by_test_id("zone-confidence").evaluate("(field) => field.closest('details').open = true")
    await page.get_by_test_id("zone-confidence").fill("0.9")
    await expect(page.get_by_test_id("preview-stale")).to_be_visible()


async def last_line(response: Response) -> dict[str, Any]:
    """The result of an answer in NDJSON."""
    lines = [json.loads(line) for line in (await response.text()).splitlines()]
    assert all("progress" in line for line in lines[:-1])
    result: dict[str, Any] = lines[-1]["result"]
    return result


async def test_a_preview_where_nobody_was_offers_the_walk(open_page: OpenPage) -> None:
    page, mall = await open_editor(open_page)
    await draw(page, mall, *NOWHERE, zoom=2)
    await page.get_by_test_id("preview-zone").click()
    await expect(page.get_by_test_id("preview-headline")).to_have_text("No phone has been here in that time.")
    await page.get_by_test_id("preview-walk").click()
    await expect(page.get_by_test_id("ghost")).to_be_visible()


async def test_a_ghost_enters_after_confirmation_and_its_message_is_named(open_page: OpenPage) -> None:
    page, mall = await open_editor(open_page)
    await start_walk(page)
    await mall.look_at((-70.0, -4.0))
    await mall.click((-70.0, 0.0))
    events = page.get_by_test_id("ghost-events")
    shop = page.get_by_test_id("ghost-zone").filter(has_text="Drogerie Seifenkraut")
    await expect(shop).to_contain_text("outside")
    await mall.click((-70.0, -8.0))  # one position within it
    await expect(shop).to_contain_text("not confirmed")
    await expect(events).not_to_contain_text("Drogerie Seifenkraut")
    for _ in range(3):  # a second position so soon is hardly news; one twenty seconds on is
        await page.get_by_test_id("ghost-stay-10").click()
    await expect(shop).to_contain_text("inside")
    await expect(events).to_contain_text("Entered Drogerie Seifenkraut: confirmed by a second position")
    campaign = page.get_by_test_id("ghost-campaigns").get_by_role("listitem").filter(has_text="Double points")
    await expect(campaign).to_contain_text("would send")
    await expect(page.locator(".mark-ghost-inside").first).to_be_visible()

    await mall.drag((-70.0, -8.0), (-70.0, 5.0))
    await page.get_by_test_id("ghost-stay-600").click()
    await expect(events).to_contain_text("Left Drogerie Seifenkraut")
    await page.get_by_test_id("ghost-reset").click()
    await expect(events).not_to_contain_text("Drogerie Seifenkraut")
    await expect(page.get_by_test_id("ghost-time")).to_have_text("0:00")
    await expect(shop).to_have_count(0)
    await page.get_by_test_id("ghost-close").click()
    await expect(page.get_by_test_id("ghost")).to_be_hidden()
    await expect(page.get_by_test_id("handle-ghost")).to_have_count(0)


async def start_walk(page: Page) -> None:
    await page.get_by_test_id("more").click()
    await page.get_by_test_id("more-walk").click()
    await expect(page.locator(".handle-ghost")).to_be_visible()


async def test_the_walk_by_keyboard_through_a_draft(open_page: OpenPage) -> None:
    page, mall = await open_editor(open_page)
    await draw(page, mall, *CLEAR)
    await page.get_by_test_id("zone-name").fill("Trial")
    await expect(page.get_by_test_id("live-region")).to_contain_text("Checks:")
    await page.get_by_test_id("walk-zone").focus()
    await page.keyboard.press("Enter")
    draft = page.get_by_test_id("ghost-zone").filter(has_text="Trial (this draft)")
    await expect(draft).to_contain_text("outside")  # it begins 14 m to the left
    await page.get_by_test_id("handle-ghost").focus()
    await page.keyboard.press("Shift+ArrowRight")  # twenty metres
    await expect(page.get_by_test_id("ghost-time")).to_have_text("0:17")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("ghost-time")).to_have_text("0:27")
    await expect(draft).to_contain_text("inside")
    await expect(page.get_by_test_id("live-region")).to_contain_text("Entered Trial")

    await page.get_by_test_id("ghost-accuracy").focus()
    await page.keyboard.press("End")  # ±60 m: far more than the zone
    await page.get_by_test_id("ghost-reset").click()
    await page.get_by_test_id("handle-ghost").focus()
    await page.keyboard.press("Shift+ArrowRight")
    await expect(page.get_by_test_id("ghost-time")).to_have_text("0:17")
    await expect(draft).to_contain_text("outside")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("ghost")).to_be_hidden()


async def test_a_phone_that_does_not_say_its_floor(open_page: OpenPage) -> None:
    page, mall = await open_editor(open_page)
    await start_walk(page)
    await page.get_by_test_id("ghost-no-level").check()
    await page.get_by_test_id("ghost-reset").click()
    async with page.expect_request("**/v1/zones/ghost") as asked:
        await page.get_by_test_id("ghost-stay-10").click()
    fixes = (await asked.value).post_data_json["fixes"]
    assert fixes
    assert all("level" not in fix for fix in fixes)
    del mall


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_how_it_looks(is_phone: bool, open_page: OpenPage) -> None:
    page = await open_page("/map?debug&fps=5", is_phone=is_phone)
    mall = MallMap(page)
    await mall.ready()
    found = []
    await draw(page, mall, (30.0, -8.0), (36.0, 2.0))
    await page.get_by_test_id("zone-name").fill("Kita with a rather long name that wraps")
    await expect(finding(page, "sensitive_name")).to_be_attached()
    await page.get_by_test_id("lint-note").click()
    await finding(page, "overlaps").first.get_by_test_id("finding-show").click()
    found += await faults(page, "checks")
    await page.get_by_test_id("preview-zone").click()
    await expect(page.get_by_test_id("preview-headline")).to_be_visible()
    found += await faults(page, "preview")
    await page.get_by_test_id("publish").click()
    await expect(page.get_by_test_id("lint-dialog")).to_be_visible()
    found += await faults(page, "publish anyway")
    await page.keyboard.press("Escape")
    await page.get_by_test_id("walk-zone").click()
    await page.get_by_test_id("ghost-stay-60").click()
    await expect(page.get_by_test_id("ghost-time")).to_have_text("1:00")
    await expect(page.locator(".handle-ghost")).to_be_in_viewport()
    await settled(page)
    found += await faults(page, "test walk")
    assert found == []

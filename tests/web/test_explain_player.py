"""The picture of explain: played, scrubbed and stepped through, on the page and over the map, by hand and by keys."""

import asyncio
import re
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, MallMap
from tests.web.test_look import faults

pytestmark = MARKS


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def question(demo: Demo) -> str:
    """The address of an explanation in which somebody came in."""
    async with asyncio.timeout(60):
        while True:
            found = await demo.api("GET", "/v1/zone-events?kind=entered&limit=20")
            for event in found["items"]:
                asked = f"device_id={event['device_id']}&at={event['at'].replace('+', '%2B')}&minutes=5"
                told = await demo.api("GET", f"/v1/explain?{asked}")
                if len(told["fixes"]) > 5:
                    return f"/explain?{asked}"
            await asyncio.sleep(0.5)


async def ms(page: Page) -> int:
    """The slider's place."""
    return int(await page.get_by_test_id("player-slider").input_value())


async def texts(locator: Locator) -> list[str]:
    return [text.strip() for text in await locator.all_inner_texts()]


async def test_the_moment_moves_by_steps_and_all_parts_follow(open_page: OpenPage, question: str) -> None:
    page = await open_page(question)
    picture, slider = page.get_by_test_id("explain-picture"), page.get_by_test_id("player-slider")
    await expect(picture).to_be_visible()
    assert await page.get_by_test_id("lane").count() > 0
    await slider.focus()
    await page.keyboard.press("Home")
    begin, first = await ms(page), await page.get_by_test_id("player-time").inner_text()
    assert begin == 0
    await expect(page.get_by_test_id("player-heard")).to_contain_text("Position 1 of")

    await page.keyboard.press("ArrowRight")
    assert await ms(page) > begin
    assert await page.get_by_test_id("player-time").inner_text() != first
    assert re.search(r"\d\d:\d\d:\d\d\. ", await slider.get_attribute("aria-valuetext") or "")
    await page.get_by_test_id("player-back").click()
    assert await ms(page) == 0
    # at some moment somebody is inside: the lane, the outline and the words say so together
    for _ in range(200):
        if await picture.locator("[data-phase=inside]").count():
            break
        await page.get_by_test_id("player-next").click()
    believed = page.get_by_test_id("believed-zone").first
    await expect(believed.locator(".lane-phase")).to_have_text("inside")
    await expect(believed).to_contain_text(re.compile(r"floor \d\.\d\d × trust \d\.\d\d = \d\.\d\d, needs 0\.50"))
    await expect(page.get_by_test_id("lane").locator(".lane-phase-inside")).not_to_have_count(0)


async def test_it_plays_to_the_end_and_again(open_page: OpenPage, question: str) -> None:
    page = await open_page(question)
    play, slider = page.get_by_test_id("player-play"), page.get_by_test_id("player-slider")
    await slider.focus()
    await page.keyboard.press("End")
    end = await ms(page)
    await page.emulate_media(reduced_motion="reduce")  # from change to change, by a timer and not by frames
    for _ in range(3):
        await page.keyboard.press("ArrowLeft")
    assert await ms(page) < end
    await page.keyboard.press("Space")
    await expect(slider).to_have_value(str(end))
    await expect(play).to_have_text("Play")
    await play.click()  # from the beginning
    await expect(play).to_have_text("Pause")
    assert await ms(page) < end
    await play.click()
    await expect(play).to_have_text("Play")


async def test_a_recorded_event_and_a_lane_lead_to_their_moment(open_page: OpenPage, question: str) -> None:
    page = await open_page(question)
    event = page.get_by_test_id("explain-event").first
    await expect(page.get_by_test_id("explain-picture")).to_be_visible()
    await page.get_by_test_id("player-slider").press("End")
    time = (await event.get_by_role("button").inner_text()).strip()
    await event.get_by_role("button").click()
    await expect(page.get_by_test_id("player-time")).to_have_text(time)
    bar = await page.locator(".lane-bar").first.bounding_box()
    assert bar
    await page.mouse.click(bar["x"] + bar["width"] / 2, bar["y"] + 5)
    most = int(await page.get_by_test_id("player-slider").get_attribute("max") or 0)
    assert abs(await ms(page) - most / 2) < most / 20


async def test_every_check_of_a_message_is_listed(open_page: OpenPage, message: dict[str, Any]) -> None:
    page = await open_page(f"/explain?pseudonym={message['pseudonym']}&at={message['created_at']}")
    checks = page.get_by_test_id("message-checks").first
    await checks.locator("summary").click()
    lines = await texts(checks.locator(".check-line"))
    assert len(lines) == 15
    assert "from this campaign in" in lines[6]
    silent = page.get_by_test_id("silent-campaigns")
    if await silent.count():
        await silent.locator("summary").click()
        await expect(silent.locator(".check-line").first).to_be_visible()


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_it_reads_well(is_phone: bool, open_page: OpenPage, question: str) -> None:
    page = await open_page(question, is_phone=is_phone)
    await expect(page.get_by_test_id("explain-picture")).to_be_visible()
    await page.evaluate("() => { for (const part of document.querySelectorAll('details')) part.open = true }")
    found = await faults(page, "explain")
    await page.get_by_test_id("player-play").click()
    found += await faults(page, "explain, playing")
    assert found == []


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_the_panel_over_the_map_has_it_too(is_phone: bool, open_page: OpenPage, message: dict[str, Any]) -> None:
    page = await open_page("/map?fps=5", is_phone=is_phone)
    await MallMap(page).ready()
    if is_phone:
        await page.get_by_test_id("tab-phone").click()
    await page.get_by_test_id("why").first.click()
    drawer = page.get_by_test_id("drawer")
    await expect(drawer.get_by_test_id("explain-picture")).to_be_visible()
    await drawer.get_by_test_id("player-next").click()
    await expect(drawer.get_by_test_id("player-heard")).to_contain_text("Position")
    assert await faults(page, "why") == []
    # the message asked about comes first, its checks open
    await expect(drawer.get_by_test_id("message-checks").first.locator(".check-line").first).to_be_visible()

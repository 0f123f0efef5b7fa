"""A campaign on a segment, written in the console's form: chosen, told in a sentence, edited; laptop and phone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch
from tests.web.test_look import faults

pytestmark = MARKS


@pytest_asyncio.fixture(loop_scope="session")
async def segment(demo: Demo) -> AsyncIterator[dict[str, Any]]:
    """A segment that is gone after the test, with the campaigns of the test."""
    before = {each["id"] for each in (await demo.api("GET", "/v1/campaigns"))["items"]}
    body = {"name": "Slowing regulars", "definition": {"kind": "decline", "degrees": ["slight", "marked"]}}
    made: dict[str, Any] = await demo.api("POST", "/v1/segments", body)
    yield made
    for each in (await demo.api("GET", "/v1/campaigns"))["items"]:
        if each["id"] not in before:
            await demo.api("DELETE", f"/v1/campaigns/{each['id']}")
    await demo.api("DELETE", f"/v1/segments/{made['id']}", **{"If-Match": f'"v{made["version"]}"'})


@pytest.mark.parametrize("is_phone", [False, True])
async def test_a_campaign_on_a_segment(
    open_page: OpenPage, demo: Demo, segment: dict[str, Any], watch: Watch, is_phone: bool
) -> None:
    watch.expect("status of 422")
    page = await open_page("/campaigns?new=1", is_phone=is_phone)
    await page.get_by_test_id("campaign-name").fill("Win back")
    await expect(page.get_by_test_id("segment-part")).to_be_hidden()
    await page.get_by_test_id("trigger-kind").select_option("segment")
    await expect(page.get_by_test_id("trigger-place")).to_be_hidden()
    await page.get_by_test_id("push-title").fill("We miss you, {{ first_name }}")
    await page.get_by_test_id("push-body").fill("Coffee is on us today.")
    await page.get_by_test_id("save-campaign").click()
    await expect(page.locator(".field-bad").get_by_test_id("trigger-segment")).to_be_visible()
    await page.get_by_test_id("trigger-segment").select_option(label="Slowing regulars")
    await page.get_by_test_id("trigger-present").check()
    await page.get_by_test_id("audience-kind").select_option("segment")
    await page.get_by_test_id("audience-segment").select_option(label="Slowing regulars")
    assert await faults(page, f"campaign-segment-{'phone' if is_phone else 'laptop'}") == []
    await page.get_by_test_id("save-campaign").click()
    told = page.get_by_test_id("campaign")
    await expect(told).to_contain_text(
        "When somebody comes into the segment “Slowing regulars”, and for everybody who is in it at the start"
    )
    await expect(told).to_contain_text("People who are in the segment “Slowing regulars” and allow personal content")
    await page.get_by_test_id("edit-campaign").click()
    await expect(page.get_by_test_id("trigger-segment")).to_have_value(segment["id"])
    await expect(page.get_by_test_id("trigger-present")).to_be_checked()
    await page.get_by_test_id("trigger-move").select_option("exited")
    await expect(page.get_by_test_id("trigger-present")).to_be_hidden()
    await page.get_by_test_id("save-campaign").click()
    await expect(told).to_contain_text("When somebody leaves the segment “Slowing regulars”")
    (made,) = [c for c in (await demo.api("GET", "/v1/campaigns"))["items"] if c["name"] == "Win back"]
    assert made["trigger"] | {"on": "exited", "present": False, "segment_id": segment["id"]} == made["trigger"]

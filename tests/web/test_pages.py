"""The pages beside the map: messages, explanations, campaigns, logging in and out, stopping all sending."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, settled, toast

pytestmark = MARKS


@pytest.mark.usefixtures("message")
async def test_messages_are_filtered_by_status_and_reason(open_page: OpenPage) -> None:
    page = await open_page("/messages")
    await expect(page.get_by_test_id("message-row").first).to_be_visible()
    await page.get_by_test_id("filter-status").select_option("sent")
    await expect(page).to_have_url("/messages?status=sent")
    await settled(page)
    rows = page.get_by_test_id("message-row")
    assert await rows.count() == await rows.filter(has=page.get_by_text("sent", exact=True)).count() > 0

    await page.get_by_test_id("filter-status").select_option("")
    await page.get_by_test_id("filter-reason").select_option("no_consent")
    await expect(page).to_have_url("/messages?status=skipped&reason=no_consent")
    await settled(page)
    assert await rows.count() == await rows.filter(has_text="Held back: no consent").count()


@pytest.mark.usefixtures("message")
async def test_a_message_leads_to_its_explanation(open_page: OpenPage, demo: Demo) -> None:
    page = await open_page("/messages?status=sent")
    await page.get_by_test_id("message-row").first.get_by_role("link", name="Why?").click()
    explanation = page.get_by_test_id("explanation")
    await expect(explanation.get_by_test_id("explain-summary")).to_contain_text("position")
    await expect(explanation.get_by_test_id("explain-message").first).to_be_visible()
    await expect(explanation.locator("svg.walk")).to_be_visible()
    verdicts = explanation.get_by_test_id("verdict")
    # a zone that another test drew and took away may be among them
    standing = {zone["properties"]["name"] for zone in (await demo.api("GET", "/v1/zones?limit=500"))["items"]}
    names = await verdicts.locator("strong").all_inner_texts()
    await verdicts.nth([name in standing for name in names].index(True)).get_by_test_id("change-rule").click()
    await expect(page.get_by_test_id("zone-form")).to_be_visible()


async def test_a_rule_of_a_zone_taken_away_says_so(open_page: OpenPage, demo: Demo, watch: Watch) -> None:
    frame = await demo.frame()
    zone = await demo.add_zone(frame, "Soon gone", (-2.0, -2.0, 2.0, 2.0))
    await demo.api("DELETE", f"/v1/zones/{zone['id']}")
    watch.expect("status of 404")
    page = await open_page(f"/map?zone={zone['id']}")
    await expect(toast(page, "no longer on the map")).to_be_visible()
    await expect(page.get_by_test_id("level-0")).to_be_visible()


async def test_a_device_and_a_time_are_explained(open_page: OpenPage, message: dict[str, Any], watch: Watch) -> None:
    page = await open_page("/explain")
    await page.get_by_test_id("explain-device").fill(message["pseudonym"])
    await page.get_by_test_id("explain-minutes").select_option("30")
    await page.get_by_role("button", name="Explain").click()
    await expect(page.get_by_test_id("explain-summary")).to_contain_text("message")
    watch.expect("status of 404")
    await page.get_by_test_id("explain-device").fill("0" * 16)
    await page.get_by_role("button", name="Explain").click()
    await expect(page.get_by_test_id("error")).to_be_visible()


async def test_a_campaign_is_written_with_its_preview(open_page: OpenPage, watch: Watch) -> None:
    page = await open_page("/campaigns")
    await expect(page.get_by_test_id("campaign-row").first).to_be_visible()
    await page.get_by_test_id("new-campaign").click()
    await page.get_by_test_id("campaign-name").fill("Umbrellas")
    await page.get_by_test_id("trigger-place").select_option(label="Zone: Entrances")
    preview = page.get_by_test_id("preview")
    watch.expect("status of 422")
    await page.get_by_test_id("push-title").fill("Rain, {{ first_name }")
    await expect(page.locator(".field-bad").get_by_test_id("push-title")).to_be_visible()
    await page.get_by_test_id("push-title").fill("Rain, {{ first_name }}?")
    await page.get_by_test_id("push-body").fill("Umbrellas wait at {{ zone.name }}.")
    await expect(preview).to_contain_text("Rain, Ana?")
    await expect(preview).to_contain_text("Umbrellas wait at Entrances.")
    await page.get_by_test_id("save-campaign").click()
    await expect(page.get_by_test_id("campaign")).to_contain_text("When somebody enters Entrances")
    await page.get_by_test_id("activate").click()
    await expect(page.get_by_test_id("campaign").get_by_text("active", exact=True)).to_be_visible()
    await page.get_by_test_id("pause").click()
    await expect(page.get_by_test_id("campaign").get_by_text("paused", exact=True)).to_be_visible()
    await page.goto("/campaigns?status=paused")
    await expect(page.get_by_test_id("campaign-row").filter(has_text="Umbrellas")).to_be_visible()


async def test_logging_in_and_out(open_page: OpenPage, demo: Demo, watch: Watch) -> None:
    watch.expect("status of 401")
    page = await open_page("/messages", guest=True)
    await expect(page).to_have_url("/login?next=%2Fmessages")
    await page.get_by_test_id("email").fill(demo.state["operator_email"])
    await page.get_by_test_id("password").fill("a guess")
    await page.get_by_test_id("log-in").click()
    await expect(page.get_by_role("alert").filter(has_text="E-mail or password is wrong.")).to_be_visible()
    await page.get_by_test_id("password").fill(demo.state["operator_password"])
    await page.get_by_test_id("log-in").click()
    await expect(page.get_by_role("heading", name="Messages")).to_be_visible()

    await page.get_by_test_id("account").click()
    await page.get_by_test_id("log-out").click()
    await expect(page.get_by_test_id("login-form")).to_be_visible()
    await page.goto("/campaigns")
    await expect(page.get_by_test_id("login-form")).to_be_visible()


async def test_all_sending_is_stopped_and_resumed(open_page: OpenPage, demo: Demo) -> None:
    other, page = await open_page("/messages"), await open_page("/campaigns")
    await settled(other)
    await settled(page)
    await page.get_by_test_id("stop-all").click()
    await page.get_by_test_id("stop-reason").fill("A wrong price")
    await page.get_by_test_id("confirm-stop").click()
    for each in (page, other):
        await expect(each.get_by_test_id("stopped-banner")).to_contain_text("All sending is stopped.")
    await other.bring_to_front()  # a page behind another is slow
    await other.get_by_test_id("resume").click()
    await other.get_by_test_id("confirm-resume").click()
    for each in (page, other):
        await expect(each.get_by_test_id("stopped-banner")).to_be_hidden()
        await expect(each.get_by_test_id("stop-all")).to_be_visible()

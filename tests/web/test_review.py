"""A shop asks with its own key, the operator hears it at once, approves, and the campaign runs."""

from playwright.async_api import expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, MallMap, settled, toast

pytestmark = MARKS


async def test_the_bell_rings_and_approval_activates(open_page: OpenPage, demo: Demo) -> None:
    page = await open_page("/map?fps=5")
    await MallMap(page).ready()
    await expect(page.get_by_test_id("link-state")).to_have_attribute("data-state", "live")
    before = len((await demo.api("GET", "/v1/campaigns?status=in_review"))["items"])

    campaign_id = await demo.ask_approval("Croissants until noon")
    await expect(page.get_by_test_id("review-count")).to_have_text(str(before + 1))
    await expect(page.get_by_test_id("toast").first).to_be_visible()

    await page.get_by_test_id("bell").click()
    card = page.get_by_test_id("review-item").filter(has_text="Croissants until noon")
    await expect(card).to_contain_text("Café Morgenrot")
    await expect(card.get_by_test_id("push-preview")).to_contain_text("Fresh from the oven, Ana")
    await expect(card.get_by_test_id("estimate")).to_contain_text("people")
    await card.get_by_test_id("approve").click()
    await expect(toast(page, "“Croissants until noon” is approved.")).to_be_visible()
    await expect(card).to_have_count(0)
    campaign = await demo.api("GET", f"/v1/campaigns/{campaign_id}")
    assert campaign["status"] == "active"


async def test_a_rejection_needs_a_reason_that_the_shop_reads(open_page: OpenPage, demo: Demo) -> None:
    campaign_id = await demo.ask_approval("Croissants for ever")
    page = await open_page("/review")
    await settled(page)
    card = page.get_by_test_id("review-item").filter(has_text="Croissants for ever")
    await card.get_by_test_id("reject").click()
    dialog = page.get_by_test_id("reject-dialog")
    await page.get_by_test_id("confirm").click()
    await expect(dialog).to_be_visible()
    await dialog.get_by_text("Back").click()
    await expect(dialog).to_have_count(0)
    await card.get_by_test_id("reject").click()
    await page.get_by_test_id("reject-reason").fill("Say until when.")
    await page.get_by_test_id("confirm").click()
    await expect(card).to_have_count(0)
    campaign = await demo.api("GET", f"/v1/campaigns/{campaign_id}", key="store_secret_key")
    assert (campaign["status"], campaign["review"]["reason"]) == ("rejected", "Say until when.")

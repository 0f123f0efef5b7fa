"""The campaign editor and list in Chromium: a journey with an e-mail written, saved, edited again; errors at
their field; copies, tags, the archive; laptop and phone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from geoengage.kit.clock import utc_now
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, toast
from tests.web.test_look import faults

pytestmark = MARKS


@pytest_asyncio.fixture(loop_scope="session")
async def tidy(demo: Demo) -> AsyncIterator[None]:
    """Campaigns that the test makes are gone after it."""
    before = {each["id"] for each in await campaigns(demo)}
    yield
    for each in await campaigns(demo):
        if each["id"] not in before:
            await demo.api("DELETE", f"/v1/campaigns/{each['id']}")


async def campaigns(demo: Demo) -> list[dict[str, Any]]:
    there = await demo.api("GET", "/v1/campaigns?limit=500")
    put_away = await demo.api("GET", "/v1/campaigns?limit=500&archived=true")
    found: list[dict[str, Any]] = there["items"] + put_away["items"]
    return found


async def made(demo: Demo, name: str) -> dict[str, Any]:
    (one,) = [each for each in await campaigns(demo) if each["name"] == name]
    return one


async def add_step(place: Page | Locator, kind: str, *, inner: bool = False) -> None:
    button = "add-inner-step" if inner else "add-step"
    await place.get_by_test_id(button).last.click()
    page = place if isinstance(place, Page) else place.page
    await page.get_by_test_id(f"add-{kind}").locator("visible=true").click()


async def write_journey(page: Page, name: str) -> None:
    """A forgotten cart: a message, a day, a question with a message."""
    await page.get_by_test_id("campaign-name").fill(name)
    await page.get_by_test_id("campaign-tags").fill("carts, autumn")
    await page.get_by_test_id("trigger-kind").select_option("cart")
    await expect(page.get_by_test_id("trigger-place")).to_be_hidden()
    await page.get_by_test_id("trigger-minutes").fill("90")
    await page.get_by_test_id("campaign-shape").select_option("journey")
    first = page.get_by_test_id("step-message").first
    await first.get_by_test_id("step-title").fill("Still thinking, {{ first_name }}?")
    await first.get_by_test_id("step-body").fill("Your {{ trigger.lines }} things are waiting.")
    await add_step(page, "wait")
    await page.get_by_test_id("step-seconds").fill("2")
    await page.get_by_test_id("step-unit").select_option("hours")
    await add_step(page, "branch")
    await page.get_by_test_id("branch-kind").select_option("event")
    await page.get_by_test_id("branch-event-name").fill("Cart Viewed")
    await add_step(page.get_by_test_id("then"), "message", inner=True)
    seen = page.get_by_test_id("then").get_by_test_id("step-message")
    await seen.get_by_test_id("step-title").fill("Questions?")
    await seen.get_by_test_id("step-body").fill("Ask us.")
    await page.get_by_test_id("channel-email").check()


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_a_journey_is_written_saved_and_edited(
    is_phone: bool, open_page: OpenPage, demo: Demo, tidy: None
) -> None:
    page = await open_page("/campaigns?new=1", is_phone=is_phone)
    await write_journey(page, "Forgotten carts")
    await page.get_by_test_id("preview-email").click()
    mail = page.frame_locator("[data-testid=mail-frame]")
    await expect(page.get_by_test_id("mail-frame")).to_have_attribute("sandbox", "")
    await expect(mail.locator("body")).to_contain_text("Ask us.")
    await page.get_by_test_id("step-title").first.focus()  # the preview is of the message that is being written
    await expect(mail.locator("body")).to_contain_text("Your 7 things are waiting.")
    frame = await page.get_by_test_id("mail-frame").bounding_box()
    assert frame
    assert frame["width"] == 390
    found = await faults(page, "editor")
    # keys and buttons move whole steps
    await page.get_by_test_id("channel-email").press("Alt+ArrowUp")
    wait = page.get_by_test_id("steps").locator("> li").nth(1)
    await wait.get_by_test_id("move-down").click()
    await page.get_by_test_id("save-campaign").click()
    told = page.get_by_test_id("campaign")
    await expect(told.get_by_test_id("journey")).to_contain_text("Still thinking")
    await expect(told).to_contain_text("by e-mail, else push")
    found += await faults(page, "journey")
    one = await made(demo, "Forgotten carts")
    assert [step["kind"] for step in one["steps"]] == ["message", "branch", "wait"]
    assert one["steps"][1]["when"] == {"kind": "event", "name": "Cart Viewed", "where": []}
    assert one["steps"][1]["then"][0]["title"] == "Questions?"
    assert one["steps"][2]["seconds"] == 7200
    assert one["channels"] == ["email", "push"]
    assert one["tags"] == ["carts", "autumn"]
    assert one["trigger"]["cart"] == {"after_minutes": 90}

    await page.get_by_test_id("edit-campaign").click()
    await expect(page.get_by_test_id("step-title").first).to_have_value("Still thinking, {{ first_name }}?")
    await expect(page.get_by_test_id("branch-event-name")).to_have_value("Cart Viewed")
    await expect(page.get_by_test_id("channel-email")).to_be_checked()
    await page.get_by_test_id("steps").locator("> li").nth(2).get_by_test_id("remove").click()
    await page.get_by_test_id("reentry").select_option("after")
    await page.get_by_test_id("reentry-days").fill("14")
    await page.get_by_test_id("save-campaign").click()
    await expect(told).to_be_visible()
    again = await made(demo, "Forgotten carts")
    kept = [(step["kind"], step["id"]) for step in one["steps"][:2]]
    assert [(step["kind"], step["id"]) for step in again["steps"]] == kept  # people's places are ids
    assert again["reentry"] == {"kind": "after", "days": 14}
    await page.get_by_test_id("simulate").click()
    await expect(page.get_by_test_id("simulation")).to_contain_text("came in")
    found += await faults(page, "simulation")
    assert found == []


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_best_hour_days_and_the_measuring_plan(
    is_phone: bool, open_page: OpenPage, demo: Demo, tidy: None, watch: Watch
) -> None:
    """A win-back in two languages can be written and read again; a plan that cannot end is refused in words."""
    watch.expect("status of 422")
    page = await open_page("/campaigns?new=1", is_phone=is_phone)
    await write_journey(page, "Winning back")
    await add_step(page, "wait_until")
    until = page.get_by_test_id("step-wait_until").last
    await expect(until.get_by_test_id("step-best")).to_be_hidden()
    await until.get_by_test_id("step-until").select_option("best_hour")
    await expect(until.get_by_test_id("step-best")).to_contain_text("most likely answers")
    for hidden in ("step-at", "step-on", "step-part", "step-days-mon"):
        await expect(until.get_by_test_id(hidden)).to_be_hidden()
    await add_step(page, "wait_until")
    other = page.get_by_test_id("step-wait_until").last
    await other.get_by_test_id("step-at").fill("18:30")
    for day in ("tue", "thu"):
        await other.get_by_test_id(f"step-days-{day}").check(force=True)
    languages = page.get_by_test_id("other-languages").first
    await languages.locator("summary").click()
    await languages.get_by_test_id("language-next").select_option("de")
    await languages.get_by_test_id("add-language").click()
    await languages.get_by_test_id("title-de").fill("Noch am Überlegen?")
    await page.get_by_test_id("save-campaign").click()
    await expect(languages).to_contain_text("at least 1 character")
    await languages.get_by_test_id("body-de").fill("Es liegt noch da.")
    await page.get_by_test_id("more-rules").locator("summary").click()
    await page.get_by_test_id("win-back").check()
    await page.get_by_test_id("holdout").fill("20")
    await page.get_by_test_id("plan-days").fill("30")
    await page.get_by_test_id("plan-window").fill("30")
    await page.get_by_test_id("plan-decides").select_option("revenue")
    await page.get_by_test_id("save-campaign").click()
    await expect(page.get_by_test_id("experiment-part")).to_contain_text("days must be more than window_days")
    found = await faults(page, "measuring plan")
    await page.get_by_test_id("plan-days").fill("60")
    await page.get_by_test_id("save-campaign").click()
    told = page.get_by_test_id("campaign")
    await expect(told).to_be_visible()
    one = await made(demo, "Winning back")
    waits = [step for step in one["steps"] if step["kind"] == "wait_until"]
    assert [(step["best_hour"], step["at"], step["days"]) for step in waits] == [
        (True, None, []),
        (False, "18:30", ["tue", "thu"]),
    ]
    assert one["win_back"]
    assert one["steps"][0]["texts"] == {"de": {"title": "Noch am Überlegen?", "body": "Es liegt noch da."}}
    plan = await demo.api("GET", f"/v1/campaigns/{one['id']}/experiment")
    assert (plan["holdout_percent"], plan["days"], plan["window_days"], plan["decides"]) == (20, 60, 30, "revenue")

    await page.get_by_test_id("edit-campaign").click()
    await expect(page.get_by_test_id("step-until").first).to_have_value("best_hour")
    await expect(page.get_by_test_id("plan-days")).to_have_value("60")
    await expect(page.get_by_test_id("win-back")).to_be_checked()
    await page.get_by_test_id("campaign-name").fill("Winning back again")
    await page.get_by_test_id("save-campaign").click()
    await expect(told).to_be_visible()
    assert (await made(demo, "Winning back again"))["steps"] == one["steps"], "an edit of the name changes nothing else"
    assert found == []


TRIGGERS: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("event", {"trigger-event-name": "Product Viewed"}, {"event": {"name": "Product Viewed", "where": []}}),
    ("date", {"trigger-trait": "birthday", "trigger-days": "3"},
     {"date": {"trait": "birthday", "days": 3, "yearly": True, "at": "09:00", "clock": "store"}}),
    ("schedule", {"trigger-at": "18:30"}, {"schedule": {
        "at": "18:30", "on": None, "days": [], "clock": "store", "day_part": None, "before_minutes": 0,
    }}),
    ("order", {}, {"order": {"channels": []}}),
    ("api", {}, {}),
]  # fmt: skip


async def test_every_other_trigger_has_its_own_fields(open_page: OpenPage, demo: Demo, tidy: None) -> None:
    page = await open_page("/campaigns?new=1")
    await page.get_by_test_id("campaign-name").fill("Any trigger")
    await page.get_by_test_id("push-title").fill("Hello")
    await page.get_by_test_id("push-body").fill("Good day.")
    for kind, typed, member in TRIGGERS:
        await page.get_by_test_id("trigger-kind").select_option(kind)
        for testid, value in typed.items():
            await page.get_by_test_id(testid).fill(value)
        for other, fields, _ in TRIGGERS:
            for testid in fields if other != kind else ():
                await expect(page.get_by_test_id(testid)).to_be_hidden()
        await page.get_by_test_id("save-campaign").click()
        await expect(page.get_by_test_id("campaign")).to_be_visible()
        one = await made(demo, "Any trigger")
        assert one["trigger"] | member == one["trigger"]
        assert one["trigger"]["kind"] == kind
        await page.get_by_test_id("edit-campaign").click()
        await expect(page.get_by_test_id("trigger-kind")).to_have_value(kind)


async def test_errors_stand_at_their_field_and_nothing_is_lost(
    open_page: OpenPage, demo: Demo, watch: Watch, tidy: None
) -> None:
    for status in (422, 412):
        watch.expect(f"status of {status}")
    page = await open_page("/campaigns?new=1")
    await write_journey(page, "Wrong at first")
    inner = page.get_by_test_id("then").get_by_test_id("step-message")
    await inner.get_by_test_id("step-body").fill("Ask {{ us")
    await page.get_by_test_id("save-campaign").click()
    await expect(inner.locator(".field-bad").get_by_test_id("step-body")).to_be_focused()
    await inner.get_by_test_id("step-body").fill("")
    await page.get_by_test_id("step-seconds").fill("0")
    await page.get_by_test_id("save-campaign").click()
    await expect(inner.locator(".field-bad").get_by_test_id("step-body")).to_be_visible()
    await expect(page.locator(".field-bad").get_by_test_id("step-seconds")).to_be_visible()
    await expect(page.get_by_test_id("step-title").first).to_have_value("Still thinking, {{ first_name }}?")
    await inner.get_by_test_id("step-body").fill("Ask us.")
    await page.get_by_test_id("step-seconds").fill("3")
    await page.get_by_test_id("save-campaign").click()
    await expect(page.get_by_test_id("campaign")).to_be_visible()
    # somebody else saves meanwhile: what was typed stays, and may be saved over theirs
    await page.get_by_test_id("edit-campaign").click()
    await page.get_by_test_id("campaign-name").fill("Mine")
    one = await made(demo, "Wrong at first")
    await demo.api("PATCH", f"/v1/campaigns/{one['id']}", {"name": "Theirs"}, **{"If-Match": f'"v{one["version"]}"'})
    await page.get_by_test_id("save-campaign").click()
    await expect(page.get_by_test_id("form-error")).to_contain_text("Somebody else changed this campaign")
    await expect(page.get_by_test_id("campaign-name")).to_have_value("Mine")
    await page.get_by_test_id("keep-mine").click()
    await expect(page.get_by_test_id("campaign")).to_be_visible()
    await made(demo, "Mine")


async def test_two_texts_and_a_comparison_group(open_page: OpenPage, demo: Demo, watch: Watch, tidy: None) -> None:
    watch.expect("status of 422")
    page = await open_page("/campaigns?new=1")
    await page.get_by_test_id("campaign-name").fill("Two texts")
    await page.get_by_test_id("trigger-kind").select_option("api")
    await page.get_by_test_id("push-title").fill("Hello")
    await page.get_by_test_id("push-body").fill("Good day.")
    await page.get_by_test_id("holdout").fill("20")
    await page.get_by_test_id("add-variant").click()
    await page.get_by_test_id("variant-title").nth(1).fill("Hi")
    await page.get_by_test_id("save-campaign").click()
    await expect(page.locator(".field-bad").get_by_test_id("variant-body")).to_be_focused()
    await page.get_by_test_id("variant-body").nth(1).fill("Nice to see you.")
    await page.get_by_test_id("variant-weight").nth(1).fill("3")
    await page.get_by_test_id("save-campaign").click()
    await expect(page.get_by_test_id("campaign")).to_be_visible()
    one = await made(demo, "Two texts")  # and only one: the second save changed the first
    plan = await demo.api("GET", f"/v1/campaigns/{one['id']}/experiment")
    assert plan["holdout_percent"] == 20
    assert [(v["name"], v["weight"], v["title"]) for v in plan["variants"]] == [("A", 1, "Hello"), ("B", 3, "Hi")]
    await page.get_by_test_id("edit-campaign").click()
    await expect(page.get_by_test_id("variant-title").nth(1)).to_have_value("Hi")
    await expect(page.get_by_test_id("holdout")).to_have_value("20")


async def test_a_preview_as_somebody(open_page: OpenPage, demo: Demo) -> None:
    line = {"name": "Socks", "quantity": 1, "unit_price_minor": 900}
    order = {"external_id": "preview-1", "ordered_at": utc_now().isoformat(), "currency": "CHF", "lines": [line]}
    await demo.api("POST", "/v1/orders", order | {"customer": {"external_id": "preview-1"}})
    (zora,) = (await demo.api("GET", "/v1/profiles?external_id=preview-1"))["items"]
    await demo.api("PATCH", f"/v1/profiles/{zora['id']}", {"first_name": "Zora"})
    page = await open_page("/campaigns?new=1")
    await page.get_by_test_id("push-title").fill("Hi {{ first_name | default: 'you' }}")
    await page.get_by_test_id("push-body").fill("A word.")
    await page.get_by_test_id("preview-person").fill("Zora")
    await page.get_by_test_id("preview-people").get_by_role("button").first.click()
    await expect(page.get_by_test_id("preview")).to_contain_text("Hi Zora")
    await expect(page.get_by_test_id("blocked-by")).to_contain_text("Held back from this person now")
    await expect(page.get_by_test_id("send-test")).to_be_visible()


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_copies_tags_and_the_archive(is_phone: bool, open_page: OpenPage, demo: Demo, tidy: None) -> None:
    body = {"name": "Spring sale", "tags": ["spring"], "trigger": {"kind": "api"}, "title": "Hi", "body": "Spring."}
    await demo.api("POST", "/v1/campaigns", body)
    page = await open_page("/campaigns", is_phone=is_phone)
    row = page.get_by_test_id("campaign-row").filter(has_text="Spring sale")
    await row.get_by_test_id("campaign-more").click()
    await page.get_by_test_id("clone").locator("visible=true").click()
    await expect(page.get_by_test_id("campaign-name")).to_have_value("Spring sale (copy)")
    await expect(page.get_by_test_id("campaign-tags")).to_have_value("spring")
    await page.goto("/campaigns")
    await page.get_by_test_id("campaign-tag").select_option("spring")
    await expect(page.get_by_test_id("campaign-row")).to_have_count(2)
    found = await faults(page, "list")
    await page.get_by_test_id("campaign-words").fill("(copy)")
    await page.get_by_test_id("campaign-words").press("Enter")
    await expect(page.get_by_test_id("campaign-row")).to_have_count(1)
    await page.get_by_test_id("campaign-more").click()
    await page.get_by_test_id("archive").locator("visible=true").click()
    await expect(toast(page, "is in the archive")).to_be_visible()
    await expect(page.get_by_test_id("empty")).to_contain_text("No such campaign")
    await page.goto("/campaigns?status=archived")
    await expect(page.get_by_test_id("campaign-row")).to_contain_text("archived")
    found += await faults(page, "archive")
    await page.get_by_test_id("campaign-more").click()
    await page.get_by_test_id("unarchive").locator("visible=true").click()
    await expect(toast(page, "is in the list again")).to_be_visible()
    await page.goto("/campaigns?tag=spring")
    await expect(page.get_by_test_id("campaign-row")).to_have_count(2)
    assert found == []

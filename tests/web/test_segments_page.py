"""The segments page: built in few clicks and counted at once on planted customers; lists, reasons, conflicts, roles.

On a server of its own in this process; people's habits are worked out before, segments are built as the worker does.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, expect

from geoengage.kit.clock import utc_now
from geoengage.kit.db import transaction
from geoengage.segments.models import SegmentSize
from geoengage.tenancy.rules import Role
from tests.web.console import MARKS, Watch, toast
from tests.web.segment_people import PEOPLE, WANTED, ZONE, built, plant
from tests.web.site import Site, serving
from tests.web.test_look import faults

pytestmark = MARKS
SIZES = pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
ROLES = (Role.OWNER, Role.EDITOR, Role.ANALYST, Role.SUPPORT)
MOST_CLICKS = 12
NEAR_3 = "Slow near three"
Open = Callable[..., Awaitable[Page]]


@dataclass
class Planted(Site):
    """With the customers of tests/web/segment_people.py."""

    people: dict[str, str]
    stores: dict[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(clone: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Planted]:
    async with serving(clone(), tmp_path_factory.mktemp("segments"), ROLES) as made:
        people = await plant(made)
        found = await made.api("GET", "/v1/stores?limit=10")
        stores = {store["properties"]["name"]: store["id"] for store in found["items"]}
        yield Planted(made.url, made.world, made.cookies, made.sessions, people, stores)


@pytest.fixture
def seen(site: Planted) -> Watch:
    """What the browser complains of; it must be nothing."""
    return Watch(site.url)


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, site: Planted, seen: Watch) -> AsyncIterator[Open]:
    pages: list[Page] = []

    async def open_(path: str, role: str = "owner", **over: Any) -> Page:
        pages.append(await site.open(browser, path, role, watch=seen, **over))
        return pages[-1]

    yield open_
    for page in pages:
        await page.context.close()
    assert seen.problems == []


class Hand:
    """Counts what a person's hand does: a click each; a choice from a list is two."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks = page, 0

    async def click(self, testid: str) -> None:
        self.clicks += 1
        await self.page.get_by_test_id(testid).click()

    async def choose(self, testid: str, label: str) -> None:
        self.clicks += 2
        await self.page.get_by_test_id(testid).select_option(label=label)

    async def type(self, testid: str, text: str) -> None:
        await self.click(testid)
        await self.page.keyboard.type(text)


def condition(site: Planted) -> dict[str, Any]:
    """What the issue asks for, as the API has it."""
    year = utc_now().astimezone(ZONE).year - 1
    midnights = [f"{y - 1}-12-31T23:00:00Z" for y in (year, year + 1)]
    return {
        "kind": "all",
        "of": [
            {
                "kind": "order",
                "measure": "per_week",
                "op": "gte",
                "value": 0.9,
                "window": {"from": midnights[0], "to": midnights[1]},
            },
            {"kind": "habit", "of": "frequency", "down_percent": 30},
            {"kind": "place", "of": "home", "within_km": 5, "store_id": site.stores["Store 3"]},
            {"kind": "reachable", "channel": "push", "purpose": "marketing"},
        ],
    }


async def made(site: Planted, name: str, definition: dict[str, Any]) -> str:
    """A segment that is there and built; its id."""
    segment = await site.api("POST", "/v1/segments", {"name": name, "definition": definition})
    await built(site)
    return str(segment["id"])


async def remember(site: Site, segment_id: str, sizes: list[int]) -> None:
    """As if it had had these sizes on the days before today, the last one yesterday."""
    tenant_id, now = site.world.tenant_id, utc_now()
    async with transaction(site.sessions, tenant_id) as session:
        for days, size in enumerate(reversed(sizes), start=1):
            at = now - timedelta(days=days)
            session.add(SegmentSize(tenant_id=tenant_id, segment_id=UUID(segment_id), at=at, size=size))


async def people_in(site: Planted, rows: Locator) -> set[str]:
    """Who the links of these rows lead to, by the names they were planted under."""
    by_id = {id_: name for name, id_ in site.people.items()}
    links = [await row.get_by_role("link").get_attribute("href") for row in await rows.all()]
    return {by_id[str(link).removeprefix("/people/")] for link in links}


async def test_the_issues_segment_in_few_clicks(open_page: Open, site: Planted) -> None:
    page = await open_page("/segments")
    hand = Hand(page)
    await hand.click("new-segment")
    await hand.click("preset-weekly")
    await hand.click("preset-down")
    await hand.click("preset-near")
    await hand.choose("part-store_id", "Store 3")
    await hand.click("preset-push")
    await expect(page.get_by_test_id("preview-count")).to_have_text(str(len(WANTED)))
    await expect(page.get_by_test_id("preview-state")).to_have_text(
        f"of {len(PEOPLE)} people ({100 * len(WANTED) // len(PEOPLE)} %)"
    )
    year = utc_now().astimezone(ZONE).year - 1
    sentence = (
        f"People who bought at least 0.9 times a week on average from 1 January {year} to 31 December {year},"
        " who buy at least 30 % less often than they used to, who live within 5 km of “Store 3” and who can be reached"
        " by push for marketing."
    )
    await expect(page.get_by_test_id("sentence")).to_have_text(sentence)
    sample = page.get_by_test_id("sample-person")
    await expect(sample).to_have_count(5)
    assert await people_in(site, sample) <= set(WANTED)
    await hand.type("segment-name", "Slowing regulars")
    await hand.click("segment-save")
    await expect(page.get_by_test_id("segment")).to_be_visible()
    assert hand.clicks <= MOST_CLICKS

    await expect(page.get_by_test_id("sentence")).to_have_text(sentence)
    await built(site)
    await expect(page.get_by_test_id("segment-people")).to_have_text(str(len(WANTED)))
    await expect(page.get_by_test_id("member-row")).to_have_count(len(WANTED))
    assert await people_in(site, page.get_by_test_id("member-row")) == set(WANTED)
    stored = await site.api("GET", f"/v1/segments/{page.url.partition('id=')[2]}")
    assert stored["definition"] == condition(site)


async def test_groups_and_nots_by_keyboard(open_page: Open, site: Planted) -> None:
    """Far from store 3, or not reachable; nothing is clicked."""
    page = await open_page("/segments?new=1")
    keys = page.keyboard
    await page.get_by_test_id("add-group").focus()
    await keys.press("Enter")
    await keys.press("Enter")  # the focus is on "Add a condition" of the new group
    await expect(page.get_by_test_id("kind-order")).to_be_focused()
    for _ in range(5):
        await keys.press("ArrowDown")
    await expect(page.get_by_test_id("kind-place")).to_be_focused()
    await keys.press("Enter")
    store = page.get_by_test_id("part-store_id")
    await expect(store).to_be_focused()
    await expect(page.get_by_test_id("preview-state")).to_have_text("Still open: Store")
    await keys.type("Store 3")
    await page.get_by_test_id("not").last.focus()
    await keys.press("Space")
    await expect(page.get_by_test_id("not").last).to_be_focused()
    await expect(page.get_by_test_id("not").last).to_have_attribute("aria-pressed", "true")
    await page.get_by_test_id("add-condition").first.focus()
    await keys.press("Enter")
    await page.get_by_test_id("kind-reachable").focus()
    await keys.press("Enter")
    await page.get_by_test_id("not").last.focus()
    await keys.press("Space")
    sentence = page.get_by_test_id("sentence")
    await expect(sentence).to_contain_text("who do not live within 5 km of “Store 3”")
    await expect(sentence).to_contain_text(" or ")
    # the two whose home is elsewhere, the one whose home is not known, the one who said no to pushes
    await expect(page.get_by_test_id("preview-count")).to_have_text("4")
    assert await people_in(site, page.get_by_test_id("sample-person")) == {"far-1", "far-2", "nowhere-1", "mute-1"}

    await page.get_by_test_id("remove").last.focus()
    await keys.press("Enter")
    await expect(page.get_by_test_id("preview-count")).to_have_text("3")
    await keys.press("Control+z")
    await expect(page.get_by_test_id("preview-count")).to_have_text("4")
    await keys.press("Control+y")
    await expect(page.get_by_test_id("preview-count")).to_have_text("3")


async def test_what_is_open_or_refused_is_said_where_it_is(open_page: Open, site: Planted, seen: Watch) -> None:
    seen.expect("status of 422")
    page = await open_page("/segments?new=1")
    await page.get_by_test_id("segment-save").click()
    await expect(page.get_by_test_id("form-error")).to_contain_text("at least one condition")
    await page.get_by_test_id("preset-near").click()
    await page.get_by_test_id("segment-save").click()
    row = page.get_by_test_id("condition")
    await expect(row).to_contain_text("Still open: Store")
    await page.get_by_test_id("part-store_id").select_option(label="Store 1")
    await page.get_by_test_id("part-within_km").fill("5000")
    await expect(row.locator(".field-error")).to_contain_text("less than or equal to 1000")
    await page.get_by_test_id("part-within_km").fill("5")
    await page.get_by_test_id("segment-save").click()
    await expect(page.locator(".field-bad")).to_contain_text("Give it a name")
    await expect(page.get_by_test_id("segment-name")).to_be_focused()
    await page.get_by_test_id("segment-cancel").click()  # what is not saved is not lost by a slip
    await expect(page.get_by_test_id("leave-dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("segment-form")).to_be_visible()


async def test_two_who_edit_the_same(open_page: Open, site: Planted, seen: Watch) -> None:
    seen.expect("status of 412")
    id_ = await made(site, "Shared", {"kind": "habit", "of": "frequency", "down_percent": 30})
    page = await open_page(f"/segments?id={id_}&edit=1")
    await page.get_by_test_id("part-down_percent").fill("40")

    async def others(percent: int) -> None:
        body = {"name": "Theirs", "definition": {"kind": "habit", "of": "frequency", "down_percent": percent}}
        version = (await site.api("GET", f"/v1/segments/{id_}"))["version"]
        headers = site.world.sk_headers | {"If-Match": f'"v{version}"'}
        await site.api("PATCH", f"/v1/segments/{id_}", body, headers=headers)

    await others(50)
    await page.get_by_test_id("segment-save").click()
    dialog = page.get_by_test_id("conflict-dialog")
    await expect(dialog).to_contain_text("at least 50 % less often")
    await page.get_by_test_id("take-theirs").click()
    await expect(page.get_by_test_id("part-down_percent")).to_have_value("50")
    await expect(page.get_by_test_id("segment-name")).to_have_value("Theirs")
    await page.get_by_test_id("part-down_percent").fill("60")
    await others(70)
    await page.get_by_test_id("segment-save").click()
    await page.get_by_test_id("save-mine").click()
    await expect(page.get_by_test_id("sentence")).to_contain_text("at least 60 % less often")


async def test_why_in_and_why_out(open_page: Open, site: Planted) -> None:
    id_ = await made(site, NEAR_3, condition(site))
    page = await open_page(f"/segments?id={id_}")
    await page.get_by_test_id("member-why").first.click()
    await page.get_by_test_id("why-reason").fill("Ticket 4711")
    await page.get_by_test_id("confirm").click()
    why = page.get_by_test_id("why")
    await expect(why.get_by_text("in", exact=True)).to_be_visible()
    await expect(why.locator(".check-unmet")).to_have_count(0)
    await page.get_by_test_id("why-query").fill("steady-1")
    await page.get_by_test_id("why-query").press("Enter")
    await page.get_by_test_id("why-reason").fill("Ticket 4711")
    await page.get_by_test_id("confirm").click()
    await expect(why.get_by_text("not in", exact=True)).to_be_visible()
    unmet = why.locator(".check-unmet .check-unmet")
    await expect(unmet).to_have_count(1)
    await expect(unmet).to_contain_text("less often")


async def test_export_overlap_use_and_end(open_page: Open, site: Planted, seen: Watch) -> None:
    seen.expect("status of 409")
    slow = await made(site, "Slow", {"kind": "habit", "of": "frequency", "down_percent": 30})
    page = await open_page(f"/segments?id={await made(site, 'Slow and heard', condition(site))}")
    await page.get_by_test_id("segment-export").click()
    await page.get_by_test_id("export-reason").fill("Letter of spring")
    async with page.expect_download() as coming:
        await page.get_by_test_id("confirm").click()
    text = (await (await coming.value).path()).read_text()
    assert sorted(WANTED) == sorted(re.findall(r"wanted-\d", text))

    await page.get_by_test_id("overlap-with").select_option(label="Slow")
    row = page.get_by_test_id("overlap-row")
    await expect(row).to_contain_text(f"also in Slow: {len(WANTED)} people")
    await expect(row).to_contain_text("100 % of this")

    await made(site, "Rests on it", {"kind": "in_segment", "segment_id": slow})
    await page.goto(f"/segments?id={slow}")
    await expect(page.get_by_test_id("used").get_by_role("link", name="Rests on it")).to_be_visible()
    await page.get_by_test_id("segment-more").click()
    await page.get_by_test_id("segment-delete").click()
    await page.get_by_test_id("confirm").click()
    await expect(toast(page, "Rests on it")).to_be_visible()
    await page.get_by_test_id("segment-more").click()
    await page.get_by_test_id("segment-copy").click()
    await expect(page.get_by_test_id("segment-name")).to_have_value("Slow (copy)")


async def test_a_list_from_a_file(open_page: Open, site: Planted) -> None:
    page = await open_page("/segments?lists=1")
    await page.get_by_test_id("new-list").click()
    await page.get_by_test_id("list-name").fill("Trade fair")
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("list-people")).to_have_text("0")
    file = {"name": "fair.csv", "mimeType": "text/csv", "buffer": b"customer_id\nwanted-1\nwanted-2\nstranger\n"}
    await page.get_by_test_id("list-file").set_input_files(file)  # type: ignore[arg-type]
    report = page.get_by_test_id("list-report")
    await expect(report).to_contain_text("2 put on")
    await expect(report).to_contain_text("1 not taken")
    await expect(page.get_by_test_id("list-refused")).to_contain_text("stranger")
    await expect(page.get_by_test_id("list-people")).to_have_text("2")
    assert await people_in(site, page.get_by_test_id("member-row")) == {"wanted-1", "wanted-2"}

    await page.goto("/segments?new=1")
    await page.get_by_test_id("add-condition").click()
    await page.get_by_test_id("kind-in_list").click()
    await page.get_by_test_id("part-list_id").select_option(label="Trade fair")
    await expect(page.get_by_test_id("preview-count")).to_have_text("2")


async def test_a_template_asks_for_what_it_leaves_open(open_page: Open) -> None:
    page = await open_page("/segments")
    await page.get_by_test_id("to-templates").click()
    await page.get_by_test_id("template-neighbours").click()
    await page.get_by_test_id("parameter-store").select_option(label="Store 4")
    await page.get_by_test_id("parameter-km").fill("8")
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("part-within_km")).to_have_value("8")
    await expect(page.get_by_test_id("sentence")).to_have_text("People who live within 8 km of “Store 4”.")
    await expect(page.get_by_test_id("preview-count")).to_have_text("2")


async def test_numbers_without_names_for_who_may_not_see_people(open_page: Open, site: Planted) -> None:
    id_ = await made(site, "All of them", {"kind": "order", "measure": "count", "op": "gte", "value": 1,
                                           "window": {"ever": True}})  # fmt: skip
    page = await open_page(f"/segments?id={id_}", "analyst")
    await expect(page.get_by_test_id("segment-people")).to_have_text("10")  # full tens
    await expect(page.get_by_test_id("segment-edit")).to_be_visible()
    await expect(page.get_by_test_id("members")).to_have_count(0)
    await page.goto("/segments?new=1")
    await page.get_by_test_id("preset-down").click()
    await expect(page.get_by_test_id("preview-count")).to_have_text("10")
    await expect(page.get_by_test_id("sample")).to_contain_text("shown to owners and support")
    page = await open_page(f"/segments?id={id_}", "support")
    await expect(page.get_by_test_id("member-row").first).to_be_visible()
    await expect(page.get_by_test_id("segment-edit")).to_have_count(0)


async def test_what_fails_says_so(open_page: Open, site: Planted, seen: Watch) -> None:
    seen.expect("status of 500")
    problem = '{"type": "/problems/internal", "title": "Error", "status": 500, "detail": "The disk is full."}'

    async def fail(route: Route) -> None:
        await route.fulfill(status=500, content_type="application/problem+json", body=problem)

    await made(site, "To be listed", condition(site))
    page = await open_page("/messages")
    await page.route(re.compile(r"/v1/segments\?"), fail)
    await page.goto("/segments")
    await expect(page.get_by_test_id("error")).to_contain_text("The disk is full.")
    await page.unroute_all()
    await page.get_by_test_id("retry").click()
    await expect(page.get_by_test_id("segment-row").filter(has_text="To be listed")).to_be_visible()
    await page.route(re.compile(r"/preview"), fail)
    await page.get_by_test_id("new-segment").click()
    await page.get_by_test_id("preset-push").click()
    await expect(page.get_by_test_id("preview-state")).to_contain_text("The disk is full.")
    await page.unroute_all()
    await page.get_by_test_id("preview-retry").click()
    await expect(page.get_by_test_id("preview-count")).not_to_have_text("–")


@SIZES
async def test_the_look(open_page: Open, site: Planted, *, is_phone: bool) -> None:
    """Each view and what opens over it: no cut text, no sideways scrolling, nothing serious from axe.

    The phone is set to dark: the console says that it is light, and must stay readable.
    """
    long = "A rather long name for a segment, as marketers like to give them"
    id_ = await made(site, long, condition(site))
    await made(site, "Another one", {"kind": "reachable", "channel": "push"})
    await remember(site, id_, [9, 12, 11, 4])
    fair = (await site.api("POST", "/v1/lists", {"name": f"List, {is_phone}"}))["id"]
    scheme = "dark" if is_phone else "light"
    page = await open_page("/segments", is_phone=is_phone, has_touch=is_phone, color_scheme=scheme)
    await expect(page.get_by_test_id("segment-row").filter(has_text=long).last.get_by_role("img")).to_be_visible()
    found = await faults(page, "list")
    await page.goto("/segments?archived=1")
    await expect(page.get_by_test_id("empty")).to_be_visible()
    found += await faults(page, "archive")

    await page.goto("/segments?new=1")
    await expect(page.get_by_test_id("preset-push")).to_be_visible()
    found += await faults(page, "empty builder")
    await page.get_by_test_id("add-group").click()
    for kind in ("order", "habit", "metric", "visit", "event", "consent"):
        await page.get_by_test_id("add-condition").first.click()
        await expect(page.get_by_test_id("palette").first).to_be_visible()
        if kind == "order":
            found += await faults(page, "palette")
        await page.get_by_test_id(f"kind-{kind}").click()
    await page.get_by_test_id("preset-near").click()
    await page.get_by_test_id("not").first.click()
    await page.get_by_test_id("segment-save").click()
    await expect(page.get_by_test_id("form-error")).to_be_visible()
    found += await faults(page, "builder")
    await page.get_by_test_id("condition-menu").first.click()
    found += await faults(page, "menu")
    await page.keyboard.press("Escape")

    await page.goto(f"/segments?id={id_}")
    await expect(page.get_by_test_id("size-chart").get_by_role("img")).to_be_visible()
    await page.get_by_test_id("overlap-with").select_option(index=1)
    await expect(page.get_by_test_id("overlap-row")).to_be_visible()
    await page.get_by_test_id("member-why").nth(3 + is_phone).click()
    await expect(page.get_by_test_id("why-reason-dialog")).to_be_visible()
    found += await faults(page, "reason")
    await page.get_by_test_id("why-reason").fill("Ticket 4711")
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("check").first).to_be_visible()
    found += await faults(page, "detail")

    for path, there in [
        ("/segments?lists=1", "people-lists"),
        (f"/segments?list={fair}", "people-list"),
        ("/segments?templates=1", "template-neighbours"),
    ]:
        await page.goto(path)
        await expect(page.get_by_test_id(there)).to_be_visible()
        found += await faults(page, path)
    await page.get_by_test_id("template-neighbours").click()
    await expect(page.get_by_test_id("template-dialog")).to_be_visible()
    assert found + await faults(page, "template") == []

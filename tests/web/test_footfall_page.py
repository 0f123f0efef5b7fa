"""The footfall page: it shows the API's numbers for the place and period that are chosen, and hands them out."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, Route, expect

from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, settled

pytestmark = [*MARKS, pytest.mark.usefixtures("past")]
BERLIN = ZoneInfo("Europe/Berlin")


def yesterday() -> date:
    return datetime.now(UTC).astimezone(BERLIN).date() - timedelta(days=1)


async def footfall(demo: Demo, what: str = "", **query: Any) -> Any:
    asked = {"mall_id": demo.state["mall_id"], "on": yesterday().isoformat(), **query}
    return await demo.api("GET", f"/v1/footfall{what}?{urlencode(asked)}")


def told(number: int | None) -> str:
    return "not told" if number is None else f"{number:,}"


async def zone_id(demo: Demo, name: str) -> str:
    zones = await demo.api("GET", f"/v1/zones?mall_id={demo.state['mall_id']}&limit=500")
    return next(str(zone["id"]) for zone in zones["items"] if zone["properties"]["name"] == name)


async def shows(page: Page, numbers: dict[str, Any]) -> None:
    """The first line, the days and the places say what the API says."""
    await settled(page)
    await expect(page.get_by_test_id("figure-visits")).to_have_text(told(numbers["visits"]))
    if numbers["complete"]:
        await expect(page.get_by_test_id("figure-people")).to_have_text(told(numbers["people"]))
    days = page.get_by_test_id("by-day").locator("li")
    if numbers["period"] != "day":
        await expect(days).to_have_count(len(numbers["by_day"]))
        for number, day in enumerate(numbers["by_day"]):
            words = "not over yet" if date.fromisoformat(day["on"]) > yesterday() else told(day["visits"])
            await expect(days.nth(number).locator(".visually-hidden")).to_contain_text(words)


async def test_it_opens_with_yesterdays_week(open_page: OpenPage, demo: Demo) -> None:
    page = await open_page("/map?fps=5")
    await page.get_by_test_id("nav-footfall").click()
    numbers = await footfall(demo)
    assert numbers["visits"] > 0
    await shows(page, numbers)
    hours = page.get_by_test_id("week-hours").locator("tbody td")
    await expect(hours).to_have_count(168)
    cells = await hours.all_text_contents()
    over = {
        date.fromisoformat(day["on"]).weekday() for day in numbers["by_day"] if day["on"] <= yesterday().isoformat()
    }
    assert cells == [told(n) if i // 24 in over else "not over yet" for i, n in enumerate(numbers["hours"])]
    assert {"not told", "0"} < set(cells), "few people are hidden, nobody is not"

    places = (await footfall(demo, "/places", by="zone"))["items"]
    rows = page.get_by_test_id("place-row")
    await expect(rows).to_have_count(10)
    await page.get_by_test_id("all-places").click()
    await expect(rows).to_have_count(len(places))
    for number, place in enumerate(places):
        await expect(rows.nth(number)).to_contain_text(place["name"])
        await expect(rows.nth(number).locator("td").first).to_have_text(told(place["visits"]))
    await page.get_by_test_id("sort-name").click()
    names = await rows.locator("th a").all_text_contents()
    assert names == sorted(names, key=str.casefold)


async def test_period_place_and_day_change_the_numbers_and_the_address(open_page: OpenPage, demo: Demo) -> None:
    page = await open_page("/footfall")
    await settled(page)
    await page.get_by_test_id("period-day").click()
    await expect(page).to_have_url(re.compile("period=day"))
    await shows(page, await footfall(demo, period="day"))
    before = yesterday() - timedelta(days=1)
    await page.get_by_test_id("period-back").click()
    await expect(page.get_by_test_id("period-words")).to_have_text(f"{before:%A} {before.day} {before:%B %Y}")
    await shows(page, await footfall(demo, period="day", on=before))
    await page.get_by_test_id("period-next").click()
    await page.get_by_test_id("footfall-place").select_option(label="West mall")
    mall = await zone_id(demo, "West mall")
    await expect(page).to_have_url(re.compile(f"zone={mall}"))
    await shows(page, await footfall(demo, period="day", zone_id=mall))
    await page.get_by_test_id("footfall-on").fill(before.isoformat())
    await expect(page).to_have_url(re.compile(f"on={before}"))
    await shows(page, await footfall(demo, period="day", on=before, zone_id=mall))
    await page.go_back()
    await shows(page, await footfall(demo, period="day", zone_id=mall))


async def test_an_address_says_what_is_shown(open_page: OpenPage, demo: Demo) -> None:
    page = await open_page(f"/footfall?period=month&on={yesterday()}&level=0")
    await shows(page, await footfall(demo, period="month", level=0))
    await expect(page.get_by_test_id("footfall-place")).to_have_value("level:0")
    await expect(page.get_by_test_id("period-month")).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_test_id("heat-note")).to_contain_text("choose a day or a week")
    link = page.get_by_test_id("by-day").get_by_role("link").last
    await link.focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"period=day&on={yesterday()}.*level=0"))
    await shows(page, await footfall(demo, period="day", level=0))


async def test_the_plan_shows_where_people_were(open_page: OpenPage, demo: Demo) -> None:
    days = [yesterday() - timedelta(days=n) for n in (0, 1)]
    people = {day: (await footfall(demo, period="day", on=day))["people"] or 0 for day in days}
    day = max(days, key=people.__getitem__)  # few come on a Sunday
    page = await open_page(f"/footfall?period=day&on={day}")
    await settled(page)
    for level in (0, 1):
        await page.get_by_test_id(f"heat-level-{level}").click()
        await settled(page)
        cells = (await footfall(demo, "/heat", period="day", on=day, level=level))["cells"]
        await expect(page.locator(".heat")).to_have_count(len(cells))
    cells = (await footfall(demo, "/heat", period="day", on=day, level=0))["cells"]
    assert cells
    await page.get_by_test_id("heat-level-0").click()
    await expect(page.get_by_test_id("spots").locator("b").first).to_have_text(f"{max(c['people'] for c in cells):,}")


async def test_files_hold_the_same_numbers(open_page: OpenPage, demo: Demo) -> None:
    page = await open_page("/footfall")
    await settled(page)
    places = (await footfall(demo, "/places", by="zone"))["items"]
    files = {}
    for kind in ("csv", "geojson", "html"):
        async with page.expect_download() as waiting:
            await page.get_by_test_id(f"export-{kind}").click()
        download = await waiting.value
        assert re.fullmatch(rf"footfall-week-\d{{4}}-\d\d-\d\d\.{kind}", download.suggested_filename)
        files[kind] = (await download.path()).read_text()
    assert len(files["csv"].splitlines()) == 1 + len(places)
    features = json.loads(files["geojson"])["features"]
    assert {f["properties"]["name"]: f["properties"]["visits"] for f in features} == {
        place["name"]: place["visits"] for place in places
    }
    assert "Ahornhof" in files["html"]


async def test_nothing_yet_and_no_answer(open_page: OpenPage, demo: Demo, watch: Watch) -> None:
    long_ago = date(2020, 1, 6)
    page = await open_page(f"/footfall?on={long_ago}")
    await expect(page.get_by_test_id("empty")).to_contain_text("No visits: 6 to 12 January 2020")

    async def fail(route: Route) -> None:
        problem = '{"type": "/problems/internal", "title": "Error", "status": 500, "detail": "The disk is full."}'
        await route.fulfill(status=500, content_type="application/problem+json", body=problem)

    watch.expect("status of 500")
    flows = re.compile(r"/v1/footfall/flows")
    await page.route(flows, fail)
    await page.goto("/footfall")
    await expect(page.locator("main").get_by_test_id("error")).to_contain_text("The disk is full.")
    numbers = await footfall(demo)
    await expect(page.get_by_test_id("figure-visits")).to_have_text(told(numbers["visits"]))
    await page.unroute(flows)
    await page.get_by_test_id("retry").click()
    # A way is told from ten people on, and few come on the one day that is asked for before a week is over.
    if (await footfall(demo, "/flows", period="week" if numbers["complete"] else "day"))["items"]:
        await expect(page.get_by_test_id("flows")).to_be_visible()
    else:
        await expect(page.get_by_text("No way between two zones is told.")).to_be_visible()

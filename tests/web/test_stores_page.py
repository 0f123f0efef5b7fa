"""Stores on streets: the list, the city without tiles, zones around a store, and many at once from a CSV file."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import FilePayload, Page, expect

from geoengage.kit.geo import Frame
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, toast

pytestmark = MARKS
PLACE = (12.3747, 51.3405)
# At zoom 19 a pixel is less than 20 cm here; what is clicked is saved to that.
CLICK_M = 0.3
CSV = """name;lon;lat;external_id;catchment_m
Kiosk am Ring;12,38;51,34;web-csv-1;200
Kiosk im Nirgendwo;12,38;95,1;web-csv-2;
Kiosk am Park;12,39;51,33;web-csv-3;
"""


async def remove(demo: Demo, store: dict[str, Any]) -> None:
    zones = await demo.api("GET", "/v1/zones?limit=500")
    for zone in zones["items"]:
        if zone["properties"]["store_id"] == store["id"]:
            await demo.api("DELETE", f"/v1/zones/{zone['id']}")
    await demo.api("DELETE", f"/v1/stores/{store['id']}")


async def stores_named(demo: Demo, start: str) -> list[dict[str, Any]]:
    found = (await demo.api("GET", "/v1/stores?limit=500"))["items"]
    return [store for store in found if store["properties"]["name"].startswith(start)]


async def zones_of(demo: Demo, store: dict[str, Any]) -> list[dict[str, Any]]:
    zones = (await demo.api("GET", "/v1/zones?limit=500"))["items"]
    return [zone for zone in zones if zone["properties"]["store_id"] == store["id"]]


@pytest_asyncio.fixture(loop_scope="session")
async def bakery(demo: Demo) -> AsyncIterator[dict[str, Any]]:
    body = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": list(PLACE)},
        "properties": {"name": "Bakery on the corner", "address": "Markt 1, Leipzig", "brand_color": "#8a5a2b"},
    }
    made = await demo.api("POST", "/v1/stores", body)
    yield made
    await remove(demo, made)


async def city_pixel(page: Page, place: tuple[float, float]) -> tuple[float, float]:
    at = await page.evaluate("(place) => window.__geoengage_city.pixel(place)", place)
    return at["x"], at["y"]


async def test_a_zone_150_m_around_a_store(open_page: OpenPage, demo: Demo, bakery: dict[str, Any]) -> None:
    page = await open_page("/stores")
    await page.get_by_test_id("store-place").select_option("street")
    await page.get_by_test_id("store-search").fill("on the corner")
    row = page.get_by_test_id("store-row")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("0 zones")
    await row.click()

    await expect(page.locator(".place-draft")).to_have_count(1)
    await expect(page.get_by_test_id("zone-radius")).to_have_value("150")
    await page.get_by_test_id("maker-kind").select_option("delivery_area")
    await page.get_by_test_id("maker-save").click()
    own = page.get_by_test_id("own-zone").filter(has_text="Delivery area of Bakery on the corner")
    await expect(own).to_contain_text("150 m around")
    await expect(own.get_by_text("draft", exact=True)).to_be_visible()
    [zone] = await zones_of(demo, bakery)
    assert zone["geometry"] == {"type": "Point", "coordinates": list(PLACE)}
    kept = {key: zone["properties"][key] for key in ("radius_m", "kind", "mall_id", "levels", "status")}
    expected = {"radius_m": 150, "kind": "delivery_area", "mall_id": None, "levels": [], "status": "draft"}
    assert kept == expected

    await own.get_by_test_id("publish-zone").click()
    await expect(own.get_by_text("published", exact=True)).to_be_visible()
    [zone] = await zones_of(demo, bakery)
    assert zone["properties"]["published_version"] is not None

    await page.get_by_test_id("zone-radius").fill("0")
    await expect(page.get_by_test_id("maker-publish")).to_be_disabled()
    await expect(page.locator(".field-bad")).to_contain_text("From 1 to 50000 metres.")
    await own.get_by_test_id("delete-zone").click()
    await page.get_by_test_id("confirm").click()
    await expect(own).to_have_count(0)
    assert await zones_of(demo, bakery) == []


@pytest.mark.parametrize("by_keyboard", [False, True], ids=["mouse", "keyboard"])
async def test_a_catchment_drawn_by_hand(
    by_keyboard: bool, open_page: OpenPage, demo: Demo, bakery: dict[str, Any]
) -> None:
    page = await open_page(f"/stores?debug&id={bakery['id']}")
    frame = Frame(*PLACE, 0)
    corners = [frame.to_lonlat(*xy) for xy in [(-40, -30), (45, -30), (45, 35), (-40, 35)]]
    await expect(page.get_by_test_id("zone-maker")).to_be_visible()
    if by_keyboard:
        await page.get_by_test_id("maker-draw").focus()
        await page.keyboard.press("Enter")
    else:
        await page.get_by_test_id("maker-draw").click()
        await page.evaluate("(place) => window.__geoengage_city.look(place, 19)", PLACE)
    for corner in corners:
        if by_keyboard:
            # what the arrows do, in fewer key presses
            await page.evaluate("(corner) => window.__geoengage_city.look(corner, 19)", corner)
            await page.keyboard.press(" ")
        else:
            await page.mouse.move(*await city_pixel(page, corner))
            await page.mouse.click(*await city_pixel(page, corner))
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("maker-circle")).to_be_visible()
    await expect(page.get_by_test_id("maker-size")).to_contain_text("5,5")
    await page.get_by_test_id("maker-publish").click()
    await expect(page.get_by_test_id("own-zone").get_by_text("published", exact=True)).to_be_visible()
    [zone] = await zones_of(demo, bakery)
    ring = [frame.to_metres(*corner) for corner in zone["geometry"]["coordinates"][0]][:-1]
    assert len(ring) == len(corners)
    for corner in corners:
        x, y = frame.to_metres(*corner)
        assert min(abs(x - a) + abs(y - b) for a, b in ring) < 2 * CLICK_M, ring


async def test_a_store_is_added_by_a_click(open_page: OpenPage, demo: Demo, bakery: dict[str, Any]) -> None:
    page = await open_page(f"/stores?debug&id={bakery['id']}")
    await expect(page.get_by_test_id("store-card")).to_be_visible()
    await page.evaluate("(place) => window.__geoengage_city.look(place, 19)", PLACE)
    await page.get_by_test_id("store-back").click()
    await page.get_by_test_id("add-store").click()
    await page.get_by_test_id("store-save").click()
    await expect(page.locator(".field-bad")).to_have_count(2)
    await page.get_by_test_id("store-name").fill("Web corner shop")
    frame = Frame(*PLACE, 0)
    place = frame.to_lonlat(25.0, 12.5)
    await page.mouse.click(*await city_pixel(page, place))
    await expect(page.locator(".pin-new")).to_be_visible()
    await page.get_by_test_id("store-save").click()
    await expect(page.get_by_test_id("store-card")).to_contain_text("Web corner shop")
    [made] = await stores_named(demo, "Web corner shop")
    x, y = frame.to_metres(*made["properties"]["point"])
    assert abs(x - 25.0) < CLICK_M
    assert abs(y - 12.5) < CLICK_M

    await page.get_by_test_id("edit-store").click()
    await page.get_by_test_id("store-lon").fill("12.375")
    await page.get_by_test_id("store-lat").fill("51.341")
    await page.get_by_test_id("store-category").fill("kiosk")
    await page.get_by_test_id("store-save").click()
    await expect(page.get_by_test_id("store-card")).to_contain_text("kiosk")
    [made] = await stores_named(demo, "Web corner shop")
    assert made["geometry"]["coordinates"] == [12.375, 51.341]
    await page.get_by_test_id("delete-store").click()
    await page.get_by_test_id("confirm").click()
    await expect(toast(page, "is deleted")).to_be_visible()
    assert await stores_named(demo, "Web corner shop") == []


async def test_stores_come_from_a_csv_file_with_a_bad_line(open_page: OpenPage, demo: Demo) -> None:
    page = await open_page("/stores")
    await page.get_by_test_id("import-stores").click()
    async with page.expect_download() as template:
        await page.get_by_test_id("csv-template").click()
    header = await asyncio.to_thread(Path(await (await template.value).path()).read_text)
    assert header.startswith("external_id,name,lon,lat")

    file = FilePayload(name="kiosks.csv", mimeType="text/csv", buffer=CSV.encode())
    await page.get_by_test_id("store-import-file").set_input_files(file)
    counts = page.get_by_test_id("import-counts").locator("[data-kind=store]")
    await expect(counts.locator("[data-outcome=added]")).to_have_text("2")
    await expect(counts.locator("[data-outcome=refused]")).to_have_text("1")
    first = page.get_by_test_id("csv-line").first
    await expect(first.locator("td").first).to_have_text("3")
    await expect(first).to_contain_text("lat")
    await expect(page.get_by_test_id("import-go")).to_be_disabled()
    assert await stores_named(demo, "Kiosk ") == [], "a preview stores nothing"

    await page.get_by_test_id("import-skip").check()
    await page.get_by_test_id("import-go").click()
    await expect(page.get_by_test_id("import-done")).to_contain_text("2 stores and 1 zone")
    await page.get_by_test_id("import-close").click()
    await page.get_by_test_id("store-search").fill("Kiosk am")
    await expect(page.get_by_test_id("store-row")).to_have_count(2)
    made = await stores_named(demo, "Kiosk ")
    assert {store["properties"]["name"] for store in made} == {"Kiosk am Ring", "Kiosk am Park"}
    [ring] = [store for store in made if store["properties"]["name"] == "Kiosk am Ring"]
    assert [zone["properties"]["radius_m"] for zone in await zones_of(demo, ring)] == [200]
    for store in made:
        await remove(demo, store)

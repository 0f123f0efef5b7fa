"""Stores, imports, floor plans on a laptop and on a phone: nothing cut, nothing serious from axe."""

import io

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Page, expect

from tests import imdf_sample
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, MallMap, settled
from tests.web.test_floor_plan import clean_levels
from tests.web.test_look import faults

__all__ = ["clean_levels"]
pytestmark = [*MARKS, pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])]
CSV = "external_id,name,lon,lat\nk-1,A kiosk with quite a long name for a kiosk,12.38,51.34\nk-2,Nowhere,12.38,951\n"


async def more(page: Page, entry: str, *, is_phone: bool) -> None:
    await MallMap(page).ready()
    if is_phone:
        await page.get_by_test_id("tab-zones").click()
    await page.get_by_test_id("more").click()
    await page.get_by_test_id(entry).click()


async def test_stores(is_phone: bool, open_page: OpenPage) -> None:
    page = await open_page("/stores", is_phone=is_phone)
    await settled(page)
    found = await faults(page, "list")
    await page.get_by_test_id("store-search").fill("Nobody’s shop")
    found += await faults(page, "nothing found")
    await page.get_by_test_id("store-search").fill("")
    await page.get_by_test_id("store-row").first.click()
    await expect(page.get_by_test_id("store-card")).to_be_visible()
    found += await faults(page, "store")
    await page.get_by_test_id("store-back").click()
    await page.get_by_test_id("add-store").click()
    await page.get_by_test_id("store-save").click()
    found += await faults(page, "form")
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_test_id("import-stores").click()
    found += await faults(page, "csv")
    file = FilePayload(name="stores.csv", mimeType="text/csv", buffer=CSV.encode())
    await page.get_by_test_id("store-import-file").set_input_files(file)
    await expect(page.get_by_test_id("csv-lines")).to_be_visible()
    found += await faults(page, "csv preview")
    assert found == []


async def test_imports(is_phone: bool, open_page: OpenPage) -> None:
    page = await open_page("/map?fps=5", is_phone=is_phone)
    await more(page, "more-import", is_phone=is_phone)
    found = await faults(page, "import")
    content = imdf_sample.layers()
    ring = content["unit"][0]["geometry"]["coordinates"][0]
    ring[2] = ring[0]
    file = FilePayload(name="mall.zip", mimeType="", buffer=imdf_sample.archive(content))
    await page.get_by_test_id("venue-import-file").set_input_files(file)
    await expect(page.get_by_test_id("import-problem").first).to_be_visible()
    found += await faults(page, "preview")
    await page.get_by_test_id("dialog-close").click()
    await page.get_by_test_id("more").click()
    found += await faults(page, "menu")
    await page.get_by_test_id("more-new-mall").click()
    await page.get_by_test_id("mall-create").click()
    found += await faults(page, "new mall")
    assert found == []


@pytest.mark.usefixtures("clean_levels")
async def test_a_floor_plan(is_phone: bool, open_page: OpenPage, demo: Demo) -> None:
    page = await open_page("/map?fps=5", is_phone=is_phone)
    await more(page, "more-plan", is_phone=is_phone)
    found = await faults(page, "no picture")
    drawn = io.BytesIO()
    Image.new("RGB", (300, 200), "#fff7d6").save(drawn, "JPEG")
    file = FilePayload(name="ground.jpg", mimeType="image/jpeg", buffer=drawn.getvalue())
    await page.get_by_test_id("plan-file").set_input_files(file)
    await expect(page.get_by_test_id("picture-view")).to_be_visible()
    for number, values in enumerate([(0, 200, -40, -20), (300, 200, 40, -20)], start=1):
        for name, value in zip(("pixel-x", "pixel-y", "at-x", "at-y"), values, strict=True):
            await page.get_by_test_id(f"plan-{number}-{name}").fill(str(value))
    found += await faults(page, "placed")
    await page.get_by_test_id("plan-save").click()
    await page.get_by_test_id("plan-close").click()
    await expect(page.get_by_test_id("plan-toggle")).to_be_visible()
    found += await faults(page, "shown")
    assert found == []

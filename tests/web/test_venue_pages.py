"""Whole venues through the dialog: an archive, a file with a flaw, a mall made by hand; and exports."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from playwright.async_api import FilePayload, Page, expect

from tests import imdf_sample
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, MallMap, Watch

pytestmark = MARKS
BOW_TIE = [(0, 0), (10, 10), (10, 0), (0, 10), (0, 0)]


async def malls(demo: Demo) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await demo.api("GET", "/v1/malls?limit=500"))["items"]
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def only_ahornhof(demo: Demo) -> AsyncIterator[None]:
    """Whatever malls and outdoor zones a test made are away at its end."""
    zones_before = {zone["id"] for zone in (await demo.api("GET", "/v1/zones?limit=500"))["items"]}
    yield
    for zone in (await demo.api("GET", "/v1/zones?limit=500"))["items"]:
        if zone["id"] not in zones_before:
            await demo.api("DELETE", f"/v1/zones/{zone['id']}")
    for mall in await malls(demo):
        if mall["id"] == demo.state["mall_id"]:
            continue
        for store in (await demo.api("GET", f"/v1/stores?limit=500&mall_id={mall['id']}"))["items"]:
            await demo.api("DELETE", f"/v1/stores/{store['id']}")
        await demo.api("DELETE", f"/v1/malls/{mall['id']}")


async def choose(page: Page, name: str, content: bytes) -> None:
    await page.get_by_test_id("more").click()
    await page.get_by_test_id("more-import").click()
    file = FilePayload(name=name, mimeType="", buffer=content)
    await page.get_by_test_id("venue-import-file").set_input_files(file)
    await expect(page.get_by_test_id("import-counts")).to_be_visible()


def count(page: Page, kind: str, outcome: str) -> Any:
    return page.get_by_test_id("import-counts").locator(f"[data-kind={kind}] [data-outcome={outcome}]")


async def test_an_imdf_archive_becomes_a_mall(open_page: OpenPage, demo: Demo, only_ahornhof: None) -> None:
    page = await open_page("/map?debug&fps=5")
    await MallMap(page).ready()
    await choose(page, "ulmenhof.zip", imdf_sample.archive(imdf_sample.layers()))
    await expect(count(page, "level", "added")).to_have_text("2")
    await expect(count(page, "store", "added")).to_have_text("2")
    await expect(page.locator(".preview-place .preview-store")).to_have_count(1)
    await page.get_by_test_id("preview-level-1").click()
    await expect(page.get_by_test_id("preview-level-1")).to_have_attribute("aria-pressed", "true")
    assert len(await malls(demo)) == 1, "a preview stores nothing"

    await page.get_by_test_id("import-publish").check()
    await page.get_by_test_id("import-go").click()
    await expect(page.get_by_test_id("import-done")).to_contain_text("2 levels")
    await page.get_by_test_id("import-next").click()
    await expect(page.get_by_test_id("mall-switcher").locator("option:checked")).to_have_text("Ulmenhof")
    await expect(MallMap(page).row("Mitte")).to_be_visible()
    await expect(page.locator(".opening")).to_have_count(1)
    await expect(page.locator(".fixture")).to_have_count(2)

    # the same once more changes nothing, and says so
    await choose(page, "ulmenhof.zip", imdf_sample.archive(imdf_sample.layers()))
    await expect(count(page, "store", "unchanged")).to_have_text("2")
    await expect(page.get_by_test_id("import-note")).to_have_text("Nothing would change.")
    await expect(page.get_by_test_id("import-go")).to_be_disabled()
    await page.get_by_test_id("dialog-close").click()

    for format_, ending in (("geojson", "geojson"), ("imdf", "zip")):
        await page.get_by_test_id("more").click()
        async with page.expect_download() as download:
            await page.get_by_test_id(f"more-export-{format_}").click()
        assert (await download.value).suggested_filename.endswith(ending)
        mall = next(mall for mall in await malls(demo) if mall["name"] == "Ulmenhof")
        content = await page.request.get(f"/v1/malls/{mall['id']}/export?format={format_}")
        if format_ == "imdf":
            assert "venue.geojson" in zipfile.ZipFile(io.BytesIO(await content.body())).namelist()
        else:
            assert (await content.json())["type"] == "FeatureCollection"


async def test_a_flaw_is_shown_where_it_is_and_left_out(
    open_page: OpenPage, demo: Demo, only_ahornhof: None, watch: Watch
) -> None:
    frame = await demo.frame()

    def zone(name: str, corners: list[tuple[float, float]]) -> dict[str, Any]:
        ring = [list(frame.to_lonlat(x, y)) for x, y in corners]
        properties = {"name": name, "kind": "corridor", "levels": [0], "external_id": f"web-{name}"}
        return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": properties}

    square = [(20.0, -3.0), (26.0, -3.0), (26.0, 3.0), (20.0, 3.0), (20.0, -3.0)]
    document = {"type": "FeatureCollection", "features": [zone("Web square", square), zone("Web bow tie", BOW_TIE)]}
    page = await open_page("/map?debug&fps=5")
    await MallMap(page).ready()
    await page.get_by_test_id("more").click()
    await page.get_by_test_id("more-import").click()
    await page.get_by_test_id("import-into").select_option(label="Ahornhof")
    file = FilePayload(name="zones.geojson", mimeType="", buffer=json.dumps(document).encode())
    await page.get_by_test_id("venue-import-file").set_input_files(file)
    await expect(count(page, "zone", "added")).to_have_text("1")
    await expect(count(page, "zone", "refused")).to_have_text("1")
    await expect(page.locator(".preview-bad")).to_have_count(1)
    problem = page.locator(".flaw-error").filter(has_text="Web bow tie")
    await expect(problem).to_contain_text("crosses or touches")
    await problem.get_by_test_id("show-flaw").click()
    await expect(page.locator(".place-note")).to_contain_text("crosses or touches")
    await expect(page.get_by_test_id("import-go")).to_be_disabled()
    await page.get_by_test_id("import-skip").check()
    await page.get_by_test_id("import-go").click()
    await expect(page.get_by_test_id("import-done")).to_contain_text("One item was left out.")
    await page.get_by_test_id("import-next").click()
    await expect(MallMap(page).row("Web square")).to_contain_text("draft")
    await expect(MallMap(page).row("Web bow tie")).to_have_count(0)

    watch.expect("status of 4")
    await page.get_by_test_id("more").click()
    await page.get_by_test_id("more-import").click()
    file = FilePayload(name="notes.geojson", mimeType="", buffer=b"{'not': json")
    await page.get_by_test_id("venue-import-file").set_input_files(file)
    await expect(page.get_by_test_id("import-error")).to_be_visible()
    await expect(page.get_by_test_id("import-go")).to_be_disabled()


async def test_a_mall_made_by_hand(open_page: OpenPage, demo: Demo, only_ahornhof: None) -> None:
    page = await open_page("/map?debug&fps=5")
    await MallMap(page).ready()
    await page.get_by_test_id("more").click()
    await page.get_by_test_id("more-new-mall").click()
    await page.get_by_test_id("mall-create").click()
    await expect(page.locator(".new-mall .field-bad")).to_have_count(2)
    for field, value in {"name": "Hand made", "lon": "12.40", "lat": "51.35", "width": "80", "levels": "2"}.items():
        await page.get_by_test_id(f"mall-{field}").fill(value)
    await page.get_by_test_id("mall-create").click()
    await expect(page.get_by_test_id("mall-switcher").locator("option:checked")).to_have_text("Hand made")
    await expect(page.get_by_test_id("level-1")).to_be_visible()
    mall = next(mall for mall in await malls(demo) if mall["name"] == "Hand made")
    assert mall["origin"] == [12.4, 51.35]
    [ground, upper] = (await demo.api("GET", f"/v1/malls/{mall['id']}/levels"))["items"]
    assert ground["geometry"] == upper["geometry"]

"""The page of file imports: a file sent, its columns chosen, previewed, imported, its error file; what comes by itself;
empty and failed lists; laptop and phone."""

import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import FilePayload, Page, Route, expect

from geoengage.ingest.files.rules.events import ImportAlert
from geoengage.kit.clock import utc_now
from geoengage.kit.db import make_engine, make_sessions, transaction
from geoengage.kit.events import publish
from geoengage.kit.ids import TenantId
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, Watch, settled, toast
from tests.web.test_look import faults

pytestmark = MARKS
LONG_NAME = "Verkäufe aller Filialen der Nordostschweiz 2026-11 (Export der Warenwirtschaft, endgültig, neu).csv"
PASSWORD = "a long password for the test"


def file(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


def orders(mark: str, store: str, count: int = 3) -> str:
    """Orders as some ERP writes them: its own words for two columns, one bad line at the end."""
    lines = [f"{mark}-{n};20.11.2026 10:00;2;5,50;{store};Ball, rot" for n in range(count)]
    return "\n".join(
        ["Nr;Am;Menge;Einzelpreis;Filiale;Bezeichnung", *lines, f"{mark}-x;21.11.2026;viele;1;{store};?", ""]
    )


@pytest_asyncio.fixture(loop_scope="session")
async def store_name(demo: Demo) -> AsyncIterator[str]:
    """The external id of one of the demo's stores; the mapping that the test saves is forgotten after it."""
    stores = (await demo.api("GET", "/v1/stores"))["items"]
    yield next(s["properties"]["external_id"] or s["id"] for s in stores)
    for kind in ("orders", "products"):
        await demo.api("PUT", f"/v1/imports/mapping?kind={kind}", {"mapping": {}})


async def choose(page: Page, column: str, field: str) -> None:
    select = page.locator(f'[data-column="{column}"]').get_by_test_id("column-field")
    async with page.expect_response(re.compile("/preview")):
        await select.select_option(field)


async def test_a_file_from_its_sending_to_its_error_file(open_page: OpenPage, demo: Demo, store_name: str) -> None:
    mark = f"w{time.monotonic_ns()}"
    page = await open_page("/imports")
    await page.get_by_test_id("import-file").set_input_files(file("Verkäufe.csv", orders(mark, store_name)))
    await expect(page.locator(".field-bad")).to_contain_text("Say what the file holds")
    await page.get_by_test_id("import-kind").select_option("orders")
    await expect(page.get_by_role("heading", name="Verkäufe.csv")).to_be_visible()
    await expect(page.get_by_test_id("import-state")).to_have_text("waits for you")
    await expect(page.locator("main")).to_contain_text("4 lines below the header")
    await expect(page.get_by_test_id("import-start")).to_be_disabled()
    await choose(page, "Nr", "order_id")
    await choose(page, "Am", "ordered_at")
    async with page.expect_response(re.compile("/preview")):
        await page.get_by_test_id("option-currency").fill("chf")
        await page.get_by_test_id("option-currency").press("Tab")
    rows = page.locator("[data-becomes]")
    await expect(rows).to_have_count(4)
    await expect(rows.nth(0)).to_contain_text("Line 2new")
    await expect(rows.nth(3)).to_contain_text("Menge “viele”: not a number")

    await page.get_by_test_id("import-start").click()
    await expect(page.get_by_test_id("import-state")).to_have_text("done, with errors", timeout=30_000)
    await expect(page.get_by_test_id("import-result")).to_contain_text("Orders: 3 new, 1 refused")
    async with page.expect_download() as download:
        await page.get_by_test_id("import-errors").click()
    text = (await (await download.value).path()).read_text("utf-8-sig")
    assert text.splitlines()[1].startswith("5,Menge,viele,not a number")

    await page.get_by_role("link", name="Imports").first.click()
    await expect(page.get_by_test_id("import-row").first).to_contain_text("Orders: 3 new, 1 refused")
    again = file("Verkäufe 2.csv", orders(mark, store_name))
    await page.get_by_test_id("import-kind").select_option("orders")
    await page.get_by_test_id("import-file").set_input_files(again)
    await expect(page.get_by_test_id("import-start")).to_be_enabled()
    await expect(page.locator("[data-becomes=unchanged]")).to_have_count(3)
    await page.get_by_test_id("import-discard").click()
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("import-row").first).to_contain_text("cancelled")


async def test_progress_and_stopping(open_page: OpenPage, demo: Demo) -> None:
    """A large file: the bar moves while one watches, and it can be stopped."""
    body = "product_id,name\n" + "".join(f"big-{n},x\n" for n in range(200_000))
    page = await open_page("/imports")
    await page.get_by_test_id("import-file").set_input_files(file("products-big.csv", body))
    await expect(page.get_by_test_id("import-start")).to_be_enabled(timeout=30_000)
    await page.get_by_test_id("import-start").click()
    await expect(page.get_by_test_id("import-progress")).to_contain_text(re.compile(r"[1-9]\d* % · "), timeout=60_000)
    await expect(page.locator("main")).to_contain_text("rows a second")
    assert await faults(page, "progress") == []
    await page.get_by_test_id("import-cancel").click()
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("import-state")).to_have_text("cancelled")
    await expect(page.get_by_test_id("import-result")).to_contain_text(
        "What was imported before it was stopped is there"
    )


async def test_a_file_that_cannot_be_read(open_page: OpenPage, watch: Watch) -> None:
    watch.expect("status of 422")
    page = await open_page("/imports")
    await page.get_by_test_id("import-kind").select_option("stock")
    await page.get_by_test_id("import-file").set_input_files(file("stock.csv", ""))
    await expect(page.get_by_test_id("upload-error")).to_have_text("the file is empty")


DROP = {
    "enabled": True,
    "files": [
        {
            "kind": "orders", "pattern": "shopkette-deutschland-nord/orders*", "last_at": "2026-11-26T02:11:00Z",
            "usual_at": "03:10", "usual_lines": 41_250, "late_since": "2026-11-28T02:10:00Z",
        },
        {
            "kind": "stock", "pattern": "shopkette-deutschland-nord/stock*", "last_at": "2026-11-28T02:11:00Z",
            "usual_at": None, "usual_lines": None, "late_since": None,
        },
    ],
    "alerts": [
        {
            "id": "01936f5e-0000-7000-8000-000000000001", "kind": "orders", "reason": "late", "on_day": "2026-11-28",
            "detail": "orders: no file came; it is usual at 03:10, the last one came on 26 November at 03:11",
            "import_id": None, "at": "2026-11-28T03:40:00Z", "resolved_at": None,
        },
        {
            "id": "01936f5e-0000-7000-8000-000000000002", "kind": "stock", "reason": "small", "on_day": "2026-11-28",
            "detail": "bestand_filialen_2026-11-28_03-11-07_endgueltig.csv (stock): it has 900 lines; usual are 41,250",
            "import_id": "01936f5e-0000-7000-8000-000000000003", "at": "2026-11-28T03:12:00Z", "resolved_at": None,
        },
    ],
}  # fmt: skip


async def answer(page: Page, pattern: str, body: Any) -> None:
    async def fulfil(route: Route) -> None:
        await route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    await page.route(re.compile(pattern), fulfil)


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_the_look(is_phone: bool, open_page: OpenPage, demo: Demo, store_name: str) -> None:
    mark = f"l{time.monotonic_ns()}"
    page = await open_page(None, is_phone=is_phone)
    await answer(page, "/v1/imports/drop", DROP)
    await page.goto("/imports")
    await expect(page.get_by_test_id("drop-alert")).to_have_count(2)
    await page.get_by_test_id("import-kind").select_option("orders")
    found = await faults(page, "overview")
    await page.get_by_test_id("import-file").set_input_files(file(LONG_NAME, orders(mark, store_name, 30)))
    await expect(page.get_by_test_id("import-preview")).to_be_visible()
    found += await faults(page, "columns")
    await choose(page, "Nr", "order_id")
    await choose(page, "Am", "ordered_at")
    async with page.expect_response(re.compile("/preview")):
        await page.get_by_test_id("option-currency").fill("CHF")
        await page.get_by_test_id("option-currency").press("Tab")
    await expect(page.locator("[data-becomes=added]").first).to_be_visible()
    found += await faults(page, "preview")
    await page.get_by_test_id("import-discard").click()
    await expect(page.get_by_test_id("import-discard-dialog")).to_be_visible()
    found += await faults(page, "discard")
    await page.keyboard.press("Escape")
    await page.get_by_test_id("import-start").click()
    await expect(page.get_by_test_id("import-result")).to_be_visible(timeout=30_000)
    found += await faults(page, "result")
    assert found == []


async def test_empty_and_failed_lists(open_page: OpenPage, watch: Watch) -> None:
    watch.expect("status of 500")
    problem = '{"type": "/problems/internal", "title": "Error", "status": 500, "detail": "The disk is full."}'

    async def fail(route: Route) -> None:
        await route.fulfill(status=500, content_type="application/problem+json", body=problem)

    page = await open_page(None)
    await answer(page, r"/v1/imports/data\?", {"items": [], "next": None})
    await page.goto("/imports")
    await expect(page.get_by_test_id("empty")).to_contain_text("Begin with products")
    await expect(page.get_by_test_id("drop-folder")).to_contain_text("No drop folder is set up")
    assert await faults(page, "empty") == []
    await page.unroute_all()
    await page.route(re.compile(r"/v1/imports/data\?"), fail)
    await page.reload()
    await expect(page.locator("main").get_by_test_id("error")).to_contain_text("The disk is full.")
    await page.unroute_all()
    await page.locator("main").get_by_test_id("retry").click()
    await expect(page.get_by_test_id("import-row").first).to_be_visible()


async def test_an_alert_comes_to_whatever_page_is_open(
    open_page: OpenPage, demo: Demo, demo_env: dict[str, str]
) -> None:
    page = await open_page("/campaigns")
    await settled(page)
    await expect(page.get_by_test_id("link-state")).to_have_text("Live")
    engine = make_engine(demo_env["GEOENGAGE_DATABASE_URL"], pool_size=1)
    tenant_id = TenantId(UUID(demo.state["tenant_id"]))
    text = "orders.csv (orders): it has 9 lines; usual are 4,000"
    async with transaction(make_sessions(engine), tenant_id) as session:
        await publish(session, tenant_id, [ImportAlert(kind="orders", reason="small", text=text)], utc_now())
    await engine.dispose()
    await expect(toast(page, "it has 9 lines; usual are 4,000")).to_be_visible()

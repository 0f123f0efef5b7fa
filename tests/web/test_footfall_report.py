"""The footfall report as somebody gets it by mail: one file, opened from a disk, without a network."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Browser, expect
from shapely.geometry import MultiPolygon, box

from geoengage.kit.geo import Frame
from geoengage.kit.ids import new_id
from geoengage.reports.footfall import Floor, Venue
from geoengage.reports.footfall_report import render
from geoengage.reports.rules.footfall import Footfall, Place, Visits
from geoengage.reports.rules.periods import Span, period_of
from geoengage.venues.models import Mall
from tests.conftest import ROOT
from tests.web.console import MARKS

pytestmark = MARKS
MONDAY = date(2026, 10, 5)
NASTY = "<img src=https://example.com/x.png onerror=alert(1)> `${alert(2)}` {{ 7 * 7 }} </script>"


def report() -> str:
    """Two floors, three zones with hostile names, a week of two hundred people."""
    rng = np.random.default_rng(5)
    n, day = 4_000, rng.integers(0, 14, 4_000) + MONDAY.toordinal() - 7
    start = day * 86_400 + rng.integers(9, 21, n) * 3_600
    visits = Visits(
        person=rng.integers(0, 200, n), spot=rng.integers(0, 3, n), day=day, hour=start // 3_600 % 24, start_s=start,
        end_s=start + rng.integers(20, 4_000, n),
    )  # fmt: skip
    places = [
        *(Place("zone", new_id(), n % 2, f"Zone {n} {NASTY}", 1 << n) for n in range(3)),
        Place("store", new_id(), None, NASTY, 1),
        Place("level", new_id(), 0, f"Ground {NASTY}", 0b101),
        Place("level", new_id(), 1, "First", 0b010),
        Place("mall", new_id(), None, NASTY, 0b111),
    ]
    week = period_of(Span.WEEK, MONDAY)
    today = MONDAY + timedelta(days=7)
    mall = Mall(name=NASTY, timezone="Europe/Zurich", origin_lon=8.5, origin_lat=47.4, bearing_deg=30.0)
    venue = Venue(mall, [], places, today)
    frame = Frame(8.5, 47.4, 30.0)

    def shape(x: float, y: float, size: float) -> MultiPolygon:
        return frame.geometry_to_lonlat(MultiPolygon([box(x, y, x + size, y + size)]))

    lon, lat = frame.to_lonlat(30.0, 30.0)
    floors = [
        Floor(
            f"Ground {NASTY}", 0, shape(0, 0, 100), [], [(shape(5, 5, 30), 0), (shape(50, 5, 30), 2)], [(lon, lat, 40)]
        ),
        Floor("First", 1, shape(0, 0, 100), [], [(shape(5, 50, 40), 1)], []),
    ]
    counted, before = Footfall(visits, places, week, today), Footfall(visits, places, week.before(), today)
    return render(venue, counted, before, floors, ROOT / "web" / "dist" / "report")


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
async def test_it_opens_offline(browser: Browser, tmp_path: Path, size: tuple[int, int]) -> None:
    if not (ROOT / "web" / "dist" / "report" / "leaflet.js").exists():
        pytest.fail("The console is not built. Run: make web", pytrace=False)
    (tmp_path / "report.html").write_text(report())
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, offline=True)
    page = await context.new_page()
    problems: list[Any] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.on(
        "request", lambda asked: problems.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None
    )
    await page.goto((tmp_path / "report.html").as_uri())
    await expect(page.locator("path.leaflet-interactive")).to_have_count(3)  # ground: outline and two zones
    await page.locator("path.leaflet-interactive").nth(1).hover(force=True)
    await expect(page.locator(".leaflet-tooltip")).to_contain_text("</script>")
    await page.get_by_role("radio", name="First").click()
    await expect(page.locator("path.leaflet-interactive")).to_have_count(2)
    await expect(page.locator("h1")).to_contain_text(NASTY)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.screenshot(path=tmp_path / "report.png", full_page=True)
    assert problems == []
    await context.close()

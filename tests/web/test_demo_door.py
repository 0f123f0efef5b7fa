"""A demo's first screen says what is planted in it beside what was found; laptop and phone, dark and light."""

import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import expect
from sqlalchemy.ext.asyncio import create_async_engine

from geoengage.kit.db import make_sessions
from geoengage.kit.ids import TenantId
from geoengage.tenancy.store import put_story
from tests.conftest import DRIVER
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo
from tests.web.test_look import faults

pytestmark = MARKS
SHOTS = os.environ.get("GEOENGAGE_SHOTS")
STORY = {
    "about": "A marketplace of forty small grocers in Riyadh, Dubai and Belgrade, each with its own brand and app. New"
    " ones open, so all of it grows faster than any store does: the growth of the same stores is told apart.",
    "campaign_id": "01a2258d-9bef-708a-8e97-f61b9695d72b",
    "lines": [
        {"what": "weekend: buy within the window", "planted": "+14.2 of 100",
         "found": "+12.8 of 100 (+5.2 of 100 to +20.4 of 100)", "holds": True},
        {"what": "growth a month, same 14 stores, SAR", "planted": "+6.0 %", "found": "+5.9 % (+3.2 % to +8.6 %)",
         "holds": True},
        {"what": "growth a month, same 8 stores, RSD", "planted": "+9.0 %", "found": "+2.0 % (+1.0 % to +3.0 %)",
         "holds": False},
    ],
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told(demo: Demo, demo_env: dict[str, str]) -> AsyncIterator[None]:
    """The shared demo has a tale for a while."""
    engine = create_async_engine(demo_env["GEOENGAGE_DATABASE_URL"], connect_args=DRIVER)
    tenant_id = TenantId(UUID(demo.state["tenant_id"]))
    for story in (STORY, None):
        async with make_sessions(engine)() as session, session.begin():
            await put_story(session, tenant_id, story)
        if story is not None:
            yield
    await engine.dispose()


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("is_phone", "scheme"), [(False, "light"), (True, "light"), (True, "dark")], ids=["laptop", "phone", "phone-dark"]
)
async def test_planted_stands_beside_found(open_page: OpenPage, is_phone: bool, scheme: Any) -> None:
    page = await open_page("/overview", is_phone=is_phone)
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    story = page.get_by_test_id("story")
    await expect(story).to_contain_text("forty small grocers")
    rows = story.locator("tbody tr")
    await expect(rows).to_have_count(3)
    await expect(rows.nth(1)).to_contain_text("+5.9 % (+3.2 % to +8.6 %)")
    await expect(rows.nth(1)).not_to_contain_text("does not hold")
    await expect(rows.nth(2)).to_contain_text("does not hold what was planted")
    await expect(story.get_by_role("link", name="What the campaign brought")).to_have_attribute(
        "href", f"/proof?id={STORY['campaign_id']}"
    )
    found = await faults(page, "story")
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/story-{'phone' if is_phone else 'laptop'}-{scheme}.png", full_page=True)
    assert not found

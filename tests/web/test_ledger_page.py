"""The ledger of messages in Chromium: filters, counts by reason, dead letters tried again; laptop and phone."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
from playwright.async_api import expect
from sqlalchemy.engine import make_url

from geoengage.kit.clock import utc_now
from geoengage.kit.ids import new_id
from tests.web.conftest import OpenPage
from tests.web.console import MARKS, Demo, settled, toast
from tests.web.test_look import faults

pytestmark = MARKS
DEAD = """
INSERT INTO message (tenant_id, id, device_id, person_id, campaign_id, purpose, channels, channel, passed_over,
  status, reason, blockers, gates, title, body, data, collapse_key, attempts, never_repeat,
  provider_answer, created_at, expires_at)
SELECT tenant_id, %(id)s, NULL, %(person)s, id, 'marketing', '{email}', 'email', '{viber:session_limit}',
  %(status)s, %(reason)s, '{}', '{tenant}', 'Nothing came of it', 'The mail server refused it.', '{}', 'k', 1,
  %(never)s, '550 5.7.1 not today', now(), %(ends)s
FROM campaign WHERE id = %(campaign)s
"""


@pytest_asyncio.fixture(loop_scope="session")
async def dead(demo: Demo, demo_env: dict[str, str]) -> AsyncIterator[str]:
    """Three messages of a campaign that failed for good, one of which may have arrived; the campaign's id."""
    body = {"name": "Refused", "trigger": {"kind": "api"}, "title": "Hi", "body": "Hello.", "channels": ["email"]}
    made: dict[str, Any] = await demo.api("POST", "/v1/campaigns", body)
    url = make_url(demo_env["GEOENGAGE_DATABASE_URL"]).set(drivername="postgresql")
    rows = [("failed", "content_refused", False), ("failed", "content_refused", False), ("unknown", "no_answer", True)]
    async with await psycopg.AsyncConnection.connect(url.render_as_string(hide_password=False)) as connection:
        for status, reason, never in rows:
            values = {"status": status, "reason": reason, "never": never, "campaign": UUID(made["id"])}
            ids = {"id": new_id(), "person": new_id(), "ends": utc_now() + timedelta(days=1)}
            await connection.execute(DEAD, values | ids)
    yield made["id"]
    await demo.api("DELETE", f"/v1/campaigns/{made['id']}")


@pytest.mark.usefixtures("message")
async def test_filters_and_counts(open_page: OpenPage) -> None:
    page = await open_page("/messages")
    count = page.get_by_test_id("message-count").filter(has_text="held back")
    await count.first.get_by_role("link").click()
    await expect(page.get_by_test_id("filter-status")).to_have_value("skipped")
    await settled(page)
    rows = page.get_by_test_id("message-row")
    assert await rows.count() == await rows.filter(has_text="Held back").count() > 0
    await page.get_by_test_id("filter-since").select_option("24")
    await expect(page).to_have_url(re.compile("since=24"))
    await rows.first.get_by_test_id("same-person").click()
    await expect(page).to_have_url(re.compile("pseudonym="))
    await expect(rows.first).to_be_visible()
    await page.get_by_test_id("everybody").click()
    await expect(page.get_by_test_id("everybody")).to_have_count(0)


@pytest.mark.parametrize("is_phone", [False, True], ids=["laptop", "phone"])
async def test_dead_letters_are_tried_again(is_phone: bool, open_page: OpenPage, demo: Demo, dead: str) -> None:
    page = await open_page("/messages", is_phone=is_phone)
    await page.get_by_test_id("dead-letters").click()
    await page.get_by_test_id("filter-campaign").select_option(dead)
    rows = page.get_by_test_id("message-row")
    await expect(rows).to_have_count(3)
    await expect(rows.get_by_test_id("passed-over").first).to_contain_text("Not by Viber: Viber takes no more messages")
    await expect(rows.get_by_role("link", name="Why?")).to_have_count(0)  # no device, so there is no way to tell
    await expect(rows.filter(has_text="must never arrive twice").get_by_test_id("retry-one")).to_have_count(0)
    found = await faults(page, "dead letters")
    await rows.get_by_test_id("retry-one").first.click()
    await expect(toast(page, "It waits to be sent again")).to_be_visible()
    await expect(rows).to_have_count(2)
    await page.get_by_test_id("retry-all").click()
    await page.get_by_test_id("confirm").click()
    await expect(toast(page, "1 waits to be sent again. Left as they are: 1 may have arrived.")).to_be_visible()
    await expect(rows).to_have_count(1)
    left = await demo.api("GET", f"/v1/messages?dead=true&campaign_id={dead}")
    assert [each["status"] for each in left["items"]] == ["unknown"]
    assert found == []

"""What the worker's upkeep forgets of events: message ids and refusals after seven days, whoever's they are."""

from datetime import timedelta

from sqlalchemy import text

from geoengage.ingest.store import delete_old_rejections, insert_rejections
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.profiles.store import claim_message_ids, forget_message_ids
from tests.factories import make_world

WEEK = timedelta(days=7)


async def test_message_ids_are_unique_for_a_week(session: Session) -> None:
    tenant_id, now = (await make_world(session)).tenant_id, utc_now()

    async def claim(days_ago: float, *ids: str) -> set[str]:
        return await claim_message_ids(session, tenant_id, ids, is_claim=False, now=now - timedelta(days=days_ago))

    assert await claim(8, "old") == {"old"}
    assert await claim(6, "young", "old") == {"young"}
    await forget_message_ids(session, now - WEEK)
    assert await claim(0, "old", "young") == {"old"}


async def test_refusals_are_listed_for_a_week(session: Session) -> None:
    tenant_id, now = (await make_world(session)).tenant_id, utc_now()
    for days in (8, 6):
        refused = [("no_type", None, f"of {days} days ago", None)]
        await insert_rejections(
            session, tenant_id, new_id(), refused, is_kept=False, now=now - timedelta(days=days)
        )  # fmt: skip
    await delete_old_rejections(session, now - WEEK)
    left = await session.execute(text("SELECT name FROM event_rejection"))
    assert left.scalars().all() == ["of 6 days ago"]

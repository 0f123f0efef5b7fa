"""Messages that name products: each person's own with consent, what is popular without, nothing where there is none."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from geoengage.campaigns.jobs import advance_once, start_due_once
from geoengage.campaigns.models import Campaign, JourneyEntry
from geoengage.campaigns.moves import on_moves
from geoengage.campaigns.reaction import on_zone_events
from geoengage.kit.db import Session, Sessions
from geoengage.kit.events import Recorded
from geoengage.kit.ids import new_id
from geoengage.recommendations import jobs
from geoengage.segments.models import Segment, SegmentMember
from tests.campaign_rows import NOON, Ledger, make_device, make_mall, make_zone
from tests.factories import World, make_world
from tests.shop_rows import make_shop

BODY = (
    "{{ recommendations.due[0].name | default: 'Nothing due' }}, {{ recommendations.usual[0].name | default: '-' }},"
    " {{ recommendations.popular[0].name | default: '-' }}"
)


@pytest.mark.parametrize(
    ("consent", "told"),
    [("granted", "Soap, Bread, Bread"), ("denied", "Nothing due, -, Bread")],
)
async def test_who_gets_which_words(session: Session, sessions: Sessions, consent: str, told: str) -> None:
    world = await make_world(session)
    await _with_campaign(session, sessions, world, consent)
    rows = await session.execute(text("SELECT body FROM message WHERE tenant_id = :t"), {"t": world.tenant_id})
    assert rows.scalars().all() == [told]


async def test_who_enters_a_segment_is_told_their_own(session: Session, sessions: Sessions) -> None:
    world = await make_world(session)
    shop = await make_shop(session, world)
    await jobs.fit_once(sessions)
    owner = {"profile_id": shop.anna.profile_id, "identifier_id": shop.anna.identifier_id}
    await make_device(session, world, personalisation="granted", **owner)
    segment = Segment(
        tenant_id=world.tenant_id, id=new_id(), name="S", definition={}, version=1, live_definition={}, live_version=1,
        status="ready", size=1, description="",
    )  # fmt: skip
    session.add(segment)
    await session.flush()
    session.add(
        SegmentMember(tenant_id=world.tenant_id, segment_id=segment.id, profile_id=shop.anna.profile_id, since=NOON)
    )
    session.add(
        Campaign(
            tenant_id=world.tenant_id, id=new_id(), store_id=shop.store_id, name="C", status="active",
            trigger_kind="segment", trigger_zone_ids=[], trigger_store_ids=[], trigger_segment_id=segment.id,
            title="Hello", body=BODY, definition={"quiet_hours": "ignore"},
        )
    )  # fmt: skip
    await session.commit()
    payload = {
        "type": "segment.entered", "segment_id": str(segment.id), "profile_id": str(shop.anna.profile_id),
        "at": NOON.isoformat(), "version": 1,
    }  # fmt: skip
    await on_moves(session, world.tenant_id, [Recorded(1, "segment.entered", NOON, payload)], NOON)
    await session.commit()
    await start_due_once(sessions, NOON)
    rows = await session.execute(text("SELECT body FROM message WHERE tenant_id = :t"), {"t": world.tenant_id})
    assert rows.scalars().all() == ["Soap, Bread, Bread"]


UNGUARDED = "{{ recommendations.due[0].name }}"


@pytest.mark.parametrize(
    ("consent", "body", "strict", "told"),
    [
        ("granted", BODY, False, "Soap, Bread, Bread"),
        ("denied", BODY, False, "Nothing due, -, Bread"),
        ("granted", UNGUARDED, True, "Soap"),
        ("denied", UNGUARDED, True, "[blank]"),
        (None, BODY, True, "Nothing due, -, Bread"),
    ],
)
async def test_steps_of_a_journey_recommend_under_the_same_guards(
    session: Session, sessions: Sessions, consent: str | None, body: str, strict: bool, told: str
) -> None:
    """Own products with consent, popular ones without, also to who has no phone; in strict mode rather nothing."""
    world = await make_world(session)
    shop = await make_shop(session, world)
    await jobs.fit_once(sessions)
    owner = {"profile_id": shop.anna.profile_id, "identifier_id": shop.anna.identifier_id}
    if consent is not None:
        await make_device(session, world, personalisation=consent, **owner)
    steps = [{"kind": "message", "id": "one", "title": "Hello", "body": body}]
    definition = {"quiet_hours": "ignore", "steps": steps, "strict": strict, "channels": ["email", "push"]}
    campaign = Campaign(
        tenant_id=world.tenant_id, id=new_id(), store_id=shop.store_id, name="C", status="active",
        trigger_kind="api", trigger_zone_ids=[], trigger_store_ids=[], title="Hello", body=body,
        definition=definition,
    )  # fmt: skip
    session.add(campaign)
    await session.flush()
    session.add(
        JourneyEntry(
            tenant_id=world.tenant_id, campaign_id=campaign.id, id=new_id(), profile_id=shop.anna.profile_id,
            entered_at=NOON, wake_at=NOON, alone=True,
        )
    )  # fmt: skip
    await session.commit()
    await advance_once(sessions, NOON)
    rows = await session.execute(text("SELECT body, reason FROM message WHERE tenant_id = :t"), {"t": world.tenant_id})
    assert [said if reason is None else f"[{reason}]" for said, reason in rows] == [told]


async def _with_campaign(session: Session, sessions: Sessions, world: World, consent: str) -> None:
    """Somebody of the shop's regulars walks into the zone of a campaign."""
    shop = await make_shop(session, world)
    await jobs.fit_once(sessions)
    mall = await make_mall(session, world)
    zone = await make_zone(session, world, store_id=shop.store_id, mall_id=mall)
    owner = {"profile_id": shop.anna.profile_id, "identifier_id": shop.anna.identifier_id}
    device = await make_device(session, world, personalisation=consent, **owner)
    session.add(
        Campaign(
            tenant_id=world.tenant_id, id=new_id(), store_id=shop.store_id, name="C", status="active",
            trigger_kind="entered", trigger_zone_ids=[zone], trigger_store_ids=[], title="Hello", body=BODY,
            definition={"quiet_hours": "ignore"},
        )
    )  # fmt: skip
    await session.flush()
    entered = await Ledger(session, world).entered(device, zone)
    await on_zone_events(session, world.tenant_id, [entered], NOON + timedelta(seconds=1))

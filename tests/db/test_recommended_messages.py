"""Messages that name products: each person's own with consent, what is popular without, nothing where there is none."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from geoengage.campaigns.models import Campaign
from geoengage.campaigns.reaction import on_zone_events
from geoengage.kit.db import Session, Sessions
from geoengage.kit.ids import new_id
from geoengage.recommendations import jobs
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

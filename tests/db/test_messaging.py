"""Writing drafts, budgets, gates and reactions. What the worker makes of them: test_messaging_delivery.py."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select, text

from geoengage.kit import events
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.event_base import Recorded
from geoengage.kit.ids import new_id
from geoengage.messaging import service, store
from geoengage.messaging.models import Gate, Message, MessageDue, SendKey
from geoengage.messaging.rules import Draft, MessageChanged, Send, campaign_gate, zone_gate
from geoengage.venues.rules import VenueChange, VenueChanged
from tests.factories import World, make_world

NOW = utc_now().replace(microsecond=0)


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


def draft(**over: object) -> Draft:
    device = new_id()
    values: dict[str, object] = {
        "device_id": device, "person_id": device, "campaign_id": new_id(), "zone_id": new_id(), "zone_version": 3,
        "visit_id": new_id(), "title": "Hoi", "body": "Kaffee", "data": {"link": "https://a"}, "collapse_key": "k",
        "expires_at": NOW + timedelta(minutes=10), "occurrence": new_id(),
    } | over  # fmt: skip
    return Draft(**values)  # type: ignore[arg-type]


async def ledger(session: Session, world: World) -> list[MessageChanged]:
    rows = await events.read(session, world.tenant_id, 0, 100)
    return [r.as_(MessageChanged) for r in rows if r.type == "message.changed"]


async def test_enqueue_writes_message_due_row_key_budget_and_event(session: Session, world: World) -> None:
    queued = draft(gates=("campaign:a",), timezone="Asia/Tokyo")
    skipped = draft(blockers=("cap", "no_consent"))
    ids = await service.enqueue(session, world.tenant_id, [queued, skipped], NOW)

    rows = {m.device_id: m for m in (await session.execute(select(Message))).scalars()}
    message = rows[queued.device_id]
    assert (message.status, message.reason, message.gates) == ("queued", None, ["campaign:a", "tenant"])
    assert (message.timezone, message.zone_version, message.attempts) == ("Asia/Tokyo", 3, 0)
    assert (message.created_at, message.channel, message.data) == (NOW, None, {"link": "https://a"})
    other = rows[skipped.device_id]
    assert (other.status, other.reason, other.blockers) == ("skipped", "no_consent", ["no_consent", "cap"])
    assert set(ids) == {message.id, other.id}
    due = (await session.execute(select(MessageDue))).scalars().all()
    assert [(d.message_id, d.due_at, d.lease) for d in due] == [(message.id, NOW, None)]
    assert [(e.status, e.reason) for e in await ledger(session, world)] == [("queued", None), ("skipped", "no_consent")]
    budgets = await service.lock_budgets(session, world.tenant_id, [queued.person_id, skipped.person_id], NOW)
    assert budgets[queued.person_id].last_send(queued.campaign_id) == NOW
    assert budgets[skipped.person_id].sends == ()


async def test_the_same_occurrence_is_decided_once(session: Session, world: World) -> None:
    first = draft()
    again = replace(first, body="another text")
    other_step = replace(first, step="reminder")
    assert len(await service.enqueue(session, world.tenant_id, [first, again], NOW)) == 1
    assert await service.enqueue(session, world.tenant_id, [again], NOW) == []
    assert len(await service.enqueue(session, world.tenant_id, [other_step], NOW)) == 1
    assert len((await session.execute(select(SendKey))).scalars().all()) == 2
    assert await service.enqueue(session, world.tenant_id, [], NOW) == []


async def test_budgets_are_made_spent_refunded_and_forgotten(session: Session, world: World) -> None:
    person, campaign = new_id(), new_id()
    assert (await service.lock_budgets(session, world.tenant_id, [person, person], NOW))[person].sends == ()
    assert await service.lock_budgets(session, world.tenant_id, [], NOW) == {}
    old, recent = NOW - timedelta(days=32), NOW - timedelta(hours=1)
    await store.spend_budgets(session, world.tenant_id, [(person, Send(campaign, new_id(), old))], old)
    for at in (recent, NOW):
        await service.enqueue(session, world.tenant_id, [draft(person_id=person, campaign_id=campaign)], at)
    budget = (await service.lock_budgets(session, world.tenant_id, [person], NOW))[person]
    assert [s.at for s in budget.sends] == [recent, NOW]
    await store.refund_budgets(session, world.tenant_id, [person], [budget.sends[1].message_id])
    budget = (await service.lock_budgets(session, world.tenant_id, [person], NOW))[person]
    assert [s.at for s in budget.sends] == [recent]
    assert budget.sends_since(NOW - timedelta(days=1), campaign) == 1


async def test_gates_hurry_only_what_waits_behind_them(session: Session, world: World) -> None:
    campaign, later = new_id(), NOW + timedelta(minutes=5)
    behind, beside, taken = draft(gates=(campaign_gate(campaign),)), draft(), draft(gates=(campaign_gate(campaign),))
    await service.enqueue(session, world.tenant_id, [behind, beside, taken], NOW)
    await session.execute(text("UPDATE message_due SET due_at = :later"), {"later": later})
    by_device = {m.device_id: m.id for m in (await session.execute(select(Message))).scalars()}
    await session.execute(
        text("UPDATE message_due SET lease = :lease WHERE message_id = :id"),
        {"lease": new_id(), "id": by_device[taken.device_id]},
    )
    for _ in range(2):  # idempotent
        await service.close_gate(session, world.tenant_id, campaign_gate(campaign), "paused", NOW)
    session.expire_all()
    due = {d.message_id: d.due_at for d in (await session.execute(select(MessageDue))).scalars()}
    assert due[by_device[behind.device_id]] == NOW
    assert due[by_device[beside.device_id]] == later
    assert due[by_device[taken.device_id]] == later  # its lease is left alone
    gates = (await session.execute(select(Gate))).scalars().all()
    assert [(g.key, g.reason) for g in gates] == [(campaign_gate(campaign), "paused")]
    await service.open_gate(session, world.tenant_id, campaign_gate(campaign))
    assert (await session.execute(select(Gate))).scalars().all() == []


async def test_reactions_hurry_by_visit_and_by_device(session: Session, world: World) -> None:
    left, withdrew, granted = draft(), draft(), draft()
    await service.enqueue(session, world.tenant_id, [left, withdrew, granted], NOW)
    later = NOW + timedelta(minutes=5)
    await session.execute(text("UPDATE message_due SET due_at = :later"), {"later": later})
    await service.on_zone_exited(
        session, world.tenant_id, [Recorded(1, "zone.exited", NOW, {"visit_id": str(left.visit_id)})], NOW
    )
    consents = [
        Recorded(2, "consent.changed", NOW, {"device_id": str(withdrew.device_id), "status": "denied"}),
        Recorded(3, "consent.changed", NOW, {"device_id": str(granted.device_id), "status": "granted"}),
    ]
    await service.on_consent_changed(session, world.tenant_id, consents, NOW)
    rows = await session.execute(
        text("SELECT device_id FROM message m JOIN message_due d ON d.message_id = m.id WHERE d.due_at = :now"),
        {"now": NOW},
    )
    assert set(rows.scalars()) == {left.device_id, withdrew.device_id}


async def test_a_zones_gate_follows_its_publication(session: Session, world: World) -> None:
    zone = new_id()

    async def told(*what: VenueChange) -> set[str]:
        recorded = [
            Recorded(n, "venue.changed", NOW, msgspec.to_builtins(VenueChanged(zone_id=zone, mall_id=None, what=w)))
            for n, w in enumerate(what)
        ]
        await service.on_venue_changed(session, world.tenant_id, recorded, NOW)
        return set((await session.execute(select(Gate.key))).scalars())

    assert await told(VenueChange.ZONE_UNPUBLISHED) == {zone_gate(zone)}
    assert await told(VenueChange.ZONE_CHANGED) == {zone_gate(zone)}
    assert await told(VenueChange.ZONE_PUBLISHED) == set()
    assert await told(VenueChange.ZONE_PUBLISHED, VenueChange.ZONE_DELETED) == {zone_gate(zone)}
    mall = Recorded(9, "venue.changed", NOW, {"zone_id": None, "mall_id": str(new_id()), "what": "mall_changed"})
    await service.on_venue_changed(session, world.tenant_id, [mall], NOW)


async def test_another_tenant_is_untouched(session: Session, world: World) -> None:
    other = await make_world(session)
    shared = draft(gates=("campaign:x",))
    await service.enqueue(session, world.tenant_id, [shared], NOW)
    await service.enqueue(session, other.tenant_id, [shared], NOW)
    await service.close_gate(session, other.tenant_id, "campaign:x", "paused", NOW)
    mine = (await service.lock_budgets(session, world.tenant_id, [shared.person_id], NOW))[shared.person_id]
    await store.refund_budgets(session, other.tenant_id, [shared.person_id], [mine.sends[0].message_id])
    claim = await store.claim_due_messages(
        session, world.tenant_id, new_id(), NOW, until=NOW + timedelta(seconds=30), limit=10
    )
    assert [(m.id, m.closed_gates) for m in claim.messages] == [(mine.sends[0].message_id, [])]

"""Zone events in, messages out: the reaction of campaigns on real PostGIS."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event as listen
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from geoengage.campaigns import store
from geoengage.campaigns.counts import Addressed, Whose, count_reach
from geoengage.campaigns.models import Campaign
from geoengage.campaigns.reaction import on_zone_events
from geoengage.campaigns.rules import (
    AttributeTest,
    Cap,
    Content,
    Definition,
    InSegment,
    Op,
    Status,
    TriggerKind,
    in_audience,
    status_at,
)
from geoengage.campaigns.store import Filter
from geoengage.kit.db import Session
from geoengage.kit.events import Recorded
from geoengage.kit.ids import new_id
from geoengage.messaging import store as messaging
from geoengage.messaging.models import Message
from geoengage.messaging.rules import Purpose
from geoengage.presence.rules.events import NOT_WALKED
from geoengage.profiles import store as profiles
from geoengage.segments.models import Segment, SegmentMember
from tests.campaign_rows import NOON, Ledger, make_device, make_mall, make_profile, make_store, make_zone
from tests.factories import World, make_world
from tests.unit.test_campaigns_rules import AUDIENCES

SOON = NOON + timedelta(seconds=1)


@dataclass
class Mall:
    """A tenant with a mall, a café in it with a published zone, and one consenting device of Mia's."""

    session: Session
    world: World
    mall_id: UUID
    store_id: UUID
    zone_id: UUID
    profile_id: UUID
    device_id: UUID
    ledger: Ledger

    async def campaign(self, status: str = "active", **over: object) -> UUID:
        """A campaign for everybody who enters the café's zone."""
        own = {name: over.pop(name) for name in list(over) if name in Definition.__struct_fields__}
        values: dict[str, object] = {
            "name": "Cup", "store_id": self.store_id, "kind": TriggerKind.ENTERED, "zone_ids": (self.zone_id,),
            "store_ids": (), "title": "Hi {{ first_name }}",
            "body": "{{ store.name }}, {{ zone.name }}, {{ mall.name }}",
            "valid_from": None, "valid_to": None,
            "definition": Definition(**({"cooldown_s": 0} | own)),
        } | over  # fmt: skip
        row = await store.insert_campaign(self.session, self.world.tenant_id, new_id(), Content(**values), NOON)
        await store.set_campaign(self.session, self.world.tenant_id, row, NOON, status=status)
        return row.id

    async def react(self, *recorded: Recorded) -> None:
        await on_zone_events(self.session, self.world.tenant_id, recorded, SOON)

    async def messages(self) -> Sequence[Message]:
        rows = await self.session.execute(
            text("SELECT * FROM message WHERE tenant_id = :t ORDER BY campaign_id, event_id"),
            {"t": self.world.tenant_id},
        )
        return rows.all()  # type: ignore[return-value]

    async def outcomes(self) -> list[tuple[str, str | None]]:
        return sorted(((m.status, m.reason) for m in await self.messages()), key=str)


@pytest.fixture
async def mall(session: Session) -> Mall:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    store_id = await make_store(session, world, mall_id=mall_id)
    zone_id = await make_zone(session, world, store_id=store_id, mall_id=mall_id)
    profile_id = await make_profile(session, world)
    device_id = await make_device(session, world, profile_id=profile_id)
    return Mall(session, world, mall_id, store_id, zone_id, profile_id, device_id, Ledger(session, world))


async def test_an_entry_becomes_a_message(mall: Mall) -> None:
    campaign_id = await mall.campaign()
    entered = await mall.ledger.entered(mall.device_id, mall.zone_id)
    await mall.react(entered)
    (message,) = await mall.messages()
    assert (message.status, message.reason, message.blockers) == ("queued", None, [])
    assert (message.title, message.body) == ("Hi Mia", "Café, Front, Mall")
    assert (message.device_id, message.person_id) == (mall.device_id, mall.profile_id)
    assert (message.campaign_id, message.store_id, message.zone_id) == (campaign_id, mall.store_id, mall.zone_id)
    assert message.zone_version == 1
    assert str(message.event_id) == entered.payload["id"]
    assert message.gates == sorted([f"campaign:{campaign_id}", f"zone:{mall.zone_id}", "tenant"])
    assert message.expires_at == NOON + timedelta(minutes=10)
    assert message.timezone == "Europe/Zurich"
    due = await mall.session.execute(text("SELECT message_id FROM message_due"))
    assert message.id in due.scalars().all()
    told = await mall.session.execute(
        text("SELECT payload FROM ledger WHERE tenant_id = :t AND type = 'message.changed'"),
        {"t": mall.world.tenant_id},
    )
    assert [p["message_id"] for p in told.scalars()] == [str(message.id)]


async def test_the_same_event_again_sends_nothing_more(mall: Mall) -> None:
    await mall.campaign()
    entered = await mall.ledger.entered(mall.device_id, mall.zone_id)
    await mall.react(entered, entered)
    await mall.react(entered)
    assert await mall.outcomes() == [("queued", None)]


@pytest.mark.parametrize(
    "status, over",
    [
        ("draft", {}),
        ("in_review", {}),
        ("paused", {}),
        ("rejected", {}),
        ("active", {"valid_from": NOON + timedelta(hours=1)}),
        ("active", {"valid_to": SOON}),
        ("active", {"kind": TriggerKind.DWELLED, "dwell_s": 60}),
        ("active", {"audience": AttributeTest("tier", Op.EQ, "gold")}),
    ],
)
async def test_what_starts_nothing(mall: Mall, status: str, over: dict[str, object]) -> None:
    await mall.campaign(status, **over)
    await mall.react(await mall.ledger.entered(mall.device_id, mall.zone_id))
    assert await mall.outcomes() == []


async def test_a_deleted_campaign_and_a_deleted_device_start_nothing(mall: Mall) -> None:
    gone = await store.get_campaign(mall.session, mall.world.tenant_id, await mall.campaign())
    await store.set_campaign(mall.session, mall.world.tenant_id, gone, NOON, deleted_at=NOON)
    await mall.react(await mall.ledger.entered(mall.device_id, mall.zone_id))
    await mall.campaign()
    await mall.react(await mall.ledger.entered(new_id(), mall.zone_id))
    assert await mall.outcomes() == []


async def test_dwell_and_store_triggers(mall: Mall) -> None:
    await mall.campaign(kind=TriggerKind.DWELLED, dwell_s=60)
    await mall.campaign(zone_ids=(), store_ids=(mall.store_id,))
    parking = await make_zone(mall.session, mall.world, store_id=mall.store_id, kind="parking")
    await mall.react(
        await mall.ledger.dwelled(mall.device_id, mall.zone_id, 60),
        await mall.ledger.dwelled(mall.device_id, mall.zone_id, 60, by_silence=True),
        await mall.ledger.entered(mall.device_id, parking),
    )
    assert await mall.outcomes() == [("queued", None)]
    await mall.react(await mall.ledger.entered(mall.device_id, mall.zone_id))
    assert await mall.outcomes() == [("queued", None)] * 2


@pytest.mark.parametrize(
    "device, happened, campaign, expected",
    [
        ({"marketing_push": "denied"}, {}, {}, ("skipped", "no_consent")),
        ({"marketing_push": "denied"}, {}, {"purpose": Purpose.SERVICE}, ("queued", None)),
        ({}, {"late": True}, {}, ("skipped", "late")),
        ({}, {"at": NOON - timedelta(minutes=30)}, {}, ("skipped", "late")),
        ({}, {"exited_at": NOON}, {}, ("skipped", "visit_ended")),
    ],
)
async def test_what_is_held_back_is_recorded(
    mall: Mall,
    device: dict[str, object],
    happened: dict[str, object],
    campaign: dict[str, object],
    expected: tuple[str, str | None],
) -> None:
    await mall.campaign(**campaign)
    device_id = await make_device(mall.session, mall.world, **device)
    await mall.react(await mall.ledger.entered(device_id, mall.zone_id, **happened))
    assert await mall.outcomes() == [expected]


async def test_history_sets_nothing_off(mall: Mall) -> None:
    await mall.campaign()
    long_ago = await mall.ledger.entered(mall.device_id, mall.zone_id, at=NOON - timedelta(minutes=61))
    await mall.react(replace(long_ago, recorded_at=NOON))
    assert await mall.outcomes() == [], "nobody waits for what follows from it"
    await mall.react(replace(long_ago, recorded_at=NOON - timedelta(minutes=2)))
    assert await mall.outcomes() == [("skipped", "late")], "recorded in time, decided late: that is told"


async def test_a_suppressed_person_and_all_blockers(mall: Mall) -> None:
    await mall.campaign(cap=Definition().cap)
    profile_id = await make_profile(mall.session, mall.world, suppressed_at=NOON)
    device_id = await make_device(mall.session, mall.world, profile_id=profile_id, marketing_push="denied")
    await mall.react(await mall.ledger.entered(device_id, mall.zone_id, late=True))
    (message,) = await mall.messages()
    assert message.reason == "no_consent"
    assert message.blockers == ["no_consent", "suppressed", "late"]


@pytest.mark.parametrize("together", [True, False])
async def test_caps_count_within_a_batch_as_between_batches(mall: Mall, together: bool) -> None:
    await mall.campaign(cooldown_s=60)
    other_device = await make_device(mall.session, mall.world, profile_id=mall.profile_id)
    events = [
        await mall.ledger.entered(mall.device_id, mall.zone_id),
        await mall.ledger.entered(other_device, mall.zone_id, at=NOON + timedelta(milliseconds=5)),
        await mall.ledger.entered(await make_device(mall.session, mall.world), mall.zone_id),
    ]
    for batch in [events] if together else [[e] for e in events]:
        await mall.react(*batch)
    # Two devices are one person: the second message is too soon, and over the cap of one a day. A stranger gets his.
    assert await mall.outcomes() == [("queued", None), ("queued", None), ("skipped", "cooldown")]
    (held,) = [m for m in await mall.messages() if m.status == "skipped"]
    assert held.blockers == ["cooldown", "cap"]
    assert held.device_id == other_device


async def test_the_tenants_cap_counts_all_campaigns(mall: Mall) -> None:
    await mall.session.execute(text("UPDATE tenant SET daily_cap = 2 WHERE id = :t"), {"t": mall.world.tenant_id})
    ids = [await mall.campaign() for _ in range(3)]
    await mall.react(await mall.ledger.entered(mall.device_id, mall.zone_id))
    found = {m.campaign_id: m.reason for m in await mall.messages()}
    assert set(found) == set(ids)
    assert sorted(map(str, found.values())) == ["None", "None", "outranked"]  # of three at once one is too many
    await mall.react(await mall.ledger.entered(mall.device_id, mall.zone_id))
    assert sum("budget" in m.blockers for m in await mall.messages()) == 3


async def test_test_devices_are_never_held_out(mall: Mall) -> None:
    await mall.session.execute(
        text("UPDATE tenant SET holdout_percent = 50 WHERE id = :t"), {"t": mall.world.tenant_id}
    )
    await mall.campaign()
    tests = [await make_device(mall.session, mall.world, is_test=True) for _ in range(8)]
    real = [await make_device(mall.session, mall.world) for _ in range(24)]
    await mall.react(*[await mall.ledger.entered(d, mall.zone_id) for d in tests + real])
    reasons = {m.device_id: m.reason for m in await mall.messages()}
    assert {reasons[d] for d in tests} == {None}
    assert {reasons[d] for d in real} == {None, "holdout"}


async def test_personalisation_decides_over_name_and_attributes(mall: Mall) -> None:
    await mall.campaign(fallback_name="friend")
    gold = await mall.campaign(audience=AttributeTest("tier", Op.EQ, "gold"))
    profile_id = await make_profile(mall.session, mall.world, first_name="Noa", attributes={"tier": "gold"})
    for personalisation in ("granted", "denied"):
        device_id = await make_device(mall.session, mall.world, profile_id=profile_id, personalisation=personalisation)
        await mall.session.execute(text("DELETE FROM person_budget"))
        await mall.react(await mall.ledger.entered(device_id, mall.zone_id))
    titles = [(m.campaign_id == gold, m.title) for m in await mall.messages()]
    assert sorted(titles) == [(False, "Hi Noa"), (False, "Hi friend"), (True, "Hi Noa")]


async def test_a_broken_text_stops_no_other_campaign(mall: Mall) -> None:
    broken, fine = await mall.campaign(), await mall.campaign()
    await mall.session.execute(text("UPDATE campaign SET body = '{{ gone' WHERE id = :id"), {"id": broken})
    mall.session.expire_all()
    await mall.react(await mall.ledger.entered(mall.device_id, mall.zone_id))
    found = {m.campaign_id: (m.status, m.reason) for m in await mall.messages()}
    assert found == {broken: ("misconfigured", "bad_template"), fine: ("queued", None)}


async def test_hours_are_those_of_the_mall_else_the_store_else_the_tenant(mall: Mall) -> None:
    far = "Pacific/Auckland"
    street = await make_store(mall.session, mall.world, timezone=far)
    zones = {
        "Europe/Zurich": mall.zone_id,
        far: await make_zone(mall.session, mall.world, store_id=street),
        "Asia/Tokyo": await make_zone(mall.session, mall.world),
    }
    await mall.session.execute(
        text("UPDATE tenant SET timezone = 'Asia/Tokyo' WHERE id = :t"), {"t": mall.world.tenant_id}
    )
    for name, zone_id in zones.items():
        local = SOON.astimezone(ZoneInfo(name))
        span = {"start": f"{local:%H:%M}", "end": f"{local + timedelta(minutes=1):%H:%M}"}
        id_ = await mall.campaign(zone_ids=(zone_id,))
        await mall.session.execute(
            text("UPDATE campaign SET definition = definition || jsonb_build_object('hours', CAST(:h AS jsonb))"
                 " WHERE id = :id"),
            {"h": str(span).replace("'", '"'), "id": id_},
        )  # fmt: skip
    mall.session.expire_all()
    await mall.react(*[await mall.ledger.entered(mall.device_id, z) for z in zones.values()])
    assert await mall.outcomes() == [("queued", None)] * 3


async def test_the_number_of_queries_does_not_grow_with_the_batch(mall: Mall, connection: AsyncConnection) -> None:
    await mall.campaign()
    await mall.campaign(audience=AttributeTest("tier", Op.EXISTS, False))
    counted = [0]

    def count(*_: object) -> None:
        counted[-1] += 1

    listen.listen(connection.sync_connection, "before_cursor_execute", count)
    for size in (1, 40):
        events = []
        for i in range(size):
            zone_id = await make_zone(mall.session, mall.world, store_id=mall.store_id) if i % 4 else mall.zone_id
            events.append(await mall.ledger.entered(await make_device(mall.session, mall.world), zone_id))
        counted.append(0)
        await mall.react(*events)
        counted.append(0)
    listen.remove(connection.sync_connection, "before_cursor_execute", count)
    assert counted[1] == counted[3] <= 14


async def test_another_tenants_campaigns_do_not_exist(mall: Mall, session: Session) -> None:
    await mall.campaign()
    stranger = await make_world(session)
    entered = await mall.ledger.entered(await make_device(session, stranger), mall.zone_id)
    await on_zone_events(session, stranger.tenant_id, [entered], SOON)
    assert await mall.outcomes() == []


# --- SQL that says the same as the rules ------------------------------------------------------------------------------


async def test_counting_an_audience_agrees_with_the_rule(mall: Mall) -> None:
    tenant_id = mall.world.tenant_id
    await mall.session.execute(text("DELETE FROM device WHERE tenant_id = :t"), {"t": tenant_id})
    for op, value, attributes, expected in AUDIENCES:
        audience = AttributeTest("tier", Op(op), value)
        profile_id = await make_profile(mall.session, mall.world, attributes=attributes)
        device_id = await make_device(mall.session, mall.world, profile_id=profile_id)
        person = (await profiles.list_recipients(mall.session, tenant_id, [device_id]))[device_id]
        key = Addressed(audience, is_marketing=True)
        reach = await count_reach(mall.session, tenant_id, [key], Whose(tests=None, preview=True))
        assert in_audience(audience, person) is expected, (op, value, attributes)
        assert reach[key].people == int(expected), (op, value, attributes)
        await mall.session.execute(text("DELETE FROM device WHERE id = :id"), {"id": device_id})


@pytest.mark.parametrize("personalisation", ["granted", "denied"])
@pytest.mark.parametrize("inside", [True, False])
async def test_members_of_a_segment_are_an_audience(mall: Mall, inside: bool, personalisation: str) -> None:
    """The reaction and the estimate agree: who is in the segment and agreed to personal content."""
    tenant_id = mall.world.tenant_id
    segment = Segment(tenant_id=tenant_id, id=new_id(), name="Regulars", definition={}, version=1, status="ready")
    mall.session.add(segment)
    await mall.session.flush()
    if inside:
        member = {"segment_id": segment.id, "profile_id": mall.profile_id, "since": NOON}
        mall.session.add(SegmentMember(tenant_id=tenant_id, **member))
    await mall.session.execute(
        text("UPDATE device SET personalisation = :p WHERE id = :id"), {"p": personalisation, "id": mall.device_id}
    )
    audience = InSegment(segment.id)
    await mall.campaign(audience=audience)
    await on_zone_events(mall.session, tenant_id, [await mall.ledger.entered(mall.device_id, mall.zone_id)], SOON)
    expected = inside and personalisation == "granted"
    sent = await mall.session.execute(text("SELECT count(*) FROM message WHERE tenant_id = :t"), {"t": tenant_id})
    assert sent.scalar() == int(expected)
    key = Addressed(audience, is_marketing=True)
    reach = await count_reach(mall.session, tenant_id, [key], Whose(tests=None, preview=True))
    assert reach[key].people == int(expected)


async def test_the_status_filter_agrees_with_the_rule(mall: Mall) -> None:
    times = (None, NOON - timedelta(hours=1), NOON, NOON + timedelta(hours=1))
    for status in ("draft", "in_review", "active", "paused", "rejected"):
        for valid_from in times:
            for valid_to in times:
                await mall.campaign(status, valid_from=valid_from, valid_to=valid_to)
    found: dict[UUID, Status] = {}
    for wanted in Status:
        rows = await store.list_campaigns(mall.session, mall.world.tenant_id, Filter(status=wanted), NOON, None, 500)
        found |= {row.id: wanted for row in rows}
    rows = await store.list_campaigns(mall.session, mall.world.tenant_id, Filter(), NOON, None, 500)
    assert found == {row.id: _status(row) for row in rows}
    assert len(found) == 80


def _status(row: Campaign) -> Status:
    return status_at(Status(row.status), row.valid_from, row.valid_to, NOON)


async def test_who_leaves_is_written_to_unless_nobody_walked(mall: Mall) -> None:
    campaign_id = await mall.campaign(kind=TriggerKind.EXITED, cap=Cap(20, 1))
    await mall.campaign(zone_ids=(mall.zone_id,))  # waits for somebody who comes in
    reasons = ("left", "silence", "phone_exit", "crossing", *sorted(NOT_WALKED))
    exits = {r: await mall.ledger.exited(mall.device_id, mall.zone_id, reason=r) for r in reasons}
    await mall.react(*exits.values())
    messages = {m.event_id: m for m in await mall.messages()}
    sent = {r for r in reasons if (m := messages.get(UUID(exits[r].payload["id"]))) and m.status == "queued"}
    assert sent == {"left", "silence", "phone_exit", "crossing"}
    assert {m.campaign_id for m in messages.values()} == {campaign_id}
    assert len(messages) == len(sent), "nothing is recorded about exits that nobody walked"

    claim = await messaging.claim_due_messages(
        mall.session, mall.world.tenant_id, new_id(), SOON, until=SOON + timedelta(seconds=30), limit=20
    )
    assert [m.visit_ended for m in claim.messages] == [False] * 4, "its end is what they are about"


async def test_the_end_of_a_visit_still_holds_back_the_others(mall: Mall) -> None:
    await mall.campaign()
    entered = await mall.ledger.entered(mall.device_id, mall.zone_id)
    await mall.react(entered)
    await mall.session.execute(
        text("UPDATE visit SET exited_at = :at WHERE id = :id"), {"at": SOON, "id": entered.payload["visit_id"]}
    )
    claim = await messaging.claim_due_messages(
        mall.session, mall.world.tenant_id, new_id(), SOON, until=SOON + timedelta(seconds=30), limit=20
    )
    assert [m.visit_ended for m in claim.messages] == [True]


async def test_an_exit_that_became_known_too_late_is_recorded_so(mall: Mall) -> None:
    await mall.campaign(kind=TriggerKind.EXITED)
    await mall.react(await mall.ledger.exited(mall.device_id, mall.zone_id, reason="silence", late=True))
    assert await mall.outcomes() == [("skipped", "late")]

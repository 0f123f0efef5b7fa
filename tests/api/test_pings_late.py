"""Late and offline pings over HTTP: the visit that they belong to is put right, and what was told is told anew."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from geoengage.kit.db import Session, Sessions, transaction
from geoengage.kit.ids import new_id
from geoengage.messaging import service as messaging
from geoengage.messaging.models import MessageDue
from geoengage.messaging.rules import Draft
from geoengage.messaging.store import claim_due_messages
from geoengage.presence.service import IndexCache, fire_timers
from geoengage.wiring import reactions
from geoengage.worker import react_once
from tests.factories import World, make_world
from tests.places import Phone, ago, make_phone, make_zone, ping, rows, send, square

OUT = 60.0


async def shop(session: Session, **rules: Any) -> tuple[World, Phone]:
    world = await make_world(session)
    await make_zone(session, world, square(), rules=rules)
    return world, await make_phone(session, world)


async def told(session: Session) -> list[tuple[Any, ...]]:
    return await rows(
        session,
        "SELECT payload->>'type', payload->>'reason', payload->'late' FROM ledger WHERE type LIKE 'zone.%'"
        " ORDER BY position",
    )


async def visits(session: Session, since: datetime) -> list[tuple[Any, ...]]:
    """Entered and exited as seconds since a moment, reason, mark and revision."""
    return await rows(
        session,
        "SELECT extract(epoch FROM entered_at - :since)::int, extract(epoch FROM exited_at - :since)::int, exit_reason,"
        " last_dwell_s, revision FROM visit ORDER BY entered_at",
        since=since,
    )


def walk(start: datetime, *steps: tuple[float, float], **over: Any) -> list[dict[str, Any]]:
    return [ping(start + timedelta(seconds=t), x, **over) for t, x in steps]


async def test_a_late_ping_splits_a_visit(client: httpx.AsyncClient, session: Session) -> None:
    world, phone = await shop(session, exit_s=15)
    start = ago(600)
    inside = walk(start, (0, 0), (10, 0), (20, 0), (100, 0), (110, 0), (120, OUT), (150, OUT), (180, OUT))
    await send(client, phone, *inside)
    assert await visits(session, start) == [(0, 120, "left", None, 0)]
    (first,) = await rows(session, "SELECT id FROM visit")
    await send(client, phone, *walk(start, (30, OUT), (50, OUT), (90, OUT)))
    assert await visits(session, start) == [(0, 30, "left", None, 1), (100, 120, "left", None, 0)]
    assert await rows(session, "SELECT id FROM visit WHERE revision = 1") == [first], "the first part keeps the id"
    assert [t[0] for t in await told(session)] == [
        "zone.entered", "zone.exited", "zone.revised", "zone.entered", "zone.exited"
    ]  # fmt: skip
    (event,) = (await client.get("/v1/zone-events", params={"kind": "revised"}, headers=world.sk_headers)).json()[
        "items"
    ]
    times = {name: event["details"][name]["exited_at"] for name in ("before", "visit")}
    assert datetime.fromisoformat(times["before"]) == start + timedelta(seconds=120)
    assert datetime.fromisoformat(times["visit"]) == start + timedelta(seconds=30)
    assert (event["details"]["revision"], event["reason"], event["late"]) == (1, "late_fixes", True)
    listed = (await client.get("/v1/visits", headers=world.sk_headers)).json()["items"]
    assert sorted(v["revision"] for v in listed) == [0, 1]


async def test_a_late_batch_joins_two_visits(client: httpx.AsyncClient, session: Session) -> None:
    _, phone = await shop(session, timeout_s=60, dwell_s=[90])
    start = ago(900)
    await send(client, phone, *walk(start, (0, 0), (10, 0)))
    await send(client, phone, *walk(start, (400, 0), (410, 0), (420, OUT), (460, OUT), (500, OUT)))
    before = await visits(session, start)
    assert [v[:3] for v in before] == [(0, 10, "silence"), (400, 420, "left")]
    (first,) = await rows(session, "SELECT id FROM visit ORDER BY entered_at LIMIT 1")
    await send(client, phone, *walk(start, *((t, 0) for t in range(20, 400, 20))))
    assert await visits(session, start) == [(0, 420, "left", 90, 1)]
    assert await rows(session, "SELECT id FROM visit") == [first], "the earliest id is kept"
    assert [t[0] for t in await told(session)][4:] == ["zone.retracted", "zone.revised", "zone.dwelled"]


async def test_verdicts_do_not_depend_on_the_order(client: httpx.AsyncClient, session: Session) -> None:
    """The fix that flew is known only by the one before it, which comes later."""
    world, _ = await shop(session)
    start = ago(100)
    path = walk(start, (0, 0), (5, 20_000), (10, 0), (20, 5))
    straight, turned = await make_phone(session, world), await make_phone(session, world)
    assert (await send(client, straight, *path))["rejected"] == [{"index": 1, "reason": "impossible_speed"}]
    assert (await send(client, turned, path[1]))["rejected"] == [], "alone it may well be true"
    answer = await send(client, turned, path[2], path[3])
    assert [r["reason"] for r in answer["rejected"]] == ["impossible_speed"] * 2
    assert (await send(client, turned, path[0]))["rejected"] == []
    for phone in (straight, turned):
        stored = await rows(session, "SELECT verdict FROM ping WHERE device_id = :d ORDER BY event_at", d=phone.id)
        assert stored == [(None,), ("impossible_speed",), (None,), (None,)]
        known = await rows(session, "SELECT kind, reason, at FROM zone_event WHERE device_id = :d", d=phone.id)
        assert known == [("entered", "whole_disc", start)]


async def test_a_ping_beside_a_timer_that_has_fired(
    client: httpx.AsyncClient, session: Session, sessions: Sessions
) -> None:
    """It is newer than all others, and older than what the clock has decided meanwhile."""
    world, phone = await shop(session, enter_s=10)
    start = ago(60)
    await send(client, phone, *walk(start, (0, 19)))
    async with transaction(sessions, world.tenant_id) as own:
        assert await fire_timers(own, world.tenant_id, IndexCache(), start + timedelta(seconds=30)) == 1
    assert [t[:2] for t in await told(session)] == [("zone.entered", "confirmed_by_time")]
    await send(client, phone, *walk(start, (8, OUT)))
    assert [t[:2] for t in await told(session)][1:] == [("zone.retracted", "late_fixes")]
    for table in (
        visits(session, start),
        rows(session, "SELECT FROM zone_occupant"),
        rows(session, "SELECT FROM timer"),
    ):
        assert await table == []


async def test_a_message_for_a_visit_that_never_was_is_not_sent(
    client: httpx.AsyncClient, session: Session, sessions: Sessions
) -> None:
    world, phone = await shop(session, enter_s=10)
    start = ago(60)
    await send(client, phone, *walk(start, (0, 19)))
    async with transaction(sessions, world.tenant_id) as own:
        await fire_timers(own, world.tenant_id, IndexCache(), start + timedelta(seconds=30))
    (visit_id,) = (await rows(session, "SELECT id FROM visit"))[0]
    message_id = await _wait_for_another_try(session, world, phone, visit_id)
    await send(client, phone, *walk(start, (8, OUT)))
    await react_once(sessions, reactions(IndexCache()))
    claim = await claim_due_messages(session, world.tenant_id, new_id(), ago(0), until=ago(-60), limit=10)
    assert [(m.id, m.visit_ended) for m in claim.messages] == [(message_id, True)]


async def test_a_checkpoint_is_where_it_begins_again(client: httpx.AsyncClient, session: Session) -> None:
    _, phone = await shop(session)
    start = ago(3_000)
    await send(client, phone, *walk(start, *((t, 0) for t in range(0, 2_800, 100))))
    times = [t for (t,) in await rows(session, "SELECT at FROM checkpoint ORDER BY at")]
    assert [(t - start).total_seconds() for t in times] == [800, 1_700, 2_600]
    assert await visits(session, start) == [(0, None, None, None, 0)]
    await send(client, phone, *walk(start, *((t, OUT) for t in range(1_810, 1_900, 10))))
    assert await visits(session, start) == [(0, 1_810, "left", None, 0), (1_900, None, None, None, 0)]
    later = [t for (t,) in await rows(session, "SELECT at FROM checkpoint ORDER BY at")]
    assert later[:2] == times[:2], "what was before it stays"
    (old,) = await rows(session, "SELECT state->'zones' FROM checkpoint ORDER BY at DESC LIMIT 1")
    ids = await rows(session, "SELECT id::text FROM visit WHERE exited_at IS NULL")
    assert [z["visit_id"] for z in old[0].values()] == [i for (i,) in ids], "later ones know the visit's new id"
    assert len(await rows(session, "SELECT FROM ping WHERE late")) == 9


async def _wait_for_another_try(session: Session, world: World, phone: Phone, visit_id: UUID) -> UUID:
    """A push for a visit that was tried once and waits for a minute."""
    draft = Draft(
        device_id=phone.id, person_id=phone.id, campaign_id=new_id(), zone_id=new_id(), zone_version=1,
        visit_id=visit_id, title="Hello", body="You are here", collapse_key="k", expires_at=ago(-600),
        occurrence=new_id(),
    )  # fmt: skip
    await messaging.lock_budgets(session, world.tenant_id, [draft.person_id], ago(0))
    (id_,) = await messaging.enqueue(session, world.tenant_id, [draft], ago(0))
    due = await session.get_one(MessageDue, (world.tenant_id, id_))
    due.due_at = ago(-60)
    await session.commit()
    return id_

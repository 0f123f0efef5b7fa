"""POST /v1/zones/preview: what it counts, whom it hides, and that the engine then records just that."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from geoengage.campaigns.models import Campaign
from geoengage.kit.db import Session, Sessions
from geoengage.kit.ids import new_id
from geoengage.presence.service import IndexCache, fire_timers
from geoengage.reports.drafts import as_published
from geoengage.reports.preview import Found, Question, look
from geoengage.tenancy.rules import KeyKind
from geoengage.venues.shapes import ZoneIn
from tests.campaign_rows import make_store
from tests.draft_zones import drawn
from tests.factories import World, make_key_row, make_world
from tests.places import Phone, make_mall, make_phone, make_zone, ping, rows, send, square

ZURICH = ZoneInfo("Europe/Zurich")


async def preview(
    client: httpx.AsyncClient, world: World, feature: dict[str, Any], headers: dict[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    """What a preview says; 200."""
    body = {"feature": feature} | more
    answer = await client.post("/v1/zones/preview", json=body, headers=headers or world.sk_headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def noon(days_ago: int) -> datetime:
    """Midday in Zurich so many days ago: far from the midnights that tell days apart."""
    at = datetime.now(ZURICH) - timedelta(days=days_ago)
    return at.replace(hour=12, minute=0, second=0, microsecond=0)


async def visit_once(client: httpx.AsyncClient, phone: Phone, at: datetime | None = None) -> None:
    """In for two minutes, and out again."""
    begin = at or noon(1)
    path = ((0, 0), (60, 0), (120, 0), (130, 100), (150, 100), (170, 100))
    await send(client, phone, *(ping(begin + timedelta(seconds=s), x) for s, x in path))


# --- the engine then records just that ----------------------------------------------------------------------------

RULES: list[dict[str, Any]] = [
    {},
    {"enter_s": 0, "exit_s": 0, "dwell_s": [20, 60]},
    {"crossing": True, "timeout_s": 60, "min_confidence": 0.3},
    {"single_fix": True, "min_confidence": 0.8, "exit_tolerance_m": 15, "exit_s": 60},
]


def random_walk(rng: random.Random, end: datetime) -> list[dict[str, Any]]:
    """A phone around the middle of the mall, with gaps, jumps, floors and accuracies of all sorts."""
    seconds, x, y = 0.0, rng.uniform(-40, 40), rng.uniform(-40, 40)
    level: int | None = rng.choice([0, 0, 0, 1, None])
    steps = []
    for _ in range(rng.randint(5, 60)):
        gap = rng.choice([1.0, 5.0, 10.0, 20.0, 45.0, rng.uniform(50, 500)])
        seconds += gap
        reach = min(1.5 * gap, 45.0)
        x = max(-50.0, min(50.0, x + rng.uniform(-reach, reach)))
        y = max(-50.0, min(50.0, y + rng.uniform(-reach, reach)))
        if rng.random() < 0.1:
            level = rng.choice([0, 0, 1, None])
        steps.append((seconds, x, y, rng.choice([3.0, 5.0, 8.0, 20.0, 60.0, None]), level))
    start = end - timedelta(seconds=seconds + rng.choice([0.5, 12.0, 400.0, 4_000.0]))
    return [ping(start + timedelta(seconds=s), x, y, accuracy_m=a, level=n) for s, x, y, a, n in steps]


async def post_and_tick(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone, walk: list[dict[str, Any]], end: datetime
) -> None:
    """Post a walk in pieces; a worker comes by after each at that time, and at the end."""
    rng, indexes, rest = random.Random(len(walk)), IndexCache(), list(walk)
    while rest:
        piece, rest = rest[: (n := rng.randint(1, 25))], rest[n:]
        await send(client, phone, *piece)
        moment = datetime.fromisoformat(rest[0]["at"]) - timedelta(milliseconds=1) if rest else end
        while await fire_timers(session, world.tenant_id, indexes, moment):
            await session.commit()
        await session.commit()


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: "-".join(rules) or "defaults")
async def test_the_engine_records_what_the_preview_said(
    client: httpx.AsyncClient, app: FastAPI, session: Session, sessions: Sessions, rules: dict[str, Any]
) -> None:
    """Ten walks are stored, previewed, and walked again by fresh phones once the draft is published."""
    end = datetime.now(UTC)
    world = await make_world(session, is_demo=True)
    mall_id = await make_mall(session, world)
    await make_zone(session, world, square(15), mall_id=mall_id, name="Another", rules={"crossing": True})
    walks = [random_walk(random.Random(f"{seed} {rules}"), end) for seed in range(10)]
    first = [await make_phone(session, world) for _ in walks]
    for phone, walk in zip(first, walks, strict=True):
        await send(client, phone, *walk)
    feature = drawn(square(half=25), mall_id, rules=rules)
    app.state.clock = lambda: end
    said = await preview(client, world, feature)
    zone = await as_published(session, world.tenant_id, ZoneIn.model_validate(feature), None, end)
    question = Question(world.tenant_id, zone, 7, end, is_demo=True)
    (found,) = [step async for step in look(sessions, question) if isinstance(step, Found)]

    zone_id = await publish(client, session, world, feature)
    again = [await make_phone(session, world) for _ in walks]
    for phone, walk in zip(again, walks, strict=True):
        await post_and_tick(client, session, world, phone, walk, end)
    recorded = await rows(
        session, "SELECT device_id, entered_at, exited_at, exit_reason FROM visit WHERE zone_id = :z", z=zone_id
    )
    number = {phone.id: n for phones in (first, again) for n, phone in enumerate(phones)}
    expected = [(number[v.device_id], v.entered_at, v.exited_at, v.exit_reason) for v in found.visits]
    assert sorted(expected, key=str) == sorted(((number[d], *rest) for d, *rest in recorded), key=str)
    assert len(recorded) >= 3, "otherwise this shows little"
    assert said["visits"] == len(recorded) == sum(day["visits"] for day in said["by_day"])
    assert said["people"] == len({d for d, *_ in recorded})
    marks = await rows(session, "SELECT kind, dwell_s, at FROM zone_event WHERE zone_id = :z", z=zone_id)
    told = [(t.kind, t.dwell_s, t.at) for some in found.transitions.values() for t in some]
    assert sorted(told, key=str) == sorted(marks, key=str)


async def publish(client: httpx.AsyncClient, session: Session, world: World, feature: dict[str, Any]) -> UUID:
    """Save and publish a drawn zone, in force since yesterday."""
    made = (await client.post("/v1/zones", json=feature, headers=world.sk_headers)).json()
    answer = await client.post(f"/v1/zones/{made['id']}/publish", headers=world.sk_headers)
    assert answer.status_code == 200, answer.text
    await session.execute(
        text("UPDATE zone_version SET effective_from = effective_from - interval '1 day' WHERE zone_id = :id"),
        {"id": made["id"]},
    )
    await session.execute(text("UPDATE venue_epoch SET n = n + 1"))
    await session.commit()
    return UUID(made["id"])


async def test_a_preview_writes_nothing(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, is_demo=True)
    await visit_once(client, await make_phone(session, world))
    assert (await preview(client, world, drawn(square())))["visits"] == 1
    written = "SELECT FROM zone UNION ALL SELECT FROM visit UNION ALL SELECT FROM timer UNION ALL SELECT FROM message"
    assert await rows(session, written) == []


async def test_an_edit_stands_in_for_its_own_published_version(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, is_demo=True)
    zone_id = await make_zone(session, world, square(), name="Old")
    await visit_once(client, await make_phone(session, world))
    moved = await preview(client, world, drawn(square(60)), zone_id=str(zone_id))
    assert moved["visits"] == 0
    assert moved["overlaps"] == []
    unrelated = await preview(client, world, drawn(square(10)))
    assert [(o["zone_id"], o["name"], o["share"]) for o in unrelated["overlaps"]] == [(str(zone_id), "Old", 0.75)]


async def test_who_was_inside_already_did_not_come_in(
    client: httpx.AsyncClient, app: FastAPI, session: Session
) -> None:
    world = await make_world(session, is_demo=True)
    midnight = noon(1).replace(hour=0)
    app.state.clock = lambda: midnight + timedelta(minutes=30)
    phone = await make_phone(session, world)
    await send(client, phone, *(ping(midnight + timedelta(seconds=s), 0) for s in range(-120, 121, 30) if s))
    assert (await preview(client, world, drawn(square()), days=1))["visits"] == 0
    both = await preview(client, world, drawn(square()), days=2)
    assert [day["visits"] for day in both["by_day"]] == [1, 0]


# --- whom it hides ------------------------------------------------------------------------------------------------


async def test_fewer_than_ten_people_are_not_told_of(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    for n in (8, 1, 1):
        for _ in range(n):
            await visit_once(client, await make_phone(session, world))
        count = (await rows(session, "SELECT count(DISTINCT device_id) FROM ping"))[0][0]
        answer = await preview(client, world, drawn(square()), days=7)
        told = 10 if count == 10 else None
        assert (answer["visits"], answer["people"], answer["devices_looked_at"]) == (told, told, told)
        assert [day["visits"] for day in answer["by_day"]] == [0, 0, 0, 0, 0, told, 0]
        assert answer["hidden"] == (0 if told else 1)
        assert (answer["dwell"]["median_s"] is None) is (told is None)


async def test_many_visits_of_few_people_are_not_told_of(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    phone = await make_phone(session, world)
    for minutes in range(0, 240, 20):
        await visit_once(client, phone, noon(1) + timedelta(minutes=minutes))
    answer = await preview(client, world, drawn(square()))
    assert (answer["visits"], answer["people"]) == (None, None)


async def test_two_devices_of_one_person_are_one(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    for _ in range(10):
        await visit_once(client, await make_phone(session, world))
    some = await rows(session, "SELECT id FROM device LIMIT 2")
    for (device_id,) in some:
        answer = await client.post(
            f"/v1/devices/{device_id}/link", json={"external_id": "mia"}, headers=world.sk_headers
        )
        assert answer.status_code == 200, answer.text
    assert (await preview(client, world, drawn(square())))["visits"] is None, "nine people with ten devices"


async def test_a_hidden_day_cannot_be_worked_out(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    phones = [await make_phone(session, world) for _ in range(12)]
    for phone in phones:
        await visit_once(client, phone, noon(4))
    for phone in phones[:3]:
        await visit_once(client, phone, noon(2))
    answer = await preview(client, world, drawn(square()))
    assert [day["visits"] for day in answer["by_day"]] == [0, 0, 12, 0, None, 0, 0]
    assert answer["hidden"] == 1
    assert answer["visits"] is None, "less the twelve it would tell the three"
    for phone in phones[3:]:
        await visit_once(client, phone, noon(2))
    answer = await preview(client, world, drawn(square()))
    assert (answer["visits"], answer["hidden"]) == (24, 0)


async def test_test_devices_count_in_demos_only(client: httpx.AsyncClient, session: Session) -> None:
    for is_demo in (False, True):
        world = await make_world(session, is_demo=is_demo)
        for _ in range(10):
            await visit_once(client, await make_phone(session, world, is_test=True))
        assert (await preview(client, world, drawn(square())))["visits"] == (10 if is_demo else 0)


async def test_without_consent_nobody_counts(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    phones = [await make_phone(session, world) for _ in range(11)]
    for phone in phones:
        await visit_once(client, phone)
    assert (await preview(client, world, drawn(square())))["visits"] == 11
    for phone in phones[:2]:
        consents = {"location": "denied", "text_version": "1", "source": "settings"}
        await client.put("/v1/devices/me/consents", json=consents, headers=phone.headers)
    assert (await preview(client, world, drawn(square())))["visits"] is None


async def test_another_tenants_pings_are_not_seen(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session, is_demo=True), await make_world(session, is_demo=True)
    await visit_once(client, await make_phone(session, other))
    answer = await preview(client, world, drawn(square()))
    assert (answer["visits"], answer["devices_looked_at"]) == (0, 0)


async def test_a_sensitive_zone_has_no_visits(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, is_demo=True)
    await visit_once(client, await make_phone(session, world))
    answer = await preview(client, world, drawn(square(), sensitivity="health"))
    assert answer["visits"] == 0
    assert "anonymous totals" in answer["note"]


# --- messages -----------------------------------------------------------------------------------------------------


async def make_campaign(session: Session, world: World, name: str, **over: Any) -> UUID:
    values: dict[str, Any] = {
        "status": "active", "trigger_kind": "entered", "trigger_zone_ids": [], "trigger_store_ids": [],
        "definition": {}, "title": "t", "body": "b", "store_id": None,
    } | over  # fmt: skip
    row = Campaign(tenant_id=world.tenant_id, id=new_id(), name=name, **values)
    session.add(row)
    await session.commit()
    return row.id


async def test_what_campaigns_would_have_sent(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    store_id = await make_store(session, world)
    zone_id = await make_zone(session, world, square(200), store_id=store_id)
    await make_campaign(session, world, "Welcome", trigger_zone_ids=[zone_id], definition={"cap": {"count": 1}})
    await make_campaign(session, world, "Store", trigger_store_ids=[store_id], definition={"cap": {"count": 2}})
    await make_campaign(session, world, "Gold", trigger_zone_ids=[zone_id], definition={"audience": GOLD})
    await make_campaign(session, world, "Paused", trigger_zone_ids=[zone_id], status="paused")
    waits = {"trigger_kind": "dwelled", "trigger_zone_ids": [zone_id], "definition": {"dwell_s": 60}}
    await make_campaign(session, world, "Stay", **waits)
    for n in range(12):
        consent = "denied" if n < 2 else "granted"
        phone = await make_phone(session, world, marketing_push=consent)
        await visit_once(client, phone)
        await visit_once(client, phone, noon(1) + timedelta(minutes=90))
    feature = drawn(square(), store_id=str(store_id), rules={"dwell_s": [60]})
    messages = (await preview(client, world, feature, zone_id=str(zone_id)))["messages"]
    sent = {c["name"]: c["would_send"] for c in messages["by_campaign"]}
    assert sent == {"Welcome": 10, "Store": 20, "Gold": 0, "Stay": 10}, "once a day, twice, nobody, at the first mark"
    assert messages["would_send"] == 40
    new = (await preview(client, world, feature))["messages"]
    assert {c["name"]: c["would_send"] for c in new["by_campaign"]} == {"Store": 20}, "a new zone of the store"


GOLD = {"kind": "attribute", "name": "tier", "op": "eq", "value": "gold"}


# --- how it answers -----------------------------------------------------------------------------------------------


async def test_progress_line_by_line(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, is_demo=True)
    for _ in range(12):
        await visit_once(client, await make_phone(session, world))
    headers = world.sk_headers | {"Accept": "application/x-ndjson"}
    answer = await client.post("/v1/zones/preview", json={"feature": drawn(square())}, headers=headers)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["progress"] for line in lines[:-1]] == [{"done": 10, "total": 12}, {"done": 12, "total": 12}]
    assert lines[-1]["result"] == await preview(client, world, drawn(square())) | {"to": lines[-1]["result"]["to"]}
    wrong = await client.post("/v1/zones/preview", json={"feature": {}}, headers=headers)
    assert wrong.status_code == 422


async def test_bounds(client: httpx.AsyncClient, session: Session, sessions: Sessions) -> None:
    world = await make_world(session, is_demo=True)
    for _ in range(4):
        await visit_once(client, await make_phone(session, world))
    now = datetime.now(UTC)
    zone = await as_published(session, world.tenant_id, ZoneIn.model_validate(drawn(square())), None, now)
    expected = {(4, 24): (4, True), (3, 24): (3, False), (4, 23): (0, False)}
    for (devices, pings), answer in expected.items():
        question = Question(world.tenant_id, zone, 7, now, is_demo=True, most_devices=devices, most_pings=pings)
        (found,) = [step async for step in look(sessions, question) if isinstance(step, Found)]
        assert (len(found.visits), found.complete) == answer


async def test_a_shop_previews_its_own_zones_only(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, is_demo=True)
    own, other = await make_store(session, world), await make_store(session, world)
    await make_zone(session, world, square(10), store_id=other, name="Theirs")
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[own])
    await session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    answer = await preview(client, world, drawn(square(), store_id=str(own)), headers)
    assert [(o["zone_id"], o["name"]) for o in answer["overlaps"]] == [(None, "another zone")]
    for feature in (drawn(square(), store_id=str(other)), drawn(square())):
        refused = await client.post("/v1/zones/preview", json={"feature": feature}, headers=headers)
        assert refused.status_code == 404, refused.text

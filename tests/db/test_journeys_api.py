"""Letting people in by a call, seeing where they stand, and trying a campaign on what has happened."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import func, select

from geoengage.campaigns.jobs import advance_once
from geoengage.campaigns.models import JourneyEntry
from geoengage.kit.db import Session, Sessions
from geoengage.kit.ids import new_id
from geoengage.messaging.models import Message
from tests.factories import make_world
from tests.journey_rows import Shop, hours

API = {"kind": "api"}


@pytest.fixture
async def shop(client: httpx.AsyncClient, session: Session, sessions: Sessions) -> Shop:
    return Shop(client, session, sessions, await make_world(session))


def say(title: str) -> dict[str, Any]:
    return {"kind": "message", "title": title, "body": "…"}


async def test_a_call_lets_people_in_once(shop: Shop) -> None:
    for name in ("Ana", "Ben"):
        await shop.person(name)
    made = await shop.campaign(API, title="{{ trigger.shoe }}, size {{ trigger.size }}", body="Back in stock")
    stranger = str(new_id())
    body = {
        "people": [
            {"profile_id": str(shop.people["Ana"]), "values": {"shoe": "Runner", "size": 42}},
            {"profile_id": stranger},
        ]
    }
    url = f"/v1/campaigns/{made['id']}/trigger"
    for _ in range(2):
        assert await shop.post(url, body, **{"Idempotency-Key": "a"}) == {
            "entered": 1, "not_entered": 0, "unknown": [stranger],
        }  # fmt: skip
    await advance_once(shop.sessions, datetime.now(UTC) + timedelta(seconds=1))
    assert await shop.texts() == {"Ana": ["Runner, size 42"]}
    other = await shop.client.post(
        url, json=body | {"people": body["people"][:1]}, headers=shop.world.sk_headers | {"Idempotency-Key": "a"}
    )
    assert other.status_code == 422
    await shop.post(f"/v1/campaigns/{made['id']}/pause")
    paused = await shop.client.post(url, json=body, headers=shop.world.sk_headers)
    assert (paused.status_code, paused.json()["type"].rpartition("/")[2]) == (409, "campaign-status")


async def test_what_is_missing_in_a_call_is_told_in_its_message_and_nobody_elses(shop: Shop) -> None:
    for name in ("Ana", "Ben"):
        await shop.person(name)
    made = await shop.campaign(API, title="{{ trigger.shoe }}")
    people = [{"profile_id": str(shop.people["Ana"]), "values": {"shoe": "Runner"}}]
    people.append({"profile_id": str(shop.people["Ben"]), "values": {}})
    await shop.post(f"/v1/campaigns/{made['id']}/trigger", {"people": people})
    await advance_once(shop.sessions, datetime.now(UTC) + timedelta(seconds=1))
    assert await shop.texts() == {"Ana": ["Runner"], "Ben": ["[bad_template]"]}


async def test_where_somebody_stands_in_sentences(shop: Shop) -> None:
    await shop.person("Ana", marketing_push="denied")
    made = await shop.campaign(API, steps=[say("One"), {"kind": "wait", "seconds": 3600}, say("Two")])
    await shop.post(f"/v1/campaigns/{made['id']}/trigger", {"people": [{"profile_id": str(shop.people["Ana"])}]})
    await advance_once(shop.sessions, datetime.now(UTC) + timedelta(seconds=1))
    url = f"/v1/campaigns/{made['id']}/entries?profile_id={shop.people['Ana']}"
    answer = await shop.client.get(url, headers=shop.world.sk_headers)
    (entry,) = answer.json()["items"]
    assert entry["step"] == "step-2"
    assert [each["text"] for each in entry["history"]] == [
        "“One” was not sent: This person has not agreed to get this, or has taken it back."
    ]
    assert entry["text"].startswith("This person is at step “step-2” until ")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"trigger": {"kind": "event"}}, "#/trigger"),
    ({"trigger": {"kind": "event", "event": {"name": ""}}}, "#/trigger/event/name"),
    ({"trigger": {"kind": "api", "event": {"name": "x"}}}, "#/trigger"),
    ({"trigger": {"kind": "schedule", "schedule": {"at": "25:00"}}}, "#/trigger/schedule/at"),
    ({"trigger": {"kind": "schedule", "schedule": {"at": "09:00", "on": "2026-12-24", "days": ["mon"]}}},
     "#/trigger/schedule"),
    ({"trigger": {"kind": "cart", "cart": {"after_minutes": 0}}}, "#/trigger/cart/after_minutes"),
    ({"steps": [{"kind": "wait", "seconds": 60}]}, "#/steps"),
    ({"steps": [{"kind": "wait", "seconds": 0}, say("x")]}, "#/steps/0/wait/seconds"),
    ({"steps": [say("x") | {"id": "a"}, say("x") | {"id": "a"}]}, "#/steps"),
    ({"steps": [say("{{ nothing }}") | {"id": "a"}]}, "#/steps/a/title"),
    ({"steps": [{"kind": "branch", "when": {"kind": "purchase"}}, say("x")]}, "#/steps/0/branch"),
    ({"steps": [{"kind": "wait_until", "at": "09:00", "day_part": "morning"}, say("x")]}, "#/steps/0/wait_until"),
    ({"steps": [{"kind": "branch", "when": {"kind": "segment", "segment_id": str(new_id())}, "then": [say("x")]}]},
     "#/steps/step-1/when/segment_id"),
    ({"reentry": {"kind": "after"}}, "#/reentry/days"),
    ({"exits": {"segment_id": str(new_id())}}, "#/exits/segment_id"),
    ({"priority": 0}, "#/priority"),
    ({"title": ""}, "#/title"),
]  # fmt: skip


@pytest.mark.parametrize(("over", "pointer"), WRONG)
async def test_what_is_refused_says_where(shop: Shop, over: dict[str, Any], pointer: str) -> None:
    body = {"name": "J", "title": "t", "body": "b", "trigger": API} | over
    answer = await shop.client.post("/v1/campaigns", json=body, headers=shop.world.sk_headers)
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]], answer.json()["errors"]


async def simulate(shop: Shop, campaign: dict[str, Any]) -> dict[str, Any]:
    return await shop.post(f"/v1/campaigns/{campaign['id']}/simulate", {})


async def test_a_simulation_tells_what_would_have_happened_and_writes_nothing(shop: Shop) -> None:
    now = datetime.now(UTC)
    for n in range(24):
        await shop.person(f"P{n}", marketing_push="denied" if n < 12 else "granted")
    looked = {"kind": "event", "event": {"name": "Product Viewed"}}
    made = await shop.campaign(
        looked, activate=False, steps=[say("One"), {"kind": "wait", "seconds": 86_400}, say("Two")],
        cap={"count": 1, "per_days": 30},
    )  # fmt: skip
    for n in range(24):
        at = now - timedelta(days=3, seconds=60 * n)
        await shop.did(f"P{n}", "Product Viewed", at=at)
        await shop.did(f"P{n}", "Product Viewed", at=at + hours(1))  # is in it already
        if n >= 12:
            await shop.ordered(f"P{n}", at=at + hours(2 if n < 13 else 30))
    rows = await shop.session.scalar(select(func.count()).select_from(JourneyEntry))
    found = await simulate(shop, made)
    assert (found["entered"], found["people"], found["is_whole"]) == (24, 24, True)
    assert found["not_entered"] == {"in_it": 24}
    one, two = found["steps"]
    assert (one["messages"], one["people"], one["skipped"]) == (12, 12, {"no_consent": 12})
    assert (two["messages"], two["skipped"]) == (0, {"cap": 11, "no_consent": 12})  # one had bought, of eleven cap
    assert found["ended"] == {"finished": 23} or found["ended"] == {"finished": 23, "bought": 1}
    assert sum(day["messages"] for day in found["days"]) == 12
    assert await shop.session.scalar(select(func.count()).select_from(JourneyEntry)) == rows
    assert not await shop.session.scalar(select(func.count()).select_from(Message))


async def test_a_simulation_takes_each_persons_own_best_hour(shop: Shop) -> None:
    """Who buys in the morning is written to in the morning: after noon that is the next day, before 17:30 of this."""
    zurich = ZoneInfo("Europe/Zurich")
    noon = (datetime.now(zurich) - timedelta(days=4)).replace(hour=12, minute=0, second=0, microsecond=0)
    for n in range(30):
        await shop.person(f"P{n}", timezone="Europe/Zurich")
        for days in (3, 8, 15, 22):
            await shop.ordered(f"P{n}", at=(noon - timedelta(days=days)).replace(hour=9, minute=n))
    made = await shop.campaign(
        {"kind": "event", "event": {"name": "Product Viewed"}},
        activate=False,
        steps=[{"kind": "wait_until", "best_hour": True}, say("Now")],
    )
    for n in range(30):
        await shop.did(f"P{n}", "Product Viewed", at=noon)
    found = await simulate(shop, made)
    assert found["notes"] == ["Each person’s best hour is the one that is known today."]
    by_day = {day["on"]: day["messages"] for day in found["days"]}
    assert by_day[str((noon + timedelta(days=1)).date())] >= 10
    assert by_day.get(str(noon.date())) is None, "a few people are written to at another hour, to learn"


async def test_a_simulation_of_few_people_tells_nothing(shop: Shop) -> None:
    for n in range(3):
        await shop.person(f"P{n}")
        await shop.ordered(f"P{n}", at=datetime.now(UTC) - timedelta(days=2))
    made = await shop.campaign({"kind": "order"}, activate=False)
    found = await simulate(shop, made)
    assert (found["entered"], found["people"]) == (None, None)
    assert [(step["messages"], step["people"], step["skipped"]) for step in found["steps"]] == [(None, None, {})]
    assert [day["messages"] for day in found["days"]] in ([None], [None, None])


async def test_simulations_of_the_calendar_and_of_moves_are_asked_for(shop: Shop) -> None:
    for n in range(10):
        await shop.person(f"P{n}", {"birthday": f"1990-{datetime.now(UTC) - timedelta(days=4):%m-%d}"})
    daily = await shop.campaign({"kind": "schedule", "schedule": {"at": "09:00"}}, activate=False)
    found = await simulate(shop, daily)
    assert found["people"] == 10
    assert found["entered"] in (300, 310)
    birthday = await shop.campaign({"kind": "date", "date": {"trait": "birthday"}}, activate=False)
    assert (await simulate(shop, birthday))["entered"] == 10
    cart = await shop.campaign({"kind": "cart"}, activate=False)
    assert (await simulate(shop, cart))["entered"] == 0
    called = await shop.campaign(API, activate=False)
    assert (await simulate(shop, called))["entered"] == 0

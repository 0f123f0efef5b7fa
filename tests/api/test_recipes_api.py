"""Recipes: what is told before one is switched on, what it makes, a person's way through it, and stopping it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import ANY
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import func, select, text

from geoengage.campaigns.models import JourneyEntry
from geoengage.experiments.rules import held_by_campaign
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.kit.settings import EmailSettings, FcmSettings, Settings, WorkerSettings
from geoengage.messaging.jobs import Deliverer
from geoengage.messaging.senders import open_senders
from geoengage.offers.models import CouponRow
from geoengage.tenancy.rules import KeyKind
from tests.api.test_content_api import make_desk
from tests.campaign_rows import make_store
from tests.db.test_messaging_delivery import Clock
from tests.factories import make_key_row, make_world
from tests.mailing import mail_sender
from tests.providers.fcm_server import FcmServer
from tests.providers.smtp_server import SmtpServer
from tests.recipe_rows import FAR_SLOWER, SLOWER, STOPPED, WEEKLY, Grocer

SETTINGS = {
    "discount_percent": 10, "discount_severe_percent": 15, "discount_gone_percent": 20, "days_between": 1,
    "max_discount_minor": 1000, "budget_minor": 50_000, "holdout_percent": 50,
}  # fmt: skip
ZURICH = ZoneInfo("Europe/Zurich")
ROLES: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "Mark": (SLOWER, {}),
    "Sven": (FAR_SLOWER, {}),
    "Mailed": (STOPPED, {"address": False}),
    "Buyer": (STOPPED, {}),
    "Held": (STOPPED, {}),
}


def not_now() -> dict[str, str]:
    """Hours that begin in an hour or two: so that nobody is due at once, at whatever hour the test runs."""
    hour = utc_now().astimezone(ZURICH).hour
    return {"hours_start": f"{(hour + 2) % 24:02}:00", "hours_end": f"{(hour + 20) % 24:02}:00"}


@pytest.fixture
async def grocer(client: httpx.AsyncClient, session: Session, sessions: Sessions) -> Grocer:
    return Grocer(client, session, sessions, await make_world(session, name="Corner shop"))


@pytest.fixture
async def clock() -> Clock:
    return Clock()


@pytest.fixture
async def worker(
    grocer: Grocer, clock: Clock, settings: Settings, smtp: SmtpServer, fcm: FcmServer, tmp_path: Path
) -> AsyncIterator[Deliverer]:
    """Sends by a push provider and a mail server on this machine."""
    account = fcm.write_credentials(tmp_path / "account.json")
    update = {
        "email": EmailSettings(allow_loopback=True, timeout_s=2),
        "fcm": FcmSettings(base_url=fcm.url, credentials_file=account),
        "public_url": "https://shop.example",
    }
    grocer.session.add(mail_sender(grocer.world, smtp.port, clock.now))
    await grocer.session.commit()
    async with open_senders(settings.model_copy(update=update), clock) as senders:
        yield Deliverer(grocer.sessions, senders, WorkerSettings(), clock=clock, jitter=lambda: 0.5)


async def test_people_climb_the_ladder(
    grocer: Grocer, worker: Deliverer, clock: Clock, smtp: SmtpServer, fcm: FcmServer
) -> None:
    """Reminder without an offer, then the offer by decline; by push, else by e-mail; out on purchase; holdout told."""
    await grocer.customer("Steady", *WEEKLY)
    await grocer.settle()
    settings = SETTINGS | not_now()
    told = await grocer.post("/recipes/win-back/preview", settings)
    assert (told["people"], [each["code"] for each in told["blocked_by"]]) == (
        0,
        ["no_push_sender", "nobody_now", "no_margin"],
    )
    campaign_id = UUID((await grocer.post("/recipes/win-back/launch", settings))["campaign_id"])
    await grocer.settle()

    def is_held(id_: UUID) -> bool:
        return held_by_campaign(campaign_id, id_, SETTINGS["holdout_percent"])

    for name, (days, how) in ROLES.items():
        await grocer.customer(name, *days, wanted=is_held if name == "Held" else lambda id_: not is_held(id_), **how)
    await grocer.settle()
    assert await grocer.entry("Steady") is None

    async def go(now: datetime) -> dict[str, list[tuple[str, str | None, str | None]]]:
        await grocer.advance(now)
        clock.now = now
        while await worker.deliver_once(grocer.world.tenant_id):
            pass
        found = {name: await grocer.messages(name) for name in ROLES}
        return {name: [(m.status, m.channel, m.reason) for m in messages] for name, messages in found.items()}

    assert await go(utc_now()) == {name: [] for name in ROLES}
    first = max([await grocer.due(name) for name in ROLES])
    assert first <= utc_now() + timedelta(days=1)
    pushed, mailed = ("sent", "fcm", None), ("sent", "email", None)
    not_sent = ("skipped", None, "holdout")
    assert await go(first) == {
        "Mark": [pushed],
        "Sven": [pushed],
        "Mailed": [mailed],
        "Buyer": [pushed],
        "Held": [not_sent],
    }
    for name in ROLES:
        (reminder,) = await grocer.messages(name)
        assert reminder.title.startswith("We have missed you")
        assert "Corner shop" in reminder.body
    assert (await grocer.session.scalars(select(CouponRow))).all() == [], "a reminder carries no offer"

    await grocer.buys("Buyer", at=first + timedelta(hours=1))
    await grocer.settle()
    assert await go(first + timedelta(days=1, hours=1)) == await go(first + timedelta(days=1, hours=1))
    buyer = await grocer.entry("Buyer")
    assert buyer is not None
    assert buyer.end_reason == "bought"
    second = max([await grocer.due(name) for name in ROLES if name != "Buyer"])
    assert await go(second) == {
        "Mark": [pushed] * 2, "Sven": [pushed] * 2, "Mailed": [mailed] * 2, "Buyer": [pushed], "Held": [not_sent] * 2,
    }  # fmt: skip
    coupons = {row.profile_id: row for row in await grocer.session.scalars(select(CouponRow))}
    sizes = {name: coupons[id_].size for name, id_ in grocer.people.items() if id_ in coupons}
    assert sizes == {"Mark": 10, "Sven": 15, "Mailed": 20}
    offer = (await grocer.messages("Mailed"))[1]
    assert offer.title == "For you: 20 % off at Corner shop"
    assert coupons[grocer.people["Mailed"]].code in offer.body
    assert len(smtp.mails) == 2
    assert {call.target for call in fcm.calls} == {f"phone of {name}" for name in ("Mark", "Sven", "Buyer")}


async def test_stopping_withdraws_what_waits_and_nothing_more_is_made(
    grocer: Grocer, worker: Deliverer, clock: Clock
) -> None:
    """By order, not by waiting: what was queued before the stop is claimed after it, and skipped for it."""
    for name in ("First", "Second"):
        await grocer.customer(name, *STOPPED)
    await grocer.settle()
    settings = {"holdout_percent": 0} | not_now()
    launched = await grocer.post("/recipes/win-back/launch", settings)
    await grocer.settle()
    await grocer.advance(utc_now())
    due = await grocer.due("First")
    later = due + timedelta(hours=1)
    await grocer.session.execute(
        text("UPDATE journey_entry SET due_at = :at, wake_at = :at WHERE profile_id = :id"),
        {"at": later, "id": grocer.people["Second"]},
    )
    await grocer.session.commit()
    await grocer.advance(due)
    (queued,) = await grocer.messages("First")
    assert queued.status == "queued"
    stopped = await grocer.post("/recipes/win-back/stop")
    assert [(each["id"], each["state"]) for each in stopped["items"]] == [(launched["id"], "stopped")]
    clock.now = due
    while await worker.deliver_once(grocer.world.tenant_id):
        pass
    (withdrawn,) = await grocer.messages("First")
    assert (withdrawn.status, withdrawn.reason, withdrawn.attempts) == ("skipped", "campaign_inactive", 0)
    await grocer.advance(later)
    assert await grocer.messages("Second") == [], "nobody gets anything new"
    assert (await grocer.recipe("win-back"))["state"] == "stopped"

    again = await grocer.post("/recipes/win-back/launch", settings)
    assert (again["id"], again["campaign_id"], again["state"]) == (launched["id"], launched["campaign_id"], "on")
    await grocer.advance(later + timedelta(seconds=1))
    assert [m.status for m in await grocer.messages("Second")] == ["queued"], "they go on where they stood"


async def test_two_stores_do_not_both_win_somebody_back(grocer: Grocer) -> None:
    """One ladder for a person in six months over all stores, told by a reason; afterwards the other may begin."""
    left, right = [await make_store(grocer.session, grocer.world, name=name) for name in ("Left", "Right")]
    for name, stores in {"Both": (left, right), "Lefty": (left,), "Righty": (right,)}.items():
        await grocer.customer(name)
        for store_id in stores:
            await grocer.buys(name, *STOPPED, store_id=store_id)
    await grocer.settle()
    settings = {"holdout_percent": 0, "days_between": 1} | not_now()
    for store_id in (left, right):
        launched = await grocer.post("/recipes/win-back/launch", settings | {"store_id": str(store_id)})
        campaign = await grocer.client.get(f"/v1/campaigns/{launched['campaign_id']}", headers=grocer.world.sk_headers)
        assert (campaign.json()["store_id"], campaign.json()["win_back"]) == (str(store_id), True)
    await grocer.settle()
    await grocer.advance(utc_now())
    waiting = select(func.min(JourneyEntry.wake_at)).where(JourneyEntry.ended_at.is_(None))
    while (now := await grocer.session.scalar(waiting)) is not None:
        await grocer.session.commit()
        await grocer.advance(now)
    heard = {name: await grocer.messages(name) for name in ("Both", "Lefty", "Righty")}
    ways = {name: sorted((m.store_id, m.reason) for m in told) for name, told in heard.items()}
    assert ways["Lefty"] == [(left, None)] * 2
    assert ways["Righty"] == [(right, None)] * 2
    (winner,) = {m.store_id for m in heard["Both"] if m.reason is None}
    loser = right if winner == left else left
    told = [(m.store_id, m.reason) for m in heard["Both"]]
    assert sorted(told, key=str) == sorted([(winner, None)] * 2 + [(loser, "cap")] * 2, key=str)
    coupons = [
        row for row in await grocer.session.scalars(select(CouponRow)) if row.profile_id == grocer.people["Both"]
    ]
    assert len(coupons) == 1, "and one offer"


async def test_it_is_made_once_and_changed_by_other_settings(grocer: Grocer) -> None:
    await grocer.customer("Mark", *STOPPED)
    await grocer.settle()
    first = await grocer.post("/recipes/win-back/launch")
    assert await grocer.post("/recipes/win-back/launch") == first | {"launched_at": ANY}
    headers = grocer.world.sk_headers
    for path in ("offers", "segments", "campaigns"):
        assert len((await grocer.client.get(f"/v1/{path}", headers=headers)).json()["items"]) == 1
    path = f"/v1/campaigns/{first['campaign_id']}"
    read = await grocer.client.get(path, headers=headers)
    steps = read.json()["steps"]
    steps[1]["title"] = "Hello again"
    tag = {"If-Match": read.headers["etag"]}
    assert (await grocer.client.patch(path, json={"steps": steps}, headers=headers | tag)).status_code == 200
    changed = await grocer.post("/recipes/win-back/launch", {"discount_gone_percent": 30, "days_between": 2})
    assert changed["campaign_id"] == first["campaign_id"]
    (offer,) = (await grocer.client.get("/v1/offers", headers=headers)).json()["items"]
    assert offer["tiers"]["gone"] == 30
    now = (await grocer.client.get(path, headers=headers)).json()
    assert [step.get("title") for step in now["steps"]][1] == "Hello again", "what somebody wrote stays"
    assert now["steps"][2]["seconds"] == 2 * 86_400
    plan = (await grocer.client.get(f"{path}/experiment", headers=headers)).json()
    assert plan["holdout_percent"] == 10
    assert (await grocer.client.delete(path, headers=headers)).status_code == 204
    assert (await grocer.recipe("win-back"))["state"] == "off"
    anew = await grocer.post("/recipes/win-back/launch")
    assert anew["campaign_id"] != first["campaign_id"]


async def test_people_cost_and_what_stands_in_the_way(grocer: Grocer) -> None:
    nothing = await grocer.post("/recipes/first-purchase/preview")
    assert [each["code"] for each in nothing["blocked_by"]] == ["no_currency"]
    refused = await grocer.post("/recipes/first-purchase/launch", status=409)
    assert refused["type"] == "/problems/recipe-blocked"
    assert refused["blocked_by"][0]["link"] == "/imports"
    for n in range(10):
        await grocer.customer(f"Pushed {n}", *((2, 9, 16) if n == 0 else ()))
    for n in range(12):
        await grocer.customer(f"Mailed {n}", address=False, push_provider=None, marketing_push="denied")
    await grocer.session.execute(
        text("UPDATE tenant SET holdout_percent = 0 WHERE id = :id"), {"id": grocer.world.tenant_id}
    )
    grocer.session.add(mail_sender(grocer.world, 25, utc_now()))
    await grocer.session.commit()
    await grocer.settle()
    settings = {"holdout_percent": 0, "discount_percent": 10}
    found = await grocer.post("/recipes/first-purchase/preview", settings)
    assert (found["people"], found["by_push"], found["by_email"]) == (21, None, None), "nine are not told"
    assert {each["code"] for each in found["blocked_by"]} == {
        "no_push_sender",
        "no_margin",
        "no_message_cost",
        "no_holdout",
    }
    cost = {"items": [{"channel": "email", "thousand_minor": 1000, "currency": "CHF"}]}
    await grocer.client.put("/v1/message-costs", json=cost, headers=grocer.world.sk_headers)
    found = await grocer.post("/recipes/first-purchase/preview", settings)
    assert found["cost"] == {
        "currency": "CHF", "messages_minor": 12, "incentives_most_minor": 21 * 400, "incentives_expected_minor": None,
    }  # fmt: skip
    floor = await grocer.post("/recipes/first-purchase/preview", settings | {"margin_floor_percent": 20})
    assert floor["blocked_by"][0] | {"text": ""} == {
        "code": "margin_for_floor", "text": "", "link": "/offers", "stops": True, "people": None,
    }  # fmt: skip
    await grocer.post("/recipes/first-purchase/preview", {"after_minutes": 60}, status=422)
    await grocer.post("/recipes/no-such/preview", status=404)


async def test_each_recipe_is_a_campaign_that_runs(grocer: Grocer) -> None:
    await grocer.customer("Mark", 3, 10, 17)
    await grocer.settle()
    headers = grocer.world.sk_headers
    reasons = {"first-purchase": "nobody_now", "second-item": "nobody_now", "abandoned-cart": "no_carts"}
    for key, reason in reasons.items():
        told = await grocer.post(f"/recipes/{key}/preview")
        assert (told["people"], reason in [each["code"] for each in told["blocked_by"]]) == (0, True)
    for key, kind in {"first-purchase": "segment", "second-item": "segment", "abandoned-cart": "cart"}.items():
        launched = await grocer.post(f"/recipes/{key}/launch")
        campaign = (await grocer.client.get(f"/v1/campaigns/{launched['campaign_id']}", headers=headers)).json()
        assert (campaign["status"], campaign["trigger"]["kind"]) == ("active", kind)
        assert campaign["channels"] == ["push", "email"]


async def test_a_shops_recipe_is_its_own_and_waits_for_approval(grocer: Grocer) -> None:
    await grocer.customer("Mark", 3, 10)
    await grocer.settle()
    await grocer.session.execute(
        text("UPDATE tenant SET review = 'always' WHERE id = :id"), {"id": grocer.world.tenant_id}
    )
    store_id, other = [await make_store(grocer.session, grocer.world, name=name) for name in ("Left", "Right")]
    key = await make_key_row(grocer.session, grocer.world.tenant_id, KeyKind.SECRET, store_ids=[store_id])
    await grocer.session.commit()
    shop = Grocer(grocer.client, grocer.session, grocer.sessions, replace(grocer.world, sk=key))
    await grocer.post("/recipes/win-back/launch")
    assert (await shop.recipe("win-back"))["launches"] == [], "the tenant's is none of the shop's"
    await shop.post("/recipes/win-back/preview", {"store_id": str(other)}, status=422)
    told = await shop.post("/recipes/win-back/preview")
    assert "review" in [each["code"] for each in told["blocked_by"]]
    launched = await shop.post("/recipes/win-back/launch")
    assert (launched["store_id"], launched["state"]) == (str(store_id), "in_review")
    assert len((await grocer.recipe("win-back"))["launches"]) == 2
    (stopped,) = (await shop.post("/recipes/win-back/stop"))["items"]
    assert (stopped["state"], stopped["campaign_id"]) == ("off", None)
    assert (await grocer.recipe("win-back"))["state"] == "on", "the tenant's runs on"


async def test_what_is_on_in_a_mall(client: httpx.AsyncClient, session: Session) -> None:
    desk = await make_desk(client, session)
    missing = await desk.call("POST", "/recipes/mall-zones/launch", {})
    assert missing.json()["blocked_by"][0]["code"] == "no_content"
    event = await desk.published(categories=["Books > Children"])
    promotion = await desk.published(kind="promotion", starts=None, ends=None)
    launched = []
    for item in (None, promotion["id"]):
        answer = await desk.call("POST", "/recipes/mall-zones/launch", {"content_id": item} if item else {})
        assert answer.status_code == 200, answer.text
        launched.append(answer.json())
    assert [each["content_id"] for each in launched] == [event["id"], promotion["id"]]
    kinds = []
    for each in launched:
        campaign = (await desk.call("GET", f"/campaigns/{each['campaign_id']}")).json()
        assert campaign["content_id"] == each["content_id"]
        kinds.append(campaign["trigger"]["kind"])
    assert kinds == ["schedule", "entered"]
    one = await desk.call("POST", "/recipes/mall-zones/stop", {"launch_id": launched[0]["id"]})
    assert [each["state"] for each in one.json()["items"]] == ["stopped"]
    (recipe,) = [
        each for each in (await desk.call("GET", "/recipes")).json()["items"] if each["recipe"] == "mall-zones"
    ]
    assert (recipe["state"], [each["state"] for each in recipe["launches"]]) == ("on", ["stopped", "on"])

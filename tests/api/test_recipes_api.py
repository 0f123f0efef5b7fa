"""Recipes: what is told before one is switched on, what it makes, a person's way through it, and stopping it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from geoengage.experiments.rules import held_by_campaign
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.kit.settings import EmailSettings, FcmSettings, Settings, WorkerSettings
from geoengage.messaging.jobs import Deliverer
from geoengage.messaging.senders import open_senders
from geoengage.offers.models import CouponRow
from tests.db.test_messaging_delivery import Clock
from tests.factories import make_world
from tests.mailing import mail_sender
from tests.providers.fcm_server import FcmServer
from tests.providers.smtp_server import SmtpServer
from tests.recipe_rows import FAR_SLOWER, SLOWER, STOPPED, WEEKLY, Grocer

SETTINGS = {
    "discount_percent": 10, "discount_severe_percent": 15, "discount_gone_percent": 20, "days_between": 1,
    "max_discount_minor": 1000, "budget_minor": 50_000, "holdout_percent": 50,
}  # fmt: skip
ROLES: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "Mark": (SLOWER, {}),
    "Sven": (FAR_SLOWER, {}),
    "Mailed": (STOPPED, {"address": False}),
    "Buyer": (STOPPED, {}),
    "Held": (STOPPED, {}),
}


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
    told = await grocer.post("/recipes/win-back/preview", SETTINGS)
    assert (told["people"], [each["code"] for each in told["blocked_by"]]) == (
        0,
        ["no_push_sender", "nobody_now", "no_margin"],
    )
    campaign_id = UUID((await grocer.post("/recipes/win-back/launch", SETTINGS))["campaign_id"])
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

"""Computed traits from orders, visits and nights: who gets which, only with consent, only where something changed."""

from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import select, text

from geoengage.commerce import service as commerce
from geoengage.commerce.rules import Channel, OrderIn
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.kit.event_base import Recorded
from geoengage.kit.ids import new_id
from geoengage.messaging import service as messaging
from geoengage.messaging.models import SendKey
from geoengage.metrics import jobs, service
from geoengage.metrics import store as metrics_store
from geoengage.metrics.rules import cell_of
from geoengage.presence.service import IndexCache
from geoengage.profiles import service as profiles
from geoengage.profiles import store
from geoengage.profiles.rules import Id, Kind, Proof
from geoengage.wiring import reactions
from geoengage.worker import react_once
from tests.api.test_devices_api import register
from tests.campaign_rows import make_store
from tests.db.test_messaging import draft
from tests.factories import World, make_world

ZURICH = ZoneInfo("Europe/Zurich")
GRANTED = {"location": "granted", "personalisation": "granted"}


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


async def customer(session: Session, world: World, name: str, **traits: Any) -> profiles.Resolved:
    now = utc_now()
    ids, how = [Id(Kind.EXTERNAL_ID, name)], {"source": "till", "proof": Proof.LINK}
    found = await profiles.resolve(session, world.tenant_id, ids, at=now, now=now, **how)  # type: ignore[arg-type]
    await profiles.set_traits(session, world.tenant_id, found.identifier_id, traits, at=now, now=now, **how)  # type: ignore[arg-type]
    return found


async def buys(session: Session, world: World, who: profiles.Resolved, store_id: UUID, hour: int, times: int) -> None:
    now = utc_now()
    for n in range(times):
        at = (now.astimezone(ZURICH) - timedelta(days=n + 1)).replace(hour=hour, minute=5)
        order = OrderIn(
            source="pos", external_id=str(new_id()), ordered_at=at, updated_at=at, currency="CHF", total_minor=100,
            subtotal_minor=100, store_id=store_id, channel=Channel.POS, identifier_id=who.identifier_id,
        )  # fmt: skip
        await commerce.record_order(session, world.tenant_id, order, now)
    await session.commit()


async def attributes(session: Session, world: World, who: profiles.Resolved) -> dict[str, Any]:
    return (await store.get_current(session, world.tenant_id, who.profile_id, None)).attributes


async def test_what_somebody_usually_does(session: Session, sessions: Sessions, world: World) -> None:
    first, second = await make_store(session, world), await make_store(session, world)
    born = utc_now().astimezone(ZURICH).date().replace(year=1990).isoformat()
    anna = await customer(session, world, "anna", birthday=born, preferred_channel="phone")
    ben = await customer(session, world, "ben")
    await buys(session, world, anna, first, 9, 2)
    await buys(session, world, anna, second, 18, 3)
    await buys(session, world, ben, first, 9, 2)
    assert await jobs.compute_traits_once(sessions, utc_now()) == 1
    age = utc_now().astimezone(ZURICH).year - 1990
    assert await attributes(session, world, anna) == {
        "birthday": born, "preferred_store": str(second), "preferred_hour": 18, "preferred_channel": "phone",
        "age_band": "35-44" if age < 45 else "45-54",
    }, "what a source said stands before what we computed"  # fmt: skip
    assert await attributes(session, world, ben) == {}
    history = await store.list_traits(session, world.tenant_id, anna.profile_id)
    assert {t.source for t in history if t.name == "preferred_store"} == {"computed"}
    assert await jobs.compute_traits_once(sessions, utc_now()) == 0
    await buys(session, world, ben, first, 10, 1)
    assert await jobs.compute_traits_once(sessions, utc_now()) == 1
    assert (await attributes(session, world, ben))["preferred_store"] == str(first)


async def test_only_those_with_news_are_looked_at(session: Session, sessions: Sessions, world: World) -> None:
    shop = await make_store(session, world)
    for name in ("anna", "ben"):
        await buys(session, world, await customer(session, world, name), shop, 9, 3)
    assert await jobs.compute_traits_once(sessions, utc_now()) == 2
    later = utc_now() + timedelta(hours=3)
    assert await jobs.compute_traits_once(sessions, later) == 0
    found = await metrics_store.list_changed(session, world.tenant_id, later - timedelta(hours=1), later, [])
    assert found == []


async def test_a_home_is_a_coarse_cell_and_goes_with_the_consent(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, world: World
) -> None:
    phone = await register(client, world, consents=GRANTED, timezone="Europe/Zurich")
    device_id = (await client.get("/v1/devices/me", headers=phone)).json()["device_id"]
    linked = await client.post(f"/v1/devices/{device_id}/link", json={"external_id": "anna"}, headers=world.sk_headers)
    profile_id = UUID(linked.json()["profile_id"])
    lon, lat = 8.5431, 47.3777
    tonight = utc_now().astimezone(ZURICH).replace(hour=1, minute=0, second=0)
    for n in range(1, 5):
        pings = [{"at": (tonight - timedelta(days=n)).isoformat(), "lon": lon, "lat": lat, "accuracy_m": 10}]
        answer = await client.post("/v1/pings", json={"pings": pings}, headers=phone)
        assert answer.json()["accepted"] == 1, answer.text
    await jobs.compute_traits_once(sessions, utc_now())
    person = await store.get_current(session, world.tenant_id, profile_id, None)
    assert person.attributes == {"home_area": cell_of(lon, lat)}
    assert str(lon) not in str(person.attributes)
    body = {"personalisation": "denied", "text_version": "1", "source": "settings"}
    assert (await client.put("/v1/devices/me/consents", json=body, headers=phone)).status_code == 200
    while await react_once(sessions, reactions(IndexCache())):
        pass
    person = await store.get_current(session, world.tenant_id, profile_id, None)
    assert person.attributes == {}


async def test_who_joins_has_the_habits_of_both(session: Session, sessions: Sessions, world: World) -> None:
    shop, other = await make_store(session, world), await make_store(session, world)
    anna, annie = await customer(session, world, "anna"), await customer(session, world, "annie")
    await buys(session, world, anna, shop, 9, 3)
    await buys(session, world, annie, other, 9, 4)
    await jobs.compute_traits_once(sessions, utc_now())
    now, ids = utc_now(), (anna.identifier_id, annie.identifier_id)
    joined = await profiles.merge(session, world.tenant_id, *ids, reason="one", now=now)
    await service.compute(session, world.tenant_id, [joined], now)
    assert (await attributes(session, world, anna))["preferred_store"] == str(other)
    _, apart = await profiles.unmerge(session, world.tenant_id, [annie.identifier_id], reason="two", now=now)
    await service.compute(session, world.tenant_id, [joined, *apart], now)
    assert (await attributes(session, world, anna))["preferred_store"] == str(shop)
    assert (await attributes(session, world, annie))["preferred_store"] == str(other)


async def test_caps_and_once_count_over_both_who_are_joined(session: Session, sessions: Sessions, world: World) -> None:
    anna, annie = await customer(session, world, "anna"), await customer(session, world, "annie")
    now, campaign = utc_now(), new_id()
    mine = draft(person_id=anna.profile_id, campaign_id=campaign)
    hers = draft(person_id=annie.profile_id, campaign_id=campaign)
    people = sorted([anna.profile_id, annie.profile_id])
    await messaging.lock_budgets(session, world.tenant_id, people, now)
    await messaging.enqueue(session, world.tenant_id, [mine, hers], now)
    event = {"profile_id": str(annie.profile_id), "into_id": str(anna.profile_id)}
    told = [Recorded(1, "profile.merged", now, event)]
    for _ in range(2):  # a crash repeats it
        await messaging.on_profile_merged(session, world.tenant_id, told, now)
    budgets = await messaging.lock_budgets(session, world.tenant_id, people, now)
    assert len(budgets[anna.profile_id].sends) == 2
    assert len(budgets[annie.profile_id].sends) == 1
    keys = await session.execute(select(SendKey.occurrence).where(SendKey.person_id == anna.profile_id))
    assert set(keys.scalars()) == {mine.occurrence, hers.occurrence}
    assert await messaging.enqueue(session, world.tenant_id, [draft(
        person_id=anna.profile_id, campaign_id=campaign, occurrence=hers.occurrence, step=hers.step
    )], now) == [], "it was decided about her already"  # fmt: skip
    gone = [Recorded(2, "profile.merged", now, event | {"into_id": str(new_id())})]
    await messaging.on_profile_merged(session, world.tenant_id, gone, now)
    count = await session.execute(text("SELECT count(*) FROM person_budget"))
    assert count.scalar_one() == 2

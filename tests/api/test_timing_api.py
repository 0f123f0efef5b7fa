"""Best hours and good times on real rows: purchases, visits and clicks count, machine opens do not; consent, quiet
hours, opening hours, day parts; a person's own clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import delete, text

from geoengage.commerce import service as commerce
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import derived_time_id, lowest_id, new_id
from geoengage.messaging.models import Message, Receipt
from geoengage.presence.models import Visit
from geoengage.profiles.service import Resolved
from geoengage.timing import service
from geoengage.timing.models import HourPrior
from geoengage.timing.rules import Window
from tests.campaign_rows import make_device, make_mall, make_store, make_zone
from tests.factories import World, make_world
from tests.people_rows import make_person
from tests.shop_rows import order_of

ZURICH = ZoneInfo("Europe/Zurich")
TODAY = utc_now().astimezone(ZURICH).replace(hour=0, minute=0, second=0, microsecond=0)


def local(hour: int, days_ago: int = 0, minute: int = 10) -> datetime:
    """That time in Zurich, so many days ago."""
    return (TODAY - timedelta(days=days_ago)).replace(hour=hour, minute=minute).astimezone(UTC)


@dataclass
class Desk:
    """A tenant in Zurich with quiet hours from 21 to 8, and people."""

    client: httpx.AsyncClient
    session: Session
    world: World
    number: int = 0

    async def person(self, **device: object) -> Resolved:
        self.number += 1
        found = await make_person(self.session, self.world, {"external_id": f"p{self.number}"})
        await make_device(self.session, self.world, profile_id=found.profile_id, **device)
        return found

    async def buys(self, person: Resolved, hour: int, times: int = 12) -> None:
        """So many orders at that hour, one a day."""
        orders = [order_of(person, 0, ["kite"], ordered_at=local(hour, day + 1)) for day in range(times)]
        await commerce.record_orders(self.session, self.world.tenant_id, orders, utc_now(), quiet=True)

    async def best(self, person: Resolved) -> dict[str, Any]:
        await self.session.execute(delete(HourPrior))
        await self.session.commit()
        answer = await self.client.get(f"/v1/profiles/{person.profile_id}/best-hours", headers=self.world.sk_headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def good_time(self, person: Resolved, window: Window, now: datetime | None = None) -> datetime | None:
        now = now or window.starts_at
        chosen = await service.read_good_times(self.session, self.world.tenant_id, [person.profile_id], now, window)
        return chosen(person.profile_id, max(window.starts_at, now), window.ends_at)


@pytest.fixture
async def desk(client: httpx.AsyncClient, session: Session) -> Desk:
    return Desk(client, session, await make_world(session, quiet_start=time(21), quiet_end=time(8)))


def hours(found: dict[str, Any]) -> set[int]:
    return {each["hour"] for each in found["best"]}


async def test_purchases_visits_and_clicks_count_and_machine_opens_do_not(desk: Desk) -> None:
    buyer, visitor, reader, machine = [await desk.person() for _ in range(4)]
    await desk.buys(buyer, 16)
    zone = await make_zone(desk.session, desk.world, mall_id=await make_mall(desk.session, desk.world))
    device = {p: await _device_of(desk, p) for p in (visitor, reader, machine)}
    for day in range(1, 13):
        at = local(10, 0) - timedelta(minutes=day)
        visit = Visit(
            tenant_id=desk.world.tenant_id, id=new_id(at), device_id=device[visitor], zone_id=zone, zone_version=1,
            entered_at=at, exited_at=at,
        )  # fmt: skip
        desk.session.add(visit)
    for person, channel, kind in ((reader, "push", "opened"), (machine, "email", "opened")):
        for n in range(12):
            await _receipt(desk, person, device[person], channel, kind, local(13, 0) - timedelta(minutes=n))
    bought = await desk.best(buyer)
    assert (bought["basis"], bought["actions"]) == ("own", {"clicks": 0, "visits": 0, "purchases": 12})
    assert 16 in hours(bought)
    assert bought["concentration"] == pytest.approx(1, abs=0.01)
    assert (await desk.best(visitor))["actions"]["visits"] == 12
    assert (await desk.best(reader))["actions"]["clicks"] == 12
    none = await desk.best(machine)
    assert (none["basis"], none["actions"]["clicks"]) == ("others", 0)


async def test_without_consent_a_persons_history_chooses_nothing(desk: Desk) -> None:
    person = await desk.person(personalisation="denied")
    await desk.buys(person, 9)
    found = await desk.best(person)
    assert (found["basis"], found["agrees"], found["actions"]["purchases"]) == ("others", False, 0)
    assert hours(found) <= {11, 12, 13, 17, 18, 19}, "the usual day parts"
    assert sum(found["hours"]) == pytest.approx(1, abs=0.01)
    unknown = await desk.client.get(f"/v1/profiles/{new_id()}/best-hours", headers=desk.world.sk_headers)
    assert unknown.status_code == 404


async def test_hours_are_of_the_persons_own_clock(desk: Desk) -> None:
    person = await desk.person(timezone="America/New_York")
    await desk.buys(person, 18)
    found = await desk.best(person)
    assert found["timezone"] == "America/New_York"
    assert 12 in hours(found)
    assert (await desk.best(await desk.person(timezone="Mars/Phobos")))["timezone"] == "Europe/Zurich"


async def test_a_good_time_is_the_peak_in_the_window_and_not_in_quiet_hours(desk: Desk) -> None:
    people = [await desk.person() for _ in range(12)]
    for person in people:
        await desk.buys(person, 16)
    window = Window(local(0), local(0) + timedelta(days=1))
    found = [await desk.good_time(person, window) for person in people]
    at = [moment.astimezone(ZURICH) for moment in found if moment is not None]
    assert len(at) == 12
    assert sum(moment.hour == 16 for moment in at) > 5, "most: about one in fourteen explores"
    assert all(8 <= moment.hour < 21 for moment in at)
    night = Window(local(22), local(22) + timedelta(hours=6))
    assert await desk.good_time(people[0], night) is None
    late = await desk.good_time(people[0], window, now=local(17, minute=30))
    assert late is not None
    assert late >= local(17, minute=30), "never before now"
    sixteen = await desk.good_time(await desk.person(), window)
    assert sixteen is not None, "somebody new: what the others do, from ten people on"


async def test_only_while_the_shop_is_open(desk: Desk) -> None:
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    shop = await make_store(
        desk.session,
        desk.world,
        opening_hours=[{"days": days, "open": "09:30", "close": "10:00"}],
        timezone="Europe/Zurich",
    )
    person = await desk.person()
    await desk.buys(person, 16)
    for n in range(5):
        window = Window(local(0) + timedelta(days=n), local(0) + timedelta(days=n + 1), store_id=shop)
        found = await desk.good_time(person, window)
        assert found is not None
        assert time(9, 30) <= found.astimezone(ZURICH).time() < time(10)


async def test_day_parts_are_the_tenants(desk: Desk) -> None:
    headers = desk.world.sk_headers
    usual = (await desk.client.get("/v1/day-parts", headers=headers)).json()
    assert (usual["is_usual"], [p["name"] for p in usual["items"]]) == (
        True, ["morning", "midday", "afternoon", "evening"],
    )  # fmt: skip
    own = [
        {"name": "after work", "days": ["weekday"], "starts": "17:30", "ends": "19:00"},
        {"name": "brunch", "days": ["weekend"], "starts": "10:00", "ends": "12:00", "valid_to": "2020-01-01"},
        {"name": "night", "starts": "22:00", "ends": "24:00", "is_good": False},
    ]
    put = await desk.client.put("/v1/day-parts", json={"items": own}, headers=headers)
    assert put.status_code == 200, put.text
    assert put.json() == (await desk.client.get("/v1/day-parts", headers=headers)).json()
    assert not put.json()["is_usual"]
    found = await desk.best(await desk.person())
    assert hours(found) <= {18, 19}, "hours that begin in it"
    assert {each["day"] for each in found["best"]} <= {"mon", "tue", "wed", "thu", "fri"}
    for bad in ({"starts": "10:00", "ends": "10:00"}, {"starts": "25:00", "ends": "26:00"}):
        answer = await desk.client.put("/v1/day-parts", json={"items": [{"name": "x"} | bad]}, headers=headers)
        assert answer.status_code == 422
    assert (await desk.client.put("/v1/day-parts", json={"items": []}, headers=headers)).json()["is_usual"]


async def test_a_prior_is_counted_once_a_day_and_from_ten_people(desk: Desk) -> None:
    for _ in range(9):
        await desk.buys(await desk.person(), 9, times=3)
    new = await desk.person()
    assert 9 not in hours(await desk.best(new)), "nine people are too few to say anything"
    await desk.buys(await desk.person(), 9, times=3)
    assert 9 in hours(await desk.best(new))
    rows = await desk.session.execute(text("SELECT people, counted_at FROM hour_prior"))
    (people, counted_at) = rows.one()
    assert people == 10
    window = Window(local(0), local(0) + timedelta(days=1))
    await service.read_good_times(desk.session, desk.world.tenant_id, [new.profile_id], utc_now(), window)
    again = await desk.session.execute(text("SELECT counted_at FROM hour_prior"))
    assert again.scalar_one() == counted_at


async def _device_of(desk: Desk, person: Resolved) -> UUID:
    found = await desk.session.execute(text("SELECT id FROM device WHERE profile_id = :id"), {"id": person.profile_id})
    return UUID(str(found.scalar_one()))


async def _receipt(desk: Desk, person: Resolved, device_id: UUID, channel: str, kind: str, at: datetime) -> None:
    message_id = derived_time_id(at, person.profile_id, lowest_id(at))
    values: dict[str, Any] = {"purpose": "marketing", "status": "sent", "title": "t", "body": "b", "collapse_key": "c"}
    values |= {"blockers": [], "gates": [], "data": {}, "attempts": 1, "channel": channel}
    desk.session.add(
        Message(
            tenant_id=desk.world.tenant_id, id=message_id, device_id=device_id, person_id=person.profile_id,
            created_at=at, expires_at=at, **values,
        )
    )  # fmt: skip
    receipt = {"id": derived_time_id(at, message_id, kind), "message_id": message_id, "kind": kind, "at": at}
    desk.session.add(Receipt(tenant_id=desk.world.tenant_id, device_id=device_id, **receipt))
    await desk.session.flush()

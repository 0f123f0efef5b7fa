"""Operators' phones are told of replies, with real commits and a push service that decrypts: whom, what, how often."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.buzz import service as buzz
from geoengage.buzz.jobs import Buzzer
from geoengage.buzz.rules import APART, MOST_PHONES, TRIES
from geoengage.kit.clock import utc_now
from geoengage.kit.db import transaction
from geoengage.kit.ids import new_id
from geoengage.kit.settings import Settings, WebPushSettings
from geoengage.messaging.channels.webpush import open_web_push, topic
from geoengage.tenancy import service as tenancy
from geoengage.tenancy.models import Owner
from geoengage.tenancy.rules import NewOperator, Role
from geoengage.wiring import Reaction
from geoengage.worker import react_once
from tests.campaign_rows import make_store
from tests.db.test_messaging_delivery import Clock
from tests.factories import World, make_world
from tests.phoning import Lines, lines
from tests.providers.meta_server import APP_SECRET, BUSINESS, NUMBER, TOKEN, of_number, signed, wrote
from tests.providers.webpush_server import Browser, WebPushServer

PHONES = "/v1/session/phones"
SAME = {"Origin": "http://testserver"}
WORDS, FIRST_NAME, PHONE = "Do you have figs?", "Mirabelle", "+41791234567"
TABLE = [Reaction("buzz.replies", buzz.WANTED, buzz.on_replies)]


@dataclass
class Person:
    """An operator who is logged in."""

    id: UUID
    headers: dict[str, str]


@dataclass
class House:
    """Two stores of two owners, an account of WhatsApp each, and a worker that tells phones."""

    line: Lines
    push: WebPushServer
    worker: Buzzer
    clock: Clock
    stores: list[UUID]
    owners: list[UUID]
    numbers: list[str]
    vapid: str
    wrote_at: datetime = field(default_factory=utc_now)

    async def operator(self, role: Role, owner_id: UUID | None = None, world: World | None = None) -> Person:
        tenant_id = (world or self.line.world).tenant_id
        async with transaction(self.line.sessions, tenant_id) as session:
            new = NewOperator(f"{new_id().hex}@example.com", "An operator", role, None, owner_id)
            row = await tenancy.create_operator(session, tenant_id, new, now=utc_now())
            secret = await tenancy.open_session(session, tenant_id, row.id, utc_now())
        return Person(row.id, {"Cookie": f"geoengage_session={secret}"} | SAME)

    async def put(self, person: Person, browser: Browser) -> httpx.Response:
        return await self.line.hooks.put(PHONES, json={"subscription": browser.address}, headers=person.headers)

    async def phone(self, person: Person) -> Browser:
        browser = self.push.subscribe(self.vapid)
        answer = await self.put(person, browser)
        assert answer.status_code == 200, answer.text
        return browser

    async def told_on(self, person: Person) -> list[dict[str, Any]]:
        answer = await self.line.hooks.get(PHONES, headers=person.headers)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def write(self, store: int = 0, number: str = PHONE) -> None:
        """Somebody writes to a store; its reaction runs."""
        told = of_number(self.numbers[store], messages=[wrote(number[1:], WORDS, utc_now().timestamp())])
        body, headers = signed(told)
        path = f"/v1/hooks/whatsapp/{self.line.senders[f'store {store}']}"
        assert (await self.line.hooks.post(path, content=body, headers=headers)).status_code == 200
        await self.react()
        self.wrote_at = utc_now()

    async def react(self) -> None:
        while await react_once(self.line.sessions, TABLE):
            pass

    async def tell(self, later: timedelta = timedelta()) -> list[tuple[Browser, dict[str, Any]]]:
        """What the worker sends so long after somebody wrote last."""
        before = len(self.push.delivered)
        self.clock.now = self.wrote_at + later
        await self.worker.step()
        await self.worker.finish()
        return [(got.browser, got.read()) for got in self.push.delivered[before:]]


@pytest.fixture
async def house(
    committed: AsyncEngine, app: FastAPI, settings: Settings, push_service: WebPushServer
) -> AsyncIterator[House]:
    hosts = WebPushSettings(hosts=push_service.url, timeout_s=5)
    changed = settings.model_copy(update={"webpush": hosts})
    async with lines(committed, app, changed) as line, aiohttp.ClientSession() as http:
        clock = Clock()
        worker = Buzzer(line.sessions, open_web_push(http, changed, clock), 5, clock=clock, jitter=lambda: 0.5)
        stores, owners, numbers = [], [], []
        async with transaction(line.sessions, line.world.tenant_id) as session:
            for n in range(2):
                owner = Owner(tenant_id=line.world.tenant_id, id=new_id(), name="An owner")
                session.add(owner)
                await session.flush()
                owners.append(owner.id)
                stores.append(await make_store(session, line.world, name=f"Store {n}", owner_id=owner.id))
        for n, store_id in enumerate(stores):
            numbers.append(f"{NUMBER}{n}")
            account = {"phone_number_id": numbers[n], "business_account_id": BUSINESS, "templates": {}}
            secrets = {"access_token": TOKEN, "app_secret": APP_SECRET}
            line.senders[f"store {n}"] = await line.add("whatsapp", account, secrets, store_id=store_id)
        yield House(line, push_service, worker, clock, stores, owners, numbers, app.state.vapid_public_key)


# --- whom, and what -----------------------------------------------------------------------------------------------


async def test_who_may_hear_is_told_and_no_word_of_it(house: House) -> None:
    mine = await house.operator(Role.SHOP, house.owners[0])
    next_door = await house.operator(Role.SHOP, house.owners[1])
    support = await house.operator(Role.SUPPORT)
    analyst = await house.operator(Role.ANALYST)
    hearing = [await house.phone(mine), await house.phone(mine), await house.phone(support)]
    elsewhere = await house.phone(next_door)
    assert (await house.put(analyst, house.push.subscribe(house.vapid))).status_code == 403
    person = await house.line.person(PHONE, "whatsapp")
    async with transaction(house.line.sessions, house.line.world.tenant_id) as session:
        await session.execute(text("UPDATE profile SET first_name = :n"), {"n": FIRST_NAME})
    await house.write()
    told = await house.tell()
    assert {browser.id for browser, _ in told} == {browser.id for browser in hearing}
    for got in house.push.delivered:
        said = got.read()
        assert said.keys() == {"store", "waiting", "link", "tag", "newest", "expires_at"}
        link, tag = f"/shop/#replies={house.stores[0]}", f"replies-{house.stores[0]}"
        assert (said["store"], said["waiting"], said["link"], said["tag"]) == ("Store 0", 1, link, tag)
        for secret in ("figs", FIRST_NAME, PHONE[-6:], str(person)):
            assert secret not in str(said)
        assert (got.headers["Topic"], got.headers["Urgency"]) == (topic(tag), "high")
        assert 0 < int(got.headers["TTL"]) <= 600
    assert await house.tell(APART) == []  # once
    await house.write(1)
    assert [browser.id for browser, said in await house.tell() if said["store"] == "Store 1"].count(elsewhere.id) == 1
    (kept, _) = await house.told_on(mine)
    assert (kept["last_sent_at"] is not None, kept["last_failed_at"]) == (True, None)
    assert hearing[1].endpoint not in str(kept)


async def test_many_lines_buzz_once_and_again_when_somebody_writes_later(house: House) -> None:
    await house.phone(await house.operator(Role.SHOP, house.owners[0]))
    await house.write()
    await house.write()
    ((_, first),) = await house.tell()
    await house.write(number="+41791112233")
    assert await house.tell() == []  # half a minute apart
    ((_, second),) = await house.tell(APART)
    assert (first["waiting"], second["waiting"], second["newest"] > first["newest"]) == (1, 2, True)
    # the reaction runs again, as after a restored backup: nothing new, so nothing buzzes
    async with transaction(house.line.sessions, house.line.world.tenant_id) as session:
        await session.execute(text("UPDATE reaction_cursor SET position = 0"))
    await house.react()
    assert await house.tell(2 * APART) == []


async def test_rights_are_asked_again_before_the_socket(house: House) -> None:
    gone, moved, out, here = [await house.operator(Role.SHOP, house.owners[0]) for _ in range(4)]
    boss = await house.operator(Role.OWNER)
    for person in (gone, moved, out):
        await house.phone(person)
    kept = await house.phone(here)
    await house.write()
    assert (await house.line.hooks.post("/v1/logout", headers=out.headers)).status_code == 204
    disabling = await house.line.hooks.post(f"/v1/operators/{gone.id}/disable", headers=boss.headers)
    assert disabling.status_code == 204, disabling.text
    async with transaction(house.line.sessions, house.line.world.tenant_id) as session:
        await session.execute(
            text("UPDATE operator SET owner_id = :o WHERE id = :id"), {"o": house.owners[1], "id": moved.id}
        )
        left = (await session.execute(text("SELECT count(*) FROM operator_phone"))).scalar_one()
    assert left == 2, "nobody who is logged out or disabled has a phone"
    assert [browser.id for browser, _ in await house.tell()] == [kept.id]
    await house.write()
    one = (await house.line.hooks.get("/v1/conversations", headers=here.headers)).json()["items"][0]
    read = await house.line.hooks.patch(f"/v1/conversations/{one['id']}", json={"read": True}, headers=here.headers)
    assert read.status_code == 200
    assert await house.tell(APART) == []  # somebody has read it


# --- what a push service answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_is_gone_is_forgotten(house: House, status: int) -> None:
    mine = await house.operator(Role.SHOP, house.owners[0])
    house.push.fail(await house.phone(mine), status)
    await house.write()
    assert (await house.tell(), await house.told_on(mine)) == ([], [])


async def test_a_busy_push_service_is_asked_again_when_it_says(house: House) -> None:
    mine = await house.operator(Role.SHOP, house.owners[0])
    browser = await house.phone(mine)
    house.push.fail(browser, 429)  # Retry-After: 7
    await house.write()
    assert await house.tell() == []
    house.push.fail(browser, None)
    assert await house.tell(timedelta(seconds=5)) == []
    (kept,) = await house.told_on(mine)
    assert (kept["last_sent_at"], kept["failed_why"]) == (None, "quota_exceeded")
    assert [got.id for got, _ in await house.tell(timedelta(seconds=60))] == [browser.id]


@pytest.mark.parametrize(("status", "retry_after"), [(500, None), (503, "7"), (429, "86000")])
async def test_tries_end(house: House, status: int, retry_after: str | None) -> None:
    mine = await house.operator(Role.SHOP, house.owners[0])
    browser = await house.phone(mine)
    house.push.retry_after = retry_after
    house.push.fail(browser, status)
    await house.write()
    for n in range(2 * TRIES):
        await house.tell(timedelta(seconds=90 * n))
    assert house.push.requests == (1 if retry_after == "86000" else TRIES)
    house.push.fail(browser, None)
    assert await house.tell(timedelta(minutes=9)) == []
    await house.write()  # the next one is told
    assert len(await house.tell(APART)) == 1


async def test_what_comes_too_late_is_not_told(house: House) -> None:
    await house.phone(await house.operator(Role.SHOP, house.owners[0]))
    await house.write()
    assert await house.tell(timedelta(minutes=11)) == []
    assert house.push.requests == 0


# --- whose phone it is --------------------------------------------------------------------------------------------


async def test_a_phone_is_kept_for_who_is_logged_in_there(house: House) -> None:
    mine = await house.operator(Role.SHOP, house.owners[0])
    colleague = await house.operator(Role.SHOP, house.owners[0])
    browser = await house.phone(mine)
    body = {"subscription": browser.address}
    call = house.line.hooks.put
    assert (await call(PHONES, json=body, headers=house.line.world.sk_headers)).status_code == 403
    assert (await call(PHONES, json=body, headers=mine.headers | {"Origin": "https://evil.example"})).status_code == 403
    for endpoint in ("https://10.0.0.7/x", "http://localhost:5432/", "https://push.example/x", "ftp://x/y"):
        wrong = {"subscription": browser.address.replace(browser.endpoint, endpoint)}
        assert (await call(PHONES, json=wrong, headers=mine.headers)).status_code == 422
    (row,) = await house.told_on(mine)
    assert (await house.put(mine, browser)).json()["id"] == row["id"]
    gone = await house.line.hooks.delete(f"{PHONES}/{row['id']}", headers=colleague.headers)
    assert gone.status_code == 404
    # a colleague, then somebody of another tenant, logs in on the same phone
    assert (await house.put(colleague, browser)).status_code == 200
    assert (await house.told_on(mine), len(await house.told_on(colleague))) == ([], 1)
    async with house.line.sessions() as session:
        other = await make_world(session)
    stranger = await house.operator(Role.OWNER, world=other)
    assert (await house.put(stranger, browser)).status_code == 200
    assert (await house.told_on(colleague), len(await house.told_on(stranger))) == ([], 1)
    first = await house.phone(mine)
    for _ in range(MOST_PHONES):
        await house.phone(mine)
    kept = await house.told_on(mine)
    assert len(kept) == MOST_PHONES
    for each in kept:
        answer = await house.line.hooks.delete(f"{PHONES}/{each['id']}", headers=mine.headers)
        assert answer.status_code == 204
    await house.put(mine, first)
    assert len(await house.told_on(mine)) == 1


async def test_the_stream_tells_of_reading_and_only_those_who_may_read_are_given_one(house: House) -> None:
    mine = await house.operator(Role.SHOP, house.owners[0])
    next_door = await house.operator(Role.SHOP, house.owners[1])
    analyst = await house.operator(Role.ANALYST)
    await house.write()
    one = (await house.line.hooks.get("/v1/conversations", headers=mine.headers)).json()["items"][0]
    path = f"/v1/conversations/{one['id']}"

    async def unread(person: Person, store: int | None = None) -> int | None:
        query = {} if store is None else {"store_id": str(house.stores[store])}
        answer = await house.line.hooks.get("/v1/conversations/unread", params=query, headers=person.headers)
        return answer.json()["conversations"] if answer.status_code == 200 else answer.status_code

    async def live(person: Person, **query: Any) -> str:
        headers = person.headers | {"Last-Event-ID": "0"}
        answer = await house.line.hooks.get("/v1/live", params=query | {"once": True}, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    assert [await unread(mine), await unread(mine, 0), await unread(mine, 1)] == [1, 1, 404]
    assert [await unread(next_door), await unread(analyst)] == [0, None]
    for who, status in ((next_door, 422), (analyst, 422), (mine, 200)):
        answer = await house.line.hooks.patch(path, json={"assigned_to": str(who.id)}, headers=mine.headers)
        assert answer.status_code == status, answer.text
    for body in ({"read": True}, {"read": True}, {"done": True}):
        assert (await house.line.hooks.patch(path, json=body, headers=mine.headers)).status_code == 200
    heard = await live(mine)
    assert (heard.count("event: reply\n"), heard.count("event: conversation\n")) == (1, 3)  # twice read is once
    assert one["id"] not in await live(next_door)
    some = await live(mine, only=["conversation"])
    assert (some.count("event: reply\n"), some.count("event: conversation\n")) == (0, 3)
    assert await unread(mine) == 0

"""The erasure map knows the schema, and an erasure leaves nothing: no row, no word, whatever goes on meanwhile."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import geoengage.app  # noqa: F401 - every model and every event
from geoengage.app import create_app
from geoengage.kit import errors
from geoengage.kit import events as ledger
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Base, Session, Sessions, make_sessions, transaction
from geoengage.kit.event_base import Event
from geoengage.kit.settings import Settings
from geoengage.messaging import store as messaging
from geoengage.presence.models import PingRun
from geoengage.presence.service import IndexCache
from geoengage.privacy import service
from geoengage.privacy.rules import ERASURE_MAP, Way, about_people
from geoengage.wiring import reactions
from geoengage.worker import react_once
from tests.api.wall.world import Phone, Side, bearer, make_phone, make_side, walk_in
from tests.campaign_rows import make_device
from tests.conftest import KEY, ROOT
from tests.erasable import LAT, LON, Erasable, fill
from tests.factories import make_world

Rows = dict[str, set[str]]


# --- the map and the schema ---------------------------------------------------------------------------------------


def test_the_map_names_every_table_of_the_models() -> None:
    assert set(Base.metadata.tables) - set(ERASURE_MAP) == set(), "say in privacy/rules.py what an erasure does to it"


async def test_the_map_names_every_table_of_the_database_and_no_other(session: Session) -> None:
    tables = await session.execute(
        text(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND n.nspname = 'public'"
        )
    )
    assert set(tables.scalars()) == set(ERASURE_MAP)


def test_the_statements_can_be_made_without_anything_else_loaded() -> None:
    """The models of a table may be loaded by nobody but the tests."""
    code = (
        "from geoengage.privacy import rules, store; from geoengage.kit.db import Base\n"
        "print(sorted(set(rules.about_people()) - set(Base.metadata.tables)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


NAMES_A_PERSON = ("device_id", "person_id", "profile_id", "message_id", "visit_id", "identifier_id")
LEDGER_IS_SEARCHED_BY = {"device_id", "profile_id", "identifier_id"}


def test_a_table_that_names_a_person_is_no_table_of_nobody() -> None:
    for name, table in Base.metadata.tables.items():
        if ERASURE_MAP[name].way is Way.NONE:
            assert not set(NAMES_A_PERSON) & set(table.columns.keys()), name


def test_every_entry_says_what_and_how() -> None:
    for name, entry in ERASURE_MAP.items():
        assert bool(entry.why) == (entry.way is Way.NONE), name
        assert bool((entry.rows or entry.mentions) and entry.name and entry.what) == (entry.way is not Way.NONE), name
        assert bool(entry.strip) == (entry.way is Way.STRIP), name
    names = [entry.name for entry in about_people().values()]
    assert len(names) == len(set(names))


def all_events(cls: type[Event] = Event) -> Iterator[type[Event]]:
    for child in cls.__subclasses__():
        yield child
        yield from all_events(child)


def test_events_name_a_person_by_what_the_ledger_is_searched_by() -> None:
    """An event that says `person_id` alone would not be found in the ledger."""
    for event in all_events():
        named = {f for f in event.__struct_fields__ if f in NAMES_A_PERSON}
        assert not named or named & LEDGER_IS_SEARCHED_BY, event


# --- everything about one person ----------------------------------------------------------------------------------


async def rows_of(session: Session) -> Rows:
    """Every row of every table, as JSON text."""
    return {
        table: set((await session.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t"))).scalars())  # noqa: S608
        for table in ERASURE_MAP
        if table != "spatial_ref_sys"
    }


@dataclass
class World:
    """Two tenants; in the first a person with a row in every table, and a bystander."""

    alpha: Side
    beta: Side
    person: Erasable
    bystander: Phone


@pytest.fixture
async def world(client: httpx.AsyncClient, session: Session) -> World:
    alpha, beta = await make_side(client, session, "alpha"), await make_side(client, session, "beta")
    bystander = await make_phone(client, alpha.world, alpha.ids["app"], "bystander")
    await walk_in(client, bystander, datetime.now(UTC))
    person = await fill(client, session, alpha, "zora")
    person.words += ["alpha-Mia", "alpha-person", "alpha-attribute", "alpha-push-address", "alpha-title", "alpha-thing"]
    person.words.append(alpha["message"])
    return World(alpha, beta, person, bystander)


async def test_an_erasure_leaves_no_row_and_no_word(client: httpx.AsyncClient, session: Session, world: World) -> None:
    before = await rows_of(session)
    for table in about_people():
        assert any(word in row for row in before[table] for word in world.person.words), f"fill {table} in erasable.py"
    answer = await client.delete("/v1/me", headers=world.person.headers)
    assert answer.status_code == 200, answer.text
    after = await rows_of(session)
    left = [(t, row) for t, rows in after.items() for row in rows if any(w in row for w in world.person.words)]
    assert left == []
    # what is gone was the person's, and what is new says nothing of anybody
    for table, rows in before.items():
        for row in rows - after[table]:
            assert any(word in row for word in world.person.words), (table, row)
    new = {table: rows - before[table] for table, rows in after.items() if rows - before[table]}
    stripped = {table for table, entry in about_people().items() if entry.way is Way.STRIP}
    assert set(new) == stripped | {"erasure_receipt", "erasure_journal"}
    assert all('"payload": {}' in row and '"type": "erased"' in row for row in new["ledger"])
    assert answer.json()["rows"]["events"] == len(new["ledger"]) > 5
    assert any('"person.erase"' in row and '"the person"' in row for row in new["audit_entry"])


async def test_the_ledger_has_no_gap_and_its_readers_go_on(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, world: World
) -> None:
    await client.delete("/v1/me", headers=world.person.headers)
    positions = await session.execute(
        text("SELECT array_agg(position ORDER BY position), max(position) FROM ledger WHERE tenant_id = :t"),
        {"t": world.alpha.world.tenant_id},
    )
    found, last = positions.one()
    assert found == list(range(1, last + 1))
    while await react_once(sessions, reactions(IndexCache())):
        pass
    failures = await session.execute(text("SELECT count(*) FROM reaction_failure WHERE error <> 'erased'"))
    assert failures.scalar_one() == 0
    live = await client.get(
        "/v1/live", params={"once": "true"}, headers=world.alpha.world.sk_headers | {"Last-Event-ID": "0"}
    )
    assert live.status_code == 200
    assert "zora" not in live.text
    session.expire_all()
    left = [t for t, rows in (await rows_of(session)).items() if any(w in r for r in rows for w in world.person.words)]
    assert left == [], "the reactions wrote it anew"


async def test_the_others_are_as_before(client: httpx.AsyncClient, session: Session, world: World) -> None:
    def of(rows: Rows, words: list[str]) -> set[str]:
        return {row for each in rows.values() for row in each if any(word in row for word in words)}

    others = [str(world.bystander.id), world.beta.world.tenant_id.hex, str(world.beta.world.tenant_id)]
    before = of(await rows_of(session), others)
    assert (await client.delete("/v1/me", headers=world.person.headers)).status_code == 200
    assert of(await rows_of(session), others) == before
    for phone in (world.bystander, world.beta.phone, world.person.lent):
        me = await client.get("/v1/me", headers=bearer(phone.token))
        assert me.status_code == 200, me.text
    # the lent phone keeps what it did itself, and nothing that was for the person
    assert {kept["name"] for kept in me.json()["data"]} >= {"positions", "visits", "devices"}
    assert not {kept["name"] for kept in me.json()["data"]} & {"messages", "receipts", "profile"}


async def test_an_anonymous_device_erases_itself_only(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    """The phone on which the person logged out: it goes, the person and their other phones stay."""
    lent = world.person.lent
    answer = await client.delete("/v1/me", headers=bearer(lent.token))
    assert (answer.json()["devices"], answer.json()["profile"]) == (1, False)
    rows = await rows_of(session)
    # but for the person's own count of what they were sent
    assert not [t for t, each in rows.items() if any(str(lent.id) in row for row in each)]
    assert (await client.get("/v1/me", headers=world.person.headers)).json()["person"]["first_name"] == "zora-Mia"


# --- while other things go on -------------------------------------------------------------------------------------


@pytest.fixture
def real(committed: AsyncEngine) -> Sessions:
    """Sessions whose commits are real."""
    return make_sessions(committed)


@pytest.fixture
async def busy(committed: AsyncEngine, real: Sessions, settings: Settings) -> AsyncIterator[tuple[FastAPI, Any]]:
    """The application on a database of its own, and a client of it."""
    url = committed.url.render_as_string(hide_password=False)
    app = create_app(settings, url)
    app.state.sessions = real
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as opened:
        yield app, opened


async def test_what_arrives_during_an_erasure_leaves_no_row(busy: tuple[FastAPI, Any], real: Sessions) -> None:
    """Pings, receipts, log-ins and reactions beside the erasure: each ends as if before it, or is refused."""
    _, client = busy
    async with real() as session:
        side = await make_side(client, session, "alpha")
        person = await fill(client, session, side, "zora")
    table, stop = reactions(IndexCache()), asyncio.Event()
    answers: set[int] = set()

    async def pings(phone: Phone) -> None:
        while not stop.is_set():
            ping = {"at": utc_now().isoformat(), "lon": LON, "lat": LAT, "accuracy_m": 5, "level": 0}
            answers.add(
                (await client.post("/v1/pings", json={"pings": [ping]}, headers=bearer(phone.token))).status_code
            )

    async def receipts() -> None:
        kinds = ("received", "dismissed", "opened")
        n = 0
        while not stop.is_set():
            body = {"message_id": person.words[n % 2], "kind": kinds[n % 3]}
            answers.add((await client.post("/v1/receipts", json=body, headers=person.headers)).status_code)
            n += 1

    async def consents() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            body = {"marketing_push": ("granted", "denied")[n % 2], "text_version": "zora-3", "source": "settings"}
            headers = bearer(person.phones[1].token)
            answers.add((await client.put("/v1/devices/me/consents", json=body, headers=headers)).status_code)

    async def reacting() -> None:
        while not stop.is_set():
            await react_once(real, table)
            await asyncio.sleep(0)

    async def erasing() -> int:
        await asyncio.sleep(0.4)
        status = (await client.delete("/v1/me", headers=person.headers)).status_code
        await asyncio.sleep(0.4)
        stop.set()
        return status

    work = [pings(p) for p in person.phones for _ in range(2)] + [receipts(), consents(), reacting(), erasing()]
    *_, status = await asyncio.gather(*work)
    assert status == 200
    assert answers <= {200, 204, 401, 404}, answers
    assert answers >= {200, 401}, "it went on before and after"
    async with real() as session:
        assert await left_of(session, person) == []


async def test_a_campaign_that_is_deciding_right_now(busy: tuple[FastAPI, Any], real: Sessions) -> None:
    """It has read the person and not written yet: the erasure waits for it, and takes its message too."""
    _, client = busy
    async with real() as session:
        side = await make_side(client, session, "alpha")
        person = await fill(client, session, side, "zora")
        await session.execute(text("UPDATE campaign SET status = 'active', valid_to = NULL"))
        await session.commit()
    tenant_id = side.world.tenant_id
    (reaction,) = (r for r in reactions(IndexCache()) if r.name == "campaigns.send")
    async with transaction(real, tenant_id) as session:
        events = [r for r in await ledger.read(session, tenant_id, 0, 500) if r.type in reaction.types]
        await reaction.handle(session, tenant_id, events, utc_now())
        count = text("SELECT count(*) FROM message WHERE campaign_id = :id AND device_id = :device")
        named = {"id": side.ids["campaign"], "device": person.phones[1].id}
        decided = (await session.execute(count, named)).scalar_one()
        erasing = asyncio.create_task(client.delete("/v1/me", headers=person.headers))
        await asyncio.sleep(0.3)
        assert not erasing.done()
    assert decided > 2, "beside the two that `fill` has made"
    assert (await erasing).status_code == 200
    async with real() as session:
        assert not await left_of(session, person)
    async with transaction(real, tenant_id) as session:  # the same events once more, from before the erasure
        await reaction.handle(session, tenant_id, events, utc_now())
    async with real() as session:
        assert not await left_of(session, person)


async def left_of(session: Session, person: Erasable) -> list[tuple[str, str]]:
    """Rows that name the person or one of their phones."""
    ids = [str(p.id) for p in person.phones] + [person.side["profile"]]
    return [(t, row) for t, each in (await rows_of(session)).items() for row in each if any(i in row for i in ids)]


async def test_a_message_in_flight_writes_nothing_anew(busy: tuple[FastAPI, Any], real: Sessions) -> None:
    """The worker has claimed it and the provider answers after the erasure."""
    _, client = busy
    async with real() as session:
        side = await make_side(client, session, "alpha")
        person = await fill(client, session, side, "zora")
    now = utc_now()
    lease = UUID(int=7)
    async with transaction(real, side.world.tenant_id) as session:
        claim = await messaging.claim_due_messages(
            session, side.world.tenant_id, lease, now + timedelta(seconds=1), until=now, limit=10
        )
    claimed = [m.id for m in claim.messages]
    assert len(claimed) > 2
    assert (await client.delete("/v1/me", headers=person.headers)).status_code == 200
    async with transaction(real, side.world.tenant_id) as session:
        assert await messaging.lock_leased(session, side.world.tenant_id, lease, claimed) == set()
    async with real() as session:
        assert (await session.execute(text("SELECT count(*) FROM message_due"))).scalar_one() == 0


async def test_two_erasures_at_once(busy: tuple[FastAPI, Any], real: Sessions) -> None:
    _, client = busy
    async with real() as session:
        side = await make_side(client, session, "alpha")
        person = await fill(client, session, side, "zora")
    answers = await asyncio.gather(*(client.delete("/v1/me", headers=bearer(p.token)) for p in person.phones * 2))
    assert sorted(a.status_code for a in answers) == [200, 401, 401, 401]


async def test_a_hundred_thousand_positions(real: Sessions, tmp_path: Path) -> None:
    """One transaction is enough: the figure is in docs/operations.md."""
    async with real() as session:
        world = await make_world(session)
        device_id = await make_device(session, world)
        await session.commit()
        await session.execute(
            text(
                "INSERT INTO ping_run (tenant_id, device_id, event_at, at, last_at, received_at, source, late, fixes)"
                " SELECT :t, :d, m, m, m, m, 'gnss', false, decode(repeat('00', 32), 'hex') FROM generate_series("
                " CAST(:now AS timestamptz) - interval '6 days', :now, interval '5.2 seconds') AS m"
            ),
            {"t": world.tenant_id, "d": device_id, "now": utc_now()},
        )
        await session.commit()
    traces = service.Traces(KEY, tmp_path / "journal", tmp_path, None)
    started = time.perf_counter()
    erased = await service.erase_caller(real, world.tenant_id, device_id, 1, traces, utc_now())
    seconds = time.perf_counter() - started
    print(f"erased {erased.rows['positions']} positions in {seconds:.2f} s")  # noqa: T201
    assert erased.rows["positions"] > 99_000
    assert seconds < 10
    async with real() as session:
        assert (await session.execute(text(f"SELECT count(*) FROM {PingRun.__tablename__}"))).scalar_one() == 0  # noqa: S608
    with pytest.raises(errors.Unauthenticated):
        await service.erase_caller(real, world.tenant_id, device_id, 1, traces, utc_now())

"""Segments on a real database: each family of conditions, membership by events and by time, builds, reasons."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit import partitions
from geoengage.kit.db import Session, Sessions, make_sessions, transaction
from geoengage.kit.ids import new_id
from geoengage.presence.service import IndexCache
from geoengage.profiles import service as profiles
from geoengage.segments import jobs, service, store
from geoengage.segments.rules import read_definition
from geoengage.wiring import Reaction, reactions
from geoengage.worker import react_among
from tests.campaign_rows import make_store
from tests.factories import World, make_world
from tests.people_rows import make_order, make_person
from tests.unit.test_segment_language import EXAMPLES

NOW = datetime.now(UTC).replace(microsecond=0)


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.get("name") != "p_alive"], ids=lambda e: e["kind"])
async def test_every_condition_runs(session: Session, example: dict[str, Any]) -> None:
    """For all, for some, for a store, and explained: the statements are whole."""
    world = await make_world(session)
    anna = await make_person(session, world, {"external_id": "anna"}, city="Bern", birthday="1990-02-29")
    await make_order(session, world, "1", anna)
    definition = read_definition(example)
    for store_id in (None, new_id()):
        all_ = await service.evaluate(session, world.tenant_id, definition, NOW, store_id=store_id)
        some = await service.evaluate(
            session, world.tenant_id, definition, NOW, store_id=store_id, profile_ids=[anna.profile_id]
        )
        assert (all_.count, all_.of) == (some.count, some.of)
    told = await service.explain(session, world.tenant_id, definition, anna.profile_id, NOW)
    assert told[0].holds is bool((await service.evaluate(session, world.tenant_id, definition, NOW)).count)


TABLE: tuple[Reaction, ...] = tuple(r for r in reactions(IndexCache()) if r.is_apart)


class Shop:
    """A tenant on a database where commits are real, with a worker for its segments and a clock of its own."""

    def __init__(self, sessions: Sessions, world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sessions, self.world, self.clock = sessions, world, clock
        monkeypatch.setattr("geoengage.worker.utc_now", clock)

    async def segment(self, name: str, definition: dict[str, Any], **over: Any) -> UUID:
        id_ = new_id()
        async with transaction(self.sessions, self.world.tenant_id) as session:
            await service.create(
                session, self.world.tenant_id, id_=id_, name=name, definition=read_definition(definition),
                now=self.clock(), **over,
            )  # fmt: skip
        return id_

    async def work(self) -> None:
        """All that the worker would do now."""
        async with transaction(self.sessions, None) as session:
            await partitions.make_ahead(session, self.clock())
        for _ in range(2):  # what is due and what was told comes before repairs
            while await react_among(self.sessions, TABLE, TABLE, lambda: None):
                pass
            while await jobs.keep_time_once(self.sessions, self.clock):
                pass
            while await jobs.build_once(self.sessions, self.clock):
                pass

    async def person(self, name: str, **traits: Any) -> profiles.Resolved:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            return await make_person(session, self.world, {"external_id": name}, **traits)

    async def buys(self, who: profiles.Resolved, **over: Any) -> UUID:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            values = {"ordered_at": self.clock(), "updated_at": self.clock()} | over
            return await make_order(session, self.world, str(new_id()), who, **values)

    async def members(self, segment_id: UUID) -> set[UUID]:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            rows = await store.list_members(session, self.world.tenant_id, segment_id, after=None, limit=100)
        return {row["profile_id"] for row in rows}

    async def rebuilt(self, segment_id: UUID) -> set[UUID]:
        """Who would be in it if it were built from nothing now."""
        async with transaction(self.sessions, self.world.tenant_id) as session:
            segment = await store.get_segment(session, self.world.tenant_id, segment_id)
            found = await service.members_of(
                session, self.world.tenant_id, read_definition(segment.definition), self.clock(),
                store_id=segment.store_id,
            )  # fmt: skip
        return set(service.as_uuids(found))

    async def dues(self, segment_id: UUID) -> dict[UUID, datetime]:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            rows = await session.execute(
                text("SELECT profile_id, due_at FROM segment_due WHERE tenant_id = :t AND segment_id = :id"),
                {"t": self.world.tenant_id, "id": segment_id},
            )
            return {row[0]: row[1] for row in rows}

    async def told(self) -> list[tuple[str, UUID]]:
        """Who entered and left, as the ledger has it."""
        async with transaction(self.sessions, self.world.tenant_id) as session:
            rows = await session.execute(
                text(
                    "SELECT type, CAST(payload ->> 'profile_id' AS uuid) FROM ledger WHERE tenant_id = :t"
                    " AND type IN ('segment.entered', 'segment.exited') ORDER BY position"
                ),
                {"t": self.world.tenant_id},
            )
            return [(row[0].removeprefix("segment."), row[1]) for row in rows]

    async def changes(self, segment_id: UUID) -> list[dict[str, Any]]:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            return await store.list_changes(session, self.world.tenant_id, segment_id=segment_id)


@pytest.fixture
async def shop(committed: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> Shop:
    sessions = make_sessions(committed)
    async with transaction(sessions, None) as session:
        world = await make_world(session)
    return Shop(sessions, world, Clock(), monkeypatch)


TWICE = {"kind": "order", "measure": "count", "op": "gte", "value": 2, "window": {"days": 30}}


async def test_an_order_brings_somebody_in_and_time_takes_them_out(shop: Shop) -> None:
    anna, bob = await shop.person("anna"), await shop.person("bob")
    twice = await shop.segment("Bought twice", TWICE)
    not_twice = await shop.segment(
        "The others", {"kind": "not", "of": {"kind": "in_segment", "segment_id": str(twice)}}
    )
    await shop.work()
    assert await shop.members(twice) == set()
    assert await shop.members(not_twice) == {anna.profile_id, bob.profile_id}
    assert await shop.told() == []  # a first build is no news
    await shop.buys(anna)
    await shop.work()
    shop.clock.pass_(days=10)
    await shop.buys(anna)
    await shop.work()
    assert await shop.members(twice) == {anna.profile_id}
    assert await shop.members(not_twice) == {bob.profile_id}
    assert await shop.told() == [("entered", anna.profile_id), ("exited", anna.profile_id)]
    shop.clock.pass_(days=19, hours=23, minutes=59)
    await shop.work()
    assert await shop.members(twice) == {anna.profile_id}
    shop.clock.pass_(minutes=1)
    await shop.work()
    assert await shop.members(twice) == set()
    assert await shop.members(not_twice) == {anna.profile_id, bob.profile_id}
    out, into = await shop.changes(twice)
    assert (out["entered"], out["at"], out["reason"]) == (False, shop.clock(), {"by": ["time"], "conditions": [""]})
    assert (into["entered"], into["reason"]) == (True, {"by": ["orders"], "conditions": [""]})


async def test_a_build_writes_what_time_will_change_soon_and_the_daily_one_the_rest(shop: Shop) -> None:
    anna, bob = await shop.person("anna"), await shop.person("bob")
    for who, days in ((anna, 20), (anna, 21), (bob, 25), (bob, 26)):
        await shop.buys(who, ordered_at=shop.clock() - timedelta(days=days))
    twice = await shop.segment("Bought twice", TWICE)
    await shop.work()
    assert await shop.members(twice) == {anna.profile_id, bob.profile_id}
    assert await shop.dues(twice) == {bob.profile_id: shop.clock() + timedelta(days=4)}
    shop.clock.pass_(days=3)
    await shop.work()
    end = shop.clock() + timedelta(days=6)
    assert await shop.dues(twice) == {bob.profile_id: shop.clock() + timedelta(days=1), anna.profile_id: end}
    shop.clock.pass_(days=7)  # no build meanwhile
    while await jobs.keep_time_once(shop.sessions, shop.clock):
        pass
    assert await shop.members(twice) == set()
    out = {
        row["profile_id"]: (row["at"], row["reason"]["by"]) for row in await shop.changes(twice) if not row["entered"]
    }
    assert out == {anna.profile_id: (end, ["time"]), bob.profile_id: (end - timedelta(days=5), ["time"])}
    assert await shop.dues(twice) == {}


async def test_a_changed_definition_is_built_beside_and_switches_at_once(shop: Shop) -> None:
    anna, bob = await shop.person("anna", city="Bern"), await shop.person("bob", city="Basel")
    of_city = {"kind": "trait", "name": "city", "op": "eq", "value": "Bern"}
    id_ = await shop.segment("Bern", of_city)
    await shop.work()
    async with transaction(shop.sessions, shop.world.tenant_id) as session:
        segment = await store.lock_segment(session, shop.world.tenant_id, id_)
        assert segment is not None
        assert (segment.status, segment.size, segment.version) == ("ready", 1, 1)
        change = {"definition": read_definition(of_city | {"value": "Basel"})}
        await service.change(session, shop.world.tenant_id, segment, change, shop.clock())
    async with transaction(shop.sessions, shop.world.tenant_id) as session:
        built = await service.evaluate_segments(session, shop.world.tenant_id, None, [id_], shop.clock())
    carl = await shop.person("carl", city="basel")  # while it is built: the old definition is in force
    dora = await shop.person("dora", city="Bern")
    while await react_among(shop.sessions, TABLE, TABLE, lambda: None):
        pass
    assert await shop.members(id_) == {anna.profile_id, dora.profile_id}
    async with transaction(shop.sessions, shop.world.tenant_id) as session:
        await service.put_in_force(session, shop.world.tenant_id, built[0], shop.clock())
    assert await shop.members(id_) == {bob.profile_id, carl.profile_id}
    async with transaction(shop.sessions, shop.world.tenant_id) as session:
        segment = await store.get_segment(session, shop.world.tenant_id, id_)
        assert (segment.status, segment.size, segment.live_version) == ("ready", 2, 2)
    assert await shop.told() == [("entered", dora.profile_id), ("entered", carl.profile_id)]
    assert {tuple(row["reason"]["by"]) for row in await shop.changes(id_)} == {("definition",), ("person", "traits")}


async def test_joined_people_are_one_in_every_segment(shop: Shop) -> None:
    twice = await shop.segment("Bought twice", TWICE)
    anna, too = await shop.person("anna"), await shop.person("a.k.")
    for who in (anna, too):
        await shop.buys(who)
    await shop.work()
    assert await shop.members(twice) == set()
    async with transaction(shop.sessions, shop.world.tenant_id) as session:
        one = await profiles.merge(
            session, shop.world.tenant_id, anna.identifier_id, too.identifier_id, reason="same", now=shop.clock()
        )
    await shop.work()
    assert await shop.members(twice) == {one} == await shop.rebuilt(twice)
    async with transaction(shop.sessions, shop.world.tenant_id) as session:
        await profiles.unmerge(session, shop.world.tenant_id, [too.identifier_id], reason="not", now=shop.clock())
    await shop.work()
    assert await shop.members(twice) == set()
    assert await shop.told() == [("entered", one), ("exited", one)]


async def test_a_stores_segment_knows_its_own_customers_and_orders_only(shop: Shop) -> None:
    async with transaction(shop.sessions, shop.world.tenant_id) as session:
        ours, theirs = await make_store(session, shop.world), await make_store(session, shop.world)
    twice = await shop.segment("Bought twice", TWICE, store_id=ours)
    anna, bob, carl = await shop.person("anna"), await shop.person("bob"), await shop.person("carl")
    for who, first, second in ((anna, ours, ours), (bob, ours, theirs), (carl, theirs, theirs)):
        await shop.buys(who, store_id=first)
        await shop.buys(who, store_id=second)
    await shop.work()
    assert await shop.members(twice) == {anna.profile_id} == await shop.rebuilt(twice)
    rest = await shop.segment("Not twice", {"kind": "not", "of": TWICE}, store_id=ours)
    await shop.work()
    assert await shop.members(rest) == {bob.profile_id}


async def test_why_somebody_is_in(shop: Shop) -> None:
    anna = await shop.person("anna", city="Bern")
    await shop.buys(anna)
    definition = read_definition(
        {
            "kind": "all",
            "of": [{"kind": "trait", "name": "city", "op": "eq", "value": "Bern"}, {"kind": "not", "of": TWICE}],
        }
    )
    async with transaction(shop.sessions, shop.world.tenant_id) as session:
        told = await service.explain(session, shop.world.tenant_id, definition, anna.profile_id, shop.clock())
    assert [(e.path, e.holds, e.value) for e in told] == [
        ("", True, None), ("of/0", True, "Bern"), ("of/1", True, None), ("of/1/of", False, 1),
    ]  # fmt: skip


async def test_a_definition_speaks_only_of_what_is_there(shop: Shop) -> None:
    definition = {"kind": "any", "of": [{"kind": "visit", "measure": "now", "zone_id": str(new_id())}, TWICE]}
    with pytest.raises(service.DefinitionRefused) as refused:
        await shop.segment("Nowhere", definition)
    assert refused.value.extra["errors"][0]["pointer"] == "#/definition/of/0/zone_id"

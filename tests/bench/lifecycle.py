"""`python -m tests.bench.lifecycle`: what each lifecycle metric costs on two years of orders of 50,000 customers.

Twelve months by month, the period as a whole, the period before and the one a year ago: what the console asks for.
CPU seconds of this process and of the database; wall seconds say little where others share the cores.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import Session, Sessions, make_engine, make_sessions, transaction
from geoengage.kit.ids import TenantId
from geoengage.kit.migrate import upgrade
from geoengage.lifecycle.rules.catalogue import METRICS
from geoengage.lifecycle.rules.spans import Span, Step, before, cut, year_before
from geoengage.lifecycle.service import Scope, Wanted, series_of_many
from geoengage.lifecycle.service.memory import books
from tests.bench import cpu
from tests.factories import make_world

_FILL = """
CREATE TEMP TABLE who AS SELECT gen_random_uuid() AS id, gen_random_uuid() AS own, n,
  -ln(random()) * %(orders)s * 0.5 * (1 + random() * 2) AS orders, random() * 700 AS start
  FROM generate_series(1, %(customers)s) n;
INSERT INTO profile (tenant_id, id, external_id) SELECT %(tenant)s, id, 'c' || n FROM who;
INSERT INTO identifier (tenant_id, id, kind, value, profile_id, origin_profile_id, is_verified, source, created_at)
  SELECT %(tenant)s, own, 'external_id', 'c' || n, id, id, true, 'erp', now() - interval '800 days' FROM who;
INSERT INTO shop_order (tenant_id, id, source, external_id, ordered_at, source_updated_at, status, stated_status,
  currency, channel, identifier_id, subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor,
  refunded_minor, content_hash)
  SELECT %(tenant)s, gen_random_uuid(), 'erp', n || '/' || k, at, at, 'paid', 'paid', 'EUR', 'pos', own, cents, 0, 0, 0,
    cents, 0, 'x' FROM who, LATERAL (SELECT k, now() - interval '1 day' * (1 + random() * start) AS at,
    (random() * 5000)::bigint AS cents FROM generate_series(1, ceil(who.orders)::int) k) o;
INSERT INTO consent_history (tenant_id, id, identifier_id, channel, purpose, state, source, at, recorded_at)
  SELECT %(tenant)s, gen_random_uuid(), own, 'email', 'marketing', 'subscribed', 'shop', at, at
  FROM who, LATERAL (SELECT now() - interval '1 day' * random() * 700 AS at, who.n) o;
"""


async def measure(sessions: Sessions, tenant_id: TenantId, names: Sequence[str], postmaster: int) -> tuple[float, ...]:
    """CPU of this process, of the database, and wall seconds of one question."""
    today = utc_now().date()
    period = Span(today - timedelta(days=365), today - timedelta(days=1))
    periods = (period, before(period), year_before(period))
    spans = [span for each in periods for span in (each, *cut(each, Step.MONTH))]

    async def ask(session: Session) -> None:
        await series_of_many(session, tenant_id, Scope(), Wanted(names, spans), utc_now())

    mine, database, wall = time.process_time(), cpu.of_children(postmaster), time.monotonic()
    async with transaction(sessions, tenant_id) as session:
        await ask(session)
        passed = time.monotonic() - wall
        return time.process_time() - mine, cpu.of_children(postmaster) - database, passed


async def run(url: str, customers: int, orders: int) -> Table:
    """Fill a tenant, ask for each metric by itself, and for all together."""
    engine = make_engine(url)
    sessions = make_sessions(engine)
    async with sessions() as session:
        world = await make_world(session)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as sql:
        for statement in _FILL.split(";\n"):
            if statement.strip():
                values = {"tenant": world.tenant_id, "customers": customers, "orders": orders}
                sql.execute(statement, values)  # type: ignore[arg-type]
        sql.execute("ANALYZE")
        count = sql.execute("SELECT count(*) FROM shop_order").fetchone()
        backend = sql.execute("SELECT pg_backend_pid()").fetchone()
        assert count is not None
        assert backend is not None
    postmaster = cpu.parent_of(backend[0])
    table = Table(title=f"{customers:,} customers, {count[0]:,} orders")
    for column in ("metric", "CPU s", "database CPU s", "wall s", "again: CPU s", "database CPU s", "wall s"):
        table.add_column(column)
    names = [name for name in METRICS if name != "ltv_predicted"]
    for label, asked in [*((name, [name]) for name in names), ("all together", names)]:
        books.forget()
        first = await measure(sessions, world.tenant_id, asked, postmaster)
        again = await measure(sessions, world.tenant_id, asked, postmaster)
        table.add_row(label, *(f"{n:.2f}" for n in (*first, *again)))
    await engine.dispose()
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=50_000)
    parser.add_argument("--orders", type=int, default=20, help="of a customer, about")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder), durable=False) as cluster:
        upgrade(cluster.url)
        Console().print(asyncio.run(run(cluster.url, asked.customers, asked.orders)))


if __name__ == "__main__":
    main()

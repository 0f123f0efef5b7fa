"""`python -m tests.bench.summary`: what ten million orders come to, by PostgreSQL as we do it, by DuckDB and by polars.

DuckDB and polars rebuild the table `customer_summary` from the orders' file (a million customers over three years),
purchases of one day merged, and must give the same sums. PostgreSQL makes it in the database, compares everybody's as
it does every night, and computes only those anew who have bought. `--orders N` makes fewer.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import duckdb
import numpy as np
import polars as pl
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from geoengage.kit.cluster import Cluster
from geoengage.kit.db import Session, make_engine, make_sessions, transaction
from geoengage.kit.ids import TenantId
from geoengage.kit.migrate import upgrade
from geoengage.metrics import store
from tests.bench import cpu
from tests.factories import make_world

T = TypeVar("T")
DAYS = 1095
BATCH = 500


@dataclass(frozen=True)
class Sums:
    """What must be the same whoever computes it: customers, orders, purchase days, money, money of repeat days."""

    customers: int
    orders: int
    days: int
    spent: int
    repeat: int


def make_orders(orders: int) -> pa.Table:
    """Orders as anchors/metrics.md section 3 has them: a few customers make most of them, in order of time."""
    rng = np.random.default_rng(1)
    customers = max(orders // 10, 1)
    weight = rng.gamma(0.6, 1, customers) + 0.02
    who = np.concatenate([np.arange(customers), rng.choice(customers, orders - customers, p=weight / weight.sum())])
    at = rng.integers(0, DAYS * 86_400, orders)
    by_time = np.argsort(at, kind="stable")
    times = np.datetime64("2023-01-01T00:00:00", "us") + at[by_time].astype("timedelta64[s]")
    cents = rng.lognormal(8.2, 0.7, orders).astype(np.int64)
    return pa.table({"customer": who[by_time].astype(np.int64), "moment": times, "total": cents})


# The same as store/summaries.py says in PostgreSQL; all orders are in one currency and in UTC.
_DUCK = """
CREATE OR REPLACE TABLE summary AS
WITH bought AS (
  SELECT customer, CAST(moment AS DATE) AS day, count(*) AS orders, sum(total) AS spent, max(moment) AS last_at
  FROM read_parquet('{path}') GROUP BY 1, 2)
SELECT customer, sum(orders) AS orders, count(*) AS purchase_days, min(day) AS first_day, max(day) AS last_day,
  max(last_at) AS last_order_at, sum(spent) AS spent, sum(spent) - arg_min(spent, day) AS repeat_spend
FROM bought GROUP BY 1
"""


def by_duckdb(path: Path) -> Sums:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute(_DUCK.format(path=path))
        found = connection.execute(
            "SELECT count(*), sum(orders), sum(purchase_days), sum(spent), sum(repeat_spend) FROM summary"
        ).fetchone()
    assert found is not None
    return Sums(*map(int, found))


def by_polars(path: Path) -> Sums:
    day = (
        pl.scan_parquet(path)
        .group_by("customer", pl.col("moment").dt.date().alias("day"))
        .agg(pl.len().alias("orders"), pl.col("total").sum().alias("spent"), pl.col("moment").max().alias("last_at"))
    )
    summary = (
        day.group_by("customer")
        .agg(
            pl.col("orders").sum(), pl.len().alias("purchase_days"), pl.col("day").min().alias("first_day"),
            pl.col("day").max().alias("last_day"), pl.col("last_at").max(), pl.col("spent").sum(),
            (pl.col("spent").sum() - pl.col("spent").get(pl.col("day").arg_min())).alias("repeat_spend"),
        )
        .collect()
    )  # fmt: skip
    sums = summary.select(pl.len(), pl.sum("orders", "purchase_days", "spent", "repeat_spend")).row(0)
    return Sums(*map(int, sums))


async def fill(url: str, table: pa.Table) -> TenantId:
    """A tenant, its people and their orders, without the columns that nobody asks for."""
    engine = make_engine(url)
    async with make_sessions(engine)() as session:
        world = await make_world(session, timezone="UTC")
    await engine.dispose()
    customers = int(np.max(table["customer"].to_numpy())) + 1
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute(
            "INSERT INTO profile (tenant_id, id) SELECT %s, (lpad(to_hex(n), 32, '0'))::uuid"
            " FROM generate_series(0, %s) n",
            (world.tenant_id, customers - 1),
        )
        connection.execute(
            "INSERT INTO identifier (tenant_id, id, profile_id, origin_profile_id, kind, value, is_verified,"
            " source, created_at) SELECT tenant_id, id, id, id, 'external_id', id::text, true, 'bench', now()"
            " FROM profile WHERE tenant_id = %s",
            (world.tenant_id,),
        )
        _copy_orders(connection, world.tenant_id, table)
        connection.execute("ANALYZE")
    return world.tenant_id


def _copy_orders(connection: psycopg.Connection, tenant_id: TenantId, table: pa.Table) -> None:
    connection.execute("CREATE TEMP TABLE given (n bigint, customer bigint, at timestamptz, total bigint)")
    with connection.cursor().copy("COPY given FROM STDIN") as copy:
        for start in range(0, len(table), 200_000):
            part = table.slice(start, 200_000)
            rows = zip(part["customer"].to_pylist(), part["moment"].to_pylist(), part["total"].to_pylist(), strict=True)
            copy.write("".join(f"{start + i}\t{who}\t{at}+00\t{total}\n" for i, (who, at, total) in enumerate(rows)))
    connection.execute(
        "INSERT INTO shop_order (tenant_id, id, source, external_id, ordered_at, source_updated_at, status,"
        " stated_status, currency, channel, identifier_id, subtotal_minor, discount_minor, shipping_minor, tax_minor,"
        " total_minor, refunded_minor, content_hash)"
        " SELECT %s, (lpad(to_hex(n), 32, '0'))::uuid, 'bench', n::text, at, at, 'paid', 'paid', 'CHF', 'web',"
        " (lpad(to_hex(customer), 32, '0'))::uuid, total, 0, 0, 0, total, 0, '' FROM given",
        (tenant_id,),
    )


async def by_us(url: str, tenant_id: TenantId, work: Callable[[Session, TenantId], Awaitable[T]]) -> T:
    """One statement about everybody."""
    engine = make_engine(url)
    sessions = make_sessions(engine)
    async with transaction(sessions, tenant_id) as session:
        result = await work(session, tenant_id)
    await engine.dispose()
    return result


async def batch_of_us(url: str, tenant_id: TenantId, rounds: int) -> None:
    """The customers of so many batches of new orders computed anew."""
    rng = np.random.default_rng(2)
    engine = make_engine(url)
    sessions = make_sessions(engine)
    for _ in range(rounds):
        ids = [UUID(int=int(n)) for n in rng.choice(1000, BATCH, replace=False)]
        async with transaction(sessions, tenant_id) as session:
            await store.summarise(session, tenant_id, ids)
    await engine.dispose()


def postmaster(url: str) -> int:
    """The process whose children work for the database."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        stat = Path(f"/proc/{connection.info.backend_pid}/stat").read_text()
    return int(stat.rpartition(") ")[2].split()[1])


def measured(work: Callable[[], T], server: int | None = None) -> tuple[T, float, float]:
    """What came of it, seconds, and CPU seconds of this process and the database."""
    started, spent = time.monotonic(), time.process_time()
    before = cpu.of_children(server) if server else 0.0
    result = work()
    database = cpu.of_children(server) - before if server else 0.0
    return result, time.monotonic() - started, time.process_time() - spent + database


@dataclass(frozen=True)
class Line:
    """One way to the same table."""

    name: str
    seconds: float
    cpu_s: float


def database_lines(table: pa.Table, rounds: int) -> tuple[list[Line], int]:
    """What PostgreSQL takes: all customers looked at, then batches of those who have bought again."""
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "postgres", durable=False) as cluster:
        upgrade(cluster.url)
        tenant_id = asyncio.run(fill(cluster.url, table))
        server = postmaster(cluster.url)
        made, *whole = measured(lambda: asyncio.run(by_us(cluster.url, tenant_id, store.summarise_all)), server)
        wrong, *nightly = measured(lambda: asyncio.run(by_us(cluster.url, tenant_id, store.list_wrong)), server)
        assert not wrong
        _, *some = measured(lambda: asyncio.run(batch_of_us(cluster.url, tenant_id, rounds)), server)
    people = rounds * BATCH
    return [
        Line("PostgreSQL, whole rebuild in the database", *whole),
        Line("PostgreSQL, all compared (every night)", *nightly),
        Line(f"PostgreSQL, {people:,} customers who bought, in batches of {BATCH}", *some),
    ], made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000_000)
    arguments = parser.parse_args()
    made = make_orders(arguments.orders)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.parquet"
        pq.write_table(made, path)
        duck, *duck_took = measured(lambda: by_duckdb(path))
        polar, *polar_took = measured(lambda: by_polars(path))
    assert duck == polar, (duck, polar)
    lines = [Line("DuckDB, whole rebuild from parquet", *duck_took), Line("polars, the same", *polar_took)]
    of_database, summaries = database_lines(made, 20)
    assert summaries == duck.customers
    table = Table(title=f"{duck.orders:,} orders of {duck.customers:,} customers on {duck.days:,} days")
    for name in ("way", "seconds", "CPU s"):
        table.add_column(name)
    for line in (*lines, *of_database):
        table.add_row(line.name, f"{line.seconds:.2f}", f"{line.cpu_s:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()

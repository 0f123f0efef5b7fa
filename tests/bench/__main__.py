"""`make bench`: pings through HTTP beside an empty endpoint and beside PostGIS alone, all in one run, as ratios.

Absolute figures depend on the machine and on what else it does; the ratios are what to look at. Server, database and
load share the cores.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psycopg
import shapely
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import create_async_engine

from geoengage.kit import partitions
from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import make_sessions, transaction
from geoengage.kit.migrate import upgrade
from geoengage.presence.index import ZoneIndex
from geoengage.venues import store as venues
from tests.bench import load
from tests.bench.world import LAT, LON, Bench, Walkers, make_bench
from tests.e2e.stack import free_port

KEY = "a-key-for-the-benchmark-0123456789abcdef"
MATCH = """SELECT p.i, z.zone_id FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS p (lon, lat, i)
 JOIN zone_version z ON z.tenant_id = %s AND ST_Covers(z.geom, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326))"""


async def prepare(url: str, zones: int, devices: int) -> tuple[Bench, ZoneIndex]:
    engine = create_async_engine(url)
    sessions = make_sessions(engine)
    async with transaction(sessions, None) as session:
        await partitions.make_ahead(session, utc_now())
    async with sessions() as session:
        bench = await make_bench(session, KEY, zones=zones, devices=devices)
    async with transaction(sessions, bench.world.tenant_id) as session:
        published = await venues.list_published_zones(session, bench.world.tenant_id)
    await engine.dispose()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ANALYZE")
    return bench, ZoneIndex(1, published, [])


def matching(index: ZoneIndex, bench: Bench) -> tuple[float, float]:
    """Points a second: our match with exact distances, and a bare STRtree bulk query of the same points."""
    rng = np.random.default_rng(2)
    scale = bench.side_m / 111_319.5
    lon, lat = LON + rng.uniform(0, scale * 1.47, 100_000), LAT + rng.uniform(0, scale, 100_000)
    reach = np.full(len(lon), 11.0)
    tree = shapely.STRtree([z.geometry for z in index.zones])
    started = time.perf_counter()
    index.near(lon, lat, reach)
    ours = time.perf_counter() - started
    started = time.perf_counter()
    tree.query(shapely.points(lon, lat), predicate="intersects")
    bare = time.perf_counter() - started
    return len(lon) / ours, len(lon) / bare


def postgis(url: str, bench: Bench, seconds: float, *, batch: int) -> float:
    """Points a second that PostGIS alone matches, nothing stored, `batch` points a query."""
    rng = np.random.default_rng(3)
    done, until = 0, time.perf_counter() + seconds
    started = time.perf_counter()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        while time.perf_counter() < until:
            xs = (LON + rng.uniform(0, bench.side_m / 75_000, batch)).tolist()
            ys = (LAT + rng.uniform(0, bench.side_m / 111_319, batch)).tolist()
            connection.execute(MATCH, (xs, ys, bench.world.tenant_id)).fetchall()
            done += batch
    return done / (time.perf_counter() - started)


async def through_http(port: int, bench: Bench, seconds: float) -> dict[str, load.Result]:
    walkers, many = Walkers(bench), 64
    ids, tokens = bench.devices, bench.tokens
    sets = np.array_split(np.arange(len(ids)), 8)

    def single(path: str) -> load.Result:
        return asyncio.run(
            load.run(
                port, lambda n: load.request(path, walkers.body(n, 1), tokens[n]), connections=many, seconds=seconds
            )
        )

    def in_thread(call, *arguments):  # type: ignore[no-untyped-def]
        return asyncio.to_thread(call, *arguments)

    warm = await in_thread(single, "/v1/pings")
    del warm
    results = {
        "empty endpoint": await in_thread(single, "/empty"),
        "one ping a request": await in_thread(single, "/v1/pings"),
    }
    results["100 pings of one device"] = await load.run(
        port,
        lambda n: load.request("/v1/pings", walkers.body(many + n, 100), tokens[many + n]),
        connections=8,
        seconds=seconds,
    )
    results["100 devices, a ping each"] = await load.run(
        port,
        lambda n: load.request("/v1/pings", walkers.mixed_body(list(sets[n][:100]), ids), bench.world.sk),
        connections=8,
        seconds=seconds,
    )
    return results


def report(console: Console, http: dict[str, load.Result], alone: dict[int, float], ours: float, bare: float) -> None:
    empty = http["empty endpoint"].per_s
    table = Table("measured", "requests/s", "pings/s", "p50 ms", "p99 ms", "beside")
    for name, result in http.items():
        pings = result.per_s * (100 if name.startswith("100") else 1)
        if name == "empty endpoint":
            beside = "1.00 (yardstick)"
        elif name == "one ping a request":
            beside = f"{result.per_s / empty:.2f} of the empty endpoint · {pings / alone[1]:.2f} of PostGIS alone"
        else:
            beside = f"{pings / alone[100]:.2f} of PostGIS alone, by 100"
        shown = "" if name == "empty endpoint" else f"{pings:,.0f}"
        table.add_row(name, f"{result.per_s:,.0f}", shown, f"{result.p50_ms:.1f}", f"{result.p99_ms:.1f}", beside)
    for batch, rate in alone.items():
        table.add_row(
            f"PostGIS match alone, by {batch}", f"{rate / batch:,.0f}", f"{rate:,.0f}", "", "", "nothing stored"
        )
    table.add_row("our match alone", "", f"{ours:,.0f}", "", "", f"{ours / bare:.2f} of a bare STRtree query")
    console.print(table)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--zones", type=int, default=50_000)
    options.add_argument("--devices", type=int, default=1_000)
    options.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    given = options.parse_args()
    console = Console(width=130)
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "pg") as cluster:
        upgrade(cluster.url)
        with console.status(f"filling: {given.zones:,} zones, {given.devices:,} devices"):
            bench, index = asyncio.run(prepare(cluster.url, given.zones, given.devices))
        port = free_port()
        server = subprocess.Popen([sys.executable, "-m", "tests.bench.server", cluster.url, KEY, str(port), folder])
        try:
            with console.status("measuring"):
                asyncio.run(wait_for(port))
                http = asyncio.run(through_http(port, bench, given.seconds))
        finally:
            server.terminate()
            server.wait()
        with console.status("PostGIS alone"):
            alone = {n: postgis(cluster.url, bench, given.seconds, batch=n) for n in (1, 100)}
            ours, bare = matching(index, bench)
        report(console, http, alone, ours, bare)


async def wait_for(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


if __name__ == "__main__":
    main()

"""`make bench`: pings through HTTP beside an empty endpoint, matching beside a bare tree, all in one run, as ratios.

Server, database and load share the cores, and other work may take its part of them; so each line also says what a ping
cost in CPU time, and what two cores would do if they did nothing else.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
import uvloop
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import create_async_engine

from geoengage.kit import partitions
from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import make_sessions, transaction
from geoengage.kit.migrate import upgrade
from tests.bench import cpu, load, matching
from tests.bench.world import GRID_M, ZONE_M, Bench, Walkers, make_bench
from tests.e2e.stack import free_port

KEY = "a-key-for-the-benchmark-0123456789abcdef"
INTERVAL_S = 10.0  # between a device's pings; at 1.2 m/s one in about 50 then causes a transition
CORES = 2
SERVERS = 16  # connections that send pings of 100 devices in a request
PHONES = 256  # that send one ping a request, each on a connection of its own
EMPTY, SINGLE, ONE, MANY = "empty endpoint", "one ping a request", "100 pings of one device", "100 devices, a ping each"
GOALS = {SINGLE: "0.60 of empty", ONE: "100,000 pings/s", MANY: "40,000 (20,000) pings/s"}


@dataclass(frozen=True)
class Measured:
    """One line: what the load saw, the CPU seconds of each part, the server's samples by step and by function."""

    name: str
    pings: int
    result: load.Result
    server_s: float
    database_s: float
    steps: Counter[str]
    functions: Counter[str]
    groups: int

    @property
    def total_us(self) -> float:
        """Microseconds of CPU a ping, everything counted."""
        return (self.server_s + self.database_s + self.result.cpu_s) / self.pings * 1e6


async def prepare(url: str, zones: int, devices: int) -> Bench:
    engine = create_async_engine(url)
    sessions = make_sessions(engine)
    async with transaction(sessions, None) as session:
        await partitions.make_ahead(session, utc_now())
    async with sessions() as session:
        bench = await make_bench(session, KEY, zones=zones, devices=devices)
    await engine.dispose()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ANALYZE")
    return bench


class Stand:
    """The servers, their database, and what to send them."""

    def __init__(
        self, port: int, servers: list[subprocess.Popen[bytes]], url: str, bench: Bench, plain: tuple[int, int]
    ) -> None:
        """`plain`: port and process of the yardstick."""
        self.port, self.servers, self.bench, self.plain = port, servers, bench, plain
        self.walkers = Walkers(bench, interval_s=INTERVAL_S)
        self._sql = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        backend = self.scalar("SELECT pg_backend_pid()")
        self._postmaster = int(Path(f"/proc/{backend}/stat").read_text().rpartition(") ")[2].split()[1])

    def scalar(self, query: str) -> int:
        row = self._sql.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    def samples(self, port: int) -> tuple[Counter[str], Counter[str]]:
        """Of one server per call; with several, whoever takes the connection."""
        request = urllib.request.Request(f"http://127.0.0.1:{port}/samples", method="POST")
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - ours
            taken = json.load(answer)
        return Counter(taken["steps"]), Counter(taken["functions"])

    def measure(self, name: str, make: Callable[[int], bytes], *, each: int, connections: int, s: float) -> Measured:
        port, pids = self.plain[0], [self.plain[1]]
        if name != EMPTY:
            port, pids = self.port, [p.pid for p in self.servers]
        self.samples(port)
        groups = self.scalar("SELECT count(DISTINCT received_at) FROM ping_run")
        servers, database = sum(map(cpu.of_process, pids)), cpu.of_children(self._postmaster)
        result = uvloop.run(load.run(port, make, connections=connections, seconds=s))
        servers, database = sum(map(cpu.of_process, pids)) - servers, cpu.of_children(self._postmaster) - database
        groups = self.scalar("SELECT count(DISTINCT received_at) FROM ping_run") - groups
        return Measured(name, result.done * each, result, servers, database, *self.samples(port), groups)

    def single(self, path: str, name: str, s: float) -> Measured:
        def make(connection: int, number: int) -> bytes:
            device = connection + PHONES * (number // 150 % 2)  # so that none runs ahead of the clock
            body = self.walkers.body(device, 1) if name != EMPTY else b"x" * 100
            return load.request(path, body, self.bench.tokens[device])

        return self.measure(name, prepared(make, PHONES, int(s * 80)), each=1, connections=PHONES, s=s)

    def of_one_device(self, s: float) -> Measured:
        def make(connection: int, number: int) -> bytes:
            device = 640 + connection + 32 * (number // 3 % 55)  # three batches lie within the hour
            return load.request("/v1/pings", self.walkers.body(device, 100), self.bench.tokens[device])

        return self.measure(ONE, prepared(make, 32, int(s * 25)), each=100, connections=32, s=s)

    def of_many_devices(self, s: float) -> Measured:
        ids, sets = self.bench.devices, np.arange(2_400, 2_400 + SERVERS * 100).reshape(SERVERS, 100).tolist()

        def make(connection: int, _number: int) -> bytes:
            return load.request("/v1/pings", self.walkers.mixed_body(sets[connection], ids), self.bench.world.sk)

        return self.measure(MANY, prepared(make, SERVERS, int(s * 30)), each=100, connections=SERVERS, s=s)


def prepared(make: Callable[[int, int], bytes], connections: int, most: int) -> Callable[[int], bytes]:
    """Requests made beforehand by (connection, number), so that only sending is measured; StopIteration at last."""
    waiting = [iter([make(n, k) for k in range(most)]) for n in range(connections)]
    return lambda n: next(waiting[n])


@contextlib.contextmanager
def running(url: str, port: int, folder: str, processes: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The product's servers on one port."""
    command = [sys.executable, "-m", "tests.bench.server", url, KEY, str(port), folder]
    with _ended(command, port, processes) as servers:
        yield servers


@contextlib.contextmanager
def yardstick() -> Iterator[tuple[int, int]]:
    """The empty endpoint under uvicorn as it is; its port and process."""
    port = free_port()
    with _ended([sys.executable, "-m", "tests.bench.plain", str(port)], port, 1) as servers:
        yield port, servers[0].pid


@contextlib.contextmanager
def _ended(command: list[str], port: int, processes: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    servers = [subprocess.Popen(command) for _ in range(processes)]
    try:
        asyncio.run(wait_for(port))
        yield servers
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait()


def show_http(console: Console, lines: list[Measured]) -> None:
    empty = lines[0]
    table = Table("measured", "requests/s", "pings/s", "p50 ms", "p99 ms", "CPU µs a ping: server + database + load")
    table.add_column("pings a group")
    table.add_column(f"{CORES} cores alone, pings/s")
    table.add_column("of empty: requests/s, by CPU of the server")
    table.add_column("goal")
    for m in lines:
        of_empty = empty.server_s / empty.pings / (m.server_s / m.pings)
        parts = " + ".join(f"{s / m.pings * 1e6:.1f}" for s in (m.server_s, m.database_s, m.result.cpu_s))
        table.add_row(
            m.name, f"{m.result.per_s:,.0f}", f"{m.pings / m.result.done * m.result.per_s:,.0f}",
            f"{m.result.p50_ms:.1f}", f"{m.result.p99_ms:.1f}", f"{parts} = {m.total_us:.1f}",
            f"{m.pings / m.groups:,.0f}" if m.groups else "", f"{CORES * 1e6 / m.total_us:,.0f}",
            f"{m.result.per_s / empty.result.per_s:.2f}, {of_empty:.2f}" if m.name in (EMPTY, SINGLE) else "",
            GOALS.get(m.name, ""),
        )  # fmt: skip
    console.print(table)


def show_steps(console: Console, lines: list[Measured]) -> None:
    steps = sorted({s for m in lines for s in m.steps}, key=lambda s: -sum(m.steps[s] for m in lines[-2:]))
    table = Table("CPU µs a ping, server by step", *(m.name for m in lines))
    for step in steps:
        table.add_row(step, *(_share(m, m.steps[step]) for m in lines))
    console.print(table)
    for m in lines:
        console.print(f"[bold]bounded by[/bold] ({m.name}, µs a ping in the function itself)")
        console.print("   " + " · ".join(f"{f} {_share(m, n)}" for f, n in m.functions.most_common(14)))


def _share(m: Measured, samples: int) -> str:
    return f"{samples / max(1, m.steps.total()) * m.server_s / m.pings * 1e6:.2f}"


def show_matching(console: Console, largest: int) -> None:
    table = Table(
        "zones", "our match µs", "bare STRtree µs", "of bare", "of cost at 500", "build s", "MB", "MB per 100,000"
    )
    first = None
    for count in (n for n in (500, 5_000, 50_000, 500_000) if n <= largest):
        m = matching.measure(count, GRID_M, ZONE_M)
        first = first or m
        table.add_row(
            f"{count:,}", f"{m.ours_us:.2f}", f"{m.bare_us:.2f}", f"{m.ratio:.2f}", f"{m.ours_us / first.ours_us:.2f}",
            f"{m.build_s:.2f}", f"{m.mb:,.0f}", f"{m.mb / count * 100_000:,.0f}",
        )  # fmt: skip
    table.caption = "goals: ≥ 0.80 of bare, cost at 500,000 ≤ 3 × cost at 500; CPU time, median of the rounds"
    console.print(table)


def show_world(console: Console, stand: Stand) -> None:
    pings, events = stand.scalar("SELECT count(*) FROM ping"), stand.scalar("SELECT count(*) FROM zone_event")
    x, y = np.random.default_rng(9).uniform(0, GRID_M, (2, 1_000_000))
    dx, dy = (np.maximum(0, np.minimum(c - ZONE_M, GRID_M - c)) for c in (x, y))
    near = float((np.where((x < ZONE_M), 0, dx) ** 2 + np.where((y < ZONE_M), 0, dy) ** 2 <= 30.0**2).mean())
    size = stand.scalar("SELECT pg_total_relation_size('device_state') / greatest(1, count(*)) FROM device_state")
    console.print(
        f"{pings:,} pings stored, {events / max(1, pings):.1%} transitions, {near:.0%} of places within 30 m of a zone;"
        f" server {', '.join(f'{cpu.memory_mb(p.pid):.0f} MB' for p in stand.servers)}; a device's state takes {size:,}"
        f" bytes of the database ({size / 10:,.0f} MB per 100,000 devices)"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--zones", type=int, default=50_000)
    options.add_argument("--largest", type=int, default=500_000, help="zones in the matching table, at most")
    options.add_argument("--devices", type=int, default=6_000)
    options.add_argument("--processes", type=int, default=1, help="API processes on one port")
    options.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    given = options.parse_args()
    console = Console(width=150)
    show_matching(console, given.largest)
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "pg") as cluster:
        upgrade(cluster.url)
        with console.status(f"filling: {given.zones:,} zones, {given.devices:,} devices"):
            bench = asyncio.run(prepare(cluster.url, given.zones, given.devices))
        port = free_port()
        with running(cluster.url, port, folder, given.processes) as servers, yardstick() as plain:
            stand = Stand(port, servers, cluster.url, bench, plain)
            stand.single("/v1/pings", SINGLE, 2.0)  # the index is built at the first ping
            lines = [
                stand.single("/empty", EMPTY, given.seconds),
                stand.single("/v1/pings", SINGLE, given.seconds),
                stand.of_one_device(given.seconds),
                stand.of_many_devices(given.seconds),
            ]
            show_http(console, lines)
            show_steps(console, lines)
            show_world(console, stand)


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

"""`python -m tests.bench.sending`: messages a second, and from a ping to FCM's socket, against local endpoints.

Side by side in one run, in turns, because the machine does other things too: firebase-admin's `send_each_async`, our
channel alone, and a worker end to end (claimed from the database, checked, sent, recorded). The endpoint is a process
of its own; the sender's CPU is what is left of the comparison when the machine is busy. Then the product as it runs
(API, worker, FCM, each a process): pings at half of what that API takes, and among them people who walk into a shop;
measured is from the moment their ping is sent to the moment FCM has the message.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import firebase_admin
import numpy as np
import uvloop
from firebase_admin import credentials, messaging
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from geoengage.kit import partitions
from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import Sessions, make_engine, make_sessions, transaction
from geoengage.kit.ids import new_id
from geoengage.kit.migrate import upgrade
from geoengage.kit.settings import FcmSettings, Settings, WorkerSettings
from geoengage.messaging import service
from geoengage.messaging.channels import Push
from geoengage.messaging.channels.fcm import open_fcm
from geoengage.messaging.jobs import Deliverer
from geoengage.messaging.rules import Attempt, Draft, Sent
from geoengage.messaging.senders import open_senders
from geoengage.profiles.models import Device
from geoengage.tenancy.auth import make_device_token
from geoengage.tenancy.rules import Principal, PrincipalKind
from tests.bench import load
from tests.bench.world import GRID_M, LAT, LON, ZONE_M, Bench, Walkers, make_bench
from tests.campaign_rows import make_store
from tests.conftest import KEY
from tests.e2e.stack import Stack, running
from tests.factories import World, make_world

IN_FLIGHT = 64
PIECE_S = 1.0  # of each sender, in turns
DEVICES, CONNECTIONS = 10_000, 16  # of the load
CALM = {"ramp_up_s": 0.0}  # the limit itself is not what is measured


@dataclass
class Rate:
    """Messages that were taken, the time that took, and this process's share of it on a processor."""

    sent: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0

    @property
    def per_s(self) -> float:
        return self.sent / self.seconds

    @property
    def cpu_ms(self) -> float:
        """A message."""
        return 1000 * self.cpu_s / self.sent

    def add(self, sent: int, since: tuple[float, float]) -> None:
        self.sent += sent
        self.seconds += time.perf_counter() - since[0]
        self.cpu_s += time.process_time() - since[1]


def now() -> tuple[float, float]:
    """On the clock, and on the processor."""
    return time.perf_counter(), time.process_time()


@contextlib.contextmanager
def fcm_process(module: str, account: Path, *flags: str) -> Any:
    """A local server in FCM's place as a process; yields its URL."""
    command = [sys.executable, "-m", module, *flags, str(account)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait()


# --- messages a second -------------------------------------------------------------------------------------------


def firebase_app(url: str, account: Path) -> tuple[firebase_admin.App, dict[str, Any]]:
    """firebase-admin, sending to the local server; and the service account."""
    app = firebase_admin.initialize_app(credentials.Certificate(str(account)), name="bench")
    messaging._get_messaging_service(app)._fcm_url = f"{url}/v1/projects/{app.project_id}/messages:send"
    return app, json.loads(account.read_text())


async def by_firebase_admin(app: firebase_admin.App, rate: Rate) -> None:
    began = time.perf_counter()
    while time.perf_counter() - began < PIECE_S:
        started = now()
        messages = [
            messaging.Message(
                notification=messaging.Notification(title="Hoi", body="Kaffee"),
                data={"message_id": str(new_id())},
                token=f"phone-{n}",
            )
            for n in range(IN_FLIGHT)
        ]
        answer = await messaging.send_each_async(messages, app=app)
        rate.add(answer.success_count, started)


async def by_channel(channel: Any, rate: Rate) -> None:
    began = now()
    sent = 0

    async def one() -> None:
        nonlocal sent
        while time.perf_counter() - began[0] < PIECE_S:
            id_, at = new_id(), utc_now()
            until = at + timedelta(minutes=10)
            push = Push(
                id_, id_, "Hoi", "Kaffee", {"message_id": str(id_)}, "k", until, "android", f"p-{id_}", "fcm_token"
            )
            outcome = await channel.send(push, Attempt(1, at, until, 2.0, 0.5))
            sent += isinstance(outcome, Sent)

    await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))
    rate.add(sent, began)


async def queue(sessions: Sessions, world: World, count: int) -> None:
    """Messages to new devices."""
    at = utc_now()
    async with transaction(sessions, world.tenant_id) as session:
        drafts = []
        for _ in range(count):
            id_ = new_id()
            session.add(
                Device(
                    tenant_id=world.tenant_id, id=id_, app_id=world.app_id, platform="android", push_provider="fcm",
                    push_kind="fcm_token", push_address=f"phone-{id_}", location="granted", marketing_push="granted",
                )
            )  # fmt: skip
            drafts.append(
                Draft(
                    device_id=id_, person_id=id_, campaign_id=new_id(), zone_id=new_id(), title="Hoi", body="Kaffee",
                    collapse_key="k", occurrence=new_id(), expires_at=at + timedelta(minutes=10),
                )
            )  # fmt: skip
        await session.flush()
        await service.enqueue(session, world.tenant_id, drafts, at)


async def by_worker(worker: Deliverer, sessions: Sessions, rate: Rate) -> None:
    """Steps of the worker's loop until everything queued is recorded."""
    async with transaction(sessions, None) as session:
        waiting = (await session.execute(text("SELECT count(*) FROM message_due"))).scalar_one()
    started = now()
    while await worker.step():
        pass
    rate.add(waiting, started)


async def senders(database: str, url: str, account: Path, folder: Path, rounds: int) -> dict[str, Rate]:
    """All three, in turns."""
    engine = make_engine(database)
    sessions = make_sessions(engine)
    async with transaction(sessions, None) as session:
        await partitions.make_ahead(session, utc_now())
    async with sessions() as session:
        world = await make_world(session)
    fcm = FcmSettings(base_url=url, credentials_file=account, **CALM)  # type: ignore[arg-type]
    settings = Settings(data_dir=folder, secret_key=KEY, fcm=fcm, worker=WorkerSettings())  # type: ignore[arg-type]
    rates = {"firebase-admin send_each_async": Rate(), "our channel alone": Rate(), "a worker end to end": Rate()}
    app, key = firebase_app(url, account)
    lasting = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)  # as a worker has them
    async with open_senders(settings, utc_now) as opened, aiohttp.ClientSession(connector=lasting) as http:
        channel = open_fcm(http, fcm, key, utc_now)
        worker = Deliverer(sessions, opened, settings.worker)
        for number in range(rounds + 1):
            if number == 1:  # the first round warms up connections, tokens and plans
                rates = {name: Rate() for name in rates}
            theirs, bare, whole = rates.values()
            await by_firebase_admin(app, theirs)
            await by_channel(channel, bare)
            await queue(sessions, world, max(200, int(bare.per_s * PIECE_S / 2)))
            await by_worker(worker, sessions, whole)
    await engine.dispose()
    return rates


# --- from a ping to the socket -----------------------------------------------------------------------------------


@dataclass
class Reaction:
    """Milliseconds from a ping to FCM, under a load."""

    pings_per_s: float
    capacity: float
    latencies_ms: list[float] = field(default_factory=list)
    missing: int = 0


async def fill(database: str, zones: int, probes: int) -> tuple[Bench, list[tuple[UUID, str]]]:
    """Zones, devices for the load, and people who will walk in; a campaign waits at every zone."""
    engine = make_engine(database)
    sessions = make_sessions(engine)
    async with transaction(sessions, None) as session:
        await partitions.make_ahead(session, utc_now())
    async with sessions() as session:
        bench = await make_bench(session, KEY, zones=zones, devices=DEVICES)
        tenant = bench.world.tenant_id
        store_id = await make_store(session, bench.world)
        await session.execute(
            text("UPDATE zone_version SET kind = 'store', store_id = :s WHERE tenant_id = :t"),
            {"s": store_id, "t": tenant},
        )
        await session.execute(
            text(
                "INSERT INTO campaign (tenant_id, id, name, status, trigger_kind, trigger_zone_ids, trigger_store_ids,"
                " definition, title, body) VALUES (:t, :id, 'Bench', 'active', 'entered', '{}',"
                " CAST(ARRAY[:s] AS uuid[]), '{}', 'Hoi', 'Kaffee')"
            ),
            {"t": tenant, "id": new_id(), "s": store_id},
        )
        people = []
        for _ in range(probes):
            id_ = new_id()
            session.add(
                Device(
                    tenant_id=tenant, id=id_, app_id=bench.world.app_id, platform="android", push_provider="fcm",
                    push_kind="fcm_token", push_address=str(id_), location="granted", marketing_push="granted",
                )
            )  # fmt: skip
            who = Principal(tenant_id=tenant, id=id_, kind=PrincipalKind.DEVICE, token_version=1)
            people.append((id_, make_device_token(KEY, who)))
        await session.flush()
        await session.execute(text("ANALYZE"))  # autovacuum would, a minute later
        await session.commit()
    await engine.dispose()
    return bench, people


async def keep_loaded(
    http: aiohttp.ClientSession, url: str, bench: Bench, walkers: Walkers, sets: list[list[int]], per_s: float
) -> None:
    """So many pings a second, a hundred devices in a request, evenly spread, until cancelled."""
    headers = {"Authorization": f"Bearer {bench.world.sk}", "Content-Type": "application/json"}
    pending: set[asyncio.Task[None]] = set()

    async def one(body: bytes) -> None:
        async with http.post(f"{url}/v1/pings", data=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    began = time.perf_counter()
    for number in itertools.count():
        body = walkers.mixed_body(sets[number % len(sets)], bench.devices)
        await asyncio.sleep(max(0.0, began + number * 100 / per_s - time.perf_counter()))
        task = asyncio.create_task(one(body))
        pending.add(task)
        task.add_done_callback(pending.discard)


async def react(
    stack: Stack, http: aiohttp.ClientSession, fcm_url: str, bench: Bench, people: Any, seconds: float
) -> Reaction:
    """Measure the capacity, then send half of it, and let people walk in meanwhile."""
    walkers = Walkers(bench, seed=4)
    sets = np.arange(len(bench.devices)).reshape(-1, 100).tolist()
    turns = [itertools.cycle(sets[n::CONNECTIONS]) for n in range(CONNECTIONS)]

    async def at_full_speed(seconds: float) -> load.Result:
        result = await load.run(
            stack.port,
            lambda n: load.request("/v1/pings", walkers.mixed_body(next(turns[n]), bench.devices), bench.world.sk),
            connections=CONNECTIONS,
            seconds=seconds,
        )
        await stack.settled()
        return result

    await at_full_speed(0.1)  # API and worker build their indexes
    full = await at_full_speed(seconds / 2)
    found = Reaction(full.per_s * 50, full.per_s * 100)
    loading = asyncio.create_task(keep_loaded(http, stack.url, bench, walkers, sets, found.pings_per_s))
    started: dict[str, float] = {}
    side = round(bench.side_m / GRID_M)
    per_lon = 111_319.5 * np.cos(np.radians(LAT))
    rng = random.Random(7)
    for id_, token in people:
        cell = rng.randrange(side * side // 2)
        ping = {
            "at": utc_now().isoformat(),
            "lon": LON + ((cell % side) * GRID_M + ZONE_M / 2) / per_lon,
            "lat": LAT + ((cell // side) * GRID_M + ZONE_M / 2) / 111_319.5,
            "accuracy_m": 3.0,
        }
        started[str(id_)] = time.time()
        headers = {"Authorization": f"Bearer {token}"}
        async with http.post(f"{stack.url}/v1/pings", json={"pings": [ping]}, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
        await asyncio.sleep(rng.expovariate(len(people) / seconds))
    loading.cancel()
    await stack.settled()
    async with http.get(f"{fcm_url}/received") as answer:
        calls = {call["target"]: call["at"] for call in await answer.json()}
    found.latencies_ms = [1000 * (calls[id_] - at) for id_, at in started.items() if id_ in calls]
    found.missing = len(started) - len(found.latencies_ms)
    return found


@contextlib.asynccontextmanager
async def product(
    database: str, folder: Path, url: str, account: Path
) -> AsyncIterator[tuple[Stack, aiohttp.ClientSession]]:
    """API and worker as processes."""
    env = {"GEOENGAGE_FCM__BASE_URL": url, "GEOENGAGE_FCM__CREDENTIALS_FILE": str(account)}
    stack = Stack(database, folder, env)
    async with running(stack, "serve", "worker") as http:
        yield stack, http


async def reaction(database: str, folder: Path, url: str, account: Path, given: argparse.Namespace) -> Reaction:
    bench, people = await fill(database, given.zones, given.people)
    async with product(database, folder, url, account) as (stack, http):
        return await react(stack, http, url, bench, people, given.seconds)


# --- report ------------------------------------------------------------------------------------------------------


def report(console: Console, rates: dict[str, Rate], found: Reaction) -> None:
    yardstick = next(iter(rates.values())).per_s
    cpu = next(iter(rates.values())).cpu_ms
    table = Table("sending", "messages/s", "beside firebase-admin", "CPU ms a message", "beside")
    for name, rate in rates.items():
        times = (f"{rate.per_s / yardstick:.1f} ×", f"{rate.cpu_ms:.2f}", f"1/{cpu / rate.cpu_ms:.1f}")
        table.add_row(name, f"{rate.per_s:,.0f}", *times)
    console.print(table)
    table = Table("ping → FCM's socket", "pings/s", "messages", "p50 ms", "p99 ms")
    p50, p99 = np.percentile(found.latencies_ms, [50, 99])
    count = f"{len(found.latencies_ms)}" + (f" ({found.missing} missing)" if found.missing else "")
    table.add_row(
        "at half load", f"{found.pings_per_s:,.0f} of {found.capacity:,.0f}", count, f"{p50:.0f}", f"{p99:.0f}"
    )
    console.print(table)


def main() -> None:
    warnings.filterwarnings("ignore", message=".*token.*is deprecated", category=DeprecationWarning)
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5, help="of each sender, a second each")
    options.add_argument("--zones", type=int, default=50_000)
    options.add_argument("--people", type=int, default=300, help="who walk in")
    options.add_argument("--seconds", type=float, default=15.0, help="under half load")
    given = options.parse_args()
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as name, Cluster(Path(name) / "pg") as cluster:
        folder = Path(name)
        upgrade(cluster.url)
        account = folder / "account.json"
        with fcm_process("tests.bench.fcm_endpoint", account) as url, console.status("sending"):
            rates = uvloop.run(senders(cluster.url, url, account, folder, given.rounds))
        full = ("tests.providers.fcm_server", account, "--credentials")
        with fcm_process(*full) as url, console.status("ping → socket"):
            found = uvloop.run(reaction(cluster.url, folder, url, account, given))
        report(console, rates, found)


if __name__ == "__main__":
    main()

"""`python -m tests.bench.transactional`: how long a receipt takes to the mail server behind 100,000 marketing e-mails.

Database, both pairs of the worker's delivery loops and the mail server (aiosmtpd, 20 ms an e-mail) run on this machine;
all e-mails go through the same server, which is the worst case: marketing keeps every connection of its own busy all
the time. Measured is from before the receipt is written to the moment its text has come to the server.
"""

import argparse
import asyncio
import random
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import uvloop
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from geoengage.kit import partitions
from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import Sessions, make_engine, make_sessions, transaction
from geoengage.kit.events import Bell
from geoengage.kit.ids import new_id
from geoengage.kit.migrate import upgrade
from geoengage.kit.settings import EmailSettings, Settings
from geoengage.messaging import service
from geoengage.messaging.jobs import deliverer
from geoengage.messaging.rules import Draft
from geoengage.messaging.store import Queue
from geoengage.worker import _loop
from tests.conftest import KEY
from tests.factories import World, make_world
from tests.mailing import mail_sender, make_reader
from tests.providers.smtp_server import Mail, SmtpServer

READERS, BATCH = 500, 10_000
GOAL_S = 5.0


async def pile_up(sessions: Sessions, world: World, people: list[UUID], count: int) -> None:
    """Marketing e-mails that are due, written as `enqueue` writes them, without its ledger."""
    at = utc_now()
    rows = {
        "tenant_id": world.tenant_id, "at": at, "until": at + timedelta(hours=5),
        "ids": [new_id() for _ in range(count)],
        "people": [people[n % len(people)] for n in range(count)],
    }  # fmt: skip
    async with transaction(sessions, world.tenant_id) as session:
        await session.execute(
            text(
                "INSERT INTO message (tenant_id, id, person_id, purpose, channels, status, blockers, gates, title,"
                " body, data, collapse_key, attempts, created_at, expires_at)"
                " SELECT :tenant_id, m.id, m.person, 'marketing', '{email}',"
                " 'queued', '{}', '{tenant}', 'Hoi', 'Kaffee', '{}', 'k', 0, :at, :until"
                " FROM unnest(CAST(:ids AS uuid[]), CAST(:people AS uuid[])) AS m (id, person)"
            ),
            rows,
        )
        await session.execute(
            text(
                "INSERT INTO message_due (tenant_id, message_id, due_at)"
                " SELECT :tenant_id, m, :at FROM unnest(CAST(:ids AS uuid[])) AS m"
            ),
            rows,
        )


async def send_receipt(sessions: Sessions, world: World, person: UUID) -> UUID:
    """One transactional e-mail."""
    at = utc_now()
    draft = Draft(
        device_id=None, person_id=person, campaign_id=None, channels=("email",), purpose="transactional",
        title="Receipt", body="Paid", collapse_key="k", occurrence=new_id(), expires_at=at + timedelta(hours=5),
    )  # fmt: skip
    async with transaction(sessions, world.tenant_id) as session:
        return (await service.enqueue(session, world.tenant_id, [draft], at))[0]


async def measure(
    database: str, folder: Path, waiting: int, probes: int, per_s: float
) -> tuple[list[float], int, float]:
    """Seconds of each receipt; marketing e-mails that went out meanwhile; CPU seconds of this process."""
    engine = make_engine(database)
    sessions = make_sessions(engine)
    async with transaction(sessions, None) as session:
        await partitions.make_ahead(session, utc_now())
    async with sessions() as session:
        world = await make_world(session)
        await session.execute(text("UPDATE tenant SET quiet_start = '00:00', quiet_end = '00:00'"))
        people = [await make_reader(session, world, f"reader-{n}@example.com", utc_now()) for n in range(READERS)]
        await session.commit()
    for done in range(0, waiting, BATCH):
        await pile_up(sessions, world, people, min(BATCH, waiting - done))
    arrived: dict[str, float] = {}

    def heard(mail: Mail) -> None:
        arrived[str(mail.message["Message-ID"]).strip("<>").partition("@")[0]] = time.perf_counter()

    server = SmtpServer(slow_s=0.02, heard=heard)
    async with server.running():
        async with transaction(sessions, world.tenant_id) as session:
            session.add(mail_sender(world, server.port, utc_now()))
            await session.execute(text("ANALYZE message, message_due"))
        settings = Settings(
            data_dir=folder, secret_key=KEY, public_url="https://shop.example", email=EmailSettings(allow_loopback=True)
        )  # type: ignore[arg-type]
        bell, stopping = Bell(database), asyncio.Event()
        async with (
            bell.open(),
            deliverer(sessions, settings, bell, queues=[Queue.PATIENT]) as patient,
            deliverer(sessions, settings, bell, queues=[Queue.URGENT]) as urgent,
        ):
            loops = [
                asyncio.create_task(_loop(name, once, wait, 0.25, stopping))
                for name, once, wait in (
                    ("urgent", urgent.claim, bell.ear().wait),
                    ("urgent outcomes", urgent.land, urgent.took_off.wait),
                    ("delivery", patient.claim, bell.ear().wait),
                    ("outcomes", patient.land, patient.took_off.wait),
                )
            ]
            await asyncio.sleep(2)
            before, cpu, started = len(arrived), time.process_time(), {}
            for _ in range(probes):
                at = time.perf_counter()
                started[str(await send_receipt(sessions, world, random.choice(people)))] = at
                await asyncio.sleep(random.expovariate(per_s))
            until = time.perf_counter() + 60
            while not started.keys() <= arrived.keys() and time.perf_counter() < until:  # noqa: ASYNC110 - a bench
                await asyncio.sleep(0.05)
            spent = time.process_time() - cpu
            stopping.set()
            await asyncio.gather(*loops)
    await engine.dispose()
    return [arrived[id_] - at for id_, at in started.items()], len(arrived) - before - probes, spent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=100_000, help="marketing e-mails that are due")
    parser.add_argument("--probes", type=int, default=200, help="receipts")
    parser.add_argument("--per-s", type=float, default=10.0, help="receipts a second")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "bench", durable=True) as cluster:
        upgrade(cluster.url)
        found, others, cpu_s = uvloop.run(measure(cluster.url, Path(folder), asked.waiting, asked.probes, asked.per_s))
    table = Table(title=f"A receipt behind {asked.waiting:,} marketing e-mails, seconds to the mail server")
    for name in ("p50", "p99", "longest", "goal", "marketing meanwhile", "CPU s (all but the database)"):
        table.add_column(name, justify="right")
    p50, p99 = np.percentile(found, [50, 99])
    table.add_row(f"{p50:.3f}", f"{p99:.3f}", f"{max(found):.3f}", f"{GOAL_S:.0f}", f"{others:,}", f"{cpu_s:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()

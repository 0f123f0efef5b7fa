"""`python -m tests.bench.decisions`: decisions and messages a second through the campaign engine.

First the rules alone: five campaigns compete for one person at a time, as in tests/unit/test_campaign_competition.py.
Then everything with its database: people are let into two campaigns at once, a worker's rounds decide about each
(place, budget, message, ledger in one transaction), and a worker sends what was decided to a local
endpoint in FCM's place, a process of its own. CPU is what is left of the figures on a busy machine.
"""

import argparse
import asyncio
import random
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg
import uvloop
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from geoengage.campaigns import entries, store
from geoengage.campaigns.arriving import arrival, once
from geoengage.campaigns.drafting import choose
from geoengage.campaigns.giving import Gift
from geoengage.campaigns.jobs import advance_once
from geoengage.campaigns.models import Campaign
from geoengage.campaigns.rules import Content
from geoengage.campaigns.store import Running
from geoengage.kit import partitions
from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import Sessions, make_engine, make_sessions, transaction
from geoengage.kit.ids import new_id
from geoengage.kit.migrate import upgrade
from geoengage.kit.settings import FcmSettings, Settings, WorkerSettings
from geoengage.messaging.jobs import Deliverer
from geoengage.messaging.senders import open_senders
from tests.bench.sending import CALM, Rate, by_worker, fcm_process, now
from tests.conftest import KEY
from tests.e2e.campaign_kills import PEOPLE, PHONES
from tests.factories import World, make_world
from tests.proof_rows import make_campaign
from tests.unit.test_campaign_competition import BEGIN, CAMPAIGNS, POLICY, _decide, shopper, wish

CALLED = 100  # people in one call
RIVALS = 2


async def rules_alone(people: int) -> Rate:
    """Five campaigns at one moment for each of these people: decided, ranked, drafted."""
    rng = random.Random(1)
    rivals = []
    for number in range(people):
        who, at = shopper(number, rng), BEGIN + rng.random() * timedelta(days=3)
        rivals.append((who, at, [wish(each, who, at, rng) for each in CAMPAIGNS]))

    async def give(_offer: UUID, _profile: UUID | None, _content: Content, _language: str | None) -> Gift | None:
        return Gift(UUID(int=1), "CODE", "10 % off")

    rate, began = Rate(), now()
    decided = 0
    for who, at, wishes in rivals:
        drafts, _ = await choose(wishes, who.budget, partial(_decide, at), POLICY, give, at)
        decided += len(drafts)
    rate.add(decided, began)
    return rate


async def let_in(sessions: Sessions, world: World, campaigns: list[UUID], people: list[UUID]) -> None:
    """As calls of the API do it."""
    at = utc_now()
    for start in range(0, len(people), CALLED):
        async with transaction(sessions, world.tenant_id) as session:
            for id_ in campaigns:
                row = await session.get_one(Campaign, (world.tenant_id, id_))
                running = Running(row.id, store.content_of(row), None)
                arrivals = [arrival(running, p, new_id(), at, at, {}) for p in people[start : start + CALLED]]
                await entries.enter(session, world.tenant_id, once(arrivals))


async def with_database(database: str, url: str, account: Path, folder: Path, people: int) -> tuple[Rate, Rate]:
    """Decisions, then messages; one process each for us and FCM, and the database's."""
    engine = make_engine(database)
    sessions = make_sessions(engine)
    async with transaction(sessions, None) as session:
        await partitions.make_ahead(session, utc_now())
    async with sessions() as session:
        world = await make_world(session, review="never", daily_cap=50)
        campaigns = [
            await make_campaign(session, world, f"Bench {n}", trigger_kind="api", trigger_store_ids=[])
            for n in range(RIVALS)
        ]
        ids = [new_id() for _ in range(people)]
        await session.commit()
    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        for sql in (PEOPLE, PHONES):
            connection.execute(sql, {"tenant": world.tenant_id, "app": world.app_id, "ids": ids})
    await let_in(sessions, world, campaigns, ids)
    async with transaction(sessions, None) as session:
        await session.execute(text("ANALYZE"))
    decided, began = Rate(), now()
    while await advance_once(sessions, utc_now()):
        pass
    decided.add(people * RIVALS, began)
    fcm = FcmSettings(base_url=url, credentials_file=account, **CALM)  # type: ignore[arg-type]
    settings = Settings(data_dir=folder, secret_key=KEY, fcm=fcm, worker=WorkerSettings())  # type: ignore[arg-type]
    sent = Rate()
    async with open_senders(settings, utc_now) as opened:
        await by_worker(Deliverer(sessions, opened, settings.worker), sessions, sent)
    async with transaction(sessions, None) as session:
        rows = await session.execute(text("SELECT status, count(*) FROM message GROUP BY 1"))
        assert dict(rows.all()) == {"sent": people * RIVALS}, "not everything decided was sent"
    await engine.dispose()
    return decided, sent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5_000)
    asked = parser.parse_args()
    alone = asyncio.run(rules_alone(asked.people))
    with tempfile.TemporaryDirectory() as name, Cluster(Path(name) / "bench") as cluster:
        upgrade(cluster.url)
        account = Path(name) / "account.json"
        with fcm_process("tests.bench.fcm_endpoint", account) as url:
            decided, sent = uvloop.run(with_database(cluster.url, url, account, Path(name), asked.people))
    table = Table(title="Through the campaign engine")
    for heading in ("what", "how many", "a second", "CPU ms each (without the database)"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for what, rate in (
        ("decisions, rules alone, five rivals", alone),
        ("decisions, written with place and budget", decided),
        ("messages sent and recorded", sent),
    ):
        table.add_row(what, f"{rate.sent:,}", f"{rate.per_s:,.0f}", f"{rate.cpu_ms:.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()

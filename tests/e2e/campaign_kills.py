"""The power plug in the middle of a campaign: worker, API and database are killed while thousands of messages go out.

People come into two journeys of two messages by calls of the API, which are repeated until they are answered. One
journey is marked never-repeat. Afterwards every (campaign, person, step) has one message with a known end.
"""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import psycopg

from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import make_engine, make_sessions
from geoengage.kit.ids import new_id
from geoengage.kit.migrate import upgrade
from tests.e2e.stack import READY_S, Stack, running
from tests.factories import World, make_world
from tests.providers.fcm_server import FcmServer

AT_ONCE = 100  # people in one call
STEPS = ("one", "two")
PEOPLE = """
INSERT INTO profile (tenant_id, id, external_id, first_name, attributes)
SELECT %(tenant)s, id, id::text, 'Mia', '{}' FROM unnest(%(ids)s::uuid[]) AS id
"""
PHONES = """
INSERT INTO device (
  tenant_id, id, app_id, profile_id, platform, push_provider, push_kind, push_address, location, marketing_push,
  personalisation)
SELECT %(tenant)s, gen_random_uuid(), %(app)s, id, 'android', 'fcm', 'fcm_token', 'token-' || id, 'granted', 'granted',
  'granted' FROM unnest(%(ids)s::uuid[]) AS id
"""
_ENDS = """
SELECT c.name, k.person_id::text, k.step, m.id::text, m.status, m.reason, m.attempts FROM send_key k
JOIN campaign c ON c.tenant_id = k.tenant_id AND c.id = k.campaign_id
LEFT JOIN message m ON m.tenant_id = k.tenant_id AND m.id = k.message_id
"""


_UNKNOWN = """
SELECT DISTINCT payload ->> 'message_id', CASE payload ->> 'reason' WHEN 'worker_lost' THEN 'lost' ELSE 'timeout' END
FROM ledger WHERE type = 'message.changed' AND payload ->> 'status' = 'unknown'
"""


@dataclass
class Outcome:
    """What became of it. `twice`: what arrived more than once; `in_flight`: what was at a socket at a kill; `listed`:
    what the product says may have arrived twice, or not at all.
    """

    kills: Counter[str]
    ends: Counter[str]
    twice: list[str]
    in_flight: set[str]
    listed: set[str]
    seconds: float

    def __str__(self) -> str:
        kills = ", ".join(f"{n} × {name}" for name, n in sorted(self.kills.items()))
        ends = ", ".join(f"{n} {name}" for name, n in sorted(self.ends.items()))
        return (
            f"{kills} in {self.seconds:.0f} s: {ends}; {len(self.in_flight)} in flight at a kill, {len(self.listed)}"
            f" listed as unknown meanwhile, {len(self.twice)} of them arrived twice"
        )


@dataclass
class Attack:
    """The stack on a database of its own, and what was at a socket at each kill."""

    stack: Stack
    cluster: Cluster
    http: aiohttp.ClientSession
    kills: Counter[str] = field(default_factory=Counter)
    in_flight: set[str] = field(default_factory=set)

    async def kill(self, name: str) -> None:
        """One of `worker`, `serve`, `database`; it is started again at once."""
        self.kills[name] += 1
        await {"worker": self._kill_worker, "serve": self._kill_api, "database": self._kill_database}[name]()

    async def _kill_worker(self) -> None:
        await self.stack.kill("worker")
        alive = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"

        async def is_gone() -> bool:
            return not await self.stack.query(alive, "geoengage-worker")

        await self.stack.until("the database has noticed the worker's death", is_gone, 20.0)
        await self._note()
        await self.stack.start("worker")

    async def _kill_api(self) -> None:
        await self.stack.kill("serve")
        await self.stack.start("serve")

    async def _kill_database(self) -> None:
        """The worker stands still meanwhile, so that what it has at its sockets is known to the end."""
        worker = self.stack.processes["worker"]
        os.kill(worker.pid, signal.SIGSTOP)
        for pid in _processes_in(Path(self.cluster._data)):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(self.cluster.ensure_started)
        await self._note()
        os.kill(worker.pid, signal.SIGCONT)

    async def _note(self) -> None:
        rows = await self.stack.query("SELECT id::text FROM message WHERE status = 'sending'")
        self.in_flight |= {row[0] for row in rows}


def _processes_in(directory: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").samefile(directory):
                found.append(int(entry.name))
    return found


async def _make_world(url: str, people: int) -> tuple[World, list[UUID]]:
    engine = make_engine(url, pool_size=1)
    async with make_sessions(engine)() as session:
        world = await make_world(session, review="never", daily_cap=50)
        await session.commit()
    await engine.dispose()
    ids = [new_id(utc_now()) for _ in range(people)]
    asked = {"tenant": world.tenant_id, "app": world.app_id, "ids": ids}
    async with await psycopg.AsyncConnection.connect(url.replace("+psycopg", "")) as connection:
        await connection.execute(PEOPLE, asked)
        await connection.execute(PHONES, asked)
    return world, ids


async def _call(stack: Stack, http: aiohttp.ClientSession, world: World, path: str, body: Any, key: str) -> Any:
    """Repeated until it is answered, as an integrator does it: the same key, so it happens once."""
    headers = {"Authorization": f"Bearer {world.sk}", "Idempotency-Key": key}
    while True:
        try:
            async with http.post(f"{stack.url}{path}", json=body, headers=headers) as answer:
                if answer.status < 500:
                    assert answer.status in (200, 201), await answer.text()
                    return await answer.json()
        except (aiohttp.ClientError, TimeoutError):
            pass
        await asyncio.sleep(0.2)


async def _make_campaign(stack: Stack, http: aiohttp.ClientSession, world: World, name: str) -> str:
    one, two = ({"kind": "message", "id": step, "title": f"{name} {step}", "body": "…"} for step in STEPS)
    body = {
        "name": name, "trigger": {"kind": "api"}, "cooldown_s": 0, "cap": {"count": 10, "per_days": 1},
        "steps": [one, {"kind": "wait", "seconds": 1}, two], "never_repeat": name == "once",
    }  # fmt: skip
    made = await _call(stack, http, world, "/v1/campaigns", body, f"make-{name}")
    active = await _call(stack, http, world, f"/v1/campaigns/{made['id']}/activate", None, f"run-{name}")
    assert active["status"] == "active"
    return str(made["id"])


async def story(directory: Path, *, messages: int, kills: Sequence[str], seed: int) -> Outcome:
    """Send so many messages while these are killed, one after the other; checks everything on the way out."""
    people = messages // (2 * len(STEPS))
    cluster = Cluster(directory / "postgres")  # durable: what is committed survives a kill
    cluster.ensure_started()
    try:
        await asyncio.to_thread(upgrade, cluster.url)
        world, ids = await _make_world(cluster.url, people)
        async with FcmServer(stall_s=0.1).running() as fcm:
            fcm.fail_next(*["stall"] * (4 * messages))  # arrives at once, is confirmed later: so a kill can repeat it
            credentials = fcm.write_credentials(directory / "firebase.json")
            env = {"GEOENGAGE_FCM__CREDENTIALS_FILE": str(credentials), "GEOENGAGE_FCM__BASE_URL": fcm.url}
            stack = Stack(cluster.url, directory, env, lease_s=8)  # longer than a busy machine takes to write down
            async with _attacked(stack, cluster) as attack:
                return await _fight(attack, world, ids, fcm, kills, random.Random(seed))
    finally:
        cluster.destroy()


@asynccontextmanager
async def _attacked(stack: Stack, cluster: Cluster) -> AsyncIterator[Attack]:
    async with running(stack, "serve", "worker") as http:
        yield Attack(stack, cluster, http)


async def _fight(
    attack: Attack, world: World, ids: list[UUID], fcm: FcmServer, kills: Sequence[str], rng: random.Random
) -> Outcome:
    stack, began = attack.stack, time.monotonic()
    campaigns = {name: await _make_campaign(stack, attack.http, world, name) for name in ("again", "once")}

    async def call_all() -> None:
        for start in range(0, len(ids), AT_ONCE):
            chosen = ids[start : start + AT_ONCE]
            body = {"people": [{"profile_id": str(id_)} for id_ in chosen]}
            for id_ in campaigns.values():
                await _call(stack, attack.http, world, f"/v1/campaigns/{id_}/trigger", body, f"{id_}-{start}")

    async with asyncio.TaskGroup() as group:
        group.create_task(call_all())
        for name in kills:
            await asyncio.sleep(rng.uniform(0.3, 1.5))
            await _until_messages_fly(stack)
            await attack.kill(name)
            await stack.ready(attack.http)

    async def all_are_through() -> bool:
        return (await stack.query("SELECT count(*) FROM journey_entry WHERE ended_at IS NULL"))[0][0] == 0

    await stack.until("everybody is through", all_are_through, READY_S * 2)
    await stack.settled(READY_S * 2)
    lost = await stack.query(_UNKNOWN)
    # Without an answer for seconds, on a machine that is busy with other things: as good as a kill.
    silent = {message for message, reason in lost if reason == "timeout"}
    ends, twice = await _check(stack, fcm, ids, attack.in_flight | silent)
    listed = {message for message, _ in lost}
    assert set(twice) <= listed, "something arrived twice that nobody lists"
    assert listed <= attack.in_flight | silent, "more is in doubt than was in flight"
    return Outcome(attack.kills, ends, twice, attack.in_flight, listed, time.monotonic() - began)


async def _until_messages_fly(stack: Stack) -> None:
    """A kill while nothing goes out proves nothing, least of all that nothing is repeated."""
    for _ in range(100):
        if await stack.query("SELECT 1 FROM message WHERE status = 'sending' AND never_repeat LIMIT 1"):
            return
        await asyncio.sleep(0.05)


async def _check(stack: Stack, fcm: FcmServer, ids: list[UUID], in_flight: set[str]) -> tuple[Counter[str], list[str]]:
    rows = await stack.query(_ENDS)
    expected = {(name, str(id_), step) for name in ("again", "once") for id_ in ids for step in STEPS}
    assert Counter((row[0], row[1], row[2]) for row in rows) == Counter(expected), "a step without, or with two"
    times = Counter(call.message_id for call in fcm.accepted())
    ends: Counter[str] = Counter()
    twice = []
    for name, _, _, message, status, reason, _attempts in rows:
        ends[status] += 1
        assert message is not None
        if status == "sent":
            assert times[message] >= 1
        elif status == "skipped":
            assert reason, "skipped without a reason"
            assert times[message] == 0
        else:  # its process died with it at the socket
            assert status == "unknown", (status, reason)
            assert message in in_flight, (message, reason)
        if times[message] > 1:
            twice.append(message)
            assert name == "again", "a message that is never repeated arrived twice"
            assert message in in_flight
    assert await stack.query("SELECT reaction, position, error FROM reaction_failure") == []
    return ends, sorted(twice)

"""A thousand people are in a hall whose zone is shrunk, closed, opened and deleted while their phones go on reporting.

Two API processes and the worker: whoever comes first, a ping or the job, gives each device its fate, exactly once; also
when an API process and the worker are killed in the middle of it. Nobody is written to for an exit that nobody walked.
"""

import asyncio
import os
import random
import signal
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import cos, radians
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from sqlalchemy import text

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions
from geoengage.kit.ids import new_id
from tests.e2e.calls import Json, Server, make_ping
from tests.e2e.stack import Stack, running
from tests.factories import World
from tests.providers.fcm_server import FcmServer

pytestmark = pytest.mark.slow

PEOPLE = 1_000
AT_ONCE = 50  # devices in a request
SENDERS = 2
REST = 1.0  # times as long as the answer took, so that the pings leave half of the machine to everything else
WITHIN_S = 120.0
HALL_M, SHRUNK_M = 100.0, 50.0
WEST, SOUTH = 7.6, 47.55
LAT_M = 111_200.0  # metres in a degree there, near enough for a hall
LON_M = 111_400.0 * cos(radians(SOUTH))


def lonlat(x: float, y: float) -> tuple[float, float]:
    return WEST + x / LON_M, SOUTH + y / LAT_M


def hall(width: float) -> Json:
    corners = ((0, 0), (width, 0), (width, HALL_M), (0, HALL_M), (0, 0))
    return {"type": "Polygon", "coordinates": [[list(lonlat(x, y)) for x, y in corners]]}


@dataclass
class Crowd:
    """Devices that stand still in the hall, every second one where it is shrunk away, and say so again and again."""

    stack: Stack
    http: aiohttp.ClientSession
    world: World
    ids: list[UUID]
    places: dict[UUID, tuple[float, float]] = field(init=False)
    rounds: int = 0
    unanswered: int = 0

    def __post_init__(self) -> None:
        rng = random.Random(3)
        self.places = {
            id_: lonlat(rng.uniform(15, 40) + (SHRUNK_M if number % 2 else 0), rng.uniform(15, 85))
            for number, id_ in enumerate(self.ids)
        }

    @property
    def staying(self) -> list[UUID]:
        return self.ids[::2]

    async def report(self, number: int, done: asyncio.Event) -> None:
        """One sender's share of the devices, round after round until told."""
        mine = self.ids[number::SENDERS]
        while not done.is_set():
            for first in range(0, len(mine), AT_ONCE):
                began = asyncio.get_running_loop().time()
                await self._send(mine[first : first + AT_ONCE])
                await asyncio.sleep(REST * (asyncio.get_running_loop().time() - began))
            self.rounds += 1

    async def _send(self, devices: Sequence[UUID]) -> None:
        """As an app does: what was not answered is sent again."""
        at = utc_now()
        pings = [make_ping(at, *self.places[d]) | {"device_id": str(d)} for d in devices]
        headers = {"Authorization": f"Bearer {self.world.sk}"}
        while True:
            try:
                async with self.http.post(
                    f"{self.stack.url}/v1/pings", json={"pings": pings}, headers=headers
                ) as answer:
                    told = await answer.json()
            except (aiohttp.ClientError, TimeoutError):
                self.unanswered += 1
                await asyncio.sleep(0.1)  # while nobody listens
                continue
            if answer.status == 200:
                assert told["accepted"] + told["duplicates"] == len(pings), told
                return
            assert answer.status == 503, told

    async def everybody_once_more(self) -> None:
        """Wait until each device has reported something that was asked for after now."""
        wanted = self.rounds + 2 * SENDERS

        async def has() -> bool:
            return self.rounds >= wanted

        await self.stack.until("everybody has reported again", has, WITHIN_S)


@dataclass
class Story:
    """The hall's zone, what is known of it in the database, and who is killed."""

    stack: Stack
    server: Server
    crowd: Crowd
    zone_id: str
    kills: bool
    version: int = 1

    async def count(self, sql: str, *parameters: Any) -> int:
        return int((await self.stack.query(f"SELECT count(*) FROM {sql}", *parameters))[0][0])  # noqa: S608

    async def until(self, what: str, number: int, sql: str, *parameters: Any) -> None:
        async def holds() -> bool:
            return await self.count(sql, *parameters) == number

        await self.stack.until(what, holds, WITHIN_S)

    async def edit(self, **change: Any) -> None:
        """Change the zone and publish it."""
        body = {"type": "Feature", **change}
        made = await self.server.call("PATCH", self.path, self.server.world.sk, body, version=self.version)
        self.version = made["properties"]["version"]
        await self.server.call("POST", f"{self.path}/publish", self.server.world.sk)

    @property
    def path(self) -> str:
        return f"/v1/zones/{self.zone_id}"

    async def fate(self, kind: str, reason: str, number: int) -> None:
        """Wait until so many devices have met a fate, killing in the middle of it; then hear everybody again."""
        events = "zone_event WHERE kind = %s AND reason = %s", kind, reason
        if self.kills:

            async def has_begun() -> bool:
                return await self.count(*events) > 0

            await self.stack.until(f"the first one is {reason}", has_begun, WITHIN_S)
            os.kill(random.Random(number).choice(self.stack.api_children()), signal.SIGKILL)
            await self.stack.kill("worker")
            await self.stack.start("worker")
        await self.until(f"{number} have {kind}: {reason}", number, *events)
        await self.crowd.everybody_once_more()
        assert await self.count(*events) == number


async def register(sessions: Sessions, world: World) -> list[UUID]:
    """Devices that may be located and written to."""
    ids = [new_id() for _ in range(PEOPLE)]
    async with sessions() as session:
        await session.execute(
            text(
                "INSERT INTO device (tenant_id, id, app_id, platform, location, marketing_push, push_provider,"
                " push_kind, push_address) SELECT :t, i, :app, 'android', 'granted', 'granted', 'fcm', 'fcm_token',"
                " i::text FROM unnest(CAST(:ids AS uuid[])) AS i"
            ),
            {"t": world.tenant_id, "app": world.app_id, "ids": ids},
        )
        await session.commit()
    return ids


@pytest.mark.parametrize("kills", [False, True], ids=["undisturbed", "killed"])
async def test_a_hall_changes_around_a_thousand_people(
    stack: Stack, world: World, story_sessions: Sessions, fcm: FcmServer, kills: bool
) -> None:
    stack.api_processes = 2
    ids = await register(story_sessions, world)
    # A connection for each request: the kernel gives it to one process or the other.
    http = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True), timeout=aiohttp.ClientTimeout(total=30)
    )
    async with running(stack, "serve", "worker") as patient, http:
        server = Server(patient, stack, world)
        zone_id = await server.add_zone("Hall", hall(HALL_M)["coordinates"][0], rules={"exit_s": 0})
        await server.add_campaign("Good-bye", kind="exited", zone_ids=[zone_id])
        crowd, done = Crowd(stack, http, world, ids), asyncio.Event()
        story = Story(stack, server, crowd, zone_id, kills)
        async with asyncio.TaskGroup() as group:
            for number in range(SENDERS):
                group.create_task(crowd.report(number, done))
            try:
                await go_through(story)
            finally:
                done.set()
        await stack.settled()
        await check_fates(story)
        await check_messages(story, fcm)


async def go_through(story: Story) -> None:
    """Come in, one walks out; then the hall shrinks, closes, opens and is taken down."""
    inside = "zone_occupant"
    await story.until("all are inside", PEOPLE, inside)
    await walk_out(story)
    await story.edit(geometry=hall(SHRUNK_M))
    await story.fate("exited", "zone_changed", PEOPLE // 2)
    assert await story.count(inside) == PEOPLE // 2
    await story.edit(properties={"schedule": {"valid_to": in_a_moment()}})
    await story.fate("exited", "schedule_closed", PEOPLE // 2)
    assert await story.count(inside) == 0
    await story.edit(properties={"schedule": {"valid_from": in_a_moment(), "valid_to": None}})
    await story.fate("entered", "schedule_opened", PEOPLE // 2)
    assert await story.count(inside) == PEOPLE // 2
    await story.server.call("DELETE", story.path, story.server.world.sk)
    await story.fate("exited", "zone_deleted", PEOPLE // 2)


def in_a_moment() -> str:
    """Some seconds after an edit made now is in force."""
    return (utc_now() + timedelta(seconds=5)).isoformat()


async def walk_out(story: Story) -> None:
    """Somebody leaves by himself, and is written to."""
    visitor = await story.server.register("visitor")
    await visitor.ping([make_ping(utc_now(), *lonlat(20, 20))])
    await story.until("the visitor is inside", 1, "zone_occupant WHERE device_id = %s", visitor.id)
    await visitor.ping([make_ping(utc_now(), *lonlat(20, -40))])
    await story.until("he was written to", 1, "message WHERE device_id = %s AND status = 'sent'", visitor.id)


async def check_fates(story: Story) -> None:
    """Each device has its events once, in their order, at the moments at which the zone changed; nobody is stuck."""
    told: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    moments: dict[str, set[datetime]] = defaultdict(set)
    rows = await story.stack.query(
        "SELECT device_id, kind, reason, at FROM zone_event WHERE device_id = ANY(%s) ORDER BY at, recorded_at",
        story.crowd.ids,
    )
    for device_id, kind, reason, at in rows:
        told[device_id].append((kind, "came" if not told[device_id] else reason))
        if told[device_id][1:]:
            moments[reason].add(at)
    came = [("entered", "came")]
    closed, opened = ("exited", "schedule_closed"), ("entered", "schedule_opened")
    for device_id in story.crowd.staying:
        assert told[device_id] == [*came, closed, opened, ("exited", "zone_deleted")]
    for device_id in set(story.crowd.ids) - set(story.crowd.staying):
        assert told[device_id] == [*came, ("exited", "zone_changed")]
    assert {reason: len(at) for reason, at in moments.items()} == dict.fromkeys(moments, 1), moments
    assert await story.count("zone_occupant") == 0
    assert await story.count("visit WHERE exited_at IS NULL") == 0
    assert await story.count("visit") == PEOPLE + PEOPLE // 2 + 1
    published = await story.stack.query("SELECT payload ->> 'id' FROM ledger WHERE type LIKE 'zone.%%' AND %s", True)
    assert len(published) == len(set(published)) == len(rows) + 2
    assert await story.count("reaction_failure") == 0


async def check_messages(story: Story, fcm: FcmServer) -> None:
    """Only the one who walked out was written to."""
    assert await story.stack.query("SELECT status FROM message") == [("sent",)]
    assert [call.target for call in fcm.accepted()] == ["visitor"]

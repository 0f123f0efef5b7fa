"""The power plug and webhooks: the worker is killed again and again while events go out; the receiver hears of all."""

import asyncio
import random
import sys
from collections import Counter

import pytest

from geoengage.kit.clock import utc_now
from tests.e2e.calls import Server
from tests.e2e.stack import Stack, running
from tests.factories import World
from tests.providers.webhook_receiver import Receiver

pytestmark = pytest.mark.slow
EVENTS, KILLS = 150, 4
RING = [(8.5, 47.4), (8.501, 47.4), (8.501, 47.401), (8.5, 47.401), (8.5, 47.4)]


async def test_nothing_is_lost_and_nothing_has_two_ids(stack: Stack, world: World) -> None:
    """A kill between sending and recording sends the same id again, and only then is anything sent twice."""
    stack.fcm_env |= {"GEOENGAGE_WEBHOOKS__ALLOW_LOOPBACK": "true", "GEOENGAGE_WEBHOOKS__TIMEOUT_S": "1"}
    async with (
        Receiver(clock=lambda: utc_now().timestamp()).running() as receiver,
        running(stack, "serve", "worker") as http,
    ):
        receiver.delay_s = 0.2
        server, rng = Server(http, stack, world), random.Random(7)
        zone = await server.add_zone("Window", RING)
        endpoint = {"name": "CRM", "url": receiver.url, "types": ["campaign.changed"]}
        made = await server.call("POST", "/v1/webhooks", world.sk, endpoint)
        receiver.secrets.append(made["secret"])

        async def attack() -> None:
            for _ in range(KILLS):
                known = len(receiver.calls)
                while len(receiver.calls) == known:  # noqa: ASYNC110 - a request has arrived and is not answered yet
                    await asyncio.sleep(0.01)
                await asyncio.sleep(rng.uniform(0.0, receiver.delay_s * 1.5))
                await stack.kill("worker")
                await stack.start("worker")

        async def happen() -> None:
            trigger = {"kind": "entered", "zone_ids": [zone]}
            for n in range(EVENTS):
                body = {"name": f"n{n}", "trigger": trigger, "title": "t", "body": "b"}
                await server.call("POST", "/v1/campaigns", world.sk, body)
                await asyncio.sleep(0.05)

        async with asyncio.TaskGroup() as group:
            group.create_task(attack())
            group.create_task(happen())

        async def all_there() -> bool:
            return len({call.id for call in receiver.accepted()}) == EVENTS

        await stack.until("the receiver has heard of everything", all_there, 60)
        names = Counter(call.body["data"]["name"] for call in receiver.accepted())
        assert set(names) == {f"n{n}" for n in range(EVENTS)}
        ids = {(call.id, call.body["data"]["position"]) for call in receiver.calls}
        assert len(ids) == EVENTS, "one id an event, one event an id"
        assert all(call.verified for call in receiver.calls)
        twice = sum(count - 1 for count in names.values())
        assert twice > 0, "no kill fell between sending and recording"
        sys.stdout.write(f"{KILLS} kills, {EVENTS} events, {twice} of them sent twice, under the same id\n")

"""A shop chain of the demo, imported into real processes: all that was planned is there, the messy customer is one."""

import asyncio
from contextlib import closing
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from geoengage.demo.chains import build
from geoengage.demo.chains.toys import ZONE, plan
from geoengage.demo.client import Client
from geoengage.kit.clock import utc_now
from tests.e2e.stack import Stack, running
from tests.factories import World

pytestmark = pytest.mark.slow
SEED = 7
TOTALS = """
SELECT count(*), sum(total_minor), sum(refunded_minor), count(DISTINCT i.profile_id)
FROM shop_order o LEFT JOIN identifier i ON i.tenant_id = o.tenant_id AND i.id = o.identifier_id WHERE o.source = 'csv'
"""


def build_it(stack: Stack, world: World) -> tuple[dict[str, str], list[str], Any]:
    said = list[str]()
    with closing(Client(stack.url, world.sk)) as client:
        key = client.post("/v1/keys", {"kind": "wk", "name": "doors", "writes": "server"})["key"]
        state = build.build(stack.url, {"secret_key": world.sk, "write_key": key}, "lelle", SEED, said.append)
        return state, said, client.get(f"/v1/profiles?search={quote('mia.keller@gmx.example')}")


async def test_a_chain_comes_in_as_planned(stack: Stack, world: World) -> None:
    today = utc_now().astimezone(ZoneInfo(ZONE)).date()  # as the build reckons
    async with running(stack, "serve", "worker"):
        state, said, found = await asyncio.to_thread(build_it, stack, world)
        orders, total, refunded, buyers = (await stack.query(TOTALS))[0]
        visits = (await stack.query("SELECT count(*) FROM event WHERE name = 'Store Visited'"))[0][0]
    planned = plan(SEED, today)
    assert state["seed"] == str(SEED)
    assert len(said) == 2
    assert orders == len(planned.orders)
    assert total == sum(order.total_minor for order in planned.orders)
    assert refunded == sum(order.refunded_minor for order in planned.orders)
    assert buyers == len({order.customer for order in planned.orders})
    assert visits == len({(look.customer, look.at) for look in planned.looks})
    assert len(found["items"]) == 1

"""The power plug and imports: the worker is killed again and again amid a file; nothing is missing or twice."""

import asyncio
import io
import random
import sys
from typing import Any

import aiohttp
import pytest

from tests.e2e.stack import Stack, running
from tests.factories import World

pytestmark = pytest.mark.slow
ORDERS, LINES, KILLS = 12_000, 3, 4
HEAD = "order_id,ordered_at,currency,customer_external_id,product_id,quantity,unit_price\n"
STORED = """
SELECT (SELECT count(*) FROM shop_order), (SELECT count(*) FROM order_line), (SELECT coalesce(sum(total_minor), 0) FROM
 shop_order), (SELECT count(*) FROM identifier), (SELECT count(*) FROM data_import_error)
"""


def file_of(count: int) -> str:
    """Orders of three lines; each hundredth has one that cannot be read."""
    rows = [
        f"A{n},2025-01-01T10:00:00Z,CHF,c{n % 997},p{line},{'x' if n % 100 == 7 and line == 1 else 1},2.50\n"
        for n in range(count)
        for line in range(LINES)
    ]
    return HEAD + "".join(rows)


async def test_a_killed_import_goes_on_without_gap_or_double(stack: Stack, world: World) -> None:
    bad = len(range(7, ORDERS, 100))
    headers = {"Authorization": f"Bearer {world.sk}"}
    async with running(stack, "serve", "worker") as http:

        async def call(method: str, path: str, **more: Any) -> dict[str, Any]:
            async with http.request(method, f"{stack.url}/v1/imports/{path}", headers=headers, **more) as answer:
                assert answer.status < 300, await answer.text()
                found: dict[str, Any] = await answer.json()
                return found

        sent = await call(
            "POST", "data?kind=orders", data=io.BytesIO(file_of(ORDERS).encode()), timeout=aiohttp.ClientTimeout(60)
        )
        path, rng, seen = f"data/{sent['id']}", random.Random(7), []
        await call("POST", f"{path}/start")

        async def beyond(line: int) -> bool:
            return int((await call("GET", path))["lines_done"]) > line

        for _ in range(KILLS):
            last = seen[-1] if seen else 0
            await stack.until("another piece is stored", lambda last=last: beyond(last), 90)  # type: ignore[misc]
            await asyncio.sleep(rng.uniform(0, 0.4))
            await stack.kill("worker")
            seen.append(int((await call("GET", path))["lines_done"]))
            await stack.start("worker")

        async def ended() -> bool:
            return (await call("GET", path))["status"] == "done"

        await stack.until("the import is done", ended, 120)
        done = await call("GET", path)
        assert (done["added"], done["updated"], done["unchanged"], done["refused"]) == (ORDERS - bad, 0, 0, bad)
        assert (done["rows"], done["errors"]) == (ORDERS * LINES, bad * LINES)
        stored = (await stack.query(STORED))[0]
        good = ORDERS - bad
        assert tuple(map(int, stored)) == (good, good * LINES, good * LINES * 250, 997, bad * LINES)
        assert len(set(seen)) == KILLS, "each kill fell upon another piece"
        assert max(seen) < ORDERS * LINES, "the last one fell before the end"
        sys.stdout.write(f"killed behind lines {seen} of {ORDERS * LINES + 1}\n")

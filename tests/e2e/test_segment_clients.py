"""Segment's official clients for Python and Node, with only their host changed, through a network that misbehaves.

Requests fail with 500 and 429 before they reach us, or are answered 500 or cut off after we have stored them, so that
clients send again what is there already. Every event must be there once, and each must say what it said.
"""

import asyncio
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import segment.analytics.client as official

from geoengage.kit.db import Sessions
from geoengage.tenancy.rules import KeyKind
from tests.conftest import ROOT
from tests.e2e.stack import Stack, running
from tests.factories import World, make_key_row
from tests.providers.unruly_proxy import Trick, UnrulyProxy

EACH = 5_000
TRICKS: Sequence[Trick] = (500, "pass", "forget", "pass", "pass", 429, "pass", "cut", *["pass"] * 12)
pytestmark = pytest.mark.slow


@pytest.fixture
async def write_key(story_sessions: Sessions, world: World) -> str:
    async with story_sessions() as session:
        key = await make_key_row(session, world.tenant_id, KeyKind.WRITE, scopes=[], writes="server")
        await session.commit()
    return key


def send_by_python(host: str, write_key: str) -> list[object]:
    """Sends its half from this process; returns what could not be delivered."""
    failed: list[object] = []
    client = official.Client(
        write_key, host=host, gzip=True, max_retries=10, max_queue_size=2 * EACH, upload_interval=0.2,
        on_error=lambda error, _items: failed.append(error),
    )  # fmt: skip
    for n in range(EACH):
        said = {"user_id": f"customer-{n % 500}", "event": "Product Viewed", "properties": {"product_id": f"p{n}"}}
        client.track(**said, message_id=f"python-{n}", timestamp=datetime.now(UTC))
        if n % 10 == 0:
            client.track(**said, message_id=f"python-{n}")
    client.shutdown()
    return failed


async def send_by_node(host: str, write_key: str, folder: Path) -> str:
    (folder / "node_modules").symlink_to(ROOT / "tests" / "generators" / "node_modules")
    shutil.copy(ROOT / "tests" / "generators" / "segment.mjs", folder)
    process = await asyncio.create_subprocess_exec(
        "node", "segment.mjs", host, write_key, "0", str(EACH), cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, warnings = await process.communicate()
    assert process.returncode == 0, warnings
    return output.decode().strip()


async def test_ten_thousand_events_are_there_once(stack: Stack, write_key: str, tmp_path: Path) -> None:
    async with running(stack, "serve"), UnrulyProxy(stack.url, TRICKS).running() as proxy:
        failed, said = await asyncio.gather(
            asyncio.to_thread(send_by_python, proxy.url, write_key), send_by_node(proxy.url, write_key, tmp_path)
        )
    assert (failed, said) == ([], "0")
    assert proxy.encodings == {None, "gzip"}
    assert {trick for trick in TRICKS if trick != "pass"} <= set(proxy.played)
    with psycopg.connect(stack.dsn) as connection:
        found = connection.execute(
            "SELECT split_part(message_id, '-', 1), count(*), count(DISTINCT message_id),"
            " count(*) FILTER (WHERE product_ids = ARRAY['p' || split_part(message_id, '-', 2)])"
            " FROM event GROUP BY 1 ORDER BY 1"
        ).fetchall()
        people = connection.execute("SELECT count(*) FROM profile").fetchone()
    assert found == [("node", EACH, EACH, EACH), ("python", EACH, EACH, EACH)]
    assert people == (500,), "both clients speak of the same customers"

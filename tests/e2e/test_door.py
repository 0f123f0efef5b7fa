"""Pings over the wire as they come to the server's own protocol: whole, in pieces, one behind the other, and wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit.clock import utc_now
from geoengage.kit.db import make_sessions
from geoengage.tenancy.auth import make_device_token
from geoengage.tenancy.rules import Principal, PrincipalKind
from tests.conftest import KEY
from tests.e2e.stack import Stack, running
from tests.factories import make_world
from tests.places import make_phone


@pytest.fixture
async def door(committed: AsyncEngine, tmp_path: Path) -> AsyncIterator[tuple[Stack, str]]:
    """A running server, and the token of a phone that may be located."""
    async with make_sessions(committed)() as session:
        world = await make_world(session)
        phone = await make_phone(session, world)
        await session.commit()
    who = Principal(tenant_id=world.tenant_id, id=phone.id, kind=PrincipalKind.DEVICE, token_version=1)
    stack = Stack(committed.url.render_as_string(hide_password=False), tmp_path, {})
    async with running(stack, "serve"):
        yield stack, make_device_token(KEY, who)


def request(token: str, body: bytes, *more: str) -> bytes:
    head = [
        "POST /v1/pings HTTP/1.1", "Host: test", f"Authorization: Bearer {token}", "Content-Type: application/json",
        f"Content-Length: {len(body)}", *more,
    ]  # fmt: skip
    return "\r\n".join([*head, "", ""]).encode() + body


def ping(lon: float = 8.5) -> bytes:
    return json.dumps({"pings": [{"at": utc_now().isoformat(), "lon": lon, "lat": 47.3, "accuracy_m": 8}]}).encode()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], Any]:
    """The next answer: status, headers, body."""
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), headers, json.loads(await reader.readexactly(int(headers["content-length"])))


async def test_pings_over_one_connection(door: tuple[Stack, str]) -> None:
    stack, token = door
    taken = {"accepted": 1, "duplicates": 0, "rejected": []}
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    writer.write(request(token, ping()))
    status, headers, body = await answer(reader)
    assert (status, body) == (200, taken)
    assert headers["content-type"] == "application/json"
    assert headers["x-content-type-options"] == "nosniff"
    assert "date" in headers

    for piece in (request(token, ping())[n : n + 40] for n in range(0, 1_000, 40)):
        writer.write(piece)
        await asyncio.sleep(0.001)
    assert (await answer(reader))[0] == 200, "in pieces"

    writer.write(request(token, ping()) + request("nobody", ping()) + request(token, ping(200.0)))
    answers = [await answer(reader) for _ in range(3)]
    assert [a[0] for a in answers] == [200, 401, 200], "each has its own, in order"
    assert answers[1][2]["type"].startswith("/problems/")
    assert answers[2][2]["rejected"][0]["index"] == 0

    writer.write(request(token, b"{"))
    assert (await answer(reader))[0] == 422
    writer.write(request(token, b" " * 100_000 + ping()))
    assert (await answer(reader))[0] == 200, "what is large goes the usual way"
    writer.write(request(token, ping(), "Expect: 100-continue"))
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
    assert (await answer(reader))[0] == 200

    writer.write(request(token, ping(), "Connection: close"))
    status, headers, _ = await answer(reader)
    assert (status, headers["connection"]) == (200, "close")
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_a_revoked_token_is_refused_and_who_hangs_up_is_not_missed(door: tuple[Stack, str]) -> None:
    stack, token = door
    _, gone = await asyncio.open_connection("127.0.0.1", stack.port)
    gone.write(request(token, ping()))
    await gone.drain()
    gone.close()
    await gone.wait_closed()
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        async with asyncio.timeout(20):
            # It is stored all the same.
            while connection.execute("SELECT count(*) FROM ping").fetchone() != (1,):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        connection.execute("UPDATE device SET token_version = 2")
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    for _ in range(2):  # the connection goes on after a refusal
        writer.write(request(token, ping()))
        status, _, body = await answer(reader)
        assert (status, body["status"]) == (401, 401)
    writer.close()
    await writer.wait_closed()

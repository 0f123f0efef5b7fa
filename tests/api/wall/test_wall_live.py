"""The wall around WS /v1/live/positions, which no OpenAPI describes: who may watch the dots of a mall."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from geoengage.kit.db import Session
from geoengage.tenancy.rules import KeyKind
from tests.api.wall.world import Side, bearer, cookie, make_side
from tests.factories import make_key_row

PATH = "/v1/live/positions"
SAME = {"Origin": "http://testserver"}
REFUSED = {"type": "websocket.close", "code": 1008}


async def watch(app: FastAPI, mall: str, headers: dict[str, str]) -> dict[str, Any]:
    """Open the socket and hang up; returns what the server said first. In process, on the test's own connection."""
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    heard: Iterator[dict[str, Any]] = iter(
        [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
    )

    async def receive() -> dict[str, Any]:
        return next(heard, {"type": "websocket.disconnect", "code": 1000})

    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws", "root_path": "",
        "path": PATH, "raw_path": PATH.encode(), "query_string": f"mall_id={mall}&level=0".encode(),
        "headers": [(n.lower().encode(), v.encode()) for n, v in ({"Host": "testserver"} | headers).items()],
        "client": ("127.0.0.1", 1), "server": ("testserver", 80), "subprotocols": [], "extensions": {},
    }  # fmt: skip
    await asyncio.wait_for(app(scope, receive, said.put), 10)
    first = said.get_nowait()
    first.pop("reason", None)
    return {name: value for name, value in first.items() if name in ("type", "code")}


@pytest.fixture
async def alpha(client: httpx.AsyncClient, session: Session) -> Side:
    """The tenant whose mall is watched."""
    return await make_side(client, session, "alfa")


class SilentFeeds:
    """No dots: the real ones are read by a task that this test's one connection cannot serve beside the request."""

    @contextlib.asynccontextmanager
    async def watch(self, *place: object, **how: object) -> AsyncIterator[asyncio.Queue[bytes]]:
        yield asyncio.Queue()


async def test_its_own_people_watch(app: FastAPI, alpha: Side) -> None:
    app.state.feeds = SilentFeeds()
    for headers in (alpha.world.sk_headers, cookie(alpha.cookies["owner"]) | SAME):
        assert (await watch(app, alpha["mall"], headers))["type"] == "websocket.accept"


async def test_others_do_not(client: httpx.AsyncClient, app: FastAPI, session: Session, alpha: Side) -> None:
    beta = await make_side(client, session, "beta")
    blind = await make_key_row(session, alpha.world.tenant_id, KeyKind.SECRET, scopes=["venues"])
    await session.commit()
    callers = {
        "nobody": {},
        "another tenant's key": beta.world.sk_headers,
        "another tenant's operator": cookie(beta.cookies["owner"]) | SAME,
        "a shop's key": bearer(alpha.shop_key),
        "a shop's operator": cookie(alpha.cookies["shop"]) | SAME,
        "a publishable key": alpha.world.pk_headers,
        "a device": bearer(alpha.phone.token),
        "a key that may not read": bearer(blind),
        "another site's page": cookie(alpha.cookies["owner"], Origin="https://evil.example"),
        "a page that says nothing": cookie(alpha.cookies["owner"]),
    }
    for name, headers in callers.items():
        assert await watch(app, alpha["mall"], headers) == REFUSED, name
    assert await watch(app, str(uuid4()), alpha.world.sk_headers) == REFUSED

"""Positions over a WebSocket, against the whole application in uvicorn, with a database of its own."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from geoengage.app import create_app
from geoengage.kit.db import make_sessions
from geoengage.kit.ids import new_id
from geoengage.kit.pseudonym import pseudonym
from geoengage.kit.settings import Settings
from geoengage.tenancy import service as tenancy
from geoengage.tenancy.rules import KeyKind, NewOperator, Role
from tests.conftest import KEY
from tests.factories import World, make_key_row, make_world
from tests.places import Phone, lonlat, make_mall, make_phone, ping


@dataclass
class Scene:
    """A mall with three phones, keys of all sorts, and where the application listens."""

    address: str
    world: World
    mall_id: UUID
    phones: list[Phone]
    shop_key: str
    other_key: str
    cookie: str

    def watch(self, level: object = 0, mall_id: object = None, **headers: str) -> connect:
        url = f"ws://{self.address}/v1/live/positions?mall_id={mall_id or self.mall_id}&level={level}"
        return connect(url, additional_headers=headers)


@pytest.fixture
async def scene(committed: AsyncEngine, tmp_path: Path) -> AsyncIterator[Scene]:
    now = datetime.now(UTC)
    async with make_sessions(committed)() as session:
        world, other = await make_world(session), await make_world(session)
        mall_id = await make_mall(session, world)
        phones = [await make_phone(session, world, is_test=n == 2) for n in range(3)]
        shop = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[new_id()])
        new = NewOperator(role=Role.ANALYST, email="a@mall.example", name="A", password="a long password")
        operator = await tenancy.create_operator(session, world.tenant_id, new, now=now)
        cookie = await tenancy.open_session(session, world.tenant_id, operator.id, now)
        await session.commit()
    url = committed.url.render_as_string(hide_password=False)
    app = create_app(Settings(data_dir=tmp_path, secret_key=KEY), url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="websockets-sansio"))
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        yield Scene(address, world, mall_id, phones, shop, other.sk, cookie)
        server.should_exit = True
        await serving


def dots(frame: Any) -> list[tuple[int, ...]]:
    magic, count, at = struct.unpack_from("<4sId", frame)
    assert magic == b"GEO1"
    assert abs(at - datetime.now(UTC).timestamp()) < 30
    return [struct.unpack_from("<iiQHBB", frame, 16 + 20 * n) for n in range(count)]


async def test_dots_of_one_level(scene: Scene) -> None:
    now = datetime.now(UTC)
    async with httpx.AsyncClient(base_url=f"http://{scene.address}") as client:
        for n, phone in enumerate(scene.phones):
            pings = [ping(now - timedelta(seconds=200 if n == 1 else 5), 10.0 * n, level=n // 2)]
            answer = await client.post("/v1/pings", json={"pings": pings}, headers=phone.headers)
            assert answer.json()["accepted"] == 1
    by_key = scene.world.sk_headers
    async with (
        scene.watch(0, **by_key) as ground,
        scene.watch(1, **by_key) as upstairs,
        scene.watch(0, **by_key) as other,
    ):
        (dot,) = dots(await ground.recv())
        lon, lat = lonlat(0, 0)
        days = (now.date(), now.date() + timedelta(days=1))
        assert (dot[0], dot[1]) == (round(lon * 1e7), round(lat * 1e7))
        assert dot[2] in {pseudonym(KEY, scene.world.tenant_id, scene.phones[0].id, day) for day in days}
        assert dot[3:] == (50, 128, 0), "the one that was silent for minutes is not shown"
        (test_device,) = dots(await upstairs.recv())
        assert test_device[3:] == (50, 129, 1)
        assert dots(await other.recv()) == [dot]


async def test_who_may_watch(scene: Scene) -> None:
    by_key, by_cookie = scene.world.sk_headers, {"Cookie": f"geoengage_session={scene.cookie}"}
    for why, place, headers in (
        ("nobody", {}, {}),
        ("dots cross shops", {}, {"Authorization": f"Bearer {scene.shop_key}"}),
        ("another tenant's mall", {}, {"Authorization": f"Bearer {scene.other_key}"}),
        ("a publishable key", {}, scene.world.pk_headers),
        ("a phone", {}, scene.phones[0].headers),
        ("no such mall", {"mall_id": new_id()}, by_key),
        ("no mall at all", {"mall_id": "x"}, by_key),
        ("another site's page with our cookie", {}, by_cookie | {"Origin": "https://evil.example"}),
        ("a page that does not say where it comes from", {}, by_cookie),
    ):
        assert await _first_frame(scene, place, headers) is None, why
    for headers in (by_key, by_cookie | {"Origin": f"http://{scene.address}"}):
        assert dots(await _first_frame(scene, {}, headers)) == []


async def _first_frame(scene: Scene, place: dict[str, Any], headers: dict[str, str]) -> Any:
    """What comes first, None when the server refuses."""
    try:
        async with scene.watch(**place, **headers) as watched:
            return await watched.recv()
    except (InvalidStatus, ConnectionClosed):
        return None

"""Shoppers against a small stand-in for the API: who registers, what is sent, and what happens while it is away."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from geoengage.simulator import client
from geoengage.simulator.run import Options, Simulation

MALL = Path(__file__).resolve().parents[2] / "zones" / "demo_mall"


class StandIn:
    """Answers like the API. `down` refuses pings with 503; `forgotten` tokens are answered 401."""

    def __init__(self) -> None:
        self.devices: list[dict[str, Any]] = []
        self.links: list[tuple[str, dict[str, Any]]] = []
        self.batches: list[tuple[str, dict[str, Any]]] = []
        self.receipts: list[dict[str, Any]] = []
        self.forgotten: set[str] = set()
        self.down = False
        self.refused = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v1/malls", self.malls)
        app.router.add_get("/v1/malls/m1/{name}", self.features)
        app.router.add_get("/v1/{name:stores|evidence-points}", self.features)
        app.router.add_post("/v1/devices", self.register)
        app.router.add_post("/v1/devices/{id}/link", self.link)
        app.router.add_post("/v1/pings", self.pings)
        app.router.add_get("/v1/inbox", self.inbox)
        app.router.add_post("/v1/receipts", self.receipt)
        return app

    async def malls(self, request: web.Request) -> web.Response:
        mall = json.loads((MALL / "mall.json").read_text())
        return web.json_response({"items": [{"id": "m1", **mall}], "next": None})

    async def features(self, request: web.Request) -> web.Response:
        """Two pages, so that the cursor is followed."""
        items = json.loads((MALL / f"{request.match_info['name'].replace('-', '_')}.geojson").read_text())["features"]
        if "cursor" in request.query:
            return web.json_response({"items": items[2:], "next": None})
        return web.json_response({"items": items[:2], "next": "2"})

    async def register(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer pk"
        self.devices.append(await request.json())
        number = f"d{len(self.devices)}"
        return web.json_response({"device_id": number, "device_token": f"token-{number}"}, status=201)

    async def link(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer sk"
        self.links.append((request.match_info["id"], await request.json()))
        return web.json_response({"profile_id": "p"})

    async def pings(self, request: web.Request) -> web.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if token in self.forgotten:
            return web.json_response({"type": "/problems/unauthenticated"}, status=401)
        if self.down:
            self.refused += 1
            return web.json_response({}, status=503)
        body = await request.json()
        self.batches.append((token, body))
        return web.json_response({"accepted": len(body["pings"]), "duplicates": 0, "rejected": []})

    async def inbox(self, request: web.Request) -> web.Response:
        return web.json_response({"items": [{"id": request.headers["Authorization"], "opened_at": None}]})

    async def receipt(self, request: web.Request) -> web.Response:
        self.receipts.append(await request.json())
        return web.Response(status=204)


@pytest.fixture
async def stand_in() -> AsyncIterator[tuple[StandIn, str]]:
    stand_in = StandIn()
    async with TestServer(stand_in.app()) as server:
        yield stand_in, str(server.make_url("/"))


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(client, "LONGEST_PAUSE_S", 0.05)
    monkeypatch.setattr("geoengage.simulator.run.INBOX_EVERY_S", 0.2)
    monkeypatch.setattr("geoengage.simulator.watch.ASK_EVERY_S", 0.1)


def options(url: str, **over: Any) -> Options:
    plain: dict[str, Any] = {"shoppers": 3, "speed": 20.0, "interval_s": 0.05}
    return Options(url=url, publishable_key="pk", secret_key="sk", **plain | over)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - the stand-in's counters ring no bell
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(simulation: Simulation) -> AsyncIterator[Simulation]:
    task = asyncio.create_task(simulation.run())
    yield simulation
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_shoppers_register_link_ping_and_report(stand_in: tuple[StandIn, str]) -> None:
    api, url = stand_in
    async with running(Simulation(options(url))) as simulation:
        await until(lambda: len(api.receipts) >= 3 and len({token for token, _ in api.batches}) == 3)
        assert "3 of 3 shoppers" in simulation.line()
    assert len(api.devices) == len(api.links) == 3
    assert {"location", "marketing_push", "personalisation"} == set(api.devices[0]["consents"])
    assert {claim["external_id"] for _, claim in api.links} == {"sim-1-000-0", "sim-1-001-0", "sim-1-002-0"}
    ping = api.batches[0][1]["pings"][0]
    assert {"at", "lon", "lat", "accuracy_m"} <= set(ping)
    assert ping["at"].endswith("Z")
    assert "received" in {receipt["kind"] for receipt in api.receipts}
    assert simulation.stats.messages == 3


async def test_phones_hear_the_beacons_around(stand_in: tuple[StandIn, str]) -> None:
    api, url = stand_in
    known = {
        (f["properties"]["uuid"], f["properties"]["major"], f["properties"]["minor"])
        for f in json.loads((MALL / "evidence_points.geojson").read_text())["features"]
        if f["properties"]["kind"] == "beacon"
    }

    def heard() -> list[dict[str, Any]]:
        return [b for _, body in api.batches for ping in body["pings"] for b in ping.get("beacons", ())]

    async with running(Simulation(options(url))):
        await until(lambda: len(heard()) > 20)
    assert {(b["uuid"], b["major"], b["minor"]) for b in heard()} <= known
    assert all(-95 <= b["rssi"] <= 0 for b in heard())


async def test_pings_wait_while_the_server_is_away_and_go_together(stand_in: tuple[StandIn, str]) -> None:
    api, url = stand_in
    api.down = True
    async with running(Simulation(options(url, shoppers=1))) as simulation:
        await until(lambda: api.refused > 2 and len(simulation.shoppers[0].waiting) > 4)
        api.down = False
        await until(lambda: len(api.batches) > 1)
    assert len(api.batches[1][1]["pings"]) > 3
    sent = [ping["at"] for _, body in api.batches for ping in body["pings"]]
    assert len(set(sent)) == len(sent)
    assert sent == sorted(sent)


async def test_a_second_run_keeps_its_devices_and_a_forgotten_one_registers_anew(
    stand_in: tuple[StandIn, str], tmp_path: Path
) -> None:
    api, url = stand_in
    state = tmp_path / "devices.json"
    async with running(Simulation(options(url, state=state))):
        await until(lambda: len(api.batches) > 3)
    assert state.stat().st_mode & 0o777 == 0o600
    api.batches.clear()
    api.forgotten = {"token-d2"}
    async with running(Simulation(options(url, state=state))):
        await until(lambda: {token for token, _ in api.batches} == {"token-d1", "token-d3", "token-d4"})
    assert len(api.devices) == 4


async def test_a_refusal_ends_the_simulation(stand_in: tuple[StandIn, str]) -> None:
    _, url = stand_in
    with pytest.raises(client.Refused, match="404"):
        await Simulation(options(url, mall_id="unknown")).run()


async def test_the_noise_is_taken_from_the_server_and_followed_at_once(stand_in: tuple[StandIn, str]) -> None:
    api, _ = stand_in
    noise = {"noise_m": 3.0, "revision": 0}
    reports: list[dict[str, Any]] = []

    async def settings(request: web.Request) -> web.Response:
        return web.json_response(noise)

    async def report(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer sk"
        body = await request.json()
        reports.append(body)
        return web.json_response({}, status=204 if body["revision"] == noise["revision"] else 409)

    async def nothing(request: web.Request) -> web.Response:
        return web.json_response({"items": [], "next": None})

    app = api.app()
    app.router.add_get("/v1/simulation", settings)
    app.router.add_put("/v1/simulation/report", report)
    app.router.add_get("/v1/zones", nothing)
    app.router.add_get("/v1/zone-events", nothing)
    async with (
        TestServer(app) as server,
        running(Simulation(options(str(server.make_url("/")), warm=False))) as simulation,
    ):
        await until(lambda: len(reports) > 1 and reports[-1]["positions"] > 0)
        before = len(api.batches)
        noise |= {"noise_m": 30.0, "revision": 1}
        await until(lambda: reports[-1]["revision"] == 1 and len(api.batches) > before + 9)
        assert simulation.shoppers[0].noise.factor == 10.0
    good, bad = (median(p["accuracy_m"] for _, body in b for p in body["pings"]) for b in (
        api.batches[:before], api.batches[-6:]))  # fmt: skip
    assert bad > 3 * good

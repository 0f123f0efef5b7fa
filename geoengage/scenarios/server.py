"""A server of our own for scenarios: the API, and the worker's rounds, by a clock that stands still until it is moved.

The product's code is the product's; only `kit/clock.py` is asked to read another clock, and the worker's loops run when
the clock is moved instead of all the time: at each moment at which a timer is due, until nothing is left to be done. So
a run is the same every time. The two routes under `/scenarios/` exist here only; their key is made at the start.
"""

import contextlib
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Annotated

import msgspec
import psycopg
import uvicorn
from fastapi import FastAPI
from sqlalchemy.engine import make_url
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from geoengage.app import create_app
from geoengage.kit import clock, commands, errors, partitions
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import Sessions, transaction
from geoengage.kit.ids import TenantId
from geoengage.kit.migrate import upgrade
from geoengage.kit.settings import Settings
from geoengage.presence.service import IndexCache
from geoengage.scenarios import store
from geoengage.scenarios.format import START
from geoengage.tenancy import service as tenancy
from geoengage.tenancy.rules import KeyKind, NewApp, NewKey, Scope
from geoengage.wiring import reactions
from geoengage.worker import fire_timers_once, react_once

Aware = Annotated[datetime, msgspec.Meta(tz=True)]
MIDNIGHT = time(0)
NOBODY_HELD_BACK = {"review": "never", "holdout_percent": 0, "quiet_start": MIDNIGHT, "quiet_end": MIDNIGHT}
READY_S, PAUSE_S = 30.0, 0.02
KEEP_S = 600  # the runner keeps its one connection, however slow the machine is between two files
MOST_ROUNDS = 10_000  # of one move; more means that something wakes itself


class VirtualClock:
    """A clock that shows what it was set to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The present moment."""
        return self.now


class WorldIn(msgspec.Struct, frozen=True):
    """A scenario that begins: its moment 0 and the IANA time zone of its tenant."""

    now: Aware
    timezone: str


class ClockIn(msgspec.Struct, frozen=True):
    """The moment to live on to."""

    now: Aware


@dataclass(slots=True)
class Time:
    """The clock of a server and what happens when it moves. One scenario at a time.

    `prepared`: days for which the dated tables are there; `seen`: how much of the ledger the worker has read.
    """

    sessions: Sessions
    clock: VirtualClock
    tenant_id: TenantId | None = None
    indexes: IndexCache = field(default_factory=IndexCache)
    prepared: set[date] = field(default_factory=set)
    seen: int = 0

    async def begin(self, now: datetime, timezone: str) -> dict[str, str]:
        """Set the clock, prepare the dated tables, make a tenant with an app; its keys."""
        self.clock.now = now
        if now.date() not in self.prepared:
            async with transaction(self.sessions, None) as session:
                await partitions.make_ahead(session, now)
            self.prepared.add(now.date())
        slug = f"s-{secrets.token_hex(8)}"
        async with transaction(self.sessions, None) as session:  # cross-tenant: it is only just being made
            made = await tenancy.create_tenant(
                session, slug=slug, name="Scenario", timezone=timezone, policy=NOBODY_HELD_BACK, now=now
            )
            self.tenant_id, self.seen = TenantId(made.id), 0
        async with transaction(self.sessions, self.tenant_id) as session:
            app = await tenancy.create_app(session, self.tenant_id, NewApp("Scenario"), now=now)
            keys = {
                "secret_key": NewKey(KeyKind.SECRET, "scenario", frozenset(Scope)),
                "publishable_key": NewKey(KeyKind.PUBLISHABLE, "scenario", app_id=app.id, is_test=True),
            }
            return {
                name: (await tenancy.create_key(session, self.tenant_id, key, now=now))[1] for name, key in keys.items()
            }

    async def live_on(self, until: datetime) -> None:
        """Move the clock from one due moment to the next, and let the worker do its rounds at each."""
        if self.tenant_id is None or until < self.clock.now:
            raise errors.Conflict(f"the clock stands at {self.clock.now.isoformat()} and does not go back")
        for _ in range(MOST_ROUNDS):
            async with transaction(self.sessions, self.tenant_id) as session:
                ahead = await store.outlook(session, self.tenant_id)
            is_due = ahead.due_at is not None and ahead.due_at <= self.clock.now
            if is_due or ahead.published > self.seen:
                await self._work()
                self.seen = ahead.published
            elif ahead.due_at is None or ahead.due_at > until:
                self.clock.now = until
                return
            else:
                self.clock.now = ahead.due_at
        raise RuntimeError("the worker has something to do again and again")

    async def _work(self) -> None:
        """A round of each of the worker's loops."""
        # Scenarios are about presence; campaigns and messages have nothing to do in them.
        table = tuple(r for r in reactions(self.indexes) if r.name.startswith("presence."))
        await react_once(self.sessions, table)
        await fire_timers_once(self.sessions, self.indexes)


def create_scenario_app(settings: Settings, database_url: str, virtual: VirtualClock, key: str) -> FastAPI:
    """The application with the two routes that move its time: bare ones, since each position moves the clock."""
    app = create_app(settings, database_url)
    product = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with product(app):
            app.state.time = Time(app.state.sessions, virtual)
            yield

    def check(request: Request) -> None:
        if not secrets.compare_digest(request.headers.get("authorization", ""), f"Bearer {key}"):
            raise errors.Unauthenticated("this needs the key of the scenario server")

    async def begin(request: Request) -> Response:
        check(request)
        body = msgspec.json.decode(await request.body(), type=WorldIn)
        return JSONResponse(await request.app.state.time.begin(body.now, body.timezone))

    async def live_on(request: Request) -> Response:
        check(request)
        await request.app.state.time.live_on(msgspec.json.decode(await request.body(), type=ClockIn).now)
        return Response(status_code=204)

    app.router.lifespan_context = lifespan
    app.router.routes.insert(0, Route("/scenarios/clock", live_on, methods=["PUT"]))
    app.router.routes.insert(0, Route("/scenarios/worlds", begin, methods=["POST"]))
    return app


@contextlib.contextmanager
def running(settings: Settings, database_url: str) -> Iterator[tuple[str, str]]:
    """Such a server in a thread of this process: its address and the key of its control. One in a process."""
    virtual, key = VirtualClock(START), secrets.token_urlsafe(24)
    with clock.replaced_by(virtual), socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        app = create_scenario_app(settings, database_url, virtual, key)
        quiet = {"log_config": None, "access_log": False, "lifespan": "on", "ws": "none"}
        server = uvicorn.Server(uvicorn.Config(app, timeout_keep_alive=KEEP_S, **quiet))  # type: ignore[arg-type]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            _wait_for(server, thread)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", key
        finally:
            server.should_exit = True
            thread.join(READY_S)


def _wait_for(server: uvicorn.Server, thread: threading.Thread) -> None:
    for _ in range(int(READY_S / PAUSE_S)):
        if server.started:
            return
        thread.join(PAUSE_S)  # returns at once when it has died
        if not thread.is_alive():
            break
    raise RuntimeError("the scenario server did not start")


@contextlib.contextmanager
def fresh_database(settings: Settings) -> Iterator[str]:
    """A migrated database of its own, dropped at the end: on the server of the settings, else in a private cluster."""
    if settings.database_url:
        with _beside(commands.with_driver(settings.database_url)) as url:
            yield url
    else:
        with Cluster(settings.data_dir / "scenarios", durable=False) as cluster, _beside(cluster.url) as url:
            yield url


@contextlib.contextmanager
def _beside(given: str) -> Iterator[str]:
    name, home = f"scenarios_{secrets.token_hex(6)}", make_url(given)
    url = home.set(database=name).render_as_string(hide_password=False)
    dsn = home.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            upgrade(url)
            yield url
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

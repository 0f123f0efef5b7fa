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
from datetime import datetime, time
from pathlib import Path
from typing import Annotated

import psycopg
import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.engine import make_url

from geoengage.app import create_app
from geoengage.kit import clock, errors, partitions
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import Sessions, transaction
from geoengage.kit.ids import TenantId
from geoengage.kit.migrate import upgrade
from geoengage.kit.settings import Settings
from geoengage.presence.service import IndexCache
from geoengage.scenarios import store
from geoengage.scenarios.format import START
from geoengage.tenancy import service as tenancy
from geoengage.tenancy.rules import KeyKind, NewKey, Scope
from geoengage.wiring import reactions
from geoengage.worker import fire_timers_once, react_once

MIDNIGHT = time(0)
NOBODY_HELD_BACK = {"review": "never", "holdout_percent": 0, "quiet_start": MIDNIGHT, "quiet_end": MIDNIGHT}
READY_S, PAUSE_S = 30.0, 0.02
MOST_ROUNDS = 1_000  # at one moment; more means that something wakes itself


class VirtualClock:
    """A clock that shows what it was set to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The present moment."""
        return self.now


class WorldIn(BaseModel):
    """A scenario that begins."""

    now: AwareDatetime = Field(description="Its moment 0.")
    timezone: str = Field(description="IANA time zone of its tenant.")


class WorldOut(BaseModel):
    """Its tenant."""

    secret_key: str = Field(description="A secret key with all scopes.")


class ClockIn(BaseModel):
    """Where to move the clock."""

    now: AwareDatetime = Field(description="The moment to live on to.")


@dataclass(slots=True)
class Time:
    """The clock of a server and what happens when it moves. One scenario at a time."""

    sessions: Sessions
    clock: VirtualClock
    tenant_id: TenantId | None = None
    indexes: IndexCache = field(default_factory=IndexCache)
    prepared: set[datetime] = field(default_factory=set)

    async def begin(self, now: datetime, timezone: str) -> str:
        """Set the clock, prepare the dated tables, make a tenant; its key."""
        self.clock.now = now
        if now not in self.prepared:
            async with transaction(self.sessions, None) as session:
                await partitions.make_ahead(session, now)
            self.prepared.add(now)
        slug = f"s-{secrets.token_hex(8)}"
        async with transaction(self.sessions, None) as session:  # cross-tenant: it is only just being made
            made = await tenancy.create_tenant(
                session, slug=slug, name="Scenario", timezone=timezone, policy=NOBODY_HELD_BACK, now=now
            )
            self.tenant_id = TenantId(made.id)
        async with transaction(self.sessions, self.tenant_id) as session:
            new = NewKey(KeyKind.SECRET, "scenario", frozenset(Scope))
            return (await tenancy.create_key(session, self.tenant_id, new, now=now))[1]

    async def live_on(self, until: datetime) -> None:
        """Move the clock from one due moment to the next, and let the worker do its rounds at each."""
        if self.tenant_id is None or until < self.clock.now:
            raise errors.Conflict(f"the clock stands at {self.clock.now.isoformat()} and does not go back")
        await self._work()
        while (due := await self._next_due()) is not None and due <= until:
            self.clock.now = due
            await self._work()
        self.clock.now = until
        await self._work()

    async def _next_due(self) -> datetime | None:
        if self.tenant_id is None:
            return None
        async with transaction(self.sessions, self.tenant_id) as session:
            return await store.next_due(session, self.tenant_id, self.clock.now)

    async def _work(self) -> None:
        """The worker's rounds until nothing is left to be done at this moment."""
        table = reactions(self.indexes)
        for _ in range(MOST_ROUNDS):
            passed = await react_once(self.sessions, table)
            if passed + await fire_timers_once(self.sessions, self.indexes) == 0:
                return
        raise RuntimeError("the worker has something to do at the same moment again and again")


def create_scenario_app(settings: Settings, database_url: str, virtual: VirtualClock, key: str) -> FastAPI:
    """The application with the two routes that move its time."""
    app = create_app(settings, database_url)
    product = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with product(app):
            app.state.time = Time(app.state.sessions, virtual)
            yield

    async def ours(request: Request, shown: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> Time:
        if not secrets.compare_digest(shown.credentials, key):
            raise errors.Unauthenticated("this needs the key of the scenario server")
        own: Time = request.app.state.time
        return own

    Ours = Annotated[Time, Depends(ours)]

    @app.post("/scenarios/worlds")
    async def begin(body: WorldIn, own: Ours) -> WorldOut:
        return WorldOut(secret_key=await own.begin(body.now, body.timezone))

    @app.put("/scenarios/clock", status_code=204)
    async def live_on(body: ClockIn, own: Ours) -> None:
        await own.live_on(body.now)

    app.router.lifespan_context = lifespan
    return app


@contextlib.contextmanager
def running(database_url: str, data_dir: Path) -> Iterator[tuple[str, str]]:
    """Such a server in a thread of this process: its address and the key of its control. One in a process."""
    virtual, key = VirtualClock(START), secrets.token_urlsafe(24)
    with clock.replaced_by(virtual), socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        app = create_scenario_app(Settings(data_dir=data_dir), database_url, virtual, key)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", ws="none"))
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
def fresh_database(data_dir: Path) -> Iterator[str]:
    """A migrated database of its own in a private cluster that is kept between runs; dropped at the end."""
    name = f"scenarios_{secrets.token_hex(6)}"
    with Cluster(data_dir / "scenarios", durable=False) as cluster:
        home = make_url(cluster.url)
        url = home.set(database=name).render_as_string(hide_password=False)
        dsn = home.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
            try:
                upgrade(url)
                yield url
            finally:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

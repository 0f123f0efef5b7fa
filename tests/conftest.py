"""Fixtures: one PostGIS cluster a run, one database a worker, one rolled-back transaction a test.

`GEOENGAGE_TEST_DATABASE_URL` names a server to use instead of the private cluster (the role must be able to create
databases). `client` speaks to the app in process, over the test's own connection: what the app commits is a savepoint.
`committed` gives a database of its own where commits are real, for workers, locks and NOTIFY.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool
from xdist.scheduler import LoadScopeScheduling

from geoengage.app import create_app
from geoengage.kit import partitions
from geoengage.kit.cluster import Cluster, ClusterError
from geoengage.kit.db import Session, Sessions, make_sessions, transaction
from geoengage.kit.events import Bell
from geoengage.kit.migrate import upgrade
from geoengage.kit.settings import FcmSettings, PhoneChannelSettings, Settings
from geoengage.kit.trips import Connection

pytest_plugins = ["tests.providers.fixtures"]
DRIVER = {"async_creator_fn": Connection.connect}  # as `make_engine` has it
ROOT = Path(__file__).resolve().parents[1]
KEY = "a-key-for-tests-only-0123456789abcdef"
NOWHERE = "http://127.0.0.1:9"  # the port of `discard`: nobody listens


def plain_logging() -> None:
    """structlog's default draws every traceback with all local variables, which takes a second each."""
    structlog.reset_defaults()
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])


plain_logging()


class Scheduling(LoadScopeScheduling):
    """Tests that share running processes stay together on one worker: all browser tests, each file of stories.

    xdist's own groups (--dist loadgroup) have no effect under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path.startswith("tests/web/"):
            return "tests/web"
        return path if path.startswith("tests/e2e/") else nodeid


@pytest.fixture(scope="session", autouse=True)
def no_cluster_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Private databases of programs that tests started: as root their files lie under /var/lib, where nobody looks."""
    yield
    for marker in tmp_path_factory.getbasetemp().rglob("postgres/home"):
        with contextlib.suppress(
            ClusterError
        ):  # still in use: by a program that outlives the tests, which is its fault
            Cluster(marker.parent).destroy()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


def _admin(url: str, *statements: str) -> None:
    target = make_url(url)
    dsn = target.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A PostGIS server, shared by all workers of this run."""
    given = os.environ.get("GEOENGAGE_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with Cluster(ROOT / ".geoengage" / "test", durable=False) as cluster:
        yield cluster.url


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of a migrated, empty database with partitions made; others are cloned from it."""
    name = f"geoengage_t_{uuid4().hex[:12]}"
    url = str(make_url(server_url).set(database=name).render_as_string(hide_password=False))
    _admin(server_url, f"CREATE DATABASE {name}")
    upgrade(url)

    async def make() -> None:
        engine = create_async_engine(url, poolclass=NullPool)
        async with transaction(make_sessions(engine), None) as session:
            await partitions.make_ahead(session, datetime.now(UTC))
        await engine.dispose()

    asyncio.run(make())
    yield name
    _admin(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def clone(server_url: str, template: str) -> Iterator[Callable[[], str]]:
    """Makes databases like the template; all are dropped at the end of the run."""
    made: list[str] = []

    def make() -> str:
        name = f"{template}_{len(made)}"
        _admin(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        return str(make_url(server_url).set(database=name).render_as_string(hide_password=False))

    yield make
    if made:
        _admin(server_url, *(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in made))


@pytest.fixture(scope="session")
def worker_url(clone: Callable[[], str]) -> str:
    """The database of this xdist worker, in which tests roll back."""
    return clone()


@pytest.fixture
async def connection(worker_url: str) -> AsyncIterator[AsyncConnection]:
    """A connection whose transaction is rolled back after the test."""
    engine = create_async_engine(worker_url, poolclass=NullPool, connect_args=DRIVER)
    async with engine.connect() as conn:
        outer = await conn.begin()
        yield conn
        await outer.rollback()
    await engine.dispose()


@pytest.fixture
def sessions(connection: AsyncConnection) -> Sessions:
    """Sessions on the test's connection: they may commit and roll back, and nothing stays."""
    return async_sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[Session]:
    """One open session, for arranging and looking."""
    async with sessions() as opened:
        yield opened
        await opened.commit()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a test installation. Google is nowhere; a test that speaks to a provider names its local server."""
    return Settings(
        data_dir=tmp_path,
        secret_key=KEY,
        fcm=FcmSettings(base_url=NOWHERE, token_uri=f"{NOWHERE}/token"),
        phone_channels=PhoneChannelSettings(graph_url=NOWHERE, twilio_url=NOWHERE, infobip_url=NOWHERE, timeout_s=2),
    )


@pytest.fixture(scope="session")
def routed(worker_url: str) -> FastAPI:
    """One application for all tests: FastAPI prepares its routes at the first request, which takes 0.3 s."""
    return create_app(Settings(secret_key=KEY), worker_url)


@pytest.fixture
def app(routed: FastAPI, settings: Settings, sessions: Sessions, worker_url: str) -> FastAPI:
    """The application on the test's connection, with a state of its own; its lifespan does not run."""
    routed.state = create_app(settings, worker_url).state
    routed.state.sessions = sessions
    routed.state.bell = Bell(worker_url)
    return routed


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client that speaks to the app in process. Errors of ours become 500 answers, as in production."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as opened:
        yield opened


@pytest.fixture
async def committed(clone: Callable[[], str]) -> AsyncIterator[AsyncEngine]:
    """A database of this test alone, where commits are real."""
    engine = create_async_engine(clone(), connect_args=DRIVER)
    yield engine
    await engine.dispose()

"""Database access: engine, sessions, transactions, declarative base. Nobody else begins, commits or rolls back.

Every tenant table subclasses `TenantRow`, whose primary key starts with `tenant_id`; inside
`transaction(sessions, tenant_id)` every ORM statement gets the criterion `tenant_id = …` by itself, and raw SQL in a
`store.py` binds it by hand (tests/test_architecture.py checks that).
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import psycopg
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import DateTime, MetaData, event
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    ORMExecuteState,
    mapped_column,
    with_loader_criteria,
)
from sqlalchemy.orm import Session as SyncSession
from sqlalchemy.util import greenlet_spawn

from geoengage.kit.ids import TenantId
from geoengage.kit.trips import Answer, Connection, Trip

Session = AsyncSession
Sessions = async_sessionmaker[AsyncSession]
T = TypeVar("T")

REST_S = 0.5  # a connection that was used a shorter time ago is believed to work
# Deadlock, lock time-out, serialization failure: the server asks us to try again.
RETRY_SQLSTATES = {"40P01", "55P03", "40001"}
# In a session's info: the trip that is being put together; whether the end of our block ends the transaction; the trip
# that goes along with the commit; work that waits for the end of its transaction; that each trip commits; the driver's
# own connection and the pool's hold on it, where trips came before SQLAlchemy.
_TRIP, _ENDS_HERE, _LAST, _AT_END, _LOOKS, _DRIVER, _POOLED = (
    "trip", "ends_here", "last_trip", "at_end", "looks", "driver", "pooled",
)  # fmt: skip


class Base(DeclarativeBase):
    """All tables. Names of constraints follow one scheme, so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012 - SQLAlchemy's own protocol


class TenantRow:
    """A row that belongs to one tenant: `tenant_id` opens its primary key and every foreign key."""

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-10)


def make_engine(url: str, *, pool_size: int = 10, application_name: str = "geoengage") -> AsyncEngine:
    """An engine for `postgresql+psycopg://` URLs; sessions run in UTC and give up waiting for a lock after 5 s."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_use_lifo=True,  # the one used last is the one that need not be asked whether it still works
        hide_parameters=True,  # an error's text goes to the log, and parameters hold positions and names
        connect_args={
            "async_creator_fn": Connection.connect,
            "application_name": application_name,
            "options": "-c timezone=UTC -c lock_timeout=5s -c statement_timeout=60s -c jit=off",
        },
    )
    _ask_after_a_rest(engine)
    return engine


def _ask_after_a_rest(engine: AsyncEngine) -> None:
    """Ask a pooled connection whether it still works when it was not used for `REST_S`, and take another if not.

    SQLAlchemy's own pre-ping asks each time, which is a sixth of a short transaction.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def ask(connection: Any, record: Any, _proxy: Any) -> None:
        now = time.monotonic()
        if now - record.info.get("used_at", now) > REST_S:
            try:
                engine.sync_engine.dialect.do_ping(connection)
            except psycopg.Error as error:
                raise InvalidatePoolError from error


def make_sessions(engine: AsyncEngine) -> Sessions:
    """The session factory of a process."""
    return async_sessionmaker(engine, expire_on_commit=False)


def is_pooled(sessions: Sessions) -> bool:
    """Whether each session has a connection of its own, so that several may work at once."""
    return isinstance(sessions.kw.get("bind"), AsyncEngine)


@event.listens_for(SyncSession, "do_orm_execute")
def _add_tenant_criterion(state: ORMExecuteState) -> None:
    if not state.is_orm_statement:
        return  # text names no entity that the criterion could be added to
    tenant_id = state.session.info.get("tenant_id")
    if tenant_id is None or state.is_column_load or state.is_relationship_load:
        return
    state.statement = state.statement.options(
        with_loader_criteria(
            TenantRow,
            lambda cls: cls.tenant_id == tenant_id,
            include_aliases=True,
            track_closure_variables=True,
        )
    )


@contextlib.asynccontextmanager
async def transaction(sessions: Sessions, tenant_id: TenantId | None) -> AsyncIterator[Session]:
    """One transaction: commits on success, rolls back on any exception.

    `tenant_id` None is for the few cross-tenant jobs (login, partitions, finding work); such callers say why.
    """
    async with _opened(sessions) as session:
        session.info["tenant_id"] = tenant_id
        yield session
        for work in session.info.pop(_AT_END, ()):
            await work()
        if (trip := session.info.pop(_LAST, None)) is None:
            await session.commit()
            if (connection := session.info.get(_DRIVER)) is not None:
                await connection.commit()  # of trips alone SQLAlchemy knows nothing
            return
        if session.new or session.dirty or session.deleted:
            await session.flush()
        async with driver(session):
            await trip.go(commit=True)


@contextlib.asynccontextmanager
async def _opened(sessions: Sessions) -> AsyncIterator[Session]:
    """A session that is closed at the end, in one turn with its connection; whatever was not committed is undone."""
    session = sessions()
    session.info[_ENDS_HERE] = isinstance(session.bind, AsyncEngine)
    try:
        yield session
    except BaseException:
        await asyncio.shield(greenlet_spawn(_close, session))  # it may be a cancellation
        raise
    await greenlet_spawn(_close, session)


def _close(session: Session) -> None:
    session.sync_session.close()
    if (pooled := session.info.pop(_POOLED, None)) is not None:
        pooled.close()


def at_end(session: Session, work: Callable[[], Awaitable[object]]) -> None:
    """Do this last in the transaction, before it commits: for locks that everybody wants and nobody may hold long."""
    session.info.setdefault(_AT_END, []).append(work)


@contextlib.asynccontextmanager
async def driver(session: Session) -> AsyncIterator[Connection]:
    """The driver's own connection, in the session's transaction, for the hot path; errors come as SQLAlchemy's.

    A statement through SQLAlchemy costs us ~0.2 ms of CPU, often more than it costs the database.
    """
    connection: Any = session.info.get(_DRIVER)
    if connection is None:
        connection = await _driver_of(session)
    try:
        yield connection
    except psycopg.Error as error:
        raise DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error


async def _driver_of(session: Session) -> Any:
    """The connection that SQLAlchemy has begun to use; else one from the pool, by which SQLAlchemy, too, goes from here
    on: a transaction of trips alone costs half of one that it knows of."""
    engine = session.bind
    if not (session.info.get(_ENDS_HERE) and isinstance(engine, AsyncEngine)) or session.in_transaction():
        begun = (await session.connection()).sync_connection
        return begun.connection.driver_connection  # type: ignore[union-attr]
    taken = await engine.raw_connection()
    pooled = session.info[_POOLED] = SyncConnection(engine.sync_engine, connection=taken)
    session.bind = AsyncConnection(engine, pooled)
    connection = session.info[_DRIVER] = taken.driver_connection
    return connection


@dataclass(frozen=True, slots=True)
class Later(Generic[T]):
    """What a statement asks for, to be called when its trip has ended: so that several stores share one."""

    answer: Answer
    read: Callable[[Answer], T]

    def __call__(self) -> T:
        return self.read(self.answer)


async def send(session: Session, sql: str, parameters: Mapping[str, Any]) -> Answer:
    """Run a statement by the driver itself; within `pipelined` it goes with the others at the end of the block."""
    if (trip := session.info.get(_TRIP)) is not None:
        return trip.add(sql, parameters)  # type: ignore[no-any-return]
    async with pipelined(session):
        return await send(session, sql, parameters)


@contextlib.asynccontextmanager
async def pipelined(session: Session, *, last: bool = False) -> AsyncIterator[None]:
    """Statements that are sent inside go together, in order; the end waits for all, or raises the first one's error.

    Nothing inside may go through SQLAlchemy. A block within a block is part of it. `last`: nothing follows in this
    transaction, so they may wait until it is committed and go along.
    """
    if _TRIP in session.info:
        yield
        return
    async with driver(session) as connection:
        trip = session.info[_TRIP] = session.info.get(_LAST) or Trip(connection)
        try:
            yield
        finally:
            del session.info[_TRIP]
        if last and session.info.get(_ENDS_HERE):
            session.info[_LAST] = trip
        else:
            session.info.pop(_LAST, None)
            await trip.go(commit=_LOOKS in session.info)


async def start_over(session: Session) -> None:
    """Let go of everything that was locked, and begin the transaction anew: for who has only read so far."""
    if session.info.get(_ENDS_HERE):  # on a connection of the caller's it is the caller's transaction
        async with driver(session) as connection:
            await connection.rollback()


@contextlib.asynccontextmanager
async def glance(sessions: Sessions) -> AsyncIterator[Session]:
    """A session for statements that only look; one that is `sent` is a transaction of its own, in one trip.

    Cross-tenant: for loops that look for work.
    """
    async with _opened(sessions) as session:
        if session.info[_ENDS_HERE]:  # on a connection of the caller's it is in its transaction
            session.info[_LOOKS] = True
        yield session


@contextlib.asynccontextmanager
async def undone(session: Session) -> AsyncIterator[None]:
    """Whatever is done inside is rolled back at its end: for previews. Objects loaded inside are of no use after it."""
    nested = await session.begin_nested()
    ends_here, session.info[_ENDS_HERE] = session.info.get(_ENDS_HERE), False  # what is sent is sent now
    waiting = list(session.info.get(_AT_END, ()))
    try:
        yield
    finally:
        session.info[_ENDS_HERE] = ends_here
        session.info[_AT_END] = waiting
        await nested.rollback()


def is_passing(error: Exception) -> bool:
    """Whether the same work may well succeed later: a lock that somebody held, a connection that broke."""
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout | OSError)


async def retried(
    sessions: Sessions,
    tenant_id: TenantId | None,
    work: Callable[[Session], Awaitable[T]],
    *,
    attempts: int = 4,
) -> T:
    """Run `work` in a transaction of its own; deadlocks and lock time-outs are retried up to three times."""
    for attempt in range(1, attempts):
        try:
            async with transaction(sessions, tenant_id) as session:
                return await work(session)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in RETRY_SQLSTATES:
                raise
            await asyncio.sleep(0.02 * attempt)
    async with transaction(sessions, tenant_id) as session:
        return await work(session)


def row_dict(row: Any) -> dict[str, Any]:
    """A Core row as a plain dict."""
    return dict(row._mapping)


__all__ = [
    "RETRY_SQLSTATES", "AsyncEngine", "Base", "Later", "Mapped", "MappedAsDataclass", "Session", "Sessions",
    "TenantRow", "at_end", "driver", "glance", "is_passing", "make_engine", "make_sessions", "mapped_column",
    "pipelined", "retried", "row_dict", "send", "start_over", "transaction", "undone",
]  # fmt: skip

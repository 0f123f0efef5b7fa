"""Trips: several statements in one round trip, in the session's transaction, and what a rollback does to them."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, Sessions, driver, make_sessions, pipelined, send, start_over, transaction, undone

AT = datetime(2026, 11, 28, 13, 0, 0, 123_456, tzinfo=UTC)
ID = UUID(int=7)
ADD = "INSERT INTO trip_test (n) VALUES (:n)"


@pytest.fixture
async def own(committed: AsyncEngine) -> Sessions:
    sessions = make_sessions(committed)
    async with transaction(sessions, None) as session:
        await session.execute(text("CREATE TABLE trip_test (n bigint PRIMARY KEY)"))
    return sessions


async def numbers(sessions: Sessions) -> list[int]:
    async with transaction(sessions, None) as session:
        return [n for (n,) in (await send(session, "SELECT n FROM trip_test ORDER BY n", {})).rows]


async def test_values_come_back_as_they_went(session: Session) -> None:
    given: dict[str, Any] = {
        "id": ID,
        "at": AT,
        "n": -(2**40),
        "t": "né:e",
        "b": True,
        "d": date(1999, 2, 3),
        "no": None,
    }
    answer = await send(
        session,
        "SELECT :id AS id, :at AS at, :n AS n, :t AS t, :b AS b, :d AS d, CAST(:no AS text) AS no, :n AS m",
        given,
    )
    assert answer.rows == [(*given.values(), given["n"])]
    (row,) = answer.named()
    assert (row.id, row.at, row.no) == (ID, AT, None)
    with pytest.raises(TypeError, match="list"):
        await send(session, "SELECT :x", {"x": [1]})


async def test_arrays_come_back_as_they_went(session: Session) -> None:
    given = {
        "a": pgarrays.uuids_or_null([ID, None]), "b": pgarrays.times_or_null([AT, None]), "c": pgarrays.floats([0.5]),
        "d": pgarrays.texts_or_null(["x", None]), "e": pgarrays.bools_or_null([True, None]),
        "f": pgarrays.blobs([b"\0"]), "g": pgarrays.ints([-1]), "h": pgarrays.uuids([]),
    }  # fmt: skip
    answer = await send(session, "SELECT :a, :b, :c, :d, :e, :f, :g, :h", given)
    assert answer.rows == [([ID, None], [AT, None], [0.5], ["x", None], [True, None], [b"\0"], [-1], [])]


async def test_more_than_a_socket_takes_at_once(session: Session) -> None:
    async with pipelined(session):
        answers = [await send(session, "SELECT :t", {"t": str(n) * 3_000_000}) for n in range(3)]
    assert [answer.rows[0][0] for answer in answers] == [str(n) * 3_000_000 for n in range(3)]


async def test_what_comes_last_goes_with_the_commit(own: Sessions) -> None:
    async with transaction(own, None) as session:
        async with pipelined(session, last=True):
            await send(session, ADD, {"n": 1})
        assert await numbers(own) == []
        async with pipelined(session, last=True):
            await send(session, ADD, {"n": 2})
    assert await numbers(own) == [1, 2]

    async def fails() -> None:
        async with transaction(own, None) as session:
            await session.execute(text("INSERT INTO trip_test VALUES (3)"))
            async with pipelined(session, last=True):
                await send(session, ADD, {"n": 1})

    with pytest.raises(IntegrityError):
        await fails()
    assert await numbers(own) == [1, 2], "all or nothing"
    async with transaction(own, None) as session, undone(session), pipelined(session, last=True):
        await send(session, ADD, {"n": 4})
    assert await numbers(own) == [1, 2]


async def test_a_rollback_lets_the_server_forget_what_was_prepared(own: Sessions) -> None:
    """The driver then deallocates all statements of the connection, ours too."""
    async with transaction(own, None) as session:
        for n in range(8):  # the driver prepares what comes often
            await session.execute(text("SELECT CAST(:n AS int)"), {"n": n})
        await send(session, ADD, {"n": 1})
        async with driver(session) as connection:
            assert connection.prepared
            await start_over(session)
            assert not connection.prepared
        await send(session, ADD, {"n": 2})
        with pytest.raises(DBAPIError):
            async with session.begin_nested():
                await send(session, ADD, {"n": 2})
        await send(session, ADD, {"n": 3})
    assert await numbers(own) == [2, 3]


async def test_a_connection_that_is_lost_says_so(own: Sessions) -> None:
    async def fails() -> None:
        async with transaction(own, None) as session, pipelined(session):
            await send(session, "SELECT pg_terminate_backend(pg_backend_pid())", {})
            await send(session, ADD, {"n": 1})

    with pytest.raises(OperationalError):
        async with asyncio.timeout(10):
            await fails()
    assert await numbers(own) == []

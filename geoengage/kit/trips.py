"""Several statements in one round trip to the database, by libpq's own pipeline.

For the hot paths: the driver's pipeline does the same, but waits for each statement's turn, which costs more than the
statement. What a statement has brought is there when its trip has ended. Statements are prepared once a connection, by
the types of their parameters; parameters and results travel in binary.
"""

import asyncio
import itertools
import re
import struct
from collections import namedtuple
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer

from geoengage.kit import pgarrays
from geoengage.kit.pgarrays import PgArray

_BOOL, _INT8, _TEXT, _FLOAT8, _DATE, _UNKNOWN = 16, 20, 25, 701, 1082, 0
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")
_BEGIN, _COMMIT = b"BEGIN ISOLATION LEVEL READ COMMITTED", b"COMMIT"
_numbers = itertools.count()
_Key = tuple[bytes, tuple[int, ...]]  # a statement, and the types of its parameters


class Connection(psycopg.AsyncConnection[tuple[Any, ...]]):
    """The driver's connection, which knows the names of the statements that our trips have prepared."""

    prepared: dict[_Key, bytes]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.prepared = {}

    def _deallocate(self, name: bytes | None) -> Any:
        """The driver lets the server forget a statement of its own, or (None: after a rollback) all of them, ours too.

        It has no public hook; a test notices when this one is gone.
        """
        if name is None:
            self.prepared.clear()
        return super()._deallocate(name)


class Answer:
    """What a statement has brought; there when its trip has ended. `columns`: their names."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def named(self) -> list[Any]:
        """The rows with their columns as attributes."""
        return list(map(_row_of(self.columns)._make, self.rows))


@lru_cache
def _row_of(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns)


class Trip:
    """Statements in order, sent when it `go`es; in the connection's transaction, which begins with it if none runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._new: dict[_Key, bytes] = {}
        self._commands: list[tuple[bytes, list[bytes | None], Answer]] = []

    def add(self, sql: str, parameters: Mapping[str, Any]) -> Answer:
        """One more statement with `:name` parameters. Arrays are given as `pgarrays` makes them."""
        statement, names = _numbered(sql)
        given = [_binary(parameters[name]) for name in names]
        key = statement, tuple(kind for kind, _ in given)
        name = self._connection.prepared.get(key) or self._new.get(key)
        if name is None:
            name = self._new[key] = b"trip_%d" % next(_numbers)
        answer = Answer()
        self._commands.append((name, [value for _, value in given], answer))
        return answer

    async def go(self, *, commit: bool = False) -> None:
        """Send everything, with `commit` the end of the transaction too; raises the first statement's error."""
        pg = self._connection.pgconn
        begin = pg.transaction_status == pq.TransactionStatus.IDLE and not self._connection.autocommit
        async with self._connection.lock:
            try:
                pg.enter_pipeline_mode()
                self._send(pg, begin=begin, commit=commit)
                results = await _results(pg)
                pg.exit_pipeline_mode()
            except BaseException:
                pg.finish()  # nobody knows what it has done
                raise
        self._take(results[1:] if begin else results)

    def _send(self, pg: pq.abc.PGconn, *, begin: bool, commit: bool) -> None:
        if begin:
            pg.send_query_params(_BEGIN, None)
        for (statement, kinds), name in self._new.items():
            pg.send_prepare(name, statement, kinds)
        for name, values, _ in self._commands:
            pg.send_query_prepared(name, values, [pq.Format.BINARY] * len(values), pq.Format.BINARY)
        if commit:
            pg.send_query_params(_COMMIT, None)
        pg.pipeline_sync()

    def _take(self, results: list[pq.abc.PGresult]) -> None:
        for (key, name), result in zip(self._new.items(), results, strict=False):
            if result.status == pq.ExecStatus.COMMAND_OK:
                self._connection.prepared[key] = name
        for result in results:
            if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
                raise psycopg.errors.error_from_result(result, encoding=self._connection.info.encoding)
        loading = Transformer(self._connection)
        for (_, _, answer), result in zip(self._commands, results[len(self._new) :], strict=False):
            loading.set_pgresult(result)
            names = (result.fname(n) or b"" for n in range(result.nfields))
            answer.columns = tuple(name.decode() for name in names)
            answer.rows = loading.load_rows(0, result.ntuples, tuple)


async def _results(pg: pq.abc.PGconn) -> list[pq.abc.PGresult]:
    """One result a command, up to the end of the trip."""
    while pg.flush():
        await _ready(pg.socket, write=True)
        pg.consume_input()  # the server may wait for us to read before it reads on
    found: list[pq.abc.PGresult] = []
    while True:
        while pg.is_busy():
            await _ready(pg.socket)
            pg.consume_input()
        result = pg.get_result()
        if result is None:
            if pg.status == pq.ConnStatus.BAD:
                raise psycopg.OperationalError("the connection to the database was lost")
            continue
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            return found
        found.append(result)


async def _ready(socket: int, *, write: bool = False) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(socket, wake)
    if write:
        loop.add_writer(socket, wake)
    try:
        await ready
    finally:
        loop.remove_reader(socket)
        if write:
            loop.remove_writer(socket)


@lru_cache
def _numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """A statement with `$1` in place of the first name, and the names in order."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    return _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", sql).encode(), names


def _binary(value: Any) -> tuple[int, bytes | None]:
    """The type and the bytes of a parameter."""
    match value:
        case PgArray():
            return pgarrays.ARRAY_OF[value.element], value.data
        case UUID():
            return pgarrays.UUID_, value.bytes
        case str():
            return _TEXT, value.encode()
        case None:
            return _UNKNOWN, None
        case bool():
            return _BOOL, bytes([value])
        case int():
            return _INT8, value.to_bytes(8, signed=True)
        case float():
            return _FLOAT8, struct.pack(">d", value)
        case datetime():
            return pgarrays.TIMESTAMPTZ, pgarrays.micros(value).to_bytes(8, signed=True)
        case date():
            return _DATE, (value.toordinal() - _EPOCH_DAY).to_bytes(4, signed=True)
        case _:
            raise TypeError(f"{type(value).__name__} is no parameter of a trip")

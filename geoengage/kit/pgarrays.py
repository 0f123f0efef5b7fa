"""Arrays as statement parameters, in PostgreSQL's binary form: psycopg's own lists cost several times as much to write.

The hot path sends some thousand values a statement; everywhere else plain lists do.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import ArrayLike, NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

_BYTEA, _INT4, _TEXT, _FLOAT8, _TIMESTAMPTZ, _UUID, _JSONB = 17, 23, 25, 701, 1184, 2950, 3802
_NULL = b"\xff\xff\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # the database counts from here, in microseconds
_EPOCH_S = _EPOCH.timestamp()


class PgArray(NamedTuple):
    """The bytes of an array and the type of its elements (`pg_type.oid`)."""

    element: int
    data: bytes


_ARRAY_OF = {_BYTEA: 1001, _INT4: 1007, _TEXT: 1009, _FLOAT8: 1022, _TIMESTAMPTZ: 1185, _UUID: 2951, _JSONB: 3807}


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def get_key(self, obj: PgArray, format: object) -> tuple[type, int]:  # type: ignore[override]
        return self.cls, obj.element

    def upgrade(self, obj: PgArray, format: object) -> "_ArrayDumper":
        dumper = type(self)(self.cls)
        dumper.oid = _ARRAY_OF[obj.element]
        return dumper

    def dump(self, obj: PgArray) -> bytes:
        return obj.data


psycopg.adapters.register_dumper(PgArray, _ArrayDumper)


def _array(element: int, count: int, elements: bytes, *, nulls: bool = False) -> PgArray:
    head = (1, nulls, element, count, 1) if count else (0, 0, element)
    return PgArray(element, b"".join(n.to_bytes(4) for n in head) + elements)


def _numbers(element: int, values: NDArray[np.generic], kind: str) -> PgArray:
    size = np.dtype(kind).itemsize
    cells = np.empty(len(values), dtype=[("size", ">i4"), ("value", kind)])
    cells["size"], cells["value"] = size, values
    return _array(element, len(values), cells.tobytes())


def uuids(values: Iterable[UUID]) -> PgArray:
    """uuid[]."""
    raw = np.frombuffer(b"".join([v.bytes for v in values]), dtype="V16")
    return _numbers(_UUID, raw, "V16")


def floats(values: ArrayLike) -> PgArray:
    """float8[]."""
    return _numbers(_FLOAT8, np.asarray(values, dtype=np.float64), ">f8")


def ints(values: ArrayLike) -> PgArray:
    """int4[]."""
    return _numbers(_INT4, np.asarray(values, dtype=np.int64), ">i4")


def times(values: Iterable[datetime]) -> PgArray:
    """timestamptz[], exact to the microsecond for every year that a clock shows."""
    seconds = np.array([v.timestamp() for v in values]) - _EPOCH_S
    return _numbers(_TIMESTAMPTZ, np.rint(seconds * 1e6), ">i8")


def times_or_null(values: Iterable[datetime | None]) -> PgArray:
    """timestamptz[] with NULLs."""
    return _sized(_TIMESTAMPTZ, [None if v is None else _micros(v).to_bytes(8, signed=True) for v in values])


def ints_or_null(values: Iterable[int | None]) -> PgArray:
    """int4[] with NULLs."""
    return _sized(_INT4, [None if v is None else v.to_bytes(4, signed=True) for v in values])


def texts(values: Iterable[str]) -> PgArray:
    """text[]."""
    return _sized(_TEXT, [v.encode() for v in values])


def jsons(values: Iterable[bytes]) -> PgArray:
    """jsonb[] of encoded documents."""
    return _sized(_JSONB, [b"\x01" + v for v in values])


def jsons_or_null(values: Iterable[bytes | None]) -> PgArray:
    """jsonb[] with NULLs."""
    return _sized(_JSONB, [None if v is None else b"\x01" + v for v in values])


def _micros(at: datetime) -> int:
    return round((at.timestamp() - _EPOCH_S) * 1e6)


def _sized(element: int, values: list[bytes | None] | list[bytes]) -> PgArray:
    cells = b"".join([_NULL if v is None else len(v).to_bytes(4) + v for v in values])
    return _array(element, len(values), cells, nulls=None in values)

"""Arrays as statement parameters, in PostgreSQL's binary form: psycopg's own lists cost several times as much to write.

The hot path sends some thousand values a statement; everywhere else plain lists do.
"""

import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import ArrayLike, NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

_BYTEA, _INT8, _INT4, _TEXT, _FLOAT8, TIMESTAMPTZ, UUID_, _JSONB, _BOOL = 17, 20, 23, 25, 701, 1184, 2950, 3802, 16
_NULL = b"\xff\xff\xff\xff"
_EPOCH_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()  # the database counts from here, in microseconds
_EPOCH_US = int(_EPOCH_S) * 1_000_000


_HEAD, _HEAD_OF_NONE = struct.Struct(">5i"), struct.Struct(">3i")
_CELL = {kind: np.dtype([("size", ">i4"), ("value", kind)]) for kind in (">i4", ">i8", ">f8", "V16")}


class PgArray(NamedTuple):
    """The bytes of an array and the type of its elements (`pg_type.oid`)."""

    element: int
    data: bytes


ARRAY_OF = {
    _BOOL: 1000, _BYTEA: 1001, _INT8: 1016, _INT4: 1007, _TEXT: 1009, _FLOAT8: 1022, TIMESTAMPTZ: 1185, UUID_: 2951,
    _JSONB: 3807,
}  # fmt: skip


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def get_key(self, obj: PgArray, format: object) -> tuple[type, int]:  # type: ignore[override]
        return self.cls, obj.element

    def upgrade(self, obj: PgArray, format: object) -> "_ArrayDumper":
        dumper = type(self)(self.cls)
        dumper.oid = ARRAY_OF[obj.element]
        return dumper

    def dump(self, obj: PgArray) -> bytes:
        return obj.data


psycopg.adapters.register_dumper(PgArray, _ArrayDumper)


def _array(element: int, count: int, elements: bytes, *, nulls: bool = False) -> PgArray:
    head = _HEAD.pack(1, nulls, element, count, 1) if count else _HEAD_OF_NONE.pack(0, 0, element)
    return PgArray(element, head + elements)


def _numbers(element: int, values: NDArray[np.generic], kind: str) -> PgArray:
    cells = np.empty(len(values), dtype=_CELL[kind])
    cells["size"], cells["value"] = _CELL[kind]["value"].itemsize, values
    return _array(element, len(values), cells.tobytes())


def uuids(values: Iterable[UUID]) -> PgArray:
    """uuid[]."""
    return raw_uuids(np.frombuffer(b"".join([v.bytes for v in values]), dtype="V16"))


def raw_uuids(values: NDArray[np.generic]) -> PgArray:
    """uuid[] of ids that are 16 bytes each."""
    return _numbers(UUID_, values, "V16")


def raw_times(us: NDArray[np.int64]) -> PgArray:
    """timestamptz[] of microseconds since 2000."""
    return _numbers(TIMESTAMPTZ, us, ">i8")


def uuids_or_null(values: Iterable[UUID | None]) -> PgArray:
    """uuid[] with NULLs."""
    return _sized(UUID_, [None if v is None else v.bytes for v in values])


def floats(values: ArrayLike) -> PgArray:
    """float8[]."""
    return _numbers(_FLOAT8, np.asarray(values, dtype=np.float64), ">f8")


def ints(values: ArrayLike) -> PgArray:
    """int4[]."""
    return _numbers(_INT4, np.asarray(values, dtype=np.int64), ">i4")


def bigints(values: ArrayLike) -> PgArray:
    """int8[]."""
    return _numbers(_INT8, np.asarray(values, dtype=np.int64), ">i8")


def times(values: Iterable[datetime]) -> PgArray:
    """timestamptz[], exact to the microsecond for every year that a clock shows."""
    seconds = np.array([v.timestamp() for v in values]) - _EPOCH_S
    return _numbers(TIMESTAMPTZ, np.rint(seconds * 1e6), ">i8")


def moments(us: NDArray[np.int64]) -> PgArray:
    """timestamptz[] of microseconds since 1970."""
    return raw_times(us - _EPOCH_US)


def times_or_null(values: Iterable[datetime | None]) -> PgArray:
    """timestamptz[] with NULLs."""
    return _sized(TIMESTAMPTZ, [None if v is None else micros(v).to_bytes(8, signed=True) for v in values])


def ints_or_null(values: Iterable[int | None]) -> PgArray:
    """int4[] with NULLs."""
    return _sized(_INT4, [None if v is None else v.to_bytes(4, signed=True) for v in values])


def texts(values: Iterable[str]) -> PgArray:
    """text[]."""
    return _sized(_TEXT, [v.encode() for v in values])


def texts_or_null(values: Iterable[str | None]) -> PgArray:
    """text[] with NULLs."""
    return _sized(_TEXT, [None if v is None else v.encode() for v in values])


def bools_or_null(values: Iterable[bool | None]) -> PgArray:
    """bool[] with NULLs."""
    return _sized(_BOOL, [None if v is None else bytes([v]) for v in values])


def blobs(values: Iterable[bytes]) -> PgArray:
    """bytea[]."""
    return _sized(_BYTEA, list(values))


def jsons(values: Iterable[bytes]) -> PgArray:
    """jsonb[] of encoded documents."""
    return _sized(_JSONB, [b"\x01" + v for v in values])


def jsons_or_null(values: Iterable[bytes | None]) -> PgArray:
    """jsonb[] with NULLs."""
    return _sized(_JSONB, [None if v is None else b"\x01" + v for v in values])


def micros(at: datetime) -> int:
    """A moment as the database counts, in microseconds since 2000."""
    return round((at.timestamp() - _EPOCH_S) * 1e6)


def moment_of(us: int) -> datetime:
    """A moment from microseconds since 2000."""
    return datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def _sized(element: int, values: list[bytes | None] | list[bytes]) -> PgArray:
    cells = b"".join([_NULL if v is None else len(v).to_bytes(4) + v for v in values])
    return _array(element, len(values), cells, nulls=None in values)

"""Many rows between the database and arrays, by COPY in its binary form: a million in a second, no object for each.

Columns are `uuid`, `int8` or `float8` and never null, so that every row has the same length
(https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format").
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from geoengage.kit.db import Session, driver

Rows = npt.NDArray[np.void]
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_KINDS = {"uuid": "V16", "int8": ">i8", "float8": ">f8"}
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")
_CHUNK = 1 << 20


def _layout(columns: Mapping[str, str]) -> np.dtype[Any]:
    fields: list[tuple[str, str]] = [("", ">i2")]
    for name, kind in columns.items():
        fields += [(f"{name}:bytes", ">i4"), (name, _KINDS[kind])]
    return np.dtype([(name or "fields", kind) for name, kind in fields])


async def read(session: Session, sql: str, parameters: Mapping[str, Any], columns: Mapping[str, str]) -> Rows:
    """The rows of a SELECT (with `:name` parameters) as an array with these columns, in its order. No NULL, please."""
    named = _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%"))
    statement = f"COPY ({named}) TO STDOUT (FORMAT binary)"
    async with (
        driver(session) as connection,
        connection.cursor() as cursor,
        cursor.copy(statement.encode(), dict(parameters)) as copy,
    ):
        data = b"".join([bytes(part) async for part in copy])
    layout = _layout(columns)
    body = memoryview(data)[len(_HEADER) : -len(_TRAILER)]
    if len(body) % layout.itemsize:
        raise ValueError("a column is null or of another kind")
    rows: Rows = np.frombuffer(body, dtype=layout)
    for name, kind in columns.items():
        if (rows[f"{name}:bytes"] != np.dtype(_KINDS[kind]).itemsize).any():
            raise ValueError(f"{name} is null or no {kind}")
    return rows


async def write(session: Session, table: str, columns: Mapping[str, tuple[str, Any]]) -> None:
    """Append rows to a table of the caller's: for each column its kind and an array."""
    layout = _layout({name: kind for name, (kind, _) in columns.items()})
    count = len(next(iter(columns.values()))[1])
    rows: Rows = np.zeros(count, dtype=layout)
    rows["fields"] = len(columns)
    for name, (kind, values) in columns.items():
        rows[f"{name}:bytes"] = np.dtype(_KINDS[kind]).itemsize
        rows[name] = values
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    data = memoryview(rows.tobytes())
    async with (
        driver(session) as connection,
        connection.cursor() as cursor,
        cursor.copy(statement.encode()) as copy,
    ):
        await copy.write(_HEADER)
        for start in range(0, len(data), _CHUNK):
            await copy.write(bytes(data[start : start + _CHUNK]))
        await copy.write(_TRAILER)

"""Request bodies that parse as JSON and still cannot be stored: NaN, Infinity, NUL characters, half surrogate pairs.

Python's parser lets them pass and PostgreSQL refuses them, which would be a 500. One dependency of the whole app
names the place instead; bodies without a suspicious byte sequence (nearly all) cost one regular expression.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from math import isfinite
from typing import Any

from fastapi import Request
from fastapi.requests import HTTPConnection

from geoengage.kit import errors

# Any exponent of three digits may overflow to Infinity.
_SUSPICIOUS = re.compile(rb"NaN|Infinity|\\u0000|\\u[dD][89a-fA-F]|[eE]\+?[0-9]{3}")

_MOST_FLAWS = 100
STREAMED = frozenset({"/v1/imports/data"})  # files, which are written to the disk as they come and never held


async def refuse_unstorable(connection: HTTPConnection) -> None:
    """Raise ItemErrors for numbers and texts in a JSON body that no table can hold."""
    if not isinstance(connection, Request):
        return  # a WebSocket has no body
    if connection.url.path in STREAMED:
        return
    body = await connection.body()
    if not _SUSPICIOUS.search(body):
        return
    try:
        found = list(islice(_unstorable(json.loads(body), "#"), _MOST_FLAWS))
    except ValueError:
        return  # not JSON at all: the route says so
    except RecursionError:
        found = [("#", "nested too deeply")]
    if found:
        raise errors.ItemErrors([{"pointer": p, "in": "body", "detail": d} for p, d in found])


def _unstorable(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, float) and not isfinite(value):
        yield pointer, f"{value} is no number that JSON knows"
    elif isinstance(value, str) and (detail := _text_flaw(value)):
        yield pointer, detail
    elif isinstance(value, dict):
        for key, member in value.items():
            if detail := _text_flaw(key):
                yield pointer, f"a member's name: {detail}"
            yield from _unstorable(member, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _unstorable(item, f"{pointer}/{i}")


def _text_flaw(text: str) -> str | None:
    if "\x00" in text:
        return "the character U+0000 cannot be stored"
    return "half of a surrogate pair is no character" if any("\ud800" <= c <= "\udfff" for c in text) else None

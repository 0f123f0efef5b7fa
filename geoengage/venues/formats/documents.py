"""Bytes into files, files into JSON: archives that are no traps, and the line and column of what is no JSON.

Nothing is unpacked to a disk. Members are read with a limit, whatever the archive's index claims.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from math import isfinite
from pathlib import PurePosixPath
from typing import Any, NoReturn

from geoengage.venues.formats.base import Path, steps, unreadable

MAX_FILES = 500
MAX_BYTES = 200_000_000  # of all files together, unpacked; the largest real archives have some 20 MB
ONE_FILE = "document"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|[{}\[\]]')
_SUSPICIOUS = re.compile(r"\\u0000|\\u[dD][89a-fA-F]|[eE]\+?[0-9]{3}")
_OTHER = {"__MACOSX", ".DS_Store", "Thumbs.db"}

Files = dict[str, bytes]


def files_of(body: bytes, name: str = ONE_FILE) -> Files:
    """The JSON files of an archive by path, without a folder around them all; or the one document."""
    return unpack(body) if body.startswith(_ZIP) else {name: body}


def unpack(body: bytes) -> Files:
    """The .json and .geojson members of a ZIP. ItemErrors for a trap or a broken one."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return without_folder(_members(archive))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, RuntimeError) as error:
        raise unreadable("", "#", f"the archive cannot be read: {error}") from error


def _members(archive: zipfile.ZipFile) -> Files:
    wanted = [info for info in archive.infolist() if not info.is_dir() and not _is_other(info.filename)]
    if len(wanted) > MAX_FILES:
        raise unreadable("", "#", f"the archive holds {len(wanted)} files; at most {MAX_FILES}")
    files: Files = {}
    left = MAX_BYTES
    for info in wanted:
        path = PurePosixPath(info.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in info.filename:
            raise unreadable(info.filename[:200], "#", "a path that leads out of the archive")
        if info.flag_bits & 1:
            raise unreadable(info.filename[:200], "#", "it is encrypted; send an archive without a password")
        if path.suffix not in (".json", ".geojson"):
            continue
        if info.filename in files:
            raise unreadable(info.filename[:200], "#", "the archive holds this file twice")
        with archive.open(info) as member:
            files[info.filename] = member.read(left + 1)
        left -= len(files[info.filename])
        if left < 0:
            raise unreadable(info.filename[:200], "#", f"unpacked, the archive has more than {MAX_BYTES:,} bytes")
    return files


def _is_other(name: str) -> bool:
    return any(part in _OTHER or part.startswith("._") for part in PurePosixPath(name).parts)


def without_folder(files: Files) -> Files:
    """The same without a folder that holds them all, as a desktop's "compress" makes it; a lone floor keeps its own."""
    tops = {path.partition("/")[0] for path in files}
    if len(tops) != 1 or not all("/" in path for path in files) or any(p.endswith("/geojson_map.json") for p in files):
        return files
    return without_folder({path.partition("/")[2]: content for path, content in files.items()})


def parse(name: str, content: bytes) -> Any:
    """The JSON of a file, with or without a BOM. ItemErrors with line and column: bad syntax, doubled members, NaN."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise unreadable(name, "#", f"it is not UTF-8: byte {error.start} cannot be read") from error
    try:
        document = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
        if _SUSPICIOUS.search(text) and (flaw := next(_unstorable(document, ()), None)):
            raise unreadable(name, "#" + steps(flaw[0]), flaw[1])
        return document
    except _Doubled as error:
        line, column = _place_of_double(text, error.member)
        detail = f"line {line}, column {column}: the member {error.member!r} stands twice in one object"
        raise unreadable(name, "#", detail, line=line, column=column) from error
    except json.JSONDecodeError as error:
        detail = f"line {error.lineno}, column {error.colno}: no JSON: {error.msg}"
        raise unreadable(name, "#", detail, line=error.lineno, column=error.colno) from error
    except (ValueError, RecursionError) as error:
        raise unreadable(name, "#", "nested too deeply" if isinstance(error, RecursionError) else str(error)) from error


class _Doubled(Exception):
    def __init__(self, member: str) -> None:
        super().__init__(member)
        self.member = member


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Doubled(next(name for i, name in enumerate(names) if name in names[:i]))
    return found


def _place_of_double(text: str, member: str) -> tuple[int, int]:
    """Line and column, from 1, of the second time that an object has this member."""
    seen: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        if token[0] in "{[":
            seen.append(set())
        elif token[0] in "}]":
            seen.pop()
        elif token[2]:
            name = json.loads(token[1])
            if name == member and name in seen[-1]:
                return text.count("\n", 0, token.start()) + 1, token.start() - text.rfind("\n", 0, token.start())
            seen[-1].add(name)
    return 1, 1


def _unstorable(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Texts and numbers that no table holds (kit/bodies.py says so of requests; this is inside archives)."""
    if isinstance(value, float) and not isfinite(value):
        yield path, "the number is too large"
    elif isinstance(value, str) and any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in value):
        yield path, "the text holds U+0000 or half of a surrogate pair, which cannot be stored"
    elif isinstance(value, dict):
        for member, inner in value.items():
            yield from _unstorable(member, path)
            yield from _unstorable(inner, (*path, member))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _unstorable(inner, (*path, i))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number that JSON knows")

"""Blanking a person in files that lie about: uploads that wait, files of the drop folder, imported or refused.

A line that mentions one of the person's ids is overwritten with blanks of the same length, so that an import that is
reading the file keeps its place and its line numbers.
"""

import gzip
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

_SHORTEST = 5  # a shorter id ("17") would meet quantities and prices
_DIGITS_OF_PHONE = 8  # the part of a number that is the same with and without a country's prefix


def patterns(names: Iterable[tuple[str, str]]) -> list[re.Pattern[bytes]]:
    """What to look for: each of the person's ids (kind, value) as a whole word, phone numbers however written."""
    found = []
    for kind, value in names:
        if kind == "phone":
            digits = re.sub(r"\D", "", value)[-_DIGITS_OF_PHONE:]
            found.append(re.compile(rb"[\s()./-]*".join(digit.encode() for digit in digits) + rb"(?!\d)"))
        else:
            word = value.partition(":")[2] if kind == "source_id" else value
            if len(word) >= _SHORTEST:
                found.append(re.compile(rb"(?<![\w@.+-])" + re.escape(word.encode()) + rb"(?![\w@])", re.IGNORECASE))
    return found


def blank(folders: Iterable[Path], names: Iterable[tuple[str, str]]) -> int:
    """Blank every line about a person in the files below these folders; returns how many lines that were."""
    wanted = patterns(names)
    if not wanted:
        return 0
    files = sorted(path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.is_file())
    return sum(_blank_file(path, wanted) for path in files)


def _blank_file(path: Path, wanted: Sequence[re.Pattern[bytes]]) -> int:
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return _blank_gzip(path, wanted) if is_gzip else _blank_plain(path, wanted)


def _blank_plain(path: Path, wanted: Sequence[re.Pattern[bytes]]) -> int:
    count = 0
    with path.open("r+b") as file:
        at = 0
        for line in iter(file.readline, b""):
            if any(pattern.search(line) for pattern in wanted):
                file.seek(at)
                file.write(_blanks(line))
                count += 1
            at += len(line)
            file.seek(at)
    return count


def _blank_gzip(path: Path, wanted: Sequence[re.Pattern[bytes]]) -> int:
    count = 0
    part = path.with_name(f".{path.name}.part")
    try:
        with gzip.open(path, "rb") as old, gzip.open(part, "wb") as new:
            for line in old:
                about = any(pattern.search(line) for pattern in wanted)
                new.write(_blanks(line) if about else line)
                count += about
    except (OSError, EOFError):  # damaged: it cannot be imported either
        part.unlink(missing_ok=True)
        path.unlink()
        return 1
    if count:
        part.chmod(path.stat().st_mode & 0o777)
        part.replace(path)
    else:
        part.unlink()
    return count


def _blanks(line: bytes) -> bytes:
    content = line.rstrip(b"\r\n")
    return b" " * len(content) + line[len(content) :]

"""From bytes to records: compression, encoding, delimiter, and where a record begins in the file. Pure.

Excel and ERP systems write UTF-8 with and without a byte order mark, UTF-16, Windows-1252; `,` `;` tab or `|`. Nothing is
ever read whole: a file of a gigabyte costs as much memory as one of a kilobyte.
"""

import csv
import gzip
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, TextIO

DELIMITERS = (",", ";", "\t", "|")
MOST_UNPACKED = 4_000_000_000  # bytes: what a small compressed file may become
MOST_CELL = 100_000  # characters
MOST_LINES = 200  # of one record; more means that a quote was never closed
MOST_COLUMNS = 300
_PIECE = 1 << 20
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
ENCODING_WORDS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a byte order mark",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
}
csv.field_size_limit(MOST_CELL)


class UnreadableFile(ValueError):
    """The file as a whole is none that we can read; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a file is to be read. `lines`: physical lines, the header among them."""

    encoding: str
    is_gzip: bool
    lines: int


def look(stream: BinaryIO) -> Look:
    """How to read a file, found by reading all of it once; UnreadableFile when it is none.

    What is not UTF-8 from its first byte to its last is taken for Windows-1252, in which nearly all bytes mean something.
    """
    try:
        return _look(stream)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFile("the compressed file is damaged or cut off; send it again") from error


def _look(stream: BinaryIO) -> Look:
    is_gzip = _is_gzip(stream)
    head = _unpacked(stream, is_gzip).read(4096)
    encoding = _by_mark(head) or _by_zeros(head) or "utf-8"
    try:
        return Look(encoding, is_gzip, _count(stream, encoding, is_gzip))
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise UnreadableFile(f"the file says that it is {ENCODING_WORDS[encoding]} and is not") from None
    try:
        return Look("cp1252", is_gzip, _count(stream, "cp1252", is_gzip))
    except UnicodeDecodeError:
        raise UnreadableFile("neither UTF-8, UTF-16 nor Windows-1252; save it as “CSV UTF-8”") from None


def open_text(stream: BinaryIO, encoding: str, is_gzip: bool) -> TextIO:
    """The text of a file from its start; line ends stay as they are."""
    return io.TextIOWrapper(_unpacked(stream, is_gzip), encoding=encoding, newline="")


def _is_gzip(stream: BinaryIO) -> bool:
    stream.seek(0)
    return stream.read(2) == b"\x1f\x8b"


class _Borrowed(io.RawIOBase):
    """A stream that is left open by whoever reads it through this."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _unpacked(stream: BinaryIO, is_gzip: bool) -> Any:
    """The bytes of the file from its start; the stream itself stays open."""
    stream.seek(0)
    return gzip.GzipFile(fileobj=stream) if is_gzip else io.BufferedReader(_Borrowed(stream), 1 << 17)


def _by_mark(head: bytes) -> str | None:
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def _by_zeros(head: bytes) -> str | None:
    """UTF-16 without a mark: in Western text every other byte is zero."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 4 < len(head):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _count(stream: BinaryIO, encoding: str, is_gzip: bool) -> int:
    decoder, lines, last, size = open_text(stream, encoding, is_gzip), 0, "\n", 0
    while piece := decoder.read(_PIECE):
        if "\x00" in piece:
            raise UnreadableFile("the character U+0000 is no text; save it as “CSV UTF-8”")
        size += len(piece)
        if size > MOST_UNPACKED:
            raise UnreadableFile(f"more than {MOST_UNPACKED:,} characters when unpacked; split it")
        lines += _line_ends(piece, last)
        last = piece[-1]
    return lines + (last not in "\r\n")


def _line_ends(piece: str, before: str) -> int:
    """Line ends of all three kinds; one that is cut by the end of a piece counts once."""
    if "\r" not in piece and before != "\r":
        return piece.count("\n")
    return piece.count("\n") + piece.count("\r") - piece.count("\r\n") - (before == "\r" and piece[0] == "\n")


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `line`: of its first line in the file, from 1; `flaw`: why it could not be taken apart."""

    line: int
    cells: list[str]
    flaw: str | None = None


class Records:
    """The records of a text that are not empty, each with the line it begins at.

    A quote that is never closed costs the record that it opens, not the rest of the file: reading goes on at the next
    line. `lines`: how many lines were consumed so far.
    """

    def __init__(self, text: Iterator[str], delimiter: str) -> None:
        self._text, self._delimiter = text, delimiter
        self._again: deque[str] = deque()
        self._fed: list[str] = []
        self.lines = 0
        self._reader = self._new_reader()

    def _new_reader(self) -> Iterator[list[str]]:
        return csv.reader(self._feed(), delimiter=self._delimiter, strict=True)

    def _feed(self) -> Iterator[str]:
        fed, text, again = self._fed, self._text, self._again
        while True:
            if again:
                line = again.popleft()
            elif (following := next(text, None)) is None:
                return
            else:
                line = following
            fed.append(line)
            if len(fed) > MOST_LINES:
                raise csv.Error("no closing quote")
            yield line

    def __iter__(self) -> "Records":
        return self

    def __next__(self) -> Record:
        while True:
            start = self.lines + 1
            try:
                cells = next(self._reader)
            except csv.Error as error:
                return self._broken(start, str(error))
            self.lines += len(self._fed)
            self._fed.clear()
            if any(cells) and any(cell.strip() for cell in cells):
                return Record(start, cells)

    def _broken(self, start: int, why: str) -> Record:
        first, *rest = self._fed
        self._again.extendleft(reversed(rest))
        self._fed.clear()
        self.lines += 1
        self._reader = self._new_reader()
        detail = (
            f"a cell is longer than {MOST_CELL:,} characters" if "limit" in why else "a quote is not closed, or stray"
        )
        return Record(start, [first.strip()[:200]], f"{detail} ({why})")


def guess_delimiter(first: str, is_known: Callable[[str], bool]) -> str:
    """The delimiter under which the first line has most columns with a known name, then most columns at all.

    Excel's own hint, a first line `sep=;`, counts above all.
    """
    if hint := sep_hint(first):
        return hint

    def columns(delimiter: str) -> tuple[int, int]:
        try:
            names = next(csv.reader([first], delimiter=delimiter), [])
        except csv.Error:
            return 0, 0
        return sum(map(is_known, names)), len(names)

    return max(DELIMITERS, key=columns)


def sep_hint(line: str) -> str | None:
    """The delimiter that Excel's line `sep=;` names; None when it is an ordinary line."""
    text = line.strip("\r\n\ufeff")
    return text[4] if len(text) == 5 and text.lower().startswith("sep=") and text[4] in DELIMITERS else None

"""A list of stores as a spreadsheet saves it, taken apart line by line; and whose axes are swapped. Pure.

Excel's habits are known: a byte order mark, `;` and decimal commas in Europe, tabs, quoted cells over several lines.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from math import floor

from geoengage.kit import errors

COLUMNS = (
    "external_id", "name", "lon", "lat", "address", "category", "brand_color", "timezone", "catchment_m", "delivery_m",
)  # fmt: skip
MAX_LINES = 20_000
_DELIMITERS = ",;\t"
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}([.,][0-9]{0,20})?")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number in the file, its cells that are not empty by column, and what is wrong with all of it."""

    number: int
    cells: dict[str, str]
    flaw: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that could be read."""

    lines: list[Line]
    unknown: list[str]


def read_sheet(body: bytes) -> Sheet:
    """The lines of a CSV file with a header; ItemErrors when it is none."""
    text = _decoded(body)
    records = _records(text, _delimiter(text))
    number, header = next(records, (1, []))
    names = [name.strip().lower() for name in header]
    if "external_id" not in names:
        raise _bad(number, f"the first line names the columns, external_id among them; known are {', '.join(COLUMNS)}")
    if twice := [name for name in COLUMNS if names.count(name) > 1]:
        raise _bad(number, f"the column {twice[0]} is there twice")
    lines: list[Line] = []
    for number, record in records:
        if len(lines) == MAX_LINES:
            raise _bad(number, f"more than {MAX_LINES:,} lines; send them in several files")
        lines.append(_line(number, record, names))
    unknown = [name for name, low in zip(header, names, strict=True) if low and low not in COLUMNS]
    return Sheet(lines, unknown)


def number(text: str) -> float | None:
    """The number in a cell, with a decimal point or comma; None when it is none."""
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def _decoded(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise _bad(line, "not UTF-8; save it as “CSV UTF-8” in your spreadsheet program") from error
    if "\x00" in text:
        raise _bad(text[: text.index("\x00")].count("\n") + 1, "the character U+0000 is no text; save it as CSV UTF-8")
    return text


def _delimiter(text: str) -> str:
    """The one that makes most known columns of the first line."""
    first = text.partition("\n")[0]
    return max(_DELIMITERS, key=lambda d: sum(name.strip(' "\r').lower() in COLUMNS for name in first.split(d)))


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records that are not empty, each with the number of its first line."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for record in reader:
            if any(cell.strip() for cell in record):
                yield start, record
            start = reader.line_num + 1
    except csv.Error as error:
        raise _bad(start, f"the quotes of a cell do not close, or it is too long ({error})") from error


def _line(number: int, record: list[str], names: list[str]) -> Line:
    cells = {name: cell.strip() for name, cell in zip(names, record, strict=False) if name in COLUMNS and cell.strip()}
    if any(cell.strip() for cell in record[len(names) :]):
        detail = f"{len(record)} cells, but {len(names)} columns; a cell with a comma in it needs quotes"
        return Line(number, cells, detail)
    return Line(number, cells)


def _bad(line: int, detail: str) -> errors.ItemErrors:
    return errors.ItemErrors([{"pointer": f"line {line}", "in": "body", "detail": detail}])


# --- swapped axes ---------------------------------------------------------------------------------------------------

Lonlat = tuple[float, float]


class Neighbourhood:
    """How many places lie around a position, roughly within 100 km: counted in cells of one degree."""

    def __init__(self, places: Iterable[Lonlat]) -> None:
        self._cells = Counter((floor(lon), floor(lat)) for lon, lat in places)

    def around(self, lon: float, lat: float) -> int:
        """Places in the cell of that position and the eight around it."""
        x, y = floor(lon), floor(lat)
        return sum(self._cells[x + i, y + j] for i in (-1, 0, 1) for j in (-1, 0, 1))


def is_swapped(lon: float, lat: float, known: Neighbourhood, others: Neighbourhood) -> bool:
    """Whether a position fits only with its axes exchanged: to what the tenant has, else to most of the same file.

    `others` counts the position itself too.
    """
    if abs(lon) > 90 or known.around(lon, lat):
        return False
    if known.around(lat, lon):
        return True
    return others.around(lat, lon) > max(1, others.around(lon, lat))

"""The list of stores as a spreadsheet saves it: one line a store, an empty cell says nothing. Pure.

A line becomes the JSON that the API takes, so that both are checked by one shape; what is wrong is told by column.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from geoengage.ingest.files.rules.sheet import open_records
from geoengage.ingest.files.rules.text import Record, UnreadableFile, guess_delimiter, look, open_text
from geoengage.kit import errors
from geoengage.marketplace.rules.rows import MOST_ROWS
from geoengage.masters.rules import PER_STORE
from geoengage.recipes.rules import RecipeSettings
from geoengage.venues.rules.sheets import number

Path = tuple[str, ...]
_OWN = (
    "external_id", "name", "lon", "lat", "mall_id", "level", "address", "category", "brand_color", "timezone",
    "territory", "opening_hours",
)  # fmt: skip
_PARTS: Mapping[str, tuple[str, ...]] = {
    "owner": ("external_id", "name", "email"),
    "app": ("name", "default_language", "android_package", "ios_bundle_id"),
    "brand": ("logo_url", "background", "font", "address", "footer"),
    "whatsapp": ("phone_number_id", "business_account_id", "access_token", "app_secret", "per_minute"),
    "sms": ("account_sid", "auth_token", "sender", "messaging_service_sid", "per_minute"),
    "limit": ("minor", "currency"),
}
_SETTINGS = tuple(name for name in RecipeSettings.model_fields if name not in ("store_id", "content_id"))
# Each column, and the member of the row that it fills.
COLUMNS: Mapping[str, Path] = {
    **{name: (name,) for name in _OWN},
    **{f"{part}_{name}": (part, name) for part, names in _PARTS.items() for name in names},
    "recipe": ("recipe", "recipe"),
    "recipe_currency": ("recipe", "currency"),
    **{f"recipe_{name}": ("recipe", "settings", name) for name in _SETTINGS},
    "master": ("master", "name"),
    "master_currency": ("master", "currency"),
    **{f"master_{name}": ("master", "settings", name) for name in PER_STORE},
}
_BY_PATH = {path: column for column, path in COLUMNS.items()}
_NUMBERS = frozenset({"lon", "lat"})
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? ([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")
HOURS_WORDS = "written `mon-fri 09:00-18:00; sat 10:00-16:00`"


@dataclass(frozen=True, slots=True)
class TableLine:
    """A line: its number in the file, what it says, and why it could not be taken apart, by column."""

    number: int
    row: dict[str, Any]
    flaws: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Table:
    """A file that could be read. `unknown`: columns that were not read."""

    lines: list[TableLine]
    unknown: list[str]


def read_table(body: bytes) -> Table:
    """The lines of a CSV file with a header; ItemErrors when it is none, or has more lines than one call takes."""
    stream = io.BytesIO(body)
    try:
        found = look(stream)
        first = open_text(stream, found.encoding, found.is_gzip).readline(1_000_000)
        delimiter = guess_delimiter(first, lambda name: name.strip().lower() in COLUMNS)
        header, records = open_records(stream, found, delimiter)
    except UnreadableFile as error:
        raise _bad(1, str(error)) from error
    names = [name.lower() for name in header]
    if "external_id" not in names:
        raise _bad(1, f"the first line names the columns, external_id among them; known are {', '.join(COLUMNS)}")
    lines: list[TableLine] = []
    for record in records:
        if len(lines) == MOST_ROWS:
            raise _bad(record.line, f"more than {MOST_ROWS} lines; send them in several files")
        lines.append(_line(record, names))
    return Table(lines, [name for name, low in zip(header, names, strict=True) if low not in COLUMNS])


def place_of(path: Sequence[str | int]) -> str | None:
    """The column that fills this member of a row; None when no column does."""
    parts = tuple(part for part in path if isinstance(part, str))
    return next((_BY_PATH[parts[:end]] for end in range(len(parts), 0, -1) if parts[:end] in _BY_PATH), None)


def _line(record: Record, names: Sequence[str]) -> TableLine:
    if record.flaw:
        return TableLine(record.line, {}, [("", record.flaw)])
    line = TableLine(record.line, {})
    if any(cell.strip() for cell in record.cells[len(names) :]):
        detail = f"{len(record.cells)} cells, but {len(names)} columns; a cell with a comma in it needs quotes"
        line.flaws.append(("", detail))
    for name, cell in zip(names, record.cells, strict=False):
        text = cell.strip()
        if not text or name not in COLUMNS:
            continue
        try:
            _put(line.row, COLUMNS[name], _value(name, text))
        except ValueError as error:
            line.flaws.append((name, str(error)))
    return line


def _put(row: dict[str, Any], path: Path, value: Any) -> None:
    *parts, last = path
    for part in parts:
        row = row.setdefault(part, {})
    row[last] = value


def _value(column: str, text: str) -> Any:
    if column in _NUMBERS:
        if (found := number(text)) is None:
            raise ValueError(f"{text[:60]!r} is no number of degrees")
        return found
    if column == "opening_hours":
        return list(_hours(text))
    if column in ("recipe_categories", "master_categories"):
        return [part.strip() for part in text.split("|") if part.strip()]
    return text


def _hours(text: str) -> Iterator[dict[str, Any]]:
    for span in text.lower().split(";"):
        if not span.strip():
            continue
        match = _HOURS.fullmatch(" ".join(span.split()))
        first, last = (match[1], match[2] or match[1]) if match else ("", "")
        if match is None or first not in _DAYS or last not in _DAYS:
            raise ValueError(HOURS_WORDS)
        start, end = _DAYS.index(first), _DAYS.index(last)
        days = _DAYS[start : end + 1] if start <= end else _DAYS[start:] + _DAYS[: end + 1]
        yield {"days": list(days), "open": match[3], "close": match[4]}


def _bad(line: int, detail: str) -> errors.ItemErrors:
    return errors.ItemErrors([{"pointer": f"line {line}", "in": "body", "detail": detail}])

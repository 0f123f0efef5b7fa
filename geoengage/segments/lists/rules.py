"""Who stands in a file or a request of ids: kinds, columns, and what is wrong with a row. Pure."""

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from geoengage.kit import errors
from geoengage.profiles.rules import Id, Kind, normalise

if TYPE_CHECKING:
    import _csv

MOST_ROWS = 500_000
_MOST_CELL = 10_000
_DELIMITERS = (",", ";", "\t", "|")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class IdKind(StrEnum):
    """Kinds of ids by which somebody is put on a list, the strongest first."""

    PROFILE_ID = "profile_id"
    EXTERNAL_ID = "external_id"
    LOYALTY_CARD = "loyalty_card"
    SOURCE_ID = "source_id"
    EMAIL = "email"
    PHONE = "phone"
    ANONYMOUS_ID = "anonymous_id"


class ListFileMode(StrEnum):
    """What a file does to a list."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


_WHAT = {
    IdKind.PROFILE_ID: "profile id",
    IdKind.EXTERNAL_ID: "id of yours",
    IdKind.LOYALTY_CARD: "loyalty card",
    IdKind.SOURCE_ID: "id of another system, written `system:id`",
    IdKind.EMAIL: "e-mail address",
    IdKind.PHONE: "phone number; without its country it needs the tenant's region",
    IdKind.ANONYMOUS_ID: "anonymous id",
}
# Names of columns in their plain form, as files have them.
_COLUMNS: dict[str, IdKind] = {
    name: kind
    for kind, names in {
        IdKind.PROFILE_ID: "profile_id profile",
        IdKind.EXTERNAL_ID: "external_id customer_external_id customer_id customerid customer user_id userid id"
        " customer_number customer_no kundennummer kundennr kunde client_id member_id",
        IdKind.LOYALTY_CARD: "loyalty_card loyalty_card_number card card_number kundenkarte carte_fidelite",
        IdKind.SOURCE_ID: "source_id",
        IdKind.EMAIL: "email e_mail email_address e_mail_address e_mail_adresse mail courriel customer_email",
        IdKind.PHONE: "phone phone_number telephone telefon mobile mobile_phone handy telefonnummer portable",
        IdKind.ANONYMOUS_ID: "anonymous_id anonymousid",
    }.items()
    for name in names.split()
}


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody who is named. `row`: of a file the line, from 1; of a request the index, from 0."""

    row: int
    kind: IdKind
    value: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken, and why."""

    row: int
    value: str
    detail: str


def as_id(row: Row, region: str | None, blocked: Collection[str]) -> Id | UUID | Refused:
    """The id in its one spelling, a profile's id, or what is wrong with it."""
    if row.kind is IdKind.PROFILE_ID:
        try:
            return UUID(row.value.strip())
        except ValueError:
            return Refused(row.row, row.value, "this is no profile id")
    kind = Kind(row.kind.value)
    value = normalise(kind, row.value, region=region, blocked=blocked)
    return Refused(row.row, row.value, f"this is no {_WHAT[row.kind]}") if value is None else Id(kind, value)


def unknown(row: Row) -> Refused:
    """A row that names nobody."""
    return Refused(row.row, row.value, f"nobody here has this {_WHAT[row.kind].partition(',')[0].partition(';')[0]}")


# --- files --------------------------------------------------------------------------------------------------------


def read_file(body: bytes, kind: IdKind | None) -> Iterator[Row | Refused]:
    """The rows of a CSV file, each by the strongest of its ids. ItemErrors when nothing says which column is one.

    With a header each column that is called like an id is one. Without, `kind` says what the first column is.
    """
    lines = csv.reader(io.StringIO(_decoded(body)), delimiter=_delimiter(body), strict=False)
    csv.field_size_limit(_MOST_CELL)
    header = _header(lines)
    columns = [(i, k) for i, name in enumerate(header) if (k := _COLUMNS.get(_plain(name))) and kind in (None, k)]
    columns.sort(key=lambda column: list(IdKind).index(column[1]))
    if columns:
        return _rows(lines, columns)
    if kind is None:
        known = ", ".join(kind.value for kind in IdKind)
        raise errors.field("", f"no column is called like an id ({known}); say kind for a file without a header")
    first = Row(lines.line_num, kind, header[0].strip()) if header and header[0].strip() else None
    return _with_first(first, _rows(lines, [(0, kind)]))


def _with_first(first: Row | None, rows: Iterator[Row | Refused]) -> Iterator[Row | Refused]:
    if first is not None and not _is_title(first):
        yield first
    yield from rows


def _is_title(first: Row) -> bool:
    """A first line such as `Customers`, above a single column: a word where an address or a number should be."""
    return first.kind in (IdKind.EMAIL, IdKind.PHONE) and not re.search(r"[@\d]", first.value)


def _header(lines: Iterator[list[str]]) -> list[str]:
    try:
        return next(lines, [])
    except csv.Error as error:
        raise errors.field("", f"the first line cannot be read: {error}") from error


def _rows(lines: "_csv.Reader", columns: Sequence[tuple[int, IdKind]]) -> Iterator[Row | Refused]:
    count = 0
    while True:
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            yield Refused(lines.line_num, "", f"this line cannot be read: {error}")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise errors.TooLarge(f"more than {MOST_ROWS:,} rows; split the file")
        found = next(((k, cells[i].strip()) for i, k in columns if i < len(cells) and cells[i].strip()), None)
        yield Row(lines.line_num, *found) if found else Refused(lines.line_num, cells[0], "there is no id in this line")


def _decoded(body: bytes) -> str:
    """Excel writes UTF-8 with and without a mark, UTF-16, or Windows-1252."""
    encoding = next((name for mark, name in _MARKS if body.startswith(mark)), "utf-8")
    for each in (encoding, "cp1252"):
        try:
            text = body.decode(each)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise errors.field("", "neither UTF-8, UTF-16 nor Windows-1252; save it as “CSV UTF-8”")


def _delimiter(body: bytes) -> str:
    first = _decoded(body[:4096].rpartition(b"\n")[0] or body).partition("\n")[0]
    return max(_DELIMITERS, key=first.count)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower().lstrip("\ufeff")).strip("_")

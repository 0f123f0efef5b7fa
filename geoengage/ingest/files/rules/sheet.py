"""A file as a table: its header, a few examples of each column, and its records from the first on. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from geoengage.ingest.files.rules import mapping as maps
from geoengage.ingest.files.rules.catalogue import Products, Stocks
from geoengage.ingest.files.rules.cells import guess_decimal
from geoengage.ingest.files.rules.kinds import FileKind
from geoengage.ingest.files.rules.orders import Orders
from geoengage.ingest.files.rules.people import Consents, Customers
from geoengage.ingest.files.rules.rows import Columns, Context, Reader
from geoengage.ingest.files.rules.text import (
    MOST_COLUMNS,
    Look,
    Records,
    UnreadableFile,
    guess_delimiter,
    look,
    open_text,
    sep_hint,
)

_SAMPLED = 200  # records from which the decimal sign is taken
_AMOUNTS = frozenset(
    ["total", "subtotal", "price", "unit_price", "line_total", "cost", "tax", "shipping", "discount", "quantity"]
)


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a file is. `decimal`: the sign before the decimals of its amounts, None where nothing shows it."""

    look: Look
    delimiter: str
    header: list[str]
    decimal: str | None


def inspect(stream: BinaryIO, kind: FileKind) -> Inspected:
    """Read a file's outside and its first records; UnreadableFile when it is no table with a header."""
    found = look(stream)
    first = open_text(stream, found.encoding, found.is_gzip).readline(1_000_000)
    delimiter = guess_delimiter(first, lambda name: maps.is_known(kind, name))
    header, records = open_records(stream, found, delimiter)
    amounts: list[str] = []
    guessed = maps.guess(kind, header, {})
    places = [place for place, name in enumerate(header) if guessed.get(name) in _AMOUNTS] or range(len(header))
    for _, record in zip(range(_SAMPLED), records, strict=False):
        amounts += [record.cells[place].strip() for place in places if place < len(record.cells)]
    return Inspected(found, delimiter, header, guess_decimal(amounts))


def open_records(stream: BinaryIO, found: Look, delimiter: str) -> tuple[list[str], Records]:
    """The header, with distinct names, and the records after it."""
    text = open_text(stream, found.encoding, found.is_gzip)
    records = Records(text, delimiter)
    head = next(records, None)
    if head is not None and len(head.cells) <= 2 and sep_hint(delimiter.join(head.cells)):
        head = next(records, None)
    if head is None:
        raise UnreadableFile("the file is empty")
    if head.flaw:
        raise UnreadableFile(f"line {head.line}: {head.flaw}; the first line names the columns")
    if len(head.cells) > MOST_COLUMNS:
        raise UnreadableFile(f"{len(head.cells)} columns; at most {MOST_COLUMNS}")
    return maps.distinct(head.cells), records


def reader_of(kind: FileKind, header: Sequence[str], mapping: Mapping[str, str], context: Context) -> Reader:
    """Who reads the records of that kind."""
    columns = Columns(header, mapping)
    match kind:
        case FileKind.CUSTOMERS:
            return Customers(columns, context)
        case FileKind.CONSENTS:
            return Consents(columns, context)
        case FileKind.PRODUCTS:
            return Products(columns, context)
        case FileKind.STOCK:
            return Stocks(columns, context)
        case FileKind.ORDERS:
            return Orders(columns, context)

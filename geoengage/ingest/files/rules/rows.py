"""What the kinds share: cells by field, flaws with their place, records that belong together, keys that come again. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

import numpy as np

from geoengage.ingest.files.rules.cells import BadCell, Reading
from geoengage.ingest.files.rules.text import Record

T = TypeVar("T")
SHOWN = 200  # characters of a cell in the error file
MOST_TOGETHER = 10_000  # lines of one order, variants of one product


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a line is not taken. `record`: the key of what the line is about, "" where it has none."""

    line: int
    column: str
    value: str
    reason: str
    record: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What the rows of a file are read against.

    `stores`: ids by external id. `allowed`: the stores that whoever sent the file may write to, None: all. `latest`:
    no time may lie after it. `sent_at`: when the file came, for rows that do not say when they were so.
    """

    reading: Reading
    stores: Mapping[str, UUID]
    allowed: frozenset[UUID] | None
    latest: datetime
    sent_at: datetime


class Columns:
    """Where the fields stand in a record, and what their columns are called."""

    def __init__(self, header: Sequence[str], mapping: Mapping[str, str]) -> None:
        self.places: dict[str, int] = {}
        self.many: list[tuple[str, int]] = []
        self.header = header
        for place, name in enumerate(header):
            target = mapping.get(name)
            if target in self.places:
                self.many.append((name, place))
            elif target is not None:
                self.places[target] = place
        self.width = len(header)

    def of(self, target: str) -> list[tuple[str, int]]:
        """All columns that are this field, by name and place."""
        if target not in self.places:
            return []
        return [(self.name(target), self.places[target]), *self.many]

    def name(self, target: str) -> str:
        """What the file calls the field; its own name where the file does not have it."""
        place = self.places.get(target)
        return target if place is None else self.header[place]


class Row:
    """One record while it is read; collects what is wrong with it."""

    __slots__ = ("_cells", "_columns", "flaws", "line")

    def __init__(self, record: Record, columns: Columns, flaws: list[Flaw]) -> None:
        self.line, self._cells, self._columns, self.flaws = record.line, record.cells, columns, flaws

    def text(self, target: str) -> str:
        """The cell without space around it; "" where there is none."""
        place = self._columns.places.get(target)
        return "" if place is None or place >= len(self._cells) else self._cells[place].strip()

    def take(self, target: str, parse: Callable[..., T], *args: Any, required: bool = False) -> T | None:
        """The cell's value; None when it is empty or wrong, which is noted."""
        text = self.text(target)
        if not text:
            if required:
                self.wrong(target, "is empty")
            return None
        try:
            return parse(text, *args)
        except BadCell as error:
            self.wrong(target, str(error))
            return None

    def wrong(self, target: str, reason: str) -> None:
        """Note what is wrong with the cell of a field."""
        self.flaws.append(Flaw(self.line, self._columns.name(target), self.text(target)[:SHOWN], reason))

    def store(self, context: Context, *, required: bool = False) -> UUID | None:
        """The store that the row names. One that the sender may not write to is as unknown as one that is not there."""
        text = self.text("store_external_id")
        if not text:
            if required or context.allowed is not None:
                self.wrong("store_external_id", "is empty" if required else "name one of your stores")
            return None
        found = context.stores.get(text)
        if found is None or (context.allowed is not None and found not in context.allowed):
            self.wrong("store_external_id", "there is no such store; give the id that the page Stores shows")
            return None
        return found


@dataclass(slots=True)
class Item:
    """One thing that is taken as a whole: an order with its lines, a product with its variants, a person, …"""

    lines: list[int]
    key: str
    thing: Any


class Reader(Protocol):
    """Reads the records of one kind."""

    columns: Columns

    def key(self, record: Record) -> str:
        """What the record is about; neighbours with the same key are one item. "": by itself."""
        ...

    def read(self, group: Sequence[Record], flaws: list[Flaw]) -> Any | None:
        """The thing that these records are, or None with the flaws."""
        ...


@dataclass(slots=True)
class Chunk:
    """What is stored in one transaction. `records` and `lines`: how far the file is read with it."""

    items: list[Item] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    refused: int = 0  # items
    records: int = 0
    lines: int = 0


def read_chunk(groups: "Groups", reader: Reader, seen: "Seen", size: int) -> Chunk | None:
    """The next `size` records or so, read; None at the end of the file."""
    chunk = Chunk()
    while chunk.records - groups.base < size and (group := groups.following()) is not None:
        chunk.records, chunk.lines = groups.records, groups.lines
        item = _read(group, reader, seen, chunk.flaws)
        if item is None:
            chunk.refused += 1
        else:
            chunk.items.append(item)
    if chunk.records == 0:
        return None
    groups.base = chunk.records
    return chunk


def _read(group: list[Record], reader: Reader, seen: "Seen", flaws: list[Flaw]) -> Item | None:
    """One item, or None with a flaw for each of its lines: what is half wrong is not half taken."""
    key, found = reader.key(group[0]), len(flaws)
    broken = [
        record for record in group if (flaw := _shape_flaw(record, reader.columns)) and _note(record, flaw, flaws)
    ]
    thing = None
    if not broken:
        if key and not seen.add(key):
            flaws.extend(Flaw(r.line, _key_column(reader), key[:SHOWN], SEEN, key[:SHOWN]) for r in group)
            return None
        thing = reader.read(group, flaws)
    if thing is not None and len(flaws) == found:
        return Item([record.line for record in group], key, thing)
    shown = key[:SHOWN]
    flaws[found:] = [Flaw(f.line, f.column, f.value, f.reason, shown) for f in flaws[found:]]
    named = {flaw.line for flaw in flaws[found:]}
    first = min(named, default=group[0].line)
    flaws.extend(
        Flaw(r.line, "", "", f"belongs to {shown}, of which line {first} is wrong", shown)
        for r in group
        if r.line not in named
    )
    flaws[found:] = sorted(flaws[found:], key=lambda flaw: flaw.line)
    return None


SEEN = "is on earlier lines already; a file has each once, its lines one below the other"


def _key_column(reader: Reader) -> str:
    return next((reader.columns.name(name) for name in KEY_FIELDS if name in reader.columns.places), "")


KEY_FIELDS = ("order_id", "product_id", "customer_external_id", "variant_id", "sku", "email", "phone", "loyalty_card")


def _note(record: Record, flaw: str, flaws: list[Flaw]) -> bool:
    flaws.append(Flaw(record.line, "", record.cells[0][:SHOWN] if record.cells else "", flaw))
    return True


def _shape_flaw(record: Record, columns: Columns) -> str | None:
    if record.flaw:
        return record.flaw
    if len(record.cells) > columns.width and any(cell.strip() for cell in record.cells[columns.width :]):
        return f"{len(record.cells)} cells, but {columns.width} columns; a cell with the delimiter in it needs quotes"
    return None


class Groups:
    """Neighbouring records with the same key. `records` and `lines`: how far the file is read with the last one."""

    def __init__(self, records: Iterator[Record], key: Callable[[Record], str]) -> None:
        self._records, self._key = records, key
        self._ahead: Record | None = None
        self.records = self.lines = 0
        self.base = 0  # records of the chunks before

    def following(self) -> list[Record] | None:
        """The next group; None at the end."""
        first = self._ahead or next(self._records, None)
        self._ahead = None
        if first is None:
            return None
        group, key = [first], self._key(first)
        for record in self._records:
            if not key or len(group) == MOST_TOGETHER or self._key(record) != key:
                self._ahead = record
                break
            group.append(record)
        self.records += len(group)
        self.lines = group[-1].line
        return group


class Seen:
    """Which keys a file has had, in eight bytes a key: sorted runs of their hashes, merged as they grow."""

    def __init__(self) -> None:
        self._new: set[int] = set()
        self._runs: list[np.ndarray[Any, np.dtype[np.int64]]] = []

    def add(self, key: str) -> bool:
        """Remember a key; False when it was there already (or, once in 10^7 files of a million keys, seems so)."""
        number = hash(key)
        if number in self._new or any(self._holds(run, number) for run in self._runs):
            return False
        self._new.add(number)
        if len(self._new) == 4_096:
            self._keep()
        return True

    @staticmethod
    def _holds(run: np.ndarray[Any, np.dtype[np.int64]], number: int) -> bool:
        place = int(np.searchsorted(run, number))
        return place < len(run) and int(run[place]) == number

    def _keep(self) -> None:
        run = np.sort(np.fromiter(self._new, np.int64, len(self._new)))
        self._new.clear()
        while self._runs and len(self._runs[-1]) <= len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        self._runs.append(run)

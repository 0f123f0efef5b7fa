"""One import under way: read a chunk, store it, remember in the same transaction how far the file is done.

Whatever kills the process, another goes on behind the last chunk that was committed. A chunk that cannot be stored is
halved until the one thing that spoils it stands in the error file. While a chunk is stored, the next is read.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from geoengage.ingest.files import store
from geoengage.ingest.files.models import DataImport
from geoengage.ingest.files.rules.kinds import FileKind
from geoengage.ingest.files.rules.rows import Chunk, Context, Flaw, Groups, Item, Reader, Seen, read_chunk
from geoengage.ingest.files.rules.sheet import open_records, reader_of
from geoengage.ingest.files.rules.text import Look, UnreadableFile
from geoengage.ingest.files.service.storing import ADDED, UNCHANGED, UPDATED, Fate, How, Refusal, store_things
from geoengage.ingest.files.shapes import Options
from geoengage.kit import errors, log
from geoengage.kit.db import Session, Sessions, is_passing, retried, transaction
from geoengage.kit.ids import TenantId
from geoengage.tenancy.store import get_tenant

CHUNK = 2_000  # rows
FUTURE = timedelta(days=1)  # clocks and time zones of whoever wrote the file
logger = log.get("imports")


class Lost(Exception):
    """The import is not ours any more: cancelled, or another worker has it."""


async def make_context(session: Session, tenant_id: TenantId, row: DataImport) -> Context:
    """What the rows of an import are read against."""
    tenant = await get_tenant(session, tenant_id)
    return Context(
        reading=Options.model_validate(row.options).reading(tenant.timezone),
        stores=await store.store_ids(session, tenant_id),
        allowed=None if row.store_ids is None else frozenset(row.store_ids),
        latest=row.created_at + FUTURE,
        sent_at=row.sent_at,
    )


def look_of(row: DataImport) -> Look:
    """How the file is to be read, as it was found out when it came."""
    return Look(row.encoding, row.is_gzip, row.lines_total)


class OpenFile:
    """An import's file, opened behind what is stored of it. Blocking: use it in a thread."""

    def __init__(self, row: DataImport, context: Context) -> None:
        path = Path(row.path)
        self._check(path, row)
        self._stream: BinaryIO = path.open("rb")
        header, records = open_records(self._stream, look_of(row), row.delimiter)
        self.reader: Reader = reader_of(FileKind(row.kind), header, row.mapping, context)
        self.groups, self.seen = Groups(records, self.reader.key), Seen()
        if row.lines_done:
            self.groups.skip(row.lines_done, row.records, self.seen)

    @staticmethod
    def _check(path: Path, row: DataImport) -> None:
        try:
            size = path.stat().st_size
        except OSError as error:
            raise UnreadableFile("the file is gone; send it again") from error
        if size != row.size_bytes:
            raise UnreadableFile("the file has changed since it came; send it again")

    def following(self, size: int = CHUNK) -> Chunk | None:
        """The next chunk; None at the end."""
        return read_chunk(self.groups, self.reader, self.seen, size)

    def close(self) -> None:
        """Let the file go."""
        self._stream.close()


class Run:
    """An import that this process works on."""

    def __init__(self, tenant_id: TenantId, row: DataImport, file: OpenFile, lease: UUID) -> None:
        self.tenant_id, self.id, self.kind, self.lease = tenant_id, row.id, FileKind(row.kind), lease
        self._may_join = row.store_ids is None
        self._file = file
        self._chunk: Chunk | None = None
        self._has_chunk = False  # read, and not stored yet
        self._ahead: asyncio.Task[Chunk | None] | None = None
        self._moved_at = time.monotonic()

    async def close(self) -> None:
        """Let the file go, once nobody reads it."""
        if self._ahead is not None:
            _ = await asyncio.wait([self._ahead])
        self._file.close()

    async def advance(self, sessions: Sessions, now: datetime, until: datetime) -> DataImport:
        """Store the next chunk, or end the import when there is none; the import is ours `until`.

        Raises Lost when it is not ours any more, UnreadableFile when the file breaks off. What failed for a while is
        tried again by the next call.
        """
        if not self._has_chunk:
            ahead, self._ahead = self._ahead or self._read(), None
            self._chunk, self._has_chunk = await ahead, True
            if self._chunk is not None:
                self._ahead = self._read()  # while the database works on this one
        row = await retried(sessions, self.tenant_id, lambda session: self._commit(session, now, until))
        self._has_chunk = False
        return row

    def _read(self) -> "asyncio.Task[Chunk | None]":
        return asyncio.create_task(asyncio.to_thread(self._file.following))

    async def _commit(self, session: Session, now: datetime, until: datetime) -> DataImport:
        """The transaction of a chunk: its things, its error lines, and how far the file is done with it."""
        row = await store.get_import(session, self.tenant_id, self.id, lock=True)
        if row.status != "running" or row.lease != self.lease:
            raise Lost
        chunk = self._chunk
        if chunk is None:
            await self._finish(session, row, now)
            return row
        stored = await store_each(session, self.tenant_id, self.kind, chunk.items, How(now, self._may_join))
        tally = Counter(fate for _, fate in stored if isinstance(fate, str))
        late = [flaw for item, fate in stored for flaw in flaws_of(self._file.reader, item, fate)]
        flaws = sorted([*chunk.flaws, *late], key=lambda flaw: flaw.line)
        await store.insert_errors(session, self.tenant_id, self.id, row.errors, flaws)
        self._measure(row, chunk)
        row.records, row.lines_done = chunk.records, chunk.lines
        row.added += tally[ADDED]
        row.updated += tally[UPDATED]
        row.unchanged += tally[UNCHANGED]
        row.refused += chunk.refused + len(stored) - tally.total()
        row.errors += len(flaws)
        row.updated_at, row.lease_until = now, until
        return row

    def _measure(self, row: DataImport, chunk: Chunk) -> None:
        """Rows a second, the last chunks counting most."""
        moved_at = time.monotonic()
        speed = (chunk.records - row.records) / max(moved_at - self._moved_at, 1e-3)
        row.rows_per_s = speed if row.rows_per_s is None else 0.8 * row.rows_per_s + 0.2 * speed
        self._moved_at = moved_at

    async def _finish(self, session: Session, row: DataImport, now: datetime) -> None:
        row.status, row.finished_at, row.updated_at = "done", now, now
        row.lines_done, row.lease, row.lease_until = row.lines_total, None, None
        row.version += 1
        if row.origin == "drop":
            await store.resolve_alerts(session, self.tenant_id, self.kind, now)


async def store_each(
    session: Session, tenant_id: TenantId, kind: FileKind, items: Sequence[Item], how: How
) -> list[tuple[Item, Fate]]:
    """Store things, all at once or, where that fails for good, in halves down to the one that cannot be stored."""
    if not items:
        return []
    try:
        async with session.begin_nested():
            fates = await store_things(session, tenant_id, kind, [item.thing for item in items], how)
    except Exception as error:
        if is_passing(error):
            raise
        if len(items) > 1:
            halves = items[: len(items) // 2], items[len(items) // 2 :]
            return [pair for half in halves for pair in await store_each(session, tenant_id, kind, half, how)]
        logger.warning("import_row_refused", line=items[0].lines[0], error=type(error).__name__)
        reason = error.detail if isinstance(error, errors.AppError) else f"cannot be stored ({type(error).__name__})"
        fates = [Refusal("", reason)]
    return list(zip(items, fates, strict=True))


def flaws_of(reader: Reader, item: Item, fate: Fate) -> list[Flaw]:
    """A flaw for each line of a thing that could not be stored."""
    if isinstance(fate, str):
        return []
    column, shown = reader.columns.name(fate.field) if fate.field else "", item.key[:200]
    return [Flaw(line, column, shown, fate.reason, shown) for line in item.lines]


async def open_run(sessions: Sessions, tenant_id: TenantId, import_id: UUID, lease: UUID) -> Run:
    """Take up a claimed import where it stands. UnreadableFile when its file is gone or another one."""
    async with transaction(sessions, tenant_id) as session:
        row = await store.get_import(session, tenant_id, import_id)
        if row.lease != lease:
            raise Lost
        context = await make_context(session, tenant_id, row)
    file = await asyncio.to_thread(OpenFile, row, context)
    return Run(tenant_id, row, file, lease)


async def fail(session: Session, tenant_id: TenantId, import_id: UUID, reason: str, now: datetime) -> DataImport:
    """End an import that cannot go on; what it has stored already stays."""
    row = await store.get_import(session, tenant_id, import_id, lock=True)
    if row.status not in store.ENDED:
        row.status, row.reason, row.finished_at, row.updated_at = "failed", reason, now, now
        row.lease = row.lease_until = None
        row.version += 1
    return row

"""A file comes in: it is looked at, its columns are matched with fields, and it waits to be started.

The caller has put it on the disk already; nothing here reads more of it into memory than a piece.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from geoengage.ingest.files import store
from geoengage.ingest.files.models import DataImport
from geoengage.ingest.files.rules import mapping as maps
from geoengage.ingest.files.rules.kinds import FileKind
from geoengage.ingest.files.rules.sheet import Inspected, inspect
from geoengage.ingest.files.rules.text import UnreadableFile
from geoengage.ingest.files.shapes import Options
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId

FOLDER = "imports"  # of the data folder
_PIECE = 1 << 20


class FileRefused(errors.Invalid):
    """The file as a whole cannot be read: no text, damaged, empty, or none of ours."""

    code = "file-refused"
    title = "The file cannot be read"


class MappingIncomplete(errors.Invalid):
    """A field that must be there has no column, or one has two."""

    code = "mapping-incomplete"
    title = "The columns do not say all that is needed"

    def __init__(self, wrong: dict[str, str]) -> None:
        self.wrong = wrong
        lines = [{"pointer": f"#/mapping/{name}", "in": "body", "detail": why} for name, why in wrong.items()]
        super().__init__("; ".join(f"{name}: {why}" for name, why in list(wrong.items())[:5]), errors=lines)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file on the disk, with where it comes from."""

    id: UUID
    kind: FileKind
    origin: str
    path: Path
    name: str
    sent_at: datetime
    by: str
    store_ids: frozenset[UUID] | None = None


def upload_path(data_dir: Path, tenant_id: TenantId, import_id: UUID) -> Path:
    """Where an upload lies until it is imported."""
    return data_dir.absolute() / FOLDER / str(tenant_id) / f"{import_id}.csv"


async def look_at(path: Path, kind: FileKind) -> tuple[Inspected, str]:
    """What a file is, and the SHA-256 of its bytes; FileRefused when it is no table."""

    def work() -> tuple[Inspected, str]:
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
            return inspect(stream, kind), digest.hexdigest()

    try:
        return await asyncio.to_thread(work)
    except UnreadableFile as error:
        raise FileRefused(str(error)) from error


async def register(
    session: Session, tenant_id: TenantId, arrived: Arrived, looked: tuple[Inspected, str], now: datetime
) -> DataImport | None:
    """Keep a file that was looked at, with what its columns are taken for; None when it was kept before.

    The same bytes as before count from when they came first, so that they say nothing new.
    """
    (found, digest), kind = looked, arrived.kind
    saved = await store.find_mapping(session, tenant_id, kind)
    mapping = maps.guess(kind, found.header, saved.mapping if saved else {})
    options = Options.model_validate(saved.options if saved else {})
    if found.decimal:
        options = options.model_copy(update={"decimal": found.decimal})
    row = DataImport(
        tenant_id=tenant_id, id=arrived.id, kind=kind, origin=arrived.origin, status="waiting",
        file_name=arrived.name[:200], path=str(arrived.path), size_bytes=arrived.path.stat().st_size, digest=digest,
        sent_at=await store.find_first_sent(session, tenant_id, kind, digest) or arrived.sent_at,
        encoding=found.look.encoding, delimiter=found.delimiter, is_gzip=found.look.is_gzip, header=found.header,
        mapping=mapping, options=options.stored(), lines_total=found.look.lines, created_by=arrived.by, created_at=now,
        updated_at=now, store_ids=None if arrived.store_ids is None else sorted(arrived.store_ids),
    )  # fmt: skip
    if not await store.insert_import(session, tenant_id, row):
        return None
    return await store.get_import(session, tenant_id, arrived.id)


def check_ready(kind: FileKind, header: list[str], mapping: Mapping[str, str], options: Options) -> None:
    """Raise MappingIncomplete unless a file can be read so."""
    wrong = maps.flaws(kind, header, mapping)
    fields = set(mapping.values())
    has_amounts = kind is FileKind.ORDERS or bool(kind is FileKind.PRODUCTS and fields & {"price", "cost"})
    if has_amounts and not wrong and "currency" not in fields and options.currency is None:
        wrong["currency"] = "choose the column with the currency, or one currency for the whole file"
    if wrong:
        raise MappingIncomplete(wrong)


async def change(
    session: Session, tenant_id: TenantId, row: DataImport, mapping: Mapping[str, str], options: Options, now: datetime
) -> None:
    """Take another mapping and other options for a locked import that has not started. It may still be incomplete."""
    _must_wait(row)
    unknown = {
        name: why for name, why in maps.flaws(FileKind(row.kind), row.header, mapping).items() if name in mapping
    }
    if unknown:
        raise MappingIncomplete(unknown)
    row.mapping, row.options = dict(mapping), options.stored()
    row.version += 1
    row.updated_at = now


async def start(session: Session, tenant_id: TenantId, row: DataImport, *, by: str, now: datetime) -> None:
    """Let a locked import begin; what it takes the columns for is remembered for the next file of the kind.

    A file that was held back because it is much smaller than usual is confirmed by it.
    """
    _must_wait(row)
    kind, options = FileKind(row.kind), Options.model_validate(row.options)
    check_ready(kind, row.header, row.mapping, options)
    if row.store_ids is None:  # a shop's own file decides nothing for the tenant's next one
        await store.put_mapping(session, tenant_id, kind, (row.mapping, options.stored()), by=by, now=now)
    row.status, row.queued_at, row.updated_at, row.reason = "queued", now, now, None
    row.version += 1
    await store.resolve_alerts(session, tenant_id, kind, now, import_id=row.id)


async def cancel(session: Session, tenant_id: TenantId, row: DataImport, now: datetime) -> None:
    """End a locked import; what it has stored already stays. Conflict when it has ended."""
    if row.status in store.ENDED:
        raise errors.Conflict(f"this import is {row.status} already")
    row.status, row.finished_at, row.updated_at, row.reason = "cancelled", now, now, None
    row.lease = row.lease_until = None
    row.version += 1
    await store.resolve_alerts(session, tenant_id, FileKind(row.kind), now, import_id=row.id)


def _must_wait(row: DataImport) -> None:
    if row.status not in ("waiting", "held"):
        raise errors.Conflict(f"this import is {row.status}; only one that waits can be changed or started")


def unlink_upload(row: DataImport) -> None:
    """Delete an upload that is of no more use; files of the drop folder and of the command stay where they are."""
    if row.origin == "upload":
        Path(row.path).unlink(missing_ok=True)


def progress(row: DataImport, now: datetime) -> dict[str, Any]:
    """How far an import is: share of the file, rows a second, and when it will be done at this speed."""
    share = row.lines_done / row.lines_total if row.lines_total else 1.0
    left = None
    if row.status == "running" and row.rows_per_s and row.lines_done > 1 and row.records:
        rows_left = (row.lines_total - row.lines_done) * row.records / row.lines_done
        left = rows_left / row.rows_per_s
    return {"share": round(min(1.0, share), 4), "rows_per_s": row.rows_per_s, "seconds_left": left}

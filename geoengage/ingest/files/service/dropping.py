"""Files that come by themselves: taken in when they are as usual, held back when not, missed when they do not come.

Kept where they lie until they are imported, so that nothing is lost on the way; an id made of place, size and time of
change recognises a file that is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.ingest.files import store
from geoengage.ingest.files.models import DataImport, ImportAlert
from geoengage.ingest.files.rules import arrivals, events
from geoengage.ingest.files.rules.kinds import FileKind
from geoengage.ingest.files.rules.sheet import Inspected
from geoengage.ingest.files.service.receiving import Arrived, MappingIncomplete, check_ready, register
from geoengage.ingest.files.shapes import Options
from geoengage.kit.db import Session
from geoengage.kit.events import publish
from geoengage.kit.ids import TenantId, derived_time_id, new_id

BY = "drop folder"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file in the drop folder, as it lies there."""

    tenant_id: TenantId
    kind: FileKind
    path: Path
    size: int
    modified_ns: int

    @property
    def modified_at(self) -> datetime:
        """When it was written."""
        return datetime.fromtimestamp(self.modified_ns / 1e9, UTC)

    @property
    def id(self) -> UUID:
        """The id of its import: the same file is known again, another one of the same name is another."""
        return derived_time_id(self.modified_at, self.tenant_id, self.path, self.size, self.modified_ns)

    @property
    def arrived(self) -> Arrived:
        """As an import is made of it."""
        return Arrived(self.id, self.kind, "drop", self.path, self.path.name, self.modified_at, BY)


async def take_in(
    session: Session, file: Dropped, looked: tuple[Inspected, str], zone: ZoneInfo, now: datetime
) -> DataImport | None:
    """Let a new file begin, or hold it back with an alert: its columns do not fit, or half of it is missing."""
    tenant_id, kind = file.tenant_id, file.kind
    row = await register(session, tenant_id, file.arrived, looked, now)
    if row is None:
        return None
    past = await usual_arrivals(session, tenant_id, kind)
    try:
        check_ready(kind, row.header, row.mapping, Options.model_validate(row.options))
    except MappingIncomplete as error:
        await _hold(session, row, "failed", f"its columns do not fit: {error.detail}", zone, now)
        return row
    if expected := arrivals.is_small(row.lines_total, past, zone):
        detail = f"it has {row.lines_total:,} lines; usual are {expected.lines:,}"
        await _hold(session, row, "small", detail, zone, now)
        return row
    row.status, row.queued_at = "queued", now
    await store.resolve_alerts(session, tenant_id, kind, now)
    return row


async def refuse(session: Session, file: Dropped, reason: str, zone: ZoneInfo, now: datetime) -> None:
    """Keep that a file could not even be read."""
    row = DataImport(
        tenant_id=file.tenant_id, id=file.id, kind=file.kind, origin="drop", status="failed",
        file_name=file.path.name[:200], path=str(file.path), size_bytes=file.size, digest="", sent_at=file.modified_at,
        encoding="", delimiter="", is_gzip=False, header=[], mapping={}, options=Options().stored(), lines_total=0,
        created_by=BY, created_at=now, updated_at=now, finished_at=now, reason=reason,
    )  # fmt: skip
    if await store.insert_import(session, file.tenant_id, row):
        await alert(session, row, "failed", reason, zone, now)


async def _hold(session: Session, row: DataImport, reason: str, detail: str, zone: ZoneInfo, now: datetime) -> None:
    row.status, row.reason = "held", detail
    await alert(session, row, reason, detail, zone, now)


async def alert(session: Session, row: DataImport, reason: str, detail: str, zone: ZoneInfo, now: datetime) -> None:
    """Raise an alert about a file: in the list, and in the live feed."""
    text = f"{row.file_name} ({row.kind}): {detail}"
    await _raise(session, TenantId(row.tenant_id), FileKind(row.kind), reason, text, zone, now, import_id=row.id)


async def note_late(session: Session, tenant_id: TenantId, kind: FileKind, zone: ZoneInfo, now: datetime) -> bool:
    """Raise an alert, once a day, when a file is overdue against its own usual hour; True when it was raised now."""
    past = await usual_arrivals(session, tenant_id, kind)
    since = arrivals.late_since(past, now, zone)
    if since is None:
        return False
    due, last = since.astimezone(zone), past[0][0].astimezone(zone)
    text = f"{kind}: no file came; it is usual at {due:%H:%M}, the last one came on {last:%d %B at %H:%M}"
    return await _raise(session, tenant_id, kind, "late", text, zone, now)


async def _raise(
    session: Session,
    tenant_id: TenantId,
    kind: FileKind,
    reason: str,
    text: str,
    zone: ZoneInfo,
    now: datetime,
    *,
    import_id: UUID | None = None,
) -> bool:
    row = ImportAlert(
        tenant_id=tenant_id, id=new_id(now), kind=kind, reason=reason, on_day=now.astimezone(zone).date(), detail=text,
        import_id=import_id, at=now,
    )  # fmt: skip
    if not await store.insert_alert(session, tenant_id, row):
        return False
    await publish(
        session, tenant_id, [events.ImportAlert(kind=kind, reason=reason, text=text, import_id=import_id)], now
    )
    return True


async def usual_arrivals(session: Session, tenant_id: TenantId, kind: FileKind) -> Sequence[tuple[datetime, int]]:
    """What came by itself lately and was imported, newest first."""
    return [(a.at, a.lines) for a in await store.list_arrivals(session, tenant_id, kind)]

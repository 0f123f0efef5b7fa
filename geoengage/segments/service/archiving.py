"""Putting a segment away: its definition is kept, nobody is in it, nothing is computed for it."""

from datetime import datetime

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.segments.models import Segment
from geoengage.segments.service.using import check_unused
from geoengage.segments.store.archive import empty


class Archived(errors.Conflict):
    """The segment was put away."""

    code = "segment-archived"
    title = "The segment is archived"


def check_alive(row: Segment) -> None:
    """Raise Archived for a segment that was put away."""
    if row.archived_at is not None:
        raise Archived("this segment is archived; restore it first")


async def archive(session: Session, tenant_id: TenantId, row: Segment, now: datetime) -> None:
    """Put a locked segment away, quietly: nobody is told to have left. InUse while something rests on it."""
    if row.archived_at is not None:
        return
    await check_unused(session, tenant_id, row.id, now)
    await empty(session, tenant_id, row.id)
    row.archived_at, row.status, row.failure, row.size = now, "ready", None, 0
    row.live_definition = row.live_version = row.stale_since = row.leased_until = None
    row.version += 1
    row.changed_at = now
    await session.flush()


async def restore(session: Session, row: Segment, now: datetime) -> None:
    """Bring a locked segment back: it is built anew, as if it had just been made."""
    if row.archived_at is None:
        return
    row.archived_at, row.status = None, "building"
    row.version += 1
    row.changed_at = now
    await session.flush()

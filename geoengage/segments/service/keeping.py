"""Making, changing and deleting segments. A definition in force stays until its successor is built."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.kit import errors, events
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.segments import rules, store
from geoengage.segments.models import Segment
from geoengage.segments.service.evaluating import check_definition


class SegmentInUse(errors.Conflict):
    """Other segments are defined by this one."""

    code = "segment-in-use"
    title = "Other segments need this one"


async def create(  # noqa: PLR0913 - what a segment is
    session: Session,
    tenant_id: TenantId,
    *,
    id_: UUID,
    name: str,
    definition: rules.Condition,
    now: datetime,
    description: str = "",
    store_id: UUID | None = None,
    by: str | None = None,
) -> Segment:
    """Keep a new segment; a worker builds it, at once unless others wait. DefinitionRefused if it is none."""
    await check_definition(session, tenant_id, definition, store_id=store_id, segment_id=id_)
    segment = Segment(
        tenant_id=tenant_id, id=id_, store_id=store_id, name=name, description=description, version=1,
        definition=rules.write_definition(definition), status="building", size=0, created_at=now, changed_at=now,
        created_by=by,
    )  # fmt: skip
    session.add(segment)
    await session.flush()
    return segment


async def change(
    session: Session, tenant_id: TenantId, segment: Segment, changes: Mapping[str, Any], now: datetime
) -> None:
    """Change a locked segment's `name`, `description`, `definition` (a condition). A new definition is built beside."""
    for name in ("name", "description"):
        if name in changes:
            setattr(segment, name, changes[name])
    if "definition" in changes:
        definition: rules.Condition = changes["definition"]
        await check_definition(session, tenant_id, definition, store_id=segment.store_id, segment_id=segment.id)
        written = rules.write_definition(definition)
        if written != segment.definition or segment.status == "failed":
            segment.definition, segment.status, segment.failure = written, "building", None
            segment.leased_until = None
    segment.version += 1
    segment.changed_at = now
    await session.flush()


async def delete(session: Session, tenant_id: TenantId, segment: Segment, now: datetime) -> None:
    """Delete a locked segment with its members; its history goes with retention. SegmentInUse while others need it."""
    users = [id_ for id_, links in (await store.list_links(session, tenant_id)).items() if segment.id in links]
    if users:
        raise SegmentInUse(
            "segments are defined by it: " + ", ".join(map(str, sorted(users))), segment_ids=[str(u) for u in users]
        )
    segment_id = segment.id
    await session.delete(segment)
    await session.flush()
    await events.publish(session, tenant_id, [rules.SegmentRetired(segment_id=segment_id, at=now)], now)

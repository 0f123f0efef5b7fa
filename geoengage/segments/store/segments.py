"""SQL of segments themselves: reading, claiming for a build, what is in force."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from geoengage.kit import errors
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.segments.models import Segment
from geoengage.segments.rules import Condition, linked, read_definition
from geoengage.segments.rules.wakes import News, wakes

LEASE = timedelta(minutes=15)  # a build of millions takes a minute; a worker that died is followed by another
REPAIR_AFTER = timedelta(hours=24)


class SegmentNotFound(errors.NotFound):
    """No such segment, or another's."""

    code = "segment-not-found"
    title = "No such segment"


@dataclass(frozen=True, slots=True)
class Live:
    """A definition that is in force."""

    id: UUID
    store_id: UUID | None
    version: int
    definition: Condition
    wakes: frozenset[News]
    timezone: str


@lru_cache(maxsize=4_096)
def _parsed(definition: str) -> tuple[Condition, frozenset[News]]:
    """A stored definition and what wakes it: each event asks for those of a whole tenant."""
    condition = read_definition(json.loads(definition))
    return condition, wakes(condition)


async def get_segment(
    session: Session, tenant_id: TenantId, segment_id: UUID, stores: Collection[UUID] | None = None
) -> Segment:
    """A segment; with `stores` only one of these. SegmentNotFound otherwise."""
    query = select(Segment).where(Segment.tenant_id == tenant_id, Segment.id == segment_id)
    if stores is not None:
        query = query.where(Segment.store_id.in_(stores))
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise SegmentNotFound(f"segment {segment_id} does not exist")
    return found


async def lock_segment(session: Session, tenant_id: TenantId, segment_id: UUID) -> Segment | None:
    """A segment as it is now, locked; None when it was deleted."""
    query = select(Segment).where(Segment.tenant_id == tenant_id, Segment.id == segment_id)
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(locked)).scalar_one_or_none()


_LIVE = """
SELECT s.id, s.store_id, s.live_version, CAST(s.live_definition AS text), t.timezone FROM segment s
JOIN tenant t ON t.id = s.tenant_id WHERE s.tenant_id = :tenant_id AND s.live_definition IS NOT NULL ORDER BY s.id
"""


async def list_live(session: Session, tenant_id: TenantId) -> list[Live]:
    """All definitions in force."""
    found = await send(session, _LIVE, {"tenant_id": tenant_id})
    return [Live(id_, store, version, *_parsed(told), zone) for id_, store, version, told, zone in found.rows]


async def list_links(session: Session, tenant_id: TenantId) -> dict[UUID, set[UUID]]:
    """Each segment with those that its newest definition speaks of."""
    rows = await session.execute(
        text("SELECT id, definition FROM segment WHERE tenant_id = :tenant_id"), {"tenant_id": tenant_id}
    )
    return {row.id: linked(read_definition(row.definition)) for row in rows}


_EXISTS = {
    "zone_id": "SELECT 1 FROM zone x JOIN zone_version v ON v.tenant_id = x.tenant_id AND v.zone_id = x.id"
    " AND v.version = coalesce(x.published_version, x.version) WHERE x.tenant_id = :tenant_id AND x.id = :id"
    " AND x.deleted_at IS NULL AND v.sensitivity = 'none'",
    "inside_zone_id": "SELECT 1 FROM zone x JOIN zone_version v ON v.tenant_id = x.tenant_id AND v.zone_id = x.id"
    " AND v.version = x.published_version WHERE x.tenant_id = :tenant_id AND x.id = :id"
    " AND x.deleted_at IS NULL AND v.sensitivity = 'none' AND v.mall_id IS NULL",
    "store_id": "SELECT 1 FROM store x WHERE x.tenant_id = :tenant_id AND x.id = :id",
    "mall_id": "SELECT 1 FROM mall x WHERE x.tenant_id = :tenant_id AND x.id = :id",
    "campaign_id": "SELECT 1 FROM campaign x WHERE x.tenant_id = :tenant_id AND x.id = :id",
    "segment_id": "SELECT 1 FROM segment x WHERE x.tenant_id = :tenant_id AND x.id = :id AND x.archived_at IS NULL",
    "list_id": "SELECT 1 FROM people_list x WHERE x.tenant_id = :tenant_id AND x.id = :id",
}
_OF_STORE = {
    "zone_id": "x.store_id", "campaign_id": "x.store_id", "segment_id": "x.store_id", "list_id": "x.store_id",
}  # fmt: skip


async def is_known(session: Session, tenant_id: TenantId, name: str, id_: UUID, store_id: UUID | None) -> bool:
    """Whether a condition may speak of this thing (`name` as in `Condition.names`); for a store only of its own.

    Zones must be open to it: not sensitive, and for a place published and outdoors.
    """
    name = "store_id" if name == "nearest_store_id" else name
    of_store = f" AND {_OF_STORE[name]} = :store_id" if store_id is not None and name in _OF_STORE else ""
    parameters: dict[str, Any] = {"tenant_id": tenant_id, "id": id_}
    if of_store:
        parameters["store_id"] = store_id
    return (await session.execute(text(_EXISTS[name] + of_store), parameters)).first() is not None


async def claim_builds(session: Session, now: datetime, most: int) -> tuple[TenantId, list[UUID]] | None:
    """Lease segments of one tenant that have to be built or evaluated anew (cross-tenant: the worker serves all)."""
    rows = await session.execute(
        text("""
WITH free AS (
  SELECT tenant_id, id, status <> 'building' AS can_wait, coalesce(stale_since, changed_at) AS since FROM segment
  WHERE (leased_until IS NULL OR leased_until < :now)
  AND (status = 'building' OR (live_definition IS NOT NULL AND (stale_since <= :now OR evaluated_at < :repair)))),
mine AS (
  SELECT s.tenant_id, s.id FROM segment s JOIN free f USING (tenant_id, id)
  WHERE s.tenant_id = (SELECT tenant_id FROM free ORDER BY can_wait, since LIMIT 1)
  ORDER BY f.can_wait, f.since LIMIT :most FOR NO KEY UPDATE OF s SKIP LOCKED)
UPDATE segment s SET leased_until = :until FROM mine m
WHERE s.tenant_id = m.tenant_id AND s.id = m.id RETURNING s.tenant_id, s.id
"""),
        {"now": now, "until": now + LEASE, "repair": now - REPAIR_AFTER, "most": most},
    )
    found = rows.all()
    return (TenantId(found[0][0]), [row[1] for row in found]) if found else None


async def release_builds(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> None:
    """Let somebody take these up again at once."""
    await session.execute(
        text("UPDATE segment SET leased_until = NULL WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )


async def list_segments(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> Sequence[Segment]:
    """These segments, as they are now."""
    query = select(Segment).where(Segment.tenant_id == tenant_id, Segment.id.in_(ids)).order_by(Segment.id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalars().all()


async def give_time(session: Session, seconds: int) -> None:
    """Let this transaction's statements take more time and memory than usual (cross-tenant: it reads nothing)."""
    await session.execute(text(f"SET LOCAL statement_timeout = '{int(seconds)}s'"))
    await session.execute(text("SET LOCAL lock_timeout = '60s'"))  # the tenant's cursor may be held by a long round
    await session.execute(text("SET LOCAL work_mem = '64MB'"))  # a hash table of a million people
    await session.execute(text("SET LOCAL enable_memoize = off"))  # nearly everybody's row is asked for once


async def set_stale(session: Session, tenant_id: TenantId, segment_ids: Collection[UUID], now: datetime) -> None:
    """Everybody has to be evaluated anew for these. Idempotent: the first time stays."""
    await session.execute(
        text(
            "UPDATE segment SET stale_since = coalesce(stale_since, :now)"
            " WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"tenant_id": tenant_id, "ids": list(segment_ids), "now": now},
    )


async def get_timezone(session: Session, tenant_id: TenantId) -> str:
    """The tenant's time zone, in which days begin."""
    row = await session.execute(text("SELECT timezone FROM tenant WHERE id = :tenant_id"), {"tenant_id": tenant_id})
    return str(row.scalar_one())

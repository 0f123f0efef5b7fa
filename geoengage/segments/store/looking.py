"""SQL of looking at segments as a whole: lists of them, who is in several, how large they were."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.segments.models import Segment


@dataclass(frozen=True, slots=True)
class Filter:
    """Which segments to list. `stores`: those a restricted caller sees, None for all."""

    stores: Collection[UUID] | None = None
    store_id: UUID | None = None
    archived: bool = False


async def list_segments(
    session: Session, tenant_id: TenantId, wanted: Filter, after: UUID | None, limit: int
) -> Sequence[Segment]:
    """Segments by id, which is by age."""
    query = select(Segment).where(Segment.tenant_id == tenant_id)
    query = query.where(Segment.archived_at.is_not(None) if wanted.archived else Segment.archived_at.is_(None))
    if wanted.stores is not None:
        query = query.where(Segment.store_id.in_(wanted.stores))
    if wanted.store_id is not None:
        query = query.where(Segment.store_id == wanted.store_id)
    if after is not None:
        query = query.where(Segment.id > after)
    return (await session.execute(query.order_by(Segment.id).limit(limit))).scalars().all()


async def list_named_segments(
    session: Session, tenant_id: TenantId, ids: Collection[UUID], stores: Collection[UUID] | None
) -> dict[UUID, Segment]:
    """These segments, as far as the caller may see them."""
    query = select(Segment).where(Segment.tenant_id == tenant_id, Segment.id.in_(ids))
    if stores is not None:
        query = query.where(Segment.store_id.in_(stores))
    return {row.id: row for row in (await session.execute(query)).scalars()}


async def count_together(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> dict[frozenset[UUID], int]:
    """How many people are in exactly which of these segments."""
    rows = await session.execute(
        text(
            "SELECT x.segments, count(*) FROM (SELECT array_agg(segment_id ORDER BY segment_id) AS segments"
            " FROM segment_member WHERE tenant_id = :tenant_id AND segment_id = ANY(CAST(:ids AS uuid[]))"
            " GROUP BY profile_id) x GROUP BY 1"
        ),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )
    return {frozenset(row[0]): row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class Size:
    """How many were in a segment at a moment (None: not built yet), and who came and went since the one before."""

    at: datetime
    people: int | None
    entered: int
    exited: int


# A size is noted whenever it has changed, so the latest note before a moment is its size then.
_SIZES = text("""
WITH moment AS (SELECT at, i FROM unnest(CAST(:ats AS timestamptz[])) WITH ORDINALITY AS m (at, i)),
moved AS (
  SELECT width_bucket(c.at, CAST(:ats AS timestamptz[])) + 1 AS i, count(*) FILTER (WHERE c.entered) AS entered,
    count(*) FILTER (WHERE NOT c.entered) AS exited
  FROM segment_change c WHERE c.tenant_id = :tenant_id AND c.segment_id = :segment_id AND c.id >= :oldest
    AND c.at >= :since AND c.at < :until GROUP BY 1)
SELECT m.at, (SELECT z.size FROM segment_size z WHERE z.tenant_id = :tenant_id AND z.segment_id = :segment_id
    AND z.at <= m.at ORDER BY z.at DESC LIMIT 1) AS people, coalesce(v.entered, 0) AS entered,
  coalesce(v.exited, 0) AS exited
FROM moment m LEFT JOIN moved v ON v.i = m.i ORDER BY m.at
""")


async def list_sizes(session: Session, tenant_id: TenantId, segment_id: UUID, ats: Sequence[datetime]) -> list[Size]:
    """How large a segment was at these moments, which rise. Who came and went before the first one is not counted."""
    parameters: dict[str, Any] = {"ats": list(ats), "oldest": lowest_id(ats[0]), "since": ats[0], "until": ats[-1]}
    rows = await session.execute(_SIZES, parameters | {"tenant_id": tenant_id, "segment_id": segment_id})
    return [Size(*row) for row in rows]


async def find_last_exit(session: Session, tenant_id: TenantId, segment_id: UUID, profile_id: UUID) -> datetime | None:
    """When somebody left a segment last; None when they never did."""
    rows = await session.execute(
        text(
            "SELECT at FROM segment_change WHERE tenant_id = :tenant_id AND segment_id = :segment_id"
            " AND profile_id = :profile_id AND NOT entered ORDER BY id DESC LIMIT 1"
        ),
        {"tenant_id": tenant_id, "segment_id": segment_id, "profile_id": profile_id},
    )
    return rows.scalar_one_or_none()


async def find_since(session: Session, tenant_id: TenantId, segment_id: UUID, profile_id: UUID) -> datetime | None:
    """Since when somebody is in a segment; None when they are not."""
    rows = await session.execute(
        text(
            "SELECT since FROM segment_member WHERE tenant_id = :tenant_id AND segment_id = :segment_id"
            " AND profile_id = :profile_id"
        ),
        {"tenant_id": tenant_id, "segment_id": segment_id, "profile_id": profile_id},
    )
    return rows.scalar_one_or_none()

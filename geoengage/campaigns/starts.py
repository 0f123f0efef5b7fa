"""SQL of segments as campaigns see them: which they name, who is in them, and whose start waits.

Reads the tables of segments, people and places and writes none of them.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from geoengage.campaigns.rules import TargetSegment
from geoengage.campaigns.store import RUNNING_SQL, Running, content_of
from geoengage.kit import pgarrays
from geoengage.kit.db import Session, pipelined, send
from geoengage.kit.ids import TenantId, derived_id


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody who has entered or left the segment of a campaign, and when that is to be decided."""

    campaign_id: UUID
    profile_id: UUID
    occurrence: UUID
    moved_at: datetime
    due_at: datetime


async def list_target_segments(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> list[TargetSegment]:
    """These segments; unknown ones are left out."""
    if not ids:
        return []
    rows = await session.execute(
        text(
            "SELECT id, name, store_id, status, live_version IS NOT NULL FROM segment"
            " WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )
    return [TargetSegment(*row) for row in rows]


async def list_segments_of(
    session: Session, tenant_id: TenantId, segment_ids: Collection[UUID], profile_ids: Collection[UUID]
) -> Mapping[UUID, frozenset[UUID]]:
    """In which of these segments these people are, by profile; who is in none is not among them."""
    if not segment_ids or not profile_ids:
        return {}
    found = await send(
        session,
        "SELECT profile_id, segment_id FROM segment_member WHERE tenant_id = :tenant_id"
        " AND segment_id = ANY(CAST(:segments AS uuid[])) AND profile_id = ANY(CAST(:ids AS uuid[]))",
        {
            "tenant_id": tenant_id,
            "segments": pgarrays.uuids(segment_ids),
            "ids": pgarrays.uuids(profile_ids),
        },
    )
    inside: dict[UUID, set[UUID]] = defaultdict(set)
    for profile_id, segment_id in found.rows:
        inside[profile_id].add(segment_id)
    return {profile_id: frozenset(ids) for profile_id, ids in inside.items()}


async def list_waiting_at(
    session: Session, tenant_id: TenantId, segment_ids: Collection[UUID], now: datetime
) -> list[Running]:
    """Campaigns in force at `now` that wait for moves of these segments, oldest first."""
    found = await send(
        session,
        f"{RUNNING_SQL} AND c.trigger_segment_id = ANY(CAST(:segments AS uuid[])) ORDER BY c.id",
        {"tenant_id": tenant_id, "now": now, "segments": pgarrays.uuids(segment_ids)},
    )
    return [Running(row.id, content_of(row), row.store_name) for row in found.named()]


async def list_running_named(
    session: Session, tenant_id: TenantId, campaign_ids: Collection[UUID], now: datetime
) -> dict[UUID, Running]:
    """Those of these campaigns that are in force at `now`."""
    found = await send(
        session,
        f"{RUNNING_SQL} AND c.id = ANY(CAST(:ids AS uuid[]))",
        {"tenant_id": tenant_id, "now": now, "ids": pgarrays.uuids(campaign_ids)},
    )
    return {row.id: Running(row.id, content_of(row), row.store_name) for row in found.named()}


async def get_timezones(
    session: Session, tenant_id: TenantId, store_ids: Collection[UUID]
) -> tuple[ZoneInfo, dict[UUID, ZoneInfo]]:
    """The tenant's time zone, and those of stores that have one of their own or by their mall."""
    async with pipelined(session):
        tenant = await send(session, "SELECT timezone FROM tenant WHERE id = :tenant_id", {"tenant_id": tenant_id})
        stores = await send(
            session,
            "SELECT s.id, coalesce(s.timezone, m.timezone) FROM store s"
            " LEFT JOIN mall m ON m.tenant_id = s.tenant_id AND m.id = s.mall_id"
            " WHERE s.tenant_id = :tenant_id AND s.id = ANY(CAST(:ids AS uuid[]))"
            " AND coalesce(s.timezone, m.timezone) IS NOT NULL",
            {"tenant_id": tenant_id, "ids": pgarrays.uuids(store_ids)},
        )
    return ZoneInfo(tenant.rows[0][0]), {id_: ZoneInfo(name) for id_, name in stores.rows}


# --- starts that wait ----------------------------------------------------------------------------------------------

# Who is nobody any more, or was erased meanwhile, gets nothing.
_PUT = """
INSERT INTO campaign_start AS s (tenant_id, campaign_id, profile_id, occurrence, moved_at, due_at)
SELECT :tenant_id, n.* FROM unnest(CAST(:campaigns AS uuid[]), CAST(:ids AS uuid[]), CAST(:occurrences AS uuid[]),
  CAST(:moved AS timestamptz[]), CAST(:due AS timestamptz[]))
  AS n (campaign_id, profile_id, occurrence, moved_at, due_at)
WHERE EXISTS (SELECT FROM profile p WHERE p.tenant_id = :tenant_id AND p.id = n.profile_id AND p.merged_into IS NULL)
ORDER BY n.campaign_id, n.profile_id
ON CONFLICT (tenant_id, campaign_id, profile_id) DO UPDATE SET occurrence = excluded.occurrence,
  moved_at = excluded.moved_at, due_at = excluded.due_at
WHERE s.moved_at <= excluded.moved_at
"""
_PUT_PRESENT = """
INSERT INTO campaign_start (tenant_id, campaign_id, profile_id, occurrence, moved_at, due_at)
SELECT :tenant_id, :campaign_id, m.profile_id, :occurrence, :due, :due FROM segment_member m
JOIN profile p ON p.tenant_id = :tenant_id AND p.id = m.profile_id AND p.merged_into IS NULL
WHERE m.tenant_id = :tenant_id AND m.segment_id = :segment_id ORDER BY m.profile_id
ON CONFLICT DO NOTHING
"""


async def put(session: Session, tenant_id: TenantId, starts: Sequence[Start]) -> None:
    """Let these wait until they are due; of one person and campaign the latest move."""
    if not starts:
        return
    await send(
        session,
        _PUT,
        {
            "tenant_id": tenant_id,
            "campaigns": pgarrays.uuids(s.campaign_id for s in starts),
            "ids": pgarrays.uuids(s.profile_id for s in starts),
            "occurrences": pgarrays.uuids(s.occurrence for s in starts),
            "moved": pgarrays.times(s.moved_at for s in starts),
            "due": pgarrays.times(s.due_at for s in starts),
        },
    )


async def put_present(
    session: Session, tenant_id: TenantId, campaign_id: UUID, segment_id: UUID, due_at: datetime
) -> None:
    """The same of everybody who is in the campaign's segment now; of one person and campaign once for ever."""
    await session.execute(
        text(_PUT_PRESENT),
        {
            "tenant_id": tenant_id,
            "campaign_id": campaign_id,
            "segment_id": segment_id,
            "occurrence": derived_id("present", campaign_id),
            "due": due_at,
        },
    )


async def drop(session: Session, tenant_id: TenantId, campaign_id: UUID) -> None:
    """Forget the starts of a campaign that does not run any more."""
    await session.execute(
        text("DELETE FROM campaign_start WHERE tenant_id = :tenant_id AND campaign_id = :id"),
        {"tenant_id": tenant_id, "id": campaign_id},
    )


async def tenants_with_due(session: Session, now: datetime) -> list[TenantId]:
    """Tenants in which a start is due (cross-tenant: the worker serves all)."""
    found = await send(
        session,
        "SELECT t.id FROM tenant t WHERE EXISTS (SELECT FROM campaign_start s WHERE s.tenant_id = t.id"
        " AND s.due_at <= :now)",
        {"now": now},
    )
    return [TenantId(id_) for (id_,) in found.rows]


async def list_due_people(session: Session, tenant_id: TenantId, now: datetime, limit: int) -> list[UUID]:
    """The people with the earliest due starts. Locks nothing: people are locked before their starts."""
    rows = await session.execute(
        text(
            "SELECT profile_id FROM (SELECT profile_id, due_at FROM campaign_start WHERE tenant_id = :tenant_id"
            " AND due_at <= :now ORDER BY due_at LIMIT :limit) s GROUP BY profile_id ORDER BY min(due_at)"
        ),
        {"tenant_id": tenant_id, "now": now, "limit": limit},
    )
    return list(rows.scalars())


async def list_devices_of(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]) -> list[UUID]:
    """The devices of these people."""
    found = await send(
        session,
        "SELECT id FROM device WHERE tenant_id = :tenant_id AND profile_id = ANY(CAST(:ids AS uuid[])) ORDER BY id",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(profile_ids)},
    )
    return [row[0] for row in found.rows]


async def take_due(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID], now: datetime) -> list[Start]:
    """Take the due starts of these people out, by time; what another worker has taken is not among them."""
    found = await send(
        session,
        "DELETE FROM campaign_start WHERE tenant_id = :tenant_id AND profile_id = ANY(CAST(:ids AS uuid[]))"
        " AND due_at <= :now RETURNING campaign_id, profile_id, occurrence, moved_at, due_at",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(profile_ids), "now": now},
    )
    return sorted((Start(*row) for row in found.rows), key=lambda s: (s.due_at, s.campaign_id, s.profile_id))

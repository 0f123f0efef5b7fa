"""SQL of win-back ladders: which journey entry last began to win somebody back."""

from collections.abc import Collection, Mapping
from uuid import UUID

from geoengage.campaigns.rules import LadderPlace
from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId


async def list_places(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]) -> dict[UUID, LadderPlace]:
    """Where these people stand, by profile. The caller holds their budgets, so nobody else begins meanwhile."""
    if not profile_ids:
        return {}
    found = await send(
        session,
        "SELECT profile_id, entry_id, started_at FROM win_back_place WHERE tenant_id = :tenant_id"
        " AND profile_id = ANY(CAST(:ids AS uuid[]))",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(profile_ids)},
    )
    return {profile_id: LadderPlace(entry_id, at) for profile_id, entry_id, at in found.rows}


async def note(session: Session, tenant_id: TenantId, places: Mapping[UUID, LadderPlace]) -> None:
    """Write where these people stand now."""
    if places:
        await send(
            session,
            "INSERT INTO win_back_place (tenant_id, profile_id, entry_id, started_at)"
            " SELECT :tenant_id, n.* FROM unnest(CAST(:people AS uuid[]), CAST(:entries AS uuid[]),"
            " CAST(:times AS timestamptz[])) AS n (profile_id, entry_id, started_at) ORDER BY n.profile_id"
            " ON CONFLICT (tenant_id, profile_id) DO UPDATE SET entry_id = excluded.entry_id,"
            " started_at = excluded.started_at",
            {
                "tenant_id": tenant_id,
                "people": pgarrays.uuids(places),
                "entries": pgarrays.uuids(p.entry_id for p in places.values()),
                "times": pgarrays.times(p.started_at for p in places.values()),
            },
        )


async def join_people(session: Session, tenant_id: TenantId, profile_id: UUID, into_id: UUID) -> None:
    """Two people are one: they stand where either of them began last."""
    await send(
        session,
        "WITH gone AS (DELETE FROM win_back_place WHERE tenant_id = :tenant_id AND profile_id = :id"
        " RETURNING entry_id, started_at)"
        " INSERT INTO win_back_place AS w (tenant_id, profile_id, entry_id, started_at)"
        " SELECT :tenant_id, CAST(:into AS uuid), entry_id, started_at FROM gone WHERE EXISTS (SELECT FROM profile p"
        " WHERE p.tenant_id = :tenant_id AND p.id = :into FOR KEY SHARE)"
        " ON CONFLICT (tenant_id, profile_id) DO UPDATE SET entry_id = excluded.entry_id,"
        " started_at = excluded.started_at WHERE w.started_at < excluded.started_at",
        {"tenant_id": tenant_id, "id": profile_id, "into": into_id},
    )

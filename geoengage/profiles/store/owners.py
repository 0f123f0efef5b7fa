"""SQL of whose ids are whose: writing what came out of the evidence."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


async def list_merged(session: Session, tenant_id: TenantId, profile_id: UUID) -> tuple[UUID, ...]:
    """A profile and all that are merged into it, in id order: messages may name any of them."""
    rows = await session.execute(
        text(
            "WITH RECURSIVE own (id) AS (SELECT CAST(:id AS uuid) UNION SELECT p.id FROM own"
            " JOIN profile p ON p.tenant_id = :tenant_id AND p.merged_into = own.id) SELECT id FROM own"
        ),
        {"tenant_id": tenant_id, "id": profile_id},
    )
    return tuple(sorted(rows.scalars()))


async def set_owners(session: Session, tenant_id: TenantId, owners: Mapping[UUID, UUID]) -> None:
    """Give locked identifiers (id → profile) to other people, and with them the devices that are linked by them."""
    parameters = {"tenant_id": tenant_id, "ids": list(owners), "profiles": list(owners.values())}
    given = "FROM unnest(CAST(:ids AS uuid[]), CAST(:profiles AS uuid[])) AS n (id, profile_id)"
    await session.execute(
        text(
            f"UPDATE identifier i SET profile_id = n.profile_id {given}"  # noqa: S608
            " WHERE i.tenant_id = :tenant_id AND i.id = n.id"
        ),
        parameters,
    )
    devices = await session.execute(
        text(
            "SELECT id FROM device WHERE tenant_id = :tenant_id AND identifier_id = ANY(CAST(:ids AS uuid[]))"
            " ORDER BY id FOR NO KEY UPDATE"
        ),
        parameters,
    )
    if devices.first() is not None:
        await session.execute(
            text(
                f"UPDATE device d SET profile_id = n.profile_id {given}"  # noqa: S608
                " WHERE d.tenant_id = :tenant_id AND d.identifier_id = n.id"
            ),
            parameters,
        )


async def set_shared(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> None:
    """Note that locked identifiers are shared: from now on they lead nowhere."""
    await session.execute(
        text("UPDATE identifier SET is_shared = true WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )


async def set_origins(session: Session, tenant_id: TenantId, origins: Mapping[UUID, UUID]) -> None:
    """Let locked identifiers come from other profiles than they did."""
    await session.execute(
        text(
            "UPDATE identifier i SET origin_profile_id = n.origin"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:origins AS uuid[])) AS n (id, origin)"
            " WHERE i.tenant_id = :tenant_id AND i.id = n.id"
        ),
        {"tenant_id": tenant_id, "ids": list(origins), "origins": list(origins.values())},
    )


async def lock_profiles(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> dict[UUID, UUID | None]:
    """Lock profiles in id order; returns into which each is merged. Those that do not exist are left out."""
    rows = await session.execute(
        text(
            "SELECT id, merged_into FROM profile WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
            " ORDER BY id FOR NO KEY UPDATE"
        ),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )
    return {row.id: row.merged_into for row in rows}


async def set_merged(session: Session, tenant_id: TenantId, into: Mapping[UUID, UUID | None]) -> None:
    """Say of locked profiles into which they are merged; None: into none."""
    await session.execute(
        text(
            "UPDATE profile p SET merged_into = n.into_id"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:into AS uuid[])) AS n (id, into_id)"
            " WHERE p.tenant_id = :tenant_id AND p.id = n.id"
        ),
        {"tenant_id": tenant_id, "ids": list(into), "into": list(into.values())},
    )

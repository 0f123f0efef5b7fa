"""SQL of receipts and of the journal by which an erased person is known again. Neither names anybody."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.privacy.models import ErasureJournal, ErasureReceipt

_BATCH = 5_000


async def insert_receipt(session: Session, tenant_id: TenantId, receipt: ErasureReceipt) -> None:
    """Keep a receipt."""
    receipt.tenant_id = tenant_id
    session.add(receipt)
    await session.flush()


async def list_receipts(
    session: Session, tenant_id: TenantId, after: UUID | None, limit: int
) -> Sequence[ErasureReceipt]:
    """Receipts, the newest first, below `after`."""
    query = select(ErasureReceipt).where(ErasureReceipt.tenant_id == tenant_id)
    if after is not None:
        query = query.where(ErasureReceipt.id < after)
    return (await session.execute(query.order_by(ErasureReceipt.id.desc()).limit(limit))).scalars().all()


async def insert_journal(
    session: Session, tenant_id: TenantId, id_: UUID, at: datetime, ids: Sequence[UUID], hashes: Sequence[str]
) -> None:
    """Note by what an erased person is known again. Idempotent by `id_`."""
    await session.execute(
        text(
            "INSERT INTO erasure_journal (tenant_id, id, at, ids, hashes)"
            " SELECT :tenant_id, :id, :at, CAST(:ids AS uuid[]), CAST(:hashes AS text[])"
            " WHERE EXISTS (SELECT 1 FROM tenant WHERE id = :tenant_id) ON CONFLICT DO NOTHING"
        ),
        {"tenant_id": tenant_id, "id": id_, "at": at, "ids": list(ids), "hashes": list(hashes)},
    )


async def list_journal(session: Session, tenant_id: TenantId | None = None) -> Sequence[ErasureJournal]:
    """The journal of a tenant, or of all (cross-tenant: its file is the installation's), the oldest first."""
    query = select(ErasureJournal)
    if tenant_id is not None:
        query = query.where(ErasureJournal.tenant_id == tenant_id)
    return (await session.execute(query.order_by(ErasureJournal.at, ErasureJournal.id))).scalars().all()


@dataclass(frozen=True, slots=True)
class Named:
    """An id of a person in words, with since when a source says it had it."""

    id: UUID
    profile_id: UUID
    kind: str
    value: str
    created_at: datetime


async def list_copies(session: Session, tenant_id: TenantId) -> AsyncIterator[Sequence[Named]]:
    """Every id that a tenant holds, in batches, to be compared with the journal's hashes."""
    after: UUID | None = None
    while True:
        rows = await session.execute(
            text(
                "SELECT id, profile_id, kind, value, created_at FROM identifier WHERE tenant_id = :tenant_id"
                " AND (CAST(:after AS uuid) IS NULL OR id > :after) ORDER BY id LIMIT :limit"
            ),
            {"tenant_id": tenant_id, "after": after, "limit": _BATCH},
        )
        found = [Named(*row) for row in rows]
        if not found:
            return
        yield found
        after = found[-1].id


async def list_known_again(
    session: Session, tenant_id: TenantId, erased: Mapping[UUID, datetime]
) -> tuple[set[UUID], set[UUID]]:
    """Which of the journal's own ids are there again: profiles (also by their ids) and devices without a profile."""
    parameters: dict[str, Any] = {"tenant_id": tenant_id, "ids": list(erased)}
    profiles = await session.execute(
        text(
            "SELECT id FROM profile WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
            " UNION SELECT profile_id FROM identifier WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
            " UNION SELECT profile_id FROM device WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
            " AND profile_id IS NOT NULL"
        ),
        parameters,
    )
    devices = await session.execute(
        text(
            "SELECT id FROM device WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
            " AND profile_id IS NULL"
        ),
        parameters,
    )
    return set(profiles.scalars()), set(devices.scalars())

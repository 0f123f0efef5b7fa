"""SQL of receipts and of the journal by which an erased person is known again. Neither names anybody."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
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


async def insert_journal(session: Session, tenant_id: TenantId, id_: UUID, at: datetime, hashes: Sequence[str]) -> None:
    """Note by what an erased person is known again. Idempotent by `id_`; a tenant that is gone has no journal."""
    await session.execute(
        text(
            "INSERT INTO erasure_journal (tenant_id, id, at, hashes)"
            " SELECT :tenant_id, :id, :at, CAST(:hashes AS text[])"
            " WHERE EXISTS (SELECT 1 FROM tenant WHERE id = :tenant_id) ON CONFLICT DO NOTHING"
        ),
        {"tenant_id": tenant_id, "id": id_, "at": at, "hashes": list(hashes)},
    )


async def list_journal(session: Session) -> Sequence[ErasureJournal]:
    """The journal of all tenants, the oldest first (cross-tenant: its file is the installation's)."""
    query = select(ErasureJournal).order_by(ErasureJournal.at, ErasureJournal.id)
    return (await session.execute(query)).scalars().all()


@dataclass(frozen=True, slots=True)
class Named:
    """A row by which an erased person may be known again, and whose it is.

    `kind` and `value`: of an id in words, since `since`; both empty for a row that is known by its own id only.
    """

    id: UUID
    profile_id: UUID | None
    kind: str = ""
    value: str = ""
    since: datetime | None = None


# of journal.OURS
_SCANS = {
    "profile": "SELECT id, coalesce(merged_into, id) FROM profile WHERE tenant_id = :tenant_id",
    "device": "SELECT id, profile_id FROM device WHERE tenant_id = :tenant_id",
    "identifier": "SELECT id, profile_id, kind, value, created_at FROM identifier WHERE tenant_id = :tenant_id",
}


async def scan(session: Session, tenant_id: TenantId, table: str) -> AsyncIterator[list[Named]]:
    """All rows of one of these tables, in batches, to be compared with the journal's hashes."""
    after = UUID(int=0)
    while True:
        rows = await session.execute(
            text(f"{_SCANS[table]} AND id > :after ORDER BY id LIMIT :limit"),
            {"tenant_id": tenant_id, "after": after, "limit": _BATCH},
        )
        found = [Named(*row) for row in rows]
        if not found:
            return
        yield found
        after = found[-1].id

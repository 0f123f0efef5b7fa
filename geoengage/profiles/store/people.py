"""SQL of what stores may know whom."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId

_NOTE = text("""
INSERT INTO store_profile (tenant_id, store_id, identifier_id, basis, at)
SELECT DISTINCT CAST(:tenant_id AS uuid), n.store_id, n.identifier_id, CAST(:basis AS text), CAST(:now AS timestamptz)
FROM unnest(CAST(:stores AS uuid[]), CAST(:ids AS uuid[])) AS n (store_id, identifier_id)
ORDER BY n.store_id, n.identifier_id ON CONFLICT DO NOTHING
""")


async def insert_store_profiles(
    session: Session, tenant_id: TenantId, pairs: Sequence[tuple[UUID, UUID]], basis: str, now: datetime
) -> None:
    """Note that a store may know an id's person. Idempotent: the first time stays."""
    await session.execute(
        _NOTE,
        {
            "tenant_id": tenant_id,
            "stores": [store_id for store_id, _ in pairs],
            "ids": [identifier_id for _, identifier_id in pairs],
            "basis": basis,
            "now": now,
        },
    )

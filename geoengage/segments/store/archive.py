"""SQL of emptying a segment."""

from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


async def empty(session: Session, tenant_id: TenantId, segment_id: UUID) -> None:
    """Nobody is in a segment any more, and nobody on its clock."""
    for table in ("segment_member", "segment_due"):
        await session.execute(
            text(f"DELETE FROM {table} WHERE tenant_id = :tenant_id AND segment_id = :segment_id"),  # noqa: S608
            {"tenant_id": tenant_id, "segment_id": segment_id},
        )

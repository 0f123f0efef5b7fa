"""SQL of whose a segment is."""

from uuid import UUID

from sqlalchemy import text

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


async def get_store_of_segment(session: Session, tenant_id: TenantId, segment_id: UUID) -> UUID | None:
    """The store of a segment, None for one of the whole tenant; NotFound when there is no such segment."""
    rows = await session.execute(
        text("SELECT store_id FROM segment WHERE tenant_id = :tenant_id AND id = :id"),
        {"tenant_id": tenant_id, "id": segment_id},
    )
    found = rows.one_or_none()
    if found is None:
        raise errors.NotFound(f"there is no segment {segment_id}")
    return found.store_id  # type: ignore[no-any-return]

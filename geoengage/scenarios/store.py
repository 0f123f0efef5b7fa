"""What the virtual clock asks the database: when does something happen by itself?"""

from datetime import datetime

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


async def next_due(session: Session, tenant_id: TenantId, after: datetime) -> datetime | None:
    """The earliest timer of a tenant later than a moment; None when there is none."""
    rows = await session.execute(
        text("SELECT min(due_at) FROM timer WHERE tenant_id = :tenant_id AND due_at > :after"),
        {"tenant_id": tenant_id, "after": after},
    )
    found: datetime | None = rows.scalar_one()
    return found

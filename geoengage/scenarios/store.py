"""What the virtual clock asks the database: is there something to do, and when does something happen by itself?"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


class Outlook(NamedTuple):
    """`published`: how many ledger events the tenant has; `due_at`: its earliest timer or change of zones, if any."""

    published: int
    due_at: datetime | None


async def outlook(session: Session, tenant_id: TenantId) -> Outlook:
    """What a worker would find to do for a tenant, and when."""
    rows = await session.execute(
        text(
            "SELECT coalesce((SELECT n FROM ledger_head WHERE tenant_id = :tenant_id), 0),"
            " least((SELECT min(due_at) FROM timer WHERE tenant_id = :tenant_id),"
            " (SELECT min(due_at) FROM zone_change WHERE tenant_id = :tenant_id))"
        ),
        {"tenant_id": tenant_id},
    )
    return Outlook(*rows.one())

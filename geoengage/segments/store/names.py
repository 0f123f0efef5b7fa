"""SQL of what things are called that conditions name by their ids, and of the tenant's clock and currency."""

from collections.abc import Collection
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.segments.rules.word_pieces import Names

# Of a zone the name that is published; deleted things have none.
_NAMES = text("""
WITH wanted AS (SELECT unnest(CAST(:ids AS uuid[])) AS id)
SELECT z.id, v.name FROM zone z JOIN wanted USING (id) JOIN zone_version v ON v.tenant_id = z.tenant_id
  AND v.zone_id = z.id AND v.version = coalesce(z.published_version, z.version)
WHERE z.tenant_id = :tenant_id AND z.deleted_at IS NULL
UNION ALL SELECT x.id, x.name FROM store x JOIN wanted USING (id) WHERE x.tenant_id = :tenant_id
UNION ALL SELECT x.id, x.name FROM mall x JOIN wanted USING (id) WHERE x.tenant_id = :tenant_id
UNION ALL SELECT x.id, x.name FROM campaign x JOIN wanted USING (id)
  WHERE x.tenant_id = :tenant_id AND x.deleted_at IS NULL
UNION ALL SELECT x.id, x.name FROM segment x JOIN wanted USING (id) WHERE x.tenant_id = :tenant_id
UNION ALL SELECT x.id, x.name FROM people_list x JOIN wanted USING (id) WHERE x.tenant_id = :tenant_id
""")
# The one in which customers are valued; before they are, that of most of the latest orders.
_CURRENCY = (
    "SELECT coalesce((SELECT m.currency FROM value_model m WHERE m.tenant_id = :tenant_id AND m.is_current),"
    " (SELECT o.currency FROM (SELECT currency FROM shop_order WHERE tenant_id = :tenant_id ORDER BY ordered_at DESC"
    " LIMIT 1000) o GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1))"
)
_TENANT = text(f"SELECT t.timezone, ({_CURRENCY}) FROM tenant t WHERE t.id = :tenant_id")  # noqa: S608 - constants


async def has_store(session: Session, tenant_id: TenantId, store_id: UUID) -> bool:
    """Whether there is such a store."""
    found = text("SELECT 1 FROM store WHERE tenant_id = :tenant_id AND id = :id")
    return (await session.execute(found, {"tenant_id": tenant_id, "id": store_id})).first() is not None


async def read_names(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> Names:
    """What these things are called, with the tenant's clock and main currency."""
    timezone, currency = (await session.execute(_TENANT, {"tenant_id": tenant_id})).one()
    named: dict[UUID, str] = {}
    if ids:
        rows = await session.execute(_NAMES, {"tenant_id": tenant_id, "ids": list(ids)})
        named = {row[0]: row[1] for row in rows}
    return Names(named, ZoneInfo(timezone), currency)

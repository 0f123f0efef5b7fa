"""SQL of what texts may say of where and what people buy. Reads the tables of orders and stores and writes neither."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules.values import Shopping
from geoengage.metrics.rules import CELL_LAT_DEG, CELL_LON_DEG

BACK = timedelta(days=730)
BETWEEN = " > "
# Their usual store is a computed trait; home is the middle of the cell that one names by its south-western corner.
_STORES = """
SELECT p.id, u.name, n.name, n.far_m FROM profile p
LEFT JOIN store u ON u.tenant_id = p.tenant_id AND CAST(u.id AS text) = p.attributes ->> 'preferred_store'
LEFT JOIN LATERAL (
  SELECT s.name, CAST(round(ST_DistanceSphere(s.point, h.point)) AS int) AS far_m FROM store s,
    (SELECT CASE WHEN p.attributes ->> 'home_area' ~ '^-?\\d{1,2}\\.\\d{2},-?\\d{1,3}\\.\\d{2}$' THEN
      ST_SetSRID(ST_MakePoint(CAST(split_part(p.attributes ->> 'home_area', ',', 2) AS float8) + :half_lon,
        CAST(split_part(p.attributes ->> 'home_area', ',', 1) AS float8) + :half_lat), 4326) END AS point) h
  WHERE s.tenant_id = p.tenant_id AND h.point IS NOT NULL ORDER BY 2, s.id LIMIT 1) n ON true
WHERE p.tenant_id = :tenant_id AND p.id = ANY(CAST(:ids AS uuid[]))
"""
_CATEGORIES = """
SELECT i.profile_id, coalesce(p.category, l.category) AS category FROM identifier i
JOIN shop_order o ON o.tenant_id = i.tenant_id AND o.identifier_id = i.id
JOIN order_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
LEFT JOIN product p ON p.tenant_id = l.tenant_id AND p.id = l.product_id
WHERE i.tenant_id = :tenant_id AND i.profile_id = ANY(CAST(:ids AS uuid[])) AND o.ordered_at > :since
  AND o.status <> 'cancelled' AND o.return_of IS NULL AND l.quantity_milli > 0
  AND coalesce(o.store_id = CAST(:store_id AS uuid), CAST(:store_id AS uuid) IS NULL)
  AND coalesce(p.category, l.category) IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, max(o.ordered_at), 2
"""


async def list_shopping(
    session: Session, tenant_id: TenantId, profile_ids: Collection[UUID], store_id: UUID | None, now: datetime
) -> dict[UUID, Shopping]:
    """Of these people, who must have agreed to personalisation. `store_id`: whose campaign asks; it knows its own
    orders alone, and no other store."""
    if not profile_ids:
        return {}
    asked = {"tenant_id": tenant_id, "ids": pgarrays.uuids(profile_ids)}
    lines = await send(session, _CATEGORIES, asked | {"since": now - BACK, "store_id": store_id})
    bought: dict[UUID, dict[str, str]] = defaultdict(dict)
    for profile_id, category in lines.rows:  # the newest come last
        parts = [part.strip() for part in category.split(BETWEEN)]
        for n in range(1, len(parts) + 1):
            bought[profile_id][BETWEEN.join(parts[:n]).lower()] = parts[-1]
    if store_id is not None:
        return {id_: Shopping(bought=own) for id_, own in bought.items()}
    half = {"half_lat": CELL_LAT_DEG / 2, "half_lon": CELL_LON_DEG / 2}
    rows = (await send(session, _STORES, asked | half)).rows
    return {
        id_: Shopping(bought=bought[id_], usual_store=usual, nearest_store=nearest, nearest_store_m=far_m)
        for id_, usual, nearest, far_m in rows
    }

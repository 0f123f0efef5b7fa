"""SQL of what people have bought, and of whether that may choose anything for them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.kit import pgarrays as pg
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.recommendations.rules import Bought


@dataclass(frozen=True, slots=True)
class Person:
    """Whether devices of theirs agree to personalisation, or refuse it, and what sources say of them."""

    granted: bool
    denied: bool
    attributes: dict[str, Any]


async def get_people(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]) -> dict[UUID, Person]:
    """People by profile; test devices agree to nothing. Merged and unknown profiles are left out."""
    found = await send(
        session,
        """
SELECT p.id, coalesce(bool_or(d.personalisation = 'granted'), false) AS granted,
  coalesce(bool_or(d.personalisation = 'denied'), false) AS denied, p.attributes
FROM profile p LEFT JOIN device d ON d.tenant_id = p.tenant_id AND d.profile_id = p.id AND NOT d.is_test
WHERE p.tenant_id = :tenant_id AND p.id = ANY(:ids) AND p.merged_into IS NULL GROUP BY p.tenant_id, p.id
""",
        {"tenant_id": tenant_id, "ids": pg.uuids(profile_ids)},
    )
    return {row[0]: Person(*row[1:]) for row in found.rows}


async def list_bought(
    session: Session,
    tenant_id: TenantId,
    profile_ids: Collection[UUID],
    *,
    since: datetime,
    store_ids: Collection[UUID] | None,
) -> dict[UUID, Bought]:
    """What these people bought since, by profile; days count from 1970 in the tenant's time zone.

    `store_ids`: only there; None: anywhere. No cancelled orders, no returns, no product that we do not know.
    """
    found = await send(
        session,
        f"""
SELECT i.profile_id, l.product_id,
  array_agg(DISTINCT (o.ordered_at AT TIME ZONE t.timezone)::date - DATE '1970-01-01') AS days
FROM identifier i
JOIN tenant t ON t.id = i.tenant_id
JOIN shop_order o ON o.tenant_id = i.tenant_id AND o.identifier_id = i.id
JOIN order_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
WHERE i.tenant_id = :tenant_id AND i.profile_id = ANY(:ids) AND o.ordered_at > :since AND o.status <> 'cancelled'
  AND o.return_of IS NULL AND l.quantity_milli > 0 AND l.product_id IS NOT NULL
  {"" if store_ids is None else "AND o.store_id = ANY(:stores)"}
GROUP BY i.profile_id, l.product_id
""",  # noqa: S608 - constants
        {"tenant_id": tenant_id, "ids": pg.uuids(profile_ids), "since": since}
        | ({} if store_ids is None else {"stores": pg.uuids(store_ids)}),
    )
    products: dict[UUID, dict[UUID, list[int]]] = {}
    for profile_id, product_id, days in found.rows:
        products.setdefault(profile_id, {})[product_id] = days
    return {
        profile_id: Bought(own, sorted({day for days in own.values() for day in days}))
        for profile_id, own in products.items()
    }

"""SQL of what people have bought, and of whether that may choose anything for them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from geoengage.kit import pgarrays as pg
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.recommendations.rules import Bought

MOST_ORDERS_EACH = 120  # the newest of a person: what a call costs is bounded
_DAY = itemgetter(1)


@dataclass(frozen=True, slots=True)
class Person:
    """Whether devices of theirs agree to personalisation, or refuse it; what sources say of them; the tenant's day."""

    granted: bool
    denied: bool
    attributes: dict[str, Any]
    today: date


async def find_person(session: Session, tenant_id: TenantId, profile_id: UUID, now: datetime) -> Person | None:
    """A person; test devices agree to nothing, but in a demo. None for a merged or unknown profile."""
    found = await send(
        session,
        """
SELECT coalesce(bool_or(d.personalisation = 'granted'), false) AS granted,
  coalesce(bool_or(d.personalisation = 'denied'), false) AS denied, p.attributes,
  (CAST(:now AS timestamptz) AT TIME ZONE t.timezone)::date AS today
FROM profile p JOIN tenant t ON t.id = p.tenant_id
LEFT JOIN device d ON d.tenant_id = p.tenant_id AND d.profile_id = p.id
  AND (NOT d.is_test OR t.is_demo)
WHERE p.tenant_id = :tenant_id AND p.id = :id AND p.merged_into IS NULL
GROUP BY p.tenant_id, p.id, t.timezone
""",
        {"tenant_id": tenant_id, "id": profile_id, "now": now},
    )
    return Person(*found.rows[0]) if found.rows else None


async def list_bought(
    session: Session,
    tenant_id: TenantId,
    profile_ids: Collection[UUID],
    *,
    since: datetime,
    now: datetime,
    store_ids: Collection[UUID] | None,
) -> dict[UUID, Bought]:
    """What these people bought since, by profile; days count from 1970 in the tenant's time zone.

    `store_ids`: only there; None: anywhere. The newest 120 orders of each; no cancelled ones, no returns, no product
    that we do not know.
    """
    found = await send(
        session,
        f"""
SELECT who.profile_id, array_agg(l.product_id) AS products,
  array_agg((o.ordered_at AT TIME ZONE t.timezone)::date - DATE '1970-01-01') AS days,
  (CAST(:now AS timestamptz) AT TIME ZONE t.timezone)::date - DATE '1970-01-01' AS today
FROM unnest(CAST(:ids AS uuid[])) AS who (profile_id)
JOIN tenant t ON t.id = :tenant_id
CROSS JOIN LATERAL (
  SELECT o.id, o.ordered_at FROM identifier i
  JOIN shop_order o ON o.tenant_id = i.tenant_id AND o.identifier_id = i.id
  WHERE i.tenant_id = :tenant_id AND i.profile_id = who.profile_id AND o.ordered_at > :since AND o.status <> 'cancelled'
    AND o.return_of IS NULL {"" if store_ids is None else "AND o.store_id = ANY(:stores)"}
  ORDER BY o.ordered_at DESC LIMIT :most) AS o
JOIN order_line l ON l.tenant_id = :tenant_id AND l.order_id = o.id
WHERE l.quantity_milli > 0 AND l.product_id IS NOT NULL
GROUP BY who.profile_id, t.timezone
""",  # noqa: S608 - constants
        {"tenant_id": tenant_id, "ids": pg.uuids(profile_ids), "since": since, "now": now, "most": MOST_ORDERS_EACH}
        | ({} if store_ids is None else {"stores": pg.uuids(store_ids)}),
    )
    return {profile_id: _bought(products, days, today) for profile_id, products, days, today in found.rows}


def _bought(products: Sequence[UUID], days: Sequence[int], today: int) -> Bought:
    """Of one line each."""
    found: dict[UUID, list[int]] = {}
    for product_id, day in sorted(set(zip(products, days, strict=True)), key=_DAY):
        found.setdefault(product_id, []).append(day)
    return Bought(found, sorted(set(days)), today)

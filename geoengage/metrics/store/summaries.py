"""SQL of what people bought in sum. An order counts unless it was cancelled or brings goods back."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId

# A day's purchases of each person; `some` chooses people.
BOUGHT = """
bought AS (
  SELECT i.profile_id, (o.ordered_at AT TIME ZONE t.timezone)::date AS day, o.currency, count(*) AS orders,
    sum(o.total_minor - o.refunded_minor)::bigint AS spent, max(o.ordered_at) AS last_at
  FROM identifier i JOIN shop_order o ON o.tenant_id = :tenant_id AND o.identifier_id = i.id
  JOIN tenant t ON t.id = :tenant_id
  WHERE i.tenant_id = :tenant_id AND {some} AND o.status <> 'cancelled' AND o.return_of IS NULL
  GROUP BY 1, 2, 3)"""
_COLUMNS = (
    "currency", "orders", "other_orders", "purchase_days", "first_day", "last_day", "last_order_at", "spent_minor",
    "repeat_spend_minor",
)  # fmt: skip
_SUMS = f"""
WITH {BOUGHT},
main AS (
  SELECT DISTINCT ON (profile_id) profile_id, currency FROM bought GROUP BY profile_id, currency
  ORDER BY profile_id, sum(orders) DESC, currency),
begun AS (SELECT profile_id, min(day) AS day FROM bought GROUP BY profile_id),  -- all of :tenant_id
summed AS (
  SELECT b.profile_id, m.currency, sum(b.orders)::int AS orders,
    coalesce(sum(b.orders) FILTER (WHERE b.currency <> m.currency), 0)::int AS other_orders,
    count(DISTINCT b.day)::int AS purchase_days, f.day AS first_day, max(b.day) AS last_day,
    max(b.last_at) AS last_order_at, (sum(b.spent) FILTER (WHERE b.currency = m.currency))::bigint AS spent_minor,
    coalesce(sum(b.spent) FILTER (WHERE b.currency = m.currency AND b.day > f.day), 0)::bigint AS repeat_spend_minor
  FROM bought b JOIN main m USING (profile_id) JOIN begun f USING (profile_id)
  GROUP BY b.profile_id, m.currency, f.day)
"""  # noqa: S608 - names of ours
_INSERT = f"""
INSERT INTO customer_summary AS s (tenant_id, profile_id, {", ".join(_COLUMNS)})
SELECT :tenant_id, profile_id, {", ".join(_COLUMNS)} FROM summed ORDER BY profile_id
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}
WHERE ({", ".join(f"s.{name}" for name in _COLUMNS)})
  IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in _COLUMNS)})
RETURNING s.profile_id
"""  # noqa: S608 - names of ours
_SUMMARISE = text(_SUMS.format(some="i.profile_id = ANY(CAST(:ids AS uuid[]))") + _INSERT)
_SUMMARISE_ALL = text(_SUMS.format(some="true") + _INSERT)
_WRONG = text(f"""
{_SUMS.format(some="true")}
SELECT coalesce(n.profile_id, s.profile_id) FROM summed n
FULL JOIN (SELECT * FROM customer_summary WHERE tenant_id = :tenant_id) s ON s.profile_id = n.profile_id
WHERE ({", ".join(f"n.{name}" for name in _COLUMNS)}) IS DISTINCT FROM ({", ".join(f"s.{name}" for name in _COLUMNS)})
ORDER BY 1
""")  # noqa: S608 - names of ours


async def summarise(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Compute what these people bought anew; returns whose summary is another, and who has none any more.

    Locks the summaries in the order of the profiles: what is read afterwards is at least as new as what others wrote.
    """
    changed = await session.execute(_SUMMARISE, {"tenant_id": tenant_id, "ids": list(ids)})
    gone = await session.execute(
        text(
            "DELETE FROM customer_summary s WHERE s.tenant_id = :tenant_id"
            " AND s.profile_id = ANY(CAST(:ids AS uuid[])) AND NOT EXISTS ("
            "SELECT FROM identifier i JOIN shop_order o ON o.tenant_id = :tenant_id AND o.identifier_id = i.id"
            " WHERE i.tenant_id = :tenant_id AND i.profile_id = s.profile_id"
            " AND o.status <> 'cancelled' AND o.return_of IS NULL) RETURNING s.profile_id"
        ),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )
    return set(changed.scalars()), set(gone.scalars())


async def summarise_all(session: Session, tenant_id: TenantId) -> int:
    """Sum what everybody bought in one statement, for a tenant without summaries; returns how many there are now."""
    await _take_time(session, tenant_id)
    return len((await session.execute(_SUMMARISE_ALL, {"tenant_id": tenant_id})).scalars().all())


async def list_wrong(session: Session, tenant_id: TenantId) -> list[UUID]:
    """Whose summary is not what their orders come to: everybody's is computed, nothing is written or locked."""
    await _take_time(session, tenant_id)
    return list((await session.execute(_WRONG, {"tenant_id": tenant_id})).scalars())


async def _take_time(session: Session, tenant_id: TenantId) -> None:
    """Ten million orders take longer than a statement usually may."""
    await session.execute(text("SET LOCAL statement_timeout = '15min' -- :tenant_id"), {"tenant_id": tenant_id})


async def list_buyers(session: Session, tenant_id: TenantId, identifier_ids: Collection[UUID]) -> set[UUID]:
    """The profiles of ids."""
    rows = await session.execute(
        text(
            "SELECT DISTINCT profile_id FROM identifier WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"tenant_id": tenant_id, "ids": list(identifier_ids)},
    )
    return set(rows.scalars())


async def list_buyers_since(session: Session, tenant_id: TenantId, since: datetime) -> list[UUID]:
    """Whose orders have changed since a moment, by our clock."""
    rows = await session.execute(
        text(
            "SELECT DISTINCT i.profile_id FROM shop_order o JOIN identifier i"
            " ON i.tenant_id = :tenant_id AND i.id = o.identifier_id"
            " WHERE o.tenant_id = :tenant_id AND o.updated_at > :since ORDER BY 1"
        ),
        {"tenant_id": tenant_id, "since": since},
    )
    return list(rows.scalars())

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
_SOME = "i.profile_id = ANY(CAST(:ids AS uuid[]))"
_COLUMNS = (
    "currency", "orders", "other_orders", "purchase_days", "first_day", "last_day", "last_order_at", "spent_minor",
    "repeat_spend_minor",
)  # fmt: skip
_SUMMARISE = f"""
WITH {BOUGHT},
main AS (
  SELECT DISTINCT ON (profile_id) profile_id, currency FROM bought GROUP BY profile_id, currency
  ORDER BY profile_id, sum(orders) DESC, currency),
begun AS (SELECT profile_id, min(day) AS day FROM bought GROUP BY profile_id)
INSERT INTO customer_summary AS s (tenant_id, profile_id, {", ".join(_COLUMNS)})
SELECT :tenant_id, b.profile_id, m.currency, sum(b.orders),
  coalesce(sum(b.orders) FILTER (WHERE b.currency <> m.currency), 0), count(DISTINCT b.day), f.day, max(b.day),
  max(b.last_at), sum(b.spent) FILTER (WHERE b.currency = m.currency),
  coalesce(sum(b.spent) FILTER (WHERE b.currency = m.currency AND b.day > f.day), 0)
FROM bought b JOIN main m USING (profile_id) JOIN begun f USING (profile_id)
GROUP BY b.profile_id, m.currency, f.day ORDER BY b.profile_id
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}
WHERE ({", ".join(f"s.{name}" for name in _COLUMNS)})
  IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in _COLUMNS)})
RETURNING s.profile_id
"""  # noqa: S608 - names of ours
_SUMMARISE_SOME = text(_SUMMARISE.format(some=_SOME))
_SUMMARISE_ALL = text(_SUMMARISE.format(some="true"))
# Who has no order that counts any more: all were cancelled, or belong to somebody else.
_FORGET = """
DELETE FROM customer_summary s WHERE s.tenant_id = :tenant_id AND {some} AND NOT EXISTS (
  SELECT FROM identifier i JOIN shop_order o ON o.tenant_id = :tenant_id AND o.identifier_id = i.id
  WHERE i.tenant_id = :tenant_id AND i.profile_id = s.profile_id AND o.status <> 'cancelled' AND o.return_of IS NULL)
RETURNING s.profile_id
"""
_FORGET_SOME = text(_FORGET.format(some="s.profile_id = ANY(CAST(:ids AS uuid[]))"))
_FORGET_ALL = text(_FORGET.format(some="true"))


async def summarise(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Compute what these people bought anew; returns whose summary is another, and who has none any more.

    Locks the summaries in the order of the profiles: what is read afterwards is at least as new as what others wrote.
    """
    parameters = {"tenant_id": tenant_id, "ids": list(ids)}
    changed = set((await session.execute(_SUMMARISE_SOME, parameters)).scalars())
    return changed, set((await session.execute(_FORGET_SOME, parameters)).scalars())


async def summarise_all(session: Session, tenant_id: TenantId) -> set[UUID]:
    """The same of everybody, in one statement; returns whose summary is another or gone."""
    parameters = {"tenant_id": tenant_id}
    changed = set((await session.execute(_SUMMARISE_ALL, parameters)).scalars())
    return changed | set((await session.execute(_FORGET_ALL, parameters)).scalars())


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

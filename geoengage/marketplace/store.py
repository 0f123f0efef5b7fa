"""SQL of the marketplace: what stores may spend and spent, and how they compare, which it only reads."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.marketplace.models import StoreLimit, StoreSpend
from geoengage.marketplace.rules.league import StoreMonth, Traded, month_before
from geoengage.marketplace.rules.spend import Cap, Count

# --- what stores spend -----------------------------------------------------------------------------------------------


async def list_caps(
    session: Session, tenant_id: TenantId, store_ids: Collection[UUID], *, lock: bool = False
) -> dict[UUID, Cap]:
    """The limits of those of these stores that have one. `lock`: until the end of the transaction they alone spend."""
    query = select(StoreLimit.store_id, StoreLimit.limit_minor, StoreLimit.currency).where(
        StoreLimit.tenant_id == tenant_id, StoreLimit.store_id.in_(store_ids)
    )
    query = query.order_by(StoreLimit.store_id)
    rows = await session.execute(query.with_for_update() if lock else query)
    return {store_id: Cap(limit_minor, currency) for store_id, limit_minor, currency in rows}


async def put_cap(session: Session, tenant_id: TenantId, store_id: UUID, cap: Cap, now: datetime) -> None:
    """Limit a store, in the place of what limited it before."""
    values = {"limit_minor": cap.limit_minor, "currency": cap.currency, "updated_at": now}
    statement = insert(StoreLimit).values(tenant_id=tenant_id, store_id=store_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "store_id"], set_=values))


async def delete_cap(session: Session, tenant_id: TenantId, store_id: UUID) -> None:
    """Let a store spend without limit."""
    await session.execute(delete(StoreLimit).where(StoreLimit.tenant_id == tenant_id, StoreLimit.store_id == store_id))


async def list_counts(
    session: Session, tenant_id: TenantId, store_ids: Collection[UUID] | None, since: date
) -> list[Count]:
    """What was counted of these stores (None: of all) from a month on, the latest month first."""
    query = select(
        StoreSpend.store_id, StoreSpend.month, StoreSpend.channel, StoreSpend.country, StoreSpend.messages,
        StoreSpend.held_back,
    ).where(StoreSpend.tenant_id == tenant_id, StoreSpend.month >= since)  # fmt: skip
    if store_ids is not None:
        query = query.where(StoreSpend.store_id.in_(store_ids))
    query = query.order_by(StoreSpend.month.desc(), StoreSpend.store_id, StoreSpend.channel, StoreSpend.country)
    return [Count(*row) for row in await session.execute(query)]


_ADD = """
INSERT INTO store_spend AS s (tenant_id, store_id, month, channel, country, messages, held_back)
SELECT :tenant_id, w.* FROM unnest(CAST(:stores AS uuid[]), CAST(:months AS date[]), CAST(:channels AS text[]),
  CAST(:countries AS text[]), CAST(:messages AS int8[]), CAST(:held AS int8[]))
  AS w (store_id, month, channel, country, messages, held_back)
WHERE EXISTS (SELECT FROM store WHERE store.tenant_id = :tenant_id AND store.id = w.store_id)
ON CONFLICT (tenant_id, store_id, month, channel, country)
DO UPDATE SET messages = s.messages + excluded.messages, held_back = s.held_back + excluded.held_back
"""


async def add_counts(session: Session, tenant_id: TenantId, counts: Sequence[Count]) -> None:
    """Count these besides. A store that was deleted meanwhile is left out."""
    rows = sorted(counts, key=lambda each: (each.store_id, each.month, each.channel, each.country))
    await send(
        session,
        _ADD,
        {
            "tenant_id": tenant_id,
            "stores": pgarrays.uuids(each.store_id for each in rows),
            "months": pgarrays.texts(each.month.isoformat() for each in rows),
            "channels": pgarrays.texts(each.channel for each in rows),
            "countries": pgarrays.texts(each.country for each in rows),
            "messages": pgarrays.texts(str(each.messages) for each in rows),
            "held": pgarrays.texts(str(each.held_back) for each in rows),
        },
    )


# --- how stores compare ----------------------------------------------------------------------------------------------

_ORDERS = """
WITH o AS (
  SELECT o.store_id, CAST(date_trunc('month', o.ordered_at AT TIME ZONE :zone) AS date) AS month, o.currency,
    i.profile_id, o.total_minor - o.refunded_minor AS minor
  FROM shop_order o LEFT JOIN identifier i ON i.tenant_id = o.tenant_id AND i.id = o.identifier_id
  WHERE o.tenant_id = :tenant_id AND o.store_id IS NOT NULL AND o.status <> 'cancelled' AND o.return_of IS NULL
    AND o.ordered_at >= CAST(:since AS date) AT TIME ZONE :zone
    AND o.ordered_at < (CAST(:month AS date) + interval '1 month') AT TIME ZONE :zone)"""
_SOLD = f"""{_ORDERS}
SELECT store_id, month, currency, count(*), count(*) - count(profile_id), count(DISTINCT profile_id),
  CAST(sum(minor) AS int8)
FROM o -- of :tenant_id
GROUP BY GROUPING SETS ((store_id, month), (store_id, month, currency))
"""  # noqa: S608 - a piece of ours
_AGAIN = f"""{_ORDERS}, people AS (
  SELECT store_id, bool_or(month = CAST(:month AS date)) AS again FROM o WHERE profile_id IS NOT NULL
  GROUP BY store_id, profile_id HAVING bool_or(month < CAST(:month AS date)))
SELECT store_id, count(*), count(*) FILTER (WHERE again) FROM people -- of :tenant_id
GROUP BY 1
"""  # noqa: S608 - a piece of ours
_STORES = """
SELECT s.id, s.name, CAST(date_trunc('month', (SELECT min(o.ordered_at) FROM shop_order o
  WHERE o.tenant_id = s.tenant_id AND o.store_id = s.id AND o.status <> 'cancelled' AND o.return_of IS NULL)
  AT TIME ZONE :zone) AS date)
FROM store s WHERE s.tenant_id = :tenant_id ORDER BY s.id
"""


async def list_trade(session: Session, tenant_id: TenantId, zone: str, since: date, month: date) -> list[Traded]:
    """What each store sold month by month from `since` to `month`, and whether the customers of the month before came
    back. Three passes over the orders of these months, however many stores there are."""
    names: dict[str, Any] = {"tenant_id": tenant_id, "zone": zone, "since": since, "month": month}
    sold: dict[tuple[UUID, date], dict[str | None, tuple[int, int, int, int]]] = {}
    for store_id, at, currency, *figures in await session.execute(text(_SOLD), names):
        sold.setdefault((store_id, at), {})[currency] = (figures[0], figures[1], figures[2], figures[3])
    again = {
        store_id: (before, back)
        for store_id, before, back in await session.execute(text(_AGAIN), names | {"since": month_before(month)})
    }
    months: dict[UUID, dict[date, StoreMonth]] = {}
    for (store_id, at), by_currency in sold.items():
        _, guests, customers, _ = by_currency.pop(None)
        months.setdefault(store_id, {})[at] = StoreMonth(
            customers, guests, {str(name): each[0] for name, each in by_currency.items()},
            {str(name): each[3] for name, each in by_currency.items()},
        )  # fmt: skip
    stores = await session.execute(text(_STORES), {"tenant_id": tenant_id, "zone": zone})
    return [Traded(id_, name, first, months.get(id_, {}), *again.get(id_, (0, 0))) for id_, name, first in stores]

"""SQL of one person at a glance: what they bought, where and when they usually do, what lies in their carts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session, row_dict
from geoengage.kit.ids import TenantId
from geoengage.reports.store.timeline import Of

# What counts as bought: neither cancelled nor waiting for its payment, and no goods brought back.
_BOUGHT = (
    "o.identifier_id = ANY(CAST(:ids AS uuid[])) AND o.total_minor >= 0"
    " AND o.status IN ('paid', 'partially_refunded', 'refunded')"
)


async def _list(
    session: Session, tenant_id: TenantId, of: Of, query: str, since: datetime | None = None
) -> list[dict[str, Any]]:
    parameters = {"tenant_id": tenant_id, "ids": of.ids, "devices": of.devices, "stores": list(of.stores or ())}
    parameters |= {"since": since}
    used = {name: value for name, value in parameters.items() if f":{name}" in query}
    return [row_dict(row) for row in await session.execute(text(query), used)]


def _of_stores(of: Of, alias: str) -> str:
    return "" if of.stores is None else f" AND {alias}.store_id = ANY(CAST(:stores AS uuid[]))"


async def list_figures(session: Session, tenant_id: TenantId, of: Of) -> Sequence[Mapping[str, Any]]:
    """Of each currency: orders, what was paid for them less what went back, the first and the last one."""
    query = (
        "SELECT o.currency, count(*) AS orders, CAST(sum(o.total_minor - o.refunded_minor) AS bigint) AS revenue_minor,"  # noqa: S608 - constants
        " CAST(sum(o.refunded_minor) AS bigint) AS refunded_minor, min(o.ordered_at) AS first_at,"
        f" max(o.ordered_at) AS last_at FROM shop_order o WHERE o.tenant_id = :tenant_id"
        f" AND {_BOUGHT}{_of_stores(of, 'o')}\n"
        " GROUP BY o.currency ORDER BY orders DESC, o.currency"
    )
    return await _list(session, tenant_id, of, query)


@dataclass(frozen=True, slots=True)
class Habit:
    """Where or at which hour a person usually buys: `n` of their `of` orders."""

    store_id: UUID | None
    store_name: str | None
    hour: int | None
    n: int
    of: int


async def find_habits(
    session: Session, tenant_id: TenantId, of: Of, since: datetime
) -> tuple[Habit | None, Habit | None]:
    """The store and the hour (in its time zone) of most orders since then; of equal ones the later one."""
    bought = (
        "SELECT o.store_id, s.name AS store_name, o.ordered_at,"  # noqa: S608 - constants
        " CAST(extract(hour FROM o.ordered_at AT TIME ZONE"
        " coalesce(s.timezone, m.timezone, t.timezone)) AS integer) AS hour FROM shop_order o"
        " JOIN tenant t ON t.id = o.tenant_id LEFT JOIN store s ON s.tenant_id = o.tenant_id AND s.id = o.store_id"
        " LEFT JOIN mall m ON m.tenant_id = s.tenant_id AND m.id = s.mall_id"
        f" WHERE o.tenant_id = :tenant_id AND {_BOUGHT}{_of_stores(of, 'o')} AND o.ordered_at > :since"
    )

    async def most(columns: str, where: str) -> Habit | None:
        query = (
            f"SELECT {columns}, count(*) AS n, CAST(sum(count(*)) OVER () AS integer) AS of"  # noqa: S608 - constants
            f" FROM ({bought}) b WHERE {where} GROUP BY 1, 2, 3"
            " ORDER BY n DESC, max(ordered_at) DESC LIMIT 1 -- :tenant_id"
        )
        rows = await _list(session, tenant_id, of, query, since)
        return Habit(**rows[0]) if rows else None

    store = await most("store_id, store_name, CAST(NULL AS integer) AS hour", "store_id IS NOT NULL")
    hour = await most("CAST(NULL AS uuid) AS store_id, CAST(NULL AS text) AS store_name, hour", "true")
    return store, hour


async def list_open_carts(session: Session, tenant_id: TenantId, of: Of) -> Sequence[Mapping[str, Any]]:
    """Carts that are not ordered and not empty, each with its `lines`, the last changed one first."""
    query = (
        "SELECT c.id, c.store_id, s.name AS store_name, c.changed_at, c.abandoned_at, (SELECT jsonb_agg("  # noqa: S608 - constants
        "jsonb_build_object('name', l.name, 'sku', l.sku, 'image_url', l.image_url, 'quantity_milli', l.quantity_milli,"
        " 'unit_price_minor', l.unit_price_minor, 'currency', l.currency) ORDER BY l.added_at, l.item) FROM cart_line l"
        " WHERE l.tenant_id = c.tenant_id AND l.cart_id = c.id) AS lines FROM cart c"
        " LEFT JOIN store s ON s.tenant_id = c.tenant_id AND s.id = c.store_id"
        " WHERE c.tenant_id = :tenant_id AND c.status = 'open' AND (c.identifier_id = ANY(CAST(:ids AS uuid[]))"
        f" OR c.device_id = ANY(CAST(:devices AS uuid[]))){_of_stores(of, 'c')}"
        " AND EXISTS (SELECT FROM cart_line l WHERE l.tenant_id = c.tenant_id AND l.cart_id = c.id)"
        " ORDER BY c.changed_at DESC LIMIT 20"
    )
    return await _list(session, tenant_id, of, query)

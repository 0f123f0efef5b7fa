"""SQL of value models: purchase days out, fits and customers' values in."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import select, text

from geoengage.kit import bulk
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.metrics.models import CustomerValue, ValueModelRow
from geoengage.metrics.rules import Values

KEPT_VERSIONS = 26  # half a year of weekly fits
# Two transactions never value the same tenant at once: a key of the tenant's, held until the end of the transaction.
_LOCK = "hashtextextended('geoengage.values' || CAST(:tenant_id AS text), 0)"
_ALONE = f"SELECT pg_try_advisory_xact_lock({_LOCK})"
_IN_TURN = f"SELECT pg_advisory_xact_lock({_LOCK})"
_CURRENCIES = """
SELECT s.currency, sum(s.orders - s.other_orders)::bigint AS orders, sum(s.other_orders)::bigint AS others
FROM customer_summary s WHERE s.tenant_id = :tenant_id GROUP BY 1 ORDER BY 2 DESC, 1
"""
# Days as date.toordinal counts them.
_BUYERS = """
SELECT s.profile_id, (s.first_day - date '0001-01-01' + 1)::int8 AS first_day,
  (s.last_day - date '0001-01-01' + 1)::int8 AS last_day, s.purchase_days::int8,
  CASE WHEN s.currency = :currency THEN s.repeat_spend_minor::float8 ELSE CAST('NaN' AS float8) END AS spent
FROM customer_summary s WHERE s.tenant_id = :tenant_id
"""
_SOME = _BUYERS + " AND s.profile_id = ANY(CAST(:ids AS uuid[])) ORDER BY 1"
_BUYER_COLUMNS = {
    "profile_id": "uuid", "first_day": "int8", "last_day": "int8", "purchase_days": "int8", "spent": "float8",
}  # fmt: skip
# The last digits of an id are random, whatever kind of UUID it is; so a part of the people is a fair sample.
_SAMPLE = """
SELECT dense_rank() OVER (ORDER BY i.profile_id)::int8 AS customer, d.day::int8,
  coalesce(sum(o.total_minor - o.refunded_minor) FILTER (WHERE o.currency = :currency), 0)::float8 AS amount
FROM shop_order o JOIN tenant t ON t.id = :tenant_id
JOIN identifier i ON i.tenant_id = :tenant_id AND i.id = o.identifier_id
JOIN customer_summary s ON s.tenant_id = :tenant_id AND s.profile_id = i.profile_id AND s.currency = :currency
CROSS JOIN LATERAL (SELECT (o.ordered_at AT TIME ZONE t.timezone)::date - date '0001-01-01' + 1 AS day) d
WHERE o.tenant_id = :tenant_id AND o.status <> 'cancelled' AND o.return_of IS NULL
  AND CAST(CAST('x' || right(i.profile_id::text, 6) AS bit(24)) AS int) % :parts = 0
GROUP BY i.profile_id, d.day
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A tenant and what its current model is; no model yet: all None."""

    tenant_id: TenantId
    timezone: str
    fitted_at: datetime | None
    valued_on: date | None
    fitted_customers: int | None
    customers: int


async def take_alone(session: Session, tenant_id: TenantId) -> bool:
    """Whether nobody else is at this tenant's values now; nobody will be until the end of the transaction."""
    return bool((await session.execute(text(_ALONE), {"tenant_id": tenant_id})).scalar())


async def wait_alone(session: Session, tenant_id: TenantId) -> None:
    """As `take_alone`, but wait for whoever is at it."""
    await session.execute(text(_IN_TURN), {"tenant_id": tenant_id})


async def main_currency(session: Session, tenant_id: TenantId) -> tuple[str | None, int]:
    """The currency of most of its customers' orders, and how many orders are in others."""
    rows = (await session.execute(text(_CURRENCIES), {"tenant_id": tenant_id})).all()
    return (rows[0][0] if rows else None), sum(row.others for row in rows) + sum(row.orders for row in rows[1:])


async def read_buyers(
    session: Session, tenant_id: TenantId, currency: str | None, profile_ids: Collection[UUID] | None = None
) -> bulk.Rows:
    """One row a customer, of some or of all: `profile_id`, `first_day` and `last_day` (date.toordinal),
    `purchase_days`, `spent` on all days but the first (minor units; NaN: in another currency).
    """
    parameters: dict[str, Any] = {"tenant_id": tenant_id, "currency": currency or ""}
    if profile_ids is not None:
        return await bulk.read(session, _SOME, parameters | {"ids": list(profile_ids)}, _BUYER_COLUMNS)
    return await bulk.read(session, _BUYERS, parameters, _BUYER_COLUMNS)


async def read_sample(session: Session, tenant_id: TenantId, currency: str | None, parts: int) -> bulk.Rows:
    """Purchase days of one customer in `parts`: `customer` from 1, `day` (date.toordinal), `amount` (minor units).

    Customers whose main currency is another are left out.
    """
    parameters = {"tenant_id": tenant_id, "currency": currency or "", "parts": parts}
    return await bulk.read(session, _SAMPLE, parameters, {"customer": "int8", "day": "int8", "amount": "float8"})


async def list_due(session: Session) -> list[Due]:
    """All tenants (cross-tenant: the worker serves all), those with the fewest customers first."""
    rows = await session.execute(
        text(
            "SELECT t.id, t.timezone, m.fitted_at, m.valued_on, m.customers,"
            " (SELECT count(*) FROM customer_summary s WHERE s.tenant_id = t.id) AS now"
            " FROM tenant t LEFT JOIN value_model m ON m.tenant_id = t.id AND m.is_current ORDER BY 6, 1"
        )
    )
    return [Due(TenantId(row[0]), *row[1:]) for row in rows]


# --- models --------------------------------------------------------------------------------------------------------


async def add_model(session: Session, tenant_id: TenantId, row: ValueModelRow) -> None:
    """Make it the current one, with the next version; the oldest ones beyond `KEPT_VERSIONS` go."""
    mine = {"tenant_id": tenant_id}
    found = await session.execute(
        text("SELECT coalesce(max(version), 0) FROM value_model WHERE tenant_id = :tenant_id"), mine
    )
    row.version = found.scalar_one() + 1
    await session.execute(
        text("UPDATE value_model SET is_current = false WHERE tenant_id = :tenant_id AND is_current"), mine
    )
    session.add(row)
    await session.flush()
    await session.execute(
        text("DELETE FROM value_model WHERE tenant_id = :tenant_id AND version <= :oldest"),
        mine | {"oldest": row.version - KEPT_VERSIONS},
    )


async def get_current(session: Session, tenant_id: TenantId) -> ValueModelRow | None:
    """The current model, which may be a refusal."""
    return await session.scalar(
        select(ValueModelRow).where(ValueModelRow.tenant_id == tenant_id, ValueModelRow.is_current)
    )


async def get_model(session: Session, tenant_id: TenantId, model_id: UUID) -> ValueModelRow | None:
    """One version."""
    return await session.get(ValueModelRow, (tenant_id, model_id))


async def list_models(session: Session, tenant_id: TenantId) -> Sequence[ValueModelRow]:
    """All versions that are kept, the newest first."""
    rows = await session.scalars(
        select(ValueModelRow).where(ValueModelRow.tenant_id == tenant_id).order_by(ValueModelRow.version.desc())
    )
    return rows.all()


async def set_valued_on(session: Session, tenant_id: TenantId, model_id: UUID, day: date) -> None:
    """Note for which day all customers were valued."""
    await session.execute(
        text("UPDATE value_model SET valued_on = :day WHERE tenant_id = :tenant_id AND id = :id"),
        {"tenant_id": tenant_id, "id": model_id, "day": day},
    )


# --- customers' values ---------------------------------------------------------------------------------------------

_COLUMNS = ("p_alive", "orders_90d", "orders_365d", "value_365_minor", "value_low_minor", "value_high_minor")
_NULL = -1  # what stands for null on the way
# Values that were worked out later than these were read stand: the person has bought meanwhile.
_PUT = """
INSERT INTO customer_value AS v (tenant_id, profile_id, model_id, currency, p_alive, orders_90d, orders_365d,
  value_365_minor, value_low_minor, value_high_minor, valued_at)
SELECT :tenant_id, n.profile_id, :model_id, :currency, n.p_alive, n.orders_90d, n.orders_365d,
  nullif(n.value_365_minor, -1), nullif(n.value_low_minor, -1), nullif(n.value_high_minor, -1), :now
FROM {source} JOIN profile p ON p.tenant_id = :tenant_id AND p.id = n.profile_id AND p.merged_into IS NULL
ORDER BY n.profile_id
ON CONFLICT (tenant_id, profile_id) DO UPDATE SET model_id = excluded.model_id, currency = excluded.currency,
  p_alive = excluded.p_alive, orders_90d = excluded.orders_90d, orders_365d = excluded.orders_365d,
  value_365_minor = excluded.value_365_minor, value_low_minor = excluded.value_low_minor,
  value_high_minor = excluded.value_high_minor, valued_at = excluded.valued_at
WHERE v.valued_at <= excluded.valued_at
"""
_PUT_ALL = text(_PUT.format(source="new_value n"))
_PUT_SOME = text(
    _PUT.format(
        source="unnest(CAST(:profile_id AS uuid[]), CAST(:p_alive AS float8[]), CAST(:orders_90d AS float8[]),"
        " CAST(:orders_365d AS float8[]), CAST(:value_365_minor AS bigint[]), CAST(:value_low_minor AS bigint[]),"
        f" CAST(:value_high_minor AS bigint[])) AS n (profile_id, {', '.join(_COLUMNS)})"
    )
)
_NEW = """
CREATE TEMP TABLE new_value (profile_id uuid, p_alive float8, orders_90d float8, orders_365d float8,
  value_365_minor int8, value_low_minor int8, value_high_minor int8) ON COMMIT DROP
"""
FEW = 1000  # people whose values go as parameters, not by COPY into a table of its own


async def put_values(
    session: Session, tenant_id: TenantId, model: ValueModelRow, profile_ids: Any, values: Values, now: datetime
) -> None:
    """Write these customers' values. `profile_ids`: as `read_buyers` gives them; `now`: when they were read."""
    columns = dict(zip(_COLUMNS, _arrays(values), strict=True))
    parameters = {"tenant_id": tenant_id, "model_id": model.id, "currency": model.currency, "now": now}
    if len(profile_ids) <= FEW:
        lists = {name: array.tolist() for name, array in columns.items()}
        ids = [UUID(bytes=bytes(id_)) for id_ in profile_ids]
        await session.execute(_PUT_SOME, parameters | lists | {"profile_id": ids})
        return
    kinds = {name: ("int8" if name.endswith("minor") else "float8", array) for name, array in columns.items()}
    await session.execute(text(_NEW))
    await bulk.write(session, "new_value", {"profile_id": ("uuid", profile_ids), **kinds})
    await session.execute(_PUT_ALL, parameters)
    await session.execute(text("DROP TABLE new_value"))


def _arrays(values: Values) -> Iterator[Any]:
    yield from (values.p_alive, values.orders_90d, values.orders_365d)
    for amounts in (values.value, values.low, values.high):
        known = np.full(len(values.p_alive), np.nan) if amounts is None else amounts
        yield np.where(np.isnan(known), _NULL, known).astype(np.int64)


async def delete_values(
    session: Session, tenant_id: TenantId, *, before: datetime | None = None, profile_ids: Collection[UUID] = ()
) -> None:
    """Forget the values that are older than `before`, and those of some people."""
    await session.execute(
        text(
            "DELETE FROM customer_value WHERE tenant_id = :tenant_id"
            " AND (valued_at < :before OR profile_id = ANY(CAST(:ids AS uuid[])))"
        ),
        {"tenant_id": tenant_id, "before": before, "ids": list(profile_ids)},
    )


async def read_values(
    session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]
) -> dict[UUID, CustomerValue]:
    """Values of these people, by profile; who is no customer, or has no model, is not among them."""
    rows = await session.scalars(
        select(CustomerValue).where(
            CustomerValue.tenant_id == tenant_id, CustomerValue.profile_id.in_(list(profile_ids))
        )
    )
    return {row.profile_id: row for row in rows}

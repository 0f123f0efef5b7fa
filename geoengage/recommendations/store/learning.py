"""SQL of learning: everybody's purchases as numbers, the model that was made of them, and when it is made anew."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from sqlalchemy import text

from geoengage.kit import pgarrays as pg
from geoengage.kit.db import Session, driver, send
from geoengage.kit.ids import TenantId
from geoengage.recommendations.rules import Fitted, Pattern, Purchases

MOST_ORDERS = 200_000  # the newest; about 2 million lines, 300 MB while they are learnt from
KEPT_MODELS = 10


@dataclass(frozen=True, slots=True)
class Model:
    """The model in use; see `RecommendationModel`."""

    id: UUID
    fitted_at: datetime
    gap_days: float


async def find_model(session: Session, tenant_id: TenantId) -> Model | None:
    """The model in use; None until the first one was fitted."""
    found = await send(
        session,
        "SELECT id, fitted_at, gap_days FROM recommendation_model WHERE tenant_id = :tenant_id AND is_current",
        {"tenant_id": tenant_id},
    )
    return Model(*found.rows[0]) if found.rows else None


async def list_known(session: Session, tenant_id: TenantId) -> tuple[list[UUID], list[UUID]]:
    """The products that are sold, and the stores."""
    products = await send(
        session,
        "SELECT id FROM product WHERE tenant_id = :tenant_id AND status = 'active' ORDER BY id",
        {"tenant_id": tenant_id},
    )
    stores = await send(session, "SELECT id FROM store WHERE tenant_id = :tenant_id", {"tenant_id": tenant_id})
    return [row[0] for row in products.rows], [row[0] for row in stores.rows]


# All numbers of the orders as one string of bytes, and all of their lines as another: two million rows as Python's
# tuples would take a gigabyte. Line: order << 32 | product.
_PURCHASES = """
WITH o AS MATERIALIZED (
  SELECT o.id, row_number() OVER (ORDER BY o.ordered_at DESC, o.id) AS n, i.profile_id, o.store_id,
    (o.ordered_at AT TIME ZONE t.timezone)::date - DATE '1970-01-01' AS day, o.ordered_at
  FROM shop_order o JOIN tenant t ON t.id = o.tenant_id
  LEFT JOIN identifier i ON i.tenant_id = o.tenant_id AND i.id = o.identifier_id
  WHERE o.tenant_id = :tenant_id AND o.ordered_at > :since AND o.ordered_at <= :now AND o.status <> 'cancelled'
    AND o.return_of IS NULL
  ORDER BY o.ordered_at DESC, o.id LIMIT :most),
who AS (SELECT profile_id, row_number() OVER () AS n FROM o WHERE profile_id IS NOT NULL GROUP BY profile_id),
place AS (SELECT * FROM unnest(CAST(:stores AS uuid[])) WITH ORDINALITY AS s (id, n)),
thing AS (SELECT * FROM unnest(CAST(:products AS uuid[])) WITH ORDINALITY AS p (id, n))
SELECT
  (SELECT string_agg(int8send(coalesce(who.n, -o.n)) || int8send(coalesce(place.n, 0) << 32 | o.day), ''::bytea
    ORDER BY o.n) FROM o LEFT JOIN who USING (profile_id) LEFT JOIN place ON place.id = o.store_id),
  (SELECT string_agg(int8send(o.n << 32 | thing.n - 1), ''::bytea)
    FROM o JOIN order_line l ON l.tenant_id = :tenant_id AND l.order_id = o.id AND l.quantity_milli > 0
    JOIN thing ON thing.id = l.product_id),
  (SELECT max(ordered_at) FROM o)
"""
_LOW = np.int64(2**32 - 1)


async def read_purchases(
    session: Session,
    tenant_id: TenantId,
    *,
    products: Sequence[UUID],
    stores: Sequence[UUID],
    since: datetime,
    now: datetime,
) -> tuple[Purchases, datetime | None]:
    """What was bought since: products by their place in `products`, stores from 1 in `stores`, guests below 0.

    And when the newest order was placed. The newest `MOST_ORDERS` orders at most; no cancelled ones, no returns.
    """
    found = await send(
        session,
        _PURCHASES,
        {
            "tenant_id": tenant_id, "since": since, "now": now, "most": MOST_ORDERS, "stores": pg.uuids(stores),
            "products": pg.uuids(products),
        },
    )  # fmt: skip
    orders, lines, through = found.rows[0]
    of_order = np.frombuffer(orders or b"", dtype=">i8").astype(np.int64).reshape(-1, 2)
    line = np.frombuffer(lines or b"", dtype=">i8").astype(np.int64)
    order = (line >> 32) - 1
    about = of_order[order]
    return Purchases(order, about[:, 0], line & _LOW, about[:, 1] >> 32, about[:, 1] & _LOW), through


# --- the model ----------------------------------------------------------------------------------------------------

_INSERT = text("""
INSERT INTO recommendation_model (tenant_id, id, fitted_at, through, baskets, people, products, gap_days, lambda,
  quality, is_current)
VALUES (:tenant_id, :id, :now, :through, :baskets, :people, :products, :gap_days, :lambda, CAST(:quality AS jsonb),
  true)
""")
_COPY_PATTERNS = """
COPY product_pattern (tenant_id, model_id, product_id, buyers, share, gap_days, others, weights) FROM STDIN
"""
_COPY_POPULAR = "COPY popular_product (tenant_id, model_id, place_id, rank, product_id, buyers) FROM STDIN"


async def replace_model(
    session: Session,
    tenant_id: TenantId,
    id_: UUID,
    fitted: Fitted,
    *,
    products: Sequence[UUID],
    stores: Sequence[UUID],
    through: datetime | None,
    now: datetime,
) -> None:
    """Put a model in the place of the one in use. What older ones knew goes away, the last ten keep their first row."""
    whose = {"tenant_id": tenant_id, "id": id_}
    await session.execute(
        text("UPDATE recommendation_model SET is_current = false WHERE tenant_id = :tenant_id AND is_current"), whose
    )
    facts: dict[str, Any] = {"baskets": fitted.baskets, "people": fitted.people, "products": len(fitted.patterns)}
    facts |= {"gap_days": fitted.gap_days, "lambda": fitted.lambda_, "through": through, "now": now}
    await session.execute(_INSERT, whose | facts | {"quality": _quality(fitted)})
    for table in ("product_pattern", "popular_product"):
        await session.execute(text(f"DELETE FROM {table} WHERE tenant_id = :tenant_id AND model_id <> :id"), whose)  # noqa: S608
    await session.execute(
        text(
            "DELETE FROM recommendation_model WHERE tenant_id = :tenant_id AND id NOT IN (SELECT id"
            " FROM recommendation_model WHERE tenant_id = :tenant_id ORDER BY fitted_at DESC, id DESC LIMIT :kept)"
        ),
        whose | {"kept": KEPT_MODELS},
    )
    head = f"{tenant_id}\t{id_}\t"
    async with driver(session) as connection, connection.cursor() as cursor:
        async with cursor.copy(_COPY_PATTERNS) as copy:
            await copy.write("".join(_pattern_rows(head, fitted.patterns, products)))
        async with cursor.copy(_COPY_POPULAR) as copy:
            await copy.write("".join(_popular_rows(head, fitted, products, (tenant_id, *stores))))


def _quality(fitted: Fitted) -> str:
    chosen = fitted.chosen_by
    if chosen is None:
        return "{}"
    ndcg = {f"{value:g}": round(gain, 4) for value, gain in chosen.ndcg.items()}
    whole = {"cases": chosen.cases, "ndcg_at_10": ndcg, "popularity_ndcg_at_10": round(chosen.popularity, 4)}
    return msgspec.json.encode(whole).decode()


def _pattern_rows(head: str, patterns: Iterable[Pattern], products: Sequence[UUID]) -> Iterable[str]:
    for p in patterns:
        gap = "\\N" if p.gap_days is None else p.gap_days
        others = ",".join(str(products[n]) for n in p.others)
        weights = ",".join(f"{weight:.6g}" for weight in p.weights)
        yield f"{head}{products[p.product]}\t{p.buyers}\t{p.share}\t{gap}\t{{{others}}}\t{{{weights}}}\n"


def _popular_rows(head: str, fitted: Fitted, products: Sequence[UUID], places: Sequence[UUID]) -> Iterable[str]:
    for place, ranked in fitted.popular.items():
        for rank, (product, buyers) in enumerate(ranked):
            yield f"{head}{places[place]}\t{rank}\t{products[product]}\t{buyers}\n"


# --- when ---------------------------------------------------------------------------------------------------------


async def claim_due(session: Session, now: datetime, lease_until: datetime) -> TenantId | None:
    """A tenant whose model is due and that has sold something, put off until then (cross-tenant: finds work)."""
    found = await session.execute(
        text("""
WITH due AS (
  SELECT t.id, s.tenant_id FROM tenant t LEFT JOIN recommendation_schedule s ON s.tenant_id = t.id
  WHERE coalesce(s.due_at, '-infinity') <= :now AND EXISTS (SELECT 1 FROM shop_order o WHERE o.tenant_id = t.id)
  ORDER BY s.due_at NULLS FIRST LIMIT 1)
INSERT INTO recommendation_schedule AS s (tenant_id, due_at) SELECT id, :until FROM due
ON CONFLICT (tenant_id) DO UPDATE SET due_at = excluded.due_at WHERE s.due_at <= :now
RETURNING tenant_id
"""),
        {"now": now, "until": lease_until},
    )
    id_ = found.scalar_one_or_none()
    return None if id_ is None else TenantId(id_)


async def list_selling(session: Session) -> list[tuple[TenantId, str]]:
    """Tenants that have orders, with their names (cross-tenant: a command fits all)."""
    rows = await session.execute(
        text(
            "SELECT t.id, t.name FROM tenant t WHERE EXISTS (SELECT 1 FROM shop_order o WHERE o.tenant_id = t.id)"
            " ORDER BY t.name"
        )
    )
    return [(TenantId(row[0]), row[1]) for row in rows]


async def set_due(session: Session, tenant_id: TenantId, at: datetime) -> None:
    """When the tenant's model is fitted next."""
    await session.execute(
        text("UPDATE recommendation_schedule SET due_at = :at WHERE tenant_id = :tenant_id"),
        {"tenant_id": tenant_id, "at": at},
    )

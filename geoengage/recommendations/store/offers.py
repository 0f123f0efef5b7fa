"""SQL of what a model says about products, and of which of them can be had."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from geoengage.kit import pgarrays as pg
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.recommendations.rules import Rhythm


async def list_rhythms(
    session: Session, tenant_id: TenantId, model_id: UUID, product_ids: Collection[UUID]
) -> dict[UUID, Rhythm]:
    """What a model knows of when these products are bought."""
    found = await send(
        session,
        "SELECT product_id, gap_days, share FROM product_pattern"
        " WHERE tenant_id = :tenant_id AND model_id = :model_id AND product_id = ANY(:ids)",
        {"tenant_id": tenant_id, "model_id": model_id, "ids": pg.uuids(product_ids)},
    )
    return {row[0]: Rhythm(row[1], row[2]) for row in found.rows}


async def list_others(
    session: Session, tenant_id: TenantId, model_id: UUID, product_ids: Collection[UUID]
) -> dict[UUID, tuple[list[UUID], list[float]]]:
    """What a model says these products are bought with, and how strongly, the strongest first."""
    found = await send(
        session,
        "SELECT product_id, others, weights FROM product_pattern"
        " WHERE tenant_id = :tenant_id AND model_id = :model_id AND product_id = ANY(:ids)",
        {"tenant_id": tenant_id, "model_id": model_id, "ids": pg.uuids(product_ids)},
    )
    return {row[0]: (row[1], row[2]) for row in found.rows}


async def list_popular(
    session: Session, tenant_id: TenantId, model_id: UUID, places: Sequence[UUID], most: int
) -> list[tuple[UUID, int]]:
    """Products with their buyers lately, most first, of the first of these places of which anything is known.

    A place is a store, or the tenant's id for everywhere.
    """
    found = await send(
        session,
        """
SELECT place_id, product_id, buyers FROM popular_product
WHERE tenant_id = :tenant_id AND model_id = :model_id AND place_id = ANY(:places) AND rank < :most ORDER BY rank
""",
        {"tenant_id": tenant_id, "model_id": model_id, "places": pg.uuids(places), "most": most},
    )
    known = {row[0] for row in found.rows}
    place = next((place for place in places if place in known), None)
    return [(row[1], row[2]) for row in found.rows if row[0] == place]


@dataclass(frozen=True, slots=True)
class Offer:
    """A product that can be had, with the price of the first of its variants that can."""

    product_id: UUID
    external_id: str
    name: str
    brand: str | None
    url: str | None
    image_url: str | None
    price_minor: int | None
    currency: str | None


async def list_offers(
    session: Session, tenant_id: TenantId, product_ids: Collection[UUID], stores: Collection[UUID] | None
) -> dict[UUID, Offer]:
    """Those of these products that can be had at one of the stores (None: anywhere), by id.

    They are sold still, of the tenant's catalogue or these stores' own, and in stock there: where these stores have
    counted a variant, some is left; where only others have, it is not theirs; what nobody counts is always there.
    """
    here, own = ("true", "") if stores is None else ("s.store_id = ANY(:stores)", "OR p.store_id = ANY(:stores)")
    visible = "true" if stores is None else f"(p.store_id IS NULL {own})"
    found = await send(
        session,
        f"""
SELECT p.id, p.external_id, p.name, p.brand, p.url, coalesce(v.image_url, p.image_urls[1]), v.price_minor, v.currency
FROM product p CROSS JOIN LATERAL (
  SELECT v.image_url, v.price_minor, v.currency FROM product_variant v CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(s.quantity_milli > 0) FILTER (WHERE {here}), count(*) = 0) AS is_there
    FROM stock s WHERE s.tenant_id = v.tenant_id AND s.variant_id = v.id) AS k
  WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id AND v.is_active AND k.is_there
  ORDER BY v.position, v.id LIMIT 1) AS v
WHERE p.tenant_id = :tenant_id AND p.id = ANY(:ids) AND p.status = 'active' AND {visible}
""",  # noqa: S608 - constants
        {"tenant_id": tenant_id, "ids": pg.uuids(product_ids)}
        | ({} if stores is None else {"stores": pg.uuids(stores)}),
    )
    return {row[0]: Offer(*row) for row in found.rows}


async def list_names(session: Session, tenant_id: TenantId, product_ids: Collection[UUID]) -> dict[UUID, str]:
    """What products are called."""
    found = await send(
        session,
        "SELECT id, name FROM product WHERE tenant_id = :tenant_id AND id = ANY(:ids)",
        {"tenant_id": tenant_id, "ids": pg.uuids(product_ids)},
    )
    return {row[0]: row[1] for row in found.rows}


async def find_store_name(session: Session, tenant_id: TenantId, store_id: UUID) -> str | None:
    """What a store is called; None when the tenant has no such store."""
    found = await send(
        session,
        "SELECT name FROM store WHERE tenant_id = :tenant_id AND id = :id",
        {"tenant_id": tenant_id, "id": store_id},
    )
    return found.rows[0][0] if found.rows else None


async def list_cart_products(
    session: Session, tenant_id: TenantId, cart_id: UUID, store_ids: Collection[UUID] | None
) -> tuple[UUID | None, list[UUID]] | None:
    """The store of a cart and the products in it; None when there is no such cart at one of the stores (None: all)."""
    found = await send(
        session,
        f"""
SELECT c.store_id, array_remove(array_agg(l.product_id), NULL) FROM cart c
LEFT JOIN cart_line l ON l.tenant_id = c.tenant_id AND l.cart_id = c.id
WHERE c.tenant_id = :tenant_id AND c.id = :id {"" if store_ids is None else "AND c.store_id = ANY(:stores)"}
GROUP BY c.store_id
""",  # noqa: S608 - constants
        {"tenant_id": tenant_id, "id": cart_id} | ({} if store_ids is None else {"stores": pg.uuids(store_ids)}),
    )
    return (found.rows[0][0], found.rows[0][1] or []) if found.rows else None

"""SQL of the catalogue as it is written and looked up: products, variants, stock."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from geoengage.commerce.rules import Outcome, ProductIn, StockIn, digest_of_product
from geoengage.kit import pgarrays as pg
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId, new_id

Found = tuple[UUID, UUID | None]  # product, and variant where it is certain which
_NOTHING: tuple[None, None] = (None, None)


@dataclass(frozen=True, slots=True)
class Item:
    """A variant of the catalogue with all that it may be called by."""

    variant_id: UUID
    product_id: UUID
    store_id: UUID | None
    product: str
    variant: str
    sku: str | None


class Items:
    """Looks up what sources call a product. A store's own products go before the tenant's."""

    def __init__(self, found: Iterable[Item]) -> None:
        self._by_variant: dict[tuple[UUID | None, str | None, str], tuple[str, str | None]] = {}
        self._by_product: dict[tuple[UUID | None, str], tuple[str, str | None]] = {}
        self._by_sku: dict[tuple[UUID | None, str], tuple[str, str | None]] = {}
        for item in found:
            both = (item.product_id.hex, item.variant_id.hex)
            self._by_variant[item.store_id, item.product, item.variant] = both
            self._by_variant.setdefault((item.store_id, None, item.variant), both)
            if item.sku is not None:
                self._by_sku.setdefault((item.store_id, item.sku), both)
                self._by_variant.setdefault((item.store_id, item.product, item.sku), both)
            known = self._by_product.get((item.store_id, item.product))
            is_only = known is None
            self._by_product[item.store_id, item.product] = (
                item.product_id.hex,
                item.variant_id.hex if is_only else None,
            )

    def find_hex(
        self, store_id: UUID | None, product: str | None, variant: str | None, sku: str | None
    ) -> tuple[str | None, str | None]:
        """Product id and variant id as hex digits, each None when it is not known."""
        for store in (store_id, None) if store_id is not None else (None,):
            for name in (variant, sku):
                if name is not None and (found := self._by_variant.get((store, product, name))):
                    return found
            if product is not None and (of_product := self._by_product.get((store, product))):
                return of_product
            if sku is not None and product is None and (by_sku := self._by_sku.get((store, sku))):
                return by_sku
        return _NOTHING


_ITEM = """v.id, v.product_id, p.store_id, p.external_id, v.external_id, v.sku
FROM product_variant v JOIN product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id"""
_FIND = f"""
SELECT {_ITEM} WHERE v.tenant_id = :tenant_id AND p.external_id = ANY(:products)
UNION SELECT {_ITEM} WHERE v.tenant_id = :tenant_id AND v.external_id = ANY(:variants)
UNION SELECT {_ITEM} WHERE v.tenant_id = :tenant_id AND v.sku = ANY(:skus)
ORDER BY 2, 1
"""


async def find_items(
    session: Session,
    tenant_id: TenantId,
    *,
    products: Collection[str],
    variants: Collection[str],
    skus: Collection[str],
) -> Items:
    """What the catalogue has of these external ids of products and variants and these skus."""
    if not products and not variants and not skus:
        return Items(())
    found = await send(
        session,
        _FIND,
        {
            "tenant_id": tenant_id,
            "products": pg.texts(products),
            "variants": pg.texts(variants),
            "skus": pg.texts(skus),
        },
    )
    return Items(Item(*row) for row in await found.fetchall())


_UPSERT_PRODUCTS = """
WITH k AS (
  SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:stores AS uuid[]), CAST(:external_ids AS text[]),
    CAST(:names AS text[]), CAST(:bodies AS jsonb[]), CAST(:versions AS timestamptz[]), CAST(:hashes AS bytea[]))
    AS k (id, store_id, external_id, name, body, version_at, hash))
INSERT INTO product AS p (tenant_id, id, store_id, external_id, name, description, brand, category, url, image_urls,
  locales, status, source_updated_at, content_hash, created_at, updated_at)
SELECT :tenant_id, k.id, k.store_id, k.external_id, k.name, k.body ->> 'description', k.body ->> 'brand',
  k.body ->> 'category', k.body ->> 'url',
  coalesce((SELECT array_agg(i) FROM jsonb_array_elements_text(k.body -> 'image_urls') i), '{}'),
  k.body -> 'locales', k.body ->> 'status', k.version_at, k.hash, :now, :now
FROM k ORDER BY k.store_id, k.external_id
ON CONFLICT (tenant_id, store_id, external_id) DO UPDATE SET name = excluded.name, description = excluded.description,
  brand = excluded.brand, category = excluded.category, url = excluded.url, image_urls = excluded.image_urls,
  locales = excluded.locales, status = excluded.status, source_updated_at = excluded.source_updated_at,
  content_hash = excluded.content_hash,
  version = p.version + CASE WHEN p.content_hash = excluded.content_hash THEN 0 ELSE 1 END,
  updated_at = CASE WHEN p.content_hash = excluded.content_hash THEN p.updated_at ELSE :now END
WHERE p.source_updated_at <= excluded.source_updated_at
RETURNING id, store_id, external_id, version
"""


async def upsert_products(
    session: Session, tenant_id: TenantId, products: Sequence[ProductIn], now: datetime
) -> list[tuple[UUID, Outcome]]:
    """Write products, each key once, locked in the order they come in; returns id and outcome of each."""
    before = await _list_versions(session, tenant_id, products)
    parameters = {
        "tenant_id": tenant_id,
        "now": now,
        "ids": pg.uuids(sorted(new_id(now) for _ in products)),
        "stores": pg.uuids_or_null([p.store_id for p in products]),
        "external_ids": pg.texts([p.external_id for p in products]),
        "names": pg.texts([p.name for p in products]),
        "bodies": pg.jsons([msgspec.json.encode(_body(p)) for p in products]),
        "versions": pg.times([p.updated_at for p in products]),
        "hashes": pg.blobs([digest_of_product(p) for p in products]),
    }
    written = await send(session, _UPSERT_PRODUCTS, parameters)
    taken = {(row[1], row[2]): (row[0], row[3]) for row in await written.fetchall()}
    missed = [product for product in products if product.key not in taken and product.key not in before]
    before |= await _list_versions(session, tenant_id, missed)  # somebody else has made them meanwhile
    result = [_outcome(before.get(product.key), taken.get(product.key)) for product in products]
    changed = [
        (id_, product)
        for (id_, outcome), product in zip(result, products, strict=True)
        if outcome in (Outcome.CREATED, Outcome.UPDATED)
    ]
    if changed:
        await _write_variants(session, tenant_id, changed)
        await _link_lines(session, tenant_id, changed)
    return result


def _outcome(before: tuple[UUID, int] | None, after: tuple[UUID, int] | None) -> tuple[UUID, Outcome]:
    """Of (id, version) before and after; a row that a newer version holds was not written."""
    if after is None:
        assert before is not None  # noqa: S101 - there is a row that holds
        return before[0], Outcome.STALE
    if before is None:
        return after[0], Outcome.CREATED if after[1] == 1 else Outcome.UPDATED
    return after[0], Outcome.UNCHANGED if after[1] == before[1] else Outcome.UPDATED


def _body(product: ProductIn) -> dict[str, object]:
    return {
        "description": product.description,
        "brand": product.brand,
        "category": product.category,
        "url": product.url,
        "image_urls": product.image_urls,
        "locales": product.locales,
        "status": product.status,
    }


async def _list_versions(
    session: Session, tenant_id: TenantId, products: Sequence[ProductIn]
) -> dict[tuple[UUID | None, str], tuple[UUID, int]]:
    if not products:
        return {}
    found = await send(
        session,
        "SELECT p.store_id, p.external_id, p.id, p.version FROM product p"
        " WHERE p.tenant_id = :tenant_id AND p.external_id = ANY(:ids)",
        {"tenant_id": tenant_id, "ids": pg.texts([p.external_id for p in products])},
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in await found.fetchall()}


_WRITE_VARIANTS = """
INSERT INTO product_variant (tenant_id, id, product_id, external_id, sku, barcode, name, options, price_minor,
  was_price_minor, cost_minor, currency, image_url, position, is_active)
SELECT :tenant_id, k.id, k.product_id, k.body ->> 'external_id', k.body ->> 'sku', k.body ->> 'barcode',
  k.body ->> 'name', k.body -> 'options', CAST(k.body ->> 'price_minor' AS bigint),
  CAST(k.body ->> 'was_price_minor' AS bigint), CAST(k.body ->> 'cost_minor' AS bigint), k.body ->> 'currency',
  k.body ->> 'image_url', k.position, true
FROM unnest(CAST(:ids AS uuid[]), CAST(:product_ids AS uuid[]), CAST(:bodies AS jsonb[]), CAST(:positions AS int[]))
  AS k (id, product_id, body, position)
ON CONFLICT (tenant_id, product_id, external_id) DO UPDATE SET sku = excluded.sku, barcode = excluded.barcode,
  name = excluded.name, options = excluded.options, price_minor = excluded.price_minor,
  was_price_minor = excluded.was_price_minor, cost_minor = excluded.cost_minor, currency = excluded.currency,
  image_url = excluded.image_url, position = excluded.position, is_active = true
"""


async def _write_variants(session: Session, tenant_id: TenantId, products: Sequence[tuple[UUID, ProductIn]]) -> None:
    flat = [(id_, n, variant) for id_, product in products for n, variant in enumerate(product.variants)]
    product_ids = pg.uuids([id_ for id_, _ in products])
    await send(
        session,
        "UPDATE product_variant v SET is_active = false"
        " WHERE v.tenant_id = :tenant_id AND v.product_id = ANY(:product_ids)",
        {"tenant_id": tenant_id, "product_ids": product_ids},
    )
    await send(
        session,
        _WRITE_VARIANTS,
        {
            "tenant_id": tenant_id,
            "ids": pg.uuids([new_id() for _ in flat]),
            "product_ids": pg.uuids([id_ for id_, _, _ in flat]),
            "bodies": pg.jsons([msgspec.json.encode(variant) for _, _, variant in flat]),
            "positions": pg.ints([n for _, n, _ in flat]),
        },
    )


async def _link_lines(session: Session, tenant_id: TenantId, products: Sequence[tuple[UUID, ProductIn]]) -> None:
    """Order lines that came before their product learn which it is, by its external id."""
    await send(
        session,
        """
UPDATE order_line l SET product_id = p.id, variant_id = (
  SELECT CASE WHEN count(*) = 1 THEN (array_agg(v.id))[1] END FROM product_variant v
  WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id AND v.is_active
    AND (v.external_id = l.variant_external_id OR v.sku = l.sku OR num_nonnulls(l.variant_external_id, l.sku) = 0))
FROM product p, shop_order o
WHERE p.tenant_id = :tenant_id AND p.id = ANY(:ids) AND l.tenant_id = :tenant_id AND l.product_id IS NULL
  AND l.product_external_id = p.external_id AND o.tenant_id = l.tenant_id AND o.id = l.order_id
  AND (p.store_id IS NULL OR p.store_id = o.store_id)
""",
        {"tenant_id": tenant_id, "ids": pg.uuids([id_ for id_, _ in products])},
    )


async def set_stock(
    session: Session, tenant_id: TenantId, counts: Sequence[tuple[StockIn, UUID]]
) -> set[tuple[UUID, UUID]]:
    """Put counts of variants, each store and variant once; returns (store, variant) of those that were taken."""
    written = await send(
        session,
        """
INSERT INTO stock AS s (tenant_id, store_id, variant_id, quantity_milli, at)
SELECT :tenant_id, k.* FROM unnest(CAST(:stores AS uuid[]), CAST(:variants AS uuid[]), CAST(:quantities AS bigint[]),
  CAST(:ats AS timestamptz[])) AS k (store_id, variant_id, quantity_milli, at)
ORDER BY k.store_id, k.variant_id
ON CONFLICT (tenant_id, store_id, variant_id) DO UPDATE SET quantity_milli = excluded.quantity_milli, at = excluded.at
WHERE s.at <= excluded.at RETURNING store_id, variant_id
""",
        {
            "tenant_id": tenant_id,
            "stores": pg.uuids([count.store_id for count, _ in counts]),
            "variants": pg.uuids([variant_id for _, variant_id in counts]),
            "quantities": pg.bigints([count.quantity_milli for count, _ in counts]),
            "ats": pg.times([count.at for count, _ in counts]),
        },
    )
    return {(store_id, variant_id) for store_id, variant_id in await written.fetchall()}

"""Products and counts of stock come in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.commerce import store
from geoengage.commerce.rules import Outcome, ProductIn, StockIn
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


@dataclass(frozen=True, slots=True)
class RecordedProduct:
    """What became of a product that came in."""

    id: UUID
    outcome: Outcome


async def upsert_products(
    session: Session, tenant_id: TenantId, products: Sequence[ProductIn], now: datetime
) -> list[RecordedProduct]:
    """Take in products, each by (store, external id); returns what became of each, in their order.

    Of several versions of one product in a call the newest is written, the others are stale.
    """
    newest: dict[tuple[UUID | None, str], ProductIn] = {}
    for product in products:
        other = newest.get(product.key)
        if other is None or other.updated_at <= product.updated_at:
            newest[product.key] = product
    written = sorted(newest.values(), key=lambda p: (str(p.store_id), p.external_id))
    found = await store.upsert_products(session, tenant_id, written, now) if written else []
    by_key = {product.key: each for product, each in zip(written, found, strict=True)}
    results = []
    for product in products:
        id_, outcome = by_key[product.key]
        results.append(RecordedProduct(id_, outcome if product is newest[product.key] else Outcome.STALE))
    return results


async def set_stock(session: Session, tenant_id: TenantId, counts: Sequence[StockIn]) -> list[Outcome | None]:
    """Take in counts of stock; of each: updated, stale (a newer count is known), or None: there is no such item."""
    names = {count.item for count in counts}
    items = await store.find_items(session, tenant_id, products=names, variants=names, skus=names)
    newest: dict[tuple[UUID, UUID], StockIn] = {}
    found: list[tuple[UUID, UUID] | None] = []
    for count in counts:
        variant = _variant_of(items, count)
        key = None if variant is None else (count.store_id, variant)
        found.append(key)
        if key is not None and (key not in newest or newest[key].at <= count.at):
            newest[key] = count
    taken = await store.set_stock(session, tenant_id, [(c, variant) for (_, variant), c in newest.items()])
    return [
        None if key is None else Outcome.UPDATED if key in taken and newest[key] is count else Outcome.STALE
        for key, count in zip(found, counts, strict=True)
    ]


def _variant_of(items: store.Items, count: StockIn) -> UUID | None:
    """The variant with that external id, else that sku, else the only one of the product with that external id."""
    for names in ((None, count.item, None), (None, None, count.item), (count.item, None, None)):
        _, variant = items.find_hex(count.store_id, *names)
        if variant is not None:
            return UUID(variant)
    return None

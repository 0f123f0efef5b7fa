"""What callers put into carts, as the catalogue has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.commerce import store
from geoengage.commerce.rules import CartItem
from geoengage.commerce.service.carts import priced
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A thing as a caller names it: by `item` of a cart, by the source's ids, or by sku; the words are for what the
    catalogue does not know.
    """

    quantity_milli: int
    item: str | None = None
    product_id: str | None = None
    variant_id: str | None = None
    sku: str | None = None
    name: str | None = None
    unit_price_minor: int | None = None
    currency: str | None = None
    image_url: str | None = None


async def find_things(
    session: Session, tenant_id: TenantId, named: Sequence[Named], store_id: UUID | None, now: datetime
) -> list[CartItem]:
    """Things as the catalogue has them, in their order; what it does not know stays as it was said."""
    items = await store.find_items(
        session,
        tenant_id,
        products={n.product_id for n in named if n.product_id is not None},
        variants={n.variant_id for n in named if n.variant_id is not None},
        skus={n.sku for n in named if n.sku is not None},
    )
    variants = [_variant(items, each, store_id) for each in named]
    offered = await store.list_offered(session, tenant_id, {id_ for id_ in variants if id_ is not None}, store_id)
    return [
        priced(_unknown(each, now), None if id_ is None else offered.get(id_))
        for each, id_ in zip(named, variants, strict=True)
    ]


def _variant(items: store.Items, named: Named, store_id: UUID | None) -> UUID | None:
    if named.item is not None:
        try:
            return UUID(named.item)
        except ValueError:
            return None  # something that the catalogue does not know
    _, found = items.find_hex(store_id, named.product_id, named.variant_id, named.sku)
    return None if found is None else UUID(found)


def _unknown(named: Named, now: datetime) -> CartItem:
    called = named.variant_id or named.sku or named.product_id
    item = named.item or f"x:{called}"
    return CartItem(
        item=item,
        quantity_milli=named.quantity_milli,
        name=named.name or called or item.removeprefix("x:"),
        added_at=now,
        changed_at=now,
        product_external_id=named.product_id,
        variant_external_id=named.variant_id,
        sku=named.sku,
        image_url=named.image_url,
        unit_price_minor=named.unit_price_minor,
        currency=named.currency,
    )

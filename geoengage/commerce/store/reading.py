"""SQL of orders and products as they are read: one, or a page of many with what belongs to them in few statements."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_

from geoengage.commerce.models import (
    OrderLine,
    Product,
    ProductVariant,
    RefundLineRow,
    RefundRow,
    ShopOrder,
    Stock,
)
from geoengage.commerce.rules import SEPARATOR, Status
from geoengage.kit.db import Session
from geoengage.kit.errors import NotFound
from geoengage.kit.ids import TenantId
from geoengage.profiles.models import Identifier, Profile
from geoengage.venues.models import Store


class OrderNotFound(NotFound):
    """No such order, or not one of the caller's stores."""

    code = "order-not-found"
    title = "No such order"


class ProductNotFound(NotFound):
    """No such product, or one of a store that the caller may not see."""

    code = "product-not-found"
    title = "No such product"


# --- orders -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders to list. `store_ids`: those a restricted caller sees, None for all."""

    store_id: UUID | None = None
    status: Status | None = None
    source: str | None = None
    external_id: str | None = None
    identifier_id: UUID | None = None
    profile_id: UUID | None = None
    product_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    store_ids: frozenset[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """Who an order belongs to."""

    profile_id: UUID
    external_id: str | None
    first_name: str | None


@dataclass(slots=True)
class OrderView:
    """An order with its parts. `return_id`: the sale that it returns goods of, where that is known."""

    row: ShopOrder
    lines: list[OrderLine] = field(default_factory=list)
    refunds: list[tuple[RefundRow, list[RefundLineRow]]] = field(default_factory=list)
    customer: Customer | None = None
    return_id: UUID | None = None


async def list_orders(
    session: Session, tenant_id: TenantId, wanted: OrderFilter, before: UUID | None, limit: int
) -> list[OrderView]:
    """Orders by the moment they were placed, newest first, with all their parts; `before`: below that order."""
    query = select(ShopOrder).where(ShopOrder.tenant_id == tenant_id, *_order_conditions(tenant_id, wanted))
    if before is not None:
        place = select(ShopOrder.ordered_at, ShopOrder.id).where(
            ShopOrder.tenant_id == tenant_id, ShopOrder.id == before
        )
        query = query.where(tuple_(ShopOrder.ordered_at, ShopOrder.id) < place.scalar_subquery())
    query = query.order_by(ShopOrder.ordered_at.desc(), ShopOrder.id.desc()).limit(limit)
    return await _with_parts(session, tenant_id, (await session.execute(query)).scalars().all())


def _order_conditions(tenant_id: TenantId, wanted: OrderFilter) -> list[ColumnElement[bool]]:
    equal = {
        ShopOrder.store_id: wanted.store_id,
        ShopOrder.status: wanted.status,
        ShopOrder.source: wanted.source,
        ShopOrder.external_id: wanted.external_id,
        ShopOrder.identifier_id: wanted.identifier_id,
    }
    conditions: list[ColumnElement[bool]] = [column == value for column, value in equal.items() if value is not None]
    if wanted.since is not None:
        conditions.append(ShopOrder.ordered_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(ShopOrder.ordered_at < wanted.until)
    if wanted.store_ids is not None:
        conditions.append(ShopOrder.store_id.in_(wanted.store_ids))
    if wanted.profile_id is not None:
        ids = select(Identifier.id).where(Identifier.tenant_id == tenant_id, Identifier.profile_id == wanted.profile_id)
        conditions.append(ShopOrder.identifier_id.in_(ids))
    if wanted.product_id is not None:
        conditions.append(
            exists().where(
                OrderLine.tenant_id == tenant_id,
                OrderLine.order_id == ShopOrder.id,
                OrderLine.product_id == wanted.product_id,
            )
        )
    return conditions


async def get_order(
    session: Session, tenant_id: TenantId, id_: UUID, *, store_ids: frozenset[UUID] | None = None, lock: bool = False
) -> ShopOrder:
    """One order, else OrderNotFound. `store_ids`: only of these stores. `lock`: FOR NO KEY UPDATE, read afresh."""
    query = select(ShopOrder).where(ShopOrder.tenant_id == tenant_id, ShopOrder.id == id_)
    if store_ids is not None:
        query = query.where(ShopOrder.store_id.in_(store_ids))
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise OrderNotFound(f"order {id_} does not exist")
    return row


async def view_orders(session: Session, tenant_id: TenantId, ids: Sequence[UUID]) -> list[OrderView]:
    """These orders with all their parts, in the order of `ids`; read afresh."""
    query = select(ShopOrder).where(ShopOrder.tenant_id == tenant_id, ShopOrder.id.in_(ids))
    rows = (await session.execute(query.execution_options(populate_existing=True))).scalars().all()
    views = {view.row.id: view for view in await _with_parts(session, tenant_id, rows)}
    return [views[id_] for id_ in ids]


async def _with_parts(session: Session, tenant_id: TenantId, rows: Sequence[ShopOrder]) -> list[OrderView]:
    views = {row.id: OrderView(row) for row in rows}
    if not views:
        return []
    lines = select(OrderLine).where(OrderLine.tenant_id == tenant_id, OrderLine.order_id.in_(views))
    for line in (await session.execute(lines.order_by(OrderLine.order_id, OrderLine.n))).scalars():
        views[line.order_id].lines.append(line)
    await _add_refunds(session, tenant_id, {id_: view for id_, view in views.items() if view.row.refunded_minor})
    await _add_customers(session, tenant_id, [view for view in views.values() if view.row.identifier_id])
    await _add_returned(session, tenant_id, [view for view in views.values() if view.row.return_of])
    return list(views.values())


async def _add_refunds(session: Session, tenant_id: TenantId, views: dict[UUID, OrderView]) -> None:
    if not views:
        return
    of = RefundLineRow.tenant_id == tenant_id, RefundLineRow.order_id.in_(views)
    lines: dict[tuple[UUID, str], list[RefundLineRow]] = defaultdict(list)
    for line in (await session.execute(select(RefundLineRow).where(*of).order_by(RefundLineRow.n))).scalars():
        lines[line.order_id, line.refund_external_id].append(line)
    query = select(RefundRow).where(RefundRow.tenant_id == tenant_id, RefundRow.order_id.in_(views))
    for refund in (await session.execute(query.order_by(RefundRow.at, RefundRow.external_id))).scalars():
        views[refund.order_id].refunds.append((refund, lines[refund.order_id, refund.external_id]))


async def _add_customers(session: Session, tenant_id: TenantId, views: Sequence[OrderView]) -> None:
    ids = {view.row.identifier_id for view in views}
    if not ids:
        return
    query = (
        select(Identifier.id, Profile.id, Profile.external_id, Profile.first_name)
        .join(Profile, and_(Profile.tenant_id == Identifier.tenant_id, Profile.id == Identifier.profile_id))
        .where(Identifier.tenant_id == tenant_id, Identifier.id.in_(ids))
    )
    found = {row[0]: Customer(*row[1:]) for row in await session.execute(query)}
    for view in views:
        view.customer = found.get(view.row.identifier_id) if view.row.identifier_id else None


async def _add_returned(session: Session, tenant_id: TenantId, views: Sequence[OrderView]) -> None:
    keys = {(v.row.return_of_source or v.row.source, v.row.return_of) for v in views}
    if not keys:
        return
    query = select(ShopOrder.source, ShopOrder.external_id, ShopOrder.id, ShopOrder.store_id).where(
        ShopOrder.tenant_id == tenant_id, tuple_(ShopOrder.source, ShopOrder.external_id).in_(keys)
    )
    found = {(row[0], row[1]): (row[2], row[3]) for row in await session.execute(query)}
    for view in views:
        id_, store_id = found.get(
            (view.row.return_of_source or view.row.source, view.row.return_of or ""), (None, None)
        )
        view.return_id = id_ if store_id == view.row.store_id else None  # another store's sale is none of its business


async def known_stores(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> set[UUID]:
    """Those of these stores that the tenant has."""
    query = select(Store.id).where(Store.tenant_id == tenant_id, Store.id.in_(ids))
    return set((await session.execute(query)).scalars())


# --- products -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """Which products to list. `category`: it and those below it. `in_store`: of which that store has some.
    `is_priced`: with a variant that has a price, or without any.

    `store_ids`: the caller sees the tenant's catalogue, the products of these stores, and the stock of these stores.
    """

    words: str | None = None
    category: str | None = None
    brand: str | None = None
    status: str | None = None
    in_store: UUID | None = None
    external_id: str | None = None
    barcode: str | None = None
    is_priced: bool | None = None
    store_ids: frozenset[UUID] | None = None


@dataclass(slots=True)
class ProductView:
    """A product with its variants, and what stores have of each: variant → (store, thousandths, counted at)."""

    row: Product
    variants: list[ProductVariant] = field(default_factory=list)
    stock: dict[UUID, list[tuple[UUID, int, datetime]]] = field(default_factory=dict)


async def list_products(
    session: Session, tenant_id: TenantId, wanted: ProductFilter, after: UUID | None, limit: int
) -> list[ProductView]:
    """Products by id, which is by age, with variants and stock."""
    query = select(Product).where(Product.tenant_id == tenant_id, *_product_conditions(tenant_id, wanted))
    if after is not None:
        query = query.where(Product.id > after)
    rows = (await session.execute(query.order_by(Product.id).limit(limit))).scalars().all()
    return await _with_variants(session, tenant_id, rows, wanted.store_ids)


def _product_conditions(tenant_id: TenantId, wanted: ProductFilter) -> list[ColumnElement[bool]]:
    of_product = ProductVariant.tenant_id == tenant_id, ProductVariant.product_id == Product.id
    conditions: list[ColumnElement[bool]] = []
    if wanted.store_ids is not None:
        conditions.append(or_(Product.store_id.is_(None), Product.store_id.in_(wanted.store_ids)))
    for column, value in (
        (Product.status, wanted.status),
        (Product.external_id, wanted.external_id),
        (func.lower(Product.brand), wanted.brand and wanted.brand.lower()),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.category is not None:
        below = Product.category.startswith(wanted.category + SEPARATOR, autoescape=True)
        conditions.append(or_(Product.category == wanted.category, below))
    if wanted.barcode is not None:
        same = or_(ProductVariant.barcode == wanted.barcode, ProductVariant.sku == wanted.barcode)
        conditions.append(exists().where(*of_product, same))
    if wanted.is_priced is not None:
        priced = exists().where(*of_product, ProductVariant.price_minor.is_not(None))
        conditions.append(priced if wanted.is_priced else ~priced)
    if wanted.words is not None:
        found = [column.icontains(wanted.words, autoescape=True) for column in (Product.name, Product.brand)]
        sku = exists().where(*of_product, ProductVariant.sku == wanted.words)
        conditions.append(or_(*found, Product.external_id == wanted.words, sku))
    if wanted.in_store is not None:
        has_some = Stock.store_id == wanted.in_store, Stock.quantity_milli > 0
        joined = Stock.tenant_id == tenant_id, Stock.variant_id == ProductVariant.id
        conditions.append(exists().where(*of_product, *joined, *has_some))
    return conditions


async def view_product(
    session: Session, tenant_id: TenantId, id_: UUID, store_ids: frozenset[UUID] | None, *, lock: bool = False
) -> ProductView:
    """A product that the caller may see, with its parts, read afresh; else ProductNotFound. `lock`: its row."""
    query = select(Product).where(Product.tenant_id == tenant_id, Product.id == id_)
    if lock:
        query = query.with_for_update(key_share=True)
    row = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None or (store_ids is not None and row.store_id is not None and row.store_id not in store_ids):
        raise ProductNotFound(f"product {id_} does not exist")
    (view,) = await _with_variants(session, tenant_id, [row], store_ids)
    return view


async def _with_variants(
    session: Session, tenant_id: TenantId, rows: Sequence[Product], store_ids: frozenset[UUID] | None
) -> list[ProductView]:
    views = {row.id: ProductView(row) for row in rows}
    if not views:
        return []
    of: tuple[Any, ...] = (ProductVariant.tenant_id == tenant_id, ProductVariant.product_id.in_(views))
    variants = select(ProductVariant).where(*of, ProductVariant.is_active).execution_options(populate_existing=True)
    for variant in (await session.execute(variants.order_by(ProductVariant.position))).scalars():
        views[variant.product_id].variants.append(variant)
    ids = [variant.id for view in views.values() for variant in view.variants]
    counts = select(Stock).where(Stock.tenant_id == tenant_id, Stock.variant_id.in_(ids))
    if store_ids is not None:
        counts = counts.where(Stock.store_id.in_(store_ids))
    by_variant: dict[UUID, list[tuple[UUID, int, datetime]]] = defaultdict(list)
    fresh = counts.order_by(Stock.store_id).execution_options(populate_existing=True)
    for each in (await session.execute(fresh)).scalars():
        by_variant[each.variant_id].append((each.store_id, each.quantity_milli, each.at))
    for view in views.values():
        view.stock = {variant.id: by_variant[variant.id] for variant in view.variants if variant.id in by_variant}
    return list(views.values())

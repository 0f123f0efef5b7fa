"""HTTP of the catalogue: products, one or many at once, upserted by external id; counts of stock."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from geoengage.commerce import service, store
from geoengage.commerce.api.rows import answer_rows, own_store, read_rows, whole_body, wrong_row, wrong_stores
from geoengage.commerce.rules import ProductIn, ProductStatus, check_product, normal_category
from geoengage.commerce.rules import StockIn as Count
from geoengage.commerce.shapes.pieces import RowResults, milli
from geoengage.commerce.shapes.products import (
    CountShape,
    ProductBody,
    ProductOut,
    ProductPage,
    ProductRecorded,
    ProductsIn,
    StockIn,
    product_json,
    product_out,
)
from geoengage.kit import errors
from geoengage.kit.http import EDIT, PROBLEMS, IfMatch, Now, Paging, Tx, check_version, etag
from geoengage.kit.ids import TenantId
from geoengage.tenancy.auth import CommerceCaller

router = APIRouter(tags=["products"], responses=PROBLEMS)


@router.get("/v1/products")
async def list_products(  # noqa: PLR0913 - one argument a filter
    me: CommerceCaller,
    tx: Tx,
    page: Paging,
    q: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="Part of name or brand; or a whole external id or sku."),
    ] = None,
    category: Annotated[str | None, Query(max_length=500, description="This one and those below it.")] = None,
    brand: Annotated[str | None, Query(max_length=500, description="Only of this brand.")] = None,
    status: Annotated[ProductStatus | None, Query(description="Only in this status.")] = None,
    in_store: Annotated[UUID | None, Query(description="Only what this store has some of.")] = None,
    external_id: Annotated[str | None, Query(max_length=255, description="Only with this id of yours.")] = None,
    barcode: Annotated[
        str | None, Query(max_length=255, description="Only with a variant of this barcode or sku.")
    ] = None,
    priced: Annotated[bool | None, Query(description="Only with a variant that has a price, or without any.")] = None,
) -> ProductPage:
    """Products, oldest first. A credential restricted to stores gets the tenant's catalogue and its stores' own."""
    if in_store is not None and not me.sees_store(in_store):
        return ProductPage(items=[], next=None)
    wanted = store.ProductFilter(
        words=q,
        category=normal_category(category),
        brand=brand,
        status=status,
        in_store=in_store,
        external_id=external_id,
        barcode=barcode,
        is_priced=priced,
        store_ids=me.store_ids,
    )
    found = await store.list_products(tx, TenantId(me.tenant_id), wanted, page.after, page.limit + 1)
    kept, next_ = page.cut(found, lambda view: view.row.id)
    return ProductPage(items=[product_out(view) for view in kept], next=next_)


@router.post("/v1/products", status_code=201, responses={200: {"description": "The product was known."}})
async def put_product(body: ProductBody, response: Response, me: CommerceCaller, tx: Tx, now: Now) -> ProductRecorded:
    """Record a product, or a new version of one. 201 when it is new, 200 otherwise; `outcome` says what it did."""
    tenant_id, store_id = TenantId(me.tenant_id), own_store(me, body.store_id)
    if found := await wrong_stores(tx, me, [store_id]):
        raise errors.field("store_id", found[store_id])
    product = body.product(store_id, now)
    whole_body(check_product(product))
    (recorded,) = await service.upsert_products(tx, tenant_id, [product], now)
    view = await store.view_product(tx, tenant_id, recorded.id, me.store_ids)
    response.status_code = 201 if recorded.outcome == "created" else 200
    response.headers["ETag"] = etag(view.row.version)
    return ProductRecorded.model_validate(product_json(view) | {"outcome": recorded.outcome})


@router.post("/v1/products:batch")
async def put_products(body: ProductsIn, me: CommerceCaller, tx: Tx, now: Now) -> RowResults:
    """Record up to 1,000 products at once; each is looked at by itself, and a wrong one does not stop the others.

    422 only when none of them could be taken.
    """
    good, bad = read_rows("products", body.products, ProductBody)
    stores = {i: own_store(me, row.store_id) for i, row in good.items()}
    forbidden = await wrong_stores(tx, me, stores.values())
    products: dict[int, ProductIn] = {}
    for i, row in good.items():
        product = row.product(stores[i], now)
        wrong = {"store_id": forbidden[stores[i]]} if stores[i] in forbidden else check_product(product)
        if wrong:
            bad[i] = wrong_row("products", i, wrong)
        else:
            products[i] = product
    recorded = await service.upsert_products(tx, TenantId(me.tenant_id), list(products.values()), now)
    done = {i: (each.id, each.outcome.value) for i, each in zip(products, recorded, strict=True)}
    return answer_rows(len(body.products), done, bad)


@router.get("/v1/products/{product_id}")
async def get_product(product_id: UUID, response: Response, me: CommerceCaller, tx: Tx) -> ProductOut:
    """One product."""
    view = await store.view_product(tx, TenantId(me.tenant_id), product_id, me.store_ids)
    response.headers["ETag"] = etag(view.row.version)
    return product_out(view)


@router.put("/v1/products/{product_id}", responses=EDIT)
async def replace_product(
    product_id: UUID, body: ProductBody, response: Response, me: CommerceCaller, tx: Tx, now: Now, version: IfMatch
) -> ProductOut:
    """Replace a product that you have read; its `external_id` and `store_id` stay. Needs If-Match."""
    tenant_id = TenantId(me.tenant_id)
    view = await store.view_product(tx, tenant_id, product_id, me.store_ids, lock=True)
    if not me.sees_store(view.row.store_id):
        raise store.ProductNotFound(f"product {product_id} is the tenant's, not your store's")
    if (body.external_id, own_store(me, body.store_id)) != (view.row.external_id, view.row.store_id):
        raise errors.field("external_id", "it and store_id name the product and stay as they are")
    check_version(view.row.version, version)
    product = body.product(view.row.store_id, now)
    whole_body(check_product(product))
    await service.upsert_products(tx, tenant_id, [product], now)
    view = await store.view_product(tx, tenant_id, product_id, me.store_ids)
    response.headers["ETag"] = etag(view.row.version)
    return product_out(view)


@router.post("/v1/stock")
async def set_stock(body: StockIn, me: CommerceCaller, tx: Tx, now: Now) -> RowResults:
    """Say how much stores have of things, up to 5,000 counts at once; the newest count of each holds.

    A count of something that the catalogue does not know is refused by itself. 422 only when none could be taken.
    """
    good, bad = read_rows("counts", body.counts, CountShape)
    forbidden = await wrong_stores(tx, me, {row.store_id for row in good.values()})
    counts: dict[int, Count] = {}
    for i, row in good.items():
        if (detail := forbidden.get(row.store_id)) is not None:
            bad[i] = wrong_row("counts", i, {"store_id": detail})
        else:
            counts[i] = Count(
                store_id=row.store_id, item=row.item, quantity_milli=milli(row.quantity), at=row.at or now
            )
    outcomes = await service.set_stock(tx, TenantId(me.tenant_id), list(counts.values())) if counts else []
    done: dict[int, tuple[UUID | None, str]] = {}
    for i, outcome in zip(counts, outcomes, strict=True):
        if outcome is None:
            bad[i] = wrong_row("counts", i, {"item": "the catalogue has no such variant; send its product first"})
        else:
            done[i] = (None, outcome.value)
    return answer_rows(len(body.counts), done, bad)

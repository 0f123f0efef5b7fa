"""HTTP of orders: one or many at once, upserted by (source, external id); refunds, cancelling, lists."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from geoengage.commerce import service, store
from geoengage.commerce.api.rows import answer_rows, own_store, read_rows, whole_body, wrong_row, wrong_stores
from geoengage.commerce.rules import OrderIn, Status, check_order
from geoengage.commerce.rules.people import order_source
from geoengage.commerce.service import Incoming
from geoengage.commerce.shapes.orders import (
    NewRefund,
    OrderBody,
    OrderOut,
    OrderPage,
    OrderRecorded,
    OrdersIn,
    PersonShape,
    RefundShape,
    order_json,
    order_out,
)
from geoengage.commerce.shapes.pieces import RowResults
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, PROBLEMS, NewId, Now, Paging, Tx, etag
from geoengage.kit.ids import TenantId
from geoengage.profiles import service as profiles
from geoengage.profiles.rules import Kind
from geoengage.tenancy.auth import CommerceCaller
from geoengage.tenancy.rules import Principal, Scope

router = APIRouter(tags=["orders"], responses=PROBLEMS)
_KINDS = {
    "external_id": Kind.EXTERNAL_ID,
    "loyalty_card": Kind.LOYALTY_CARD,
    "email": Kind.EMAIL,
    "phone": Kind.PHONE,
}


def sees_people(me: Principal) -> bool:
    """Whether a caller may read who customers are; of a restricted one all that it lists are its own stores'."""
    return me.may(Scope.PEOPLE) or me.may(Scope.CUSTOMERS)


def given_ids(shape: PersonShape | None) -> dict[Kind, str]:
    """The ids that a request names."""
    return {} if shape is None else {_KINDS[name]: value for name, value in shape.model_dump(exclude_none=True).items()}


@router.get("/v1/orders")
async def list_orders(  # noqa: PLR0913 - one argument a filter
    me: CommerceCaller,
    tx: Tx,
    now: Now,
    page: Paging,
    store_id: Annotated[UUID | None, Query(description="Only of this store.")] = None,
    status: Annotated[Status | None, Query(description="Only in this status.")] = None,
    source: Annotated[str | None, Query(max_length=255, description="Only from this source.")] = None,
    external_id: Annotated[str | None, Query(max_length=255, description="Only with this id at its source.")] = None,
    customer_id: Annotated[
        UUID | None, Query(description="Only of this customer, by `customer.id` of an order.")
    ] = None,
    profile_id: Annotated[
        UUID | None, Query(description="Only of this person; needs the scope `people` or `customers`.")
    ] = None,
    product_id: Annotated[UUID | None, Query(description="Only with this product of the catalogue, by our id.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Only placed then or later.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Only placed before.")] = None,
) -> OrderPage:
    """Orders by the moment they were placed, newest first, whenever they came here."""
    if profile_id is not None and not sees_people(me):
        raise errors.Forbidden("profile_id needs the scope 'people' or 'customers'", needs=Scope.CUSTOMERS.value)
    if profile_id is not None:
        profile_id = (await profiles.get_open(tx, me, profile_id, now)).profile_id
    wanted = store.OrderFilter(
        store_id=store_id,
        status=status,
        source=source,
        external_id=external_id,
        identifier_id=customer_id,
        profile_id=profile_id,
        product_id=product_id,
        since=since,
        until=until,
        store_ids=me.store_ids,
    )
    found = await store.list_orders(tx, TenantId(me.tenant_id), wanted, page.after, page.limit + 1)
    kept, next_ = page.cut(found, lambda view: view.row.id)
    return OrderPage(items=[order_out(view, with_people=sees_people(me)) for view in kept], next=next_)


@router.post("/v1/orders", status_code=201, responses={200: {"description": "The order was known."}})
async def put_order(body: OrderBody, response: Response, me: CommerceCaller, tx: Tx, now: Now) -> OrderRecorded:
    """Record an order, or a new version of one. 201 when it is new, 200 otherwise; `outcome` says what it did.

    Versions may come late, twice and in any order: the newest `updated_at` holds, refunds add up by their ids. A key
    restricted to stores sends under a source of its own, so that stores never meet, and finds its customer by one id.
    """
    tenant_id, store_id = TenantId(me.tenant_id), own_store(me, body.store_id)
    if found := await wrong_stores(tx, me, [store_id]):
        raise errors.field("store_id", found[store_id])
    order = _order(me, body, store_id, now)
    whole_body(check_order(order, now))
    incoming = Incoming(order, given_ids(body.customer), given_ids(body.guest))
    (recorded,) = await service.take_orders(tx, tenant_id, [incoming], now, restricted=me.store_ids is not None)
    (view,) = await store.view_orders(tx, tenant_id, [recorded.id])
    response.status_code = 201 if recorded.outcome == "created" else 200
    response.headers["ETag"] = etag(view.row.version)
    said = order_json(view, with_people=sees_people(me))
    return OrderRecorded.model_validate(said | {"outcome": recorded.outcome})


def _order(me: Principal, body: OrderBody, store_id: UUID | None, now: Now) -> OrderIn:
    return body.order(order_source(body.source, store_id if me.store_ids is not None else None), store_id, now)


@router.post("/v1/orders:batch")
async def put_orders(body: OrdersIn, me: CommerceCaller, tx: Tx, now: Now) -> RowResults:
    """Record up to 1,000 orders at once; each is looked at by itself, and a wrong one does not stop the others.

    422 only when none of them could be taken.
    """
    good, bad = read_rows("orders", body.orders, OrderBody)
    stores = {i: own_store(me, row.store_id) for i, row in good.items()}
    forbidden = await wrong_stores(tx, me, stores.values())
    incoming: dict[int, Incoming] = {}
    for i, row in good.items():
        if (detail := forbidden.get(stores[i])) is not None:
            bad[i] = wrong_row("orders", i, {"store_id": detail})
            continue
        order = _order(me, row, stores[i], now)
        if wrong := check_order(order, now):
            bad[i] = wrong_row("orders", i, wrong)
        else:
            incoming[i] = Incoming(order, given_ids(row.customer), given_ids(row.guest))
    restricted = me.store_ids is not None
    recorded = await service.take_orders(
        tx, TenantId(me.tenant_id), list(incoming.values()), now, restricted=restricted
    )
    done = {i: (each.id, each.outcome.value) for i, each in zip(incoming, recorded, strict=True)}
    return answer_rows(len(body.orders), done, bad)


@router.get("/v1/orders/{order_id}")
async def get_order(order_id: UUID, response: Response, me: CommerceCaller, tx: Tx) -> OrderOut:
    """One order."""
    await store.get_order(tx, TenantId(me.tenant_id), order_id, store_ids=me.store_ids)
    return await _answer(response, tx, me, order_id)


@router.post("/v1/orders/{order_id}/refunds", responses=CONFLICT)
async def refund_order(
    order_id: UUID, body: NewRefund, response: Response, me: CommerceCaller, tx: Tx, now: Now, new: NewId
) -> OrderOut:
    """Record money given back for an order. The same `external_id` or Idempotency-Key again changes nothing.

    409 when it is more than what is left of what was paid.
    """
    await store.get_order(tx, TenantId(me.tenant_id), order_id, store_ids=me.store_ids)
    named = body.model_dump() | {"external_id": body.external_id or f"api:{new.id}", "at": body.at or now}
    refund = RefundShape.model_validate(named).refund()
    await service.refund_order(tx, TenantId(me.tenant_id), order_id, refund, now)
    return await _answer(response, tx, me, order_id)


@router.post("/v1/orders/{order_id}/cancel")
async def cancel_order(order_id: UUID, response: Response, me: CommerceCaller, tx: Tx, now: Now) -> OrderOut:
    """Cancel an order, until its source sends a newer version of it. Repeating it changes nothing."""
    await store.get_order(tx, TenantId(me.tenant_id), order_id, store_ids=me.store_ids)
    await service.cancel_order(tx, TenantId(me.tenant_id), order_id, now)
    return await _answer(response, tx, me, order_id)


async def _answer(response: Response, tx: Session, me: Principal, order_id: UUID) -> OrderOut:
    (view,) = await store.view_orders(tx, TenantId(me.tenant_id), [order_id])
    response.headers["ETag"] = etag(view.row.version)
    return order_out(view, with_people=sees_people(me))

"""HTTP of codes: what a till should know of one, and using it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from geoengage.commerce.api.carts import owner_of
from geoengage.commerce.api.rows import own_store, wrong_stores
from geoengage.commerce.rules.people import order_source
from geoengage.commerce.shapes.carts import WhoseShape
from geoengage.commerce.shapes.orders import PersonShape
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Problem, Tx
from geoengage.kit.ids import TenantId
from geoengage.offers import store
from geoengage.offers.models import CouponRow, OfferRow
from geoengage.offers.rules import REFUSAL_WORDS, Refusal, read_code
from geoengage.offers.service import Use, redeem
from geoengage.offers.service.coupons import trouble_with
from geoengage.offers.shapes.coupons import CouponLook, RedeemIn, RedeemOut
from geoengage.tenancy.auth import CommerceCaller
from geoengage.tenancy.rules import Principal

router = APIRouter(
    tags=["offers"],
    responses=PROBLEMS | {429: {"model": Problem, "description": "Too many unknown codes; wait."}},
)
Code = Annotated[str, Path(max_length=64, description="As it was typed or scanned; small letters and look-alikes do.")]


class CodeRefused(errors.Conflict):
    """The code is not taken; `reason` says why."""

    code = "code-refused"
    title = "The code is not taken"


class UnknownCode(errors.NotFound):
    """Nobody was given this code."""

    code = "unknown-code"
    title = "Nobody was given this code"


@router.get("/v1/coupons/{code}")
async def look_at_coupon(
    code: Code,
    request: Request,
    me: CommerceCaller,
    tx: Tx,
    now: Now,
    store_id: Annotated[UUID | None, Query(description="Where. A key for one store need not say.")] = None,
    customer_id: Annotated[UUID | None, Query(description="Who shows it, by `customer.id` of an order.")] = None,
) -> CouponLook:
    """Whether a code would be taken now, and in words why not. What it takes off a cart says POST /v1/offers/price.

    404 for a code that nobody was given; 30 of these in ten minutes for each key or operator, so that nobody tries
    out codes.
    """
    row, offer = await _known(tx, me, code, request, now)
    tenant_id, at = TenantId(me.tenant_id), await _store_of(tx, me, store_id)
    profile_id = await _profile(tx, me, None, customer_id, at)
    refusal = await trouble_with(tx, tenant_id, row, offer, at, profile_id, now)
    return CouponLook(
        is_good=refusal is None,
        reason=refusal,
        words="" if refusal is None else REFUSAL_WORDS[refusal],
        label=row.label,
        offer_id=row.offer_id,
        expires_at=row.expires_at,
    )


async def _known(tx: Session, me: Principal, code: str, request: Request, now: Now) -> tuple[CouponRow, OfferRow]:
    """The coupon and its offer, for who may see that: another shop's offers are nobody's. UnknownCode is counted."""
    limits, caller, tenant_id = request.app.state, str(me.id), TenantId(me.tenant_id)
    limits.till_misses.check(caller, now)
    written = read_code(code)
    row = None if written is None else await store.find_by_code(tx, tenant_id, written)
    if row is not None:
        offer = await store.get_offer(tx, tenant_id, row.offer_id)
        if offer.store_id is None or me.sees_store(offer.store_id):
            return row, offer
    limits.till_misses.spend(caller, now)
    raise UnknownCode(REFUSAL_WORDS[Refusal.UNKNOWN_CODE], reason=Refusal.UNKNOWN_CODE)


@router.post("/v1/coupons/{code}/redeem", status_code=201, responses={200: {"description": "It was."}, **CONFLICT})
async def redeem_coupon(
    code: Code, body: RedeemIn, request: Request, response: Response, me: CommerceCaller, tx: Tx, now: Now
) -> RedeemOut:
    """Use a code for an order or a receipt, once. 201 when it is used now, 200 when this order had used it before.

    409 with `reason` when it is not taken; nothing is changed then. A sale sent to POST /v1/till/sales with the code
    uses it by itself.
    """
    await _known(tx, me, code, request, now)
    tenant_id, at = TenantId(me.tenant_id), await _store_of(tx, me, body.store_id)
    if body.at is not None and body.at > now:
        raise errors.field("at", "that is in the future")
    use = Use(
        source=order_source(body.source, at if me.store_ids is not None else None),
        order_ref=body.order_id,
        currency=body.currency,
        discount_minor=body.discount_minor,
        at=body.at or now,
        store_id=at,
        profile_id=await _profile(tx, me, body.customer, None, at),
    )
    done = await redeem(tx, tenant_id, code, use, now)
    if isinstance(done, Refusal):
        raise CodeRefused(REFUSAL_WORDS[done], reason=done)
    response.status_code = 201 if done.is_new else 200
    return RedeemOut(
        coupon_id=done.coupon_id,
        offer_id=done.offer_id,
        discount_minor=done.discount_minor,
        outcome="redeemed" if done.is_new else "unchanged",
    )


async def _store_of(tx: Session, me: Principal, store_id: UUID | None) -> UUID | None:
    at = own_store(me, store_id)
    if found := await wrong_stores(tx, me, [at]):
        raise errors.field("store_id", found[at])
    return at


async def _profile(
    tx: Session, me: Principal, customer: PersonShape | None, customer_id: UUID | None, at: UUID | None
) -> UUID | None:
    if customer is None and customer_id is None:
        return None
    owner = await owner_of(tx, me, WhoseShape(customer=customer, customer_id=customer_id, store_id=at), at)
    if owner is None or owner.identifier_id is None:
        return None
    return await store.find_profile(tx, TenantId(me.tenant_id), owner.identifier_id)

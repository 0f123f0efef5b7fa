"""HTTP of the owner's page: today, goods, an offer before and after the third tap, coupons by the end of their code."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from geoengage.campaigns import service as campaigns
from geoengage.commerce.api.rows import own_store, wrong_stores
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, PROBLEMS, NewId, Now, Problem, Tx
from geoengage.kit.ids import TenantId
from geoengage.offers.service.coupons import trouble_with
from geoengage.offers.store import get_offer
from geoengage.recipes.service.launching import status_of
from geoengage.shop import store
from geoengage.shop.rules import read_ending
from geoengage.shop.service import offering
from geoengage.shop.service.today import read_today
from geoengage.shop.shapes import (
    ShopCoupon,
    ShopCoupons,
    ShopOfferIn,
    ShopOfferOut,
    ShopPreview,
    ShopPreviewIn,
    ShopProducts,
    ShopStore,
    ShopStores,
    ShopToday,
    preview_out,
    product_out,
)
from geoengage.tenancy.auth import CampaignEditor, CommerceCaller
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["shop page"], responses=PROBLEMS)
StoreQuery = Annotated[UUID | None, Query(description="Which store. A credential for one store need not say.")]


def _is_preview(request: Request) -> bool:
    """Whether messages go to the preview inbox, so that people without a push address can be reached too."""
    return request.app.state.settings.fcm.credentials_file is None


async def _store(tx: Session, me: Principal, store_id: UUID | None) -> UUID:
    """The store that is meant; NotFound for what the caller does not see."""
    at = own_store(me, store_id)
    if at is None:
        raise errors.field("store_id", "say which store")
    if await wrong_stores(tx, me, [at]):
        raise errors.NotFound(f"there is no store {at}")
    return at


@router.get("/v1/shop/stores")
async def list_shop_stores(me: CommerceCaller, tx: Tx) -> ShopStores:
    """The stores whose page the caller may open."""
    found = await store.list_stores(tx, TenantId(me.tenant_id), me.store_ids)
    return ShopStores(items=[ShopStore(id=id_, name=name) for id_, name in found])


@router.get("/v1/shop/today")
async def get_shop_today(me: CommerceCaller, tx: Tx, now: Now, store_id: StoreQuery = None) -> ShopToday:
    """A store's day so far beside the same weekday as usual: orders, sales, people, messages and what they brought."""
    at = await _store(tx, me, store_id)
    return ShopToday.model_validate(await read_today(tx, me, at, now))


@router.get("/v1/shop/products")
async def list_shop_products(
    request: Request,
    me: CommerceCaller,
    tx: Tx,
    now: Now,
    store_id: StoreQuery = None,
    q: Annotated[str | None, Query(max_length=200, description="A part of the name.")] = None,
) -> ShopProducts:
    """What a store can offer, each product with the discounts that its margin allows."""
    at = await _store(tx, me, store_id)
    found = await offering.list_goods(tx, TenantId(me.tenant_id), at, q or None, now)
    origins = request.app.state.settings.picture_origins
    return ShopProducts(items=[product_out(each, origins) for each in found])


@router.post("/v1/shop/offers/preview")
async def preview_shop_offer(
    body: ShopPreviewIn, request: Request, me: CampaignEditor, tx: Tx, now: Now
) -> ShopPreview:
    """Whom an offer would reach now and what that costs, for each audience. Nothing is kept.

    It looks all customers of the store up, which takes a second for a million people.
    """
    at = await _store(tx, me, body.store_id)
    tapped = offering.Tapped(at, body.product_id, body.discount_percent)
    return preview_out(await offering.preview_of(tx, me, tapped, now, preview=_is_preview(request)))


@router.post("/v1/shop/offers", status_code=201, responses=CONFLICT)
async def send_shop_offer(
    body: ShopOfferIn, request: Request, me: CampaignEditor, tx: Tx, now: Now, creation: NewId
) -> ShopOfferOut:
    """Make the offer, its segment and its campaign in one transaction, and send it, or hand it in for approval.

    It is sent as every campaign is: with consent, caps, quiet hours and holdout. No more people than it reaches now, or
    ten, ever get it. 409 with `reason` while something is in its way.
    """
    at = await _store(tx, me, body.store_id)
    if creation.replayed:
        campaign = await campaigns.get(tx, me, creation.id)
    else:
        tapped = offering.Tapped(at, body.product_id, body.discount_percent)
        preview = _is_preview(request)
        campaign = await offering.send(tx, me, creation.id, tapped, body.audience, now, preview=preview)
    return ShopOfferOut(id=campaign.id, offer_id=offering.offer_of(campaign), status=status_of(campaign, now))


@router.get(
    "/v1/shop/coupons", responses={429: {"model": Problem, "description": "Too many look-ups, or too many in vain."}}
)
async def list_shop_coupons(
    request: Request,
    me: CommerceCaller,
    tx: Tx,
    now: Now,
    ending: Annotated[str, Query(max_length=16, description="The last four signs of the code.")],
    store_id: StoreQuery = None,
) -> ShopCoupons:
    """Open coupons that are good at a store, by the end of their code, as a customer reads it out.

    For each key or operator 120 look-ups a minute, and 30 in vain in ten minutes, together with those of other tills.
    """
    at = await _store(tx, me, store_id)
    end = read_ending(ending)
    if end is None:
        raise errors.field("ending", "the last four signs of a code")
    limits, caller, tenant_id = request.app.state, str(me.id), TenantId(me.tenant_id)
    limits.till_misses.check(caller, now)
    limits.till_limit.spend(caller, now)
    items = []
    for row in await store.list_ending(tx, tenant_id, at, end, now):
        offer = await get_offer(tx, tenant_id, row.offer_id)
        items.append(
            ShopCoupon(
                code=row.code,
                label=row.label,
                offer_name=offer.name,
                currency=offer.currency,
                most_minor=row.held_minor or None,
                expires_at=row.expires_at,
                reason=await trouble_with(tx, tenant_id, row, offer, at, None, now),
            )
        )
    if not items:
        limits.till_misses.spend(caller, now)
    return ShopCoupons(items=items)

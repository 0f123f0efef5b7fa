"""HTTP of pricing: any cart, for servers, kiosks and tills; one's own, for apps. All ask the one function."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from geoengage.commerce import service as commerce
from geoengage.commerce.api.carts import AtStore, device_cart, owner_of
from geoengage.commerce.api.rows import own_store, wrong_stores
from geoengage.commerce.rules import CartItem, Channel
from geoengage.commerce.service.things import Named, find_things
from geoengage.commerce.shapes.carts import WhoseShape
from geoengage.commerce.shapes.pieces import Id, milli
from geoengage.commerce.store import Owner
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.offers import store
from geoengage.offers.rules import Cart
from geoengage.offers.service import offers
from geoengage.offers.service.pricing import Asked, items_of, price_cart
from geoengage.offers.shapes.pricing import PricedOut, PriceIn, priced_out
from geoengage.tenancy.auth import CommerceCaller, DeviceCaller
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["offers"], responses=PROBLEMS)
Codes = Annotated[list[Id], Query(alias="coupon", max_length=20, description="Codes that the customer has.")]


@router.post("/v1/offers/price")
async def price_a_cart(body: PriceIn, me: CommerceCaller, tx: Tx, now: Now) -> PricedOut:
    """What a cart costs with its offers, line by line, and in words why each offer holds or does not.

    The same cart of the same person at the same time costs the same on every channel. Nothing is used by asking.
    """
    tenant_id, at = TenantId(me.tenant_id), own_store(me, body.store_id)
    things, owner, at = await _things(tx, me, body, at, now)
    for offer_id in body.try_offers:
        await offers.get(tx, me, offer_id)
    currency = body.currency or _currency(things)
    items, left_out = await items_of(tx, tenant_id, things, currency)
    asked = Asked(
        cart=Cart(
            currency=currency, items=items, channel=body.channel, store_id=at, delivery_minor=body.delivery_minor
        ),
        at=body.at or now,
        profile_id=await _profile(tx, tenant_id, owner),
        codes=body.coupons,
        as_if_active=body.try_offers,
        decline=body.try_decline,
    )
    found = await price_cart(tx, tenant_id, asked)
    return priced_out(found, {thing.item: thing.name for thing in things}, left_out)


@router.get("/v1/carts/me/priced")
async def price_my_cart(
    me: DeviceCaller,
    tx: Tx,
    now: Now,
    store_id: AtStore = None,
    channel: Annotated[Literal["web", "app"], Query(description="Where the customer is.")] = "app",
    coupons: Codes = [],  # noqa: B006 - FastAPI copies it
) -> PricedOut:
    """The device's cart with its prices, and the offers that hold for it."""
    tenant_id = TenantId(me.tenant_id)
    owner, at = await device_cart(tx, me, store_id)
    things = (await commerce.read_cart(tx, tenant_id, owner, at)).things
    currency = _currency(things)
    items, left_out = await items_of(tx, tenant_id, things, currency)
    cart = Cart(currency=currency, items=items, channel=Channel(channel), store_id=at)
    asked = Asked(cart=cart, at=now, profile_id=await _profile(tx, tenant_id, owner), codes=coupons)
    found = await price_cart(tx, tenant_id, asked)
    return priced_out(found, {thing.item: thing.name for thing in things}, left_out, all_offers=False)


async def _things(
    tx: Session, me: Principal, body: PriceIn, at: UUID | None, now: Now
) -> tuple[Sequence[CartItem], Owner | None, UUID | None]:
    """What is to be priced, whose it is, and at which store."""
    tenant_id = TenantId(me.tenant_id)
    if found := await wrong_stores(tx, me, [at], needed=body.cart_id is None):
        raise errors.field("store_id", found[at])
    if body.cart_id is not None:
        kept = await store.find_cart(tx, tenant_id, body.cart_id)
        if kept is None or not me.sees_store(kept.store_id):
            raise errors.NotFound(f"cart {body.cart_id} does not exist")
        owner = Owner(kept.identifier_id, kept.device_id)
        cart = await commerce.read_cart(tx, tenant_id, owner, kept.store_id)
        return cart.things, owner, kept.store_id or at
    buyer = None
    if body.customer is not None or body.customer_id is not None:
        who = WhoseShape(customer=body.customer, customer_id=body.customer_id, store_id=at)
        buyer = await owner_of(tx, me, who, at)
    if body.lines is None:
        return (await commerce.read_cart(tx, tenant_id, buyer, at)).things, buyer, at
    named = [Named(**line.model_dump(exclude={"quantity"}), quantity_milli=milli(line.quantity)) for line in body.lines]
    return _once_each(await find_things(tx, tenant_id, named, at, now)), buyer, at


def _once_each(things: Sequence[CartItem]) -> list[CartItem]:
    """Things that were named twice are two lines."""
    seen: dict[str, int] = {}
    kept = []
    for thing in things:
        n = seen[thing.item] = seen.get(thing.item, 0) + 1
        kept.append(thing if n == 1 else replace(thing, item=f"{thing.item}#{n}"))
    return kept


def _currency(things: Sequence[CartItem]) -> str:
    found = sorted({thing.currency for thing in things if thing.currency is not None})
    if len(found) > 1:
        raise errors.field("currency", f"the cart has prices in {' and '.join(found)}: say which are to be priced")
    return found[0] if found else ""


async def _profile(tx: Session, tenant_id: TenantId, owner: Owner | None) -> UUID | None:
    if owner is None or owner.identifier_id is None:
        return None
    return await store.find_profile(tx, tenant_id, owner.identifier_id)

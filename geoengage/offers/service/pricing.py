"""Pricing a cart: everything that `rules.price` needs is read here, in a handful of queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from geoengage.commerce.rules import CartItem
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.metrics.rules import Degree
from geoengage.offers import store
from geoengage.offers.models import CouponRow
from geoengage.offers.rules import (
    Cart,
    Context,
    Item,
    Offer,
    OfferStatus,
    Priced,
    Refusal,
    coupon_trouble,
    price,
    read_code,
)
from geoengage.offers.service.coupons import coupon_of
from geoengage.offers.service.margins import margins_at
from geoengage.offers.store import Buyer


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A cart to be priced, for whom, when, and with which codes.

    `as_if_active`: offers to try that are not switched on. `decline`: instead of the person's own, to try.
    """

    cart: Cart
    at: datetime
    profile_id: UUID | None = None
    codes: Sequence[str] = ()
    as_if_active: Collection[UUID] = ()
    decline: Degree | None = None


@dataclass(frozen=True, slots=True)
class CodeFound:
    """What became of one code: its coupon, or why it is not taken."""

    coupon: CouponRow | None
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class PricedCart:
    """The answer, with the offers by id and the codes as they were written."""

    priced: Priced
    offers: Mapping[UUID, Offer]
    codes: Mapping[str, CodeFound] = field(default_factory=dict)


async def items_of(
    session: Session, tenant_id: TenantId, things: Sequence[CartItem], currency: str
) -> tuple[tuple[Item, ...], dict[str, str]]:
    """Things of a cart as pricing takes them, and those that it cannot price, with the reason, by item."""
    goods = await store.list_goods(
        session,
        tenant_id,
        {thing.product_id for thing in things if thing.product_id is not None},
        {thing.variant_id for thing in things if thing.variant_id is not None},
    )
    items, left_out = [], dict[str, str]()
    for thing in things:
        if thing.unit_price_minor is None:
            left_out[thing.item] = "it has no price"
        elif thing.currency != currency:
            left_out[thing.item] = f"it is priced in {thing.currency}"
        elif thing.quantity_milli > 0:
            items.append(_item(thing, thing.unit_price_minor, goods, currency))
    return tuple(items), left_out


def _item(thing: CartItem, unit_price_minor: int, goods: Mapping[UUID, store.Good], currency: str) -> Item:
    known = [goods[id_] for id_ in (thing.variant_id, thing.product_id) if id_ is not None and id_ in goods]
    good = known[0] if known else None
    return Item(
        key=thing.item,
        quantity_milli=thing.quantity_milli,
        unit_price_minor=unit_price_minor,
        name=thing.name,
        product_id=None if good is None else good.product_id,
        category=None if good is None else good.category,
        brand=None if good is None else good.brand,
        cost_minor=None if good is None or good.currency != currency else good.cost_minor,
    )


async def price_cart(session: Session, tenant_id: TenantId, asked: Asked) -> PricedCart:
    """Price a cart. Whatever channel asks, the same cart of the same person at the same time has the same price."""
    cart, at = asked.cart, asked.at
    buyer = None if asked.profile_id is None else await store.find_buyer(session, tenant_id, asked.profile_id)
    codes = await _codes(session, tenant_id, asked, buyer)
    promised = {
        found.coupon.offer_id: found.coupon.size
        for found in codes.values()
        if found.coupon is not None and found.refusal is None
    }
    wanted = {*promised, *asked.as_if_active}
    offers = await store.list_for_cart(session, tenant_id, cart.store_id, cart.currency, wanted, at)
    offers = [replace(o, status=OfferStatus.ACTIVE) if o.id in asked.as_if_active else o for o in offers]
    context = Context(
        timezone=await store.find_timezone(session, tenant_id, cart.store_id),
        orders=None if buyer is None else int(buyer.has_bought),
        decline=_decline(asked, buyer),
        used=frozenset() if buyer is None else await store.list_used(session, tenant_id, buyer.people),
        codes=promised,
        margins=await margins_at(session, tenant_id, cart.store_id),
    )
    return PricedCart(price(cart, offers, at, context), {offer.id: offer for offer in offers}, codes)


def _decline(asked: Asked, buyer: Buyer | None) -> Degree:
    if asked.decline is not None:
        return asked.decline
    return Degree.UNKNOWN if buyer is None else buyer.decline


async def _codes(session: Session, tenant_id: TenantId, asked: Asked, buyer: Buyer | None) -> dict[str, CodeFound]:
    """The coupons of codes as far as their own rules go; the offer's conditions are pricing's. One an offer."""
    if not asked.codes:
        return {}
    spelled = {code: read_code(code) for code in asked.codes}
    rows = await store.list_by_code(session, tenant_id, {code for code in spelled.values() if code is not None})
    people = frozenset[UUID]() if buyer is None else buyer.people
    found, taken = dict[str, CodeFound](), set[UUID]()
    for written, code in spelled.items():
        row = None if code is None else rows.get(code)
        if row is None:
            found[written] = CodeFound(None, Refusal.UNKNOWN_CODE)
            continue
        refusal = coupon_trouble(coupon_of(row), asked.cart.store_id, people, asked.at)
        if refusal is None and row.offer_id in taken:
            refusal = Refusal.SAME_OFFER
        if refusal is None:
            taken.add(row.offer_id)
        found[written] = CodeFound(row, refusal)
    return found

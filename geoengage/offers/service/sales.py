"""Sales of a till with the offers they use, in one transaction: a sale that is recorded has used its codes, and none
that is not has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.commerce import store as commerce_store
from geoengage.commerce.rules import Line, OrderIn, line_total
from geoengage.commerce.service import till
from geoengage.commerce.service.customers import Given
from geoengage.commerce.service.orders import RecordedOrder
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.offers import store
from geoengage.offers.rules import REFUSAL_WORDS, Cart, CouponStatus, Item, Refusal, read_code
from geoengage.offers.service.coupons import Redeemed, Use, redeem, use_without_code
from geoengage.offers.service.pricing import Asked, CodeFound, PricedCart, price_cart


@dataclass(frozen=True, slots=True)
class CodeUse:
    """What a sale did with a code: the discount that it was used for, or why it was not, in words."""

    discount_minor: int
    refusal: Refusal | None
    words: str


@dataclass(frozen=True, slots=True)
class Sale:
    """A recorded sale, who bought, and what became of its codes."""

    recorded: RecordedOrder
    member: till.Member | None
    codes: Mapping[str, CodeUse]


async def record_sale(session: Session, tenant_id: TenantId, sale: OrderIn, given: Given, now: datetime) -> Sale:
    """Record a sale or a return, use its codes, note the offers that need none.

    The sale is recorded whatever its codes say: it has happened, and a till that was offline cannot undo it. The same
    again changes nothing. SaleDiffers when another sale has its number. What a return takes back follows from the
    ledger (`keeping.on_orders`): the ledger's head is locked last of all, so nothing can follow it here.
    """
    known = await commerce_store.lock_orders(session, tenant_id, [sale.key])
    codes: dict[str, CodeUse] = {}
    if sale.return_of is None and any(line.quantity_milli > 0 for line in sale.lines):
        member = None
        if given and sale.store_id is not None:
            member = await till.find_member(session, tenant_id, given, sale.store_id)
        if sale.key in known:
            codes = await _used_before(session, tenant_id, sale, member, now)
        else:
            codes = await _use(session, tenant_id, sale, member, now)
    recorded, member = await till.record_sale(session, tenant_id, sale, given, now)
    return Sale(recorded, member, codes)


async def _used_before(
    session: Session, tenant_id: TenantId, sale: OrderIn, member: till.Member | None, now: datetime
) -> dict[str, CodeUse]:
    """What a sale that was sent before did with its codes; nothing is used now."""
    rows = await store.list_by_code(session, tenant_id, {c for code in sale.coupons if (c := read_code(code))})
    done = {}
    for code in sale.coupons:
        row = rows.get(read_code(code) or "")
        if row is None or row.status == CouponStatus.REDEEMED:
            done[code] = await _use_code(session, tenant_id, code, _use_of(sale, member, 0), now)
        else:
            done[code] = CodeUse(0, Refusal.CART_DOES_NOT_QUALIFY, "This sale did not use it.")
    return done


async def _price(session: Session, tenant_id: TenantId, sale: OrderIn, member: till.Member | None) -> PricedCart:
    """The sale's goods at the prices that the till says, as our offers have them."""
    lines = [line for line in sale.lines if line.quantity_milli > 0]
    found = await commerce_store.find_items(
        session,
        tenant_id,
        products={line.product_id for line in lines if line.product_id is not None},
        variants={line.variant_id for line in lines if line.variant_id is not None},
        skus={line.sku for line in lines if line.sku is not None},
    )
    named = [found.find_hex(sale.store_id, line.product_id, line.variant_id, line.sku) for line in lines]
    goods = await store.list_goods(
        session, tenant_id, {UUID(p) for p, _ in named if p is not None}, {UUID(v) for _, v in named if v is not None}
    )
    items = []
    for n, (line, (product, variant)) in enumerate(zip(lines, named, strict=True)):
        called = variant or product
        items.append(_item(f"{n:04d}", line, goods.get(UUID(called)) if called else None, sale.currency))
    cart = Cart(currency=sale.currency, items=tuple(items), channel=sale.channel, store_id=sale.store_id)
    who = None if member is None else member.profile_id
    return await price_cart(
        session, tenant_id, Asked(cart=cart, at=sale.ordered_at, profile_id=who, codes=sale.coupons)
    )


def _item(key: str, line: Line, good: store.Good | None, currency: str) -> Item:
    unit = line.unit_price_minor
    if unit is None or unit < 0:
        unit = max(0, line.total_minor * 1000 // line.quantity_milli)
    return Item(
        key=key,
        quantity_milli=line.quantity_milli,
        unit_price_minor=unit,
        name=line.name,
        product_id=None if good is None else good.product_id,
        category=line.category if good is None else good.category,
        brand=None if good is None else good.brand,
        cost_minor=None if good is None or good.currency != currency else good.cost_minor,
    )


def taken_off(sale: OrderIn) -> int:
    """By how much a sale is below its list prices."""
    reduced = sum(
        line_total(line.quantity_milli, line.unit_price_minor) - line.total_minor
        for line in sale.lines
        if line.quantity_milli > 0 and line.unit_price_minor is not None
    )
    return max(0, reduced) + sale.discount_minor


async def _use(
    session: Session, tenant_id: TenantId, sale: OrderIn, member: till.Member | None, now: datetime
) -> dict[str, CodeUse]:
    """Use each code for what its offer takes off here, never for more than the sale says it took off.

    Offers without a code are noted when the sale took off exactly what they all give: then it was priced by them.
    """
    found = await _price(session, tenant_id, sale, member)
    off = {judged.offer_id: judged for judged in found.priced.offers}
    left, done, with_code = taken_off(sale), dict[str, CodeUse](), set()
    is_ours = left == found.priced.discount_minor
    for code, each in sorted(found.codes.items(), key=_in_lock_order):
        if each.coupon is None or each.refusal is not None:
            refusal = each.refusal or Refusal.UNKNOWN_CODE
            done[code] = CodeUse(0, refusal, REFUSAL_WORDS[refusal])
            continue
        judged = off.get(each.coupon.offer_id)
        discount = 0 if judged is None else min(judged.discount_minor, left)
        with_code.add(each.coupon.offer_id)
        if discount:
            done[code] = await _use_code(session, tenant_id, code, _use_of(sale, member, discount), now)
            left -= done[code].discount_minor
        else:
            words = "The sale took nothing off." if judged is None or judged.discount_minor else judged.words
            done[code] = CodeUse(0, Refusal.CART_DOES_NOT_QUALIFY, words)
    if is_ours:
        for judged in found.priced.offers:
            if judged.discount_minor and judged.offer_id not in with_code:
                use = _use_of(sale, member, judged.discount_minor)
                await use_without_code(session, tenant_id, judged.offer_id, use, now)
    return {code: done[code] for code in found.codes}


def _in_lock_order(each: tuple[str, CodeFound]) -> tuple[str, str]:
    """The same order for all sales, so that no two wait for each other crosswise."""
    coupon = each[1].coupon
    return ("", each[0]) if coupon is None else (str(coupon.offer_id), str(coupon.id))


def _use_of(sale: OrderIn, member: till.Member | None, discount_minor: int) -> Use:
    return Use(
        source=sale.source,
        order_ref=sale.external_id,
        currency=sale.currency,
        discount_minor=discount_minor,
        at=sale.ordered_at,
        store_id=sale.store_id,
        profile_id=None if member is None else member.profile_id,
    )


async def _use_code(session: Session, tenant_id: TenantId, code: str, use: Use, now: datetime) -> CodeUse:
    done = await redeem(session, tenant_id, code, use, now)
    if isinstance(done, Redeemed):
        return CodeUse(done.discount_minor, None, "The code was used.")
    return CodeUse(0, done, REFUSAL_WORDS[done])

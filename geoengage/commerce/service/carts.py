"""Carts: changed by whoever holds them, left alone, ordered.

A person's cart is all open carts of their ids and devices together (`rules.merge`), so it follows them wherever they
are known, and comes apart with them. A change is written into the cart of the id that made it; the same thing in the
person's other carts is taken out there, for the change has said how much of it is wanted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.commerce import store
from geoengage.commerce.rules import (
    MAX_CART_LINES,
    CartAbandoned,
    CartChange,
    CartItem,
    CartRecovered,
    OrderIn,
    after_change,
    cart_totals,
    merge,
)
from geoengage.commerce.store import Owner, StoredCart
from geoengage.kit import errors, events
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id

_ABANDON_AT_ONCE = 500


class CartFull(errors.Invalid):
    """More things than a cart holds."""

    code = "cart-full"
    title = "The cart is full"


@dataclass(frozen=True, slots=True)
class WholeCart:
    """A person's cart for a store. `id` None: nothing was ever put in. `version` rises with every change of it."""

    id: UUID | None
    store_id: UUID | None
    things: tuple[CartItem, ...]
    changed_at: datetime | None
    abandoned_at: datetime | None
    version: int


def _whole(carts: Sequence[StoredCart], store_id: UUID | None) -> WholeCart:
    things = merge(cart.things for cart in carts)
    changed = max((cart.changed_at for cart in carts), default=None)
    left = [cart.abandoned_at for cart in carts if cart.things]
    abandoned = max(at for at in left if at is not None) if left and None not in left else None
    id_ = min((cart.id for cart in carts), default=None)
    return WholeCart(id_, store_id, things, changed, abandoned, sum(cart.version for cart in carts))


async def read_cart(
    session: Session, tenant_id: TenantId, owner: Owner | None, store_id: UUID | None, *, lock: bool = False
) -> WholeCart:
    """The cart of the owner's person for a store (None: of the tenant as a whole); an empty one for nobody."""
    carts = [] if owner is None else await store.list_open(session, tenant_id, owner, store_id, lock=lock)
    return _whole(carts, store_id)


async def change_cart(
    session: Session,
    tenant_id: TenantId,
    owner: Owner,
    changes: Sequence[CartChange],
    now: datetime,
    *,
    store_id: UUID | None = None,
    only_these: bool = False,
) -> WholeCart:
    """Change the cart of the owner's person; returns what it is now. `only_these`: nothing else is left in it.

    It is no longer abandoned, if it was. CartFull beyond 200 things.
    """
    carts = await store.list_open(session, tenant_id, owner, store_id, lock=True)
    if not any(cart.owner == owner for cart in carts):
        await store.open_cart(session, tenant_id, owner, store_id, new_id(now), now)
        carts = await store.list_open(session, tenant_id, owner, store_id, lock=True)
    before = {thing.item: thing for thing in merge(cart.things for cart in carts)}
    wanted: dict[str, CartItem | None] = dict.fromkeys(before) if only_these else {}
    for change in changes:
        item = change.thing.item
        wanted[item] = after_change(wanted.get(item) or before.get(item), change)
    if len((before.keys() - wanted.keys()) | {item for item, thing in wanted.items() if thing}) > MAX_CART_LINES:
        raise CartFull(f"a cart holds at most {MAX_CART_LINES} different things; take some out first")
    own = next(cart for cart in carts if cart.owner == owner)
    changed = {own.id} | {cart.id for cart in carts if any(thing.item in wanted for thing in cart.things)}
    await store.take_out(session, tenant_id, changed, wanted.keys())
    await store.put_things(session, tenant_id, own.id, [thing for thing in wanted.values() if thing is not None])
    await store.touch(session, tenant_id, changed, now)
    return _whole(await store.list_open(session, tenant_id, owner, store_id), store_id)


async def take_along(
    session: Session, tenant_id: TenantId, device_id: UUID, identifier_id: UUID, store_id: UUID | None
) -> None:
    """What was put in on a device before somebody logged in there becomes theirs, and stays theirs when they log out.

    Idempotent: what has come along is no longer the device's.
    """
    carts = await store.list_open(session, tenant_id, Owner(device_id=device_id), store_id, lock=True)
    left = next((cart for cart in carts if cart.owner == Owner(device_id=device_id)), None)
    if left is None:
        return
    theirs = next((cart for cart in carts if cart.owner == Owner(identifier_id=identifier_id)), None)
    if theirs is None:
        await store.give_to(session, tenant_id, left.id, identifier_id)
        return
    await store.put_things(session, tenant_id, theirs.id, merge([theirs.things, left.things])[:MAX_CART_LINES])
    await store.delete_cart(session, tenant_id, left.id)
    await store.touch(session, tenant_id, [theirs.id], left.changed_at)


async def abandon_carts(session: Session, tenant_id: TenantId, after_s: int, now: datetime) -> int:
    """Say which people have left their cart alone for `after_s` seconds; returns how many carts were marked.

    One event for all carts of a person at a store, none for an empty one.
    """
    before = now - timedelta(seconds=after_s)
    found = await store.abandon(session, tenant_id, after_s, before, _ABANDON_AT_ONCE)
    told = []
    for (_, store_id), carts in found.items():
        things = merge(cart.things for cart in carts)
        if not things:
            continue
        newest = max(carts, key=lambda cart: (cart.changed_at, cart.id))
        told.append(
            CartAbandoned(
                cart_id=newest.id,
                store_id=store_id,
                identifier_id=newest.owner.identifier_id,
                device_id=newest.owner.device_id,
                at=newest.changed_at + timedelta(seconds=after_s),
                lines=len(things),
                totals=cart_totals(things),
            )
        )
    await events.publish(session, tenant_id, told, now)
    return sum(len(carts) for carts in found.values())


async def note_orders(
    session: Session, tenant_id: TenantId, orders: Sequence[tuple[UUID, UUID | None, OrderIn]], now: datetime
) -> list[CartRecovered]:
    """Take what was ordered out of the carts of those who ordered: (order id, identifier id, order).

    An order that names its cart empties it; another takes out what it contains and what lay there when it was placed. A
    cart in which nothing is left is ordered. Returns what is to be told: the abandoned ones among them are recovered.
    """
    keys = [(id_, identifier_id, order.cart_id) for id_, identifier_id, order in orders]
    found = await store.lock_carts_of_orders(session, tenant_id, keys)
    told: list[CartRecovered] = []
    for id_, _, order in orders:
        for cart in found.get(id_, ()):
            taken = _ordered(cart, order)
            if not taken:
                continue
            await store.take_out(session, tenant_id, [cart.id], taken)
            cart.things = [thing for thing in cart.things if thing.item not in taken]
            await store.note_ordered(session, tenant_id, {cart.id: (id_, not cart.things)}, now)
            if cart.abandoned_at is not None:
                told.append(_recovered(cart, id_, order))
    return told


def _ordered(cart: StoredCart, order: OrderIn) -> set[str]:
    if order.cart_id == cart.id:
        return {thing.item for thing in cart.things}
    if cart.store_id is not None and cart.store_id != order.store_id:
        return set()
    products = {line.product_id for line in order.lines if line.quantity_milli > 0} - {None}
    variants = {line.variant_id for line in order.lines if line.quantity_milli > 0} - {None}
    skus = {line.sku for line in order.lines if line.quantity_milli > 0} - {None}
    return {
        thing.item
        for thing in cart.things
        if thing.added_at <= order.ordered_at
        and (thing.sku in skus or thing.variant_external_id in variants or thing.product_external_id in products)
    }


def _recovered(cart: StoredCart, order_id: UUID, order: OrderIn) -> CartRecovered:
    assert cart.abandoned_at is not None  # noqa: S101 - asked by the caller
    return CartRecovered(
        cart_id=cart.id,
        store_id=cart.store_id,
        identifier_id=cart.owner.identifier_id,
        device_id=cart.owner.device_id,
        at=order.ordered_at,
        order_id=order_id,
        abandoned_at=cart.abandoned_at,
    )


def priced(thing: CartItem, offered: store.Offered | None) -> CartItem:
    """A thing as the catalogue has it; what the catalogue does not know stays as it was said."""
    if offered is None:
        return thing
    return replace(
        thing,
        item=str(offered.variant_id),
        product_id=offered.product_id,
        variant_id=offered.variant_id,
        product_external_id=offered.product_external_id,
        variant_external_id=offered.variant_external_id,
        sku=offered.sku,
        name=offered.name,
        image_url=offered.image_url,
        unit_price_minor=offered.price_minor,
        currency=offered.currency,
    )

"""What a person's cart is: all open carts of their ids and devices as one. Pure.

A thing that lies in several of them counts once, with the largest quantity: the same basket that was filled as a guest
and again after logging in is not bought twice. So taking carts together is commutative, associative and idempotent: it
does not matter in which order, how often, or when they come together, and coming apart needs no undoing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from geoengage.commerce.rules.money import by_currency
from geoengage.commerce.rules.orders import line_total

MAX_CART_LINES = 200
MAX_CART_QUANTITY = 10**6 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CartItem:
    """One thing in a cart. `item` names it; the words and the price are those of when it was put in."""

    item: str
    quantity_milli: int
    name: str
    added_at: datetime
    changed_at: datetime
    product_id: UUID | None = None
    variant_id: UUID | None = None
    product_external_id: str | None = None
    variant_external_id: str | None = None
    sku: str | None = None
    image_url: str | None = None
    unit_price_minor: int | None = None
    currency: str | None = None


class How(StrEnum):
    """What a change does with the quantity: sets it, or adds to what is there (less than nothing takes it out)."""

    SET = "set"
    ADD = "add"


@dataclass(frozen=True, slots=True)
class CartChange:
    """One change of a cart."""

    thing: CartItem
    how: How = How.SET


def merge(carts: Iterable[Sequence[CartItem]]) -> tuple[CartItem, ...]:
    """Carts as one, in the order in which things were put in."""
    found: dict[str, CartItem] = {}
    for thing in (thing for cart in carts for thing in cart):
        other = found.get(thing.item)
        found[thing.item] = thing if other is None else _joined(other, thing)
    return tuple(sorted(found.values(), key=lambda thing: (thing.added_at, thing.item)))


def _joined(a: CartItem, b: CartItem) -> CartItem:
    """The newer one's words; of two at the same moment, whichever sorts last, so that it is always the same one."""
    newest = max(a, b, key=_order)
    return replace(
        newest,
        quantity_milli=max(a.quantity_milli, b.quantity_milli),
        added_at=min(a.added_at, b.added_at),
    )


def _order(thing: CartItem) -> tuple[datetime, str, int, str, str]:
    return (
        thing.changed_at,
        thing.name,
        thing.unit_price_minor or 0,
        thing.currency or "",
        str((thing.product_id, thing.variant_id, thing.product_external_id, thing.variant_external_id))
        + str((thing.sku, thing.image_url)),
    )


def after_change(current: CartItem | None, change: CartChange) -> CartItem | None:
    """What lies in the cart after a change; None: nothing of it."""
    thing = change.thing
    quantity = thing.quantity_milli
    if change.how is How.ADD and current is not None:
        quantity += current.quantity_milli
    if quantity <= 0:
        return None
    added_at = current.added_at if current is not None else thing.added_at
    return replace(thing, quantity_milli=min(quantity, MAX_CART_QUANTITY), added_at=added_at)


def cart_totals(things: Iterable[CartItem]) -> dict[str, int]:
    """What the things cost, by currency; those without a price count for nothing."""
    return by_currency(
        (thing.currency, line_total(thing.quantity_milli, thing.unit_price_minor))
        for thing in things
        if thing.currency is not None and thing.unit_price_minor is not None
    )

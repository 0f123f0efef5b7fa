"""What Segment's cart events change in a cart. Pure.

Product Added and Wishlist Product Added to Cart add so many, Product Removed takes so many out, all where it says no
number; Cart Viewed says what lies in it, which takes everything else out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from geoengage.commerce.rules import How
from geoengage.ingest.rules.event_names import CART_VIEWED, PRODUCT_REMOVED, product_of
from geoengage.ingest.rules.purchases import BadAmount, is_currency, items_of, line_of
from geoengage.ingest.rules.segment import Refused
from geoengage.ingest.rules.vocabulary import text

LATE = timedelta(minutes=15)  # events of one visit may overtake each other by so much


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing as the event names it. `quantity_milli`: to add (less than nothing takes out), or to set."""

    quantity_milli: int
    product_id: str | None
    variant_id: str | None
    sku: str | None
    name: str | None
    unit_price_minor: int | None
    currency: str | None
    image_url: str | None


@dataclass(frozen=True, slots=True)
class Basket:
    """A change of a cart. `only_these`: nothing else is left in it."""

    things: tuple[Thing, ...]
    how: How
    only_these: bool = False


def read_basket(name: str, properties: Mapping[str, Any]) -> Basket | Refused | None:
    """What a cart event changes; None: nothing, for a Cart Viewed that does not say what lies in it."""
    is_view = name == CART_VIEWED
    if is_view and not isinstance(properties.get("products"), list):
        return None
    items = [item for item in items_of(properties) if product_of(item)] if is_view else [properties]
    if not is_view and product_of(properties) is None:
        return Refused.NO_PRODUCT_ID
    try:
        things = tuple(_thing(item, properties) for item in items)
    except BadAmount:
        return Refused.BAD_AMOUNT
    if is_view:
        return Basket(things, How.SET, only_these=True)
    if name != PRODUCT_REMOVED:
        return Basket(things, How.ADD)
    if properties.get("quantity") is None:
        return Basket(tuple(replace(thing, quantity_milli=0) for thing in things), How.SET)
    return Basket(tuple(replace(thing, quantity_milli=-abs(thing.quantity_milli)) for thing in things), How.ADD)


def is_too_late(basket: Basket, at: datetime, changed_at: datetime | None) -> bool:
    """Whether the cart has changed since, so that this would undo it: what lay in it, or long ago was put in."""
    return changed_at is not None and at < (changed_at if basket.only_these else changed_at - LATE)


def _thing(item: Mapping[str, Any], properties: Mapping[str, Any]) -> Thing:
    currency = text(item.get("currency") or properties.get("currency")).strip().upper()
    known = is_currency(currency)
    line = line_of(item if known else {name: value for name, value in item.items() if name != "price"}, currency)
    return Thing(
        quantity_milli=line.quantity_milli,
        product_id=line.product_id,
        variant_id=line.variant_id,
        sku=line.sku,
        name=line.name or None,
        unit_price_minor=line.unit_price_minor,
        currency=currency if known else None,
        image_url=text(item.get("image_url"))[:2000] or None,
    )

"""Names and ids of Segment's e-commerce events, version 2; those of version 1 are understood as well. Pure.

Sites write names as they please (`order completed`, `Completed Order`, `order_completed`): what is one of the known
events is stored under its name of version 2, everything else as it was written.
"""

import re
from collections.abc import Mapping
from typing import Any

from geoengage.ingest.rules.vocabulary import members, text

MOST_PRODUCTS = 200  # ids of one event
ORDER_COMPLETED, ORDER_UPDATED = "Order Completed", "Order Updated"
ORDER_CANCELLED, ORDER_REFUNDED = "Order Cancelled", "Order Refunded"
ORDERS = frozenset({ORDER_COMPLETED, ORDER_UPDATED, ORDER_CANCELLED, ORDER_REFUNDED})
PRODUCT_ADDED, PRODUCT_REMOVED, CART_VIEWED = "Product Added", "Product Removed", "Cart Viewed"
WISHLIST_TO_CART = "Wishlist Product Added to Cart"
CARTS = frozenset({PRODUCT_ADDED, PRODUCT_REMOVED, CART_VIEWED, WISHLIST_TO_CART})
_NAMES = (
    *sorted(ORDERS | CARTS),
    "Products Searched",
    "Product List Viewed",
    "Product List Filtered",
    "Promotion Viewed",
    "Promotion Clicked",
    "Product Clicked",
    "Product Viewed",
    "Checkout Started",
    "Checkout Step Viewed",
    "Checkout Step Completed",
    "Payment Info Entered",
    "Coupon Entered",
    "Coupon Applied",
    "Coupon Denied",
    "Coupon Removed",
    "Product Added to Wishlist",
    "Product Removed from Wishlist",
    "Product Shared",
    "Cart Shared",
    "Product Reviewed",
)
_VERSION_1 = {
    "Viewed Product": "Product Viewed",
    "Clicked Product": "Product Clicked",
    "Viewed Product Category": "Product List Viewed",
    "Searched Products": "Products Searched",
    "Added Product": PRODUCT_ADDED,
    "Removed Product": PRODUCT_REMOVED,
    "Viewed Cart": CART_VIEWED,
    "Viewed Promotion": "Promotion Viewed",
    "Clicked Promotion": "Promotion Clicked",
    "Started Checkout": "Checkout Started",
    "Started Order": "Checkout Started",
    "Viewed Checkout Step": "Checkout Step Viewed",
    "Completed Checkout Step": "Checkout Step Completed",
    "Completed Order": ORDER_COMPLETED,
    "Updated Order": ORDER_UPDATED,
    "Cancelled Order": ORDER_CANCELLED,
    "Order Canceled": ORDER_CANCELLED,
    "Canceled Order": ORDER_CANCELLED,
    "Refunded Order": ORDER_REFUNDED,
    "Added Product to Wishlist": "Product Added to Wishlist",
    "Removed Product from Wishlist": "Product Removed from Wishlist",
}


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().lower()


_KNOWN = {_plain(name): name for name in _NAMES} | {_plain(old): new for old, new in _VERSION_1.items()}


def canonical_name(name: str) -> str:
    """The name of version 2 of a known e-commerce event; any other name as it is."""
    return _KNOWN.get(_plain(name), name)


def identifier(value: Any) -> str | None:
    """A product's or an order's id as text; None when there is none that could be kept."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = text(value).strip()
    return found if 1 <= len(found) <= 255 else None


def product_of(item: Mapping[str, Any]) -> str | None:
    """The id of one product, `product_id`, in version 1 `id`, else its SKU."""
    return next((found for name in ("product_id", "id", "sku") if (found := identifier(item.get(name)))), None)


def products_of(properties: Mapping[str, Any]) -> tuple[str, ...]:
    """Which products an event speaks of, in its order and each once."""
    listed = properties.get("products")
    items = [members(each) for each in listed[:MOST_PRODUCTS]] if isinstance(listed, list) else []
    if "product_id" in properties or "sku" in properties:
        items.insert(0, properties)
    return tuple(dict.fromkeys(found for item in items if (found := product_of(item)) is not None))


def order_of(name: str | None, properties: Mapping[str, Any]) -> str | None:
    """The order that an order event is about (`order_id`, in version 1 also `orderId`); None for all other events."""
    if name not in ORDERS:
        return None
    return identifier(properties.get("order_id")) or identifier(properties.get("orderId"))

"""What commerce does: orders, products, stock and carts come in and change. Everything is imported from here."""

from geoengage.commerce.service.carts import (
    CartFull,
    WholeCart,
    abandon_carts,
    change_cart,
    priced,
    read_cart,
    take_along,
)
from geoengage.commerce.service.catalogue import RecordedProduct, set_stock, upsert_products
from geoengage.commerce.service.changes import RefundRefused, cancel_order, refund_order
from geoengage.commerce.service.customers import Incoming, attach_guests, find_people, take_orders
from geoengage.commerce.service.orders import RecordedOrder, record_order, record_orders

__all__ = [
    "CartFull", "Incoming", "RecordedOrder", "RecordedProduct", "RefundRefused", "WholeCart", "abandon_carts",
    "attach_guests", "cancel_order", "change_cart", "find_people", "priced", "read_cart", "record_order",
    "record_orders", "refund_order", "set_stock", "take_along", "take_orders", "upsert_products",
]  # fmt: skip

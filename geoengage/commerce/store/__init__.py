"""SQL of commerce, one file a use. Everything is imported from here."""

from geoengage.commerce.store.catalogue import Items, find_items, set_stock, upsert_products
from geoengage.commerce.store.orders import (
    delete_claims,
    delete_lines,
    insert_claims,
    insert_lines,
    insert_orders,
    lock_orders,
    touch_orders,
    update_orders,
    upsert_refunds,
)

__all__ = [
    "Items", "delete_claims", "delete_lines", "find_items", "insert_claims", "insert_lines", "insert_orders",
    "lock_orders", "set_stock", "touch_orders", "update_orders", "upsert_products", "upsert_refunds",
]  # fmt: skip

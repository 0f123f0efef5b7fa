"""What commerce does: orders, products and counts of stock come in. Everything is imported from here."""

from geoengage.commerce.service.catalogue import RecordedProduct, set_stock, upsert_products
from geoengage.commerce.service.orders import RecordedOrder, record_order, record_orders

__all__ = ["RecordedOrder", "RecordedProduct", "record_order", "record_orders", "set_stock", "upsert_products"]

"""Tables of commerce, one file a subject. Everything is imported from here."""

from geoengage.commerce.models.carts import Cart, CartLine
from geoengage.commerce.models.orders import OrderClaim, OrderLine, RefundLineRow, RefundRow, ShopOrder
from geoengage.commerce.models.products import Product, ProductVariant, Stock

__all__ = [
    "Cart", "CartLine", "OrderClaim", "OrderLine", "Product", "ProductVariant", "RefundLineRow", "RefundRow",
    "ShopOrder", "Stock",
]  # fmt: skip

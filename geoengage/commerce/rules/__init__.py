"""The pure half of commerce. No SQL, no HTTP, no clock. Everything is imported from here."""

from geoengage.commerce.rules.events import OrderCancelled, OrderEvent, OrderPlaced, OrderRefunded, OrderUpdated
from geoengage.commerce.rules.money import CURRENCIES, MAX_MINOR, by_currency, exponent, to_minor
from geoengage.commerce.rules.orders import (
    CASH_ROUNDING,
    MAX_LINES,
    MAX_REFUNDS,
    Channel,
    Claim,
    Line,
    OrderIn,
    Refund,
    RefundLine,
    Status,
    check_order,
    line_total,
    total_of,
)
from geoengage.commerce.rules.products import (
    MAX_VARIANTS,
    SEPARATOR,
    ProductIn,
    ProductStatus,
    StockIn,
    Variant,
    check_product,
    digest_of_product,
    normal_category,
)
from geoengage.commerce.rules.versions import Known, Outcome, digest_of, first, fold, status_of

__all__ = [
    "CASH_ROUNDING", "CURRENCIES", "MAX_LINES", "MAX_MINOR", "MAX_REFUNDS", "MAX_VARIANTS", "SEPARATOR", "Channel",
    "Claim", "Known", "Line", "OrderCancelled", "OrderEvent", "OrderIn", "OrderPlaced", "OrderRefunded",
    "OrderUpdated", "Outcome", "ProductIn", "ProductStatus", "Refund", "RefundLine", "Status", "StockIn", "Variant",
    "by_currency", "check_order", "check_product", "digest_of", "digest_of_product", "exponent", "first", "fold",
    "line_total", "normal_category", "status_of", "to_minor", "total_of",
]  # fmt: skip

"""The pure half of offers. No SQL, no HTTP, no clock. Everything is imported from here."""

from geoengage.offers.rules.cart import (
    Cart,
    Context,
    Item,
    Judged,
    Margins,
    Offer,
    OfferStatus,
    Priced,
    PricedLine,
    Share,
    WhyNot,
)
from geoengage.offers.rules.coupons import (
    CODE_BYTES,
    OPEN,
    REFUSAL_WORDS,
    Coupon,
    CouponStatus,
    Refusal,
    ReleaseReason,
    code_of,
    coupon_trouble,
    read_code,
)
from geoengage.offers.rules.pricing import price
from geoengage.offers.rules.sharing import floor_minor, refund_minor, reversed_minor, share_out
from geoengage.offers.rules.terms import (
    Among,
    AmountOff,
    Bundle,
    BuyGet,
    CrossSell,
    FreeDelivery,
    Gift,
    OfferConditions,
    OfferHours,
    OfferTerms,
    PercentOff,
    SecondItem,
    Targets,
)
from geoengage.offers.rules.words import label_of, money

__all__ = [
    "CODE_BYTES", "OPEN", "REFUSAL_WORDS", "Among", "AmountOff", "Bundle", "BuyGet", "Cart", "Context", "Coupon",
    "CouponStatus", "CrossSell", "FreeDelivery", "Gift", "Item", "Judged", "Margins", "Offer", "OfferConditions",
    "OfferHours", "OfferStatus", "OfferTerms", "PercentOff", "Priced", "PricedLine", "Refusal", "ReleaseReason",
    "SecondItem", "Share", "Targets", "WhyNot", "code_of", "coupon_trouble", "floor_minor", "label_of", "money",
    "price", "read_code", "refund_minor", "reversed_minor", "share_out",
]  # fmt: skip

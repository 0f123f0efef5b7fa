"""Tables of offers. Everything is imported from here."""

from geoengage.offers.models.coupons import CouponRow, RedemptionRow
from geoengage.offers.models.offers import MarginRow, OfferBudgetRow, OfferRow

__all__ = ["CouponRow", "MarginRow", "OfferBudgetRow", "OfferRow", "RedemptionRow"]

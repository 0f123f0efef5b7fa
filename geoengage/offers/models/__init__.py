"""Tables of offers. Everything is imported from here."""

from geoengage.offers.models.coupons import CouponRow, RedemptionRow
from geoengage.offers.models.ladders import LadderPlaceRow, LadderRow
from geoengage.offers.models.offers import MarginRow, OfferBudgetRow, OfferRow

__all__ = [
    "CouponRow", "LadderPlaceRow", "LadderRow", "MarginRow", "OfferBudgetRow", "OfferRow", "RedemptionRow",
]  # fmt: skip

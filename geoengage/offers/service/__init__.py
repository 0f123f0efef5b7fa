"""Offers as other domains use them. Everything is imported from here."""

from geoengage.offers.service.coupons import (
    Redeemed,
    Reserved,
    Use,
    commit,
    name_message,
    redeem,
    release,
    reserve,
)
from geoengage.offers.service.keeping import MESSAGES, ORDERS, on_messages, on_orders, release_expired
from geoengage.offers.service.margins import margin_of, margins_at

__all__ = [
    "MESSAGES", "ORDERS", "Redeemed", "Reserved", "Use", "commit", "margin_of", "margins_at", "name_message",
    "on_messages", "on_orders", "redeem", "release", "release_expired", "reserve",
]  # fmt: skip

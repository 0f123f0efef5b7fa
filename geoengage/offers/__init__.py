"""Offers, what a cart costs with them, and coupons: one price on every channel."""

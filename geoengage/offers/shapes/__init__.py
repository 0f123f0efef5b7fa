"""Shapes of offers, coupons, pricing and settings."""

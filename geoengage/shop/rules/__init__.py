"""The pure half of the owner's page. No SQL, no HTTP, no clock. Everything is imported from here."""

from geoengage.shop.rules.endings import ENDING, read_ending
from geoengage.shop.rules.offering import (
    AUDIENCES,
    CAMPAIGN_DAYS,
    PERCENTS,
    Audience,
    Chosen,
    Discount,
    Priced,
    WhyNoDiscount,
    discount_of,
    offered,
)
from geoengage.shop.rules.texts import TEXTS, said
from geoengage.shop.rules.today import LEAST_DAYS, WEEKS, ThanUsual, compared, same_hours, usual_of

__all__ = [
    "AUDIENCES", "CAMPAIGN_DAYS", "ENDING", "LEAST_DAYS", "PERCENTS", "TEXTS", "WEEKS", "Audience", "Chosen",
    "Discount", "Priced", "ThanUsual", "WhyNoDiscount", "compared", "discount_of", "offered", "read_ending", "said",
    "same_hours", "usual_of",
]  # fmt: skip

"""What a recipe costs, before it is switched on: its messages, and at most its offers. Pure.

Amounts are minor units. A missing price makes a number None: never nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geoengage.proof.rules.inputs import FREE, Price, price_of

_PRICED = {"push": "fcm"}  # a way that prices name otherwise


@dataclass(frozen=True, slots=True)
class Offered:
    """So many people whose offer takes off that much of an order."""

    people: int
    percent: int
    share: float


def messages_minor(
    ways: Mapping[str, int], messages: int, prices: Sequence[Price], currency: str | None, country: str = ""
) -> int | None:
    """What the messages cost when everybody gets all of them; None: nobody said what one of these ways costs, or in
    another currency. `ways`: how many people each reaches; `country`: in which they are taken to be."""
    total = 0.0
    for way, people in ways.items():
        channel = _PRICED.get(way, way)
        if not people:
            continue
        price = price_of(channel, country, prices)
        if price is None and channel in FREE:
            continue
        if price is None or (price.currency != currency and price.thousand_minor):
            return None
        total += people * messages * price.thousand_minor / 1000
    return round(total)


def incentives_minor(
    offered: Sequence[Offered], order_minor: int | None, most_minor: int | None, budget_minor: int | None
) -> int | None:
    """What the offers cost if everybody uses theirs on an average order: never above the budget. None: the average
    order is not known, nor what one use costs at most."""
    total = 0.0
    for each in offered:
        sizes = [] if order_minor is None else [order_minor * each.share * each.percent / 100]
        if most_minor is not None:
            sizes.append(most_minor)
        if not sizes:
            return None
        total += each.people * min(sizes)
    return round(total) if budget_minor is None else min(round(total), budget_minor)


def expected_minor(most: int | None, used: int, given: int) -> int | None:
    """What the offers will cost if as many are used as of the coupons so far. None: fewer than `ENOUGH` of them are
    decided, used or too old."""
    return None if most is None or given < ENOUGH else round(most * used / given)


ENOUGH = 50


def after_holdout(people: int, *percents: int) -> int:
    """How many are left of these people when those shares of them are held back, each by a lot of its own."""
    left = float(people)
    for percent in percents:
        left *= 1 - percent / 100
    return round(left)

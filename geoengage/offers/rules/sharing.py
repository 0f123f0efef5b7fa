"""The margin floor of a line, and how a discount is shared among lines so that none falls below it. Pure.

Each discount is shared among all lines that earn it, in proportion to what they cost. So a free third piece makes all
three a third cheaper: whoever brings one back gets a fair part, and no line is sold under its floor.
"""

from collections.abc import Mapping

from geoengage.offers.rules.cart import Item, Margins


def floor_minor(item: Item, floor_percent: int | None, margins: Margins) -> int | None:
    """The least that a line may cost, rounded up; None when its margin is not known and a floor is to be kept.

    Margin is (price − cost) ÷ price. The cost is the product's, else it follows from the margin of store or tenant.
    What is sold below the floor anyway is not made dearer.
    """
    price = item.list_minor
    if floor_percent is None:
        return 0
    if item.cost_minor is not None:
        hundredths = item.cost_minor * item.quantity_milli * 100
        return min(price, -(-hundredths // (1000 * (100 - floor_percent))))
    if margins.margin_percent is None:
        return None
    return min(price, -(-price * (100 - margins.margin_percent) // (100 - floor_percent)))


def half_up(numerator: int, denominator: int) -> int:
    """A fraction of positive numbers, half a minor unit rounded up."""
    return (2 * numerator + denominator) // (2 * denominator)


def share_out(amount: int, weights: Mapping[str, int], rooms: Mapping[str, int]) -> dict[str, int]:
    """`amount` in whole units among keys by their weights, none above its room; what does not fit goes to the others.

    Units that cannot be split go to the largest remainders, then by key: the order of the lines does not matter.
    """
    given = dict.fromkeys(weights, 0)
    left = min(amount, sum(rooms[key] for key in weights))
    while left:
        open_ = [key for key in weights if given[key] < rooms[key]]
        total = sum(weights[key] for key in open_)
        steps = {key: min(rooms[key] - given[key], left * weights[key] // total) for key in open_}
        if not any(steps.values()):
            steps = dict.fromkeys(sorted(open_, key=lambda key: (-(left * weights[key] % total), key))[:left], 1)
        for key, step in steps.items():
            given[key] += step
        left -= sum(steps.values())
    return {key: minor for key, minor in given.items() if minor}


def refund_minor(net_minor: int, quantity_milli: int, before_milli: int, now_milli: int) -> int:
    """What comes back for a part of a line of which a part came back before.

    Rounded so that all parts together are exactly what was paid, however they are cut. ValueError for more than there
    was.
    """
    if before_milli < 0 or now_milli < 0 or before_milli + now_milli > quantity_milli:
        raise ValueError(f"of {quantity_milli} there are no {before_milli} + {now_milli} to bring back")
    return net_minor * (before_milli + now_milli) // quantity_milli - net_minor * before_milli // quantity_milli


def reversed_minor(discount_minor: int, total_minor: int, returned_minor: int) -> int:
    """How much of a redemption's discount has come back when this much of the order's total has; all of it with all."""
    if total_minor <= 0:
        return 0
    return discount_minor * min(max(returned_minor, 0), total_minor) // total_minor

"""How much an offer would take off, before the margin floor: one function a kind. Pure.

All is reckoned on list prices, so that offers that add up do so whatever their order. A half minor unit is rounded up,
once for an offer (for `second_item` once for each category, where pairs are made within it).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from geoengage.offers.rules.cart import Cart, Item, Offer, WhyNot
from geoengage.offers.rules.sharing import half_up
from geoengage.offers.rules.terms import (
    Among,
    AmountOff,
    Bundle,
    BuyGet,
    CrossSell,
    FreeDelivery,
    Gift,
    PercentOff,
    SecondItem,
    Targets,
)


@dataclass(frozen=True, slots=True)
class Part:
    """An amount, and the lines that earn it, among which it is shared."""

    minor: int
    items: tuple[Item, ...]


Wanted = list[Part] | WhyNot


def targeted(items: Iterable[Item], targets: Targets) -> list[Item]:
    """The lines that an offer is on."""
    products, brands = frozenset(targets.product_ids), frozenset(targets.brands)
    if not products and not brands and not targets.categories:
        return list(items)
    return [
        item
        for item in items
        if item.product_id in products or item.brand in brands or _is_in(item.category, targets.categories)
    ]


def _is_in(category: str | None, paths: Sequence[str]) -> bool:
    return category is not None and any(category == path or category.startswith(f"{path} > ") for path in paths)


def wanted(offer: Offer, cart: Cart, size: int | None) -> Wanted:
    """What the offer would take off the lines, and off which; free delivery takes nothing off lines."""
    terms, benefit = offer.terms, offer.terms.benefit
    items = targeted(cart.items, terms.targets)
    if not items and not isinstance(benefit, Bundle):
        return WhyNot.NOTHING_FOR_IT
    match benefit:
        case PercentOff():
            return [Part(half_up(_sum(items) * (size or 0), 100), tuple(items))]
        case AmountOff():
            return [Part(min(size or 0, _sum(items)), tuple(items))]
        case SecondItem():
            return _second_item(benefit, items, size or 0)
        case BuyGet():
            return _buy_get(benefit, items)
        case Gift():
            return _gift(benefit, cart, items)
        case Bundle():
            return _bundle(benefit, cart)
        case CrossSell():
            return _cross_sell(benefit, cart, items)
        case FreeDelivery():
            return [] if cart.delivery_minor > 0 else WhyNot.NO_DELIVERY


def _sum(items: Iterable[Item]) -> int:
    return sum(item.list_minor for item in items)


def _runs(items: Iterable[Item]) -> list[Item]:
    """Lines of whole pieces, the dearest pieces first."""
    return sorted((i for i in items if i.pieces), key=lambda i: (-i.unit_price_minor, i.key))


def _cheapest(items: Sequence[Item], count: int) -> int:
    """What the cheapest `count` pieces cost."""
    total = 0
    for item in reversed(_runs(items)):
        taken = min(count, item.pieces)
        total, count = total + taken * item.unit_price_minor, count - taken
    return total


def _dearest(items: Sequence[Item], count: int) -> int:
    total = 0
    for item in _runs(items):
        taken = min(count, item.pieces)
        total, count = total + taken * item.unit_price_minor, count - taken
    return total


def _pieces(items: Iterable[Item]) -> int:
    return sum(item.pieces for item in items)


def _capped(count: int, times: int | None) -> int:
    return count if times is None else min(count, times)


def _second_item(benefit: SecondItem, items: Sequence[Item], percent: int) -> Wanted:
    groups: dict[str | None, list[Item]] = {}
    for item in _runs(items):
        key = item.category if benefit.among is Among.SAME_CATEGORY else None
        groups.setdefault(key, []).append(item)
    left, parts = benefit.times, []
    # the dearest pairs count first where only some do
    for group in sorted(groups.values(), key=lambda group: (-group[0].unit_price_minor, group[0].key)):
        pairs = _capped(_pieces(group) // 2, left)
        if not pairs:
            continue
        left = None if left is None else left - pairs
        second = _cheapest(group, pairs) if benefit.among is Among.CHEAPEST else _of_pairs(group, pairs)
        parts.append(Part(half_up(second * percent, 100), tuple(group)))
    return parts or WhyNot.TOO_FEW


def _of_pairs(runs: Sequence[Item], pairs: int) -> int:
    """What the cheaper pieces of the first pairs cost, pieces taken in twos from the dearest on."""
    total = seen = 0
    for item in runs:
        upto = min(seen + item.pieces, 2 * pairs)
        total += (upto // 2 - min(seen, upto) // 2) * item.unit_price_minor
        seen += item.pieces
    return total


def _buy_get(benefit: BuyGet, items: Sequence[Item]) -> Wanted:
    groups = _capped(_pieces(items) // (benefit.buy + benefit.get), benefit.times)
    if not groups:
        return WhyNot.TOO_FEW
    return [Part(_cheapest(items, groups * benefit.get), tuple(_runs(items)))]


def gift_of(benefit: Gift, cart: Cart) -> list[Item]:
    """The lines of a cart that may be the gift."""
    return [item for item in cart.items if item.product_id == benefit.product_id and item.pieces]


def _gift(benefit: Gift, cart: Cart, items: Sequence[Item]) -> Wanted:
    gifts = gift_of(benefit, cart)
    earning = [item for item in items if item.product_id != benefit.product_id]
    if not earning:
        return WhyNot.NOTHING_FOR_IT
    if not gifts:
        return WhyNot.GIFT_MISSING
    return [Part(_dearest(gifts, benefit.quantity), (*gifts, *earning))]


def _bundle(benefit: Bundle, cart: Cart) -> Wanted:
    of_each: dict[UUID, list[Item]] = {product_id: [] for product_id in benefit.product_ids}
    for item in cart.items:
        if item.product_id in of_each and item.pieces:
            of_each[item.product_id].append(item)
    sets = _capped(min(_pieces(items) for items in of_each.values()), benefit.times)
    if not sets:
        return WhyNot.TOO_FEW
    together = sum(_dearest(items, sets) for items in of_each.values())
    if together <= sets * benefit.price_minor:
        return WhyNot.NOT_CHEAPER
    lines = tuple(item for items in of_each.values() for item in items)
    return [Part(together - sets * benefit.price_minor, lines)]


def _cross_sell(benefit: CrossSell, cart: Cart, items: Sequence[Item]) -> Wanted:
    there = [item for item in cart.items if item.product_id == benefit.product_id and item.pieces]
    earning = [item for item in items if item.product_id != benefit.product_id]
    if not earning:
        return WhyNot.NOTHING_FOR_IT
    if not there:
        return WhyNot.GIFT_MISSING
    dearer = [item for item in there if item.unit_price_minor > benefit.price_minor]
    count = _capped(min(_pieces(dearer), sum(item.pieces or 1 for item in earning)), benefit.times)
    if not count:
        return WhyNot.NOT_CHEAPER
    return [Part(_dearest(dearer, count) - count * benefit.price_minor, (*dearer, *earning))]

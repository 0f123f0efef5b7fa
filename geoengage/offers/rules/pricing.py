"""What a cart costs with its offers: the one function that till, web, app and console ask. Pure.

1. Every offer is looked at alone; the first obstacle is its reason (`conditions`).
2. What it would take off is reckoned on list prices (`benefits`) and fitted above the margin floor (`sharing`).
3. Of the offers of a group the one wins that by itself takes off most; of equal ones the one that ends sooner, then the
   one with the smaller id. So who wins never depends on offers of other groups.
4. The winners and those without a group add up, those with the lower floor first: a line keeps the highest floor of all
   offers that made it cheaper. Free delivery comes last: the lines must leave above their floors what it costs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.offers.rules.benefits import Part, wanted
from geoengage.offers.rules.cart import Cart, Context, Judged, Offer, Priced, PricedLine, Share, WhyNot
from geoengage.offers.rules.conditions import blocked, missing_minor, size_for
from geoengage.offers.rules.sharing import floor_minor, share_out
from geoengage.offers.rules.words import applied_words, money, why_not_words

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Standing:
    """An offer that may hold. `parts` None: it is about delivery. `alone_minor`: what it takes off by itself."""

    offer: Offer
    parts: Sequence[Part] | None
    floor_percent: int | None
    alone_minor: int

    @property
    def rank(self) -> tuple[int, datetime, UUID]:
        """The winner of a group has the smallest."""
        return -self.alone_minor, self.offer.valid_to or _NEVER, self.offer.id

    @property
    def turn(self) -> tuple[bool, int, UUID]:
        """Lower floors first, none at all before all; delivery last."""
        return self.parts is None, -1 if self.floor_percent is None else self.floor_percent, self.offer.id


@dataclass(slots=True)
class _Taken:
    """What has been taken off so far."""

    shares: dict[str, dict[UUID, int]] = field(default_factory=dict)
    delivery_minor: int = 0

    def of(self, key: str) -> int:
        return sum(self.shares.get(key, {}).values())


class _Pricing:
    """One pricing: the cart, who buys, and floors that were looked up already."""

    def __init__(self, cart: Cart, at: datetime, context: Context) -> None:
        self.cart, self.at, self.context = cart, at, context
        self.zone = ZoneInfo(context.timezone)
        self._floors: dict[int | None, Mapping[str, int | None]] = {}

    def floors(self, percent: int | None) -> Mapping[str, int | None]:
        """The floor of each line; None where its margin is not known."""
        if percent not in self._floors:
            margins = self.context.margins
            self._floors[percent] = {item.key: floor_minor(item, percent, margins) for item in self.cart.items}
        return self._floors[percent]

    def stand(self, offer: Offer) -> _Standing | WhyNot:
        """Whether an offer may hold, and what it takes off by itself."""
        if (why := blocked(offer, self.cart, self.at, self.context)) is not None:
            return why
        found = wanted(offer, self.cart, size_for(offer, self.context))
        if isinstance(found, WhyNot):
            return found
        floor = offer.terms.margin_floor_percent
        floor = self.context.margins.floor_percent if floor is None else floor
        standing = _Standing(offer, found or None, floor, 0)
        wish = self.wish(standing)
        if wish <= 0:
            return WhyNot.NOT_CHEAPER
        if not self._is_paid_for(offer, wish):
            return WhyNot.BUDGET_USED_UP
        alone, why = self.take(standing, _Taken())
        return why if not alone and why is not None else _Standing(offer, found or None, floor, alone)

    def _is_paid_for(self, offer: Offer, wish: int) -> bool:
        """Whether the budget reaches; for a coupon it was set aside when the coupon was made."""
        if offer.id in self.context.codes:
            return True
        return (offer.left_minor is None or offer.left_minor >= wish) and offer.left_uses != 0

    def wish(self, standing: _Standing) -> int:
        """What the offer would take off without floors."""
        parts = standing.parts
        whole = self.cart.delivery_minor if parts is None else sum(part.minor for part in parts)
        most = standing.offer.terms.max_discount_minor
        return whole if most is None else min(whole, most)

    def take(self, standing: _Standing, taken: _Taken) -> tuple[int, WhyNot | None]:
        """Take off what the floors leave; returns how much, and why nothing or less."""
        if standing.parts is None:
            return self._take_delivery(standing, taken)
        floors = self.floors(standing.floor_percent)
        left, given = self.wish(standing), 0
        for part in standing.parts:
            rooms = {item.key: self._room(item.list_minor, floors[item.key], taken.of(item.key)) for item in part.items}
            weights = {item.key: item.list_minor for item in part.items}
            shares = share_out(min(part.minor, left), weights, rooms)
            for key, minor in shares.items():
                of_line = taken.shares.setdefault(key, {})
                of_line[standing.offer.id] = of_line.get(standing.offer.id, 0) + minor
            given += sum(shares.values())
            left = self.wish(standing) - given
        unknown = any(floors[item.key] is None for part in standing.parts for item in part.items)
        return given, WhyNot.MARGIN_UNKNOWN if unknown else WhyNot.MARGIN_FLOOR

    @staticmethod
    def _room(list_minor: int, floor: int | None, taken: int) -> int:
        return 0 if floor is None else max(0, list_minor - taken - floor)

    def _take_delivery(self, standing: _Standing, taken: _Taken) -> tuple[int, WhyNot | None]:
        """Delivery costs the shop what it charges for it: the lines must earn that above their floors."""
        wish = min(self.wish(standing), self.cart.delivery_minor - taken.delivery_minor)
        floors = self.floors(standing.floor_percent)
        if standing.floor_percent is not None:
            if any(floor is None for floor in floors.values()):
                return 0, WhyNot.MARGIN_UNKNOWN
            rooms = [self._room(i.list_minor, floors[i.key], taken.of(i.key)) for i in self.cart.items]
            if sum(rooms) - taken.delivery_minor < wish:
                return 0, WhyNot.MARGIN_FLOOR
        taken.delivery_minor += wish
        return wish, WhyNot.NO_DELIVERY

    def refuse(self, offer: Offer, why: WhyNot, *, winner: str = "", more: str = "") -> Judged:
        """An offer that gives nothing, with its sentence."""
        words = why_not_words(
            why,
            offer,
            self.zone,
            missing_minor=missing_minor(offer, self.cart),
            decline=self.context.decline,
            winner=winner,
            more=more,
        )
        return Judged(offer_id=offer.id, name=offer.name, discount_minor=0, held_minor=0, why_not=why, words=words)


def price(cart: Cart, offers: Iterable[Offer], at: datetime, context: Context) -> Priced:
    """The cart line by line, and what became of each offer. `at`: aware; the store's local time follows from it.

    The order of lines and offers does not matter, nor does the channel, unless an offer names it. No line falls below
    the floor of an offer that made it cheaper, and nothing becomes negative.
    """
    pricing, judged, standing = _Pricing(cart, at, context), dict[UUID, Judged](), list[_Standing]()
    for offer in sorted({offer.id: offer for offer in offers}.values(), key=lambda offer: offer.id):
        found = pricing.stand(offer)
        if isinstance(found, WhyNot):
            judged[offer.id] = pricing.refuse(offer, found)
        else:
            standing.append(found)
    winners = _winners(pricing, standing, judged)
    taken = _Taken()
    for winner in sorted(winners, key=lambda each: each.turn):
        given, why = pricing.take(winner, taken)
        if not given and why is not None:
            judged[winner.offer.id] = pricing.refuse(winner.offer, why)
            continue
        held = pricing.wish(winner) - given
        words = applied_words(winner.offer, given, held, size_for(winner.offer, context))
        judged[winner.offer.id] = Judged(
            offer_id=winner.offer.id, name=winner.offer.name, discount_minor=given, held_minor=held, why_not=None,
            words=words,
        )  # fmt: skip
    return _priced(cart, taken, judged)


def _winners(pricing: _Pricing, standing: Sequence[_Standing], judged: dict[UUID, Judged]) -> list[_Standing]:
    """One of each group, and all without a group; the others are told who beat them."""
    groups: dict[str, list[_Standing]] = {}
    for each in standing:
        if each.offer.terms.group is not None:
            groups.setdefault(each.offer.terms.group, []).append(each)
    winners = [each for each in standing if each.offer.terms.group is None]
    for group in groups.values():
        best, *others = sorted(group, key=lambda each: each.rank)
        winners.append(best)
        for other in others:
            said = _beaten_by(best, other)
            judged[other.offer.id] = pricing.refuse(other.offer, WhyNot.BEATEN, winner=best.offer.name, more=said)
    return winners


def _beaten_by(best: _Standing, other: _Standing) -> str:
    more = best.alone_minor - other.alone_minor
    if more:
        return f"{money(more, best.offer.currency)} more"
    if best.offer.valid_to != other.offer.valid_to:
        return "the same and ends sooner"
    return "the same and was made earlier"


def _priced(cart: Cart, taken: _Taken, judged: Mapping[UUID, Judged]) -> Priced:
    lines = []
    for item in cart.items:
        shares = taken.shares.get(item.key, {})
        lines.append(
            PricedLine(
                key=item.key,
                quantity_milli=item.quantity_milli,
                list_minor=item.list_minor,
                net_minor=item.list_minor - sum(shares.values()),
                shares=tuple(Share(offer_id, minor) for offer_id, minor in sorted(shares.items())),
            )
        )
    subtotal = sum(line.list_minor for line in lines)
    discount = subtotal - sum(line.net_minor for line in lines)
    delivery = cart.delivery_minor - taken.delivery_minor
    return Priced(
        currency=cart.currency,
        lines=tuple(lines),
        subtotal_minor=subtotal,
        discount_minor=discount,
        delivery_minor=delivery,
        total_minor=subtotal - discount + delivery,
        offers=tuple(judged[offer_id] for offer_id in sorted(judged)),
    )

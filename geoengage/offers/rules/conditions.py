"""Whether an offer may hold for a cart, before anybody reckons what it gives. Pure.

The first obstacle is the reason.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from geoengage.offers.rules.benefits import gift_of
from geoengage.offers.rules.cart import Cart, Context, Offer, OfferStatus, WhyNot
from geoengage.offers.rules.terms import SIZED, Gift, open_hours
from geoengage.venues.rules import Schedule, is_open


def blocked(offer: Offer, cart: Cart, at: datetime, context: Context) -> WhyNot | None:
    """Why the offer cannot hold, None when it can.

    A code of a paused or archived offer: an archived one gives nothing new, but codes that people have stay good.
    """
    return next(_obstacles(offer, cart, at, context), None)


def _obstacles(offer: Offer, cart: Cart, at: datetime, context: Context) -> Iterator[WhyNot]:
    has_code = offer.id in context.codes
    good = (OfferStatus.ACTIVE, OfferStatus.ARCHIVED) if has_code else (OfferStatus.ACTIVE,)
    if offer.status not in good:
        yield WhyNot.NOT_ACTIVE
    if offer.valid_from is not None and at < offer.valid_from:
        yield WhyNot.NOT_STARTED
    if offer.valid_to is not None and at >= offer.valid_to:
        yield WhyNot.ENDED
    if offer.currency != cart.currency:
        yield WhyNot.OTHER_CURRENCY
    yield from _elsewhere(offer, cart, at, context)
    if offer.terms.conditions.with_code and not has_code:
        yield WhyNot.NEEDS_CODE
    yield from _not_for_them(offer, context)
    if missing_minor(offer, cart):
        yield WhyNot.BELOW_MINIMUM


def _elsewhere(offer: Offer, cart: Cart, at: datetime, context: Context) -> Iterator[WhyNot]:
    conditions = offer.terms.conditions
    if offer.store_id is not None and offer.store_id != cart.store_id:
        yield WhyNot.OTHER_STORE
    if conditions.store_ids and cart.store_id not in conditions.store_ids:
        yield WhyNot.OTHER_STORE
    if conditions.channels and cart.channel not in conditions.channels:
        yield WhyNot.OTHER_CHANNEL
    if not is_open(Schedule(None, None, open_hours(conditions)), ZoneInfo(context.timezone), at):
        yield WhyNot.NOT_NOW


def _not_for_them(offer: Offer, context: Context) -> Iterator[WhyNot]:
    conditions = offer.terms.conditions
    if context.orders is None and (conditions.first_order or conditions.once_per_person):
        yield WhyNot.PERSON_UNKNOWN
    if conditions.first_order and context.orders:
        yield WhyNot.NOT_FIRST_ORDER
    if conditions.once_per_person and offer.id in context.used:
        yield WhyNot.ALREADY_USED
    if isinstance(offer.terms.benefit, SIZED) and size_for(offer, context) is None:
        yield WhyNot.NO_TIER


def size_for(offer: Offer, context: Context) -> int | None:
    """The size for whoever buys: what their coupon promised, else by their decline."""
    promised = context.codes.get(offer.id)
    return promised if promised is not None else offer.terms.size(context.decline)


def missing_minor(offer: Offer, cart: Cart) -> int:
    """How much more must lie in the cart before the offer holds; the gift that it gives does not count."""
    least = offer.terms.conditions.min_basket_minor
    if least is None:
        return 0
    benefit = offer.terms.benefit
    gifts = {item.key for item in gift_of(benefit, cart)} if isinstance(benefit, Gift) else set()
    return max(0, least - sum(item.list_minor for item in cart.items if item.key not in gifts))

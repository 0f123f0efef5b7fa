"""Offers and reasons in words that a shop owner or a cashier understands. Pure."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from geoengage.commerce.rules import to_text
from geoengage.metrics.rules import Degree
from geoengage.offers.rules.cart import Offer, WhyNot
from geoengage.offers.rules.labels import Labels, labels_in
from geoengage.offers.rules.terms import (
    Among,
    AmountOff,
    Bundle,
    BuyGet,
    CrossSell,
    FreeDelivery,
    Gift,
    OfferTerms,
    PercentOff,
    SecondItem,
)

WHY_NOT: Mapping[WhyNot, str] = {
    WhyNot.NOT_ACTIVE: "It is not switched on.",
    WhyNot.NOT_STARTED: "It begins on {start}.",
    WhyNot.ENDED: "It ended on {end}.",
    WhyNot.OTHER_CURRENCY: "It is in {currency}; this cart is not.",
    WhyNot.OTHER_STORE: "It does not hold at this store.",
    WhyNot.OTHER_CHANNEL: "It holds only for {channels}.",
    WhyNot.NOT_NOW: "It does not hold on this day or at this hour.",
    WhyNot.NEEDS_CODE: "It needs a coupon's code.",
    WhyNot.PERSON_UNKNOWN: "It is for known customers, and nobody knows yet who this is.",
    WhyNot.NOT_FIRST_ORDER: "It is for a first order, and this customer has bought before.",
    WhyNot.ALREADY_USED: "It is for each customer once, and this one has had it.",
    WhyNot.NO_TIER: "It has no size for how this customer buys now ({decline}).",
    WhyNot.BELOW_MINIMUM: "{missing} more in the cart are needed.",
    WhyNot.NOTHING_FOR_IT: "Nothing in the cart that it is on.",
    WhyNot.TOO_FEW: "Too few pieces in the cart that it is on.",
    WhyNot.GIFT_MISSING: "The product that it makes cheaper is not in the cart.",
    WhyNot.NOT_CHEAPER: "The cart costs no more without it.",
    WhyNot.NO_DELIVERY: "Nothing is charged for delivery.",
    WhyNot.BUDGET_USED_UP: "Its budget is used up.",
    WhyNot.MARGIN_UNKNOWN: "A margin floor is set, and the margin of these products is not known.",
    WhyNot.MARGIN_FLOOR: "The margin floor leaves no room for it.",
    WhyNot.BEATEN: "“{winner}” of the same group gives {more}.",
}


def money(minor: int, currency: str) -> str:
    """1250 CHF → `12.50 CHF`."""
    return f"{'−' if minor < 0 else ''}{to_text(abs(minor), currency)} {currency}"


def label_of(terms: OfferTerms, currency: str, size: int | None = None, language: str | None = None) -> str:
    """What an offer gives, as short as a message says it. `size`: of a tier; None: the kind's own. `language`: a tag;
    English where it has no words.
    """
    benefit, words = terms.benefit, labels_in(language)
    match benefit:
        case PercentOff():
            return words.percent.format(n=size or benefit.percent)
        case AmountOff():
            return words.amount.format(money=money(size or benefit.amount_minor, currency))
        case SecondItem():
            return _second(words, benefit.among).format(n=size or benefit.percent)
        case BuyGet():
            return words.buy_get.format(all=benefit.buy + benefit.get, buy=benefit.buy)
        case Gift():
            return words.gift if benefit.quantity == 1 else words.gifts.format(n=benefit.quantity)
        case FreeDelivery():
            return words.delivery
        case Bundle():
            return words.bundle.format(money=money(benefit.price_minor, currency))
        case CrossSell():
            return words.one_more.format(money=money(benefit.price_minor, currency))


def _second(words: Labels, among: Among) -> str:
    if among is Among.CHEAPEST:
        return words.cheapest
    return words.second if among is Among.ANY else words.second_of_category


def why_not_words(
    why: WhyNot,
    offer: Offer,
    zone: ZoneInfo,
    *,
    missing_minor: int = 0,
    decline: Degree = Degree.UNKNOWN,
    winner: str = "",
    more: str = "more",
) -> str:
    """The sentence for a reason."""
    return WHY_NOT[why].format(
        start=_when(offer.valid_from, zone),
        end=_when(offer.valid_to, zone),
        currency=offer.currency,
        channels=" and ".join(offer.terms.conditions.channels),
        missing=money(missing_minor, offer.currency),
        decline=decline,
        winner=winner,
        more=more,
    )


def _when(at: datetime | None, zone: ZoneInfo) -> str:
    return "" if at is None else at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def applied_words(offer: Offer, discount_minor: int, held_minor: int, size: int | None) -> str:
    """What an offer did, and what the margin floor kept it from."""
    said = f"{label_of(offer.terms, offer.currency, size)}: {money(discount_minor, offer.currency)} less."
    if held_minor:
        said += f" The margin floor kept {money(held_minor, offer.currency)} of it."
    return said

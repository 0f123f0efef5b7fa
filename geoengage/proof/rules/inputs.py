"""What the money of a proof is made of, and what is missing to make it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from geoengage.proof.rules.measures import Floats

# Providers take nothing for these; a price that somebody set counts all the same.
FREE = frozenset({"fcm", "webpush", "preview", "inbox", "web_card"})


class Missing(StrEnum):
    """An input without which a number is not computable."""

    MARGIN = "margin"
    MESSAGE_COST = "message_cost"
    OTHER_CURRENCY = "other_currency"
    VALUE_MODEL = "value_model"
    HOLDOUT = "holdout"
    ORDERS = "orders"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class Mend:
    """What to do about a missing input: a sentence, and the page of the console where it is done."""

    text: str
    link: str


MENDS: Mapping[Missing, Mend] = {
    Missing.MARGIN: Mend(
        "Some of what was sold has neither a product cost nor a margin: add the margin of the store or of the whole"
        " company.",
        "/offers",
    ),
    Missing.MESSAGE_COST: Mend("It is not known what the messages cost: add it.", "/proof?inputs=1"),
    Missing.OTHER_CURRENCY: Mend(
        "Message costs are in another currency than the orders, and currencies are never added: state them in the"
        " currency of the orders.",
        "/proof?inputs=1",
    ),
    Missing.VALUE_MODEL: Mend("Lifetime value needs a value model, which needs more purchases.", "/insights"),
    Missing.HOLDOUT: Mend(
        "Nobody is held back from this campaign, so nobody can say what it brought: set a holdout.", "/proof?inputs=1"
    ),
    Missing.ORDERS: Mend("No orders are known of these people: send orders.", "/imports"),
    Missing.COST: Mend(
        "It has cost nothing so far, so there is no return on it to tell: is a price missing?", "/proof?inputs=1"
    ),
}


@dataclass(frozen=True, slots=True)
class Price:
    """What a thousand messages cost in a channel and a country ('': in any other), minor units."""

    channel: str
    country: str
    thousand_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Sending:
    """So many messages to one person (a place) by channel and country ('' where nobody knows)."""

    person: int
    channel: str
    country: str
    messages: int


def price_of(channel: str, country: str, prices: Sequence[Price]) -> Price | None:
    """The price of the country, else the one of any country; None: nobody said."""
    mine = {p.country: p for p in prices if p.channel == channel}
    return mine.get(country) or mine.get("")


def sent_costs(
    sendings: Iterable[Sending], prices: Sequence[Price], people: int, currency: str | None
) -> tuple[Floats, dict[str, float], Missing | None]:
    """What each person's messages cost, what those of each channel cost together, and what is missing to say so."""
    costs, by_channel, missing = np.zeros(people), dict[str, float](), None
    for each in sendings:
        price = price_of(each.channel, each.country, prices)
        if price is None and each.channel in FREE:
            by_channel.setdefault(each.channel, 0.0)
        elif price is None:
            missing = missing or Missing.MESSAGE_COST
        elif price.currency != currency and price.thousand_minor:
            missing = Missing.OTHER_CURRENCY
        else:
            cost = each.messages * price.thousand_minor / 1000
            costs[each.person] += cost
            by_channel[each.channel] = by_channel.get(each.channel, 0.0) + cost
    return costs, by_channel, missing

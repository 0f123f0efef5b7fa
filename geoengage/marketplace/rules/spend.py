"""What stores spend on messages: prices applied to counts, and which messages a limit has room for. Pure.

Fractions of a minor unit are kept as thousandths (a price is of a thousand messages), so that nothing is rounded away.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.messaging.rules import Going
from geoengage.proof.rules.inputs import FREE, Price, price_of


@dataclass(frozen=True, slots=True)
class Count:
    """So many messages of a store in a month went by a channel to numbers of a country, and so many were held back."""

    store_id: UUID
    month: date
    channel: str
    country: str
    messages: int
    held_back: int = 0


@dataclass(frozen=True, slots=True)
class Cap:
    """What a store may spend in a month, minor units."""

    limit_minor: int
    currency: str


@dataclass(slots=True)
class Spent:
    """What a store spent in a month, by currency in thousandths of minor units; currencies are never added.

    `unpriced`: channels that cost something, and nobody said what.
    """

    thousandths: dict[str, int] = field(default_factory=dict)
    unpriced: set[str] = field(default_factory=set)
    held_back: int = 0

    def minor(self, currency: str) -> int:
        """In whole minor units, rounded up: nobody is told that there is more left than there is."""
        return -(-self.thousandths.get(currency, 0) // 1000)


def month_of(now: datetime, timezone: str) -> date:
    """The first day of the month that it is there."""
    return now.astimezone(ZoneInfo(timezone)).date().replace(day=1)


def spent_of(counts: Iterable[Count], prices: Sequence[Price]) -> Spent:
    """What these messages cost together, at the prices that hold now."""
    spent = Spent()
    for each in counts:
        spent.held_back += each.held_back
        price = price_of(each.channel, each.country, prices)
        if price is not None:
            known = spent.thousandths.get(price.currency, 0)
            spent.thousandths[price.currency] = known + each.messages * price.thousand_minor
        elif each.channel not in FREE and each.messages:
            spent.unpriced.add(each.channel)
    return spent


def is_counted(channel: str, prices: Sequence[Price]) -> bool:
    """Whether anything of the channel can cost money: pushes and inbox cost none unless a price says so."""
    return channel not in FREE or any(price.channel == channel for price in prices)


def beyond_means(
    going: Sequence[Going], caps: Mapping[UUID, Cap], spent: Mapping[UUID, Spent], prices: Sequence[Price]
) -> set[UUID]:
    """Those for which their store has nothing left, in the order in which they would go.

    A limit holds in its own currency; what has no price in it costs nothing that could be counted. What somebody waits
    for goes and counts, also beyond the limit; what is tried again was counted.
    """
    left = {id_: 1000 * cap.limit_minor - spent[id_].thousandths.get(cap.currency, 0) for id_, cap in caps.items()}
    beyond = set()
    for each in going:
        cap, price = caps.get(each.store_id), price_of(each.channel, each.country, prices)
        if cap is None or price is None or price.currency != cap.currency or not each.is_first:
            continue
        if each.may_wait and price.thousand_minor > max(0, left[each.store_id]):
            beyond.add(each.message_id)
        else:
            left[each.store_id] -= price.thousand_minor
    return beyond

"""Messages of the past without an experiment: whom they reached, and the revenue that followed one. Pure and seeded.

A chain has written to its customers for long; some open the message and buy within three days. Which share of purchases
follows a message is planted, so what the product finds of it can be held against the truth.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.demo.planting.story import Stages, Text
from geoengage.lifecycle.rules.catalogue import DIRECT_DAYS

_FOLLOWS = timedelta(days=DIRECT_DAYS)
_UNOPENED = 0.8  # messages that nobody opened, for each that was


@dataclass(frozen=True, slots=True)
class Letters:
    """What is known of a campaign that holds nobody back. `campaign`: as the API takes it, but for its name."""

    key: str
    name: str
    channel: str
    text: Text
    campaign: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to a customer, by external id."""

    customer: str
    at: datetime
    seen: Stages


@dataclass(frozen=True, slots=True)
class Bought:
    """What a customer paid at a moment, minor units less what came back. `shop`: external id, None: none."""

    customer: str
    at: datetime
    minor: int
    shop: str | None = None


def write(
    rng: np.random.Generator, bought: Sequence[Bought], share: Callable[[datetime], float], since: datetime
) -> list[Letter]:
    """Messages to these customers from `since` on; that share of purchases follows an opened one."""
    found = []
    for one in bought:
        drawn, hours, unopened, days = rng.random(), rng.uniform(1, 40), rng.random(), rng.uniform(4, 25)
        opened = one.at - timedelta(hours=hours)
        if opened >= since and drawn < share(one.at):
            sent = opened - timedelta(minutes=50)
            found.append(Letter(one.customer, sent, (sent + timedelta(minutes=1), opened, None)))
        sent = one.at - timedelta(days=days)
        if sent >= since and unopened < _UNOPENED * share(one.at):
            found.append(Letter(one.customer, sent, (sent + timedelta(minutes=1), None, None)))
    return sorted(found, key=lambda letter: (letter.at, letter.customer))


def followed(opened: Iterable[tuple[str, datetime]], bought: Iterable[Bought]) -> list[Bought]:
    """The purchases of customers who had opened a message at most three days before."""
    by_customer: dict[str, list[datetime]] = defaultdict(list)
    for customer, at in sorted(opened):
        by_customer[customer].append(at)
    result = []
    for one in bought:
        moments = by_customer.get(one.customer, [])
        n = bisect_left(moments, one.at + timedelta(microseconds=1)) - 1
        if n >= 0 and one.at < moments[n] + _FOLLOWS:
            result.append(one)
    return result


def by_month(bought: Iterable[Bought], zone: ZoneInfo) -> dict[date, int]:
    """Minor units by the first day of the month."""
    found: dict[date, int] = defaultdict(int)
    for one in bought:
        found[one.at.astimezone(zone).date().replace(day=1)] += one.minor
    return found

"""Metrics of purchases over columns of orders. Pure; numpy, because a shop has a million orders.

A row is an order, the oldest day first. Returns have money and count nothing; an order without a known person is a
person of its own, but no customer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from geoengage.lifecycle.rules.catalogue import ACTIVATION_DAYS
from geoengage.lifecycle.rules.spans import Span

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
NEVER = -1  # as a day: there is none
_Z = 1.96  # of a two-sided 95 % interval


@dataclass(frozen=True, slots=True)
class Figure:
    """A number about people. `value` None: there is nothing to tell of, or it is too early.

    `people`: how many it is about; of a share `hits` those of whom it is true. `low`, `high`: a 95 % interval.
    """

    value: float | None
    people: int
    hits: int | None = None
    low: float | None = None
    high: float | None = None


NO_FIGURE = Figure(None, 0)


def share(hits: int, people: int) -> Figure:
    """A share of people; no value where there is nobody."""
    return Figure(hits / people if people else None, people, hits)


class Purchases:
    """Orders as columns, sorted by day. `ids`: the 64-bit name of each person; `person` counts into it.

    `day` is `date.toordinal()` of the local day, `money` minor units of the row's currency, `currency` counts into
    `currencies`, of which the first is the one of most orders. `counted`: an order, no return; `known`: of a profile.
    """

    def __init__(self, rows: Mapping[str, npt.NDArray[Any]], currencies: Sequence[str]) -> None:
        order = np.argsort(rows["day"], kind="stable")
        self.currencies = list(currencies)
        self.day: Ints = rows["day"][order].astype(np.int64)
        self.money: Ints = rows["money"][order].astype(np.int64)
        self.currency: Ints = rows["currency"][order].astype(np.int64)
        self.counted: Bools = rows["counted"][order].astype(bool)
        self.known: Bools = rows["known"][order].astype(bool)
        self.ids, person = np.unique(rows["person"][order].astype(np.int64), return_inverse=True)
        self.person: Ints = person.astype(np.int64)

    @staticmethod
    def none() -> "Purchases":
        """No orders."""
        names = ("person", "day", "money", "currency", "counted", "known")
        return Purchases({name: np.zeros(0, dtype=np.int64) for name in names}, ())

    @property
    def by_currency(self) -> dict[str, int]:
        """How many counted orders there are of each currency, in their order."""
        counts = np.bincount(self.currency[self.counted], minlength=len(self.currencies))
        return {code: int(n) for code, n in zip(self.currencies, counts, strict=True)}

    @cached_property
    def is_purchase(self) -> Bools:
        """Counted orders of known people."""
        return self.counted & self.known

    def rows(self, span: Span) -> slice:
        """The rows of a span."""
        first, end = np.searchsorted(self.day, (span.first.toordinal(), span.last.toordinal() + 1))
        return slice(int(first), int(end))

    def people(self, span: Span, *, known: bool = False) -> int:
        """How many different people ordered in a span; `known`: without those of whom nothing is known."""
        at = self.rows(span)
        return len(np.unique(self.person[at][self.known[at]] if known else self.person[at]))

    def new_people(self, span: Span) -> int:
        """How many known people bought for the first time in a span."""
        first = self.days.first
        return int(((first >= span.first.toordinal()) & (first <= span.last.toordinal())).sum())

    @cached_property
    def days(self) -> "PurchaseDays":
        """The purchase days of known people."""
        return PurchaseDays.of(self.person[self.is_purchase], self.day[self.is_purchase], len(self.ids))

    @cached_property
    def number(self) -> Ints:
        """Which counted order of its person each row is, from 1; 0 for the others."""
        found = np.zeros(len(self.day), dtype=np.int64)
        at = np.flatnonzero(self.is_purchase)
        by_person = at[np.argsort(self.person[at], kind="stable")]
        person = self.person[by_person]
        starts = np.flatnonzero(np.r_[True, person[1:] != person[:-1]]) if len(person) else np.zeros(0, dtype=np.int64)
        lengths = np.diff(np.r_[starts, len(person)])
        found[by_person] = np.arange(len(person)) - np.repeat(starts, lengths) + 1
        return found

    def in_currency(self, currency: str | None) -> "Purchases":
        """Only the rows of one currency; people keep their numbers."""
        mine = self.currency == (self.currencies.index(currency) if currency in self.currencies else NEVER)
        if mine.all():
            return self
        part = object.__new__(Purchases)
        part.currencies, part.ids = self.currencies, self.ids
        for name in ("day", "money", "currency", "counted", "known", "person"):
            setattr(part, name, getattr(self, name)[mine])
        return part


@dataclass(frozen=True, slots=True)
class PurchaseDays:
    """Each purchase day of each person once, sorted by person, then day. `before`: the one before it, else NEVER."""

    person: Ints
    day: Ints
    before: Ints
    people: int  # persons are 0 … people - 1; some of them may have no day

    @staticmethod
    def of(person: Ints, day: Ints, people: int) -> "PurchaseDays":
        """From orders in any order."""
        width = int(day.max()) + 1 if len(day) else 1
        both = np.unique(person * width + day)
        person, day = both // width, both % width
        same = np.r_[False, person[1:] == person[:-1]]
        before = np.where(same, np.r_[NEVER, day[:-1]] if len(day) else day, NEVER)
        return PurchaseDays(person, day, before, people)

    @property
    def first(self) -> Ints:
        """First purchase day of each person; NEVER: none."""
        found = np.full(self.people, NEVER, dtype=np.int64)
        new = self.before == NEVER
        found[self.person[new]] = self.day[new]
        return found

    @property
    def second(self) -> Ints:
        """Second purchase day of each person; NEVER: none."""
        found = np.full(self.people, NEVER, dtype=np.int64)
        first = self.first
        later = (self.before != NEVER) & (self.before == first[self.person])
        found[self.person[later]] = self.day[later]
        return found


# --- metrics: (orders, spans, the first day that is not over) -> a figure a span --------------------------------------


def _each(one: Callable[[Purchases, slice], Figure]) -> Callable[[Purchases, Sequence[Span], int], list[Figure]]:
    return lambda orders, spans, today: [one(orders, orders.rows(span)) for span in spans]


def _revenue(orders: Purchases, at: slice) -> Figure:
    return Figure(float(orders.money[at].sum()), len(np.unique(orders.person[at])))


def _average_order(orders: Purchases, at: slice) -> Figure:
    count = int(orders.counted[at].sum())
    people = len(np.unique(orders.person[at]))
    return Figure(float(orders.money[at].sum()) / count if count else None, people)


def _frequency(orders: Purchases, at: slice) -> Figure:
    bought = orders.person[at][orders.is_purchase[at]]
    people = len(np.unique(bought))
    return Figure(len(bought) / people if people else None, people)


def _repeat_rate(orders: Purchases, at: slice) -> Figure:
    number, person = orders.number[at], orders.person[at]
    return share(len(np.unique(person[number > 1])), len(np.unique(person[number > 0])))


def between(orders: Purchases, spans: Sequence[Span], today: int) -> list[Figure]:
    """Median days since the purchase day before."""
    days = orders.days
    later = np.flatnonzero(days.before != NEVER)
    later = later[np.argsort(days.day[later], kind="stable")]
    day, gap, person = days.day[later], (days.day - days.before)[later], days.person[later]
    found = []
    for span in spans:
        a, b = np.searchsorted(day, (span.first.toordinal(), span.last.toordinal() + 1))
        found.append(Figure(float(np.median(gap[a:b])) if b > a else None, len(np.unique(person[a:b]))))
    return found


def activation(orders: Purchases, spans: Sequence[Span], today: int) -> list[Figure]:
    """Of new customers those who bought again soon; only of those whose time for it is over."""
    first, second = orders.days.first, orders.days.second
    soon = (second != NEVER) & (second - first <= ACTIVATION_DAYS)
    over = first + ACTIVATION_DAYS < today
    return [share_of(first, soon, over, span) for span in spans]


def share_of(start: Ints, hit: Bools, over: Bools, span: Span) -> Figure:
    """Of the people who began in a span and of whom it is known by now, those of whom something is true."""
    those = (start >= span.first.toordinal()) & (start <= span.last.toordinal()) & over
    return share(int((those & hit).sum()), int(those.sum()))


def totals(orders: Purchases, until: date) -> npt.NDArray[np.float64]:
    """What each customer has spent by the end of a day."""
    at = slice(0, orders.rows(Span(until, until)).stop)
    known, person = orders.known[at], orders.person[at]
    spent = np.bincount(person[known], orders.money[at][known], minlength=len(orders.ids))
    customers = np.unique(person[orders.is_purchase[at]])
    return spent[customers].astype(np.float64)


def lifetime(orders: Purchases, spans: Sequence[Span], today: int) -> list[Figure]:
    """Mean money of customers up to the end of each span, with the interval of the mean."""
    found: dict[Span, Figure] = {}
    totals = np.zeros(len(orders.ids))
    is_customer = np.zeros(len(orders.ids), dtype=bool)
    done = 0
    for span in sorted(spans, key=lambda s: s.last):
        at = slice(done, orders.rows(span).stop)
        if at.stop > done:
            known = orders.known[at]
            totals += np.bincount(orders.person[at][known], orders.money[at][known], minlength=len(totals))
            is_customer[orders.person[at][orders.is_purchase[at]]] = True
            done = at.stop
        found[span] = _mean(totals[is_customer])
    return [found[span] for span in spans]


def _mean(values: npt.NDArray[np.float64]) -> Figure:
    n = len(values)
    if n == 0:
        return Figure(None, 0)
    mean = float(values.mean())
    margin = _Z * float(values.std(ddof=1)) / n**0.5 if n > 1 else 0.0
    return Figure(mean, n, low=mean - margin, high=mean + margin)


def direct_share(orders: Purchases, direct: Purchases, span: Span) -> Figure:
    """The share of money that those of the orders make up which followed a message."""
    revenue = float(orders.money[orders.rows(span)].sum())
    followed = float(direct.money[direct.rows(span)].sum())
    return Figure(followed / revenue if revenue > 0 else None, orders.people(span), direct.people(span))


PURCHASE_METRICS: Mapping[str, Callable[[Purchases, Sequence[Span], int], list[Figure]]] = {
    "revenue": _each(_revenue),
    "average_order_value": _each(_average_order),
    "purchase_frequency": _each(_frequency),
    "repeat_rate": _each(_repeat_rate),
    "time_between_orders": between,
    "activation": activation,
    "ltv": lifetime,
}

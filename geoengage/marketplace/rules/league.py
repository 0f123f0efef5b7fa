"""How stores compare in a month: a new store is no growth, currencies are never added, nothing is told of less than
ten people. Pure.

Growth is of stores that traded all through the month before: the first order of each is older than that month. What the
others took is told beside it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import floor, log10
from statistics import quantiles
from uuid import UUID

from geoengage.campaigns.rules.counts import K

TREND_MONTHS = 12
_DIGITS = 2  # of a quartile: a whole number of them names no store's own figure


@dataclass(frozen=True, slots=True)
class StoreMonth:
    """What a store sold in a month. `revenue`: by currency, net of refunds; `orders`: by currency; `guests`: orders of
    which nobody knows whose they are."""

    customers: int
    guests: int
    orders: Mapping[str, int]
    revenue: Mapping[str, int]

    @property
    def is_few(self) -> bool:
        """So few people that nothing may be told. Behind each order of a guest may be somebody of their own."""
        return 0 < self.customers + self.guests < K


@dataclass(frozen=True, slots=True)
class Traded:
    """A store's trade. `first`: the month of its first order; `months`: by month; `before`, `again`: customers of the
    month before, and those of them who came back."""

    store_id: UUID
    name: str
    first: date | None
    months: Mapping[date, StoreMonth]
    before: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A store in the table. None: too few people, or nothing to compare with. `trend`: revenue, oldest month first.

    `currency`: of most of its orders; `others`: orders in other currencies, which are in no amount.
    """

    store_id: UUID
    name: str
    cohort: date | None
    is_same: bool
    is_few: bool
    currency: str | None
    customers: int | None
    orders: int | None
    others: int | None
    revenue_minor: int | None
    before_minor: int | None
    retention: float | None
    growth: float | None
    trend: list[int | None]


@dataclass(slots=True)
class Total:
    """What stores took together in one currency, minor units: this month and the one before; and of those the stores
    that traded all through both. A store of which too little may be told in either month is in none of it."""

    currency: str
    stores: int = 0
    this_minor: int = 0
    before_minor: int = 0
    same_stores: int = 0
    same_this_minor: int = 0
    same_before_minor: int = 0

    @property
    def growth(self) -> float | None:
        """Of all together: new stores look like growth in it."""
        return _change(self.this_minor, self.before_minor)

    @property
    def same_growth(self) -> float | None:
        """Of the same stores."""
        return _change(self.same_this_minor, self.same_before_minor)


@dataclass(frozen=True, slots=True)
class Cohort:
    """The stores whose first order was in the same month, in one currency."""

    month: date
    total: Total


@dataclass(frozen=True, slots=True)
class Quartiles:
    """A quarter of the stores lies below `low`, half below `middle`, three quarters below `high`; to two digits."""

    measure: str
    currency: str | None
    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class League:
    """The table of a month."""

    month: date
    months: list[date]
    rows: list[Row] = field(default_factory=list)


def month_before(month: date, back: int = 1) -> date:
    """The first day of the month so many before."""
    at = month.year * 12 + month.month - 1 - back
    return date(at // 12, at % 12 + 1, 1)


def league_of(month: date, stores: Iterable[Traded], *, exact: bool = False) -> League:
    """The table, most revenue first within a currency. `exact`: all people are simulated."""
    months = [month_before(month, back) for back in range(TREND_MONTHS - 1, -1, -1)]
    rows = [_row(month, months, each, exact=exact) for each in stores]
    rows.sort(key=lambda row: (row.currency or "~", -(row.revenue_minor or 0), row.name, row.store_id))
    return League(month, months, rows)


def totals_of(rows: Iterable[Row]) -> list[Total]:
    """By currency. A store that is hidden in one of the months is left out, so that no difference tells of it."""
    found: dict[str, Total] = {}
    for row in rows:
        if row.currency is None or row.revenue_minor is None or row.before_minor is None:
            continue
        total = found.setdefault(row.currency, Total(row.currency))
        total.stores += 1
        total.this_minor += row.revenue_minor
        total.before_minor += row.before_minor
        if row.is_same:
            total.same_stores += 1
            total.same_this_minor += row.revenue_minor
            total.same_before_minor += row.before_minor
    return [found[name] for name in sorted(found)]


def cohorts_of(rows: Collection[Row]) -> list[Cohort]:
    """By the month of the first order, the newest first."""
    months = sorted({row.cohort for row in rows if row.cohort is not None}, reverse=True)
    return [Cohort(month, total) for month in months for total in totals_of(row for row in rows if row.cohort == month)]


def quartiles_of(rows: Collection[Row]) -> list[Quartiles]:
    """Of what a store may know of all: only where ten stores or more are in it."""
    found = []
    for currency in sorted({row.currency for row in rows if row.currency is not None}):
        found += _quartiles("revenue_minor", currency, [r.revenue_minor for r in rows if r.currency == currency])
    for measure in ("customers", "orders", "retention"):
        found += _quartiles(measure, None, [getattr(row, measure) for row in rows])
    return found + _quartiles("growth", None, [row.growth for row in rows if row.is_same])


def _quartiles(measure: str, currency: str | None, values: Sequence[float | None]) -> list[Quartiles]:
    known = [value for value in values if value is not None]
    if len(known) < K:
        return []
    low, middle, high = (_rounded(value) for value in quantiles(known, n=4, method="inclusive"))
    return [Quartiles(measure, currency, low, middle, high)]


def _rounded(value: float) -> float:
    return 0.0 if value == 0 else round(value, _DIGITS - 1 - floor(log10(abs(value))))


def _row(month: date, months: Sequence[date], store: Traded, *, exact: bool) -> Row:
    before = month_before(month)
    counted: dict[str, int] = {}
    for each in store.months.values():
        for name, orders in each.orders.items():
            counted[name] = counted.get(name, 0) + orders
    currency = max(sorted(counted), key=counted.__getitem__, default=None)

    def revenue(of: date) -> int | None:
        found = store.months.get(of)
        if found is None:
            return 0
        return None if found.is_few and not exact else found.revenue.get(currency or "", 0)

    this = store.months.get(month)
    is_few = this is not None and this.is_few and not exact
    is_same = store.first is not None and store.first < before
    minor, minor_before = revenue(month), revenue(before)
    orders = 0 if this is None else sum(this.orders.values())
    in_currency = 0 if this is None else this.orders.get(currency or "", 0)
    return Row(
        store_id=store.store_id,
        name=store.name,
        cohort=store.first,
        is_same=is_same,
        is_few=is_few,
        currency=currency,
        customers=_told(0 if this is None else this.customers, is_few, exact=exact),
        orders=None if is_few else orders,
        others=None if is_few else orders - in_currency,
        revenue_minor=minor,
        before_minor=minor_before,
        retention=_retention(store, is_few, exact=exact),
        growth=_change(minor, minor_before) if is_same else None,
        trend=[revenue(each) for each in months],
    )


def _told(people: int, is_few: bool, *, exact: bool) -> int | None:
    return None if is_few or (0 < people < K and not exact) else people


def _retention(store: Traded, is_few: bool, *, exact: bool) -> float | None:
    """Told only where neither those who came back nor those who did not are one to nine people."""
    gone = store.before - store.again
    if store.before == 0 or is_few or (not exact and (0 < store.again < K or 0 < gone < K or store.before < K)):
        return None
    return store.again / store.before


def _change(this: int | None, before: int | None) -> float | None:
    return None if this is None or not before or before < 0 else this / before - 1

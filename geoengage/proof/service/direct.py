"""Revenue from direct communication by month: against the month before and the same month a year earlier.

The definition is that of the metric `direct_share`: orders whose customer had opened a campaign's message at most three
days before. It says what followed, not what was caused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle import service as lifecycle
from geoengage.lifecycle.rules.spans import Span, Step, add_months, cut
from geoengage.lifecycle.service import Point, Scope, Wanted

MONTHS = 24


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month; `is_over` False: up to yesterday. `money_minor` None: no data, or (`hidden`) too few people.

    `growth`: over the month before, `year_on_year`: over the same month a year earlier; None where one has no data.
    """

    first: date
    is_over: bool
    money_minor: float | None
    share: float | None
    hidden: bool
    growth: float | None = None
    year_on_year: float | None = None


@dataclass(frozen=True, slots=True)
class Months:
    """The last two years, the newest month last. `others`: currencies left out, with their orders."""

    currency: str | None
    others: Mapping[str, int]
    timezone: str
    months: list[Month]


async def read_months(session: Session, tenant_id: TenantId, scope: Scope, now: datetime, *, exact: bool) -> Months:
    """Of a store, a mall or the whole. Months before the first kept message have no data."""
    place = await lifecycle.get_place(session, tenant_id, scope)
    yesterday = now.astimezone(ZoneInfo(place.timezone)).date() - timedelta(days=1)
    spans = cut(Span(add_months(yesterday.replace(day=1), -MONTHS), yesterday), Step.MONTH)
    names = ("revenue", "direct_share")
    found = await lifecycle.series_of_many(session, tenant_id, scope, Wanted(names, spans), now)
    revenue, share = (found[name].points for name in names)
    months = [_month(*pair, exact=exact) for pair in zip(revenue, share, strict=True)]
    series = found["direct_share"]
    return Months(series.currency, series.others, series.timezone, _with_growth(months))


def _month(revenue: Point, share: Point, *, exact: bool) -> Month:
    hidden = not exact and share.figure.value is not None and (revenue.hidden or share.hidden) is not None
    known = revenue.figure.value is not None and share.figure.value is not None and not hidden
    money = (revenue.figure.value or 0.0) * (share.figure.value or 0.0) if known else None
    return Month(share.span.first, share.span.is_months, money, share.figure.value if known else None, hidden)


def _with_growth(months: Sequence[Month]) -> list[Month]:
    result = []
    for n, month in enumerate(months):
        before, year = (months[n - k] if n >= k else None for k in (1, 12))
        values = [_grown(month, other) for other in (before, year)]
        result.append(
            Month(month.first, month.is_over, month.money_minor, month.share, month.hidden, values[0], values[1])
        )
    return result[1:]  # the first was only to compare with


def _grown(month: Month, other: Month | None) -> float | None:
    """Only whole months are compared."""
    if other is None or not month.is_over or month.money_minor is None or not other.money_minor:
        return None
    return month.money_minor / other.money_minor - 1

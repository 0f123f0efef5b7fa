"""Calendar periods: the only windows that footfall knows, so that nobody can slide one. Pure.

Weeks are ISO weeks (Monday first) and cross months; a *piece* is the part of a week that lies in one month. Weeks and
months are both whole pieces, which is why counts are pooled by piece.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

DAY = timedelta(days=1)


class Span(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """A day, an ISO week or a calendar month, in the mall's own dates; `last` belongs to it."""

    span: Span
    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def dates(self) -> Iterator[date]:
        """Its days in order."""
        return (self.first + n * DAY for n in range(self.days))

    def holds(self, other: "Period") -> bool:
        """Whether the other one lies inside it and is shorter."""
        return self.first <= other.first and other.last <= self.last and self.days > other.days

    def before(self) -> "Period":
        """The period of the same kind just before it."""
        return period_of(self.span, self.first - DAY)

    def parts(self) -> list["Period"]:
        """Every shorter period inside it, shortest first: days, whole weeks."""
        days = [Period(Span.DAY, day, day) for day in self.dates()]
        weeks = [period_of(Span.WEEK, day) for day in self.dates() if day.weekday() == 0]
        return [part for part in (*days, *weeks) if self.holds(part)]

    def crossed(self) -> "Period | None":
        """The week or month that began before it and ended in it: the month of a week, the week of a month."""
        if self.span is Span.DAY:
            return None
        other = period_of(Span.MONTH if self.span is Span.WEEK else Span.WEEK, self.first)
        return other if other.first < self.first and other.last < self.last else None


def period_of(span: Span, on: date) -> Period:
    """The period of that kind in which a day lies."""
    if span is Span.DAY:
        return Period(span, on, on)
    if span is Span.WEEK:
        monday = on - on.weekday() * DAY
        return Period(span, monday, monday + 6 * DAY)
    first = on.replace(day=1)
    return Period(span, first, (first + 31 * DAY).replace(day=1) - DAY)


def piece_of(on: date) -> tuple[date, date]:
    """First and last day of the part of its week that lies in its month."""
    week, month = period_of(Span.WEEK, on), period_of(Span.MONTH, on)
    return max(week.first, month.first), min(week.last, month.last)

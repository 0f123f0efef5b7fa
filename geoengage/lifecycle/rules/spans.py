"""Periods of local days: how one is cut into steps, the one before it, the one a year earlier. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

DAY = timedelta(days=1)
_YEAR_OF_WEEKS = 364 * DAY  # so that each weekday meets the same weekday


class Step(StrEnum):
    """How a period is cut. Weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Local days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def is_months(self) -> bool:
        """Whether it is whole calendar months."""
        return self.first.day == 1 and (self.last + DAY).day == 1

    def until(self, last: date) -> "Span | None":
        """Its part that is over by the end of a day; None if it begins later."""
        return None if self.first > last else Span(self.first, min(self.last, last))


def cut(period: Span, step: Step) -> list[Span]:
    """The steps of a period in order. The first and the last may be shorter than a whole step."""
    return list(_pieces(period, step))


def _pieces(period: Span, step: Step) -> Iterator[Span]:
    first = period.first
    while first <= period.last:
        last = min(period.last, _end_of(first, step))
        yield Span(first, last)
        first = last + DAY


def _end_of(day: date, step: Step) -> date:
    if step is Step.DAY:
        return day
    if step is Step.WEEK:
        return day + (6 - day.weekday()) * DAY
    if step is Step.MONTH:
        return add_months(day.replace(day=1), 1) - DAY
    if step is Step.QUARTER:
        return add_months(day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), 3) - DAY
    return day.replace(month=12, day=31)


def widened(period: Span, step: Step) -> list[Span]:
    """The whole steps in which a period lies."""
    pieces = cut(period, step)
    first = pieces[0].first
    while _end_of(first - DAY, step) == _end_of(first, step):
        first -= DAY
    return cut(Span(first, _end_of(period.last, step)), step)


def add_months(day: date, months: int) -> date:
    """The same day of a month later or earlier; the last one of a shorter month."""
    number = day.year * 12 + day.month - 1 + months
    first = date(number // 12, number % 12 + 1, 1)
    following = date((number + 1) // 12, (number + 1) % 12 + 1, 1)
    return first + min(day.day - 1, (following - first).days - 1) * DAY


def before(period: Span) -> Span:
    """The period just before it: as many months, if it is whole months, else as many days."""
    if period.is_months:
        months = (period.last.year - period.first.year) * 12 + period.last.month - period.first.month + 1
        return Span(add_months(period.first, -months), period.first - DAY)
    return Span(period.first - period.days * DAY, period.first - DAY)


def year_before(period: Span) -> Span:
    """The same months a year earlier, if it is whole months, else the days 52 weeks earlier, weekday by weekday."""
    if period.is_months:
        return Span(add_months(period.first, -12), add_months(period.last + DAY, -12) - DAY)
    return Span(period.first - _YEAR_OF_WEEKS, period.last - _YEAR_OF_WEEKS)

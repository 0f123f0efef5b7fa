"""Which figures may be told (DESIGN 7.2): none that stands for one to nine people, alone or beside others. Pure.

Three rules. A figure about fewer than ten people is not told; of a share neither one whose numerator, nor one whose
rest is of so few. A whole is told beside its parts only if all of them are. And because anybody may choose `from` and
`to`, and so subtract two periods that differ by a day, a period of orders is told only if no part of its calendar that
could be singled out so is of one to nine people: of whole months each month, of whole weeks each week of these months,
of any other period each day of them.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from geoengage.kit.anonymity import K
from geoengage.lifecycle.rules.purchases import Figure
from geoengage.lifecycle.rules.spans import DAY, Span, add_months

FEW = f"fewer than {K} people"
People = Callable[[Span], int]  # how many people ordered in a span


def is_few(people: int) -> bool:
    """Whether a number stands for so few people that it is not told."""
    return 0 < people < K


def why_hidden(figure: Figure) -> str | None:
    """Why a figure is not told by itself; None: it may be."""
    parts = [figure.people]
    if figure.hits is not None:
        parts += [figure.hits, figure.people - figure.hits]
    return FEW if any(is_few(n) for n in parts) else None


def is_safe(span: Span, people: People, today: date) -> bool:
    """Whether a period can be told of without telling, beside other periods, of a part with one to nine people."""
    if span.is_months:
        return not any(is_few(people(month)) for month in _months(span))
    whole = Span(span.first.replace(day=1), add_months(span.last.replace(day=1), 1) - DAY)
    by_week = _starts_piece(span.first) and _starts_piece(span.last + DAY)
    until = whole.until(today - DAY)
    if until is None:
        return True
    parts = [*_months(whole), *(_pieces(until) if by_week else _days(until))]
    return not any(is_few(people(part)) for part in parts)


def _starts_piece(day: date) -> bool:
    return day.weekday() == 0 or day.day == 1


def _months(span: Span) -> Iterator[Span]:
    first = span.first
    while first <= span.last:
        following = add_months(first, 1)
        yield Span(first, following - DAY)
        first = following


def _pieces(span: Span) -> Iterator[Span]:
    """The parts of weeks that lie in one month."""
    first = span.first
    for day in (span.first + n * DAY for n in range(1, span.days + 1)):
        if _starts_piece(day) or day > span.last:
            yield Span(first, day - DAY)
            first = day


def _days(span: Span) -> Iterator[Span]:
    return (Span(span.first + n * DAY, span.first + n * DAY) for n in range(span.days))


def is_whole_told(parts: Sequence[str | None]) -> bool:
    """Whether a whole may stand beside parts of which some are hidden (their reasons): it would tell of those."""
    return not any(parts)

"""Which figures may be told (DESIGN 7.2): none that stands for one to nine people, alone or beside others. Pure.

Three rules. A figure about fewer than ten people is not told; of a share neither one whose numerator, nor one whose
rest is of so few. A whole is told beside its parts only if all of them are. And because anybody may choose `from` and
`to`, and so subtract two periods that differ by a day, a period of orders is told only if no part of its calendar that
could be singled out so is of one to nine people: of whole months each month, of whole weeks each week of these months,
of any other period each day of them.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

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


def suppressed(counts: Sequence[int]) -> list[bool]:
    """Which parts of a known total are not told: those of few people, and so many more that nobody can subtract them.

    What is hidden together is of ten people at least and more than one part; nobody at all (0) is always told.
    """
    hidden = [is_few(n) for n in counts]
    while any(hidden) and (sum(hidden) < 2 or sum(n for n, h in zip(counts, hidden, strict=True) if h) < K):
        left = [(n, i) for i, n in enumerate(counts) if n and not hidden[i]]
        if not left:
            break
        hidden[min(left)[1]] = True
    return hidden


def suppressed_in_table(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """The same for a table of which the sums of rows and of columns are known."""
    hidden = np.zeros(counts.shape, dtype=bool)
    while True:
        before = hidden.copy()
        for table, found in ((counts, hidden), (counts.T, hidden.T)):
            for row, marks in zip(table, found, strict=True):
                marks |= _hide_more(row, marks)
        if (hidden == before).all():
            return hidden


def _hide_more(row: npt.NDArray[np.int64], marks: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """What is hidden already counts as a part of few people."""
    return np.array(suppressed([1 if mark and n else int(n) for n, mark in zip(row, marks, strict=True)]))


def steps_told(counts: Sequence[int]) -> list[bool]:
    """Which steps of a funnel are told: none of few people, nor one that few fewer reached than the one before."""
    told, last = [], None
    for n in counts:
        may = not is_few(n) and (last is None or not is_few(last - n))
        told.append(may)
        last = n if may else last
    return told


def is_whole_told(parts: Sequence[str | None]) -> bool:
    """Whether a whole may stand beside parts of which some are hidden (their reasons): it would tell of those."""
    return not any(parts)

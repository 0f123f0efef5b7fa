"""What footfall's told numbers stand for, worked out a second time by plain sets, and ways to attack them."""

from collections.abc import Iterator
from datetime import date
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import numpy as np

from geoengage.reports.rules.footfall import BINS_S, FLOW_S
from geoengage.reports.rules.periods import Period, Span, piece_of


class Row(NamedTuple):
    """One visit of a small world."""

    person: int
    spot: int
    day: date
    minute: int
    dwell_s: int | None


def told_atoms(rows: list[Row], k: int, today: date) -> dict[int, str]:
    """Which visits are told, apart or pooled: the same rule once more, by sets."""
    result: dict[int, str] = {}
    days: dict[Any, list[int]] = {}
    for n, r in enumerate(rows):
        if r.day < today:
            days.setdefault((r.spot, r.day), []).append(n)
    pools: dict[Any, list[int]] = {}
    for (spot, day), members in days.items():
        if len({rows[n].person for n in members}) >= k:
            result |= dict.fromkeys(members, "apart")
        elif piece_of(day)[1] < today:
            pools.setdefault((spot, piece_of(day)), []).extend(members)
    for members in pools.values():
        if len({rows[n].person for n in members}) >= k:
            result |= dict.fromkeys(members, "pooled")
    return result


class Answer(NamedTuple):
    """A told number and what it stands for: some visits and, if it counts them, their people.

    `around`: for a number whose visits nobody can know, the sets that are known to hold them; `within`: what it can
    be compared with, if it has the same.
    """

    name: Any
    number: int
    visits: frozenset[int]
    around: tuple[frozenset[int], ...] = ()
    within: Any = None


def lies_in(a: Answer, b: Answer) -> bool:
    """Whether everybody can know that the people of `a` are among those of `b`."""
    if b.around:
        return a.within is not None and a.within == b.within and any(x <= b.around[n] for n, x in enumerate(a.around))
    return any(x <= b.visits for x in a.around or (a.visits,))


def bin_of(row: Row) -> int | None:
    return None if row.dwell_s is None else sum(row.dwell_s >= low for low in BINS_S) - 1


def people_of(rows: list[Row], visits: Any) -> set[int]:
    return {rows[n].person for n in visits}


def grouped(rows: list[Row], names: tuple[str, ...]) -> set[frozenset[int]]:
    groups: dict[Any, set[int]] = {}
    for n, r in enumerate(rows):
        values = {"spot": r.spot, "day": r.day, "bin": bin_of(r), "person": r.person}
        groups.setdefault(tuple(values[name] for name in names), set()).add(n)
    return {frozenset(group) for group in groups.values()}


def plain_counts(system: Any) -> Iterator[Any]:
    """Differences of up to four told numbers that are a plain count of some visits."""
    rng = np.random.default_rng(1)
    pairs = [(a, b, 1, -1) for a, b in combinations(range(len(system)), 2)]
    for a, b, *_ in pairs[:3000]:
        for difference in (system[a] - system[b], system[b] - system[a]):
            if ((difference == 0) | (difference == 1)).all():
                yield difference
    for _ in range(500 if len(system) > 4 else 0):
        chosen = rng.choice(len(system), 4, replace=False)
        mixed = rng.choice([-1, 1], 4) @ system[chosen]
        if ((mixed == 0) | (mixed == 1)).all():
            yield mixed


def steps(rows: list[Row], period: Period, atoms: dict[int, str], start: int, end: int) -> Iterator[int]:
    """Visits of `start` after which the person's next visit is one of `end`, soon enough and on the same day."""
    told = {n for n, how in atoms.items() if how == "apart" or period.span is not Span.DAY}
    order = sorted(range(len(rows)), key=lambda n: (rows[n].person, rows[n].day, rows[n].minute, rows[n].spot))
    for a, b in pairwise(order):
        x, y = rows[a], rows[b]
        if (x.person, x.day, x.spot, y.spot) == (y.person, y.day, start, end) and x.dwell_s is not None:
            soon = y.minute * 60 - x.minute * 60 - x.dwell_s <= FLOW_S
            if soon and {a, b} <= told and period.first <= x.day <= period.last:
                yield a

"""What of a mall's footfall may be told, so that no number and no difference of numbers stands for 1 to k-1 people.

Everything here depends on the data alone, never on what somebody asks, so all endpoints and filters agree; and a
period is judged when it is over and by nothing later, so asking again tomorrow adds no difference either.

**Visits** (counts that add up). Claim: whatever sums and differences of told visit counts somebody forms, if the result
is a plain count of some visits, then these visits are of at least k people. Proof:

1. `atoms`: visits fall into cells (spot, day). A cell is an atom if it is of k people or more; the remaining days of a
   piece (the part of a week in one month) are one more atom, the pool, if together they are. Everything else is left
   out of every number. Stores, levels, malls, weeks and months are sums of atoms, so every told count is a combination
   of disjoint sets of at least k people each, and a plain count is a union of some of them.
2. `told_columns` adds the dwell bins of one (spot, piece). With rows R_i (its atoms) and columns C_j (bins, and the
   rest as if it were told) a combination gives a visit in row i, column j the weight a_i + b_j. Let it be 0 or 1
   everywhere. The hub column meets every row; put its b to 0, so a_i is 0 or 1; call A the rows with 1. Then b_j is 0,
   1 or -1. If some b_j = -1, all rows of column j are in A and their hub visits are in the result: k people, by the
   check. If some b_j = 1, all of column j is in the result: k people. If all are 0, the result is whole rows. ∎
   Different (spot, piece) share no visit, so a combination over several is a plain count in each of them.

**People** (distinct, do not add up). Claim: if one told group lies inside another, the difference is 0 or at least k
people. `told_people` checks every nested pair of (place, period), nested by where and when there were visits at all: of
two places in one period the smaller gives way, of two periods the one that ended later, because the other was told
first. Flows and hours are judged against the places and periods that hold them; `told_hours` also keeps who was in no
told hour of the day at k or more. Where told parts cover a whole, their sum minus the whole (people who are in several)
must not be 1 to k-1 either, or the whole gives way.

Not claimed: that nobody can guess who already knows all but one of a group, or that a withheld number has no bounds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HIDDEN, POOLED, APART = 0, 1, 2  # a visit's cell: left out, counted within its piece, told by itself

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def is_small(n: int, k: int) -> bool:
    """Whether a number stands for somebody, but for fewer than k."""
    return 0 < n < k


def unique(values: Ints) -> Ints:
    """The different values, ascending. (numpy's own builds a hash table, which is several times slower here.)"""
    ordered = np.sort(values)
    return ordered[np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))] if len(ordered) else ordered


def distinct(group: Ints, person: Ints) -> tuple[Ints, Ints]:
    """The groups (ascending) and how many different people each has. `person`: codes from 0."""
    if not len(group):
        return group, group
    names, inverse = np.unique(group, return_inverse=True)
    width = int(person.max()) + 1
    pairs = unique(inverse.astype(np.int64) * width + person)
    return names, np.bincount(pairs // width, minlength=len(names))


def _people_of_group(group: Ints, person: Ints) -> Ints:
    """For each row how many different people its group has."""
    names, n = distinct(group, person)
    return n[np.searchsorted(names, group)] if len(names) else group


def atoms(cell: Ints, pool: Ints, person: Ints, over: Bools, k: int) -> Ints:
    """HIDDEN, POOLED or APART for each visit. `cell`: its (spot, day); `pool`: its (spot, piece), if that is `over`."""
    mode = np.where(_people_of_group(cell, person) >= k, APART, HIDDEN).astype(np.int64)
    rest = np.flatnonzero((mode == HIDDEN) & over)
    mode[rest[_people_of_group(pool[rest], person[rest]) >= k]] = POOLED
    return mode


# --- dwell bins of one (spot, piece) ------------------------------------------------------------------------------


def told_columns(row: Ints, column: Ints, person: Ints, k: int) -> frozenset[int]:
    """Which columns of a table of visits may be told beside the sums of its rows; see the proof above."""
    names, n = distinct(column, person)
    told = [int(c) for c, people in sorted(zip(names, n, strict=True), key=lambda x: (-x[1], x[0])) if people >= k]
    while told:
        fault = _fault(row, column, person, told, k)
        if fault is None:
            return frozenset(told)
        told.remove(fault)
    return frozenset()


def _fault(row: Ints, column: Ints, person: Ints, told: list[int], k: int) -> int | None:
    """The column that must go into the rest, or None when all is well. `told` by people, most first."""
    rest = ~np.isin(column, told)
    rows = unique(row)
    whole = [c for c in told if len(unique(row[column == c])) == len(rows)]
    hub = whole[0] if whole else told[0]
    spare = next((c for c in reversed(told) if c != hub), hub)
    if not whole or (rest.any() and len(unique(person[rest])) < k):
        return spare
    if len(rows) == 1:
        return None
    for c in told:
        if c != hub and not _hub_holds(row, column == hub, column == c, person, k):
            return c
    return spare if rest.any() and not _hub_holds(row, column == hub, rest, person, k) else None


def _hub_holds(row: Ints, hub: Bools, column: Bools, person: Ints, k: int) -> bool:
    """Whether the hub's visits in the rows that the column meets are of k people."""
    return len(unique(person[hub & np.isin(row, unique(row[column]))])) >= k


# --- people ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """The people of one place in one period: how many, at which spots and on which days they were (bits)."""

    n: int
    spots: int
    days: int


@dataclass(frozen=True, slots=True)
class Lattice:
    """All groups, as `groups[period][place]`, in the order in which their periods end, the asked one last.

    `places`: the spots of each place (bits); `spans`: the days of each period (bits); `near`: for each period those
    told before it that it is compared with; `days`: for each period its single days; `over`: which have ended;
    `apart[period][place]`: none of its visits is pooled.
    """

    places: Sequence[int]
    spans: Sequence[int]
    near: Sequence[Sequence[int]]
    days: Sequence[Sequence[int]]
    over: Sequence[bool]
    groups: Sequence[Sequence[Group]]
    apart: Sequence[Sequence[bool]]

    def lies_in(self, group: Group, period: int, place: int) -> bool:
        """Whether all visits of a group belong to that place and period."""
        return group.spots & ~self.places[place] == 0 and group.days & ~self.spans[period] == 0


def told_people(lattice: Lattice, k: int) -> list[list[bool]]:
    """Which groups' numbers may be told, as `[period][place]`; nobody at all (0) is always told once it is over."""
    told: list[list[bool]] = []
    sizes = np.array([[group.n for group in groups] for groups in lattice.groups], dtype=np.int64)
    by_size = sorted(range(len(lattice.places)), key=lambda p: (lattice.places[p].bit_count(), p))
    for period, groups in enumerate(lattice.groups):
        told.append([lattice.over[period] and not is_small(group.n, k) for group in groups])
        near = list(lattice.near[period])
        before = np.where(np.array([told[s] for s in near], dtype=bool), sizes[near], -k) if near else sizes[:0]
        for place in by_size:
            if told[period][place] and groups[place].n:
                told[period][place] = not (
                    _beside(lattice, period, place, sizes[period], k)
                    or _around(lattice, period, place, before, k)
                    or _overlaps(lattice, told, period, place, k)
                )
    return told


def _close(sizes: Ints, n: int, k: int) -> Ints:
    """Where a size differs from n by 1 to k-1, as index rows."""
    gap = np.abs(sizes - n)
    return np.argwhere((gap > 0) & (gap < k))


def _beside(lattice: Lattice, period: int, place: int, sizes: Ints, k: int) -> bool:
    """Whether a larger place in the same period has just a few people more."""
    group = lattice.groups[period][place]
    close = _close(sizes, group.n, k)[:, 0].tolist()
    return any(sizes[p] > group.n and group.spots & ~lattice.places[p] == 0 for p in close)


def _around(lattice: Lattice, period: int, place: int, before: Ints, k: int) -> bool:
    """Whether a group that was told before lies in it, or around it, with just a few people between.

    `before`: the sizes of told groups by near period and place.
    """
    mine = lattice.groups[period][place]
    for row, other in _close(before, mine.n, k).tolist():
        part = lattice.near[period][row]
        if lattice.lies_in(lattice.groups[part][other], period, place) or lattice.lies_in(mine, part, other):
            return True
    return False


def _overlaps(lattice: Lattice, told: Sequence[Sequence[bool]], period: int, place: int, k: int) -> bool:
    """Whether told parts cover it and just a few people are in more than one of them."""
    group, groups = lattice.groups[period][place], lattice.groups[period]
    days = [(lattice.groups[d][place].n, told[d][place]) for d in lattice.days[period]]
    if lattice.apart[period][place] and all(t for _, t in days) and is_small(sum(n for n, _ in days) - group.n, k):
        return True
    if group.spots.bit_count() < 2:
        return False
    # disjoint places inside it: the single spots, and whatever larger ones (levels, stores) fill it without overlap
    inner = [
        (other.spots, other.n)
        for p, other in enumerate(groups)
        if told[period][p] and other.n and other.spots & ~group.spots == 0 and other.spots != group.spots
    ]
    return any(is_small(total - group.n, k) for total in _covers(inner, group.spots))


def _covers(parts: Sequence[tuple[int, int]], whole: int) -> list[int]:
    """Sums of parts that fill the whole without overlap: taking the smallest, or the largest, parts first."""
    sums = []
    for largest_first in (False, True):
        left, total = whole, 0
        for spots, n in sorted(parts, key=lambda part: part[0].bit_count(), reverse=largest_first):
            if spots & ~left == 0:
                left, total = left & ~spots, total + n
        if not left:
            sums.append(total)
    return sums


def told_shares(
    part: Sequence[int], whole: Sequence[Group], places: Sequence[int], told: Sequence[bool], k: int
) -> list[bool]:
    """Whether `part` of each place's people in one period (those who came back) may be told beside their number."""
    return [
        told[p]
        and not is_small(part[p], k)
        and not is_small(group.n - part[p], k)
        and not any(
            is_small(more - part[p], k) and group.spots & ~spots == 0 for more, spots in zip(part, places, strict=True)
        )
        for p, group in enumerate(whole)
    ]


def hour_counts(hours: Ints) -> Ints:
    """People by hour of one place on one day, from each person's hours (bit h: was seen in hour h)."""
    return np.asarray(((hours[:, None] >> np.arange(24)) & 1).sum(axis=0), dtype=np.int64)


def told_hours(hours: Ints, beside: Sequence[Sequence[int]], k: int) -> Bools:
    """Which hours of one place on one told day may be told.

    `hours`: each person's hours as bits; `beside`: for each hour the sizes of the groups that hold its people, or that
    they hold.
    """
    n = hour_counts(hours)
    told = np.array([
        not is_small(int(people), k) and not any(is_small(abs(size - int(people)), k) for size in sizes)
        for people, sizes in zip(n, beside, strict=True)
    ])  # fmt: skip
    while True:
        shown = [h for h in range(24) if told[h] and n[h]]
        seen = sum(1 << h for h in shown)
        rest = int(((hours & seen) == 0).sum())
        overlap = int(n[shown].sum()) - len(hours) if told.all() else 0
        if not shown or not (is_small(rest, k) or is_small(overlap, k)):
            return told
        told[min(shown, key=lambda h: (n[h], h))] = False


def told_flows(
    flows: Mapping[tuple[int, int], Sequence[int]], lattice: Lattice, told: Sequence[Sequence[bool]], k: int
) -> dict[tuple[int, int], list[bool]]:
    """Which numbers of people who went from spot to spot may be told; `flows[from, to][period]`.

    A flow lies inside every place that holds one of its two spots.
    """
    result: dict[tuple[int, int], list[bool]] = {}
    for (start, end), numbers in flows.items():
        holders = [p for p, spots in enumerate(lattice.places) if spots >> start & 1 or spots >> end & 1]
        marks: list[bool] = []
        for period, n in enumerate(numbers):
            groups = lattice.groups[period]
            marks.append(
                lattice.over[period]
                and n >= k
                and all(_is_inside(n, groups[p].n, told[period][p], k) for p in holders)
                and not any(marks[s] and is_small(abs(n - numbers[s]), k) for s in lattice.near[period])
            )
        result[start, end] = marks
    return result


def _is_inside(n: int, whole: int, is_told: bool, k: int) -> bool:
    """Whether a group of n may be told inside this one: it leaves k out, or it is the same and that is told."""
    return whole - n >= k or (whole == n and is_told)

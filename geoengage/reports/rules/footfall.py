"""Footfall counted: from visits as columns of numbers to what may be told of each place. Pure (numpy).

A *spot* is a zone as it was for a time: its id with the store and the levels of the version that was entered. Places
are sets of spots, kept as bits: a zone (as it is now), a store, a level, the mall. Everything is counted over the
visits that `release.atoms` lets through, so what is left out has no influence on any number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property, reduce
from operator import or_
from typing import NamedTuple
from uuid import UUID

import numpy as np

from geoengage.kit.anonymity import K
from geoengage.reports.rules import release
from geoengage.reports.rules.periods import DAY, Period, Span, piece_of
from geoengage.reports.rules.release import APART, HIDDEN, Bools, Group, Ints, Lattice

BINS_S = (0, 60, 300, 900, 1800, 3600)  # lower ends of the dwell bins, seconds; the last one is open
UNKNOWN = len(BINS_S)  # the bin of visits that have not ended
RETURN_DAYS = 28  # four of each weekday
FLOW_S = 1800  # whoever enters the next zone later than this came anew
MEDIAN_SHARE = 0.8  # of a place's visits that must be in told bins for a median


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits as columns. `day`: `date.toordinal` in the mall's zone; `start_s`, `end_s`: on one clock, -1 for open."""

    person: Ints
    spot: Ints
    day: Ints
    hour: Ints
    start_s: Ints
    end_s: Ints

    def take(self, which: Bools | Ints) -> "Visits":
        """Some of them."""
        return Visits(*(getattr(self, f.name)[which] for f in fields(self)))

    def between(self, first: date, last: date) -> "Visits":
        """Those that began on these days."""
        return self.take((self.day >= first.toordinal()) & (self.day <= last.toordinal()))


class Place(NamedTuple):
    """What numbers are asked of. `kind`: zone, store, level, mall; `spots`: its spots as bits."""

    kind: str
    id: UUID | None
    level: int | None
    name: str
    spots: int
    store_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What is told of one place in one period; None: not told. `hours` and `by_day` as the API gives them."""

    visits: int | None
    people: int | None
    returning_share: float | None
    bins: list[int | None]
    median_s: int | None
    by_day: list[tuple[date, int | None, int | None]]
    hours: list[int | None]
    peak: tuple[int, int] | None
    hidden: int


class Footfall:
    """All numbers of a mall in one period.

    `visits`: those of the period and, for who came back, of the 28 days before it; `today` in the mall's zone: only
    days before it are counted.
    """

    def __init__(self, visits: Visits, places: Sequence[Place], period: Period, today: date, k: int = K) -> None:
        self.places, self.period, self.k = places, period, k
        self.complete = period.last < today
        self._today, self._crossed = today, period.crossed()
        self._first = self._crossed.first if self._crossed else period.first
        self._members = [np.array([s for s in range(p.spots.bit_length()) if p.spots >> s & 1], int) for p in places]
        self.earlier = visits.between(period.first - RETURN_DAYS * DAY, period.first - DAY)
        self.all = visits.between(self._first, min(period.last, today - DAY))
        self.all = self.all.take(np.argsort(self.all.day, kind="stable"))  # so that each part is a slice
        days = [self._first + n * DAY for n in range((period.last - self._first).days + 1)]
        pieces = [piece_of(day) for day in days]
        self._piece = np.array([first.toordinal() for first, _ in pieces], dtype=np.int64)
        self._piece_over = np.array([end < today and days[0] <= first and end <= days[-1] for first, end in pieces])
        self._n_days = len(days)
        day = self.all.day - self._first.toordinal()
        self.mode = release.atoms(
            self.all.spot * self._n_days + day,
            self.all.spot * 1_000_000 + self._piece[day],
            self.all.person,
            self._piece_over[day],
            k,
        )
        self.told = self.all.take(self.mode != HIDDEN)
        self._told_mode = self.mode[self.mode != HIDDEN]

    @staticmethod
    def first_day(period: Period) -> date:
        """The earliest day of which visits are needed."""
        crossed = period.crossed()
        return min(crossed.first if crossed else period.first, period.first - RETURN_DAYS * DAY)

    # --- visits -----------------------------------------------------------------------------------------------------

    @cached_property
    def _spot_days(self) -> dict[str, Ints]:
        """Visits by (spot, day of the period): told apart, told in a pool; and 1 for each day with a hidden cell."""
        shape = (max((p.spots.bit_length() for p in self.places), default=0) + 1, self.period.days)
        day = self.all.day - self.period.first.toordinal()
        result = {}
        for name, mode in (("hidden", HIDDEN), ("pooled", release.POOLED), ("apart", APART)):
            which = (self.mode == mode) & (day >= 0)
            cells = np.bincount(self.all.spot[which] * shape[1] + day[which], minlength=shape[0] * shape[1])
            result[name] = cells.reshape(shape)
        return result

    def visits(self, place: int) -> int | None:
        """Visits in the period, without hidden ones."""
        counts, spots = self._spot_days, self._members[place]
        names = ("apart",) if self.period.span is Span.DAY else ("apart", "pooled")
        return _sum(sum(int(counts[name][spots].sum()) for name in names), self.hidden(place))

    def hidden(self, place: int) -> int:
        """How many (spot, day) cells with people are left out."""
        return int((self._spot_days["hidden"][self._members[place]] > 0).sum())

    def by_day(self, place: int) -> list[tuple[date, int | None, int | None]]:
        """Visits and people of each finished day; pooled days are not told one by one."""
        spots, counts = self._members[place], self._spot_days
        result: list[tuple[date, int | None, int | None]] = []
        for n, day in enumerate(self.period.dates()):
            if day >= self._today:
                result.append((day, None, None))
                continue
            missing = int((counts["hidden"] + counts["pooled"])[spots, n].sum())
            result.append((day, _sum(int(counts["apart"][spots, n].sum()), missing), self.people(place, n)))
        return result

    # --- people -----------------------------------------------------------------------------------------------------

    @cached_property
    def _parts(self) -> list[Period]:
        """The period's days, the whole weeks in it, the period it crosses, itself."""
        crossed = [self._crossed] if self._crossed else []
        return [*self.period.parts(), *crossed, self.period]

    @cached_property
    def lattice(self) -> Lattice:
        """The people of every place in every part of the period."""
        parts = self._parts
        inside = [[s for s, small in enumerate(parts) if part.holds(small)] for part in parts[:-1]]
        days = [[s for s, p in enumerate(parts) if p.span is Span.DAY and part.holds(p)] for part in parts]
        if self._crossed:
            inside[-1], days[-2] = [], []  # its own days are not all here
        groups = [self._groups(part) for part in parts]
        first = self._first.toordinal()
        return Lattice(
            places=[p.spots for p in self.places],
            spans=[((1 << p.days) - 1) << (p.first.toordinal() - first) for p in parts],
            near=[*inside, list(range(len(parts) - 1))],
            days=days,
            over=[p.last < self._today for p in parts],
            groups=[row for row, _ in groups],
            apart=[alone for _, alone in groups],
        )

    def _groups(self, part: Period) -> tuple[list[Group], list[bool]]:
        """Each place's people in a part, and whether none of its visits is pooled."""
        low, high = np.searchsorted(self.told.day, [part.first.toordinal(), part.last.toordinal() + 1])
        spot, person, day = (column[low:high] for column in (self.told.spot, self.told.person, self.told.day))
        pooled = self._told_mode[low:high] != APART
        mixed = _bits(spot[pooled])
        if part.span is Span.DAY:
            spot, person, day = spot[~pooled], person[~pooled], day[~pooled]
        people = _people_by_spot(spot, person)
        days = _days_by_spot(spot, day - self._first.toordinal())
        groups = []
        for members in self._members:
            seen = [s for s in members.tolist() if s in people]
            n = len(people[seen[0]]) if len(seen) == 1 else len(_union(people, members))
            groups.append(Group(n, sum(1 << s for s in seen), reduce(or_, (days[s] for s in seen), 0)))
        return groups, [not mixed & p.spots for p in self.places]

    @cached_property
    def _told_people(self) -> list[list[bool]]:
        return release.told_people(self.lattice, self.k)

    def people(self, place: int, part: int = -1) -> int | None:
        """Different people in the period, or in the part with that number (days come first)."""
        group = self.lattice.groups[part][place]
        if not self._told_people[part][place] or (not group.n and self._has_hidden(place, part)):
            return None
        return group.n

    def _has_hidden(self, place: int, part: int) -> bool:
        counts, spots = self._spot_days, self._members[place]
        if part == -1 and self.period.span is not Span.DAY:
            return bool(counts["hidden"][spots].any())
        return bool((counts["hidden"] + counts["pooled"])[spots, max(part, 0)].any())

    @cached_property
    def _returned(self) -> list[int]:
        """How many of each place's people had been there in the 28 days before the period."""
        which = self.told.day >= self.period.first.toordinal()
        if self.period.span is Span.DAY:
            which &= self._told_mode == APART
        now = _people_by_spot(self.told.spot[which], self.told.person[which])
        before = _people_by_spot(self.earlier.spot, self.earlier.person)
        return [len(np.intersect1d(_union(now, m), _union(before, m), assume_unique=True)) for m in self._members]

    @cached_property
    def _told_returned(self) -> list[bool]:
        return release.told_shares(
            self._returned, self.lattice.groups[-1], self.lattice.places, self._told_people[-1], self.k
        )

    def returning_share(self, place: int) -> float | None:
        """Share of the period's people who were there in the 28 days before it, to three decimals."""
        n = self.people(place)
        return round(self._returned[place] / n, 3) if n and self._told_returned[place] else None

    # --- dwell ------------------------------------------------------------------------------------------------------

    @cached_property
    def _spot_bins(self) -> dict[int, tuple[Ints, Ints]]:
        """For each spot its told visits by bin, and 1 for each bin that some piece keeps back."""
        which = self.told.day >= self.period.first.toordinal()
        told, mode = self.told.take(which), self._told_mode[which]
        sums: dict[int, tuple[Ints, Ints]] = {}
        if self.period.span is Span.DAY or not len(told.day):
            return sums
        dwell = np.where(told.end_s < 0, -1, told.end_s - told.start_s)
        column = np.where(dwell < 0, UNKNOWN, np.searchsorted(BINS_S, dwell, side="right") - 1)
        day = told.day - self._first.toordinal()
        row = np.where(mode == APART, told.day, 0)
        group = told.spot * 1_000_000 + self._piece[day]
        over = self._piece_over[day]
        order = np.argsort(group, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
            counts, kept = sums.setdefault(
                int(told.spot[part[0]]), (np.zeros(UNKNOWN + 1, int), np.zeros(UNKNOWN + 1, int))
            )
            columns = release.told_columns(row[part], column[part], told.person[part], self.k) if over[part[0]] else ()
            n = np.bincount(column[part], minlength=UNKNOWN + 1)
            for c in range(UNKNOWN + 1):
                if c in columns:
                    counts[c] += n[c]
                elif n[c]:
                    kept[c] = 1
        return sums

    def bins(self, place: int) -> list[int | None]:
        """Visits by dwell, one number for each of BINS_S; visits that have not ended are in none."""
        if self.period.span is Span.DAY:
            return [None] * UNKNOWN
        found = [self._spot_bins[s] for s in self._members[place].tolist() if s in self._spot_bins]
        counts = sum((c for c, _ in found), np.zeros(UNKNOWN + 1, int))
        kept = sum((r for _, r in found), np.zeros(UNKNOWN + 1, int)) + self.hidden(place)
        return [_sum(int(n), int(gone)) for n, gone in zip(counts[:UNKNOWN], kept, strict=False)]

    def median_s(self, place: int) -> int | None:
        """The median dwell as estimated from the told bins (evenly spread within each; 3600: an hour or more)."""
        told, visits = [n or 0 for n in self.bins(place)], self.visits(place)
        if not visits or sum(told) < MEDIAN_SHARE * visits:
            return None
        half, before = sum(told) / 2, 0
        for low, high, n in zip(BINS_S, (*BINS_S[1:], BINS_S[-1]), told, strict=True):
            if n and before + n >= half:
                return round(low + (high - low) * (half - before) / n)
            before += n
        return None

    # --- hours ------------------------------------------------------------------------------------------------------

    @cached_property
    def _seen(self) -> dict[tuple[int, int], tuple[Ints, Ints]]:
        """For each (spot, day) its people and their hours as bits, from visits told apart."""
        v = self.told.take((self._told_mode == APART) & (self.told.day >= self.period.first.toordinal()))
        key = (v.spot * (self.period.days) + v.day - self.period.first.toordinal()) * (1 << 32) + v.person
        names, inverse = np.unique(key, return_inverse=True)
        bits = np.zeros(len(names), dtype=np.int64)
        np.bitwise_or.at(bits, inverse, np.left_shift(1, v.hour))
        cell = names >> 32
        edges = np.flatnonzero(np.diff(cell)) + 1
        groups = zip(np.split(names & 0xFFFFFFFF, edges), np.split(bits, edges), np.split(cell, edges), strict=True)
        return {divmod(int(c[0]), self.period.days): (p, b) for p, b, c in groups if len(c)}

    def _hours_of(self, spots: int, day: int) -> Ints:
        """The hours (bits) of each person of these spots on that day."""
        found = [self._seen[s, day] for s in range(spots.bit_length()) if spots >> s & 1 and (s, day) in self._seen]
        if len(found) < 2:
            return found[0][1] if found else np.zeros(0, dtype=np.int64)
        person, bits = (np.concatenate(column) for column in zip(*found, strict=True))
        names, inverse = np.unique(person, return_inverse=True)
        merged = np.zeros(len(names), dtype=np.int64)
        np.bitwise_or.at(merged, inverse, bits)
        return merged

    @cached_property
    def _day_hours(self) -> dict[tuple[int, int], Ints]:
        return {}

    def _counts_of(self, place: int, day: int) -> Ints:
        """People by hour of a place on a day, told or not (kept, because every place is compared with larger ones)."""
        if (place, day) not in self._day_hours:
            self._day_hours[place, day] = release.hour_counts(self._hours_of(self.places[place].spots, day))
        return self._day_hours[place, day]

    def hours(self, place: int) -> list[int | None]:
        """People by hour of the week, Monday 0:00 first, summed over the days of the period."""
        sums, missing = np.zeros(168, dtype=np.int64), np.ones(168, dtype=np.int64)
        if self.period.span is not Span.DAY:
            missing[:] = 0
        for n, day in enumerate(self.period.dates()):
            hours = slice(day.weekday() * 24, day.weekday() * 24 + 24)
            if day >= self._today or self.people(place, n) is None:
                missing[hours] += 1
                continue
            missing[hours] -= self.period.span is Span.DAY
            told = self._told_hours(place, n)
            sums[hours] += np.where(told, self._counts_of(place, n), 0)
            missing[hours] += ~told
        return [_sum(int(n), int(gone)) for n, gone in zip(sums, missing, strict=True)]

    def _told_hours(self, place: int, day: int) -> Bools:
        """Each hour is compared with the places that hold all its spots, and with those that were busy in it alone."""
        lattice, groups = self.lattice, self.lattice.groups[day]
        beside: list[list[int]] = [[] for _ in range(24)]
        for p, group in enumerate(groups):
            if group.n and lattice.lies_in(group, day, place):
                busy = np.flatnonzero(self._counts_of(p, day))
                if len(busy) == 1:
                    beside[int(busy[0])].append(group.n)
        for h, spots in enumerate(self._spots_by_hour(place, day)):
            for p, holder in enumerate(self.lattice.places):
                if spots and spots & ~holder == 0:
                    beside[h] += [groups[p].n, int(self._counts_of(p, day)[h])]
        return release.told_hours(self._hours_of(self.places[place].spots, day), beside, self.k)

    def _spots_by_hour(self, place: int, day: int) -> list[int]:
        """The spots (bits) of a place with visits in each hour of a day."""
        result = [0] * 24
        for spot in self._members[place].tolist():
            if (spot, day) in self._seen:
                bits = int(np.bitwise_or.reduce(self._seen[spot, day][1]))
                result = [mask | (bits >> h & 1) << spot for h, mask in enumerate(result)]
        return result

    def peak(self, place: int) -> tuple[int, int] | None:
        """Weekday (Monday 0) and hour with most people for each such day; None when no hour is told."""
        hours = self.hours(place)
        times = [sum(d.weekday() == w for d in self.period.dates() if d < self._today) for w in range(7)]
        means = [(n or 0) / max(times[i // 24], 1) for i, n in enumerate(hours)]
        best = max(range(168), key=lambda i: (means[i], -i))
        return divmod(best, 24) if means[best] > 0 else None

    # --- flows ------------------------------------------------------------------------------------------------------

    def flows(self) -> tuple[list[tuple[int, int, int]], int]:
        """(from spot, to spot, people) who entered the next zone within 30 min, most first; and how many are not told.

        Both visits begin on one day. The next visit is the one that begins next, wherever in the mall.
        """
        start, end, day, person, apart = self._steps()
        width = int(max(start.max(initial=0), end.max(initial=0))) + 1
        numbers: dict[tuple[int, int], list[int]] = {}
        for t, part in enumerate(self._parts):
            which = (day >= part.first.toordinal()) & (day <= part.last.toordinal())
            if part.span is Span.DAY:
                which &= apart
            names, n = release.distinct((start * width + end)[which], person[which])
            for name, people in zip(names.tolist(), n.tolist(), strict=True):
                numbers.setdefault(divmod(name, width), [0] * len(self._parts))[t] = people
        told = release.told_flows(numbers, self.lattice, self._told_people, self.k)
        now = {pair: flow[-1] for pair, flow in numbers.items() if flow[-1]}
        found = [(a, b, n) for (a, b), n in now.items() if told[a, b][-1]]
        return sorted(found, key=lambda flow: (-flow[2], flow[0], flow[1])), len(now) - len(found)

    def _steps(self) -> tuple[Ints, Ints, Ints, Ints, Bools]:
        """From spot, to spot, day and person of each step between told visits, and whether both are told apart."""
        v = self.all
        order = np.lexsort((v.spot, v.start_s, v.person))
        a, b = order[:-1], order[1:]
        fits = (
            (v.person[a] == v.person[b])
            & (v.spot[a] != v.spot[b])
            & (v.day[a] == v.day[b])
            & (v.end_s[a] >= 0)
            & (v.start_s[b] - v.end_s[a] <= FLOW_S)
            & (self.mode[a] != HIDDEN)
            & (self.mode[b] != HIDDEN)
        )
        a, b = a[fits], b[fits]
        return v.spot[a], v.spot[b], v.day[a], v.person[a], (self.mode[a] == APART) & (self.mode[b] == APART)

    # --- all of it --------------------------------------------------------------------------------------------------

    def figures(self, place: int) -> Figures:
        """Everything that is told of one place."""
        return Figures(
            visits=self.visits(place),
            people=self.people(place),
            returning_share=self.returning_share(place),
            bins=self.bins(place),
            median_s=self.median_s(place),
            by_day=self.by_day(place),
            hours=self.hours(place),
            peak=self.peak(place),
            hidden=self.hidden(place),
        )


def _sum(told: int, missing: int) -> int | None:
    """A sum of told parts; None when there is nothing but untold ones."""
    return None if missing and not told else told


def _bits(spots: Ints) -> int:
    return sum(1 << s for s in release.unique(spots).tolist())


def _people_by_spot(spot: Ints, person: Ints) -> dict[int, Ints]:
    """Each spot's different people, ascending."""
    names = release.unique(spot * (1 << 32) + person)
    spots = names >> 32
    edges = np.flatnonzero(np.diff(spots)) + 1
    parts = zip(np.split(spots, edges), np.split(names & 0xFFFFFFFF, edges), strict=True)
    return {int(s[0]): p for s, p in parts if len(s)}


def _days_by_spot(spot: Ints, day: Ints) -> dict[int, int]:
    """Each spot's days as bits."""
    result: dict[int, int] = {}
    for s, d in zip(*(column.tolist() for column in divmod(release.unique(spot * 1000 + day), 1000)), strict=True):
        result[s] = result.get(s, 0) | 1 << d
    return result


def _union(people: dict[int, Ints], members: Ints) -> Ints:
    here = [people[s] for s in members.tolist() if s in people]
    return release.unique(np.concatenate(here)) if here else np.zeros(0, dtype=np.int64)

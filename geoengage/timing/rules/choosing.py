"""One moment for one person inside a window: never outside it, never in quiet hours, never while the place is shut.

The best hour most of the time; for `EXPLORE` of (person, day) another allowed one, evenly, so that a habit that has
changed is found. Which are chosen follows from a hash: the same question has the same answer. Pure.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.kit.clock import is_within_hours
from geoengage.timing.rules.day_parts import Calendar, DayPart, shares_of
from geoengage.timing.rules.week import Counts, Shares, best_hour, hour_of_week, hour_starts
from geoengage.venues.rules import Schedule, is_open

EXPLORE = 0.07
MAX_WINDOW = timedelta(days=14)
STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Window:
    """From `starts_at` until before `ends_at`, at most 14 days: in which a message may go out. `store_id` or `mall_id`:
    only while that place is open. `hours`: only then, on the person's own clock. `free`: only in their free time."""

    starts_at: datetime
    ends_at: datetime
    store_id: UUID | None = None
    mall_id: UUID | None = None
    hours: Schedule | None = None
    free: bool = False


@dataclass(frozen=True, slots=True)
class Clocks:
    """What is allowed when: quiet hours and `hours` on the person's clock; `places`, one of which must be open on its
    own clock (none: no matter). `free`: only in the free time of this calendar, on the person's clock."""

    zone: ZoneInfo
    quiet_start: time
    quiet_end: time
    places: tuple[tuple[Schedule, ZoneInfo], ...] = ()
    hours: Schedule | None = None
    free: Calendar | None = None

    def allows(self, at: datetime) -> bool:
        """Whether a message may go out at that moment."""
        if is_within_hours(at, self.zone, self.quiet_start, self.quiet_end):
            return False
        if self.hours is not None and not is_open(self.hours, self.zone, at):
            return False
        if self.free is not None and not self.free.is_free(at.astimezone(self.zone)):
            return False
        return not self.places or any(is_open(schedule, zone, at) for schedule, zone in self.places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of somebody's week, and of those like them."""

    counts: Counts
    segment: Counts
    tenant: Counts
    day_parts: tuple[DayPart, ...]
    weekend: frozenset[int]


def good_time(person: UUID, window: Window, clocks: Clocks, known: Known) -> datetime | None:
    """The moment in the window (UTC); None when nothing in it is allowed."""
    starts = hour_starts(window.starts_at, min(window.ends_at, window.starts_at + MAX_WINDOW), clocks.zone)
    ends = [*starts[1:], min(window.ends_at, window.starts_at + MAX_WINDOW)]
    minute = _hash(person, "minute") % 60
    moments = [
        at
        for begin, end in zip(starts, ends, strict=True)
        if (at := _allowed_in(begin, end, minute, clocks)) is not None
    ]
    if not moments:
        return None
    if _hash(person, window.starts_at.astimezone(clocks.zone).date()) % 10_000 < EXPLORE * 10_000:
        return moments[_hash(person, window.starts_at.date(), "which") % len(moments)]
    weeks: dict[datetime, Shares] = {}
    shares = [_share(at, clocks.zone, known, weeks) for at in moments]
    return moments[shares.index(max(shares))]


def _allowed_in(begin: datetime, end: datetime, minute: int, clocks: Clocks) -> datetime | None:
    """A moment of [begin, end) that is allowed: at the person's own minute of the hour, so that a campaign's messages
    do not all leave at the full hour; else the first in steps of five minutes."""
    own = begin + timedelta(minutes=minute)
    if own < end and clocks.allows(own):
        return own
    at = begin
    while at < end:
        if clocks.allows(at):
            return at
        at += STEP
    return None


def _share(at: datetime, zone: ZoneInfo, known: Known, weeks: dict[datetime, Shares]) -> float:
    local = at.astimezone(zone)
    monday = datetime.combine(local.date() - timedelta(days=local.weekday()), time())
    if monday not in weeks:
        usual = shares_of(known.day_parts, monday.date(), known.weekend)
        weeks[monday] = best_hour(known.counts, known.segment, known.tenant, usual, known.weekend).shares
    return float(weeks[monday][hour_of_week(at, zone)])


def _hash(*parts: object) -> int:
    digest = hashlib.sha256("\x1f".join(map(str, ("timing", *parts))).encode()).digest()
    return int.from_bytes(digest[:8], "big")

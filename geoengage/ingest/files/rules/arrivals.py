"""When a nightly file usually comes and how long it usually is; and so, whether one is late or cut off. Pure.

Measured against the file's own past only: nobody has to say when it is expected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

LEAST = 3  # files, before anything is usual
GRACE = timedelta(minutes=90)
GIVEN_UP = timedelta(days=8)  # a file that has not come for longer comes no more, or is not nightly
SMALL = 0.5
_DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual time of day on the tenant's clock, and the usual number of lines."""

    at: time
    lines: int


def usual(arrivals: Sequence[tuple[datetime, int]], zone: ZoneInfo) -> Usual | None:
    """The median of what came, given as (time, lines), newest first; None while too few came to say."""
    if len(arrivals) < LEAST:
        return None
    minutes = [_minute(at, zone) for at, _ in arrivals]
    # Around midnight 23:50 and 00:10 are neighbours: measured from the newest one.
    apart = median((m - minutes[0] + _DAY_MIN // 2) % _DAY_MIN - _DAY_MIN // 2 for m in minutes)
    minute = int(minutes[0] + apart) % _DAY_MIN
    return Usual(time(minute // 60, minute % 60), int(median(lines for _, lines in arrivals[:7])))


def late_since(arrivals: Sequence[tuple[datetime, int]], now: datetime, zone: ZoneInfo) -> datetime | None:
    """Since when today's file is overdue; None when it came, is not due yet, or does not come on such a day.

    A weekday on which none came in the last weeks is no day for it, once the past reaches back two weeks.
    """
    found = usual(arrivals, zone)
    if found is None or now - arrivals[0][0] > GIVEN_UP:
        return None
    due = datetime.combine(now.astimezone(zone).date(), found.at, tzinfo=zone).astimezone(UTC)
    if due > now:
        due -= timedelta(days=1)
    if now < due + GRACE or arrivals[0][0] > due - timedelta(hours=12):
        return None
    days = {_file_day(at, found.at, zone).weekday() for at, _ in arrivals}
    reaches_back = arrivals[0][0] - arrivals[-1][0] >= timedelta(days=9)
    if reaches_back and due.astimezone(zone).weekday() not in days:
        return None
    return due


def is_small(lines: int, arrivals: Sequence[tuple[datetime, int]], zone: ZoneInfo) -> Usual | None:
    """What is usual, when a file has less than half of it; else None."""
    found = usual(arrivals, zone)
    return found if found is not None and lines < found.lines * SMALL else None


def _minute(at: datetime, zone: ZoneInfo) -> int:
    local = at.astimezone(zone)
    return local.hour * 60 + local.minute


def _file_day(at: datetime, usual_at: time, zone: ZoneInfo) -> datetime:
    """The moment at which a file that came at `at` was due."""
    local = at.astimezone(zone)
    due = [datetime.combine(local.date() + timedelta(days=d), usual_at, tzinfo=zone) for d in (-1, 0, 1)]
    return min(due, key=lambda moment: abs(moment - local))

"""When a store or zone is open: days and local times, with spans over midnight, inside a period of validity."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Hours:
    """`opens` and `closes` in minutes after local midnight; closing before opening means the next morning.

    A span belongs to the day on which it opens: Friday 22:00 to 02:00 covers Saturday 01:00.
    """

    days: frozenset[str]
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """In force from `valid_from` until before `valid_to` (None: unbounded), in `hours` (none given: all day)."""

    valid_from: datetime | None
    valid_to: datetime | None
    hours: tuple[Hours, ...]


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def check_hours(opens: str, closes: str) -> str | None:
    """What is wrong with a pair of HH:MM times, None when nothing is."""
    if opens == "24:00":
        return "a day opens at 00:00 at the earliest and 23:59 at the latest"
    if opens == closes:
        return "open and close are the same time; for all day give 00:00 and 24:00"
    return None


def parse_schedule(stored: Mapping[str, Any] | None) -> Schedule | None:
    """A schedule from its stored JSON (already validated when it was written)."""
    if not stored:
        return None
    valid_from, valid_to = stored.get("valid_from"), stored.get("valid_to")
    return Schedule(
        datetime.fromisoformat(valid_from) if valid_from else None,
        datetime.fromisoformat(valid_to) if valid_to else None,
        tuple(
            Hours(frozenset(h["days"]), _minutes(h["open"]), _minutes(h["close"])) for h in stored.get("hours") or ()
        ),
    )


def is_open(schedule: Schedule | None, zone: ZoneInfo, at: datetime) -> bool:
    """Whether `at` (aware) lies in the schedule, read on the wall clock of `zone`. No schedule: always."""
    if schedule is None:
        return True
    if schedule.valid_from is not None and at < schedule.valid_from:
        return False
    if schedule.valid_to is not None and at >= schedule.valid_to:
        return False
    if not schedule.hours:
        return True
    local = at.astimezone(zone)
    return any(_covers(hours, local) for hours in schedule.hours)


def _covers(hours: Hours, local: datetime) -> bool:
    today = DAYS[local.weekday()] in hours.days
    yesterday = DAYS[(local - timedelta(days=1)).weekday()] in hours.days
    opened, closed = _has_been(local, hours.opens), _has_been(local, hours.closes)
    if hours.opens < hours.closes:
        return today and opened and not closed
    return (today and opened) or (yesterday and not closed)


def _has_been(local: datetime, minutes: int) -> bool:
    """Whether a wall clock has shown a time of its day. What it shows twice counts the first time (RFC 5545, 3.3.5), so
    that nothing opens and closes again in the night in which clocks go back."""
    if local.hour * 60 + local.minute >= minutes:
        return True
    if not local.fold or minutes >= 24 * 60:
        return False
    shown = local.replace(hour=minutes // 60, minute=minutes % 60, fold=0)
    return shown.utcoffset() != shown.replace(fold=1).utcoffset()

"""Today against the same weekday of past weeks, up to the same hour. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import sqrt
from statistics import median
from zoneinfo import ZoneInfo

WEEKS = 8  # so many of the same weekday are looked at
LEAST_DAYS = 3  # of fewer nothing is called usual


class ThanUsual(StrEnum):
    """How today's orders stand to what is usual by this hour."""

    FAR_FEWER = "far_fewer"
    FEWER = "fewer"
    USUAL = "usual"
    MORE = "more"
    FAR_MORE = "far_more"


def same_hours(now: datetime, timezone: str) -> list[tuple[datetime, datetime]]:
    """Today from local midnight until now, then the same local hours of the same weekday, week by week back."""
    zone = ZoneInfo(timezone)
    local = now.astimezone(zone)
    spans = [(_midnight(local.date(), zone), now)]
    for week in range(1, WEEKS + 1):
        day = local.date() - timedelta(weeks=week)
        spans.append((_midnight(day, zone), datetime.combine(day, local.time(), zone)))
    return spans


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone)


def usual_of(past: Sequence[float]) -> float | None:
    """The middle of past days, which one odd day does not move; None where there are too few."""
    return float(median(past)) if len(past) >= LEAST_DAYS else None


def compared(count: int, usual: float) -> ThanUsual:
    """Where a count stands. Shops' counts vary by chance by about the root of what is usual: within that much it is
    usual, beyond twice as much it is far off.
    """
    chance = max(sqrt(usual), 1.0)
    off = count - usual
    if abs(off) <= chance:
        return ThanUsual.USUAL
    if off < 0:
        return ThanUsual.FAR_FEWER if off < -2 * chance else ThanUsual.FEWER
    return ThanUsual.FAR_MORE if off > 2 * chance else ThanUsual.MORE

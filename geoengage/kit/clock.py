"""The one place that reads the wall clock. Everything else takes `now` as an argument."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def _wall_clock() -> datetime:
    return datetime.now(UTC)


_read: Callable[[], datetime] = _wall_clock


def utc_now() -> datetime:
    """The present moment as an aware UTC time."""
    return _read()


@contextlib.contextmanager
def replaced_by(clock: Callable[[], datetime]) -> Iterator[None]:
    """Let the whole process live by another clock meanwhile, which gives aware UTC times: a scenario's."""
    global _read
    _read = clock
    try:
        yield
    finally:
        _read = _wall_clock


def is_within_hours(at: datetime, zone: ZoneInfo, start: time, end: time) -> bool:
    """Whether `at`, seen on a local wall clock, lies in [start, end); an end before the start spans midnight.

    Equal start and end mean an empty span (never), so that a tenant can switch quiet hours off.
    """
    local = at.astimezone(zone).time()
    if start <= end:
        return start <= local < end
    return local >= start or local < end


def weekday(at: datetime, zone: ZoneInfo) -> str:
    """The local day of the week as `mon` … `sun`."""
    return ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[at.astimezone(zone).weekday()]


def hours_end(at: datetime, zone: ZoneInfo, end: time) -> datetime:
    """The first moment after `at` whose local wall clock shows `end`, as UTC.

    Compared in UTC: in the night when clocks go back a wall clock shows the same hour twice.
    """
    day = at.astimezone(zone).date()
    moments = (
        datetime.combine(day + timedelta(days=days), end, tzinfo=zone).replace(fold=fold).astimezone(UTC)
        for days in (0, 1)
        for fold in (0, 1)
    )
    return next(moment for moment in moments if moment > at)

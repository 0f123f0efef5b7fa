"""When does an open zone close? The engine needs the moment, so that those inside leave by timer, and at its time."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from geoengage.venues.rules import DAYS, Hours, Schedule, is_open

_DAYS_AHEAD = 8  # a week, and the day whose span began before


def closing_after(schedule: Schedule | None, zone: ZoneInfo, at: datetime) -> datetime | None:
    """The first moment, `at` or later, at which the schedule is closed (UTC). None when it never closes."""
    if schedule is None:
        return None
    if not is_open(schedule, zone, at):
        return at
    first = at.astimezone(zone).date() - timedelta(days=1)
    closings = [] if schedule.valid_to is None else [schedule.valid_to.astimezone(UTC)]
    for day in (first + timedelta(days=n) for n in range(_DAYS_AHEAD + 1)):
        midnight = datetime.combine(day, time(), zone)
        closings += [_close(h, midnight) for h in schedule.hours if DAYS[day.weekday()] in h.days]
    # One span may end where the next begins: then it does not close there.
    return min((c for c in closings if c > at and not is_open(schedule, zone, c)), default=None)


def _close(hours: Hours, midnight: datetime) -> datetime:
    """The end of a span that opens on a day, which starts at this local midnight."""
    overnight = timedelta(days=1 if hours.closes <= hours.opens else 0)
    return (midnight + overnight + timedelta(minutes=hours.closes)).astimezone(UTC)  # added on the wall clock

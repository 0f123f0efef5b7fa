"""When does a zone open and close? The engine needs the moments, so that those inside come and go by timer, in time."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from geoengage.venues.rules import DAYS, Schedule, is_open

_DAYS_AHEAD = 8  # a week, and the day whose span began before


class OpeningHours:
    """A schedule on the wall clock of its zone. Keeps the stretch of time that it was last asked about."""

    def __init__(self, schedule: Schedule, clock: ZoneInfo) -> None:
        self._schedule, self._clock = schedule, clock
        self._known: tuple[datetime, datetime | None, bool] | None = None

    def is_open(self, at: datetime) -> bool:
        """Whether the schedule is open at a moment."""
        return self._stretch(at)[1]

    def closing_after(self, at: datetime) -> datetime | None:
        """The first moment, `at` or later, at which it is closed (UTC). None when it never closes."""
        until, opened = self._stretch(at)
        return until if opened else at

    def opening_after(self, at: datetime) -> datetime | None:
        """The first moment, `at` or later, at which it is open (UTC). None when it never opens again."""
        until, opened = self._stretch(at)
        return at if opened else until

    def _stretch(self, at: datetime) -> tuple[datetime | None, bool]:
        """Until when it stays as it is at a moment (None: for ever), and whether that is open."""
        known = self._known
        if known is not None and known[0] <= at and (known[1] is None or at < known[1]):
            return known[1], known[2]
        opened = is_open(self._schedule, self._clock, at)
        turns = sorted(t for t in self._candidates(at) if t > at)
        until = next((t for t in turns if is_open(self._schedule, self._clock, t) is not opened), None)
        self._known = (at, until, opened)
        return until, opened

    def _candidates(self, at: datetime) -> Iterator[datetime]:
        """All moments of the next days at which it could open or close. None is missing; most do nothing."""
        bounds = [m.astimezone(UTC) for m in (self._schedule.valid_from, self._schedule.valid_to) if m is not None]
        yield from bounds
        valid_from = self._schedule.valid_from
        start = at if valid_from is None else max(at, valid_from.astimezone(UTC))
        first = start.astimezone(self._clock).date() - timedelta(days=1)
        for day in (first + timedelta(days=n) for n in range(_DAYS_AHEAD + 1)):
            yield from self._clock_changes(datetime.combine(day, time(), self._clock))
            for hours in self._schedule.hours:
                if DAYS[day.weekday()] in hours.days:
                    overnight = 24 * 60 if hours.closes <= hours.opens else 0
                    for minutes in (hours.opens, hours.closes + overnight):
                        wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
                        for fold in (0, 1):  # an hour that the clock shows twice
                            yield wall.replace(tzinfo=self._clock, fold=fold).astimezone(UTC)

    def _clock_changes(self, midnight: datetime) -> Iterator[datetime]:
        """The moment of a day at which summer time begins or ends: an hour of the wall clock is skipped or repeated."""
        low, high = midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)
        before, after = self._offset(low), self._offset(high)
        if before == after:
            return
        while high - low > timedelta(minutes=1):  # clocks change on full minutes
            middle = low + timedelta(minutes=int((high - low).total_seconds() // 120))
            low, high = (middle, high) if self._offset(middle) == before else (low, middle)
        yield high

    def _offset(self, at: datetime) -> timedelta | None:
        return at.astimezone(self._clock).utcoffset()

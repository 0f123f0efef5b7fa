"""The tenant's day parts: named spans of the local day, on some days, in some weeks of the year. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import numpy as np
from babel import Locale, UnknownLocaleError
from babel.core import get_global

from geoengage.timing.rules.week import HOURS, Shares
from geoengage.venues.rules import DAYS

OTHERWISE = 0.1  # what an hour outside all good day parts counts beside one inside
WEEKDAY, WEEKEND = "weekday", "weekend"
DAY_NAMES = (*DAYS, WEEKDAY, WEEKEND)
# Days by where they lie to the weekend: its first, and the one before that.
FIRST_OF_WEEKEND, EVE_OF_WEEKEND = "weekend_start", "weekend_eve"
SATURDAY_SUNDAY = frozenset({5, 6})
EVENING = "evening"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPart:
    """`starts` and `ends` in minutes after local midnight; an end before the start means the next morning.

    `days`: names of `DAY_NAMES`, empty for every day. In force from `valid_from` to `valid_to`, both included; None:
    always. `is_good`: a time at which people like to be written to.
    """

    name: str
    days: tuple[str, ...] = ()
    starts: int
    ends: int
    valid_from: date | None = None
    valid_to: date | None = None
    is_good: bool = True


# What a tenant has that has said nothing: late morning to early evening is good.
USUAL = (
    DayPart(name="morning", starts=8 * 60, ends=11 * 60, is_good=False),
    DayPart(name="midday", starts=11 * 60, ends=14 * 60),
    DayPart(name="afternoon", starts=14 * 60, ends=17 * 60, is_good=False),
    DayPart(name="evening", starts=17 * 60, ends=20 * 60),
)


def weekend_of(territory: str | None) -> frozenset[int]:
    """The days of the weekend in a country (ISO 3166) by CLDR, Monday is 0; Saturday and Sunday where it is unknown."""
    if not territory:
        return SATURDAY_SUNDAY
    try:
        locale = Locale.parse(f"und_{territory.upper()}")
    except (UnknownLocaleError, ValueError):
        return SATURDAY_SUNDAY
    length = (locale.weekend_end - locale.weekend_start) % 7 + 1
    return frozenset((locale.weekend_start + i) % 7 for i in range(length))


def territory_of(timezone: str) -> str | None:
    """The country (ISO 3166) in which a time zone lies, by CLDR: Asia/Riyadh is in SA; None of zones of none."""
    name = get_global("zone_aliases").get(timezone, timezone)
    found = get_global("zone_territories").get(name)
    return None if found in (None, "001", "ZZ") else str(found)


def is_on(days: Iterable[str], day: date, weekend: frozenset[int]) -> bool:
    """Whether a date is one of these days: of the week by name, `weekday`, `weekend`, `weekend_start` (the first day of
    the weekend), `weekend_eve` (the day before it). None named: every day is."""
    first = min(weekend, key=lambda n: ((n - 1) % 7 in weekend, n), default=None)
    names = {DAYS[day.weekday()], WEEKEND if day.weekday() in weekend else WEEKDAY}
    if day.weekday() == first:
        names.add(FIRST_OF_WEEKEND)
    if first is not None and (day.weekday() + 1) % 7 == first:
        names.add(EVE_OF_WEEKEND)
    wanted = set(days)
    return not wanted or not wanted.isdisjoint(names)


def in_force(parts: Iterable[DayPart], day: date, weekend: frozenset[int]) -> list[DayPart]:
    """The day parts that begin on a date. One of a season takes the place of those of its name without dates: so
    Ramadan moves the evening."""
    found = [part for part in parts if _begins_on(part, day, weekend)]
    seasonal = {_key(part.name) for part in found if _is_seasonal(part)}
    return [part for part in found if _is_seasonal(part) or _key(part.name) not in seasonal]


def start_of(parts: Iterable[DayPart], name: str, day: date, weekend: frozenset[int]) -> int | None:
    """When the day part of that name begins on a date, in minutes after local midnight; None: there is none then."""
    return min((part.starts for part in in_force(parts, day, weekend) if _key(part.name) == _key(name)), default=None)


def starts_of(parts: Iterable[DayPart], name: str) -> list[int]:
    """When the day parts of that name begin, on whatever day and date, in minutes after local midnight."""
    return sorted({part.starts for part in parts if _key(part.name) == _key(name)})


@dataclass(frozen=True, slots=True)
class Calendar:
    """By what days and parts of the day go somewhere: the tenant's day parts, the weekend of the country."""

    parts: tuple[DayPart, ...] = USUAL
    weekend: frozenset[int] = SATURDAY_SUNDAY

    def is_free(self, local: datetime) -> bool:
        """Whether a wall clock shows a time at which people do not work: the weekend, or the evening of another day
        (the tenant's day part of that name, else 17:00 to 20:00)."""
        if local.weekday() in self.weekend:
            return True
        evenings = [part for part in self.parts if _key(part.name) == EVENING]
        return bool(stands_in(evenings or USUAL[-1:], local, self.weekend))


def stands_in(parts: Iterable[DayPart], local: datetime, weekend: frozenset[int]) -> list[DayPart]:
    """Those of these day parts whose time a wall clock shows, as they are in force on the day on which they begin."""
    some, today = tuple(parts), local.date()
    days = (today - timedelta(days=1), today)
    return [part for day in days for part in in_force(some, day, weekend) if _began_on(part, local) == day]


def _key(name: str) -> str:
    return name.strip().casefold()


def _is_seasonal(part: DayPart) -> bool:
    return part.valid_from is not None or part.valid_to is not None


def _began_on(part: DayPart, local: datetime) -> date | None:
    """On which day the span began in which a wall clock stands; None: it stands in none. A span over midnight belongs
    to the day it begins on."""
    minutes = local.hour * 60 + local.minute
    if part.starts < part.ends:
        return local.date() if part.starts <= minutes < part.ends else None
    if minutes >= part.starts:
        return local.date()
    return local.date() - timedelta(days=1) if minutes < part.ends else None


def _begins_on(part: DayPart, day: date, weekend: frozenset[int]) -> bool:
    if (part.valid_from is not None and day < part.valid_from) or (part.valid_to is not None and day > part.valid_to):
        return False
    return is_on(part.days, day, weekend)


@lru_cache(maxsize=256)  # a campaign asks for the same weeks again and again
@lru_cache(maxsize=256)  # the same for all people of a tenant, and 168 hours are many to ask
def shares_of(parts: tuple[DayPart, ...], monday: date, weekend: frozenset[int]) -> Shares:
    """The week that begins on that Monday as shares: hours that begin in a good day part against the others.

    Without any good day part in force the week is even.
    """
    midnight = datetime.combine(monday, datetime.min.time())
    hours = [midnight + timedelta(hours=h) for h in range(HOURS)]
    inside = np.array([any(part.is_good for part in stands_in(parts, hour, weekend)) for hour in hours])
    weights = np.where(inside, 1.0, OTHERWISE) if inside.any() else np.ones(HOURS)
    shares = np.asarray(weights / weights.sum())
    shares.flags.writeable = False
    return shares


def flaw_of(part: DayPart) -> str | None:
    """What is wrong with a day part; None when nothing is."""
    if part.starts == part.ends:
        return "starts and ends are the same time"
    if part.valid_from is not None and part.valid_to is not None and part.valid_to < part.valid_from:
        return "valid_to is before valid_from"
    return None

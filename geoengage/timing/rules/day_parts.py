"""The tenant's day parts: named spans of the local day, on some days, in some weeks of the year. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import numpy as np
from babel import Locale, UnknownLocaleError

from geoengage.timing.rules.week import HOURS, Shares
from geoengage.venues.rules import DAYS

OTHERWISE = 0.1  # what an hour outside all good day parts counts beside one inside
WEEKDAY, WEEKEND = "weekday", "weekend"
DAY_NAMES = (*DAYS, WEEKDAY, WEEKEND)
SATURDAY_SUNDAY = frozenset({5, 6})


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


def covers(part: DayPart, local: datetime, weekend: frozenset[int]) -> bool:
    """Whether a wall clock shows a time of this day part. A span over midnight belongs to the day it begins on."""
    minutes = local.hour * 60 + local.minute
    if part.starts < part.ends:
        return part.starts <= minutes < part.ends and _is_on(part, local.date(), weekend)
    if minutes >= part.starts:
        return _is_on(part, local.date(), weekend)
    return minutes < part.ends and _is_on(part, local.date() - timedelta(days=1), weekend)


def _is_on(part: DayPart, day: date, weekend: frozenset[int]) -> bool:
    if (part.valid_from is not None and day < part.valid_from) or (part.valid_to is not None and day > part.valid_to):
        return False
    kind = WEEKEND if day.weekday() in weekend else WEEKDAY
    return not part.days or DAYS[day.weekday()] in part.days or kind in part.days


@lru_cache(maxsize=256)  # a campaign asks for the same weeks again and again
@lru_cache(maxsize=256)  # the same for all people of a tenant, and 168 hours are many to ask
def shares_of(parts: tuple[DayPart, ...], monday: date, weekend: frozenset[int]) -> Shares:
    """The week that begins on that Monday as shares: hours that begin in a good day part against the others.

    Without any good day part in force the week is even.
    """
    good = [part for part in parts if part.is_good]
    midnight = datetime.combine(monday, datetime.min.time())
    hours = [midnight + timedelta(hours=h) for h in range(HOURS)]
    inside = np.array([any(covers(part, hour, weekend) for part in good) for hour in hours])
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

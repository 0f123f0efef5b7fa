"""The pure half of timing: `week` the 168 hours, `day_parts` the tenant's, `choosing` one moment in a window."""

from geoengage.timing.rules.choosing import EXPLORE, MAX_WINDOW, Clocks, Known, Window, good_time
from geoengage.timing.rules.day_parts import (
    DAY_NAMES,
    EVE_OF_WEEKEND,
    FIRST_OF_WEEKEND,
    USUAL,
    WEEKDAY,
    WEEKEND,
    Calendar,
    DayPart,
    flaw_of,
    in_force,
    is_on,
    shares_of,
    stands_in,
    start_of,
    starts_of,
    territory_of,
    weekend_of,
)
from geoengage.timing.rules.week import (
    HOURS,
    KNOWN_DAYS,
    Counts,
    Peak,
    Shares,
    best_hour,
    concentration,
    hour_of_week,
    hour_starts,
    shrunk,
    smoothed,
    weight,
)

__all__ = [
    "DAY_NAMES", "EVE_OF_WEEKEND", "EXPLORE", "FIRST_OF_WEEKEND", "HOURS", "KNOWN_DAYS", "MAX_WINDOW", "USUAL",
    "WEEKDAY", "WEEKEND", "Calendar", "Clocks", "Counts", "DayPart", "Known", "Peak", "Shares", "Window", "best_hour",
    "concentration", "flaw_of", "good_time", "hour_of_week", "hour_starts", "in_force", "is_on", "shares_of",
    "shrunk", "smoothed", "stands_in", "start_of", "starts_of", "territory_of", "weekend_of", "weight",
]  # fmt: skip

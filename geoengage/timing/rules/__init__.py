"""The pure half of timing: `week` the 168 hours, `day_parts` the tenant's, `choosing` one moment in a window."""

from geoengage.timing.rules.choosing import EXPLORE, MAX_WINDOW, Clocks, Known, Window, good_time
from geoengage.timing.rules.day_parts import (
    DAY_NAMES,
    USUAL,
    DayPart,
    covers,
    flaw_of,
    shares_of,
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
    "DAY_NAMES", "EXPLORE", "HOURS", "KNOWN_DAYS", "MAX_WINDOW", "USUAL", "Clocks", "Counts", "DayPart", "Known",
    "Peak", "Shares", "Window", "best_hour", "concentration", "covers", "flaw_of", "good_time", "hour_of_week",
    "hour_starts", "shares_of", "shrunk", "smoothed", "weekend_of", "weight",
]  # fmt: skip

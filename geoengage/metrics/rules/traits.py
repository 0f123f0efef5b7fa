"""What somebody usually does, worked out from what they did. Pure.

Nothing is said of who came too seldom, and of where somebody lives only the cell of a coarse grid.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

LEAST_TIMES = 3  # a habit shows in no fewer purchases, visits or nights
CELL_LAT_DEG, CELL_LON_DEG = 0.02, 0.04  # 2.2 km high, and at least 1.5 km wide up to 70° of latitude
NAMES = ("preferred_store", "preferred_channel", "preferred_hour", "home_area", "age_band")
BIRTHDAYS = ("birthday", "date_of_birth", "birth_date")  # traits that say it, the first one counts
_BANDS = ((16, "under 16"), (18, "16-17"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"))
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
OLDEST = 120


@dataclass(frozen=True, slots=True)
class Habit:
    """That somebody did something so often, and when last. `what`: `store`, `channel`, `hour`, `visited`, `night`."""

    what: str
    value: str
    times: int
    last_at: datetime


def usual(habits: Iterable[Habit], what: str) -> str | None:
    """What was done most, of two as often the later one; None below `LEAST_TIMES` in all."""
    found = [habit for habit in habits if habit.what == what]
    if sum(habit.times for habit in found) < LEAST_TIMES:
        return None
    return max(found, key=lambda habit: (habit.times, habit.last_at, habit.value)).value


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a person. `may_place`: a device's user agreed to location and to personalisation."""

    habits: tuple[Habit, ...]
    attributes: Mapping[str, object]
    may_place: bool


def compute(known: Known, today: date) -> dict[str, str | int | None]:
    """Each computed trait, None where there is none. `today` is the tenant's.

    The usual store is where they buy, or while that is unknown where they go. A home that nothing was heard of lately
    stays what it was (it is left out here), unless the consent is gone.
    """
    hour = usual(known.habits, "hour")
    found: dict[str, str | int | None] = {
        "preferred_store": usual(known.habits, "store") or usual(known.habits, "visited"),
        "preferred_channel": usual(known.habits, "channel"),
        "preferred_hour": None if hour is None else int(hour),
        "age_band": age_band(known.attributes, today),
    }
    home = _home(known.habits) if known.may_place else None
    return found if home is None and known.may_place else found | {"home_area": home}


def _home(habits: Iterable[Habit]) -> str | None:
    """The cell of most nights, if there were enough of them."""
    nights = [habit for habit in habits if habit.what == "night" and habit.times >= LEAST_TIMES]
    return max(nights, key=lambda habit: (habit.times, habit.last_at, habit.value)).value if nights else None


def age_band(attributes: Mapping[str, object], today: date) -> str | None:
    """`25-34` and so on; None without a believable date of birth."""
    said = next((attributes[name] for name in BIRTHDAYS if name in attributes), None)
    match = _DATE.match(said) if isinstance(said, str) else None
    if match is None:
        return None
    year, month, day = map(int, match.groups())
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    age = today.year - year - ((today.month, today.day) < (month, day))
    if not 0 <= age <= OLDEST:
        return None
    return next((band for below, band in _BANDS if age < below), "65+")


def cell_name(row: int, column: int) -> str:
    """A cell of the grid by its south-western corner, e.g. `47.36,8.52`; rows and columns count cells from (0, 0)."""
    return f"{row * CELL_LAT_DEG:.2f},{column * CELL_LON_DEG:.2f}"


def cell_of(lon: float, lat: float) -> str:
    """The cell in which a point lies."""
    return cell_name(math.floor(lat / CELL_LAT_DEG), math.floor(lon / CELL_LON_DEG))

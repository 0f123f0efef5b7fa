"""Who came to the mall on days gone by: so many on each day and at each hour, regulars among them. Pure and seeded.

A day is planned by itself, so that any day can be told again and in any order. What stands out is planted on purpose
(`Planted`), so that a report can be held against it: `geoengage demo check` does.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from geoengage.simulator.phone import QUIET, PhoneNoise
from geoengage.simulator.venue import DAYS, Place, Venue
from geoengage.simulator.walk import Habits

# People of a day, against a Tuesday's.
WEEK = {"mon": 0.9, "tue": 1.0, "wed": 0.95, "thu": 1.15, "fri": 1.35, "sat": 1.8, "sun": 0.5}
# How many come in during an hour, against each other: lunch and after work; Saturdays in the afternoon.
_WORKDAY = {8: 2, 9: 4, 10: 6, 11: 9, 12: 15, 13: 12, 14: 7, 15: 8, 16: 11, 17: 17, 18: 14, 19: 6, 20: 2}
_SATURDAY = {9: 4, 10: 8, 11: 12, 12: 14, 13: 15, 14: 18, 15: 17, 16: 14, 17: 10, 18: 6, 19: 3, 20: 2}
_SUNDAY = {11: 4, 12: 10, 13: 12, 14: 14, 15: 14, 16: 10, 17: 8, 18: 8, 19: 6, 20: 3}
REGULAR_SHARE = 0.25  # of a day's people
REGULARS_PER_DAILY = 0.4  # size of the circle they come from, against the people of an average day
LAST_ORDERS = timedelta(minutes=20)  # nobody goes for a place that closes sooner
# Indoor positioning that works: the noise of a bad phone would blur what is planted.
PHONE = replace(
    QUIET, bias_sigma_m=0.5, white_sigma_m=0.3, accuracy_log_sigma=0.2, level_missing_share=0.1, interval_jitter=0.2
)
STAYS_S = {
    "restaurant": 2700.0, "food_court": 1200.0, "coffee": 600.0, "cinema": 5400.0, "fitness": 2700.0,
    "climbing": 3600.0, "leisure": 2700.0, "hairdresser": 1500.0, "supermarket": 600.0, "department_store": 480.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planted:
    """What the reports should find: a place where people stay for long, and an evening when all go to one place.

    Places by external id; a mall without them has no such effect.
    """

    linger_at: str = "st-roestkontor"
    linger_s: float = 1200.0
    crowd_at: str = "un-0-events-area"
    crowd_day: str = "thu"
    crowd_hours: tuple[int, int] = (17, 20)
    crowd_appeal: float = 25.0
    crowd_stay_s: float = 2400.0


PLANTED = Planted()


@dataclass(frozen=True, slots=True)
class Outing:
    """Somebody who comes in at `at` (UTC). `who` names the person; regulars have the same name on every day."""

    who: str
    at: datetime
    habits: Habits
    phone: PhoneNoise
    seed: tuple[int, ...]

    def rng(self) -> np.random.Generator:
        """The chance of this outing alone."""
        return np.random.default_rng(self.seed)


def people_on(day: date, per_day: int) -> int:
    """How many people come on a day, when `per_day` come on average of a week."""
    return round(per_day * WEEK[DAYS[day.weekday()]] / (sum(WEEK.values()) / len(WEEK)))


def plan_day(venue: Venue, day: date, *, seed: int, per_day: int) -> list[Outing]:
    """The outings of a local day of the mall, in order of time; each person comes once at most."""
    rng = np.random.default_rng([seed, day.toordinal()])
    count = people_on(day, per_day)
    hours = {"sat": _SATURDAY, "sun": _SUNDAY}.get(DAYS[day.weekday()], _WORKDAY)
    weights = np.array(list(hours.values()), dtype=float)
    starts = rng.choice(list(hours), size=count, p=weights / weights.sum()) + rng.uniform(0.0, 1.0, count)
    midnight = datetime.combine(day, time(), venue.timezone)
    outings = []
    for number, (who, start) in enumerate(zip(_who(day, count, seed, per_day, rng), np.sort(starts), strict=True)):
        local = midnight + timedelta(seconds=round(float(start) * 3600))  # wall clock: right on days of 23 hours too
        habits = habits_at(venue, local)
        if any(habits.appeal.values()):
            outings.append(Outing(who, local.astimezone(UTC), habits, PHONE, (seed, day.toordinal(), number)))
    return outings


def habits_at(venue: Venue, local: datetime, planted: Planted = PLANTED) -> Habits:
    """What people are after at a local time: what is open, and stays as long as the kind of place asks for."""
    return Habits(
        appeal={place.id: _appeal(place, local, planted) for place in venue.places},
        stays_s={place.id: stay for place in venue.places if (stay := _stay(place, local, planted)) is not None},
    )


def _is_crowd(place: Place, local: datetime, planted: Planted) -> bool:
    first, end = planted.crowd_hours
    evening = DAYS[local.weekday()] == planted.crowd_day and first <= local.hour < end
    return place.key == planted.crowd_at and evening


def _appeal(place: Place, local: datetime, planted: Planted) -> float:
    if not (place.is_open(local) and place.is_open(local + LAST_ORDERS)):
        return 0.0
    return planted.crowd_appeal if _is_crowd(place, local, planted) else 1.0


def _stay(place: Place, local: datetime, planted: Planted) -> float | None:
    if place.key == planted.linger_at:
        return planted.linger_s
    if _is_crowd(place, local, planted):
        return planted.crowd_stay_s
    return STAYS_S.get(place.category)


def _who(day: date, count: int, seed: int, per_day: int, rng: np.random.Generator) -> list[str]:
    """Names, regulars mixed in; a small circle may be out of regulars."""
    circle = max(1, round(per_day * REGULARS_PER_DAILY))
    regulars = min(round(count * REGULAR_SHARE), circle)
    names = [f"past-{seed}-r{number}" for number in rng.choice(circle, size=regulars, replace=False)]
    names += [f"past-{seed}-{day:%Y%m%d}-{number}" for number in range(count - regulars)]
    return [names[i] for i in rng.permutation(count)]

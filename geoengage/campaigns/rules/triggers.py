"""What a campaign may wait for besides zones and segments: events, the calendar, carts, orders, a call. Pure.

Local times are those of the person's phone or of the campaign's store. A time that a change of the clocks leaves out is
taken an hour later on the clock; one that comes twice is taken the first time: so a day has each time exactly once.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from geoengage.timing.rules import Calendar, is_on, start_of
from geoengage.venues.rules import DAYS

FRESH = timedelta(hours=24)  # what happened longer ago is history that was told late, and starts nothing
BEGINS_WITHIN = timedelta(hours=6)  # of its time of the day; a worker that comes back later leaves that day out
USUAL = Calendar()
Scalar = str | int | float | bool


class Whose(StrEnum):
    """Whose clock a local time is read on."""

    STORE = "store"
    PERSON = "person"


class PropertyTest(msgspec.Struct, frozen=True):
    """A test of one property of an event, with the operators of segments."""

    property: str
    op: str
    value: Scalar | tuple[Scalar, ...] | None = None


class OnEvent(msgspec.Struct, frozen=True, tag_field="kind", tag="event"):
    """Somebody does something that a site, app or server tells."""

    name: str
    where: tuple[PropertyTest, ...] = ()


class OnSchedule(msgspec.Struct, frozen=True, tag_field="kind", tag="schedule"):
    """A local time: once `on` a day, else on these `days` (none named: every day): of the week by name, or by where
    they lie to the weekend of the country (`timing`).

    `at` None: when the tenant's `day_part` of that name begins, or so many minutes before; on a day that has no such
    part nothing starts.
    """

    at: str | None = None
    on: str | None = None
    days: tuple[str, ...] = ()
    clock: Whose = Whose.STORE
    day_part: str | None = None
    before_minutes: int = 0


class OnDate(msgspec.Struct, frozen=True, tag_field="kind", tag="date"):
    """A day that is known of a person (`trait`, a date), or `days` after it (less than 0: before), at a local time.

    `yearly`: its anniversaries; who was born on a 29 February has the 28th in other years.
    """

    trait: str
    days: int = 0
    yearly: bool = True
    at: str = "09:00"
    clock: Whose = Whose.STORE


class OnCart(msgspec.Struct, frozen=True, tag_field="kind", tag="cart"):
    """A cart was left alone for so long, and nothing was ordered."""

    after_minutes: int = 60


class OnOrder(msgspec.Struct, frozen=True, tag_field="kind", tag="order"):
    """An order was placed, on one of these channels (none named: any)."""

    channels: tuple[str, ...] = ()


When = OnEvent | OnSchedule | OnDate | OnCart | OnOrder


def passes(tests: Iterable[PropertyTest], properties: Mapping[str, Any]) -> bool:
    """Whether an event's properties pass all tests, as the SQL of segments decides them."""
    return all(_passes(test, _find(properties, test.property)) for test in tests)


def _find(properties: Any, path: str) -> Any:
    found = properties
    for part in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.lstrip("-").isdigit() and -len(found) <= int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def _passes(test: PropertyTest, actual: Any) -> bool:
    op, wanted = test.op, test.value
    if op in ("exists", "not_exists"):
        return (actual is not None) is (op == "exists")
    if actual is None:
        return False
    if op in ("eq", "ne", "in", "not_in"):
        values = {_plain(v) for v in (wanted if isinstance(wanted, tuple | list) else (wanted,))}
        members = actual if isinstance(actual, list) else [actual]
        return any(_plain(member) in values for member in members) is (op in ("eq", "in"))
    if op in ("contains", "not_contains", "starts_with", "ends_with"):
        return _text_passes(op, actual, str(wanted).lower())
    return _number_passes(op, _number(actual), wanted)


def _plain(value: Any) -> str:
    """As PostgreSQL writes it: `true`, `3`, `2.5`, a text in lower case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower()


def _text_passes(op: str, actual: Any, wanted: str) -> bool:
    if isinstance(actual, list):
        found = wanted in {_plain(member) for member in actual}
        return found if op == "contains" else op == "not_contains" and not found
    text = _plain(actual)
    if op in ("starts_with", "ends_with"):
        return text.startswith(wanted) if op == "starts_with" else text.endswith(wanted)
    return (wanted in text) is (op == "contains")


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _number_passes(op: str, actual: float | None, wanted: Any) -> bool:
    if actual is None:
        return False
    if op == "between":
        return bool(wanted[0] <= actual <= wanted[1])
    return bool({"gt": actual > wanted, "gte": actual >= wanted, "lt": actual < wanted, "lte": actual <= wanted}[op])


# --- the calendar ----------------------------------------------------------------------------------------------------


def local_moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which clocks in `zone` show `clock` (HH:MM) on a day."""
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=zone).astimezone(UTC)


def next_local(at: datetime, clock: str, days: Iterable[str], zone: ZoneInfo) -> datetime:
    """The first moment from `at` on that is `clock` on one of these days of the week (none: any)."""
    wanted, first = set(days) or set(DAYS), at.astimezone(zone).date()
    moments = (
        local_moment(day, clock, zone)
        for day in (first + timedelta(days=n) for n in range(-1, 9))
        if DAYS[day.weekday()] in wanted
    )
    return next(moment for moment in moments if moment >= at)


def runs_at(when: OnSchedule | OnDate, day: date, zone: ZoneInfo, calendar: Calendar = USUAL) -> datetime | None:
    """When it starts on this local day; None: not on this day. `calendar`: of where that clock hangs."""
    if isinstance(when, OnDate):
        return local_moment(day, when.at, zone)
    is_day = is_on(when.days, day, calendar.weekend) if when.on is None else day == date.fromisoformat(when.on)
    if not is_day:
        return None
    if when.at is not None:
        return local_moment(day, when.at, zone)
    starts = start_of(calendar.parts, when.day_part or "", day, calendar.weekend)
    if starts is None:
        return None
    clock = f"{starts // 60:02}:{starts % 60:02}"
    return local_moment(day, clock, zone) - timedelta(minutes=when.before_minutes)


def due_runs(
    when: OnSchedule | OnDate, zone: ZoneInfo, since: datetime, now: datetime, calendar: Calendar = USUAL
) -> list[date]:
    """The local days whose run has begun by `now`: after `since`, and not so long ago that it is left out."""
    earliest = max(since, now - BEGINS_WITHIN)
    first = earliest.astimezone(zone).date() - timedelta(days=1)
    days = (first + timedelta(days=n) for n in range((now - earliest).days + 4))
    return [day for day in days if (at := runs_at(when, day, zone, calendar)) is not None and earliest < at <= now]


def days_meant(when: OnDate, day: date) -> tuple[str, ...]:
    """How the dates of those people begin or end whose day this is: `1990-05-17`, or `-05-17` where it is yearly."""
    target = day - timedelta(days=when.days)
    if not when.yearly:
        return (target.isoformat(),)
    ends = [f"-{target:%m-%d}"]
    if (target.month, target.day) == (2, 28) and (target + timedelta(days=1)).month == 3:
        ends.append("-02-29")
    return tuple(ends)

"""`geoengage demo check`: what was planted in the demo mall's past, beside what the reports find.

The truth comes from the simulator's own book of what it told, the numbers from the API, as anybody would read them.
A report may hide numbers of few people, and tells some only when a week is over: then it says so, which is no fault.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from statistics import median
from typing import Any
from urllib.parse import urlencode

from geoengage.demo.client import Client, Json
from geoengage.demo.findings import NOT_TOLD, Finding
from geoengage.simulator.past import PLANTED
from geoengage.simulator.venue import DAYS

SLACK = 0.1  # noise of phones; more than planted is no fault: shoppers walked live on that day as well


def check(client: Client, mall_id: str, book: Mapping[str, Any], today: date) -> list[Finding]:
    """Every effect that the told days can show. `book`: the days of the simulator's file; `today`: in the mall."""
    whole = sorted(date.fromisoformat(day) for day, page in book.items() if page["people"])[1:]  # the first is a part
    days = [day for day in whole if day < today]
    people = {day: _footfall(client, mall_id, "day", day)["people"] for day in days}
    planted = {day: book[day.isoformat()]["people"] for day in days}
    places = {s["properties"]["external_id"]: s["id"] for s in client.get("/v1/stores?limit=500")["items"]}
    zones = {z["properties"]["external_id"]: z["id"] for z in client.get("/v1/zones?limit=500")["items"]}
    return [
        *(_same(f"people on {day:%A %d %B}", planted[day], people[day]) for day in days),
        *_saturday(days, planted, people),
        *_crowd(client, mall_id, zones, days),
        *_linger(client, mall_id, places, book, days),
    ]


def _same(what: str, planted: int, found: int | None) -> Finding:
    if found is None:
        return Finding(what, str(planted), NOT_TOLD, None)
    return Finding(what, str(planted), str(found), found >= planted * (1 - SLACK))


def _saturday(days: list[date], planted: Mapping[date, int], people: Mapping[date, int | None]) -> Iterator[Finding]:
    """How much more a Saturday brings than a Tuesday."""
    named = {DAYS[day.weekday()]: day for day in days}
    if not {"sat", "tue"} <= named.keys():
        return
    saturday, tuesday = named["sat"], named["tue"]
    truth = planted[saturday] / planted[tuesday]
    one, other = people[saturday], people[tuesday]
    found = one / other if one and other else None
    words = NOT_TOLD if found is None else f"{found:.2f} ×"
    holds = None if found is None else abs(found / truth - 1) <= SLACK
    yield Finding("Saturday against Tuesday", f"{truth:.2f} ×", words, holds)


def _crowd(client: Client, mall_id: str, zones: Mapping[str, str], days: list[date]) -> Iterator[Finding]:
    """The evening when the events area is full."""
    day = next((day for day in reversed(days) if DAYS[day.weekday()] == PLANTED.crowd_day), None)
    zone_id = zones.get("zn-events")
    if day is None or zone_id is None:
        return
    peak = _footfall(client, mall_id, "week", day, zone_id=zone_id)["peak"]
    first, end = PLANTED.crowd_hours
    planted = f"{PLANTED.crowd_day} {first}–{end} h"
    if peak is None:
        yield Finding("Events area is fullest", planted, NOT_TOLD, None)
        return
    found, hour = DAYS[peak["weekday"]], peak["hour"]
    # who came in before nine stays on: the first hour after is part of the evening
    holds = found == PLANTED.crowd_day and first <= hour <= end
    yield Finding("Events area is fullest", planted, f"{found} {hour}–{hour + 1} h", holds)


def _linger(
    client: Client, mall_id: str, places: Mapping[str, str], book: Mapping[str, Any], days: list[date]
) -> Iterator[Finding]:
    """How long people stay where they stay for long; told of weeks that are over."""
    store_id = places.get(PLANTED.linger_at)
    stays = [s for page in book.values() for s in page["stays_s"].get(PLANTED.linger_at, ())]
    if store_id is None or not stays:
        return
    weeks = {day - timedelta(days=day.weekday()): day for day in days}
    told = [_footfall(client, mall_id, "week", day, store_id=store_id)["dwell"]["median_s"] for day in weeks.values()]
    found = next((s for s in reversed(told) if s is not None), None)
    planted = median(stays)
    words = f"{NOT_TOLD}: the week is not over" if found is None else f"{found / 60:.0f} min"
    holds = None if found is None else abs(found / planted - 1) <= 3 * SLACK  # estimated within its bin
    yield Finding("Typical stay at Röstkontor", f"{planted / 60:.0f} min", words, holds)


def _footfall(client: Client, mall_id: str, period: str, on: date, **place: str) -> Json:
    query = urlencode({"mall_id": mall_id, "period": period, "on": on.isoformat(), **place})
    return client.get(f"/v1/footfall?{query}")

"""The mall's past as it is planned: the shape of a week, regulars, what is planted, and what a phone reports of it."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from geoengage.simulator.cli import _days
from geoengage.simulator.history import INTERVAL_S, STILL_S, Book, Told
from geoengage.simulator.past import PLANTED, habits_at, people_on, plan_day
from geoengage.simulator.venue import Venue, read_venue
from geoengage.simulator.walk import LONG_S, Habits, plan_walk

MALL = Path(__file__).resolve().parents[2] / "zones" / "demo_mall"
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 11, 16)
TUESDAY, THURSDAY, SATURDAY, SUNDAY = (MONDAY + timedelta(days=n) for n in (1, 3, 5, 6))


def load(name: str) -> Any:
    return json.loads((MALL / name).read_text())


@pytest.fixture(scope="module")
def venue() -> Venue:
    levels, units, stores = (load(f"{name}.geojson")["features"] for name in ("levels", "units", "stores"))
    return read_venue(load("mall.json"), levels, units, stores)


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN)


def test_a_week_has_its_shape(venue: Venue) -> None:
    assert sum(people_on(MONDAY + timedelta(days=n), 300) for n in range(7)) == pytest.approx(7 * 300, abs=4)
    assert people_on(SATURDAY, 300) == pytest.approx(1.8 * people_on(TUESDAY, 300), abs=1)
    by_hour = Counter(o.at.astimezone(BERLIN).hour for o in plan_day(venue, TUESDAY, seed=1, per_day=3000))
    assert max(by_hour, key=by_hour.__getitem__) == 17
    assert by_hour[12] > 1.5 * by_hour[10]
    assert by_hour[12] > 1.5 * by_hour[14]
    assert min(by_hour) >= 8
    assert max(by_hour) <= 20


def test_a_day_is_told_the_same_way_again(venue: Venue) -> None:
    once, again = (plan_day(venue, TUESDAY, seed=1, per_day=20) for _ in range(2))
    assert once == again
    assert [o.at for o in once] == sorted(o.at for o in once)
    assert Told.of(once[3], venue).fixes == Told.of(again[3], venue).fixes
    other = plan_day(venue, TUESDAY, seed=2, per_day=20)
    assert not {o.who for o in once} & {o.who for o in other}


def test_regulars_come_on_several_days_and_once_a_day(venue: Venue) -> None:
    days = [[o.who for o in plan_day(venue, MONDAY + timedelta(days=n), seed=1, per_day=100)] for n in range(7)]
    assert all(len(set(names)) == len(names) for names in days)
    times = Counter(name for names in days for name in names)
    regulars = [name for name, n in times.items() if n > 1]
    assert 30 <= len(regulars) <= 40
    assert all(name.startswith("past-1-r") for name in regulars)


def test_nobody_goes_where_it_is_closed(venue: Venue) -> None:
    by_key = {place.key: place.id for place in venue.places}
    cinema, toys, market = (by_key[key] for key in ("st-parallax", "st-kinderkram", "st-marktkorb"))
    sunday = habits_at(venue, local(SUNDAY, 14)).appeal
    assert (sunday[cinema], sunday[market], sunday[toys]) == (1.0, 0.0, 0.0)
    assert habits_at(venue, local(MONDAY, 19, 30)).appeal[toys] == 1.0
    assert habits_at(venue, local(MONDAY, 19, 50)).appeal[toys] == 0.0, "it closes at eight"
    for number in range(20):
        walk = plan_walk(venue, np.random.default_rng(number), habits_at(venue, local(SUNDAY, 14)))
        assert all(sunday[visit.place_id] > 0 for visit in walk.visits)
    nowhere = plan_walk(venue, np.random.default_rng(1), Habits(dict.fromkeys(sunday, 0.0)))
    assert nowhere.visits == ()


def test_what_is_planted_is_in_the_plan(venue: Venue) -> None:
    keys = {place.id: place.key for place in venue.places}
    told = [Told.of(o, venue) for o in plan_day(venue, THURSDAY, seed=1, per_day=120)]
    crowd: Counter[bool] = Counter()
    for one in told:
        evening = 17 <= one.outing.at.astimezone(BERLIN).hour < 20
        place = next((v.place_id for v in one.walk.visits if keys[v.place_id] == PLANTED.crowd_at), None)
        crowd[evening] += place is not None
        assert one.outing.habits.stays_s.get(place or "") == (PLANTED.crowd_stay_s if evening and place else None)
    assert crowd[True] > 2 * crowd[False]
    lingered = [
        v.left_s - v.entered_s for one in told for v in one.walk.visits if keys[v.place_id] == PLANTED.linger_at
    ]
    assert np.median(lingered) == pytest.approx(PLANTED.linger_s, rel=0.3)
    for one in told:
        long = [v for v in one.walk.visits if one.outing.habits.stays_s.get(v.place_id, 0) >= LONG_S]
        assert len(long) <= 1, "nobody dines twice"


def test_a_phone_at_rest_reports_once_a_minute(venue: Venue) -> None:
    told = Told.of(plan_day(venue, TUESDAY, seed=1, per_day=20)[4], venue)
    times = [fix.t_s for fix in told.fixes]
    gaps = np.diff(times)
    assert (gaps > 0).all()
    assert gaps.max() <= STILL_S + 2 * INTERVAL_S
    on_the_way = told.walk.visits[0].entered_s
    assert np.diff([t for t in times if t < on_the_way]).max() < 3 * INTERVAL_S, "walking, it reports as usual"


def test_the_book_is_about_one_mall_and_seed_and_adds_up(venue: Venue, tmp_path: Path) -> None:
    path, noon = tmp_path / "history.json", datetime(2026, 11, 17, 12, tzinfo=UTC)
    told = [Told.of(o, venue) for o in plan_day(venue, TUESDAY, seed=1, per_day=6)]
    book = Book.open(path, "mall", 1)
    assert book.until is None
    book.note(TUESDAY, told[:2], noon)
    book.note(TUESDAY, told[2:], noon + timedelta(hours=9))
    again = Book.open(path, "mall", 1)
    assert again.until == noon + timedelta(hours=9)
    page = again.days["2026-11-17"]
    assert page["people"] == len(told)
    assert sum(map(len, page["stays_s"].values())) == sum(len(one.walk.visits) for one in told)
    assert Book.open(path, "another", 1).until is None
    assert Book.open(path, "mall", 2).days == {}


@pytest.mark.parametrize("text, days", [("6.5d", 6.5), ("36h", 1.5), ("2", 2.0)])
def test_spans_are_read(text: str, days: float) -> None:
    assert _days(text) == days

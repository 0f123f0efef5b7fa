"""Footfall of simulated shoppers in the demo mall: every told number equals what their walks say."""

import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from geoengage.kit.anonymity import K
from geoengage.reports.rules.footfall import BINS_S, Footfall, Place, Visits
from geoengage.reports.rules.periods import Period, Span, period_of
from geoengage.simulator.route import NoWay
from geoengage.simulator.venue import read_venue
from geoengage.simulator.walk import plan_walk
from tests.footfall_truth import Row, told_atoms

MALL = Path(__file__).resolve().parents[2] / "zones" / "demo_mall"
FIRST, TODAY = date(2026, 9, 28), date(2026, 11, 2)
SHOPPERS, PEOPLE = 300, 250


def read(name: str) -> Any:
    found = json.loads((MALL / f"{name}.geojson").read_text())["features"]
    return [f | {"id": f.get("id") or f["properties"].get("external_id")} for f in found]


def walks() -> tuple[list[Row], list[str]]:
    """Visits of the places by their true entering and leaving, over five weeks; who comes twice is one person."""
    venue = read_venue(json.loads((MALL / "mall.json").read_text()), read("levels"), read("units"), read("stores"))
    rng = np.random.default_rng(20261128)
    names = sorted({place.id for place in venue.places})
    rows = []
    for _ in range(SHOPPERS):
        try:
            walk = plan_walk(venue, rng)
        except NoWay:
            continue
        person, day, begin = int(rng.integers(PEOPLE)), int(rng.integers(2)), int(rng.integers(600, 840))
        rows += [
            Row(
                person,
                names.index(visit.place_id),
                FIRST + timedelta(days=day),
                begin + int(visit.entered_s) // 60,
                int(visit.left_s - visit.entered_s),
            )
            for visit in walk.visits
        ]
    return rows, names


def test_every_number_is_what_the_walks_say() -> None:
    rows, names = walks()
    assert len(rows) > 1000
    places = [Place("zone", None, None, name, 1 << n) for n, name in enumerate(names)]
    places.append(Place("mall", None, None, "mall", (1 << len(names)) - 1))
    columns = [
        np.array(c, dtype=np.int64)
        for c in zip(*((r.person, r.spot, r.day.toordinal(), r.minute, r.dwell_s) for r in rows), strict=True)
    ]
    start = columns[2] * 86_400 + columns[3] * 60
    seen = Visits(columns[0], columns[1], columns[2], columns[3] // 60, start, start + columns[4])
    atoms = told_atoms(rows, K, TODAY)
    told: Counter[str] = Counter()
    for period in (period_of(Span.MONTH, date(2026, 10, 1)), period_of(Span.WEEK, FIRST), period_of(Span.DAY, FIRST)):
        counted = Footfall(seen, places, period, TODAY)
        for number, place in enumerate(places):
            compare(rows, atoms, counted, number, place, period, told)
    assert min(told[name] for name in ("visits", "people", "bins", "hours", "returning")) > 0, told


def compare(
    rows: list[Row],
    atoms: dict[int, str],
    counted: Footfall,
    number: int,
    place: Place,
    period: Period,
    told: Counter[str],
) -> None:
    here = [
        r
        for n, r in enumerate(rows)
        if place.spots >> r.spot & 1
        and period.first <= r.day <= period.last
        and (atoms.get(n) == "apart" or (n in atoms and period.span is not Span.DAY))
    ]
    people = {r.person for r in here}
    assert (counted.visits(number) or 0) == len(here)
    told["visits"] += bool(counted.visits(number))
    if counted.people(number) is not None:
        assert counted.people(number) == len(people)
        told["people"] += bool(people)
    if counted.returning_share(number) is not None:
        before = {r.person for r in rows if place.spots >> r.spot & 1 and 0 < (period.first - r.day).days <= 28}
        assert counted.returning_share(number) == round(len(people & before) / len(people), 3)
        told["returning"] += 1
    for low, high, visits in zip(BINS_S, (*BINS_S[1:], 10**9), counted.bins(number), strict=True):
        true = sum(low <= (r.dwell_s or 0) < high for r in here)
        if visits is not None and place.kind == "zone" and period.span is Span.WEEK and not counted.hidden(number):
            told["bins"] += visits > 0 and visits == true
        assert visits is None or visits <= true
    if period.span is Span.DAY:
        for n, hour in enumerate(counted.hours(number)):
            in_hour = {r.person for r in here if r.day.weekday() * 24 + r.minute // 60 == n}
            assert hour is None or hour == len(in_hour)
            told["hours"] += bool(hour)

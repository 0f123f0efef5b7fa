"""Walks through the demo mall: true to its walls, doors and lifts; and phones that blur them as promised."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from geoengage.simulator.people import DENIES, person
from geoengage.simulator.phone import QUIET, R68, Fix, PhoneNoise, positions
from geoengage.simulator.route import NoWay
from geoengage.simulator.venue import Venue, read_venue
from geoengage.simulator.walk import KeyPoint, Visit, Walk, plan_walk

MALL = Path(__file__).resolve().parents[2] / "zones" / "demo_mall"
WALL_M = 0.3  # doors are drawn without thickness: between two floors lies a wall of 0.12 m


def load(name: str) -> Any:
    return json.loads((MALL / name).read_text())


def features(name: str) -> list[Any]:
    found: list[Any] = load(f"{name}.geojson")["features"]
    return found


@pytest.fixture(scope="module")
def venue() -> Venue:
    return read_venue(load("mall.json"), features("levels"), features("units"), features("stores"))


@pytest.fixture(scope="module")
def walks(venue: Venue) -> list[Walk]:
    return [plan_walk(venue, np.random.default_rng(seed)) for seed in range(25)]


@pytest.fixture(scope="module")
def long_walk(venue: Venue) -> Walk:
    """Four hours on one spot of the ground floor: all that a fix differs by is the phone's doing."""
    return Walk(venue, (KeyPoint(0.0, 30.0, 5.0, 0), KeyPoint(14400.0, 30.0, 5.0, 0)), ())


def in_metres(venue: Venue, fixes: list[Fix]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([venue.frame.to_metres(fix.lon, fix.lat) for fix in fixes])


def test_the_same_seed_walks_the_same_way(venue: Venue, walks: list[Walk]) -> None:
    again = plan_walk(venue, np.random.default_rng(3))
    assert again.points == walks[3].points
    assert again.visits == walks[3].visits
    assert again.points != walks[4].points
    noisy = [positions(again, 5.0, PhoneNoise(), np.random.default_rng(9)) for _ in range(2)]
    assert noisy[0] == noisy[1]


def test_a_walk_stays_on_walkable_floor(venue: Venue, walks: list[Walk]) -> None:
    kinds = {"corridor", "entrance", "events_area", "lift", "escalator", "stairs", "other"}
    for level in venue.ordinals:
        on_level = [f for f in features("units") if f["properties"]["level"] == level]
        shapes = [shapely.from_geojson(json.dumps(f)) for f in on_level if f["properties"]["category"] in kinds]
        floors = [venue.frame.geometry_to_metres(area) for area in shapes]
        rooms = [place.shape for place in venue.places if place.level == level]
        walkable = shapely.union_all([*floors, *rooms]).buffer(WALL_M)
        legs = [(a, b) for walk in walks for a, b in pairwise(walk.points) if a.level == b.level == level]
        lines = shapely.linestrings([[(a.x, a.y), (b.x, b.y)] for a, b in legs])
        assert shapely.covers(walkable, lines).all()


def test_nobody_walks_faster_than_people_do(walks: list[Walk]) -> None:
    for walk in walks:
        for a, b in pairwise(walk.points):
            assert b.t_s > a.t_s
            assert np.hypot(b.x - a.x, b.y - a.y) / (b.t_s - a.t_s) < 1.7


def test_visits_are_where_and_when_they_say(venue: Venue, walks: list[Walk]) -> None:
    places = {place.id: place for place in venue.places}
    assert sum(len(walk.visits) for walk in walks) > 50
    for walk in walks:
        for visit in walk.visits:
            place = places[visit.place_id]
            assert 59.0 < visit.left_s - visit.entered_s < 1201.0
            for t in (visit.entered_s, visit.left_s):
                edge = walk.at(t)
                assert shapely.boundary(place.shape).distance(shapely.Point(edge.x, edge.y)) < 0.01
            inside = [walk.at(t) for t in np.linspace(visit.entered_s, visit.left_s, 20)]
            assert {point.level for point in inside} == {place.level}
            assert shapely.intersects_xy(place.shape.buffer(0.02), [(p.x, p.y) for p in inside]).all()


def test_outside_its_visits_a_walk_is_in_no_store(venue: Venue, walks: list[Walk]) -> None:
    stores = {
        level: shapely.union_all(
            [p.shape.buffer(-0.05) for p in venue.places if p.level == level and p.id.startswith("st-")]
        )
        for level in venue.ordinals
    }
    shapely.prepare(list(stores.values()))
    for walk in walks:
        for t in np.arange(0.0, walk.end_s, 2.0):
            point = walk.at(float(t))
            if point.level is not None and not any(v.entered_s - 1 <= t <= v.left_s + 1 for v in walk.visits):
                assert not shapely.intersects_xy(stores[point.level], point.x, point.y)


def test_floors_change_only_in_lifts_on_stairs_and_escalators(venue: Venue, walks: list[Walk]) -> None:
    ways = [(c, shapely.LineString([c.foot, c.head]).buffer(0.1)) for c in venue.connectors]
    changes = [
        (a, b)
        for walk in walks
        for a, b in pairwise(walk.points)
        if a.level != b.level and a.level is not None and b.level is not None
    ]
    used = set()
    for a, b in changes:
        found = [c for c, area in ways if {a.level, b.level} <= c.levels and area.covers(shapely.Point(b.x, b.y))]
        assert found
        used.add(found[0].category)
    assert {"lift", "escalator"} <= used


def test_a_walk_comes_from_outside_and_leaves(venue: Venue, walks: list[Walk]) -> None:
    outline = venue.frame.geometry_to_metres(shapely.from_geojson(json.dumps(features("levels")[0])))
    for walk in walks:
        for end in (walk.points[0], walk.points[-1]):
            assert end.level is None
            assert not shapely.intersects_xy(outline, end.x, end.y)
    assert {place.level for walk in walks for place in venue.places for v in walk.visits if v[0] == place.id} == {
        0,
        1,
        2,
    }


def test_the_position_between_two_key_points(venue: Venue) -> None:
    walk = Walk(venue, (KeyPoint(0.0, 0.0, 0.0, None), KeyPoint(10.0, 10.0, 20.0, 0)), (Visit("a", 1.0, 2.0),))
    assert walk.at(-1.0) == KeyPoint(0.0, 0.0, 0.0, None)
    assert walk.at(5.0) == KeyPoint(5.0, 5.0, 10.0, None)
    assert walk.at(99.0) == KeyPoint(10.0, 10.0, 20.0, 0)


def test_a_quiet_phone_tells_the_truth(venue: Venue, walks: list[Walk]) -> None:
    walk = walks[0]
    fixes = positions(walk, 5.0, QUIET, np.random.default_rng(0))
    assert [fix.t_s for fix in fixes] == [5.0 * i for i in range(len(fixes))]
    truth = [walk.at(fix.t_s) for fix in fixes]
    assert np.abs(in_metres(venue, fixes) - [(p.x, p.y) for p in truth]).max() < 1e-6
    assert [fix.level for fix in fixes] == [p.level for p in truth]
    assert {fix.accuracy_m for fix in fixes} == {QUIET.accuracy_floor_m}
    assert all(fix.sent_s == fix.t_s for fix in fixes)


def test_errors_are_as_large_and_as_slow_as_promised(venue: Venue, long_walk: Walk) -> None:
    noise = replace(PhoneNoise(), outlier_share=0.0, suspended_per_hour=0.0, interval_jitter=0.0)
    fixes = positions(long_walk, 5.0, noise, np.random.default_rng(1))
    errors = in_metres(venue, fixes) - (30.0, 5.0)
    sigma = float(np.hypot(noise.bias_sigma_m, noise.white_sigma_m))
    assert errors.std() == pytest.approx(sigma, rel=0.12)
    assert (np.hypot(*errors.T) < R68 * sigma).mean() == pytest.approx(0.68, abs=0.06)
    lag = round(noise.bias_time_constant_s / 5.0)
    after_a_minute = np.mean(errors[lag:] * errors[:-lag]) / np.mean(errors**2)
    assert after_a_minute == pytest.approx(np.exp(-1) * (noise.bias_sigma_m / sigma) ** 2, abs=0.12)
    assert np.median([fix.accuracy_m for fix in fixes]) == pytest.approx(R68 * sigma, rel=0.05)
    assert np.log([fix.accuracy_m for fix in fixes]).std() == pytest.approx(0.4, abs=0.03)


def test_outliers_and_doubtful_levels_come_as_often_as_promised(venue: Venue, long_walk: Walk) -> None:
    fixes = positions(long_walk, 5.0, PhoneNoise(), np.random.default_rng(2))
    far = np.hypot(*(in_metres(venue, fixes) - (30.0, 5.0)).T) > 30.0
    assert far.mean() == pytest.approx(0.02, abs=0.01)
    levels = [fix.level for fix in fixes]
    assert levels.count(None) / len(levels) == pytest.approx(0.5, abs=0.04)
    told = [level for level in levels if level is not None]
    assert sum(level != 0 for level in told) / len(told) == pytest.approx(0.03, abs=0.015)


def test_a_suspended_app_is_silent_and_an_offline_one_sends_later(long_walk: Walk) -> None:
    noise = replace(PhoneNoise(), suspended_per_hour=4.0, offline_per_hour=4.0)
    fixes = positions(long_walk, 5.0, noise, np.random.default_rng(3))
    silences = [b.t_s - a.t_s for a, b in pairwise(fixes) if b.t_s - a.t_s > 10.0]
    assert len(silences) > 5
    assert min(silences) > 55.0
    late = [fix for fix in fixes if fix.sent_s > fix.t_s]
    batches = {fix.sent_s for fix in late}
    assert len(batches) > 5
    assert len(late) > 10 * len(batches)
    assert max(fix.sent_s - fix.t_s for fix in late) <= 240.0


def test_fixes_may_begin_in_the_middle_of_a_walk(walks: list[Walk]) -> None:
    fixes = positions(walks[0], 5.0, QUIET, np.random.default_rng(0), from_s=100.0)
    assert fixes[0].t_s == 100.0


def test_a_mall_without_an_entrance_is_refused() -> None:
    units = [f for f in features("units") if f["properties"]["category"] != "entrance"]
    with pytest.raises(NoWay, match="entrance"):
        read_venue(load("mall.json"), features("levels"), units, features("stores"))


def test_people_are_varied_and_stable() -> None:
    crowd = [person(7, number) for number in range(400)]
    assert crowd[39] == person(7, 39) != person(7, 39, 1)
    assert len({somebody.external_id for somebody in crowd}) == 400
    assert len({somebody.first_name for somebody in crowd[:40]}) == 40
    for what, n in DENIES.items():
        assert sum(somebody.consents[what] == "denied" for somebody in crowd) == 400 // n

"""One shopper's way through a mall as a function of time. Pure and seeded: the same generator, the same walk.

A walk is a list of key points with straight lines between them, in metres of the mall frame and seconds from its own
beginning, and beside it the true visits, for a test to use as an oracle. What the phone makes of it is `phone.py`.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import dist
from typing import NamedTuple

import numpy as np
import shapely

from geoengage.simulator.route import NoWay, Point
from geoengage.simulator.venue import Connector, Entrance, Place, Venue

# How often a category is chosen, against 1 for any other: groceries and coffee draw more people than a tailor.
POPULARITY = {
    "supermarket": 5.0,
    "coffee": 4.0,
    "department_store": 3.5,
    "drugstore": 3.5,
    "electronics": 3.5,
    "sports": 3.0,
    "toys": 3.0,
    "books": 2.5,
    "food_court": 2.0,
    "events_area": 2.0,
    "fashion": 1.8,
}
BROWSING_MPS = 0.6
FLOOR_CHANGE_M = 60.0  # a change of floor counts like this much walking when the next shop is chosen
RIDE_S = {"lift": 14.0, "escalator": 22.0, "stairs": 18.0}  # for each floor
OUTSIDE_M = (20.0, 35.0)
STAY_S = 180.0  # median
LONG_S = 900.0  # one dinner, or one film, is enough


@dataclass(frozen=True, slots=True)
class Habits:
    """What a shopper is after, by place id: `appeal` times the category's popularity (0: no way in now); `stays_s` the
    median stay where it is not the usual three minutes.
    """

    appeal: Mapping[str, float] = field(default_factory=dict)
    stays_s: Mapping[str, float] = field(default_factory=dict)


class KeyPoint(NamedTuple):
    """Where the shopper is at `t_s`; `level` holds until the next key point, None is outdoors."""

    t_s: float
    x: float
    y: float
    level: int | None


class Visit(NamedTuple):
    """The shopper crossed the edge of the place inwards at `entered_s` and outwards at `left_s`."""

    place_id: str
    entered_s: float
    left_s: float


@dataclass(frozen=True, slots=True)
class Walk:
    venue: Venue
    points: tuple[KeyPoint, ...]
    visits: tuple[Visit, ...]

    @property
    def end_s(self) -> float:
        return self.points[-1].t_s

    def at(self, t_s: float) -> KeyPoint:
        """The true position at a time; before the beginning and after the end, the first and the last point."""
        after = bisect_right(self.points, t_s, key=lambda point: point.t_s)
        if after == 0:
            return self.points[0]
        if after == len(self.points):
            return self.points[-1]
        here, there = self.points[after - 1], self.points[after]
        share = (t_s - here.t_s) / (there.t_s - here.t_s)
        return KeyPoint(t_s, here.x + share * (there.x - here.x), here.y + share * (there.y - here.y), here.level)


def plan_walk(venue: Venue, rng: np.random.Generator, habits: Habits | None = None) -> Walk:
    """A shopper comes in from outside, visits one to eight places, and leaves by some entrance.

    A place that cannot be reached is left out; raises NoWay when an entrance cannot.
    """
    way_in = venue.entrances[rng.integers(len(venue.entrances))]
    way_out = venue.entrances[rng.integers(len(venue.entrances))]
    track = _Track(venue, rng, _outside(way_in, rng), float(np.clip(rng.normal(1.2, 0.15), 0.8, 1.6)))
    track.go([way_in.edge, way_in.inside])
    track.level = way_in.level
    habits = habits or Habits()
    todo = _choose(venue, rng, habits)
    while todo:
        place = min(todo, key=lambda place: _effort(track, place))
        todo.remove(place)
        try:
            track.walk_to(place.door, place.level)
        except NoWay:
            continue
        track.visit(place, habits.stays_s.get(place.id))
    track.walk_to(way_out.inside, way_out.level)
    track.go([way_out.edge])
    track.level = None
    track.go([_outside(way_out, rng)])
    return Walk(venue, tuple(track.points), tuple(track.visits))


def warm_start_s(walk: Walk, rng: np.random.Generator) -> float:
    """A moment to begin at, mostly just before the most popular visit: a demo has something to show at once."""
    if rng.random() < 0.25 or not walk.visits:
        return float(rng.uniform(0.0, 0.8) * walk.end_s)
    categories = {place.id: place.category for place in walk.venue.places}
    visit = max(walk.visits, key=lambda visit: POPULARITY.get(categories[visit.place_id], 1.0))
    return max(visit.entered_s - float(rng.uniform(2.0, 20.0)), 0.0)


def _choose(venue: Venue, rng: np.random.Generator, habits: Habits) -> list[Place]:
    weights = np.array([POPULARITY.get(p.category, 1.0) * habits.appeal.get(p.id, 1.0) for p in venue.places])
    count = min(int(np.clip(1 + rng.poisson(3.0), 1, 8)), int(np.count_nonzero(weights)))
    if count == 0:
        return []
    chosen = rng.choice(len(venue.places), size=count, replace=False, p=weights / weights.sum())
    places = [venue.places[i] for i in chosen]
    too_long = [place for place in places if habits.stays_s.get(place.id, 0.0) >= LONG_S][1:]
    return [place for place in places if place not in too_long]


def _effort(track: "_Track", place: Place) -> float:
    return dist((track.x, track.y), place.door) + FLOOR_CHANGE_M * abs(place.level - (track.level or 0))


def _outside(entrance: Entrance, rng: np.random.Generator) -> Point:
    far = rng.uniform(*OUTSIDE_M)
    return entrance.edge[0] + far * entrance.outward[0], entrance.edge[1] + far * entrance.outward[1]


@dataclass(slots=True)
class _Track:
    """A walk in the making: where the shopper stands now, and everything until now."""

    venue: Venue
    rng: np.random.Generator
    start: Point
    speed_mps: float
    level: int | None = None
    t_s: float = 0.0
    x: float = field(init=False)
    y: float = field(init=False)
    points: list[KeyPoint] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.x, self.y = self.start
        self.mark()

    def mark(self) -> None:
        """Writes the present state down, instead of the last key point when no time has passed since."""
        if self.points and self.points[-1].t_s >= self.t_s:
            self.points.pop()
        self.points.append(KeyPoint(self.t_s, self.x, self.y, self.level))

    def wait(self, seconds: float) -> None:
        self.mark()
        self.t_s += seconds
        self.mark()

    def go(self, way: list[Point], speed_mps: float | None = None) -> None:
        """Walks along a polyline from where the shopper stands."""
        self.mark()
        for point in way:
            length = dist((self.x, self.y), point)
            if length > 0:
                self.t_s += length / (speed_mps or self.speed_mps)
                self.x, self.y = point
                self.mark()

    def walk_to(self, goal: Point, level: int) -> None:
        """Walks to a point of the mall, over as many lifts and escalators as it takes. Raises NoWay."""
        while self.level is not None and self.level != level:
            self._change_floor(level, goal)
        self.go(self.venue.floors[level].route((self.x, self.y), goal, self.rng))

    def _change_floor(self, level: int, goal: Point) -> None:
        here = self.level or 0
        step = here + (1 if level > here else -1)
        usable = [
            (connector, to)
            for connector in self.venue.connectors
            for to in {level, step} & connector.levels
            if here in connector.levels and (connector.category == "lift" or to == step)
        ]
        if not usable:
            raise NoWay(f"nothing leads from level {here} to {level}")
        connector, to = min(usable, key=lambda way: self._detour(way[0], goal))
        self._ride(connector, to)

    def _detour(self, connector: Connector, goal: Point) -> float:
        """Metres by way of this connector, with a whim: people do not all take the nearest."""
        metres = dist((self.x, self.y), connector.foot) + dist(connector.head, goal)
        tired = 40.0 if connector.category == "stairs" else 0.0
        return (metres + tired) * self.rng.uniform(0.7, 1.3)

    def _ride(self, connector: Connector, to: int) -> None:
        here = self.level or 0
        on, off = (connector.foot, connector.head) if to > here else (connector.head, connector.foot)
        self.go(self.venue.floors[here].route((self.x, self.y), on, self.rng))
        if connector.category == "lift":
            self.wait(self.rng.uniform(3.0, 20.0))
        half = RIDE_S[connector.category] * abs(to - here) / 2
        self.t_s += half
        self.x, self.y, self.level = (on[0] + off[0]) / 2, (on[1] + off[1]) / 2, to
        self.mark()
        self.t_s += half
        self.x, self.y = off
        self.mark()

    def visit(self, place: Place, median_s: float | None = None) -> None:
        """Strolls between spots that see the door, looks at things, comes back to the door.

        A usual stay takes 1 to 20 minutes; one with a median of its own differs from it by a third as a rule.
        """
        entered = self.t_s
        if median_s is None:
            leave = entered + float(np.clip(np.exp(self.rng.normal(np.log(STAY_S), 0.8)), 60.0, 1200.0))
        else:
            leave = entered + median_s * float(np.clip(np.exp(self.rng.normal(0.0, 0.3)), 0.3, 2.0))
        while spot := self._spot(place, leave):
            self.go([spot], BROWSING_MPS)
            back = dist(spot, place.door) / BROWSING_MPS
            self.wait(min(self.rng.uniform(5.0, 60.0), max(leave - back - self.t_s, 0.0)))
        self.wait(max(leave - self.t_s - dist((self.x, self.y), place.door) / BROWSING_MPS, 0.0))
        self.go([place.door], BROWSING_MPS)
        self.visits.append(Visit(place.id, entered, self.t_s))

    def _spot(self, place: Place, leave_s: float) -> Point | None:
        """A random point inside, seen from here and from the door, with time to look and to return before leaving."""
        room, inside = place.shape.buffer(0.01), place.shape.buffer(-0.5)
        west, south, east, north = place.shape.bounds
        for _ in range(30):
            spot = float(self.rng.uniform(west, east)), float(self.rng.uniform(south, north))
            path = shapely.LineString([(self.x, self.y), spot, place.door])
            in_time = self.t_s + path.length / BROWSING_MPS + 5.0 < leave_s
            if in_time and shapely.intersects_xy(inside, *spot) and shapely.covers(room, path):
                return spot
        return None

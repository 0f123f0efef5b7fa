"""Ways across one floor: a grid of steps over the walkable area and the cheapest path on it. Pure.

Metres of the mall frame throughout. Each route sees its own hilly cost field, so that shoppers with the same goal do
not walk in single file; paths are straightened over short stretches only, for the same reason.
"""

from heapq import heappop, heappush
from itertools import pairwise
from math import dist

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Point = tuple[float, float]

STEP_M = 2.0
SHOULDER_M = 0.45  # a walker's centre keeps this far from walls
STRAIGHT_M = 14.0
NEAR_WALL_M = 1.3  # people passing by keep off the shop windows


class NoWay(ValueError):
    """The mall as drawn does not let a shopper get there."""


class Floor:
    """The walkable area of a level: `open_floor` is walked across, `reach` also covers lifts, stairs and doors."""

    def __init__(self, open_floor: BaseGeometry, reach: BaseGeometry) -> None:
        self._free = open_floor.buffer(0.05).buffer(-0.05 - SHOULDER_M)
        self._reach = reach.buffer(0.4)
        shapely.prepare([self._free, self._reach])
        self._nodes = self._grid()
        self._links = self._linked()
        to_wall = shapely.distance(shapely.boundary(self._free), shapely.points(self._nodes))
        self._base = np.where(to_wall < NEAR_WALL_M, 2.6, 2.0)

    def route(self, start: Point, goal: Point, rng: np.random.Generator) -> list[Point]:
        """A walkable polyline from start to goal, both included. Raises NoWay."""
        first, last = self._nearest(start), self._nearest(goal)
        nodes = [self._point(i) for i in self._cheapest(first, last, self._cost(rng))]
        return [start, *self._straightened(nodes), goal]

    def _grid(self) -> NDArray[np.float64]:
        west, south, east, north = self._free.bounds
        xs, ys = np.meshgrid(np.arange(west, east, STEP_M), np.arange(south, north, STEP_M))
        nodes = np.column_stack([xs.ravel(), ys.ravel()])
        return np.asarray(nodes[shapely.intersects_xy(self._free, nodes[:, 0], nodes[:, 1])])

    def _linked(self) -> list[list[tuple[int, float]]]:
        """Neighbours of each node with the distance to them; a link never leaves the free area."""
        tree = shapely.STRtree(shapely.points(self._nodes))
        pairs = tree.query(shapely.points(self._nodes), predicate="dwithin", distance=STEP_M * 1.5)
        pairs = pairs[:, pairs[0] != pairs[1]]
        lines = shapely.linestrings(np.stack([self._nodes[pairs[0]], self._nodes[pairs[1]]], axis=1))
        kept = shapely.covers(self._free, lines)
        links: list[list[tuple[int, float]]] = [[] for _ in self._nodes]
        for (one, other), length in zip(pairs[:, kept].T.tolist(), shapely.length(lines[kept]), strict=True):
            links[one].append((other, float(length)))
        return links

    def _point(self, index: int) -> Point:
        x, y = self._nodes[index].tolist()
        return x, y

    def _nearest(self, point: Point) -> int:
        """The closest node that can be walked to in a straight line."""
        by_distance = np.argsort(((self._nodes - point) ** 2).sum(axis=1))[:16].tolist()
        for index in by_distance:
            if shapely.covers(self._reach, shapely.LineString([point, self._point(index)])):
                return int(index)
        raise NoWay(f"nothing walkable near {point}")

    def _cost(self, rng: np.random.Generator) -> list[float]:
        """A factor of at least 1 for each node: two crossing waves of random length, direction and phase."""
        waves = rng.normal(0.0, 0.25, (2, 2))
        hills = np.sin(self._nodes @ waves + rng.uniform(0.0, 2 * np.pi, 2)).sum(axis=1)
        return [float(value) for value in self._base + hills / 2]

    def _cheapest(self, start: int, goal: int, cost: list[float]) -> list[int]:
        """A*: the straight distance never overestimates, since every factor is at least 1."""
        target = self._point(goal)
        best, came_from = {start: 0.0}, {start: start}
        queue = [(0.0, start)]
        while queue:
            _, here = heappop(queue)
            if here == goal:
                return _traced(came_from, goal)
            for there, length in self._links[here]:
                spent = best[here] + length * (cost[here] + cost[there]) / 2
                if spent < best.get(there, np.inf):
                    best[there], came_from[there] = spent, here
                    heappush(queue, (spent + dist(self._point(there), target), there))
        raise NoWay(f"no way to {target}")

    def _straightened(self, points: list[Point]) -> list[Point]:
        """Drops points between two that see each other and are at most STRAIGHT_M apart."""
        kept = points[:1]
        for before, point in pairwise(points):
            line = shapely.LineString([kept[-1], point])
            if before != kept[-1] and (line.length > STRAIGHT_M or not shapely.covers(self._free, line)):
                kept.append(before)
        return [*kept, *points[-1:]]


def _traced(came_from: dict[int, int], goal: int) -> list[int]:
    path = [goal]
    while came_from[path[-1]] != path[-1]:
        path.append(came_from[path[-1]])
    return path[::-1]

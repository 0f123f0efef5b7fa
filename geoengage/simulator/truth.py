"""What was true of a walk, and what plain point-in-polygon and the engine made of it. Pure.

A zone's visit is true while the shopper's real place lies in it, on one of its floors. An entry that somebody recorded
is wrong when the shopper was at no moment within `SLACK_S` of it in that zone. Plain point-in-polygon judges each
position as it comes: on the floor that the phone named last, in means in. It is given every chance: a second entry of
one visit, or a second wrong one at one zone, counts as "again", as if a cooldown held its push back. Times are Unix
seconds.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import Frame, circle
from geoengage.simulator.walk import Walk

SLACK_S = 30.0  # an engine that confirms needs a second position or two; that is late, not wrong
STAY_S = 60.0  # a visit of so long is one that should not be missed
SETTLED_S = 60.0  # so long after its end, a visit without an entry was missed
STEP_S = 1.0
KEPT_FIXES = 150
WIDE = ("catchment", "delivery_area")
Way = Literal["plain", "ours"]
Verdict = Literal["right", "wrong", "again"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Fence:
    """A published zone in metres of the mall frame; without levels it is outdoors, and on every floor. The same version
    is the same object."""

    zone_id: str
    version: int
    name: str
    levels: frozenset[int]
    area: BaseGeometry

    def holds(self, x: float, y: float, level: int | None) -> bool:
        """Plain point-in-polygon: while no floor is known it may be any."""
        if self.levels and level is not None and level not in self.levels:
            return False
        return bool(shapely.intersects_xy(self.area, x, y))


Fences = Mapping[tuple[str, int], Fence]  # by zone id and version


def read_fences(frame: Frame, zones: Iterable[Mapping[str, Any]], known: Fences) -> Fences:
    """The published zones among the API's; those in `known` stay as they are.

    A zone edited since is left out, for its shape is not the one in force; so are areas that are larger than any mall.
    """
    fences = {}
    for feature in zones:
        p = feature["properties"]
        if p["status"] != "published" or p["sensitivity"] != "none" or p["kind"] in WIDE:
            continue
        key = feature["id"], p["version"]
        fences[key] = known.get(key) or _fence(frame, feature)
    return fences


def _fence(frame: Frame, feature: Mapping[str, Any]) -> Fence:
    p, geometry = feature["properties"], shape(feature["geometry"])
    if p.get("radius_m") is not None:
        geometry = circle(Frame(geometry.x, geometry.y), geometry.x, geometry.y, p["radius_m"])
    area = frame.geometry_to_metres(geometry)
    shapely.prepare(area)
    return Fence(feature["id"], p["version"], p["name"], frozenset(p["levels"]), area)


@dataclass(slots=True)
class Stay:
    """A true visit, from the first to the last moment inside; `found` by which ways."""

    from_s: float
    to_s: float
    found: set[Way] = field(default_factory=set)
    is_counted: bool = False


class Said(NamedTuple):
    """An entry that one of the ways recorded, and what it was worth."""

    way: Way
    at: float
    fence: Fence
    verdict: Verdict


class Reported(NamedTuple):
    """A position as the phone told it."""

    at: float
    lon: float
    lat: float
    accuracy_m: float
    level: int | None


@dataclass(slots=True)
class Tally:
    """Counts of one way."""

    right: int = 0
    wrong: int = 0
    again: int = 0
    missed: int = 0


class Followed:
    """One shopper on one walk: `began` is when the walk's second 0 was, `speed` how many of its seconds are one."""

    def __init__(self, device_id: str, walk: Walk, began: float, speed: float) -> None:
        self.device_id, self.walk, self.began, self.speed = device_id, walk, began, speed
        self.fixes: deque[Reported] = deque(maxlen=KEPT_FIXES)
        self.said: list[Said] = []
        self._inside: set[Fence] = set()
        self._floor: int | None = None
        self._stays: dict[Fence, list[Stay]] = {}
        points = walk.points
        self._t = np.arange(0.0, walk.end_s + STEP_S, STEP_S)
        known = np.array([p.t_s for p in points])
        self._x = np.interp(self._t, known, [p.x for p in points])
        self._y = np.interp(self._t, known, [p.y for p in points])
        levels = np.array([np.nan if p.level is None else p.level for p in points])
        self._level = levels[np.clip(np.searchsorted(known, self._t, side="right") - 1, 0, len(points) - 1)]

    @property
    def end(self) -> float:
        """When the walk ends."""
        return self.began + self.walk.end_s / self.speed

    def stays(self, fence: Fence) -> list[Stay]:
        """The true visits of a zone on the whole walk; those less than `SLACK_S` apart are one."""
        if fence not in self._stays:
            self._stays[fence] = self._find(fence)
        return self._stays[fence]

    def _find(self, fence: Fence) -> list[Stay]:
        west, south, east, north = fence.area.bounds
        here = (self._x >= west) & (self._x <= east) & (self._y >= south) & (self._y <= north)
        if fence.levels:
            here &= np.isin(self._level, list(fence.levels))
        numbers = np.flatnonzero(here)
        numbers = numbers[shapely.intersects_xy(fence.area, self._x[numbers], self._y[numbers])]
        stays: list[Stay] = []
        for at in (self.began + self._t[numbers] / self.speed).tolist():
            if stays and at - stays[-1].to_s <= SLACK_S:
                stays[-1].to_s = at
            else:
                stays.append(Stay(at, at))
        return stays

    def judge(self, way: Way, fence: Fence, at: float) -> Verdict:
        """What an entry at that time is worth."""
        near = [s for s in self.stays(fence) if s.from_s - SLACK_S <= at <= s.to_s + SLACK_S]
        if not near:
            before = any((s.way, s.fence.zone_id, s.verdict) == (way, fence.zone_id, "wrong") for s in self.said)
            return "again" if before else "wrong"
        verdict: Verdict = "again" if any(way in stay.found for stay in near) else "right"
        for stay in near:
            stay.found.add(way)
        return verdict

    def hear(self, fix: Reported, x: float, y: float, fences: Iterable[Fence]) -> list[Said]:
        """The next position: which entries plain point-in-polygon makes of it."""
        self.fixes.append(fix)
        self._floor = self._floor if fix.level is None else fix.level
        inside = {fence for fence in fences if fence.holds(x, y, self._floor)}
        # an edited zone is another fence: who was in the old one is no newcomer in the new
        known = {fence.zone_id for fence in self._inside}
        new = [fence for fence in inside if fence.zone_id not in known]
        self._inside = inside
        return [self.say("plain", fence, fix.at) for fence in sorted(new, key=lambda f: f.name)]

    def say(self, way: Way, fence: Fence, at: float) -> Said:
        """Notes an entry with its verdict."""
        said = Said(way, at, fence, self.judge(way, fence, at))
        self.said.append(said)
        return said

    def settled(self, fences: Iterable[Fence], since: float, now: float) -> list[Stay]:
        """True visits of a minute or more that began after `since` and can be judged now; each is given out once."""
        result = []
        for fence in fences:
            for stay in self.stays(fence):
                long = stay.to_s - stay.from_s >= STAY_S / self.speed
                if long and since <= stay.from_s and stay.to_s + SETTLED_S <= now and not stay.is_counted:
                    stay.is_counted = True
                    result.append(stay)
        return result

    def told(self, last_s: float) -> dict[str, Any]:
        """The last seconds of it as the API takes a walk: truth, positions, entries."""
        until = self.fixes[-1].at
        since = max(self.fixes[0].at, until - last_s)
        times = [self.began + p.t_s / self.speed for p in self.walk.points]
        inner = [t for t in times if since < t < until]
        return {
            "device_id": self.device_id,
            "truth": [self._place(t) for t in (since, *inner[-400:], until)],
            "fixes": [f._asdict() for f in self.fixes if f.at >= since],
            "entries": [
                {"way": s.way, "at": s.at, "zone_id": s.fence.zone_id, "zone_name": s.fence.name, "verdict": s.verdict}
                for s in sorted(self.said, key=lambda s: s.at)
                if since <= s.at <= until + SLACK_S
            ][-200:],
        }

    def _place(self, at: float) -> dict[str, Any]:
        point = self.walk.at((at - self.began) * self.speed)
        lon, lat = self.walk.venue.frame.to_lonlat(point.x, point.y)
        return {"at": at, "lon": round(lon, 7), "lat": round(lat, 7), "level": point.level}

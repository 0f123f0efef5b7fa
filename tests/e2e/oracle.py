"""Who must have entered which zone, worked out from the positions alone.

DESIGN section 4 in its plainest form: one device, one zone after the other, shapely on the zones' GeoJSON in metres of
the ellipsoid. It shares no code with the product. Positions so close to a limit that rounding could decide are told
(`borderline`), and a test chooses others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import cos, pi, radians, sin, sqrt
from typing import Any, NamedTuple

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

ENTER_S, EXIT_S, TOLERANCE_M = 10.0, 15.0, 3.0
EQUATOR_M, FLATTENING = 6378137.0, 1 / 298.257223563


class Fix(NamedTuple):
    """A position report; `level` None is outdoors."""

    t_s: float
    lon: float
    lat: float
    accuracy_m: float
    level: int | None


class Plane:
    """Metres east and north of a position, by the radii of curvature of WGS 84 there."""

    def __init__(self, lon: float, lat: float) -> None:
        squared = FLATTENING * (2 - FLATTENING)
        bend = 1 - squared * sin(radians(lat)) ** 2
        self._origin = np.array([lon, lat])
        east_m = EQUATOR_M / sqrt(bend) * cos(radians(lat))
        north_m = EQUATOR_M * (1 - squared) / bend**1.5
        self._scale = np.array([east_m, north_m]) * pi / 180

    def __call__(self, coordinates: Any) -> Any:
        return (np.asarray(coordinates) - self._origin) * self._scale


@dataclass(frozen=True)
class Zone:
    """`id` is the external one."""

    id: str
    levels: frozenset[int]
    area: BaseGeometry

    @classmethod
    def of(cls, feature: dict[str, Any], plane: Plane) -> "Zone":
        area = shapely.transform(shape(feature["geometry"]), plane)
        return cls(feature["properties"]["external_id"], frozenset(feature["properties"]["levels"]), area)


@dataclass
class Watch:
    """One device and one zone. `entries` are the times it was entered, `ends` those of the visits that are over."""

    zone: Zone
    plane: Plane
    pending_since: float | None = None
    inside: bool = False
    out_since: float | None = None
    borderline: bool = False
    entries: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    @property
    def calm(self) -> bool:
        """Nothing hangs on what comes next: clearly inside or clearly away."""
        return self.pending_since is None and self.out_since is None

    def see(self, fix: Fix) -> None:
        self._pass_time(fix.t_s)
        right_level = fix.level in self.zone.levels
        s, share = self._measure(fix) if right_level else (0.0, 0.0)
        if self.inside:
            outside = not right_level or s > TOLERANCE_M + fix.accuracy_m
            self.out_since = (self.out_since or fix.t_s) if outside else None
        elif share >= 0.5:
            if s <= -fix.accuracy_m or self.pending_since is not None:
                self._enter(fix.t_s)
            else:
                self.pending_since = fix.t_s
        elif s > 0 or not right_level:
            self.pending_since = None

    def _pass_time(self, t_s: float) -> None:
        if self.pending_since is not None and t_s - self.pending_since >= ENTER_S:
            self._enter(self.pending_since + ENTER_S)
        if self.out_since is not None and t_s - self.out_since >= EXIT_S:
            self.ends.append(self.out_since)
            self.inside, self.out_since = False, None

    def _enter(self, t_s: float) -> None:
        self.entries.append(t_s)
        self.inside, self.pending_since = True, None

    def _measure(self, fix: Fix) -> tuple[float, float]:
        """Signed distance to the boundary, negative inside, and the share of the accuracy disc inside."""
        here = shapely.Point(self.plane((fix.lon, fix.lat)))
        distance = here.distance(self.zone.area.boundary)
        s = -distance if self.zone.area.covers(here) else distance
        limits = (s, s + fix.accuracy_m, s - fix.accuracy_m - TOLERANCE_M)
        self.borderline |= any(abs(limit) < 0.05 for limit in limits)
        if distance >= fix.accuracy_m:
            return s, float(s < 0)
        disc = here.buffer(fix.accuracy_m, quad_segs=128)
        share = disc.intersection(self.zone.area).area / disc.area
        self.borderline |= abs(share - 0.5) < 0.02
        return s, share


@dataclass(frozen=True)
class Verdict:
    """What must come of one batch: zones entered, and whether the device was still there when the batch ended."""

    batch: int
    zone_id: str
    stayed: bool


def watch(zones: Iterable[Zone], plane: Plane, fixes: Sequence[Fix]) -> tuple[list[Watch], list[bool]]:
    """All zones' watches after these fixes; for each fix, whether all were calm after it."""
    watches = [Watch(zone, plane) for zone in zones]
    calm = []
    for fix in fixes:
        for one in watches:
            one.see(fix)
        calm.append(all(one.calm for one in watches))
    return watches, calm


def verdicts(zones: Iterable[Zone], plane: Plane, batches: Sequence[Sequence[Fix]]) -> list[Verdict]:
    """What must come of batches that are each dealt with before the next; they end calm."""
    watches = [Watch(zone, plane) for zone in zones]
    found = []
    for number, batch in enumerate(batches):
        before = {one.zone.id: len(one.entries) for one in watches}
        for fix in batch:
            for one in watches:
                one.see(fix)
        for one in watches:
            new = len(one.entries) - before[one.zone.id]
            found += [Verdict(number, one.zone.id, one.inside and n == new - 1) for n in range(new)]
    return found

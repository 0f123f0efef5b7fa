"""Who must have entered which zone, worked out from the positions alone.

DESIGN section 4 in its plainest form: one device, one zone after the other, shapely on the zones' GeoJSON in metres of
the ellipsoid. It shares no code with the product. Positions so close to a limit that rounding could decide are told
(`borderline`), and a test chooses others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import cos, exp, hypot, pi, radians, sin, sqrt
from typing import Any, NamedTuple

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

ENTER_S, EXIT_S, TOLERANCE_M = 10.0, 15.0, 3.0
# Who walks on is not in: a pace in shops, the longest way that is known, how long a walk still tells of now, and how
# far two positions of somebody who stands lie apart (drift of a minute, and noise).
PACE_MPS, LONGEST_S, NOW_S, DRIFT_S, NOISE_M2, R68 = 0.3, 60.0, 15.0, 60.0, 2.0, 1.5096
AGREED_ODDS, AGREED_S, SUREST = 19.0, 20.0, 0.98
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
    """One device and one zone. `entries` are the times it was entered, `ends` those of the visits that are over;
    `seen_at` and `odds`: the last position that spoke for a pending one, and what all did together."""

    zone: Zone
    plane: Plane
    pending_since: float | None = None
    seen_at: float = 0.0
    odds: float = 1.0
    before: Fix | None = None
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
        walks = self._walks(fix, near=share > 0) and s > -2 * fix.accuracy_m
        gap_s = LONGEST_S if self.before is None else fix.t_s - self.before.t_s
        self.before = fix
        if self.inside:
            outside = not right_level or s > TOLERANCE_M + fix.accuracy_m
            self.out_since = (self.out_since or fix.t_s) if outside else None
        elif self.pending_since is not None:
            self._go_on(fix, s, share, walks=walks or not right_level)
        elif share >= 0.5 and not (walks and gap_s < NOW_S):
            if s <= -fix.accuracy_m:
                self._enter(fix.t_s)
            else:
                self.pending_since = self.seen_at = fix.t_s
                self.odds = _odds(share)

    def _go_on(self, fix: Fix, s: float, share: float, *, walks: bool) -> None:
        """A pending zone's next position."""
        assert self.pending_since is not None
        if walks or (share < 0.5 and s > 0):
            self.pending_since = None
        elif share >= 0.5:
            self.odds *= _odds(share) ** (1 - exp(-(fix.t_s - self.seen_at) / DRIFT_S))
            self.seen_at = fix.t_s
            lasted_s = fix.t_s - self.pending_since
            self.borderline |= abs(self.odds - AGREED_ODDS) < 1.0 or abs(lasted_s - AGREED_S) < 0.05
            if s <= -fix.accuracy_m or self.odds >= AGREED_ODDS or lasted_s >= AGREED_S:
                self._enter(fix.t_s)

    def _walks(self, fix: Fix, *, near: bool) -> bool:
        """Whether the position before is too far away for somebody who stands; by a new floor nothing is sure."""
        if self.before is None:
            return False
        self.borderline |= self.before.level != fix.level and None not in (self.before.level, fix.level)
        gap_s = fix.t_s - self.before.t_s
        if gap_s > LONGEST_S:
            return False
        here, there = self.plane((fix.lon, fix.lat)), self.plane((self.before.lon, self.before.lat))
        sd = (fix.accuracy_m + self.before.accuracy_m) / 2 / R68
        limit = PACE_MPS * gap_s + sqrt(2 * sd * sd * (1 - exp(-gap_s / DRIFT_S)) + NOISE_M2)
        moved = hypot(*(here - there))
        self.borderline |= near and abs(moved - limit) < 0.02
        return moved > limit

    def _pass_time(self, t_s: float) -> None:
        if self.pending_since is not None and t_s - self.seen_at >= ENTER_S:
            self._enter(self.seen_at + ENTER_S)
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
        limits = (s, s + fix.accuracy_m, s + 2 * fix.accuracy_m, s - fix.accuracy_m - TOLERANCE_M)
        self.borderline |= any(abs(limit) < 0.05 for limit in limits)
        if distance >= fix.accuracy_m:
            return s, float(s < 0)
        disc = here.buffer(fix.accuracy_m, quad_segs=128)
        share = disc.intersection(self.zone.area).area / disc.area
        self.borderline |= abs(share - 0.5) < 0.02
        return s, share


def _odds(share: float) -> float:
    sure = min(share, SUREST)
    return sure / (1 - sure)


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

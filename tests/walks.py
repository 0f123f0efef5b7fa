"""One device walking past zones on a plane in metres, told by `(seconds, x, y)`: for tests of the pure decision.

`Walk` does what the service does, without database and without index: it keeps the state, works out distances and
shares, and hands them to `decide`. `tick` is the worker's clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import shapely
from msgspec.structs import replace
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import disc_share, signed_distance
from geoengage.kit.ids import derived_id
from geoengage.presence.index import SMALLEST_CIRCLE_M
from geoengage.presence.rules.changes import change_zones
from geoengage.presence.rules.decide import Decision, NearZone, Transition, ZoneFacts, after_timer, decide
from geoengage.presence.rules.run import last_fix
from geoengage.presence.rules.schedule import OpeningHours
from geoengage.presence.rules.state import DeviceState, Fix, Said, usual_interval_s
from geoengage.venues.rules import ZoneRules

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
DEVICE = UUID(int=7)


def moment(seconds: float) -> datetime:
    """The time so many seconds into the walk."""
    return START + timedelta(seconds=seconds)


def seconds(at: datetime) -> float:
    """The other way round."""
    return (at - START).total_seconds()


@dataclass
class Area:
    """A zone on the plane. `closings`: spans (from, to) in seconds in which its schedule is closed."""

    name: str
    shape: BaseGeometry
    rules: ZoneRules = field(default_factory=ZoneRules)
    levels: frozenset[int] = frozenset()
    version: int = 1
    closings: Sequence[tuple[float, float]] = ()
    is_published: bool = True

    @property
    def zone_id(self) -> UUID:
        return derived_id(self.name)

    @property
    def facts(self) -> ZoneFacts:
        return ZoneFacts(self.zone_id, self.version, self.rules, Spans(self.closings) if self.closings else None)


class Spans(OpeningHours):
    """Open but for some spans of a walk."""

    def __init__(self, closings: Sequence[tuple[float, float]]) -> None:
        self._spans = [(moment(a), moment(b)) for a, b in closings]

    def is_open(self, at: datetime) -> bool:
        return not any(a <= at < b for a, b in self._spans)

    def closing_after(self, at: datetime) -> datetime | None:
        return min((max(a, at) for a, b in self._spans if b > at), default=None)

    def opening_after(self, at: datetime) -> datetime | None:
        while ends := [b for a, b in self._spans if a <= at < b]:
            at = max(ends)
        return at


def square(x: float = 0.0, y: float = 0.0, half: float = 20.0) -> BaseGeometry:
    """A square around a point."""
    return shapely.box(x - half, y - half, x + half, y + half)


class Walk:
    """A device and the zones around it. `told` is what happened, in order."""

    def __init__(self, *areas: Area) -> None:
        self.areas = areas
        self.state: DeviceState | None = None
        self.transitions: list[Transition] = []
        self.timers: dict[UUID, datetime] = {}
        self.timer_writes = 0

    def fix(
        self,
        t: float,
        x: float,
        y: float = 0.0,
        accuracy_m: float = 5.0,
        level: int | None = None,
        *,
        trust: float = 1.0,
        source: str = "gnss",
        said: tuple[str, bool] | None = None,
        walking: bool = False,
    ) -> "Walk":
        """A position at `t` seconds. `said`: area name, and whether the phone says it left its circle. `walking`: of
        somebody who walks."""
        at = moment(t)
        told = [Said(a.zone_id, said[1]) for a in self.areas if said and a.name == said[0]]
        fix = Fix(at, at, x, y, accuracy_m, level, trust, source, None, told[0] if told else None)
        state = self.state or DeviceState(DEVICE, at, at, x, y, accuracy_m)
        near = [n for a in self.areas if a.is_published and (n := self._near(a, state, fix))]
        near = [replace(n, walking=walking) for n in near]
        decision = decide(state, fix, near, self._live(), at)
        self._take(state, decision)
        assert self.state is not None
        interval_s = usual_interval_s(state, at)
        seen = {"last_at": at, "lon": x, "lat": y, "accuracy_m": accuracy_m, "trust": trust, "source": source}
        self.state = replace(self.state, interval_s=interval_s, level=level, level_at=level and at, **seen)
        return self

    def change(self, t: float) -> "Walk":
        """The areas change at `t` seconds: `shape`, `version`, `is_published` and the like were set just before."""
        state, at = self.state, moment(t)
        assert state is not None
        fix = last_fix(state)
        near = {n.zone.zone_id: n for a in self.areas if a.is_published and (n := self._near(a, state, fix))}
        changed = {a.zone_id for a in self.areas}
        self._take(state, change_zones(state, at, changed, near, self._live()))
        return self

    def tick(self, t: float) -> "Walk":
        """The worker comes by at `t` seconds and lets timers act that are due."""
        if self.state is not None:
            at = max(moment(t), self.state.last_at)
            live = self._live()
            decision = decide(self.state, None, (), live, at)
            fired = [zone_id for zone_id, due in self.timers.items() if due <= at]
            self._take(self.state, after_timer(decision, fired, live, self.state.interval_s))
        return self

    def tick_at_timers(self, until: float) -> "Walk":
        """The worker comes by whenever a stored timer is due, and never else."""
        for _ in range(1000):
            due = min(self.timers.values(), default=None)
            if due is None or due > moment(until):
                return self
            self.tick(seconds(due))
        raise AssertionError("timers fire without end")

    def _near(self, a: Area, state: DeviceState, fix: Fix) -> NearZone | None:
        s = float(signed_distance(a.shape, np.array([fix.lon]), np.array([fix.lat]))[0])
        crossed = self._crossed(a, state, fix)
        said_in = fix.said is not None and not fix.said.left and fix.said.zone_id == a.zone_id
        if s > fix.accuracy_m + a.rules.exit_tolerance_m and crossed is None and not said_in:
            return None
        level_p = 1.0 if not a.levels or fix.level is None or fix.level in a.levels else 0.0
        share = disc_share(a.shape, fix.lon, fix.lat, fix.accuracy_m)
        facts = a.facts
        circle_m = max(SMALLEST_CIRCLE_M, float(shapely.minimum_bounding_radius(a.shape)))
        vouched = a.shape.area / (np.pi * circle_m**2) if said_in else None
        return NearZone(facts, s, share, level_p, crossed, vouched)

    def _crossed(self, a: Area, state: DeviceState, fix: Fix) -> tuple[datetime, datetime] | None:
        line = shapely.LineString([(state.lon, state.lat), (fix.lon, fix.lat)])
        if not a.rules.crossing or line.length == 0 or shapely.intersection(line, a.shape).length == 0:
            return None
        ends = shapely.get_coordinates(shapely.intersection(line, a.shape))
        along = [shapely.line_locate_point(line, shapely.Point(p)) / line.length for p in ends]
        if min(along) <= 0 or max(along) >= 1:
            return None
        span = fix.at - state.last_at
        return state.last_at + span * min(along), state.last_at + span * max(along)

    def _live(self) -> dict[UUID, ZoneFacts]:
        return {a.zone_id: a.facts for a in self.areas if a.is_published}

    def _take(self, state: DeviceState, decision: Decision) -> None:
        self.transitions += decision.transitions
        self.timer_writes += len(decision.timers)
        for zone_id, due in decision.timers.items():
            if due is None:
                self.timers.pop(zone_id, None)
            else:
                self.timers[zone_id] = due
        self.state = replace(state, zones=decision.zones)

    @property
    def told(self) -> list[str]:
        """What happened, one line each: `entered shop 10 confirmed_by_time`; dwell and retraction name their mark."""
        return [self.tell(t) for t in self.transitions]

    def tell(self, t: Transition) -> str:
        name = next(a.name for a in self.areas if a.zone_id == t.zone_id)
        mark = "" if t.dwell_s is None else f" {t.dwell_s}s"
        silent = " by_silence" if t.by_silence else ""
        return f"{t.kind}{mark} {name} {seconds(t.at):g} {t.reason}{silent}"

    def by_zone(self) -> dict[UUID, list[Transition]]:
        """What happened in each zone, in order."""
        result: dict[UUID, list[Transition]] = {}
        for t in self.transitions:
            result.setdefault(t.zone_id, []).append(t)
        return result

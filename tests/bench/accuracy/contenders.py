"""Who decides: plain point-in-polygon, the same with an accuracy filter, and the engine."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np

from geoengage.kit.ids import derived_id
from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.evidence import put_together, strongest
from geoengage.presence.rules.fixes import PingIn, Position, accuracy, speed_trust
from geoengage.presence.rules.state import Fix
from geoengage.reports.replay import replay
from tests.bench.accuracy.people import START

FILTER_M = 20.0  # "ignore fixes worse than …": phones indoors rarely report better than 10
DEFAULT_ACCURACY_M = 50.0
AFTER = timedelta(hours=1)


class Entry(NamedTuple):
    """Somebody was said to be in a zone, at so many seconds into the walk."""

    zone: str
    at_s: float


Streams = Mapping[str, Sequence[PingIn]]
Contender = Callable[[ZoneIndex, Streams], dict[str, list[Entry]]]


def plain(index: ZoneIndex, streams: Streams) -> dict[str, list[Entry]]:
    """Inside is where the point lies; entered whenever the fix before was not. The floor is the last one reported."""
    return {key: _points_in_polygons(index, pings) for key, pings in streams.items()}


def filtered(index: ZoneIndex, streams: Streams) -> dict[str, list[Entry]]:
    """Plain, without the fixes that say themselves that they are vague."""
    good = {key: [p for p in pings if (p.accuracy_m or 0) <= FILTER_M] for key, pings in streams.items()}
    return plain(index, good)


def _points_in_polygons(index: ZoneIndex, pings: Sequence[PingIn]) -> list[Entry]:
    lon, lat = np.array([p.lon for p in pings], dtype=float), np.array([p.lat for p in pings], dtype=float)
    pairs = index.near(lon, lat, np.zeros(len(pings)))
    inside: list[set[int]] = [set() for _ in pings]
    for point, zone, s in zip(pairs.point, pairs.zone, pairs.s, strict=True):
        if s <= 0:
            inside[int(point)].add(int(zone))
    entries, before, level = [], set(), None
    for ping, found in zip(pings, inside, strict=True):
        level = level if ping.level is None else ping.level
        here = {n for n in found if level is None or level in index.zones[n].levels}
        entries += [Entry(str(index.zones[n].zone_id), _seconds(ping.at)) for n in sorted(here - before)]
        before = here
    return entries


def ours(index: ZoneIndex, streams: Streams) -> dict[str, list[Entry]]:
    """The engine, as pings come through HTTP: what is heard, accuracy, speed, then matching and deciding."""
    ids = {derived_id(key): key for key in streams}
    fixes = {device_id: usable(index, streams[key]) for device_id, key in ids.items()}
    until = max((f[-1].at for f in fixes.values() if f), default=START) + AFTER
    done = replay(index, fixes, until)
    return {
        key: [Entry(str(t.zone_id), _seconds(t.at)) for t in _transitions(done, device_id) if t.kind == "entered"]
        for device_id, key in ids.items()
    }


def _transitions(done: Mapping[UUID, object], device_id: UUID) -> list:  # type: ignore[type-arg]
    return done[device_id].transitions if device_id in done else []  # type: ignore[attr-defined]


def usable(index: ZoneIndex, pings: Sequence[PingIn]) -> list[Fix]:
    """The pings as fixes; those that are impossibly fast are left out."""
    fixes: list[Fix] = []
    before: Position | None = None
    for ping in pings:
        disc = strongest(index.points, ping.beacons, (), None) if ping.beacons else None
        placed, trust = put_together(ping, disc, DEFAULT_ACCURACY_M)
        assert placed.lon is not None
        assert placed.lat is not None
        metres, known = accuracy(placed.accuracy_m, DEFAULT_ACCURACY_M)
        here = Position(placed.at, placed.lon, placed.lat, metres)
        trust *= known * speed_trust(before, here)
        if trust > 0:
            fixes.append(Fix(here.at, here.at, here.lon, here.lat, metres, placed.level, trust, placed.source))
            before = here
    return fixes


def _seconds(at: datetime) -> float:
    return (at - START).total_seconds()


CONTENDERS: dict[str, Contender] = {"plain": plain, "filtered": filtered, "ours": ours}

"""Fixes of many devices against the zones: which are near, how surely, and what follows. In memory; no SQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules import decide as engine
from geoengage.presence.rules.evidence import is_certain
from geoengage.presence.rules.fixes import GOOD_ACCURACY_M
from geoengage.presence.rules.levels import belief_weight, level_probability
from geoengage.presence.rules.schedule import closing_after
from geoengage.presence.rules.state import DeviceState, Fix, Phase, ZoneState, usual_interval_s
from geoengage.presence.service.outcome import Outcome
from geoengage.venues.rules import PublishedZone, is_open

PUBLISH_GRACE_S = 60.0  # a fix may be this much older than the publication of the zone it is matched with
LONGEST_CROSSING_S = 60.0  # between two fixes further apart nobody knows the way

Facts = dict[UUID, engine.ZoneFacts]


@dataclass(slots=True)
class DeviceWork:
    """A device while its group is worked on. `fixes` are in order of event time; `late` ones are not decided on."""

    device_id: UUID
    old: DeviceState | None
    skew_s: float
    fixes: list[Fix] = field(default_factory=list)
    late: list[Fix] = field(default_factory=list)


def zone_facts(zone: PublishedZone, at: datetime, seen_at: datetime) -> engine.ZoneFacts:
    """What `decide` must know of a zone at a moment, for a device last seen inside at `seen_at` (never: `at`)."""
    if zone.schedule is None:
        return engine.ZoneFacts(zone.zone_id, zone.version, zone.rules)
    clock = ZoneInfo(zone.timezone)
    opened, closes_at = is_open(zone.schedule, clock, at), closing_after(zone.schedule, clock, seen_at)
    return engine.ZoneFacts(zone.zone_id, zone.version, zone.rules, opened, closes_at)


def live_facts(index: ZoneIndex, state: DeviceState, at: datetime) -> Facts:
    """The facts of the zones in a device's state that are still published."""
    return {
        zone_id: zone_facts(index.by_id[zone_id], at, z.seen_at)
        for zone_id, z in state.zones.items()
        if zone_id in index.by_id
    }


def advance(index: ZoneIndex, devices: Sequence[DeviceWork], outcome: Outcome) -> None:
    """Match the fixes of all devices at once, then decide device by device in event-time order."""
    fixes = [f for d in devices for f in d.fixes]
    lon = np.array([f.lon for f in fixes])
    lat = np.array([f.lat for f in fixes])
    reach = np.array([f.accuracy_m for f in fixes]) + index.largest_tolerance_m
    pairs = index.near(lon, lat, reach)
    ways = index.ways(lon, lat)
    first = np.searchsorted(pairs.point, np.arange(len(fixes) + 1))
    number = 0
    for device in devices:
        state = device.old
        for fix in device.fixes:
            span = slice(first[number], first[number + 1])
            state = state or DeviceState(device.device_id, fix.at, fix.sent_at, fix.lon, fix.lat, fix.accuracy_m)
            state = _with_floor(state, fix, outdoors=bool(ways.outdoors[number]), lift=bool(ways.at_connector[number]))
            zones = _decide(index, state, fix, pairs.zone[span], pairs.s[span], outcome)
            state = replace(
                state,
                zones=zones,
                interval_s=usual_interval_s(state, fix.at),
                last_at=fix.at,
                lon=fix.lon,
                lat=fix.lat,
                accuracy_m=fix.accuracy_m,
            )
            number += 1
        if state is not None:
            outcome.states.append(_with_clock(state, device))


def _with_clock(state: DeviceState, device: DeviceWork) -> DeviceState:
    """The state with what the device's own clock has told, late fixes included: duplicates are judged by it."""
    newest = max(f.sent_at for fixes in (device.fixes, device.late) for f in fixes)
    return replace(state, skew_s=device.skew_s, last_sent_at=max(state.last_sent_at, newest))


def _with_floor(state: DeviceState, fix: Fix, *, outdoors: bool, lift: bool) -> DeviceState:
    """The state with its floor brought up to date; everything else still as before the fix."""
    level, level_at = state.level, state.level_at
    if fix.level is not None:
        level, level_at = fix.level, fix.at
    elif outdoors:
        level, level_at = 0, fix.at  # who is outside the building comes in on the ground floor
    return replace(state, level=level, level_at=level_at, connector_at=fix.at if lift else state.connector_at)


def _decide(
    index: ZoneIndex, state: DeviceState, fix: Fix, zones: Any, distances: Any, outcome: Outcome
) -> Mapping[UUID, ZoneState]:
    """The device's zone states after the fix."""
    live = live_facts(index, state, fix.at)
    near = _near(index, state, fix, zip(zones, distances, strict=True), live)
    if not near and not state.zones:
        return state.zones
    return outcome.apply(state, engine.decide(state, fix, near, live, fix.at)).zones


def _near(
    index: ZoneIndex, state: DeviceState, fix: Fix, found: Iterable[tuple[int, float]], live: Facts
) -> list[engine.NearZone]:
    """The zones near one fix, with share and level probability. Their facts are added to `live`."""
    result = {}
    for number, s in found:
        zone = index.zones[number]
        if not _counts(zone, state, fix):
            continue
        level_p = _level_p(index, zone, state, fix)
        entered = zone.zone_id in state.zones and state.zones[zone.zone_id].phase is not Phase.PENDING
        if entered or level_p == 0.0:  # the exact share decides about coming in only
            share = float(np.clip(0.5 - s / (2 * fix.accuracy_m), 0.0, 1.0))
        elif is_certain(fix.source, s):
            share = 1.0
        else:
            share = index.share(number, fix.lon, fix.lat, fix.accuracy_m, s)
        facts = live.setdefault(zone.zone_id, zone_facts(zone, fix.at, fix.at))
        result[zone.zone_id] = engine.NearZone(facts, float(s), share, level_p)
    if index.counts_crossings:
        _add_crossings(index, state, fix, result, live)
    if fix.said is not None:
        _add_said(index, state, fix, result, live)
    return list(result.values())


def _counts(zone: PublishedZone, state: DeviceState, fix: Fix) -> bool:
    """Whether a fix may be matched with a zone: not when it was published only well after the fix."""
    return zone.zone_id in state.zones or zone.effective_from - fix.at <= timedelta(seconds=PUBLISH_GRACE_S)


def _level_p(index: ZoneIndex, zone: PublishedZone, state: DeviceState, fix: Fix) -> float:
    believed = None
    if state.level is not None and state.level_at is not None:
        believed = (state.level, belief_weight(state.level_at, state.connector_at, fix.at))
    return level_probability(zone.levels, index.floors(zone), fix.level, believed)


def _add_said(index: ZoneIndex, state: DeviceState, fix: Fix, near: dict[UUID, engine.NearZone], live: Facts) -> None:
    """Mark the zone in whose circle the phone says it is, however far its position lies from the zone."""
    number = None if fix.said is None or fix.said.left else index.number.get(fix.said.zone_id)
    if number is None or not _counts(index.zones[number], state, fix):
        return
    zone = index.zones[number]
    if zone.zone_id not in near:
        s = index.signed_distance_m(number, fix.lon, fix.lat)
        facts = live.setdefault(zone.zone_id, zone_facts(zone, fix.at, fix.at))
        near[zone.zone_id] = engine.NearZone(facts, s, 0.0, _level_p(index, zone, state, fix))
    near[zone.zone_id] = replace(near[zone.zone_id], vouched=index.circle_share(number))


def _add_crossings(
    index: ZoneIndex, state: DeviceState, fix: Fix, near: dict[UUID, engine.NearZone], live: Facts
) -> None:
    """Mark zones that the straight line from the fix before cuts while neither of its ends is inside."""
    seconds = (fix.at - state.last_at).total_seconds()
    if not 0 < seconds <= LONGEST_CROSSING_S or max(state.accuracy_m, fix.accuracy_m) > GOOD_ACCURACY_M:
        return
    before, here = (state.lon, state.lat), (fix.lon, fix.lat)
    for number in index.crossing_zones(before, here):
        zone, cut = index.zones[number], index.crossing(number, before, here)
        # An end inside is the business of the other rules.
        if cut is None or cut[0] <= 0.0 or cut[1] >= 1.0 or not _counts(zone, state, fix):
            continue
        times = (
            state.last_at + timedelta(seconds=seconds * cut[0]),
            state.last_at + timedelta(seconds=seconds * cut[1]),
        )
        facts = live.setdefault(zone.zone_id, zone_facts(zone, fix.at, fix.at))
        far = engine.NearZone(facts, float("inf"), 0.0, _level_p(index, zone, state, fix))
        near[zone.zone_id] = replace(near.get(zone.zone_id, far), crossed=times)

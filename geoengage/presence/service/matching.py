"""Fixes of many devices against the zones: which are near, how surely, and what follows. In memory; no SQL."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
import numpy as np
from msgspec.structs import replace

from geoengage.kit.geo import Floats
from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules import decide as engine
from geoengage.presence.rules.changes import change_zones
from geoengage.presence.rules.clock import WATCHED_TIMEOUT_S
from geoengage.presence.rules.evidence import Source, is_certain, wrong_floor
from geoengage.presence.rules.fixes import GOOD_ACCURACY_M, Position, Rejected, speed_trust
from geoengage.presence.rules.levels import belief_weight, level_probability, told
from geoengage.presence.rules.run import last_fix
from geoengage.presence.rules.state import DeviceState, Fix, Track, usual_interval_s
from geoengage.presence.rules.track import is_walking, radius_m, track_after
from geoengage.presence.service.outcome import Outcome
from geoengage.venues.rules import PublishedZone

CHECKPOINT_EVERY = timedelta(minutes=15)
LONGEST_CROSSING_S = 60.0  # between two fixes further apart nobody knows the way
DEEP = 2.0  # accuracies inside: whoever walks there walks in the zone (3 of 100 fixes err further one way)

Found = Sequence[tuple[int, float, float]]
Facts = dict[UUID, engine.ZoneFacts]


class DeviceWork(msgspec.Struct):
    """A device while its group is worked on.

    `start` is the state that its `fixes`, in order of event time, are decided from: the stored one (`old`), or an
    earlier one when a fix came late; then `fixes` holds the `stored` ones since too and `settled_at` says how far the
    clock has to go again. `new` are the fixes to store, `late` those of them that are older than what was decided.
    `verdicts` names the fixes that are not believed.
    """

    device_id: UUID
    old: DeviceState | None
    skew_s: float
    start: DeviceState | None = None
    fixes: list[Fix] = []
    new: list[Fix] = []
    late: list[Fix] = []
    stored: list[Fix] = []
    settled_at: datetime | None = None
    verdicts: dict[Fix, Rejected] = {}


def live_facts(index: ZoneIndex, zones: Iterable[UUID], at: datetime) -> Facts:
    """The facts of those of the zones that are in force at a moment."""
    numbers = {zone_id: index.versions.number_at(zone_id, at) for zone_id in zones}
    return {zone_id: index.versions.facts(n) for zone_id, n in numbers.items() if n is not None}


class Ground:
    """What lies around many positions: zones within reach, with signed distance and share of the disc, and ways."""

    def __init__(self, index: ZoneIndex, lon: Floats, lat: Floats, accuracy_m: Floats) -> None:
        pairs, ways = index.near(lon, lat, accuracy_m + index.largest_tolerance_m), index.ways(lon, lat)
        at = pairs.point
        shares = index.shares(pairs.zone, lon[at], lat[at], accuracy_m[at], pairs.s)
        first = np.searchsorted(at, np.arange(len(lon) + 1))
        self.is_near = np.diff(first) > 0
        self.outdoors, self.at_connector = ways.outdoors, ways.at_connector
        self._first: list[int] = first.tolist()
        self._found = list(zip(pairs.zone.tolist(), pairs.s.tolist(), shares.tolist(), strict=True))

    def spot(self, number: int) -> "Spot":
        """One of the positions."""
        found = self._found[self._first[number] : self._first[number + 1]]
        return Spot(found, bool(self.outdoors[number]), bool(self.at_connector[number]))


def _around(index: ZoneIndex, fix: Fix) -> list[tuple[int, float, float]]:
    """What `Ground` finds around one fix."""
    lon, lat, accuracy_m = np.array([fix.lon]), np.array([fix.lat]), np.array([fix.accuracy_m])
    pairs = index.near(lon, lat, accuracy_m + index.largest_tolerance_m)
    at = pairs.point
    shares = index.shares(pairs.zone, lon[at], lat[at], accuracy_m[at], pairs.s)
    return list(zip(pairs.zone.tolist(), pairs.s.tolist(), shares.tolist(), strict=True))


class Spot(NamedTuple):
    """Where a fix lies: (zone number, signed metres, share of the disc) of each zone within reach; outside every
    building; near a way between floors."""

    found: Found
    outdoors: bool
    at_connector: bool


def advance(index: ZoneIndex, devices: Sequence[DeviceWork], outcome: Outcome, now: datetime | None = None) -> None:
    """Match the fixes of all devices at once, then decide device by device in event-time order.

    `now`: the moment up to which changes of zones are known, and caught up with at the end; None: none is to come.
    """
    fixes = [f for d in devices for f in d.fixes]
    lon, lat, accuracy = (np.array([getattr(f, name) for f in fixes]) for name in ("lon", "lat", "accuracy_m"))
    ground = Ground(index, lon, lat, accuracy)
    number = 0
    for device in devices:
        state = device.start
        for fix in device.fixes:
            state = take(index, device, state, fix, ground.spot(number), outcome, now)
            number += 1
        if state is not None:
            outcome.states.append(_with_clock(_to_the_end(index, state, device, outcome, now), device))


def take(
    index: ZoneIndex,
    device: DeviceWork,
    state: DeviceState | None,
    fix: Fix,
    spot: Spot,
    outcome: Outcome,
    now: datetime | None,
) -> DeviceState | None:
    """The state after one more fix; as before, the verdict noted, when the fix is not believed."""
    if state is None:
        state = _first_state(device.device_id, fix)
    else:
        trust = _trust_by_speed(state, fix)
        if trust == 0.0:
            device.verdicts[fix] = Rejected.IMPOSSIBLE_SPEED
            return state
        fix = replace(fix, trust=fix.trust * trust)
        if fix.at - state.checkpoint_at >= CHECKPOINT_EVERY:
            state = replace(state, checkpoint_at=fix.at)
            outcome.checkpoints.append(state)
        state = catch_up(index, state, fix.at, outcome)
    state = _with_floor(state, fix, outdoors=spot.outdoors, lift=spot.at_connector)
    gap_s = (fix.at - state.last_at).total_seconds()
    track = track_after(state.track, fix, gap_s, is_near=bool(spot.found or state.zones))
    state = _decide(index, state, fix, spot.found, track, outcome)
    return replace(
        state,
        track=track,
        interval_s=usual_interval_s(state, fix.at),
        last_at=fix.at,
        lon=fix.lon,
        lat=fix.lat,
        accuracy_m=fix.accuracy_m,
        trust=fix.trust,
        source=fix.source,
        venue_at=fix.at if now is None else min(fix.at, now),
    )


def _first_state(device_id: UUID, fix: Fix) -> DeviceState:
    begin = {"settled_at": fix.at, "venue_at": fix.at, "checkpoint_at": fix.at}
    return DeviceState(device_id, fix.at, fix.sent_at, fix.lon, fix.lat, fix.accuracy_m, **begin)  # type: ignore[arg-type]


def _trust_by_speed(state: DeviceState, fix: Fix) -> float:
    """0–1 by the speed from the last fix that was believed; 0: nobody can have come so far. A code is beyond doubt."""
    if fix.source == Source.CHECK_IN:
        return 1.0
    before = Position(state.last_at, state.lon, state.lat, state.accuracy_m)
    return speed_trust(before, Position(fix.at, fix.lon, fix.lat, fix.accuracy_m))


def _to_the_end(
    index: ZoneIndex, state: DeviceState, device: DeviceWork, outcome: Outcome, now: datetime | None
) -> DeviceState:
    """What the clock had decided before a late fix, decided anew; and changes of zones that came after the last fix."""
    if device.settled_at is not None and device.settled_at > state.last_at:
        state = run_clock(index, state, device.settled_at, outcome)
    return state if now is None else catch_up(index, state, now, outcome)


def run_clock(
    index: ZoneIndex, state: DeviceState, until: datetime, outcome: Outcome, fired: Sequence[UUID] = ()
) -> DeviceState:
    """The state after time alone has passed, changes of zones included. `fired`: zones whose timer was due."""
    state = catch_up(index, state, until, outcome)
    live = live_facts(index, state.zones, until)
    decision = engine.decide(state, None, (), live, until)
    return outcome.apply(state, engine.after_timer(decision, fired, live, state.interval_s))


def catch_up(index: ZoneIndex, state: DeviceState, until: datetime, outcome: Outcome) -> DeviceState:
    """Apply the changes of zones that a device does not know yet, each at its own moment, by its last fix."""
    if not state.zones:  # whoever is nowhere comes in by a fix that is young enough, or not at all
        until = min(until, state.last_at + timedelta(seconds=WATCHED_TIMEOUT_S))
    for at, changed in index.versions.changes(state.venue_at, until):
        moment = max(at, state.last_at)
        before = live_facts(index, state.zones, at - timedelta(microseconds=1))
        state = outcome.apply(state, engine.decide(state, None, (), before, moment))
        near = _standing(index, state, changed, at)
        live = live_facts(index, {*state.zones, *near}, at)
        state = outcome.apply(state, change_zones(state, moment, changed, near, live))
        state = replace(state, venue_at=at)
    return state


def _standing(
    index: ZoneIndex, state: DeviceState, changed: frozenset[UUID], at: datetime
) -> dict[UUID, engine.NearZone]:
    """The changed zones, as they are from `at` on, that a device's last fix could touch."""
    fix = last_fix(state)
    result = {}
    for number, s, share in _around(index, fix):
        zone = index.zones[number]
        if zone.zone_id in changed and index.versions.in_force(number, at):
            result[zone.zone_id] = _near_zone(index, number, s, share, state, fix)
    return result


def _with_clock(state: DeviceState, device: DeviceWork) -> DeviceState:
    """The state with what the device's own clock has told, of all its fixes: duplicates are judged by it."""
    times = [f.sent_at for f in device.new]
    version = state.version
    if device.old is not None:
        times.append(device.old.last_sent_at)
        version = device.old.version
    return replace(state, skew_s=device.skew_s, last_sent_at=max(times), version=version)


def _with_floor(state: DeviceState, fix: Fix, *, outdoors: bool, lift: bool) -> DeviceState:
    """The state with its floor brought up to date; everything else still as before the fix."""
    level, level_at, weight = state.level, state.level_at, state.level_weight
    connector_at = fix.at if lift else state.connector_at
    if fix.level is not None:
        known = None if level is None else (level, weight)
        level, weight = told(known, level_at, connector_at, fix.level, fix.at, wrong_floor(fix.source))
        level_at = fix.at
    elif outdoors:
        level, level_at, weight = 0, fix.at, 1.0  # who is outside the building comes in on the ground floor
    return replace(state, level=level, level_at=level_at, level_weight=weight, connector_at=connector_at)


def _decide(
    index: ZoneIndex, state: DeviceState, fix: Fix, found: Found, track: Track | None, outcome: Outcome
) -> DeviceState:
    """The device with its zone states after the fix, which is taken to be where its track says."""
    if not found and not state.zones and not index.counts_crossings and fix.said is None:
        return state
    walking = is_walking(last_fix(state), fix, state.track, track)
    if track is not None:
        fix = replace(fix, lon=track.lon, lat=track.lat, accuracy_m=radius_m(track))
        found = _around(index, fix)
    near = _near(index, state, fix, found)
    if not near and not state.zones:
        return state
    if walking:
        near = {zone_id: n if _is_deep(n, fix) else replace(n, walking=True) for zone_id, n in near.items()}
    live = live_facts(index, state.zones, fix.at) | {zone_id: n.zone for zone_id, n in near.items()}
    return outcome.apply(state, engine.decide(state, fix, list(near.values()), live, fix.at))


def _is_deep(n: engine.NearZone, fix: Fix) -> bool:
    """Whether a zone holds a fix of somebody who walks, is there to be walked through, or asks for one fix only."""
    rules = n.zone.rules
    if n.zone.is_passed_through:
        return True
    return n.s <= -DEEP * fix.accuracy_m or rules.single_fix or rules.enter_s == 0


def _near(index: ZoneIndex, state: DeviceState, fix: Fix, found: Found) -> dict[UUID, engine.NearZone]:
    """The zones near one fix, as they were at its time, with share and level probability."""
    result = {}
    for number, s, share in found:
        if index.versions.in_force(number, fix.at):
            result[index.zones[number].zone_id] = _near_zone(index, number, s, share, state, fix)
    if index.counts_crossings:
        _add_crossings(index, state, fix, result)
    if fix.said is not None:
        _add_said(index, state, fix, result)
    return result


def _near_zone(index: ZoneIndex, number: int, s: float, share: float, state: DeviceState, fix: Fix) -> engine.NearZone:
    level_p = _level_p(index, index.zones[number], state, fix)
    return engine.NearZone(index.versions.facts(number), s, 1.0 if is_certain(fix.source, s) else share, level_p)


def _level_p(index: ZoneIndex, zone: PublishedZone, state: DeviceState, fix: Fix) -> float:
    believed = None
    if state.level is not None and state.level_at is not None:
        believed = (state.level, state.level_weight * belief_weight(state.level_at, state.connector_at, fix.at))
    return level_probability(zone.levels, index.floors(zone), fix.level, believed)


def _add_said(index: ZoneIndex, state: DeviceState, fix: Fix, near: dict[UUID, engine.NearZone]) -> None:
    """Mark the zone in whose circle the phone says it is, however far its position lies from the zone."""
    said = fix.said
    number = None if said is None or said.left else index.versions.number_at(said.zone_id, fix.at)
    if number is None:
        return
    zone = index.zones[number]
    if zone.zone_id not in near:
        s = index.signed_distance_m(number, fix.lon, fix.lat)
        level_p = _level_p(index, zone, state, fix)
        near[zone.zone_id] = engine.NearZone(index.versions.facts(number), s, 0.0, level_p)
    near[zone.zone_id] = replace(near[zone.zone_id], vouched=index.circle_share(number))


def _add_crossings(index: ZoneIndex, state: DeviceState, fix: Fix, near: dict[UUID, engine.NearZone]) -> None:
    """Mark zones that the straight line from the fix before cuts while neither of its ends is inside."""
    seconds = (fix.at - state.last_at).total_seconds()
    if not 0 < seconds <= LONGEST_CROSSING_S or max(state.accuracy_m, fix.accuracy_m) > GOOD_ACCURACY_M:
        return
    before, here = (state.lon, state.lat), (fix.lon, fix.lat)
    for number in index.crossing_zones(before, here):
        zone, cut = index.zones[number], index.crossing(number, before, here)
        # An end inside is the business of the other rules.
        if cut is None or cut[0] <= 0.0 or cut[1] >= 1.0 or not index.versions.in_force(number, fix.at):
            continue
        times = (
            state.last_at + timedelta(seconds=seconds * cut[0]),
            state.last_at + timedelta(seconds=seconds * cut[1]),
        )
        level_p = _level_p(index, zone, state, fix)
        far = engine.NearZone(index.versions.facts(number), float("inf"), 0.0, level_p)
        near[zone.zone_id] = replace(near.get(zone.zone_id, far), crossed=times)

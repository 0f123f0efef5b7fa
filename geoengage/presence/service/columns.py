"""The ordinary pings of a group as columns: checked, decided and packed by arrays, with the results of one by one.

Ordinary is a device whose pings in this group are nothing but positions, in order, all newer than what was decided, and
none of them to be refused; everything else goes one by one (`pings.py`). Of an ordinary device only those fixes reach
`decide` where something can happen: near a zone, while it stands in one, when it may have moved too fast, when a
checkpoint is due. Between them only the last fix, the floor and the rhythm count. A property test compares both ways.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from msgspec.structs import replace

from geoengage.kit.geo import METRES_PER_DEG, Floats
from geoengage.presence.edges import Ints
from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.evidence import OURS, wrong_floor
from geoengage.presence.rules.fixes import (
    FAST_MPS,
    FUTURE_S,
    GOOD_ACCURACY_M,
    MAX_ACCURACY_M,
    OLDEST,
    UNKNOWN_ACCURACY_TRUST,
    Policy,
    Rejected,
    UncheckedPing,
)
from geoengage.presence.rules.levels import told
from geoengage.presence.rules.records import (
    FASTEST_MPS,
    HOUR_US,
    MOST_RECORDS,
    NONE,
    RECORD,
    US,
    VERDICTS,
    PlainRuns,
    micros,
)
from geoengage.presence.rules.state import (
    INTERVAL_WEIGHT,
    LONGEST_INTERVAL_S,
    SHORTEST_INTERVAL_S,
    DeviceState,
    Fix,
    usual_interval_s,
)
from geoengage.presence.service.matching import CHECKPOINT_EVERY, DeviceWork, Ground, catch_up, take
from geoengage.presence.service.outcome import Outcome

_LONG_AGO = -(2**62)  # earlier than any time in microseconds
_SURELY = 1 - 1e-9  # rounding must not make a speed look allowed


@dataclass(slots=True)
class Columns:
    """Fixes of ordinary devices, one device after the other (`begins`: where each begins, and the end), in order.

    `batch` and `position` say where each came from; `bad` the fixes that are not believed, by their number.
    """

    devices: list[DeviceWork]
    begins: list[int]
    batch: Ints
    position: Ints
    at: list[datetime]
    sent_at: list[datetime]
    us: Ints
    lon: Floats
    lat: Floats
    accuracy_m: Floats
    level: Ints
    speed_mps: Floats
    trust: Floats
    source: list[str]
    bad: dict[int, Rejected]

    def fix(self, n: int) -> Fix:
        """One of them by itself."""
        level, speed = int(self.level[n]), float(self.speed_mps[n])
        return Fix(
            self.at[n],
            self.sent_at[n],
            float(self.lon[n]),
            float(self.lat[n]),
            float(self.accuracy_m[n]),
            None if level == NONE else level,
            float(self.trust[n]),
            self.source[n],
            None if speed != speed else speed,
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """One request's pings; `devices`: the work that each belongs to, None where it cannot be an ordinary one."""

    pings: Sequence[tuple[int, UncheckedPing]]
    devices: Sequence[DeviceWork | None]
    received_at: datetime


def sort_out(requests: Sequence[Sent], policy: Policy, since: datetime) -> Columns:
    """The ordinary devices of a group and their fixes. Who tells of a time before `since`, when other zones may have
    been in force, is none."""
    pings = [p for r in requests for _, p in r.pings]
    number_of: dict[int, int] = {}
    devices: list[DeviceWork] = []
    for d in (d for r in requests for d in r.devices):
        if d is not None and id(d) not in number_of:
            number_of[id(d)] = len(devices)
            devices.append(d)
    device = np.array([-1 if d is None else number_of[id(d)] for r in requests for d in r.devices], dtype=np.int64)
    skew_us = np.array([timedelta(seconds=d.skew_s) // US for d in devices] + [0], dtype=np.int64)
    sizes = [len(r.pings) for r in requests]
    received = np.repeat(np.array([micros(r.received_at) for r in requests], dtype=np.int64), sizes)
    sent = np.rint(np.array([p.at.timestamp() for p in pings]) * 1e6).astype(np.int64)
    us = sent + skew_us[device]
    lon, lat = np.array([p.lon or 0.0 for p in pings]), np.array([p.lat or 0.0 for p in pings])
    age = received - us
    usable = (
        np.array([_is_plain(p) for p in pings], dtype=bool)
        & (np.abs(lon) <= 180)
        & (np.abs(lat) <= 90)
        & ((lon != 0) | (lat != 0))  # a position that is missing stands there, too
        & (age >= -FUTURE_S * 1e6)
        & (age <= min(policy.retention, OLDEST) // US)
    )
    order = np.argsort(device, kind="stable")
    order = order[np.searchsorted(device[order], 0) :]
    ordinary = _in_order(device[order], us[order], sent[order], devices, since)
    ordinary &= np.bincount(device[order], weights=~usable[order], minlength=len(devices)) == 0
    order = order[ordinary[device[order]]]
    count = np.bincount(device[order], minlength=len(devices))[ordinary]
    numbers = order.tolist()
    chosen = [devices[n] for n in np.flatnonzero(ordinary)]
    accuracy = np.array([pings[n].accuracy_m or 0.0 for n in numbers])
    known = accuracy > 0
    accuracy = np.where(known, np.minimum(accuracy, MAX_ACCURACY_M), policy.default_accuracy_m)
    sent_at = [pings[n].at for n in numbers]
    at = sent_at
    if skew_us.any():
        at = [t + int(skew) * US for t, skew in zip(sent_at, skew_us[device[order]], strict=True)]
    return Columns(
        chosen,
        [0, *np.cumsum(count).tolist()],
        np.repeat(np.arange(len(requests)), sizes)[order],
        np.array([position for r in requests for position, _ in r.pings], dtype=np.int64)[order],
        at,
        sent_at,
        us[order],
        np.rint(lon[order] * 1e7) / 1e7,
        np.rint(lat[order] * 1e7) / 1e7,
        np.maximum(1, np.rint(accuracy * 1000)) / 1000,
        np.array([NONE if (level := pings[n].level) is None else level for n in numbers], dtype=np.int64),
        np.array([np.nan if (speed := pings[n].speed_mps) is None else speed for n in numbers], dtype=np.float64),
        np.where(known, 1.0, np.rint(UNKNOWN_ACCURACY_TRUST * 1e6) / 1e6),
        [pings[n].source for n in numbers],
        {},
    )


def _is_plain(p: UncheckedPing) -> bool:
    """Whether a ping is nothing but a position."""
    return not (
        p.mocked
        or p.beacons
        or p.access_points
        or p.check_in is not None
        or p.transition is not None
        or p.source in OURS
    )


def _in_order(device: Ints, us: Ints, sent: Ints, devices: Sequence[DeviceWork], since: datetime) -> np.ndarray:
    """Of each device whether its fixes come in order and after all that was decided; `device` is sorted."""
    old, earliest = [d.old for d in devices], micros(since) - 1
    decided = [earliest if s is None else _decided(s, since, earliest) for s in old]
    known = [_LONG_AGO if s is None else micros(s.last_sent_at) for s in old]
    follows = np.zeros(len(device), dtype=bool)
    follows[1:] = device[1:] == device[:-1]
    before = np.where(follows, np.roll(us, 1), np.array([*decided, 0], dtype=np.int64)[device])
    told = np.where(follows, np.roll(sent, 1), np.array([*known, 0], dtype=np.int64)[device])
    wrong = (us <= before) | (sent <= told)
    return np.asarray(np.bincount(device, weights=wrong, minlength=len(devices)) == 0)


def _decided(state: DeviceState, since: datetime, earliest: int) -> int:
    """After which moment a device's fixes are simply the next ones; never, when the zones it stands in may be gone."""
    if state.zones and state.venue_at < since:
        return -_LONG_AGO
    return max(micros(state.last_at), micros(state.settled_at) - 1, earliest)


def advance_columns(index: ZoneIndex, c: Columns, outcome: Outcome, now: datetime) -> None:
    """Decide about ordinary devices as `matching.advance` does."""
    if not c.devices:
        return
    ground = Ground(index, c.lon, c.lat, c.accuracy_m)
    walk = _Walk(index, c, ground, outcome, now)
    for number, device in enumerate(c.devices):
        begin, end = c.begins[number], c.begins[number + 1]
        state = walk.one(device, begin) if end - begin == 1 else None
        if state is None:
            state = walk.go(device, begin, end)
        last = c.begins[number + 1] - 1
        version = 0 if device.old is None else device.old.version
        outcome.states.append(replace(state, skew_s=device.skew_s, last_sent_at=c.sent_at[last], version=version))


class _Walk:
    """Takes devices along their fixes. `stops`: the numbers of fixes at which something can happen, in order."""

    def __init__(self, index: ZoneIndex, c: Columns, ground: Ground, outcome: Outcome, now: datetime) -> None:
        self._index, self._c, self._ground, self._outcome, self._now = index, c, ground, outcome, now
        stops = ground.is_near | ~_surely_slow(c) | index.counts_crossings
        self._stops: list[int] = np.flatnonzero(stops).tolist()
        self._us: list[int] = c.us.tolist()
        here = np.arange(len(c.us))
        named, lift = c.level != NONE, ground.at_connector
        self._named: list[int] = np.flatnonzero(named).tolist()
        self._outdoors_at: list[int] = np.maximum.accumulate(np.where(ground.outdoors & ~named, here, -1)).tolist()
        self._lift_at: list[int] = np.maximum.accumulate(np.where(lift, here, -1)).tolist()
        self._is_plain: list[bool] = (~(stops | named | lift)).tolist()
        self._outdoors: list[bool] = ground.outdoors.tolist()
        self._lon, self._lat, self._accuracy_m, self._trust = (
            a.tolist() for a in (c.lon, c.lat, c.accuracy_m, c.trust)
        )
        self._changed_at = index.versions.last_change(max(now, *c.at))

    def one(self, device: DeviceWork, n: int) -> DeviceState | None:
        """What `go` says of a single fix that tells of no floor and at which nothing happens, as most requests bring.

        None: it may be another one.
        """
        state, c = device.old, self._c
        if state is None or state.zones or not self._is_plain[n]:
            return None
        at = c.at[n]
        if at - state.checkpoint_at >= CHECKPOINT_EVERY or min(at, state.venue_at) < self._changed_at:
            return None
        level, level_at, weight = state.level, state.level_at, state.level_weight
        if self._outdoors[n]:
            level, level_at, weight = 0, at, 1.0
        return replace(
            state,
            level=level,
            level_at=level_at,
            level_weight=weight,
            interval_s=usual_interval_s(state, at),
            last_at=at,
            lon=self._lon[n],
            lat=self._lat[n],
            accuracy_m=self._accuracy_m[n],
            trust=self._trust[n],
            source=c.source[n],
            venue_at=min(at, self._now),
            track=None,
        )

    def go(self, device: DeviceWork, begin: int, end: int) -> DeviceState:
        """The device's state after its fixes, and after changes of zones that came since."""
        state, n, believed = device.old, begin, True
        stop = bisect_left(self._stops, begin)
        first = self._c.at[begin]  # it may tell of a time before a change that was caught up with
        known_at = first if state is None else min(first, state.venue_at)
        calm = not self._index.versions.changes(known_at, max(self._now, self._c.at[end - 1]))
        while n < end:
            while stop < len(self._stops) and self._stops[stop] < n:
                stop += 1
            if state is not None and not state.zones and calm and believed:
                until = min(end, self._stops[stop] if stop < len(self._stops) else end, self._checkpoint(state, n, end))
                if until > n:
                    state, n = self._pass(state, n, until), until
                    continue
            fix = self._c.fix(n)
            state = take(self._index, device, state, fix, self._ground.spot(n), self._outcome, self._now)
            believed = fix not in device.verdicts
            if not believed:
                self._c.bad[n] = device.verdicts[fix]
            n += 1
        assert state is not None  # noqa: S101 - the first fix makes one
        return state if calm else catch_up(self._index, state, self._now, self._outcome)

    def _checkpoint(self, state: DeviceState, n: int, end: int) -> int:
        """The first fix from `n` on at which a checkpoint is due."""
        due = micros(state.checkpoint_at + CHECKPOINT_EVERY)
        return end if self._us[end - 1] < due else bisect_left(self._us, due, n, end)

    def _pass(self, state: DeviceState, n: int, until: int) -> DeviceState:
        """The state after fixes at which nothing happens."""
        c, last = self._c, until - 1
        level, level_at, weight = self._floor(state, n, until)
        connector_at = c.at[lift] if (lift := self._lift_at[last]) >= n else state.connector_at
        return replace(
            state,
            interval_s=self._interval_s(state, n, until),
            last_at=c.at[last],
            lon=self._lon[last],
            lat=self._lat[last],
            accuracy_m=self._accuracy_m[last],
            trust=self._trust[last],
            source=c.source[last],
            venue_at=min(c.at[last], self._now),
            level=level,
            level_at=level_at,
            level_weight=weight,
            connector_at=connector_at,
            track=None,
        )

    def _floor(self, state: DeviceState, n: int, until: int) -> tuple[int | None, datetime | None, float]:
        """`matching._with_floor` of one fix after the other: floor, when it was told, weight."""
        c, level, level_at, weight = self._c, state.level, state.level_at, state.level_weight
        first = n
        if (outside := self._outdoors_at[until - 1]) >= n:
            level, level_at, weight, first = 0, c.at[outside], 1.0, outside
        for k in self._named[bisect_left(self._named, first) : bisect_left(self._named, until)]:
            connector_at = c.at[lift] if (lift := self._lift_at[k]) >= n else state.connector_at
            known = None if level is None else (level, weight)
            wrong = wrong_floor(c.source[k])
            level, weight = told(known, level_at, connector_at, int(c.level[k]), c.at[k], wrong)
            level_at = c.at[k]
        return level, level_at, weight

    def _interval_s(self, state: DeviceState, n: int, until: int) -> float:
        """`state.usual_interval_s` of one fix after the other."""
        interval_s, before = state.interval_s, micros(state.last_at)
        for us in self._us[n:until]:
            gap = min((us - before) / 10**6, LONGEST_INTERVAL_S)
            if gap >= SHORTEST_INTERVAL_S:
                interval_s = gap if interval_s == 0 else (1 - INTERVAL_WEIGHT) * interval_s + INTERVAL_WEIGHT * gap
            before = us
        return interval_s


def _surely_slow(c: Columns) -> np.ndarray:
    """Fixes of which `fixes.speed_trust` surely says 1, reckoned from the fix before."""
    first = np.array(c.begins[:-1])
    lon, lat, accuracy, us = (np.roll(a, 1) for a in (c.lon, c.lat, c.accuracy_m, c.us))
    old = [d.old for d in c.devices]
    lon[first], lat[first], accuracy[first] = (
        [np.inf if s is None else getattr(s, name) for s in old] for name in ("lon", "lat", "accuracy_m")
    )
    us[first] = [_LONG_AGO if s is None else micros(s.last_at) for s in old]
    with np.errstate(invalid="ignore"):  # who is new has no fix before; its first is looked at by itself
        dx = (c.lon - lon) * METRES_PER_DEG * np.cos(np.radians((c.lat + lat) / 2))
        metres = np.hypot(dx, (c.lat - lat) * METRES_PER_DEG) - accuracy - c.accuracy_m
        slow = metres <= FAST_MPS * _SURELY * np.maximum((c.us - us) / 1e6, 1.0)
    return np.asarray(slow | (np.maximum(accuracy, c.accuracy_m) > GOOD_ACCURACY_M))


def runs_of_columns(c: Columns) -> PlainRuns | None:
    """The fixes as runs to store, those that are not believed among them; None when there are none."""
    if not c.devices:
        return None
    device = np.repeat(np.arange(len(c.devices)), np.diff(c.begins))
    sources: Mapping[str, int] = {source: n for n, source in enumerate(dict.fromkeys(c.source))}
    kind = np.array([sources[source] for source in c.source])
    hour = c.us // HOUR_US
    cut = (device[1:] != device[:-1]) | (hour[1:] != hour[:-1]) | (kind[1:] != kind[:-1])
    begins = np.array([0, *(np.flatnonzero(cut) + 1)])
    # a run that is too long is cut every MOST_RECORDS
    place = np.arange(len(c.us)) - np.repeat(begins, np.diff([*begins, len(c.us)]))
    begins = np.flatnonzero(place % MOST_RECORDS == 0)
    ends = [*begins[1:].tolist(), len(c.us)]
    records = np.empty(len(c.us), dtype=RECORD)
    records["us"] = c.us - np.repeat(c.us[begins], np.diff([*begins, len(c.us)]))
    records["lon"], records["lat"] = np.rint(c.lon * 1e7), np.rint(c.lat * 1e7)
    records["accuracy"], records["trust"] = np.rint(c.accuracy_m * 1000), np.rint(c.trust * 1e6)
    speed = np.rint(np.clip(c.speed_mps, -FASTEST_MPS, FASTEST_MPS) * 1000)
    records["speed"], records["level"], records["verdict"] = np.where(np.isnan(speed), NONE, speed), c.level, 0
    for n, verdict in c.bad.items():
        records["verdict"][n] = VERDICTS.index(verdict)
    data, size = records.tobytes(), RECORD.itemsize
    skew_us = np.array([timedelta(seconds=d.skew_s) // US for d in c.devices], dtype=np.int64)
    of = device[begins]
    return PlainRuns(
        [c.devices[number].device_id for number in of.tolist()],
        c.us[begins],
        c.us[np.array(ends) - 1],
        skew_us[of],
        [c.source[begin] for begin in begins.tolist()],
        [data[begin * size : end * size] for begin, end in zip(begins.tolist(), ends, strict=True)],
    )


def device_ids(c: Columns) -> set[UUID]:
    """Whose fixes these are."""
    return {d.device_id for d in c.devices}

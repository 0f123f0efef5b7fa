"""The steps of a scenario as things to do, each at its moment. Pure: the same file always gives the same list.

Live walks are taken apart into single positions, so that what several phones do falls into the order of time.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, exp, pi, sin, sqrt
from typing import Any

from geoengage.scenarios.format import Batch, BatchPing, Beacon, Noise, Ping, Scenario, Step, Walk

BEACON_UUID = "67656f65-6e67-4167-8573-63656e617269"  # ours; minor is the beacon's number in the file
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a phone says it was `taken_s` seconds after the start."""

    taken_s: float
    says: Json


@dataclass(frozen=True, slots=True)
class Sending:
    """One request of a phone. `step` counts from 1."""

    at_s: float
    step: int
    device: str
    positions: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A step that is no position: an edit, a consent."""

    at_s: float
    step: int
    what: Step


def timeline(scenario: Scenario) -> list[Sending | Change]:
    """Everything that happens, in order; at the same moment in the order of the file."""
    doings: list[Sending | Change] = []
    for number, step in enumerate(scenario.steps, 1):
        doings += _doings(scenario, number, step)
    return sorted(doings, key=lambda doing: doing.at_s)


def _doings(scenario: Scenario, number: int, step: Step) -> Iterator[Sending | Change]:
    at_s = scenario.seconds(step.at)
    if step.ping is not None:
        yield Sending(at_s, number, scenario.device_of(step.ping.device), (_position(scenario, at_s, step.ping),))
    elif step.walk is not None:
        device = scenario.device_of(step.walk.device)
        for position in walked(scenario, at_s, step.walk):
            yield Sending(position.taken_s, number, device, (position,))
    elif step.batch is not None:
        yield from _batch(scenario, number, at_s, step.batch)
    elif step.again is not None:
        for sending in _doings(scenario, step.again, scenario.steps[step.again - 1]):
            if isinstance(sending, Sending):
                yield Sending(at_s, number, sending.device, sending.positions)
    elif step.clock is None:  # a phone's clock is no business of the server
        yield Change(at_s, number, step)


def _batch(scenario: Scenario, number: int, at_s: float, batch: Batch) -> Iterator[Sending]:
    positions = [_position(scenario, scenario.seconds(ping.at), ping) for ping in batch.pings]
    if batch.walk is not None:
        positions += walked(scenario, scenario.seconds(batch.walk.at), batch.walk)
    if batch.order == "reversed":
        positions.reverse()
    device = scenario.device_of(batch.device)
    for group in [(p,) for p in positions] if batch.each_alone else [tuple(positions)]:
        yield Sending(at_s, number, device, group)


def _position(scenario: Scenario, taken_s: float, ping: Ping | BatchPing) -> Position:
    says: Json = {
        "accuracy_m": ping.accuracy_m, "level": ping.level, "speed_mps": ping.speed_mps, "source": ping.source,
        "mocked": ping.mocked or None,
    }  # fmt: skip
    if ping.lonlat is not None:
        says["lon"], says["lat"] = ping.lonlat
    elif ping.x is not None and ping.y is not None:
        says |= _lonlat(scenario, ping.x, ping.y)
    numbers = {name: n for n, name in enumerate(scenario.floor_plan.beacons)}
    if ping.hears:
        says["beacons"] = [beacon_identity(numbers[name]) | {"rssi": rssi} for name, rssi in ping.hears.items()]
    return Position(taken_s, {key: value for key, value in says.items() if value is not None})


def beacon_identity(number: int) -> Json:
    """What a beacon of a plan sends."""
    return {"uuid": BEACON_UUID, "major": 1, "minor": number}


def beacon_properties(number: int, name: str, beacon: Beacon) -> Json:
    """What the map is told about a beacon."""
    known = beacon_identity(number) | {"kind": "beacon", "name": name, "level": beacon.level}
    return known if beacon.radius_m is None else known | {"radius_m": beacon.radius_m}


def _lonlat(scenario: Scenario, x: float, y: float) -> Json:
    lon, lat = scenario.floor_plan.frame.to_lonlat(x, y)
    return {"lon": round(float(lon), 9), "lat": round(float(lat), 9)}


# --- walks ----------------------------------------------------------------------------------------------------------


def walked(scenario: Scenario, at_s: float, walk: Walk) -> Iterator[Position]:
    """The positions of a walk that begins at a moment: one at its beginning, then one every so often to its end."""
    times = [point[0] for point in walk.path]
    errors = None if walk.noise is None else _errors(walk.noise, walk.every_s)
    for n in range(int(round((times[-1] - times[0]) / walk.every_s, 6)) + 1):
        t = times[0] + n * walk.every_s
        x, y, level = _on_path(walk.path, times, t)
        says: Json = {"accuracy_m": walk.accuracy_m, "level": level, "source": walk.source}
        if errors is not None:
            dx, dy, forgets = next(errors)
            x, y, says["level"] = x + dx, y + dy, None if forgets else level
        says |= _lonlat(scenario, x, y)
        yield Position(at_s + t, {key: value for key, value in says.items() if value is not None})


def _on_path(path: Sequence[Any], times: list[float], t: float) -> tuple[float, float, int | None]:
    """Where somebody is at a time, and the floor named last."""
    number = min(bisect_right(times, t), len(times) - 1)
    (t0, x0, y0, *_), (t1, x1, y1, *_) = path[number - 1], path[number]
    share = min(1.0, (t - t0) / (t1 - t0))
    named = [point[3] for point in path if len(point) == 4 and point[0] <= t]
    return x0 + share * (x1 - x0), y0 + share * (y1 - y0), named[-1] if named else None


def _errors(noise: Noise, every_s: float) -> Iterator[tuple[float, float, bool]]:
    """Errors in x and y of fix after fix, and whether it names no floor.

    The bias is a first-order Gauss-Markov process: b' = b e^(-dt/T) + sigma sqrt(1 - e^(-2dt/T)) N(0, 1).
    """
    rng = random.Random(noise.seed)  # noqa: S311 - noise, nothing secret
    keeps = exp(-every_s / noise.bias_s)
    fresh = noise.bias_m * sqrt(1 - keeps * keeps)
    bx, by = rng.gauss(0, noise.bias_m), rng.gauss(0, noise.bias_m)
    while True:
        dx, dy = bx + rng.gauss(0, noise.white_m), by + rng.gauss(0, noise.white_m)
        if rng.random() < noise.outliers:
            angle = rng.uniform(0, 2 * pi)
            dx, dy = dx + noise.outlier_m * cos(angle), dy + noise.outlier_m * sin(angle)
        yield dx, dy, rng.random() < noise.no_level
        bx, by = keeps * bx + rng.gauss(0, fresh), keeps * by + rng.gauss(0, fresh)


# --- what goes over the wire ----------------------------------------------------------------------------------------


def body_of(scenario: Scenario, sending: Sending, start: datetime) -> Json:
    """The body of POST /v1/pings, by the phone's own clock. `start`: when the scenario's moment 0 is."""
    body: Json = {"pings": [ping_of(scenario, sending.device, position, start) for position in sending.positions]}
    if scenario.devices[sending.device].says_when_sent:
        body["sent_at"] = _stamp(start, sending.at_s + scenario.clock_off_s(sending.device, sending.at_s))
    return body


def ping_of(scenario: Scenario, device: str, position: Position, start: datetime) -> Json:
    """One position by the phone's own clock."""
    off_s = scenario.clock_off_s(device, position.taken_s)
    return {"at": _stamp(start, position.taken_s + off_s)} | position.says


def _stamp(start: datetime, seconds: float) -> str:
    return (start + timedelta(seconds=seconds)).isoformat()


# --- servers whose clock is their own -------------------------------------------------------------------------------


def needs_clock(scenario: Scenario) -> str | None:
    """Why a scenario cannot run on a server that lives by the wall clock; None when it can.

    There all positions arrive in one request, times moved so that the scenario ends now.
    """
    for number, step in enumerate(scenario.steps, 1):
        if step.action not in ("ping", "walk"):
            return f"step {number} ({step.action}) depends on when it happens"
    if any(device.clock_off_s or device.says_when_sent for device in scenario.devices.values()):
        return "a phone's clock is compared with the server's"
    if any(device.location != "granted" for device in scenario.devices.values()):
        return "consent is given or withdrawn at a moment"
    if any(zone.schedule for zone in scenario.floor_plan.zones.values()):
        return "a zone has a schedule"
    events = scenario.expect.events or ()
    if any(event.late is not None or event.recorded_at is not None for event in events):
        return "it matters when an event is found out"
    return None

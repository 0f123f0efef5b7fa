"""Which beacons a phone hears at a place, and how strongly: path loss, bodies in the way, floors between. Pure.

The log-distance model with an exponent between free space and an office; the spread is what people and pockets do
(4 dB; measured values in shops lie between 3 and 6). A floor takes some 20 dB and its height away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import hypot, log10
from typing import Any, NamedTuple

import numpy as np

from geoengage.kit.geo import Frame

EXPONENT = 2.2
SPREAD_DB = 4.0
FLOOR_DB = 20.0
FLOOR_M = 4.5
FAINTEST_DBM = -95
MOST_HEARD = 5
PHONES_ABOVE_FLOOR_M = 1.0  # a beacon hangs higher: nobody is nearer than that


@dataclass(frozen=True, slots=True)
class Beacon:
    """A beacon in metres of the mall frame."""

    uuid: str
    major: int
    minor: int
    rssi_at_1m: float
    level: int
    x: float
    y: float


class Heard(NamedTuple):
    """A beacon and the strength at which it was received, dBm."""

    beacon: Beacon
    rssi: int


def read_beacons(frame: Frame, points: Iterable[Mapping[str, Any]]) -> tuple[Beacon, ...]:
    """The beacons among the API's evidence points."""
    found = []
    for feature in points:
        p = feature["properties"]
        if p["kind"] == "beacon":
            x, y = frame.to_metres(*feature["geometry"]["coordinates"])
            found.append(Beacon(p["uuid"], p["major"], p["minor"], p.get("rssi_at_1m") or -59, p["level"], x, y))
    return tuple(found)


def hear(beacons: Iterable[Beacon], x: float, y: float, level: int | None, rng: np.random.Generator) -> list[Heard]:
    """What a phone at a place of the mall hears just then, the strongest first; outdoors (level None) nothing."""
    if level is None:
        return []
    heard = []
    for beacon in beacons:
        floors = abs(beacon.level - level)
        distance = hypot(x - beacon.x, y - beacon.y, PHONES_ABOVE_FLOOR_M + floors * FLOOR_M)
        typical = beacon.rssi_at_1m - 10 * EXPONENT * log10(distance) - FLOOR_DB * floors
        if typical > FAINTEST_DBM - 3 * SPREAD_DB:  # else no luck makes it audible
            rssi = round(typical + rng.normal(0.0, SPREAD_DB))
            if rssi >= FAINTEST_DBM:
                heard.append(Heard(beacon, min(rssi, 0)))
    return sorted(heard, key=lambda h: -h.rssi)[:MOST_HEARD]

"""What simulated phones hear: the nearest loudest, floors apart, nothing outdoors; seeded."""

import json
from pathlib import Path

import numpy as np
import pytest

from geoengage.kit.geo import Frame
from geoengage.simulator.hearing import FAINTEST_DBM, MOST_HEARD, Beacon, hear, read_beacons

MALL = Path(__file__).resolve().parents[2] / "zones" / "demo_mall"


def beacon(x: float, level: int = 0, minor: int = 1) -> Beacon:
    return Beacon("u", 0, minor, -59, level, x, 0.0)


def rssi(b: Beacon, x: float = 0.0, level: int | None = 0) -> list[int]:
    """Two hundred readings at a place."""
    rng = np.random.default_rng(1)
    return [h.rssi for _ in range(200) for h in hear([b], x, 0.0, level, rng)]


def test_it_fades_with_distance_and_floors() -> None:
    here, ten, above = (np.mean(rssi(b)) for b in (beacon(0), beacon(10), beacon(0, level=1)))
    assert here == pytest.approx(-59, abs=1)
    assert here - ten == pytest.approx(22, abs=1), "22 dB a decade"
    assert above < ten - 10, "the beacon of the floor above is fainter than one ten metres away"
    assert rssi(beacon(500)) == rssi(beacon(0), level=None) == []


def test_the_strongest_few_and_none_below_hearing() -> None:
    heard = hear([beacon(x, minor=x) for x in range(1, 40)], 0.0, 0.0, 0, np.random.default_rng(2))
    assert len(heard) == MOST_HEARD
    levels = [h.rssi for h in heard]
    assert levels == sorted(levels, reverse=True)
    assert min(levels) >= FAINTEST_DBM


def test_the_same_seed_hears_the_same() -> None:
    one, other = (hear([beacon(3), beacon(7)], 0, 0, 0, np.random.default_rng(3)) for _ in range(2))
    assert one == other


def test_the_demo_malls_beacons() -> None:
    mall = json.loads((MALL / "mall.json").read_text())
    points = json.loads((MALL / "evidence_points.geojson").read_text())["features"]
    found = read_beacons(Frame(*mall["origin"], mall["bearing_deg"]), points)
    assert len(found) == len(points) - 2, "all but the codes to check in with"
    assert len({(b.uuid, b.major, b.minor) for b in found}) == len(found)
    assert {b.level for b in found} == {0, 1, 2}

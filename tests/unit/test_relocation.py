"""Moving a phone's world: metres stay metres, the way back is exact, what is no position stays none."""

from datetime import UTC, datetime
from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from geoengage.kit.geo import Frame
from geoengage.phones.rules.places import BEFORE_THE_DOOR_M, before_the_door
from geoengage.presence.rules.fixes import PingIn
from geoengage.presence.rules.relocation import LonLat, Relocation, moved, relocate

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MM = 1e-3
places = st.tuples(st.floats(-180, 180), st.floats(-85, 85))
steps = st.tuples(st.floats(-5_000, 5_000), st.floats(-5_000, 5_000))  # metres east and north


def at(origin: LonLat, step: tuple[float, float]) -> LonLat:
    """The position so many metres from a place, with a longitude as phones report it."""
    lon, lat = Frame(*origin).to_lonlat(*step)
    return (lon + 180) % 360 - 180, lat


def metres(origin: LonLat, point: LonLat) -> tuple[float, float]:
    """Metres east and north of a place, across the antimeridian too."""
    east_deg = (point[0] - origin[0] + 180) % 360 - 180
    return Frame(0, origin[1]).to_metres(east_deg, point[1])


def apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])


@given(places, places, steps, steps)
def test_distances_and_directions_are_kept(origin: LonLat, target: LonLat, one: LonLat, other: LonLat) -> None:
    relocation = Relocation(origin, target, "mall")
    there = [metres(target, relocate(*at(origin, step), relocation)) for step in (one, other)]
    for step, found in zip((one, other), there, strict=True):
        assert apart(step, found) < MM
    assert abs(apart(one, other) - apart(*there)) < MM


@given(places, places, steps)
def test_there_and_back(origin: LonLat, target: LonLat, step: tuple[float, float]) -> None:
    relocation = Relocation(origin, target, "circle")
    start = at(origin, step)
    east, north = metres(start, relocate(*relocate(*start, relocation), relocation.back))
    assert hypot(east, north) < MM
    assert relocation.back.back == relocation


@given(places, places)
def test_the_origin_becomes_the_target(origin: LonLat, target: LonLat) -> None:
    lon, lat = relocate(*origin, Relocation(origin, target, "mall"))
    assert hypot(*metres(target, (lon, lat))) < MM
    assert -180 <= lon <= 180


def test_a_row_and_back() -> None:
    relocation = Relocation((8.5, 47.4), (12.4, 51.4), "mall")
    assert relocation.as_row() == {"from": [8.5, 47.4], "to": [12.4, 51.4], "place": "mall"}
    assert Relocation.of(relocation.as_row()) == relocation
    assert Relocation.of(None) is None


@pytest.mark.parametrize("lon, lat", [(None, None), (0.0, 0.0), (200.0, 10.0), (8.5, 90.5)])
def test_what_is_no_position_stays_as_it_is(lon: float | None, lat: float | None) -> None:
    ping = PingIn(at=NOW, lon=lon, lat=lat)
    assert moved(ping, Relocation((8.5, 47.4), (12.4, 51.4), "mall")) is ping


def test_a_ping_is_moved_and_nothing_else_of_it_changes() -> None:
    ping = PingIn(at=NOW, lon=8.5, lat=47.4, accuracy_m=12, level=1, source="gnss")
    found = moved(ping, Relocation((8.5, 47.4), (12.4, 51.4), "mall"))
    assert (found.lon, found.lat) == pytest.approx((12.4, 51.4), abs=1e-12)
    assert (found.at, found.accuracy_m, found.level, found.source) == (NOW, 12, 1, "gnss")
    assert moved(ping, None) is ping


def test_before_the_door() -> None:
    frame = Frame(8.5, 47.4)
    building = frame.geometry_to_lonlat(box(-50, -20, 50, 20))
    door = frame.geometry_to_lonlat(box(-5, -20, 5, -16))
    spot = frame.to_metres(*before_the_door(frame, building, door))
    assert spot == pytest.approx((0, -20 - BEFORE_THE_DOOR_M), abs=0.01)
    porch = frame.geometry_to_lonlat(box(-5, -30, 5, -26))
    assert frame.to_metres(*before_the_door(frame, building, porch)) == pytest.approx((0, -28), abs=0.01)

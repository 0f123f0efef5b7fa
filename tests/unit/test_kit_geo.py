"""The local plane: exact there and back, metres that are metres, the axis of a building."""

import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoengage.kit.geo import METRES_PER_DEG, Frame, distance_m

FRAMES = st.builds(
    Frame,
    lon=st.floats(-179, 179),
    lat=st.floats(-70, 70),
    bearing_deg=st.floats(0, 360),
)
OFFSETS = st.floats(-3000, 3000)


@given(frame=FRAMES, x=OFFSETS, y=OFFSETS)
def test_there_and_back(frame: Frame, x: float, y: float) -> None:
    back = frame.to_metres(*frame.to_lonlat(x, y))
    assert back == pytest.approx((x, y), abs=1e-4)  # a tenth of a millimetre


@given(frame=FRAMES, x=OFFSETS, y=OFFSETS)
def test_turning_keeps_lengths(frame: Frame, x: float, y: float) -> None:
    straight = Frame(frame.lon, frame.lat)
    there = straight.to_metres(*frame.to_lonlat(x, y))
    assert math.hypot(*there) == pytest.approx(math.hypot(x, y), abs=1e-4)


def test_the_y_axis_points_along_the_bearing() -> None:
    east = Frame(8.5, 47.3, bearing_deg=90)
    lon, lat = east.to_lonlat(0, 100)
    assert lat == pytest.approx(47.3)
    assert (lon - 8.5) * METRES_PER_DEG * math.cos(math.radians(47.3)) == pytest.approx(100)
    assert distance_m(8.5, 47.3, lon, lat) == pytest.approx(100, rel=1e-4)


def test_geometries_go_as_their_corners_do() -> None:
    frame = Frame(8.5, 47.3, bearing_deg=30)
    square = shapely.box(0, 0, 10, 10)
    world = frame.geometry_to_lonlat(square)
    assert world.bounds[0] > 8.49
    assert frame.geometry_to_metres(world).equals_exact(square, 1e-6)

"""Where a picture lies: the two known points exactly, a similarity in between, and what is refused."""

from math import dist, hypot

import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from geoengage.kit.geo import Frame
from geoengage.venues.rules import KnownPoint, place, placement_flaws

FRAMES = st.builds(Frame, lon=st.floats(-179, 179), lat=st.floats(-70, 70), bearing_deg=st.floats(0, 360))
PIXELS = st.tuples(st.floats(0, 8192), st.floats(0, 8192))
METRES = st.tuples(st.floats(-800, 800), st.floats(-800, 800))
HERE = Frame(12.439, 51.426, 27.0)
OUTLINE = HERE.geometry_to_lonlat(shapely.box(-100, -50, 100, 50))
SIZE = (2000, 1000)


def known(frame: Frame, pixel: tuple[float, float], metres: tuple[float, float]) -> KnownPoint:
    lon, lat = frame.to_lonlat(*metres)
    return KnownPoint(pixel, (float(lon), float(lat)))


@st.composite
def placed(draw):
    """A frame and two points that are apart on the picture and on Earth."""
    frame = draw(FRAMES)
    p, q, a, b = draw(PIXELS), draw(PIXELS), draw(METRES), draw(METRES)
    assume(dist(p, q) > 10)
    assume(dist(a, b) > 1)
    return frame, [known(frame, p, a), known(frame, q, b)]


@given(placed())
def test_the_known_points_lie_where_they_are_known_to(given_):
    frame, points = given_
    placement = place(frame, points)
    for point in points:
        here = frame.to_metres(*placement.to_lonlat(*point.pixel))
        assert here == pytest.approx(frame.to_metres(*point.at), abs=1e-4)


@given(placed(), PIXELS)
def test_there_and_back(given_, pixel):
    placement = place(*given_)
    assert placement.to_pixel(*placement.to_lonlat(*pixel)) == pytest.approx(pixel, abs=1e-3 + 1e-4 / placement.pixel_m)


@given(placed(), PIXELS, PIXELS)
def test_lengths_are_scaled_alike_in_all_directions(given_, p, q):
    frame, points = given_
    placement = place(frame, points)
    here, there = (frame.to_metres(*placement.to_lonlat(*pixel)) for pixel in (p, q))
    assert dist(here, there) == pytest.approx(placement.pixel_m * dist(p, q), abs=1e-3, rel=1e-6)


@given(placed())
def test_a_picture_is_never_mirrored(given_):
    frame, points = given_
    top_left, top_right, bottom_right, bottom_left = place(frame, points).corners(200, 100)
    ring = frame.geometry_to_metres(shapely.Polygon([bottom_left, bottom_right, top_right, top_left]))
    assert ring.exterior.is_ccw


@given(placed(), st.floats(-20, 380))
def test_a_turned_frame_leaves_the_picture_where_it_is(given_, bearing):
    frame, points = given_
    before = place(frame, points).corners(*SIZE)
    after = place(Frame(frame.lon, frame.lat, bearing), points).corners(*SIZE)
    for a, b in zip(before, after, strict=True):
        assert hypot(*(x - y for x, y in zip(frame.to_metres(*a), frame.to_metres(*b), strict=True))) < 1e-2


def test_a_picture_along_the_mall() -> None:
    """10 px a metre, its bottom left corner at the frame's origin."""
    points = [known(HERE, (0, 1000), (0, 0)), known(HERE, (2000, 1000), (200, 0))]
    placement = place(HERE, points)
    assert placement.pixel_m == pytest.approx(0.1)
    metres = [HERE.to_metres(*corner) for corner in placement.corners(*SIZE)]
    expected = [(0, 100), (200, 100), (200, 0), (0, 0)]
    assert [n for corner in metres for n in corner] == pytest.approx([n for c in expected for n in c], abs=1e-4)


@pytest.mark.parametrize(
    "first, second, path, words",
    [
        (((500, 500), (0, 0)), ((505, 505), (10, 0)), (1, "pixel"), "10 pixels apart"),
        (((0, 0), (0, 0)), ((1000, 0), (0, 0)), (1, "at"), "same place"),
        (((0, 0), (0, 0)), ((2000, 0), (0.5, 0)), (), "a pixel would measure 0.00025 m"),
        (((0, 0), (-100, 0)), ((20, 0), (100, 0)), (), "a pixel would measure 10 m"),
        (((0, 0), (-100, 0)), ((60, 0), (100, 0)), (), "reach far from the mall"),
        (((0, 0), (0, 0)), ((2001, 0), (100, 0)), (1, "pixel"), "2000 × 1000"),
        (((0, -1), (0, 0)), ((1000, 0), (100, 0)), (0, "pixel"), "outside the picture"),
        (((0, 0), (0, 0)), ((1000, 0), (9000, 0)), (1, "at"), "away from the mall"),
    ],
)
def test_what_is_refused(first, second, path, words) -> None:
    flaws = placement_flaws(HERE, [known(HERE, *first), known(HERE, *second)], SIZE, OUTLINE)
    assert [flaw.path for flaw in flaws] == [path]
    assert words in flaws[0].detail


def test_swapped_axes_are_told() -> None:
    right = known(HERE, (0, 0), (0, 0))
    wrong = KnownPoint((1000, 0), (51.426, 12.439))
    (flaw,) = placement_flaws(HERE, [right, wrong], SIZE, OUTLINE)
    assert "swapped" in flaw.detail


def test_what_fits_is_taken() -> None:
    points = [known(HERE, (0, 1000), (-100, -50)), known(HERE, (2000, 0), (100, 50))]
    assert placement_flaws(HERE, points, SIZE, OUTLINE) == []

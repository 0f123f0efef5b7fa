"""Areas on the local plane: the share of a disc inside a polygon against shapely's buffers, circles, distances."""

from math import pi

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoengage.kit.geo import Frame, circle, disc_share, signed_distance

coordinate = st.floats(-60, 60)
FINE = 256  # segments per quarter of a buffer: its area is within 1e-5 of the circle's


def disc(x: float, y: float, r: float) -> shapely.Polygon:
    return shapely.Point(x, y).buffer(r, quad_segs=FINE)


@settings(max_examples=80, deadline=None)
@given(
    corners=st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8),
    hole=st.tuples(coordinate, coordinate, st.floats(1, 15)),
    other=st.tuples(coordinate, coordinate, st.floats(1, 30)),
    x=coordinate,
    y=coordinate,
    radius=st.floats(0.5, 80),
)
def test_disc_share_equals_the_area_of_a_buffer(
    corners: list[tuple[float, float]],
    hole: tuple[float, float, float],
    other: tuple[float, float, float],
    x: float,
    y: float,
    radius: float,
) -> None:
    hull = shapely.MultiPoint(corners).convex_hull
    other_part = shapely.box(other[0] - other[2], other[1] - other[2], other[0] + other[2], other[1] + other[2])
    hole_shape = shapely.box(hole[0] - hole[2], hole[1] - hole[2], hole[0] + hole[2], hole[1] + hole[2])
    shape = shapely.union_all([hull, other_part]).difference(hole_shape)
    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 1e-3]
    shape = shapely.MultiPolygon(parts)
    expected = shapely.intersection(shape, disc(x, y, radius)).area / (pi * radius * radius)
    assert disc_share(shape, x, y, radius) == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize(
    "shape, x, y, radius, share",
    [
        (shapely.box(-10, -10, 10, 10), 0, 0, 5, 1.0),
        (shapely.box(-10, -10, 10, 10), 10, 0, 5, 0.5),
        (shapely.box(-10, -10, 10, 10), 10, 10, 5, 0.25),
        (shapely.box(-10, -10, 10, 10), 0, 0, 40, 400 / (pi * 1600)),
        (shapely.box(-10, -10, 10, 10), 30, 0, 5, 0.0),
        (shapely.box(-10, -10, 10, 10), 15, 0, 5, 0.0),
        (shapely.box(-10, -10, 10, 10).difference(shapely.box(-2, -2, 2, 2)), 0, 0, 5, 1 - 16 / (pi * 25)),
        (shapely.box(-10, -10, 10, 10).difference(disc(0, 0, 3)), 0, 0, 3, 0.0),
        (shapely.Polygon([(0, -1), (-2, -1), (-2, 1), (-1, 1), (-1, 0), (0, 0), (1e-34, 0)]), 0, 2e-31, 1, 0.25),
        (shapely.Polygon([(1.1e-14, 3e-15), (70, 0), (70, 70), (0, 70)]), 0, 0, 5, 0.25),
        (shapely.MultiPolygon([shapely.box(0, 0, 9, 9), shapely.box(-9, -9, 0, 0)]), 0, 0, 5, 0.5),
        # clockwise outline, counter-clockwise hole: orientation is no matter
        (
            shapely.Polygon(
                [(-9, -9), (-9, 9), (9, 9), (9, -9)], [[(-1, -1), (1, -1), (1, 1), (-1, 1)]]
            ),
            0, 0, 5, 1 - 4 / (pi * 25),
        ),
    ],
)  # fmt: skip
def test_disc_share_of_known_shapes(shape: shapely.Geometry, x: float, y: float, radius: float, share: float) -> None:
    assert disc_share(shape, x, y, radius) == pytest.approx(share, abs=1e-5)


def test_a_drawn_circle_has_the_area_of_the_true_one() -> None:
    frame = Frame(8.5, 47.4)
    drawn = frame.geometry_to_metres(circle(frame, 8.501, 47.401, 250))
    assert drawn.area == pytest.approx(pi * 250**2, rel=1e-6)
    center = frame.to_metres(8.501, 47.401)
    assert drawn.centroid.distance(shapely.Point(center)) < 1e-6


def test_signed_distance_is_negative_inside_and_zero_on_the_boundary() -> None:
    shape = shapely.box(-10, -10, 10, 10).difference(shapely.box(-2, -2, 2, 2))
    x, y = np.array([5.0, 0.0, 10.0, 2.0, 13.0]), np.array([0.0, 0.0, 10.0, 0.0, 14.0])
    assert signed_distance(shape, x, y).tolist() == [-3.0, 2.0, 0.0, 0.0, 5.0]

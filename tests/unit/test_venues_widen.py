"""Shapes made wider and narrower: areas, corners, holes, what is left."""

from math import pi

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoengage.kit.geo import Frame
from geoengage.venues.rules import Corners, Flaw, area_m2, check_area, to_geojson, widen
from tests.unit.test_venues_rules import around, lats, lons, stars

FRAME = Frame(12.439, 51.426, 27.0)
SQUARE, ROUND = Corners.SQUARE, Corners.ROUND


def on_earth(shape: shapely.Polygon | shapely.MultiPolygon) -> shapely.MultiPolygon:
    return shapely.MultiPolygon(list(shapely.get_parts(FRAME.geometry_to_lonlat(shape))))


ROOM = on_earth(shapely.box(0, 0, 20, 10))
RING = on_earth(shapely.box(0, 0, 20, 20).difference(shapely.box(5, 5, 15, 15)))
L_ROOM = on_earth(shapely.box(0, 0, 20, 20).difference(shapely.box(10, 10, 20, 20)))


def corners(shape: shapely.MultiPolygon) -> int:
    return sum(len(ring.coords) - 1 for part in shape.geoms for ring in (part.exterior, *part.interiors))


@pytest.mark.parametrize("metres", [-4, -0.5, 0, 0.5, 3, 50, 500])
def test_a_room_of_four_corners_stays_one(metres: float) -> None:
    wider = widen(ROOM, metres, SQUARE)
    assert corners(wider) == 4
    assert area_m2(wider) == pytest.approx((20 + 2 * metres) * (10 + 2 * metres), rel=1e-3)


def test_a_room_around_the_corner_keeps_its_six() -> None:
    assert corners(widen(L_ROOM, 2, SQUARE)) == 6
    assert corners(widen(L_ROOM, -2, SQUARE)) == 6


def test_corners_on_a_straight_edge_go() -> None:
    halves = on_earth(shapely.Polygon([(0, 0), (10, 0), (20, 0), (20, 10), (0, 10), (0, 5)]))
    assert corners(widen(halves, 1, SQUARE)) == 4


def test_round_corners_are_arcs() -> None:
    wider = widen(ROOM, 5, ROUND)
    assert area_m2(wider) == pytest.approx(200 + 60 * 5 + pi * 25, rel=2e-3)


def test_a_sharp_corner_becomes_no_spike() -> None:
    needle = on_earth(shapely.Polygon([(0, 0), (100, -1), (100, 1)]))
    tip = FRAME.geometry_to_metres(widen(needle, 5, SQUARE)).bounds[0]
    assert -21 < tip < -4


def test_holes_go_the_other_way() -> None:
    def hole(shape: shapely.MultiPolygon) -> float:
        return area_m2(shapely.Polygon(shape.geoms[0].interiors[0]))

    assert hole(widen(RING, 1, SQUARE)) == pytest.approx(64, rel=1e-3)
    assert hole(widen(RING, -1, SQUARE)) == pytest.approx(144, rel=1e-3)
    filled = widen(RING, 5.5, SQUARE)
    assert len(filled.geoms[0].interiors) == 0


def test_neighbours_grow_together_and_a_waist_parts() -> None:
    two = on_earth(shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(12, 0, 22, 10)]))
    assert len(widen(two, 1.5, SQUARE).geoms) == 1
    waist = shapely.union_all([shapely.box(0, 0, 10, 10), shapely.box(10, 4, 20, 6), shapely.box(20, 0, 30, 10)])
    assert len(widen(on_earth(waist), -1.5, SQUARE).geoms) == 2


def test_nothing_left() -> None:
    flaw = widen(ROOM, -5, SQUARE)
    assert isinstance(flaw, Flaw)
    assert flaw.path == ("metres",)
    assert "10.0 m wide" in flaw.detail


def test_too_large() -> None:
    country = shapely.MultiPolygon([shapely.box(8, 50, 11, 52)])
    assert "100 km" in widen(country, 1, SQUARE).detail
    edge = shapely.MultiPolygon([shapely.box(179.99, 0, 180, 0.01)])
    assert "antimeridian" in widen(edge, 10, SQUARE).detail
    comb = on_earth(shapely.MultiPolygon([shapely.box(i * 1000, 0, i * 1000 + 1, 1) for i in range(90)]))
    assert "5,000" in widen(comb, 400, ROUND).detail


def test_next_to_nothing_is_nothing() -> None:
    shape = on_earth(shapely.MultiPolygon([shapely.box(0, 0, 10, 10)]))
    assert widen(shape, 1.5e-210, SQUARE).equals_exact(widen(shape, 0, SQUARE))


@given(lons, lats, stars, st.floats(-20, 200), st.sampled_from(Corners))
def test_what_comes_out_is_a_zone_and_lies_around_what_went_in(lon, lat, radii, metres, how):
    shape = shapely.MultiPolygon([shapely.Polygon(around(lon, lat, radii))])
    moved = widen(shape, metres, how)
    if isinstance(moved, Flaw):
        assert metres < 0
        return
    again, flaws = check_area(shapely.geometry.mapping(moved))
    assert flaws == []
    assert to_geojson(again) == to_geojson(moved)
    frame = Frame(lon, lat)
    before, after = frame.geometry_to_metres(shape), frame.geometry_to_metres(moved)
    outer, inner = (after, before) if metres >= 0 else (before, after)
    assert outer.buffer(0.05).covers(inner)

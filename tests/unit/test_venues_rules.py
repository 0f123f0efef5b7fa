"""Rules of places: orientation, area, frames, hours, what a flaw points at."""

import json
from datetime import UTC, datetime, timedelta
from math import cos, pi, radians, sin
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon

from geoengage.kit.geo import METRES_PER_DEG, Frame
from geoengage.venues.rules import (
    ZoneRules,
    ZoneStatus,
    area_m2,
    check_area,
    check_crs,
    check_hours,
    check_point,
    circle_flaw,
    circle_shape,
    far_from,
    is_open,
    parse_schedule,
    split_bbox,
    to_geojson,
    zone_status,
)

LON, LAT = 12.44, 51.43


def around(lon: float, lat: float, radii_m: list[float], turn: float = 0.0) -> list[list[float]]:
    """A closed star-shaped ring, counter-clockwise, with one corner per radius."""
    step = 2 * pi / len(radii_m)
    ring = [
        [
            lon + r * cos(turn + i * step) / (METRES_PER_DEG * cos(radians(lat))),
            lat + r * sin(turn + i * step) / METRES_PER_DEG,
        ]
        for i, r in enumerate(radii_m)
    ]
    return [*ring, ring[0]]


def polygon(*rings: list[list[float]]) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": list(rings)}


lons, lats = st.floats(-179, 179), st.floats(-70, 70)
stars = st.lists(st.floats(5, 500), min_size=4, max_size=24)


@given(lons, lats, stars, st.booleans())
def test_any_winding_comes_out_by_the_right_hand_rule(lon, lat, radii, backwards):
    ring = around(lon, lat, radii)
    hole = around(lon, lat, [min(radii) / 4] * 4)
    shape, flaws = check_area(polygon(ring[::-1] if backwards else ring, hole if backwards else hole[::-1]))
    assert flaws == []
    (part,) = shape.geoms
    assert part.exterior.is_ccw
    assert not part.interiors[0].is_ccw
    assert shape.is_valid


@given(lons, lats, stars)
def test_what_comes_out_goes_in_again_unchanged(lon, lat, radii):
    shape, _ = check_area(polygon(around(lon, lat, radii)))
    assert shape is not None
    again, flaws = check_area(json.loads(json.dumps(to_geojson(shape))))
    assert flaws == []
    assert again == shape


@given(lons, lats, stars, st.floats(0, 360))
def test_area_is_that_of_the_plane_whatever_the_bearing(lon, lat, radii, bearing):
    shape = Polygon(around(lon, lat, radii))
    turned = Frame(lon, lat, bearing).geometry_to_metres(shape)
    assert area_m2(shape) == pytest.approx(turned.area, rel=2e-4)


@given(lons, lats, st.floats(1, 50_000))
def test_a_circle_has_its_area_and_lies_around_its_centre(lon, lat, radius_m):
    assume(abs(lat) < 60)
    assume(circle_flaw(Point(lon, lat), radius_m) is None)
    shape = circle_shape(lon, lat, radius_m)
    assert shape.is_valid
    assert area_m2(shape) == pytest.approx(pi * radius_m**2, rel=0.001)
    assert shape.contains(Point(lon, lat))


@given(lons, lats, stars, st.floats(-3000, 3000), st.floats(-3000, 3000))
def test_far_from_measures_the_farthest_corner(lon, lat, radii, east, north):
    mall = Polygon(around(lon, lat, [100.0] * 12))
    step = np.array([east / (METRES_PER_DEG * cos(radians(lat))), north / METRES_PER_DEG])
    shape = shapely.transform(Polygon(around(lon, lat, radii)), lambda c: c + step)
    frame = Frame(lon, lat)
    corners = shapely.points(shapely.get_coordinates(frame.geometry_to_metres(shape)))
    farthest = shapely.distance(corners, frame.geometry_to_metres(mall)).max()
    assume(abs(farthest - 500) > 1)
    assert (far_from(shape, mall, 500) is None) == (farthest < 500)


def test_swapped_axes_are_recognised_far_from_the_mall():
    mall = Point(LON, LAT)
    flaw = far_from(Point(LAT, LON), mall, 2_000)
    assert flaw is not None
    assert "swapped" in flaw.detail
    assert f"[{LON:g}, {LAT:g}]" in flaw.detail
    elsewhere = far_from(Point(LON + 1, LAT), mall, 2_000)
    assert elsewhere is not None
    assert "m away" in elsewhere.detail


def test_the_short_way_round_the_antimeridian_is_measured():
    assert far_from(Point(-179.999, 0), Point(179.999, 0), 500) is None


def test_a_zone_across_the_antimeridian_is_taken_when_it_is_cut():
    parts = (
        [[[179, 1], [180, 1], [180, 2], [179, 2], [179, 1]]],
        [[[-180, 1], [-179, 1], [-179, 2], [-180, 2], [-180, 1]]],
    )
    shape, flaws = check_area({"type": "MultiPolygon", "coordinates": list(parts)})
    assert flaws == []
    assert area_m2(shape) == pytest.approx(2 * area_m2(shape.geoms[0]))


def test_all_flaws_of_a_geometry_come_at_once():
    square = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
    _, flaws = check_area(
        {"type": "MultiPolygon", "coordinates": [[square[:4]], [[[5, 5], [6, 95], [5, 6], [5, 5]]], [[]], 7]}
    )
    assert [flaw.path for flaw in flaws] == [
        ("coordinates", 0, 0, 3),
        ("coordinates", 1, 0, 1, 1),
        ("coordinates", 2, 0),
        ("coordinates", 3),
    ]


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=3), lambda x: st.lists(x, max_size=4)))
def test_nonsense_gives_flaws_and_no_exception(value):
    for kind in ("Polygon", "MultiPolygon", "Point"):
        check = check_point if kind == "Point" else check_area
        shape, flaws = check({"type": kind, "coordinates": value})
        assert (shape is None) == bool(flaws)


@pytest.mark.parametrize(
    "crs, ok",
    [
        (None, True),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", True),
        ("urn:ogc:def:crs:OGC::CRS84", True),
        ("EPSG:4326", True),
        ("urn:ogc:def:crs:EPSG::4326", True),
        ("EPSG:3857", False),
        ("urn:ogc:def:crs:EPSG::25833", False),
    ],
)
def test_only_wgs84_is_taken(crs, ok):
    assert (check_crs({"crs": crs and {"type": "name", "properties": {"name": crs}}}) == []) is ok


def test_a_bbox_whose_west_is_east_of_its_east_is_two_boxes():
    assert [box.bounds for box in split_bbox(170, -10, -170, 10)] == [(170, -10, 180, 10), (-180, -10, -170, 10)]
    assert [box.bounds for box in split_bbox(-10, -10, 10, 10)] == [(-10, -10, 10, 10)]


def test_one_part_comes_out_as_a_polygon():
    one = Polygon([(0, 0), (1, 0), (1, 1), (0, 0)])
    assert to_geojson(MultiPolygon([one]))["type"] == "Polygon"
    assert to_geojson(MultiPolygon([one, shapely.affinity.translate(one, 5)]))["type"] == "MultiPolygon"


@pytest.mark.parametrize(
    "hours, at, inside",
    [
        ([], "2026-03-02T03:00", True),
        ([{"days": ["mon"], "open": "10:00", "close": "20:00"}], "2026-03-02T10:00", True),
        ([{"days": ["mon"], "open": "10:00", "close": "20:00"}], "2026-03-02T20:00", False),
        ([{"days": ["mon"], "open": "10:00", "close": "20:00"}], "2026-03-03T12:00", False),
        ([{"days": ["mon"], "open": "00:00", "close": "24:00"}], "2026-03-02T23:59", True),
        ([{"days": ["fri"], "open": "22:00", "close": "02:00"}], "2026-03-07T01:59", True),  # Saturday
        ([{"days": ["fri"], "open": "22:00", "close": "02:00"}], "2026-03-07T02:00", False),
        ([{"days": ["fri"], "open": "22:00", "close": "02:00"}], "2026-03-06T01:00", False),
        ([{"days": ["sun"], "open": "01:00", "close": "03:30"}], "2026-03-29T03:15", True),  # the clock has just jumped
    ],
)
def test_hours_are_read_on_the_local_clock(hours, at, inside):
    zone = ZoneInfo("Europe/Berlin")
    moment = datetime.fromisoformat(at).replace(tzinfo=zone).astimezone(UTC)
    assert is_open(parse_schedule({"hours": hours} if hours else None), zone, moment) is inside


@pytest.mark.parametrize(
    "opens, closes, turns",
    [
        ("22:00", "02:30", ["00:30"]),  # closed from the first half past two on
        ("02:30", "12:00", ["00:30", "11:00"]),
        ("02:10", "02:40", ["00:10", "00:40"]),
        ("22:00", "03:00", ["02:00"]),
        ("00:00", "24:00", ["23:00"]),
    ],
)
def test_in_an_hour_that_the_clock_shows_twice_the_first_time_counts(opens, closes, turns):
    """From 03:00 CEST (01:00 UTC) the clock goes back to 02:00 CET. Turns: when it opens or closes that day, UTC."""
    days = ["sun"] if opens < closes else ["sat"]
    schedule, zone = (
        parse_schedule({"hours": [{"days": days, "open": opens, "close": closes}]}),
        ZoneInfo("Europe/Berlin"),
    )
    minutes = [datetime(2026, 10, 24, 22, 1, tzinfo=UTC) + timedelta(minutes=n) for n in range(25 * 60)]
    opened = [is_open(schedule, zone, at) for at in minutes]
    found = [b for b, was, now in zip(minutes[1:], opened, opened[1:], strict=False) if was is not now]
    assert [f"{at:%H:%M}" for at in found] == turns


def test_validity_includes_its_start_and_not_its_end():
    start = datetime(2026, 3, 1, tzinfo=UTC)
    schedule = parse_schedule({"valid_from": "2026-03-01T00:00:00Z", "valid_to": "2026-03-02T00:00:00Z"})
    zone = ZoneInfo("UTC")
    assert is_open(schedule, zone, start)
    assert not is_open(schedule, zone, start - timedelta(seconds=1))
    assert not is_open(schedule, zone, start + timedelta(days=1))


def test_hours_that_say_nothing_are_refused():
    assert check_hours("10:00", "10:00")
    assert check_hours("24:00", "10:00")
    assert check_hours("10:00", "09:00") is None


def test_rules_take_defaults_when_read():
    assert ZoneRules.of({}, outdoor=False) == ZoneRules()
    assert ZoneRules.of({}, outdoor=True).enter_s == 30
    assert ZoneRules.of({"enter_s": 5, "dwell_s": [60, 30, 60]}, outdoor=True) == ZoneRules(enter_s=5, dwell_s=(30, 60))


def test_status_follows_from_versions():
    assert zone_status(3, None) is ZoneStatus.DRAFT
    assert zone_status(3, 3) is ZoneStatus.PUBLISHED
    assert zone_status(4, 3) is ZoneStatus.CHANGED

"""Every way to draw a zone wrongly gets an answer that points at the place."""

from itertools import pairwise
from typing import Any

import httpx
import pytest

from geoengage.kit.db import Session
from tests.api.test_venues_api import LAT, LON, feature, lonlat, make_mall, make_store, pointers, rectangle
from tests.factories import make_world

A, B, C, D = lonlat(0, 0), lonlat(20, 0), lonlat(20, 20), lonlat(0, 20)
SQUARE = [A, B, C, D, A]
HOLE = [lonlat(5, 5), lonlat(5, 8), lonlat(8, 8), lonlat(8, 5), lonlat(5, 5)]
AT = "#/geometry/coordinates"


def polygon(*rings: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings), **more}


def parts(*polygons: Any) -> dict[str, Any]:
    return {"type": "MultiPolygon", "coordinates": list(polygons)}


def shifted(ring: list[list[float]], east: float) -> list[list[float]]:
    """The ring so many metres further east."""
    step = lonlat(east, 0)[0] - LON
    return [[lon + step, lat] for lon, lat in ring]


CASES: dict[str, tuple[Any, set[str], str]] = {
    "bow-tie": (polygon([A, C, B, D, A]), {f"{AT}/0/0"}, "edge from position 0 meets the edge from position 2"),
    "figure of eight": (polygon([A, B, C, lonlat(10, -5), A]), {f"{AT}/0/0"}, "crosses"),
    "bow-tie in a hole": (polygon(SQUARE, [HOLE[0], HOLE[2], HOLE[1], HOLE[3], HOLE[0]]), {f"{AT}/1/0"}, "crosses"),
    "hole outside": (polygon(SQUARE, shifted(HOLE, 100)), {f"{AT}/1"}, "outside"),
    "hole over the edge": (polygon(SQUARE, shifted(HOLE, 14)), {f"{AT}/1"}, "outside"),
    "hole in a hole": (polygon(SQUARE, HOLE, shifted(HOLE, 1)), {f"{AT}/2"}, "ring 1"),
    "holes share an edge": (polygon(SQUARE, HOLE, shifted(HOLE, 3)), {f"{AT}/2"}, "one hole"),
    "hole along the edge": (polygon(SQUARE, [A, lonlat(0, 5), lonlat(5, 5), lonlat(5, 0), A]), {AT}, "along an edge"),
    "hole cuts it apart": (
        polygon(SQUARE, [lonlat(0, 10), lonlat(10, 12), lonlat(20, 10), lonlat(10, 8), lonlat(0, 10)]),
        {AT},
        "cut the polygon apart",
    ),
    "unclosed": (polygon(SQUARE[:4]), {f"{AT}/0/3"}, "not closed"),
    "unclosed hole": (polygon(SQUARE, HOLE[:4]), {f"{AT}/1/3"}, "not closed"),
    "too few": (polygon([A, B, A]), {f"{AT}/0"}, "4 positions"),
    "no area": (polygon([A, B, lonlat(40, 0), A]), {f"{AT}/0"}, "no area"),
    "spike": (polygon([A, B, C, B, D, A]), {f"{AT}/0/0"}, "touches itself"),
    "latitude out of range": (polygon([A, [151.2, 93.1], C, D, A]), {f"{AT}/0/1/1"}, "latitude"),
    "axes out of range": (polygon([A, [LAT, 112], C, D, A]), {f"{AT}/0/1/1"}, "swapped"),
    "longitude out of range": (polygon([A, [190, LAT], C, D, A]), {f"{AT}/0/1/0"}, "longitude 190"),
    "axes swapped": (polygon([[lat, lon] for lon, lat in SQUARE]), {AT}, "swapped"),
    "antimeridian": (polygon([[179, 1], [-179, 1], [-179, 2], [179, 2], [179, 1]]), {f"{AT}/0/1"}, "MultiPolygon"),
    "far from the mall": (polygon(shifted(SQUARE, 900)), {AT}, "from the mall"),
    "too many corners": (polygon([lonlat(i / 100, i % 2) for i in range(5_001)]), {AT}, "5001 corners"),
    "a line": ({"type": "LineString", "coordinates": SQUARE}, {"#/geometry/type"}, "LineString"),
    "a collection": ({"type": "GeometryCollection", "geometries": []}, {"#/geometry/type"}, "Polygon"),
    "no coordinates": ({"type": "Polygon"}, {AT}, "non-empty"),
    "no rings": (polygon(), {AT}, "non-empty"),
    "ring is no array": (polygon(5), {f"{AT}/0"}, "array"),
    "brackets missing": (polygon(*SQUARE), {AT}, "brackets"),
    "brackets missing in a part": (parts(SQUARE), {f"{AT}/0"}, "brackets"),
    "a number is text": (polygon([A, ["x", LAT], C, D, A]), {f"{AT}/0/1/0"}, "number"),
    "a number is true": (polygon([A, [True, LAT], C, D, A]), {f"{AT}/0/1/0"}, "number"),
    "one number": (polygon([A, [LON], C, D, A]), {f"{AT}/0/1"}, "[longitude, latitude]"),
    "null": (None, {"#/geometry"}, "GeoJSON"),
    "parts overlap": (parts([SQUARE], [shifted(SQUARE, 10)]), {f"{AT}/1"}, "part 0"),
    "parts share an edge": (parts([SQUARE], [shifted(SQUARE, 20)]), {f"{AT}/1"}, "edge"),
    "another crs": (
        polygon(SQUARE, crs={"type": "name", "properties": {"name": "EPSG:3857"}}),
        {"#/geometry/crs"},
        "WGS 84",
    ),
    "two at once": (polygon(SQUARE[:4], [A, [1, None], A]), {f"{AT}/0/3", f"{AT}/1/1/1"}, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_the_place_is_named(client: httpx.AsyncClient, session: Session, case: str) -> None:
    geometry, expected, words = CASES[case]
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0)
    body = feature(geometry, name="Zone", mall_id=mall_id, levels=[0])
    response = await client.post("/v1/zones", json=body, headers=world.sk_headers)
    assert pointers(response) == expected
    assert words in response.json()["errors"][0]["detail"]
    assert all(line["in"] == "body" for line in response.json()["errors"])


@pytest.mark.parametrize(
    "text, pointer",
    [
        ('{"type":"Polygon","coordinates":[[[0,0],[1,NaN],[1,1],[0,0]]]}', f"{AT}/0/1/1"),
        ('{"type":"Polygon","coordinates":[[[0,0],[1,0],[-Infinity,1],[0,0]]]}', f"{AT}/0/2/0"),
        ('{"type":"Point","coordinates":[1e400,2]}', f"{AT}/0"),
    ],
)
async def test_nan_is_named(client: httpx.AsyncClient, session: Session, text: str, pointer: str) -> None:
    world = await make_world(session)
    headers = world.sk_headers | {"Content-Type": "application/geo+json"}
    for form in ('{"geometry":%s,"properties":{"name":"x"}}', '{"geometry":%s}'):
        response = await client.post("/v1/zones", content=form % text, headers=headers)
        assert pointers(response) == {pointer}


async def test_flaws_of_geometry_and_properties_come_together(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    body = feature(polygon([A, C, B, D, A]), kind="shop", mall_id="x", radius=4, rules={"enter_s": -1, "dwell_s": [0]})
    body["crs"] = "EPSG:25833"
    assert pointers(await client.post("/v1/zones", json=body, headers=world.sk_headers)) == {
        "#/crs",
        f"{AT}/0/0",
        "#/properties/name",
        "#/properties/kind",
        "#/properties/mall_id",
        "#/properties/radius",
        "#/properties/rules/enter_s",
        "#/properties/rules/dwell_s/0",
    }


async def test_flaws_of_references_come_together(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0, 1)
    body = feature(rectangle(3_000), name="x", mall_id=mall_id, levels=[1, 4, 7], store_id=mall_id)
    assert pointers(await client.post("/v1/zones", json=body, headers=world.sk_headers)) == {
        AT,
        "#/properties/levels/1",
        "#/properties/levels/2",
        "#/properties/store_id",
    }


@pytest.mark.parametrize(
    "geometry, properties, expected",
    [
        ({"type": "Point", "coordinates": A}, {}, {"#/properties/radius_m"}),
        ({"type": "Point", "coordinates": A}, {"radius_m": 0.5}, {"#/properties/radius_m"}),
        ({"type": "Point", "coordinates": A}, {"radius_m": 50_001}, {"#/properties/radius_m"}),
        (polygon(SQUARE), {"radius_m": 5}, {"#/properties/radius_m"}),
        ({"type": "Point", "coordinates": [179.9999, 0]}, {"radius_m": 100}, {AT}),
        ({"type": "Point", "coordinates": [0, 89.9]}, {"radius_m": 100}, {AT}),
        ({"type": "Point", "coordinates": [LON]}, {"radius_m": 100}, {AT}),
        (polygon(SQUARE), {"levels": [0]}, {"#/properties/levels"}),
        (polygon(SQUARE), {"schedule": {"valid_from": "2026-01-01T00:00:00"}}, {"#/properties/schedule/valid_from"}),
        (
            polygon(SQUARE),
            {"schedule": {"valid_from": "2026-02-01T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"}},
            {"#/properties/schedule/valid_to"},
        ),
        (
            polygon(SQUARE),
            {"schedule": {"hours": [{"days": [], "open": "10:00", "close": "12:00"}]}},
            {"#/properties/schedule/hours/0/days"},
        ),
        (
            polygon(SQUARE),
            {"schedule": {"hours": [{"days": ["mon"], "open": "10:00", "close": "10:00"}]}},
            {"#/properties/schedule/hours/0/close"},
        ),
    ],
)
async def test_circles_levels_and_schedules(
    client: httpx.AsyncClient, session: Session, geometry: Any, properties: dict[str, Any], expected: set[str]
) -> None:
    world = await make_world(session)
    body = feature(geometry, name="x", **properties)
    assert pointers(await client.post("/v1/zones", json=body, headers=world.sk_headers)) == expected


async def test_axes_of_an_outdoor_zone_are_checked_against_known_places(
    client: httpx.AsyncClient, session: Session
) -> None:
    world = await make_world(session)
    swapped = feature(polygon([[lat, lon] for lon, lat in SQUARE]), name="x")
    assert (await client.post("/v1/zones", json=swapped, headers=world.sk_headers)).status_code == 201  # who knows?
    await make_store(client, world)
    assert pointers(await client.post("/v1/zones", json=swapped, headers=world.sk_headers)) == {AT}
    elsewhere = feature(polygon(shifted(SQUARE, 90_000)), name="x")
    assert (await client.post("/v1/zones", json=elsewhere, headers=world.sk_headers)).status_code == 201


async def test_altitude_and_order_of_corners_do_not_matter(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    clockwise = [[*position, 113.0, 7] for position in reversed(SQUARE)]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    body = feature(polygon(clockwise, crs=crs), name="x") | {"bbox": [1, 2, 3, 4], "title": "foreign"}
    made = (await client.post("/v1/zones", json=body, headers=world.sk_headers)).json()
    assert made["geometry"]["type"] == "Polygon"
    (ring,) = made["geometry"]["coordinates"]
    assert all(len(position) == 2 for position in ring)
    twice_the_area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))
    assert twice_the_area > 0  # counter-clockwise: RFC 7946 section 3.1.6
    assert made["properties"]["area_m2"] == pytest.approx(400, rel=1e-3)

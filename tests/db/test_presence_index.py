"""The index in memory against PostGIS, which stays the truth: who is in which zone, down to the boundary."""

import random
from uuid import UUID

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.geo import disc_share
from geoengage.kit.ids import new_id
from geoengage.presence.index import ZoneIndex
from geoengage.presence.service import IndexCache
from geoengage.presence.store import get_ping_policy
from geoengage.venues.models import Unit
from tests.factories import World, make_world
from tests.places import FRAME, lonlat, make_mall, make_zone, on_earth, square


async def load(session: Session, world: World) -> ZoneIndex:
    policy = await get_ping_policy(session, world.tenant_id)
    return await IndexCache().get(session, world.tenant_id, policy.epoch)


def blob(rng: random.Random) -> shapely.Geometry:
    """A star-shaped polygon, sometimes with a hole, sometimes of two parts."""
    x, y, r = rng.uniform(-120, 120), rng.uniform(-120, 120), rng.uniform(5, 60)
    angles = sorted(rng.uniform(0, 2 * np.pi) for _ in range(rng.randint(5, 12)))
    ring = [(x + np.cos(a) * r * rng.uniform(0.5, 1), y + np.sin(a) * r * rng.uniform(0.5, 1)) for a in angles]
    shape = shapely.Polygon(ring)
    if not shape.is_valid or rng.random() < 0.3:
        shape = shape.convex_hull
    if rng.random() < 0.4:
        shape = shape.difference(shapely.Point(x, y).buffer(r / 5, quad_segs=2))
    if rng.random() < 0.3:
        shape = shape.union(square(x + 3 * r, y, r / 2))
    return shape


@pytest.mark.parametrize("seed", range(3))
async def test_the_index_finds_what_postgis_covers(session: Session, seed: int) -> None:
    rng = random.Random(seed)
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    shapes = [s for s in (blob(rng) for _ in range(24)) if s.is_valid and s.area > 1]
    shapes += [square(-100, 0, 10), square(-80, 0, 10)]  # neighbours with a common edge
    for n, shape in enumerate(shapes):
        await make_zone(session, world, shape, mall_id=mall_id if n % 2 else None)
    points = _points(rng, [on_earth(s) for s in shapes])
    index = await load(session, world)
    pairs = index.near(points[:, 0], points[:, 1], np.zeros(len(points)))
    found = {(int(p), index.zones[z].zone_id) for p, z in zip(pairs.point, pairs.zone, strict=True)}
    assert found == await _covered(session, world, points)
    assert len(found) > len(points) / 2


def _points(rng: random.Random, shapes: list[shapely.MultiPolygon]) -> np.ndarray:
    """Random points, every corner, the middle and a random point of every edge; nearly on the boundary, too."""
    random_ones = [lonlat(rng.uniform(-150, 150), rng.uniform(-150, 150)) for _ in range(300)]
    corners = np.concatenate([shapely.get_coordinates(s) for s in shapes])
    along = [
        (a + (b - a) * part)
        for s in shapes
        for part_ in s.geoms
        for ring in (part_.exterior, *part_.interiors)
        for a, b in zip(shapely.get_coordinates(ring)[:-1], shapely.get_coordinates(ring)[1:], strict=True)
        for part in (0.5, rng.random())
    ]
    return np.concatenate([random_ones, corners, along, np.nextafter(corners, 0), np.nextafter(corners, 90)])


async def _covered(session: Session, world: World, points: np.ndarray) -> set[tuple[int, UUID]]:
    rows = await session.execute(
        text(
            "SELECT p.n - 1, v.zone_id FROM unnest(CAST(:lon AS float8[]), CAST(:lat AS float8[])) WITH ORDINALITY"
            " AS p (lon, lat, n) JOIN zone_version v ON v.tenant_id = :tenant_id"
            " AND ST_Covers(v.geom, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326))"
        ),
        {"lon": points[:, 0].tolist(), "lat": points[:, 1].tolist(), "tenant_id": world.tenant_id},
    )
    return {(int(row[0]), row[1]) for row in rows}


async def test_distances_are_metres_with_sign_and_shares_exact(session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    ring = square().difference(square(half=5))
    for where in (mall_id, None):
        await make_zone(session, world, ring, mall_id=where)
    index = await load(session, world)
    spots = [(0.0, 0.0), (10.0, 0.0), (20.0, 0.0), (23.0, 24.0), (40.0, 0.0)]
    lon, lat = np.array([lonlat(*s) for s in spots]).T
    for zone in (0, 1):
        pairs = index.near(lon, lat, np.full(5, 15.0))
        mine = pairs.zone == zone
        assert pairs.point[mine].tolist() == [0, 1, 2, 3], "the last is out of reach"
        assert pairs.s[mine] == pytest.approx([5, -5, 0, 5], abs=2e-3)
        assert index.share(zone, lon[1], lat[1], 5.0, -5.0) == 1.0
        assert index.share(zone, lon[3], lat[3], 5.0, 5.0) == 0.0
        assert index.share(zone, lon[2], lat[2], 8.0, 0.0) == pytest.approx(disc_share(ring, 20, 0, 8), abs=1e-3)


async def test_what_the_index_holds(session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world, levels=(-1, 0, 1))
    indoors = await make_zone(session, world, square(), mall_id=mall_id, levels=[0, 1])
    outdoors = await make_zone(session, world, square(300), mall_id=None)
    for sensitivity in ("health", "worship", "children", "restroom"):
        await make_zone(session, world, square(), mall_id=mall_id, sensitivity=sensitivity)
    index = await load(session, world)
    assert {z.zone_id for z in index.zones} == set(index.by_id) == {indoors, outdoors}, "sensitive zones are left out"
    assert index.floors(index.by_id[indoors]) == (-1, 0, 1)
    assert index.floors(index.by_id[outdoors]) == ()
    assert index.by_id[outdoors].rules.enter_s == 30


async def test_ways_between_floors_and_out_of_the_building(session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    lift = Unit(
        tenant_id=world.tenant_id, id=new_id(), mall_id=mall_id, level=0, category="lift",
        geom=on_earth(square(50, 0, 3)),
    )  # fmt: skip
    session.add(lift)
    await session.commit()
    index = await load(session, world)
    spots = np.array([lonlat(x, 0) for x in (0, 50, 56, 70, 200)]).T
    ways = index.ways(*spots)
    assert ways.at_connector.tolist() == [False, True, True, False, False]
    assert ways.outdoors.tolist() == [False, False, False, False, True]


async def test_an_index_is_kept_until_the_epoch_moves(session: Session) -> None:
    world = await make_world(session)
    cache = IndexCache()
    first = await cache.get(session, world.tenant_id, 0)
    assert len(first) == 0
    assert len(first.near(np.array([8.5]), np.array([47.3]), np.array([10.0])).zone) == 0
    assert first.nearest_circles(8.5, 47.3, 20) == []
    await make_zone(session, world, square())
    assert await cache.get(session, world.tenant_id, 0) is first
    second = await cache.get(session, world.tenant_id, (await get_ping_policy(session, world.tenant_id)).epoch)
    assert len(second) == 1


async def test_nearest_circles_hold_their_zones(session: Session) -> None:
    world = await make_world(session)
    for x in (0, 100, 400, 900):
        await make_zone(session, world, square(x, half=200 if x == 900 else 20), name=str(x))
    index = await load(session, world)
    found = index.nearest_circles(*lonlat(90, 0), 3)
    assert [c.name for c, _ in found] == ["100", "0", "400"]
    assert [round(c.radius_m) for c, _ in index.nearest_circles(*lonlat(90, 0), 9)] == [100, 100, 100, 283]
    for circle, box_m in index.nearest_circles(*lonlat(0, 0), 9):
        zone = index.by_id[circle.zone_id]
        metres = FRAME.geometry_to_metres(zone.geometry)
        center = shapely.Point(FRAME.to_metres(circle.lon, circle.lat))
        assert shapely.hausdorff_distance(center, metres) <= circle.radius_m + 0.1
        assert box_m <= metres.distance(shapely.Point(0, 0)) + 0.1


async def test_how_much_of_its_circle_a_zone_fills_and_how_far_away_it_is(session: Session) -> None:
    world = await make_world(session)
    small = await make_zone(session, world, square(half=20))
    large = await make_zone(session, world, shapely.Point(0, 0).buffer(200))
    index = await load(session, world)
    assert index.circle_share(index.number[small]) == pytest.approx(1600 / (np.pi * 100**2), abs=1e-3)
    assert index.circle_share(index.number[large]) == pytest.approx(1.0, abs=0.01)
    for x, expected in ((0, -20), (20, 0), (1000, 980)):
        assert index.signed_distance_m(index.number[small], *lonlat(x, 0)) == pytest.approx(expected, abs=0.05)

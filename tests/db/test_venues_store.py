"""PostGIS and our plane agree; concurrent editors do not overwrite each other."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest
import shapely
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit import errors
from geoengage.kit.db import Session, make_sessions, transaction
from geoengage.kit.geo import Frame, signed_distance
from geoengage.kit.http import check_version
from geoengage.kit.ids import new_id
from geoengage.venues import service, store
from geoengage.venues.models import ZoneVersion
from geoengage.venues.rules import area_m2
from geoengage.venues.shapes import ZoneIn
from geoengage.venues.store import versions
from tests.factories import World, make_world

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def star(lon: float, lat: float, seed: int, holes: int = 0) -> dict[str, object]:
    """A star-shaped polygon of some 100 m with square holes around its middle."""
    random = np.random.default_rng(seed)
    frame = Frame(lon, lat)

    def ring(radii: list[float], x0: float = 0.0) -> list[list[float]]:
        angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
        xs, ys = frame.to_lonlat(x0 + np.array(radii) * np.cos(angles), np.array(radii) * np.sin(angles))
        points = [[float(x), float(y)] for x, y in zip(xs, ys, strict=True)]
        return [*points, points[0]]

    outer = ring([float(r) for r in random.uniform(60, 120, 17)])
    return {"type": "Polygon", "coordinates": [outer, *(ring([5.0] * 4, 12.0 * i) for i in range(holes))]}


def zone_in(geometry: dict[str, object], **properties: object) -> ZoneIn:
    return ZoneIn.model_validate({"geometry": geometry, "properties": {"name": "Zone", **properties}})


async def draw(session: Session, world: World, zone: ZoneIn) -> ZoneVersion:
    made = await service.create_zone(session, world.tenant_id, new_id(), zone, by="test", now=NOW)
    return made.edit


@pytest.mark.parametrize("lon, lat", [(12.4, 51.4), (-79.4, 43.7), (174.8, -41.3), (103.8, 1.3), (25.5, 65.0)])
async def test_areas_agree_with_the_ellipsoid(session: Session, lon: float, lat: float) -> None:
    world = await make_world(session)
    edit = await draw(session, world, zone_in(star(lon, lat, seed=1, holes=2)))
    query = select(func.ST_Area(text("geom::geography"))).where(ZoneVersion.zone_id == edit.zone_id)
    assert area_m2(edit.geom) == pytest.approx((await session.execute(query)).scalar(), rel=0.01)


async def test_containment_agrees_and_nothing_changes_on_the_way(session: Session) -> None:
    world = await make_world(session)
    edit = await draw(session, world, zone_in(star(12.4, 51.4, seed=2, holes=3)))
    session.expunge_all()  # read what is stored, not what is remembered
    stored = (await store.get_zone(session, world.tenant_id, edit.zone_id)).edit.geom
    assert stored == zone_in(star(12.4, 51.4, seed=2, holes=3)).geometry
    random = np.random.default_rng(3)
    points = np.column_stack([random.uniform(12.398, 12.402, 300), random.uniform(51.3985, 51.4015, 300)])
    points = np.vstack([points, shapely.get_coordinates(stored)])  # the corners count as inside
    rows = await session.execute(
        text(
            "SELECT ST_Covers(z.geom, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326))"
            " FROM unnest(CAST(:lons AS float8[]), CAST(:lats AS float8[])) WITH ORDINALITY AS p (lon, lat, i),"
            " zone_version z WHERE z.tenant_id = :tenant_id AND z.zone_id = :zone_id ORDER BY p.i"
        ),
        {
            "lons": points[:, 0].tolist(),
            "lats": points[:, 1].tolist(),
            "tenant_id": world.tenant_id,
            "zone_id": edit.zone_id,
        },
    )
    frame = Frame(12.4, 51.4, 27)
    x, y = frame.to_metres(points[:, 0], points[:, 1])
    inside = signed_distance(frame.geometry_to_metres(stored), x, y) < 1e-6
    assert inside.tolist() == list(rows.scalars())


async def test_two_editors_at_once_make_one_version(committed: AsyncEngine) -> None:
    sessions = make_sessions(committed)
    async with sessions() as session:
        world = await make_world(session)
    geometry = star(12.4, 51.4, seed=4)
    async with transaction(sessions, world.tenant_id) as session:
        zone_id = (await draw(session, world, zone_in(geometry))).zone_id

    async def edit(name: str) -> int:
        async with transaction(sessions, world.tenant_id) as session:
            zone = await store.get_zone(session, world.tenant_id, zone_id, lock=True)
            check_version(zone.head.version, 1)
            await asyncio.sleep(0.05)
            wanted = zone_in(geometry, name=name)
            return (await service.edit_zone(session, world.tenant_id, zone.head, wanted, by=name, now=NOW)).head.version

    outcomes = await asyncio.gather(edit("one"), edit("two"), return_exceptions=True)
    assert sorted(type(outcome) for outcome in outcomes if not isinstance(outcome, int)) == [errors.PreconditionFailed]
    assert 2 in outcomes


async def test_publishing_at_once_counts_each_change(committed: AsyncEngine) -> None:
    sessions = make_sessions(committed)
    async with sessions() as session:
        world = await make_world(session)
    async with transaction(sessions, world.tenant_id) as session:
        ids = [(await draw(session, world, zone_in(star(12.4, 51.4, seed=n)))).zone_id for n in range(4)]

    async def publish(zone_id: UUID) -> None:
        async with transaction(sessions, world.tenant_id) as session:
            zone = await store.get_zone(session, world.tenant_id, zone_id, lock=True)
            await service.publish_zone(session, world.tenant_id, zone, NOW)

    await asyncio.gather(*(publish(zone_id) for zone_id in ids + ids))  # each twice
    async with transaction(sessions, world.tenant_id) as session:
        assert await store.venue_epoch(session, world.tenant_id) == len(ids)
        assert {z.zone_id for z in await versions.list_published_zones(session, world.tenant_id)} == set(ids)

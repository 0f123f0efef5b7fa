"""A real mall (../shared/data/mall_xixi) over HTTP: its 571 surveyed walks as they are, one device each, enter what
geometry says and nothing else."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.profiles.models import Device
from geoengage.venues.models import Level, Mall, Zone, ZoneVersion
from geoengage.venues.store import raise_epoch
from tests.bench.accuracy.mall import FRAME, plans, surveyed
from tests.factories import World, make_world
from tests.places import rows
from tests.shared_data import shared_data

EXACT = {"single_fix": True, "enter_s": 0, "exit_s": 0, "exit_tolerance_m": 0}


async def make_xixi(session: Session, world: World) -> dict[UUID, str]:
    """The mall, its floors, and its stores as zones; the store's key by zone."""
    tenant_id, mall_id, found = world.tenant_id, new_id(), {}
    about = {"name": "Xixi", "timezone": "Asia/Shanghai", "origin_lon": FRAME.lon, "origin_lat": FRAME.lat}
    session.add(Mall(tenant_id=tenant_id, id=mall_id, bearing_deg=0.0, **about))
    await session.flush()
    for ordinal, plan in plans().items():
        names = {"ordinal": ordinal, "name": f"Floor {ordinal}", "short_name": str(ordinal)}
        outline = on_earth(plan.outline)
        session.add(Level(tenant_id=tenant_id, id=new_id(), mall_id=mall_id, geom=outline, **names))
    stores = {new_id(): store for plan in plans().values() for store in plan.stores}
    for zone_id in stores:
        session.add(Zone(tenant_id=tenant_id, id=zone_id, mall_id=mall_id, version=1, published_version=1))
    await session.flush()
    for zone_id, store in stores.items():
        values: dict[str, Any] = {
            "kind": "store", "levels": [store.level], "tags": [], "sensitivity": "none", "extra": {},
            "effective_from": utc_now() - timedelta(days=1), "rules": EXACT, "name": store.name,
        }  # fmt: skip
        area = on_earth(store.area)
        session.add(ZoneVersion(tenant_id=tenant_id, zone_id=zone_id, version=1, mall_id=mall_id, geom=area, **values))
        found[zone_id] = store.key
    await session.flush()
    await raise_epoch(session, tenant_id)
    await session.commit()
    return found


def on_earth(shape: BaseGeometry) -> shapely.MultiPolygon:
    """A shape in metres of the mall as venues keep it."""
    rounded = shapely.transform(FRAME.geometry_to_lonlat(shape), lambda c: c.round(9))
    return shapely.MultiPolygon([part for part in shapely.get_parts(rounded) if part.area > 0])


async def make_devices(session: Session, world: World) -> dict[str, UUID]:
    """One that consented for each walk."""
    ids = {key: new_id() for key in surveyed()}
    values = {"app_id": world.app_id, "platform": "android", "token_version": 1, "location": "granted"}
    consents = {"marketing_push": "granted", "personalisation": "granted"}
    session.add_all([Device(tenant_id=world.tenant_id, id=id_, **values, **consents) for id_ in ids.values()])
    await session.commit()
    return ids


async def replayed(
    client: httpx.AsyncClient, session: Session, world: World, began: datetime, *, with_floors: bool
) -> tuple[dict[str, UUID], set[tuple[UUID, UUID]]]:
    """(device by walk, pairs of device and zone that it entered) when everybody walks at `began`."""
    devices = await make_devices(session, world)
    pings = []
    for key, walk in surveyed().items():
        for t, x, y, level in walk:
            lon, lat = FRAME.to_lonlat(x, y)
            at = began + timedelta(seconds=t - walk[0][0])
            place = {"lon": float(lon), "lat": float(lat), "accuracy_m": 0.5} | (
                {"level": level} if with_floors else {}
            )
            pings.append({"device_id": str(devices[key]), "at": at.isoformat()} | place)
    for start in range(0, len(pings), 1000):
        some = pings[start : start + 1000]
        answer = await client.post("/v1/pings", json={"pings": some}, headers=world.sk_headers)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"accepted": len(some), "duplicates": 0, "rejected": []}
    found = await rows(session, "SELECT device_id, zone_id FROM zone_event WHERE kind = 'entered'")
    mine = set(devices.values())
    return devices, {(device_id, zone_id) for device_id, zone_id in found if device_id in mine}


async def test_exactly_what_geometry_gives(
    client: httpx.AsyncClient, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    shared_data("mall_xixi")
    world = await make_world(session)
    zones = await make_xixi(session, world)
    began = utc_now() - timedelta(hours=3)
    pairs, positions = set(), 0
    stores = {level: (plan.stores, shapely.STRtree([s.area for s in plan.stores])) for level, plan in plans().items()}
    for key, walk in surveyed().items():
        for _, x, y, level in walk:
            here = stores[level][1].query(shapely.Point(x, y), predicate="covered_by")
            pairs |= {(key, stores[level][0][n].key) for n in here}
            positions += len(here) > 0
    devices, entered = await replayed(client, session, world, began, with_floors=True)
    walk_of = {device_id: key for key, device_id in devices.items()}
    assert (len(pairs), positions) == (15, 21), "what the data's README says"
    assert {(walk_of[device_id], zones[zone_id]) for device_id, zone_id in entered} == pairs
    _, without = await replayed(client, session, world, began, with_floors=False)
    assert len(without) > len(entered)
    with capsys.disabled():
        print(f"\nover HTTP: {len(entered)} pairs of walk and store; with the floors removed {len(without)}")  # noqa: T201

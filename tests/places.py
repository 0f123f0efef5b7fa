"""A mall of 300 m with zones told in metres around its middle, devices in it, and pings of theirs.

x and y are metres of the mall's frame, whose axis is turned by 30°, so that nothing is axis-aligned in lon/lat.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.geo import Frame
from geoengage.kit.ids import new_id
from geoengage.presence.rules.fixes import PingIn
from geoengage.profiles.models import Device
from geoengage.tenancy.auth import make_device_token
from geoengage.tenancy.rules import Principal, PrincipalKind
from geoengage.venues.models import Level, Mall, Zone, ZoneVersion
from geoengage.venues.store import raise_epoch
from tests.conftest import KEY
from tests.factories import World

FRAME = Frame(8.5417, 47.3769, 30.0)


def lonlat(x: float, y: float) -> tuple[float, float]:
    """Where a point of the mall lies on Earth."""
    lon, lat = FRAME.to_lonlat(x, y)
    return float(lon), float(lat)


def on_earth(shape: BaseGeometry) -> shapely.MultiPolygon:
    """A shape in metres as a lon/lat MultiPolygon, with the nine decimals that venues keep."""
    rounded = shapely.transform(FRAME.geometry_to_lonlat(shape), lambda c: c.round(9))
    return shapely.MultiPolygon(list(shapely.get_parts(rounded)))


def square(x: float = 0.0, y: float = 0.0, half: float = 20.0) -> BaseGeometry:
    """A square around a point, metres."""
    return shapely.box(x - half, y - half, x + half, y + half)


async def make_mall(session: Session, world: World, levels: Collection[int] = (0, 1)) -> UUID:
    """A mall with those floors."""
    mall = Mall(
        tenant_id=world.tenant_id, id=new_id(), name="Mall", timezone="Europe/Zurich",
        origin_lon=FRAME.lon, origin_lat=FRAME.lat, bearing_deg=FRAME.bearing_deg,
    )  # fmt: skip
    session.add(mall)
    await session.flush()
    outline = on_earth(square(half=150))
    for n in levels:
        about = {"ordinal": n, "name": f"Floor {n}", "short_name": str(n), "geom": outline}
        session.add(Level(tenant_id=world.tenant_id, id=new_id(), mall_id=mall.id, **about))
    await raise_epoch(session, world.tenant_id)
    await session.commit()
    return mall.id


async def make_zone(
    session: Session,
    world: World,
    shape: BaseGeometry,
    *,
    mall_id: UUID | None = None,
    store_id: UUID | None = None,
    name: str = "Shop",
    rules: dict[str, Any] | None = None,
    **over: Any,
) -> UUID:
    """A zone published a day ago, on floor 0 if it is in a mall. `shape` in metres; `over` goes to the version."""
    zone = Zone(
        tenant_id=world.tenant_id, id=new_id(), mall_id=mall_id, store_id=store_id, version=1, published_version=1
    )
    session.add(zone)
    await session.flush()
    values: dict[str, Any] = {
        "kind": "store", "levels": [0] if mall_id else [], "tags": [], "sensitivity": "none", "extra": {},
        "effective_from": datetime.now(UTC) - timedelta(days=1),
    } | over  # fmt: skip
    session.add(
        ZoneVersion(
            tenant_id=world.tenant_id, zone_id=zone.id, version=1, mall_id=mall_id, store_id=store_id, name=name,
            geom=on_earth(shape), rules=rules or {}, **values,
        )
    )  # fmt: skip
    await session.flush()
    await raise_epoch(session, world.tenant_id)
    await session.commit()
    return zone.id


@dataclass(frozen=True)
class Phone:
    """A device with its credential."""

    id: UUID
    headers: dict[str, str]


async def make_phone(session: Session, world: World, **over: Any) -> Phone:
    """A device that consented to everything."""
    values: dict[str, Any] = {
        "app_id": world.app_id, "platform": "android", "location": "granted", "marketing_push": "granted",
        "personalisation": "granted", "token_version": 1,
    } | over  # fmt: skip
    device = Device(tenant_id=world.tenant_id, id=new_id(), **values)
    session.add(device)
    await session.commit()
    principal = Principal(world.tenant_id, device.id, PrincipalKind.DEVICE, token_version=device.token_version)
    return Phone(device.id, {"Authorization": f"Bearer {make_device_token(KEY, principal)}"})


def ping(at: datetime, x: float, y: float = 0.0, **over: Any) -> dict[str, Any]:
    """A ping as JSON holds it: 5 m accurate on the ground floor unless `over` says otherwise (None: left out)."""
    lon, lat = lonlat(x, y)
    body = {"at": at.isoformat(), "lon": lon, "lat": lat, "accuracy_m": 5.0, "level": 0} | over
    return {key: value for key, value in body.items() if value is not None}


def ping_in(at: datetime, x: float, y: float = 0.0, accuracy_m: float = 5.0, level: int | None = 0) -> PingIn:
    """The same, decoded."""
    lon, lat = lonlat(x, y)
    return PingIn(at=at, lon=lon, lat=lat, accuracy_m=accuracy_m, level=level)


def ago(seconds: float) -> datetime:
    """So long before now."""
    return datetime.now(UTC) - timedelta(seconds=seconds)


async def send(client: httpx.AsyncClient, phone: Phone, *pings: dict[str, Any], **body: Any) -> dict[str, Any]:
    """Post pings of a phone; the answer."""
    answer = await client.post("/v1/pings", json={"pings": list(pings)} | body, headers=phone.headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def rows(session: Session, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """What a query finds."""
    return [tuple(row) for row in await session.execute(text(sql), values)]


async def zone_events(session: Session, world: World) -> list[tuple[Any, ...]]:
    """(type, reason) of all zone events, in ledger order."""
    return await rows(
        session,
        "SELECT payload->>'type', payload->>'reason' FROM ledger WHERE tenant_id = :t AND type LIKE 'zone.%'"
        " ORDER BY position",
        t=world.tenant_id,
    )

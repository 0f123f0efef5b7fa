"""What a phone should do by itself: the zones to monitor around it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from geoengage.kit.http import PROBLEMS, Tx
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.service import nearby
from geoengage.presence.writer import PingWriter
from geoengage.tenancy.auth import DeviceCaller

router = APIRouter(tags=["presence"])


class CircleOut(BaseModel):
    """A zone as a circle that a phone can monitor."""

    zone_id: UUID = Field(description="The zone.")
    name: str = Field(description="Its name.")
    lon: float = Field(description="Centre, degrees.")
    lat: float = Field(description="Centre, degrees.")
    radius_m: float = Field(description="Holds the whole zone; at least 100 m, since phones cannot do less.")


class RefreshOut(BaseModel):
    """Leave this circle: ask again."""

    lon: float = Field(description="Centre, degrees.")
    lat: float = Field(description="Centre, degrees.")
    radius_m: float = Field(description="Radius, metres.")


class GeofencesOut(BaseModel):
    """What to monitor from here."""

    circles: list[CircleOut] = Field(description="Nearest first.")
    refresh: RefreshOut = Field(description="Monitor this one's exit beside the others and ask again when it fires.")


@router.get("/v1/geofences/nearby", responses=PROBLEMS)
async def list_nearby_geofences(
    request: Request,
    me: DeviceCaller,
    tx: Tx,
    lon: Annotated[float, Query(ge=-180, le=180, description="Where the phone is, degrees.", allow_inf_nan=False)],
    lat: Annotated[float, Query(ge=-90, le=90, description="Where the phone is, degrees.", allow_inf_nan=False)],
    limit: Annotated[int, Query(ge=2, le=100, description="How many regions the phone can monitor (iOS 20).")] = 20,
) -> GeofencesOut:
    """The nearest published zones as circles for on-device monitoring, and one circle to refresh them by.

    Without location consent there is nothing to monitor: no circles.
    """
    tenant_id = TenantId(me.tenant_id)
    device = await store.find_device(tx, tenant_id, me.id, me.token_version)
    writer: PingWriter = request.app.state.ping_writer
    found = await nearby(tx, tenant_id, writer.indexes, device, lon, lat, limit)
    circles = [
        CircleOut(zone_id=c.zone_id, name=c.name, lon=c.lon, lat=c.lat, radius_m=round(c.radius_m, 1))
        for c in found.circles
    ]
    refresh = RefreshOut(lon=found.refresh.lon, lat=found.refresh.lat, radius_m=round(found.refresh.radius_m, 1))
    return GeofencesOut(circles=circles, refresh=refresh)

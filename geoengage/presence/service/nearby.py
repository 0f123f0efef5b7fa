"""What a phone should monitor by itself: one function, whoever hands it to the phone (`/v1/geofences/nearby`, an
adapter that pushes regions in its answer)."""

from collections.abc import Sequence
from dataclasses import dataclass

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.index import Circle
from geoengage.presence.service.indexes import IndexCache

SMALLEST_REFRESH_M, FAR_M = 200.0, 20_000.0  # of the circle on whose exit a phone asks again


@dataclass(frozen=True, slots=True)
class Refresh:
    """Leave this circle: ask again. lon, lat degrees."""

    lon: float
    lat: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Nearby:
    """The nearest zones as circles, nearest first, and the circle that tells when to ask again."""

    circles: Sequence[Circle]
    refresh: Refresh


async def nearby(
    session: Session,
    tenant_id: TenantId,
    indexes: IndexCache,
    device: store.LockedDevice,
    lon: float,
    lat: float,
    limit: int,
) -> Nearby:
    """At most `limit` (from 2) regions around a position, the refresh circle counted in.

    Without location consent: no circles.
    """
    tenant = await store.get_ping_policy(session, tenant_id)
    index = await indexes.get(session, tenant_id, tenant.epoch)
    found = index.nearest_circles(lon, lat, limit - 1) if device.may_locate else []
    # Zones beyond the last one are at least as far away as its box.
    reach = found[-1][1] if len(found) == limit - 1 else FAR_M
    refresh = Refresh(lon, lat, min(FAR_M, max(SMALLEST_REFRESH_M, reach * 0.8)))
    return Nearby([circle for circle, _ in found], refresh)

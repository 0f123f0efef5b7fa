"""The zone indexes of this process: one a tenant, made anew when the tenant's epoch has moved on."""

from geoengage.kit.db import Session
from geoengage.kit.geo import Frame
from geoengage.kit.ids import TenantId
from geoengage.presence.index import Building, ZoneIndex
from geoengage.venues import store as venues
from geoengage.venues.store import evidence


class IndexCache:
    """The newest index of each tenant in this process. `get` is given the epoch that the transaction saw."""

    def __init__(self) -> None:
        self._indexes: dict[TenantId, ZoneIndex] = {}

    async def get(self, session: Session, tenant_id: TenantId, epoch: int) -> ZoneIndex:
        """The index of that epoch, built when it is not at hand.

        Built in the event loop: prepared geometries must not be shared between threads (GEOS builds their trees when
        they are first asked).
        """
        known = self._indexes.get(tenant_id)
        if known is not None and known.epoch == epoch:
            return known
        zones = await venues.list_published_zones(session, tenant_id)
        points = await evidence.list_placed(session, tenant_id)
        index = ZoneIndex(epoch, zones, await load_buildings(session, tenant_id), points)
        self._indexes[tenant_id] = index
        return index


async def load_buildings(session: Session, tenant_id: TenantId) -> list[Building]:
    """The malls of a tenant as presence sees them."""
    levels = await venues.level_ordinals(session, tenant_id)
    outlines = await venues.mall_outlines(session, tenant_id)
    connectors = await venues.list_connectors(session, tenant_id)
    return [
        Building(
            mall_id=mall.id,
            frame=Frame(mall.origin_lon, mall.origin_lat, mall.bearing_deg),
            levels=tuple(levels.get(mall.id, ())),
            outline=outlines.get(mall.id),
            connectors=[c.geometry for c in connectors if c.mall_id == mall.id],
        )
        for mall in await venues.list_malls(session, tenant_id)
    ]

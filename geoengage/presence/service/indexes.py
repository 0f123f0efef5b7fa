"""The zone indexes of this process: one a tenant, made anew when the tenant's epoch has moved on."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import cos, radians
from uuid import UUID

from geoengage.kit import collector
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.geo import METRES_PER_DEG, Frame
from geoengage.kit.ids import TenantId
from geoengage.presence.index import Building, ZoneIndex
from geoengage.presence.rules.state import DeviceState, Fix
from geoengage.venues import store as venues
from geoengage.venues.rules import PublishedZone
from geoengage.venues.store import evidence, versions

KEPT = timedelta(hours=1)  # versions of zones that ended so recently stand in the index at hand
MARGIN_M = 200.0


@dataclass(frozen=True, slots=True)
class Area:
    """Where and which zones to look for: lon/lat boxes (west, south, east, north), and zones by id."""

    boxes: Sequence[tuple[float, float, float, float]]
    zone_ids: Collection[UUID]

    @classmethod
    def of(cls, walks: Sequence[Sequence[Fix | DeviceState]], zone_ids: Collection[UUID]) -> "Area":
        """Around walks, as far as their positions are uncertain."""
        return cls([_box(walk) for walk in walks], zone_ids)


def _box(fixes: Sequence[Fix | DeviceState]) -> tuple[float, float, float, float]:
    lon, lat = [f.lon for f in fixes], [f.lat for f in fixes]
    dlat = (max(f.accuracy_m for f in fixes) + MARGIN_M) / METRES_PER_DEG
    dlon = dlat / max(cos(radians(max(map(abs, lat)))), 0.01)
    return min(lon) - dlon, min(lat) - dlat, max(lon) + dlon, max(lat) + dlat


class IndexCache:
    """The newest index of each tenant in this process. `get` is given the epoch that the transaction saw."""

    def __init__(self) -> None:
        self._indexes: dict[TenantId, ZoneIndex] = {}
        self._versions: dict[TenantId, dict[versions.VersionKey, PublishedZone]] = {}
        self._since: dict[TenantId, datetime] = {}

    async def get(self, session: Session, tenant_id: TenantId, epoch: int) -> ZoneIndex:
        """The index of that epoch, built when it is not at hand: of what has changed, and in another thread.

        Everybody else's pings go on meanwhile. The index is handed over whole: geometries are prepared before that.
        """
        known = self._indexes.get(tenant_id)
        if known is not None and known.epoch == epoch:
            return known
        with collector.at_rest():
            return await self._build(session, tenant_id, epoch)

    async def _build(self, session: Session, tenant_id: TenantId, epoch: int) -> ZoneIndex:
        since = utc_now() - KEPT
        found = await versions.refresh_versions(session, tenant_id, since, self._versions.get(tenant_id, {}))
        # Where no version has ended longer ago, the index at hand serves the whole past.
        since = await versions.last_end(session, tenant_id, since) or datetime.min.replace(tzinfo=UTC)
        points = await evidence.list_placed(session, tenant_id)
        buildings = await load_buildings(session, tenant_id)
        index = await asyncio.to_thread(ZoneIndex, epoch, list(found.values()), buildings, points)
        self._indexes[tenant_id], self._versions[tenant_id], self._since[tenant_id] = index, found, since
        return index

    def at_hand(self, tenant_id: TenantId) -> ZoneIndex | None:
        """The newest index that was built, of whatever epoch."""
        return self._indexes.get(tenant_id)

    def since(self, tenant_id: TenantId) -> datetime:
        """The moment since which the index at hand holds all versions that were in force."""
        return self._since[tenant_id]

    def reaches(self, tenant_id: TenantId, since: datetime) -> bool:
        """Whether the index at hand holds all versions that were in force since a moment."""
        return since >= self._since[tenant_id]

    async def reaching(
        self, session: Session, tenant_id: TenantId, index: ZoneIndex, since: datetime, area: Area
    ) -> ZoneIndex:
        """The index at hand, or one of an area alone that also holds the versions that have ended since a moment."""
        if self.reaches(tenant_id, since):
            return index
        zones = await versions.list_versions_since(session, tenant_id, since, area.boxes, area.zone_ids)
        return ZoneIndex(index.epoch, zones, list(index.buildings.values()))


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

"""SQL of a mall as a whole: what an import compares with and an export writes.

Rows come locked (FOR NO KEY UPDATE) when they are to be changed. A row of another tenant does not exist.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, or_, select

from geoengage.kit.db import Session
from geoengage.kit.http import Page
from geoengage.kit.ids import TenantId
from geoengage.tenancy.models import Owner
from geoengage.venues.models import Level, Store, Unit, VenueFeature, Zone
from geoengage.venues.store import ZoneAt, newest_zones


@dataclass(frozen=True, slots=True)
class Whole:
    """All rows of a mall by id; of stores and zones also those that were asked for by name."""

    levels: Sequence[Level]
    units: Sequence[Unit]
    stores: Sequence[Store]
    zones: Sequence[ZoneAt]
    features: Sequence[VenueFeature]


async def load(
    session: Session, tenant_id: TenantId, mall_id: UUID | None, names: Collection[str] = (), *, lock: bool = False
) -> Whole:
    """The rows of a mall (None: of none), and stores and zones anywhere that are called so (external id, else id)."""

    async def rows(query: Select[Any]) -> Sequence[Any]:
        if lock:
            query = query.with_for_update(key_share=True)
        found: Sequence[Any] = (await session.execute(query)).scalars().all()
        return found

    def of_mall(kind: type[Level] | type[Unit] | type[VenueFeature]) -> Select[Any]:
        return select(kind).where(kind.tenant_id == tenant_id, kind.mall_id == mall_id).order_by(kind.id)

    def called(kind: type[Store] | type[Zone]) -> Any:
        ids = [id_ for name in names if (id_ := _uuid(name)) is not None]
        by_id = and_(kind.external_id.is_(None), kind.id.in_(ids))
        return or_(kind.mall_id == mall_id, kind.external_id.in_(names), by_id)

    stores = select(Store).where(Store.tenant_id == tenant_id, called(Store)).order_by(Store.id)
    zones = newest_zones(tenant_id).where(called(Zone)).order_by(Zone.id)
    if lock:
        zones = zones.with_for_update(of=Zone, key_share=True)
    return Whole(
        levels=await rows(of_mall(Level)),
        units=await rows(of_mall(Unit)),
        stores=await rows(stores),
        zones=[ZoneAt(*row) for row in await session.execute(zones)],
        features=await rows(of_mall(VenueFeature)),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def list_owners(session: Session, tenant_id: TenantId) -> Sequence[Owner]:
    """All owners of the tenant."""
    return (await session.execute(select(Owner).where(Owner.tenant_id == tenant_id).order_by(Owner.id))).scalars().all()


async def list_features(
    session: Session, tenant_id: TenantId, mall_id: UUID, level: int | None, page: Page
) -> Sequence[VenueFeature]:
    """Doors, amenities and the like of one mall, of one level when given; one more than the page's limit."""
    query = select(VenueFeature).where(VenueFeature.tenant_id == tenant_id, VenueFeature.mall_id == mall_id)
    if level is not None:
        query = query.where(VenueFeature.level == level)
    if page.after is not None:
        query = query.where(VenueFeature.id > page.after)
    return (await session.execute(query.order_by(VenueFeature.id).limit(page.limit + 1))).scalars().all()

"""What lint, preview and ghost share: a drawn zone as input, and whose it may be."""

from datetime import datetime
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.reports.drafts import as_published
from geoengage.tenancy.rules import Principal
from geoengage.venues import service as venues_service
from geoengage.venues import store as venues
from geoengage.venues.models import Mall, Store
from geoengage.venues.rules import PublishedZone
from geoengage.venues.shapes import ZoneIn, ZoneProperties


async def check_owner(tx: Session, me: Principal, properties: ZoneProperties, zone_id: UUID | None) -> None:
    """Raise NotFound unless mall, store and zone are the tenant's, and store and zone the caller's."""
    tenant_id = TenantId(me.tenant_id)
    if properties.mall_id is not None:
        await venues.get_row(tx, tenant_id, Mall, properties.mall_id)
    if properties.store_id is not None:
        await venues.get_row(tx, tenant_id, Store, properties.store_id)
    if not me.sees_store(properties.store_id):
        raise errors.NotFound("name one of your stores as store_id: your credential is restricted to them")
    if zone_id is not None:
        zone = await venues.get_zone(tx, tenant_id, zone_id)
        if not me.sees_store(zone.head.store_id):
            raise errors.NotFound(f"there is no zone {zone_id}")


async def read_draft(tx: Session, me: Principal, draft: ZoneIn, zone_id: UUID | None, now: datetime) -> PublishedZone:
    """A drawn zone as it would match; refused like a zone that is saved (place, levels, owner)."""
    await check_owner(tx, me, draft.properties, zone_id)
    tenant_id = TenantId(me.tenant_id)
    await venues_service.check_zone(tx, tenant_id, draft, me.store_ids)
    return await as_published(tx, tenant_id, draft, zone_id, now)

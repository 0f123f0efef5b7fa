"""A zone that is only drawn, as it would match once it is published; and what lies around it."""

from datetime import datetime, timedelta
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.reports import store
from geoengage.venues.rules import PublishedZone, ZoneRules, circle_shape, parse_schedule
from geoengage.venues.shapes import ZoneIn

NEW_ZONE = UUID(int=0)  # the id of a draft that is not stored yet; no zone has it
_LONG_BEFORE = timedelta(days=400)


async def as_published(
    session: Session, tenant_id: TenantId, draft: ZoneIn, zone_id: UUID | None, now: datetime
) -> PublishedZone:
    """The draft as presence would read it, in force since long ago, so that past fixes count."""
    p = draft.properties
    shape = draft.geometry
    schedule = None if p.schedule is None else p.schedule.model_dump(mode="json", exclude_none=True)
    return PublishedZone(
        zone_id=zone_id or NEW_ZONE,
        version=0,
        name=p.name,
        kind=p.kind,
        mall_id=p.mall_id,
        store_id=p.store_id,
        levels=frozenset(p.levels),
        geometry=shape if p.radius_m is None else circle_shape(shape.x, shape.y, p.radius_m),
        center=None if p.radius_m is None else (shape.x, shape.y),
        radius_m=p.radius_m,
        sensitivity=p.sensitivity,
        rules=ZoneRules.of(p.rules.model_dump(mode="json", exclude_none=True), outdoor=p.mall_id is None),
        schedule=parse_schedule(schedule),
        timezone=await store.find_timezone(session, tenant_id, p.mall_id, p.store_id),
        effective_from=now - _LONG_BEFORE,
    )

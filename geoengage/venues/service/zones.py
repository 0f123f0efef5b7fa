"""Zones: every edit is a new, immutable version; publishing says which one matches pings.

Functions that change a zone take it locked (`store.get_zone(..., lock=True)`), so versions have no gaps. What changes
matching takes effect two seconds later, when every process has heard of it. Nothing here moves the people inside:
presence gives them their fate at that moment.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.venues import store
from geoengage.venues.models import Store, Zone, ZoneVersion
from geoengage.venues.rules import VenueChange, VenueChanged, circle_shape, since_flaw
from geoengage.venues.service.checks import Items, announce, check_in_mall, check_outdoor, item, raise_if_any
from geoengage.venues.shapes import ZoneIn
from geoengage.venues.store import ZoneAt

EFFECT_DELAY = timedelta(seconds=2)


def version_columns(zone: ZoneIn) -> dict[str, Any]:
    """What a version stores of a zone; a circle becomes its centre, its radius and a 64-gon."""
    p, shape = zone.properties, zone.geometry
    return {
        "mall_id": p.mall_id,
        "store_id": p.store_id,
        "name": p.name,
        "kind": p.kind.value,
        "levels": sorted(set(p.levels)),
        "geom": shape if p.radius_m is None else circle_shape(shape.x, shape.y, p.radius_m),
        "center": None if p.radius_m is None else shape,
        "radius_m": p.radius_m,
        "tags": list(dict.fromkeys(p.tags)),
        "sensitivity": p.sensitivity.value,
        "color": p.color,
        "schedule": p.schedule and p.schedule.model_dump(mode="json", exclude_none=True),
        "rules": p.rules.model_dump(mode="json", exclude_none=True),
        "extra": p.metadata,
    }


async def check_zone(session: Session, tenant_id: TenantId, zone: ZoneIn, store_ids: Collection[UUID] | None) -> None:
    """Raise ItemErrors unless mall, levels, store and place fit. `store_ids`: the only ones the caller may use."""
    p = zone.properties
    items: Items = []
    if store_ids is not None and p.store_id is None:
        items.append(item(("properties", "store_id"), "name one of your stores: your key is restricted to them"))
    if p.store_id is not None and not await _is_usable(session, tenant_id, p.store_id, store_ids):
        items.append(item(("properties", "store_id"), "there is no such store"))
    shape = version_columns(zone)["geom"]
    if p.mall_id is None:
        items += await check_outdoor(session, tenant_id, shape)
    else:
        items += await check_in_mall(
            session, tenant_id, p.mall_id, [shape], {f"levels/{i}": n for i, n in enumerate(p.levels)}
        )
    raise_if_any(items)


async def _is_usable(session: Session, tenant_id: TenantId, store_id: UUID, store_ids: Collection[UUID] | None) -> bool:
    if store_ids is not None and store_id not in store_ids:
        return False
    try:
        await store.get_row(session, tenant_id, Store, store_id)
    except errors.NotFound:
        return False
    return True


async def create_zone(
    session: Session, tenant_id: TenantId, id_: UUID, zone: ZoneIn, *, by: str, now: datetime
) -> ZoneAt:
    """A new draft, version 1. Check it first (`check_zone`)."""
    p = zone.properties
    head = Zone(
        id=id_,
        mall_id=p.mall_id,
        store_id=p.store_id,
        external_id=p.external_id,
        version=1,
        created_at=now,
        updated_at=now,
    )
    await store.insert_row(session, tenant_id, head)
    return ZoneAt(head, await _add_version(session, tenant_id, head, zone, by, now))


async def edit_zone(
    session: Session, tenant_id: TenantId, head: Zone, zone: ZoneIn, *, by: str, now: datetime
) -> ZoneAt:
    """A further version, not yet in force. Check it first (`check_zone`)."""
    p = zone.properties
    changes = {"mall_id": p.mall_id, "store_id": p.store_id, "external_id": p.external_id}
    await store.update_row(session, tenant_id, head, changes, now)
    return ZoneAt(head, await _add_version(session, tenant_id, head, zone, by, now))


async def _add_version(
    session: Session, tenant_id: TenantId, head: Zone, zone: ZoneIn, by: str, now: datetime
) -> ZoneVersion:
    edit = ZoneVersion(zone_id=head.id, version=head.version, created_at=now, created_by=by, **version_columns(zone))
    await store.insert_version(session, tenant_id, edit)
    return edit


async def publish_zone(
    session: Session, tenant_id: TenantId, zone: ZoneAt, now: datetime, since: datetime | None = None
) -> ZoneAt:
    """Let the newest edit match in two seconds, or since a moment of the last days (`since_flaw`). Idempotent.

    An edit that was in force before and was taken down comes back as a further version: each has one time in force.
    """
    await announce(session, tenant_id, await put_in_force(session, tenant_id, zone, now, since), now)
    return await store.get_zone(session, tenant_id, zone.head.id)


async def put_in_force(
    session: Session, tenant_id: TenantId, zone: ZoneAt, now: datetime, since: datetime | None = None
) -> list[VenueChanged]:
    """Publish without announcing; for those who announce many changes at once."""
    head, edit = zone
    if head.published_version == head.version:
        return []
    was_in_force = head.version > 1 or edit.effective_from is not None
    if since is not None and (flaw := since_flaw(since, now, was_in_force=was_in_force)):
        raise errors.field("effective_from", flaw)
    what = VenueChange.ZONE_PUBLISHED if head.published_version is None else VenueChange.ZONE_CHANGED
    await _end_published(session, tenant_id, head, now)
    if edit.effective_to is not None and edit.effective_to > now:
        edit.effective_to = None  # taken down a moment ago: nobody has heard of it yet
    else:
        if edit.effective_to is not None:
            edit = await _again(session, tenant_id, head, edit, now)
        edit.effective_from = since or now + EFFECT_DELAY
    head.published_version, head.published_at, head.updated_at = head.version, now, now
    await session.flush()
    return [VenueChanged(zone_id=head.id, mall_id=head.mall_id, what=what)]


async def _again(session: Session, tenant_id: TenantId, head: Zone, edit: ZoneVersion, now: datetime) -> ZoneVersion:
    """A further version that is the same as an earlier one."""
    await store.update_row(session, tenant_id, head, {}, now)
    own = {"tenant_id", "zone_id", "version", "created_at", "effective_from", "effective_to"}
    names = {attribute.key for attribute in ZoneVersion.__mapper__.column_attrs} - own
    copy = ZoneVersion(zone_id=head.id, version=head.version, created_at=now, **{n: getattr(edit, n) for n in names})
    await store.insert_version(session, tenant_id, copy)
    return copy


async def unpublish_zone(session: Session, tenant_id: TenantId, head: Zone, now: datetime) -> None:
    """Let no version match any more, in two seconds. Idempotent."""
    if head.published_version is None:
        return
    await _end_published(session, tenant_id, head, now)
    head.published_version, head.published_at, head.updated_at = None, None, now
    await session.flush()
    change = VenueChanged(zone_id=head.id, mall_id=head.mall_id, what=VenueChange.ZONE_UNPUBLISHED)
    await announce(session, tenant_id, [change], now)


async def delete_zone(session: Session, tenant_id: TenantId, head: Zone, now: datetime) -> None:
    """Take a zone away; its versions stay, for past visits name them."""
    was_published = head.published_version is not None
    await _end_published(session, tenant_id, head, now)
    head.published_version, head.published_at, head.deleted_at = None, None, now
    await session.flush()
    change = VenueChanged(zone_id=head.id, mall_id=head.mall_id, what=VenueChange.ZONE_DELETED)
    await announce(session, tenant_id, [change] if was_published else [], now)


async def _end_published(session: Session, tenant_id: TenantId, head: Zone, now: datetime) -> None:
    if head.published_version is not None:
        old = await store.get_version(session, tenant_id, head.id, head.published_version)
        old.effective_to = now + EFFECT_DELAY

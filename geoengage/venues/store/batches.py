"""SQL for importing many stores and zones at once: what a file names is read in one go and written in large flushes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, func, literal, select
from sqlalchemy.exc import IntegrityError

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.venues.models import Mall, Place, Store, Zone, ZoneVersion

_AT_ONCE = 500  # rows to a flush: it lets no other request in while it puts them together


async def lock_stores(session: Session, tenant_id: TenantId, external_ids: Sequence[str]) -> dict[str, Store]:
    """The stores with these external ids, locked (FOR NO KEY UPDATE)."""
    query = (
        select(Store)
        .where(Store.tenant_id == tenant_id, Store.external_id == any_(literal(external_ids, ARRAY(Text))))
        .order_by(Store.id)
        .with_for_update(key_share=True)
    )
    return {str(row.external_id): row for row in (await session.execute(query)).scalars()}


async def lock_zones(
    session: Session, tenant_id: TenantId, external_ids: Sequence[str]
) -> dict[str, tuple[Zone, ZoneVersion]]:
    """The zones with these external ids, heads locked (FOR NO KEY UPDATE), each with its newest edit."""
    query = (
        select(Zone, ZoneVersion)
        .join(
            ZoneVersion,
            (ZoneVersion.tenant_id == Zone.tenant_id)
            & (ZoneVersion.zone_id == Zone.id)
            & (ZoneVersion.version == Zone.version),
        )
        .where(
            Zone.tenant_id == tenant_id,
            Zone.deleted_at.is_(None),
            Zone.external_id == any_(literal(external_ids, ARRAY(Text))),
        )
        .order_by(Zone.id)
        .with_for_update(key_share=True, of=Zone)
    )
    return {str(head.external_id): (head, edit) for head, edit in await session.execute(query)}


async def known_places(
    session: Session, tenant_id: TenantId, without: Sequence[UUID] = ()
) -> list[tuple[float, float]]:
    """lon, lat of every mall's origin and store's point."""
    malls = select(Mall.origin_lon, Mall.origin_lat).where(Mall.tenant_id == tenant_id)
    stores = select(func.ST_X(Store.point), func.ST_Y(Store.point)).where(
        Store.tenant_id == tenant_id, Store.id.not_in(without)
    )
    return [(lon, lat) for query in (malls, stores) for lon, lat in await session.execute(query)]


async def flush_rows(session: Session, tenant_id: TenantId, new: Sequence[Place | ZoneVersion]) -> None:
    """Store new rows, and whatever was changed of loaded ones; Conflict when an external id was taken meanwhile."""
    for row in new:
        row.tenant_id = tenant_id
    try:
        for start in range(0, len(new), _AT_ONCE):
            session.add_all(new[start : start + _AT_ONCE])
            await session.flush()
        await session.flush()
    except IntegrityError as error:
        raise errors.Conflict("somebody else added one of these external ids at this moment; try again") from error

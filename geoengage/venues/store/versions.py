"""SQL of zone versions by the time at which they were, are or will be in force."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.tenancy.models import Tenant
from geoengage.venues.models import Mall, Store, Zone, ZoneVersion
from geoengage.venues.rules import PublishedZone

MARGIN_DEG = 0.003  # some 200 m to 300 m
Box = tuple[float, float, float, float]  # west, south, east, north, degrees


async def list_versions_since(
    session: Session,
    tenant_id: TenantId,
    since: datetime,
    boxes: Sequence[Box] | None = None,
    zone_ids: Collection[UUID] = (),
) -> list[PublishedZone]:
    """Versions that are in force, come into force, or have ended after a moment; sensitive ones too, by zone.

    With `boxes` only those whose box meets one of them, and all of `zone_ids`.
    """
    query = _since(since, tenant_id, ZoneVersion)
    if boxes is not None:
        query = query.where(or_(ZoneVersion.zone_id.in_(zone_ids), *map(_meets, boxes)))
    rows = await session.execute(query)
    return [version.published(timezone) for version, timezone in rows]


def _since(since: datetime, tenant_id: TenantId, *columns: Any) -> Select[Any]:
    return (
        select(*columns, func.coalesce(Mall.timezone, Store.timezone, Tenant.timezone))
        .join(Zone, and_(Zone.tenant_id == ZoneVersion.tenant_id, Zone.id == ZoneVersion.zone_id))
        .join(Tenant, Tenant.id == ZoneVersion.tenant_id)
        .outerjoin(Mall, and_(Mall.tenant_id == ZoneVersion.tenant_id, Mall.id == ZoneVersion.mall_id))
        .outerjoin(Store, and_(Store.tenant_id == ZoneVersion.tenant_id, Store.id == ZoneVersion.store_id))
        .where(
            ZoneVersion.tenant_id == tenant_id,
            or_(Zone.published_version == ZoneVersion.version, ZoneVersion.effective_to > since),
        )
        .order_by(ZoneVersion.zone_id, ZoneVersion.version)
    )


class VersionKey(NamedTuple):
    """All of a version that may ever be another; the rest of it is immutable."""

    zone_id: UUID
    version: int
    effective_from: datetime
    effective_to: datetime | None
    timezone: str


async def refresh_versions(
    session: Session, tenant_id: TenantId, since: datetime, known: Mapping[VersionKey, PublishedZone]
) -> dict[VersionKey, PublishedZone]:
    """The versions of `list_versions_since`; only those that are not known yet are read whole."""
    starts = func.coalesce(ZoneVersion.effective_from, ZoneVersion.created_at)
    rows = await session.execute(
        _since(since, tenant_id, ZoneVersion.zone_id, ZoneVersion.version, starts, ZoneVersion.effective_to)
    )
    keys = [VersionKey(*row) for row in rows]
    new = {key.zone_id for key in keys if key not in known}
    found = dict(known)
    if new:
        few = {"boxes": (), "zone_ids": new} if len(new) < len(keys) / 2 else {}
        for z in await list_versions_since(session, tenant_id, since, **few):  # type: ignore[arg-type]
            found[VersionKey(z.zone_id, z.version, z.effective_from, z.effective_to, z.timezone)] = z
    return {key: found[key] for key in keys if key in found}  # what has changed in between raises the epoch again


def _meets(box: Box) -> ColumnElement[bool]:
    return ZoneVersion.geom.op("&&")(func.ST_MakeEnvelope(*box, 4326))


async def last_change(session: Session, tenant_id: TenantId, zone_ids: Collection[UUID]) -> datetime | None:
    """The last moment at which one of the zones changes; None when none was ever in force."""
    query = select(func.max(func.greatest(ZoneVersion.effective_from, ZoneVersion.effective_to))).where(
        ZoneVersion.tenant_id == tenant_id, ZoneVersion.zone_id.in_(zone_ids)
    )
    found: datetime | None = (await session.execute(query)).scalar()
    return found


async def last_end(session: Session, tenant_id: TenantId, before: datetime) -> datetime | None:
    """When the last of the versions ended that had ended by a moment; None when none had."""
    query = select(func.max(ZoneVersion.effective_to)).where(
        ZoneVersion.tenant_id == tenant_id, ZoneVersion.effective_to <= before
    )
    found: datetime | None = (await session.execute(query)).scalar()
    return found


async def box_of(session: Session, tenant_id: TenantId, zone_ids: Collection[UUID]) -> Box | None:
    """The box around all versions of zones that were ever in force, with a margin for who stands beside them."""
    extent = func.ST_Expand(func.ST_Extent(ZoneVersion.geom), MARGIN_DEG)
    query = select(func.ST_XMin(extent), func.ST_YMin(extent), func.ST_XMax(extent), func.ST_YMax(extent)).where(
        ZoneVersion.tenant_id == tenant_id,
        ZoneVersion.zone_id.in_(zone_ids),
        ZoneVersion.effective_from.is_not(None),
    )
    box = (await session.execute(query)).one()
    return None if box[0] is None else (box[0], box[1], box[2], box[3])

"""SQL of zone versions by the time at which they were, are or will be in force."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import shapely
from sqlalchemy import ColumnElement, LargeBinary, Select, Text, and_, cast, func, or_, select

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.tenancy.models import Tenant
from geoengage.venues.models import Mall, Store, Zone, ZoneVersion
from geoengage.venues.rules import (
    PublishedZone,
    Schedule,
    Sensitivity,
    ZoneKind,
    ZoneRules,
    parse_schedule,
)

MARGIN_DEG = 0.003  # some 200 m to 300 m
AT_ONCE = 500  # rows that are made into zones before the event loop has its turn
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
    query = _since(since, tenant_id, *_COLUMNS)
    if boxes is not None:
        query = query.where(or_(ZoneVersion.zone_id.in_(zone_ids), *map(_meets, boxes)))
    return await _read(session, query)


async def list_published_zones(session: Session, tenant_id: TenantId) -> list[PublishedZone]:
    """The version in force of every published zone, sensitive ones too, by id."""
    query = _of_tenant(tenant_id, *_COLUMNS)
    return await _read(session, query.where(Zone.published_version == ZoneVersion.version, Zone.deleted_at.is_(None)))


async def _read(session: Session, query: Select[Any]) -> list[PublishedZone]:
    return [zone async for rows in _some_at_a_time(session, query) for zone in _published(rows)]


async def _some_at_a_time(session: Session, query: Select[Any]) -> AsyncIterator[Sequence[Any]]:
    """The rows, so that others have their turn in between: a tenant may have half a million zones."""
    rows = await session.stream(query, execution_options={"yield_per": AT_ONCE})
    async for some in rows.partitions():
        yield some


_STARTS = func.coalesce(ZoneVersion.effective_from, ZoneVersion.created_at)
_COLUMNS = (
    ZoneVersion.zone_id,
    ZoneVersion.version,
    ZoneVersion.name,
    ZoneVersion.kind,
    ZoneVersion.mall_id,
    ZoneVersion.store_id,
    ZoneVersion.levels,
    func.ST_AsBinary(ZoneVersion.geom, type_=LargeBinary),
    func.ST_X(ZoneVersion.center),
    func.ST_Y(ZoneVersion.center),
    ZoneVersion.radius_m,
    ZoneVersion.sensitivity,
    cast(ZoneVersion.rules, Text),
    cast(ZoneVersion.schedule, Text),
    _STARTS,
    ZoneVersion.effective_to,
)


def _published(rows: Sequence[Any]) -> list[PublishedZone]:
    """Rows of `_COLUMNS` and the timezone as presence reads them."""
    return [
        PublishedZone(
            zone_id=zone_id,
            version=version,
            name=name,
            kind=ZoneKind(kind),
            mall_id=mall_id,
            store_id=store_id,
            levels=frozenset(levels),
            geometry=geometry,
            center=None if x is None else (x, y),
            radius_m=radius_m,
            sensitivity=Sensitivity(sensitivity),
            rules=_rules(rules, mall_id is None),
            schedule=_schedule(schedule),
            timezone=_known(timezone),
            effective_from=starts,
            effective_to=ends,
        )
        for geometry, (
            zone_id, version, name, kind, mall_id, store_id, levels, _, x, y, radius_m, sensitivity, rules, schedule,
            starts, ends, timezone,
        ) in zip(shapely.from_wkb([row[7] for row in rows]), rows, strict=True)
    ]  # fmt: skip


@lru_cache(maxsize=1_024)  # most zones have the same
def _rules(stored: str, outdoor: bool) -> ZoneRules:
    return ZoneRules.of(msgspec.json.decode(stored), outdoor=outdoor)


@lru_cache(maxsize=1_024)
def _schedule(stored: str | None) -> Schedule | None:
    return None if stored is None else parse_schedule(msgspec.json.decode(stored))


@lru_cache(maxsize=1_024)
def _known(timezone: str) -> str:
    ZoneInfo(timezone)  # loads it into zoneinfo's cache here, not while a ping waits
    return timezone


def _since(since: datetime, tenant_id: TenantId, *columns: Any) -> Select[Any]:
    return _of_tenant(tenant_id, *columns).where(
        or_(Zone.published_version == ZoneVersion.version, ZoneVersion.effective_to > since)
    )


def _of_tenant(tenant_id: TenantId, *columns: Any) -> Select[Any]:
    """Versions of zones in order, and each one's timezone: its mall's, else its store's, else the tenant's."""
    return (
        select(*columns, func.coalesce(Mall.timezone, Store.timezone, Tenant.timezone))
        .join(Zone, and_(Zone.tenant_id == ZoneVersion.tenant_id, Zone.id == ZoneVersion.zone_id))
        .join(Tenant, Tenant.id == ZoneVersion.tenant_id)
        .outerjoin(Mall, and_(Mall.tenant_id == ZoneVersion.tenant_id, Mall.id == ZoneVersion.mall_id))
        .outerjoin(Store, and_(Store.tenant_id == ZoneVersion.tenant_id, Store.id == ZoneVersion.store_id))
        .where(ZoneVersion.tenant_id == tenant_id)
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
    query = _since(since, tenant_id, ZoneVersion.zone_id, ZoneVersion.version, _STARTS, ZoneVersion.effective_to)
    keys: list[VersionKey] = []
    new: set[UUID] = set()
    async for rows in _some_at_a_time(session, query):
        some = [VersionKey(*row) for row in rows]
        keys += some
        new.update(key.zone_id for key in some if key not in known)
    zones: list[PublishedZone] = []
    if new:
        few = {"boxes": (), "zone_ids": new} if len(new) < len(keys) / 2 else {}
        zones = await list_versions_since(session, tenant_id, since, **few)  # type: ignore[arg-type]
    return await asyncio.to_thread(_put_together, keys, known, zones)


def _put_together(
    keys: Sequence[VersionKey], known: Mapping[VersionKey, PublishedZone], read: Sequence[PublishedZone]
) -> dict[VersionKey, PublishedZone]:
    new = {VersionKey(z.zone_id, z.version, z.effective_from, z.effective_to, z.timezone): z for z in read}
    found = ((key, new.get(key) or known.get(key)) for key in keys)
    return {key: zone for key, zone in found if zone is not None}  # what has changed meanwhile raises the epoch again


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

"""SQL of malls, levels, units, stores and zones. Geometries go in and out as shapely in lon/lat (`models.Geom`).

Lists are by id, ascending; with `page` they hold one row more than its limit, from which the caller sees whether there
is a next page. A row of another tenant does not exist.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import Page
from geoengage.kit.ids import TenantId
from geoengage.tenancy.models import Owner
from geoengage.venues.models import EvidencePoint, Level, Mall, Place, Store, Unit, VenueEpoch, Zone, ZoneVersion
from geoengage.venues.rules import (
    CONNECTORS,
    Connector,
    ZoneStatus,
)

Row = TypeVar("Row", Mall, Level, Unit, Store, Zone, EvidencePoint)
Part = TypeVar("Part", Level, Unit)
Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])

# --- what presence reads --------------------------------------------------------------------------------------------


async def venue_epoch(session: Session, tenant_id: TenantId) -> int:
    """The number of changes of matching so far; an index built at another number is stale."""
    found = await session.execute(select(VenueEpoch.n).where(VenueEpoch.tenant_id == tenant_id))
    return found.scalar() or 0


async def raise_epoch(session: Session, tenant_id: TenantId) -> None:
    """Count one change of matching; the row stays locked until the commit."""
    await session.execute(
        text(
            "INSERT INTO venue_epoch AS e (tenant_id, n) VALUES (:tenant_id, 1)"
            " ON CONFLICT (tenant_id) DO UPDATE SET n = e.n + 1"
        ),
        {"tenant_id": tenant_id},
    )


async def list_connectors(session: Session, tenant_id: TenantId) -> list[Connector]:
    """Lifts, escalators and stairs of all malls, one per level that they serve."""
    rows = await session.execute(
        select(Unit.mall_id, Unit.level, Unit.geom).where(
            Unit.tenant_id == tenant_id, Unit.category.in_(sorted(CONNECTORS))
        )
    )
    return [Connector(*row) for row in rows]


async def level_ordinals(session: Session, tenant_id: TenantId) -> dict[UUID, list[int]]:
    """Which levels each mall has, lowest first; a mall without levels is missing."""
    rows = await session.execute(
        select(Level.mall_id, Level.ordinal).where(Level.tenant_id == tenant_id).order_by(Level.mall_id, Level.ordinal)
    )
    result: dict[UUID, list[int]] = {}
    for mall_id, ordinal in rows:
        result.setdefault(mall_id, []).append(ordinal)
    return result


async def mall_outlines(session: Session, tenant_id: TenantId, mall_id: UUID | None = None) -> dict[UUID, BaseGeometry]:
    """The union of the levels of each mall, or of that one, in lon/lat; a mall without levels is missing."""
    query = select(Level.mall_id, Level.geom).where(Level.tenant_id == tenant_id)
    if mall_id is not None:
        query = query.where(Level.mall_id == mall_id)
    parts: dict[UUID, list[BaseGeometry]] = {}
    for id_, geometry in await session.execute(query):
        parts.setdefault(id_, []).append(geometry)
    return {id_: shapely.union_all(geometries) for id_, geometries in parts.items()}


# --- rows of any kind -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list asks for. `boxes`: lon/lat boxes, any of which must be touched; `store_ids`: only of these stores.

    Of stores only: `words` that stand in name, external id or address; `outdoor`: on a street (true) or in a mall.
    """

    mall_id: UUID | None = None
    level: int | None = None
    boxes: tuple[BaseGeometry, ...] = ()
    status: ZoneStatus | None = None
    store_ids: Collection[UUID] | None = None
    words: str | None = None
    outdoor: bool | None = None


async def get_row(session: Session, tenant_id: TenantId, kind: type[Row], id_: UUID, *, lock: bool = False) -> Row:
    """A place of any kind by its id; NotFound also when it is another tenant's or deleted.

    `lock` takes FOR NO KEY UPDATE on the row.
    """
    if kind is Store and not lock:  # what this transaction has loaded or made is not asked for again
        row = await session.get(kind, {"tenant_id": tenant_id, "id": id_})
    else:
        query = select(kind).where(kind.tenant_id == tenant_id, kind.id == id_)
        if kind is Zone:
            query = query.where(Zone.deleted_at.is_(None))
        if lock:
            query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
        row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise errors.NotFound(f"there is no {kind.__tablename__.replace('_', ' ')} {id_}")
    return row


async def get_part(
    session: Session, tenant_id: TenantId, kind: type[Part], mall_id: UUID, id_: UUID, *, lock: bool = False
) -> Part:
    """A level or unit of that mall; NotFound also when it is another mall's."""
    row = await get_row(session, tenant_id, kind, id_, lock=lock)
    if row.mall_id != mall_id:
        raise errors.NotFound(f"there is no {kind.__tablename__} {id_} in this mall")
    return row


async def find_row(session: Session, tenant_id: TenantId, kind: type[Row], **columns: Any) -> Row | None:
    """The row with these values in unique columns, locked (FOR NO KEY UPDATE); None also when it is deleted."""
    query = select(kind).where(kind.tenant_id == tenant_id).filter_by(**columns).with_for_update(key_share=True)
    if kind is Zone:
        query = query.where(Zone.deleted_at.is_(None))
    return (await session.execute(query)).scalar_one_or_none()


async def find_id(
    session: Session, tenant_id: TenantId, kind: type[Mall] | type[Store] | type[Owner], external_id: str
) -> UUID | None:
    """The id of what somebody else's system calls so."""
    query = select(kind.id).where(kind.tenant_id == tenant_id, kind.external_id == external_id)
    return (await session.execute(query)).scalar_one_or_none()


async def insert_row(session: Session, tenant_id: TenantId, row: Place) -> None:
    """Store a new row; Conflict when an external id or a level's ordinal is taken."""
    row.tenant_id = tenant_id
    session.add(row)
    await _flush(session, "another one has this external_id (or, for a level, this ordinal) already")


async def update_row(session: Session, tenant_id: TenantId, row: Place, changes: dict[str, Any], now: datetime) -> None:
    """Set columns of a loaded, locked row and raise its version."""
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
    await _flush(session, "another one has this external_id (or, for a level, this ordinal) already")


async def delete_row(session: Session, tenant_id: TenantId, row: Place, conflict: str) -> None:
    """Delete a loaded row; Conflict with that text while something still refers to it."""
    await session.delete(row)
    await _flush(session, conflict)


async def _flush(session: Session, conflict: str) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        raise errors.Conflict(conflict) from error


def _paged(query: Query, key: Any, page: Page | None) -> Query:
    query = query.order_by(key)
    if page is None:
        return query
    return (query if page.after is None else query.where(key > page.after)).limit(page.limit + 1)


def _touches(columns: Sequence[Any], boxes: Sequence[BaseGeometry]) -> ColumnElement[bool]:
    literals = [func.ST_GeomFromText(box.wkt, 4326) for box in boxes]
    return or_(*(func.ST_Intersects(column, literal) for column in columns for literal in literals))


# --- malls, levels, units -------------------------------------------------------------------------------------------


async def list_malls(session: Session, tenant_id: TenantId, page: Page | None = None) -> Sequence[Mall]:
    """Malls of the tenant."""
    query = _paged(select(Mall).where(Mall.tenant_id == tenant_id), Mall.id, page)
    return (await session.execute(query)).scalars().all()


async def list_levels(
    session: Session, tenant_id: TenantId, mall_id: UUID, page: Page | None = None
) -> Sequence[Level]:
    """Levels of one mall."""
    query = select(Level).where(Level.tenant_id == tenant_id, Level.mall_id == mall_id)
    return (await session.execute(_paged(query, Level.id, page))).scalars().all()


async def list_units(
    session: Session, tenant_id: TenantId, mall_id: UUID, level: int | None = None, page: Page | None = None
) -> Sequence[Unit]:
    """Units of one mall, of one level when given."""
    query = select(Unit).where(Unit.tenant_id == tenant_id, Unit.mall_id == mall_id)
    if level is not None:
        query = query.where(Unit.level == level)
    return (await session.execute(_paged(query, Unit.id, page))).scalars().all()


async def is_level_used(session: Session, tenant_id: TenantId, mall_id: UUID, ordinal: int) -> bool:
    """Whether a unit, store, zone or evidence point stands on a level."""
    queries = (
        select(Unit.id).where(Unit.tenant_id == tenant_id, Unit.mall_id == mall_id, Unit.level == ordinal),
        select(Store.id).where(Store.tenant_id == tenant_id, Store.mall_id == mall_id, Store.level == ordinal),
        select(EvidencePoint.id).where(
            EvidencePoint.tenant_id == tenant_id, EvidencePoint.mall_id == mall_id, EvidencePoint.level == ordinal
        ),
        _current(tenant_id).where(ZoneVersion.mall_id == mall_id, ZoneVersion.levels.any_() == ordinal),
    )
    return bool((await session.execute(select(or_(*(query.exists() for query in queries))))).scalar())


async def has_zones(
    session: Session, tenant_id: TenantId, *, mall_id: UUID | None = None, store_id: UUID | None = None
) -> bool:
    """Whether a zone stands in that mall or belongs to that store, by its newest or its published version."""
    query = _current(tenant_id)
    if mall_id is not None:
        query = query.where(ZoneVersion.mall_id == mall_id)
    if store_id is not None:
        query = query.where(ZoneVersion.store_id == store_id)
    return bool((await session.execute(select(query.exists()))).scalar())


def _current(tenant_id: TenantId) -> Select[UUID]:
    """Versions that count today: the newest and the published one of each zone."""
    return (
        select(ZoneVersion.zone_id)
        .join(
            Zone,
            and_(
                Zone.tenant_id == ZoneVersion.tenant_id,
                Zone.id == ZoneVersion.zone_id,
                or_(ZoneVersion.version == Zone.version, ZoneVersion.version == Zone.published_version),
            ),
        )
        .where(ZoneVersion.tenant_id == tenant_id, Zone.deleted_at.is_(None))
    )


async def forget_mall(session: Session, tenant_id: TenantId, mall_id: UUID) -> None:
    """Take a mall out of the heads of deleted zones, so that it can be deleted; their versions keep its id."""
    await session.execute(
        update(Zone)
        .where(Zone.tenant_id == tenant_id, Zone.mall_id == mall_id, Zone.deleted_at.is_not(None))
        .values(mall_id=None)
    )


# --- stores ---------------------------------------------------------------------------------------------------------


async def list_stores(
    session: Session, tenant_id: TenantId, wanted: Filter = Filter(), page: Page | None = None
) -> Sequence[Store]:
    """Stores that pass the filter."""
    query = select(Store).where(Store.tenant_id == tenant_id)
    if wanted.mall_id is not None:
        query = query.where(Store.mall_id == wanted.mall_id)
    if wanted.level is not None:
        query = query.where(Store.level == wanted.level)
    if wanted.boxes:
        query = query.where(_touches((Store.point, Store.footprint), wanted.boxes))
    if wanted.store_ids is not None:
        query = query.where(Store.id.in_(wanted.store_ids))
    if wanted.words is not None:
        named = (Store.name, Store.external_id, Store.address)
        query = query.where(or_(*(column.icontains(wanted.words, autoescape=True) for column in named)))
    if wanted.outdoor is not None:
        query = query.where(Store.mall_id.is_(None) == wanted.outdoor)
    return (await session.execute(_paged(query, Store.id, page))).scalars().all()


async def owner_exists(session: Session, tenant_id: TenantId, owner_id: UUID) -> bool:
    """Whether the tenant has such an owner."""
    query = select(exists().where(Owner.tenant_id == tenant_id, Owner.id == owner_id))
    return bool((await session.execute(query)).scalar())


async def forget_store(session: Session, tenant_id: TenantId, store_id: UUID) -> None:
    """Take a store out of the heads of deleted zones, so that it can be deleted; their versions keep its id."""
    await session.execute(
        update(Zone)
        .where(Zone.tenant_id == tenant_id, Zone.store_id == store_id, Zone.deleted_at.is_not(None))
        .values(store_id=None)
    )


# --- zones ----------------------------------------------------------------------------------------------------------


class ZoneAt(NamedTuple):
    """A zone's head with one of its versions."""

    head: Zone
    edit: ZoneVersion


def newest_zones(tenant_id: TenantId) -> Select[Zone, ZoneVersion]:
    """The query for all zones that are not deleted, each with its newest edit."""
    return (
        select(Zone, ZoneVersion)
        .join(
            ZoneVersion,
            and_(
                ZoneVersion.tenant_id == Zone.tenant_id,
                ZoneVersion.zone_id == Zone.id,
                ZoneVersion.version == Zone.version,
            ),
        )
        .where(Zone.tenant_id == tenant_id, Zone.deleted_at.is_(None))
    )


_STATUS: dict[ZoneStatus, ColumnElement[bool]] = {
    ZoneStatus.DRAFT: Zone.published_version.is_(None),
    ZoneStatus.PUBLISHED: Zone.published_version == Zone.version,
    ZoneStatus.CHANGED: Zone.published_version != Zone.version,
}


async def list_zones(
    session: Session, tenant_id: TenantId, wanted: Filter = Filter(), page: Page | None = None
) -> list[ZoneAt]:
    """Zones with their newest edit, which the filter looks at too."""
    query = newest_zones(tenant_id)
    if wanted.mall_id is not None:
        query = query.where(Zone.mall_id == wanted.mall_id)
    if wanted.level is not None:
        query = query.where(ZoneVersion.levels.any_() == wanted.level)
    if wanted.boxes:
        query = query.where(_touches((ZoneVersion.geom,), wanted.boxes))
    if wanted.status is not None:
        query = query.where(_STATUS[wanted.status])
    if wanted.store_ids is not None:
        query = query.where(Zone.store_id.in_(wanted.store_ids))
    return [ZoneAt(*row) for row in await session.execute(_paged(query, Zone.id, page))]


async def get_zone(session: Session, tenant_id: TenantId, zone_id: UUID, *, lock: bool = False) -> ZoneAt:
    """A zone with its newest edit; NotFound when it is deleted or another tenant's. `lock`: its head, for update."""
    head = await get_row(session, tenant_id, Zone, zone_id, lock=lock)
    return ZoneAt(head, await get_version(session, tenant_id, zone_id, head.version))


async def get_version(session: Session, tenant_id: TenantId, zone_id: UUID, version: int) -> ZoneVersion:
    """One edit of a zone that exists; NotFound when it has no such version."""
    query = select(ZoneVersion).where(
        ZoneVersion.tenant_id == tenant_id, ZoneVersion.zone_id == zone_id, ZoneVersion.version == version
    )
    edit = (await session.execute(query)).scalar_one_or_none()
    if edit is None:
        raise errors.NotFound(f"the zone has no version {version}")
    return edit


async def list_versions(
    session: Session, tenant_id: TenantId, zone_id: UUID, before: int | None = None, limit: int | None = None
) -> Sequence[ZoneVersion]:
    """The edits of a zone, newest first, below version `before`."""
    query = select(ZoneVersion).where(ZoneVersion.tenant_id == tenant_id, ZoneVersion.zone_id == zone_id)
    if before is not None:
        query = query.where(ZoneVersion.version < before)
    return (await session.execute(query.order_by(ZoneVersion.version.desc()).limit(limit))).scalars().all()


async def insert_version(session: Session, tenant_id: TenantId, edit: ZoneVersion) -> None:
    """Store a new edit of a zone whose head is locked."""
    edit.tenant_id = tenant_id
    session.add(edit)
    await session.flush()


_NEAR_KNOWN = text("""
SELECT EXISTS (
  SELECT FROM mall WHERE tenant_id = :tenant_id AND ST_DWithin(
    ST_SetSRID(ST_MakePoint(origin_lon, origin_lat), 4326)::geography,
    ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography, :within_m)
) OR EXISTS (
  SELECT FROM store WHERE tenant_id = :tenant_id AND ST_DWithin(
    point::geography, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography, :within_m)
)
""")


async def is_near_known_place(
    session: Session, tenant_id: TenantId, lon: float, lat: float, *, within_m: float
) -> bool:
    """Whether a mall's origin or a store's point of the tenant lies within so many metres."""
    parameters = {"tenant_id": tenant_id, "lon": lon, "lat": lat, "within_m": within_m}
    return bool((await session.execute(_NEAR_KNOWN, parameters)).scalar())

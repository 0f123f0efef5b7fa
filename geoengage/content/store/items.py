"""SQL of items: rows, revisions, and where an item is (its zone, else its store, else its mall)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, text
from sqlalchemy.orm import aliased

from geoengage.content.models import ContentItem, ContentRevision
from geoengage.content.rules import ContentKind, ContentStatus, Item, Words, as_json, moment
from geoengage.kit.db import Session
from geoengage.kit.errors import NotFound
from geoengage.kit.ids import TenantId
from geoengage.venues.models import Geom, Mall, Store, Zone, ZoneVersion


class ContentNotFound(NotFound):
    """No such item, or not one that the caller may see."""

    code = "content-not-found"
    title = "No such content item"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which items to list. `store_ids`: those a restricted caller sees, None for all.

    `at`: on at that moment. `over_after`: not over before it. `near`: (lon, lat, metres). A mall's items are those of
    its zones and stores, too. `boxes`: lon/lat boxes, any of which the place must touch; items without a place are in
    none.
    """

    kind: ContentKind | None = None
    statuses: tuple[ContentStatus, ...] = tuple(ContentStatus)
    store_id: UUID | None = None
    mall_id: UUID | None = None
    zone_id: UUID | None = None
    store_ids: frozenset[UUID] | None = None
    at: datetime | None = None
    over_after: datetime | None = None
    boxes: tuple[BaseGeometry, ...] = ()
    near: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Located:
    """An item with the names of its place and a point (lon, lat) of it; None for everywhere."""

    row: ContentItem
    place: str | None
    point: tuple[float, float] | None


_Zone, _Version, _Store, _Mall = aliased(Zone), aliased(ZoneVersion), aliased(Store), aliased(Mall)
_MALL_ID: ColumnElement[UUID | None] = func.coalesce(ContentItem.mall_id, _Version.mall_id, _Store.mall_id)
_CENTRE = func.ST_SetSRID(func.ST_MakePoint(_Mall.origin_lon, _Mall.origin_lat), 4326)
_SHAPE: ColumnElement[Any] = func.coalesce(
    _Version.geom, _Store.footprint, _Store.point, _CENTRE, type_=Geom("GEOMETRY")
)


def _located(tenant_id: TenantId) -> Select[Any]:
    """Items with their place. A zone is where its published version says, one never published where its newest does."""
    point = func.ST_PointOnSurface(_SHAPE)
    name = func.concat_ws(", ", func.coalesce(_Version.name, _Store.name), _Mall.name)
    at_zone = and_(_Zone.tenant_id == tenant_id, _Zone.id == ContentItem.zone_id)
    version = func.coalesce(_Zone.published_version, _Zone.version)
    return (
        select(ContentItem, func.nullif(name, ""), func.ST_X(point), func.ST_Y(point))
        .outerjoin(_Zone, at_zone)
        .outerjoin(
            _Version,
            and_(_Version.tenant_id == tenant_id, _Version.zone_id == _Zone.id, _Version.version == version),
        )
        .outerjoin(_Store, and_(_Store.tenant_id == tenant_id, _Store.id == ContentItem.store_id))
        .outerjoin(_Mall, and_(_Mall.tenant_id == tenant_id, _Mall.id == _MALL_ID))
        .where(ContentItem.tenant_id == tenant_id)
    )


async def get_item(session: Session, tenant_id: TenantId, id_: UUID, *, lock: bool = False) -> ContentItem:
    """An item, else ContentNotFound. `lock`: FOR NO KEY UPDATE, read afresh."""
    query = select(ContentItem).where(ContentItem.tenant_id == tenant_id, ContentItem.id == id_)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise ContentNotFound(f"content item {id_} does not exist")
    return found


async def list_items(
    session: Session, tenant_id: TenantId, wanted: Filter, after: UUID | None, limit: int
) -> list[Located]:
    """Items with their places, by id, which is by age."""
    query = _located(tenant_id).where(*_conditions(wanted))
    if after is not None:
        query = query.where(ContentItem.id > after)
    return _as_located(await session.execute(query.order_by(ContentItem.id).limit(limit)))


async def list_located(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> dict[UUID, Located]:
    """These items with their places; unknown ones are left out."""
    found = await session.execute(_located(tenant_id).where(ContentItem.id.in_(ids)))
    return {each.row.id: each for each in _as_located(found)}


def _as_located(rows: Any) -> list[Located]:
    return [Located(row, place, None if lon is None else (lon, lat)) for row, place, lon, lat in rows]


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [ContentItem.status.in_([status.value for status in wanted.statuses])]
    if wanted.kind is not None:
        found.append(ContentItem.kind == wanted.kind.value)
    if wanted.store_id is not None:
        found.append(ContentItem.store_id == wanted.store_id)
    if wanted.zone_id is not None:
        found.append(ContentItem.zone_id == wanted.zone_id)
    if wanted.mall_id is not None:
        found.append(_MALL_ID.in_([wanted.mall_id]))
    if wanted.store_ids is not None:
        found.append(ContentItem.store_id.in_(wanted.store_ids))
    if wanted.at is not None:
        found.append(func.coalesce(ContentItem.starts_at <= wanted.at, True))
        found.append(func.coalesce(ContentItem.ends_at > wanted.at, True))
    if wanted.over_after is not None:
        found.append(func.coalesce(ContentItem.ends_at > wanted.over_after, True))
    if wanted.boxes:
        found.append(or_(*(func.ST_Intersects(_SHAPE, func.ST_GeomFromText(box.wkt, 4326)) for box in wanted.boxes)))
    if wanted.near is not None:
        found.append(_is_near(*wanted.near))
    return found


def _is_near(lon: float, lat: float, metres: float) -> ColumnElement[bool]:
    here = func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)
    return func.ST_DWithin(func.geography(_SHAPE), func.geography(here), metres)


async def insert_item(session: Session, tenant_id: TenantId, id_: UUID, item: Item, now: datetime) -> ContentItem:
    """A new draft."""
    row = ContentItem(
        tenant_id=tenant_id, id=id_, status=ContentStatus.DRAFT.value, revision=1, created_at=now, updated_at=now,
        cancelled_at=None, **_columns(item),
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return row


async def set_item(
    session: Session, tenant_id: TenantId, row: ContentItem, now: datetime, item: Item | None = None, **columns: Any
) -> None:
    """Change a locked item's words or columns; its revision rises. `tenant_id` is that of the row."""
    for name, value in (({} if item is None else _columns(item)) | columns).items():
        setattr(row, name, value)
    row.revision += 1
    row.updated_at = now
    await session.flush()


async def delete_item(session: Session, tenant_id: TenantId, id_: UUID) -> None:
    """Delete an item with its revisions and links."""
    await session.execute(delete(ContentItem).where(ContentItem.tenant_id == tenant_id, ContentItem.id == id_))


def _columns(item: Item) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "store_id": item.store_id,
        "mall_id": item.mall_id,
        "zone_id": item.zone_id,
        "texts": msgspec.to_builtins(item.texts),
        "default_language": item.default_language,
        "starts_local": item.starts,
        "ends_local": item.ends,
        "timezone": item.timezone,
        "starts_at": moment(item.starts, item.timezone),
        "ends_at": moment(item.ends, item.timezone),
        "products": list(item.products),
        "categories": list(item.categories),
        "brands": list(item.brands),
        "image_url": item.image_url,
        "link": item.link,
    }


def item_of(row: ContentItem) -> Item:
    """What somebody wrote into an item (no SQL, cross-tenant: it reads one row that is at hand)."""
    return Item(
        kind=ContentKind(row.kind),
        texts=msgspec.convert(row.texts, dict[str, Words]),
        default_language=row.default_language,
        timezone=row.timezone,
        store_id=row.store_id,
        mall_id=row.mall_id,
        zone_id=row.zone_id,
        starts=row.starts_local,
        ends=row.ends_local,
        products=tuple(row.products),
        categories=tuple(row.categories),
        brands=tuple(row.brands),
        image_url=row.image_url,
        link=row.link,
    )


# --- revisions ------------------------------------------------------------------------------------------------------


async def insert_revision(session: Session, tenant_id: TenantId, row: ContentItem, by: str, now: datetime) -> None:
    """Keep what an item says now. `tenant_id` is that of the row."""
    session.add(
        ContentRevision(
            tenant_id=tenant_id,
            item_id=row.id,
            revision=row.revision,
            status=row.status,
            content=as_json(item_of(row)),
            changed_at=now,
            changed_by=by,
        )
    )
    await session.flush()


async def list_revisions(session: Session, tenant_id: TenantId, item_id: UUID, limit: int) -> Sequence[ContentRevision]:
    """The newest revisions of an item, newest first."""
    query = select(ContentRevision).where(ContentRevision.tenant_id == tenant_id, ContentRevision.item_id == item_id)
    return (await session.execute(query.order_by(ContentRevision.revision.desc()).limit(limit))).scalars().all()


# --- places ---------------------------------------------------------------------------------------------------------


async def target_of(
    session: Session, tenant_id: TenantId, zone_id: UUID | None, mall_id: UUID | None, store_id: UUID | None
) -> tuple[bool, UUID | None, bool, bool]:
    """Whether there is such a zone (not deleted), whose store's it is, whether there are such a mall and store."""
    row = await session.execute(
        text(
            "SELECT z.id IS NOT NULL, z.store_id, m.id IS NOT NULL, s.id IS NOT NULL FROM tenant t"
            " LEFT JOIN zone z ON z.tenant_id = t.id AND z.id = CAST(:zone AS uuid) AND z.deleted_at IS NULL"
            " LEFT JOIN mall m ON m.tenant_id = t.id AND m.id = CAST(:mall AS uuid)"
            " LEFT JOIN store s ON s.tenant_id = t.id AND s.id = CAST(:store AS uuid) WHERE t.id = :tenant_id"
        ),
        {"tenant_id": tenant_id, "zone": zone_id, "mall": mall_id, "store": store_id},
    )
    return tuple(row.one())


async def list_wing(session: Session, tenant_id: TenantId, store_id: UUID) -> list[UUID]:
    """Published zones that people walk through within 30 m of a store of a mall, on its level: its wing."""
    rows = await session.execute(
        text(
            "SELECT z.id FROM store s JOIN zone z ON z.tenant_id = s.tenant_id AND z.mall_id = s.mall_id"
            " AND z.deleted_at IS NULL JOIN zone_version v ON v.tenant_id = z.tenant_id AND v.zone_id = z.id"
            " AND v.version = z.published_version WHERE s.tenant_id = :tenant_id AND s.id = :store"
            " AND v.kind IN ('corridor', 'entrance') AND v.sensitivity = 'none' AND s.level = ANY(v.levels)"
            " AND ST_DWithin(geography(v.geom), geography(coalesce(s.footprint, s.point)), 30) ORDER BY z.id LIMIT 50"
        ),
        {"tenant_id": tenant_id, "store": store_id},
    )
    return list(rows.scalars())


async def mall_of(
    session: Session, tenant_id: TenantId, zone_id: UUID | None, mall_id: UUID | None, store_id: UUID | None
) -> UUID | None:
    """The mall that something is in: its own, its zone's or its store's."""
    row = await session.execute(
        text(
            "SELECT coalesce(CAST(:mall AS uuid),"
            " (SELECT mall_id FROM zone WHERE tenant_id = :tenant_id AND id = CAST(:zone AS uuid)),"
            " (SELECT mall_id FROM store WHERE tenant_id = :tenant_id AND id = CAST(:store AS uuid)))"
        ),
        {"tenant_id": tenant_id, "zone": zone_id, "mall": mall_id, "store": store_id},
    )
    found: UUID | None = row.scalar()
    return found


async def place_timezone(
    session: Session, tenant_id: TenantId, zone_id: UUID | None, mall_id: UUID | None, store_id: UUID | None
) -> str:
    """The IANA zone of a place: of the zone's mall or store, else the store's, its mall's, the mall's, the tenant's."""
    row = await session.execute(
        text(
            "SELECT coalesce(zm.timezone, zs.timezone, s.timezone, sm.timezone, m.timezone, t.timezone) FROM tenant t"
            " LEFT JOIN zone z ON z.tenant_id = t.id AND z.id = CAST(:zone AS uuid)"
            " LEFT JOIN mall zm ON zm.tenant_id = t.id AND zm.id = z.mall_id"
            " LEFT JOIN store zs ON zs.tenant_id = t.id AND zs.id = z.store_id"
            " LEFT JOIN store s ON s.tenant_id = t.id AND s.id = CAST(:store AS uuid)"
            " LEFT JOIN mall sm ON sm.tenant_id = t.id AND sm.id = s.mall_id"
            " LEFT JOIN mall m ON m.tenant_id = t.id AND m.id = CAST(:mall AS uuid) WHERE t.id = :tenant_id"
        ),
        {"tenant_id": tenant_id, "zone": zone_id, "mall": mall_id, "store": store_id},
    )
    return str(row.scalar_one())

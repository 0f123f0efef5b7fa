"""SQL of evidence points: beacons, access points, check-in codes. Geometry as shapely in lon/lat.

Lists are by id, ascending; with `page` one row more than its limit.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from shapely.geometry.base import BaseGeometry
from sqlalchemy import and_, func, select
from sqlalchemy.exc import IntegrityError

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.geo import METRES_PER_DEG
from geoengage.kit.http import Page
from geoengage.kit.ids import TenantId
from geoengage.venues.models import EvidencePoint, Zone, ZoneVersion
from geoengage.venues.rules import (
    CHECK_IN_REACH_M,
    DEFAULT_RSSI_AT_1M,
    TIGHTEST_M,
    EvidenceKind,
    PlacedEvidence,
    Sensitivity,
    ZoneRules,
)

_TAKEN = {
    EvidenceKind.BEACON: "another point has this uuid, major and minor already",
    EvidenceKind.ACCESS_POINT: "another point has this bssid already",
    EvidenceKind.CHECK_IN: "this check-in point exists already",
}


@dataclass(frozen=True, slots=True)
class PointFilter:
    """What a list asks for. `store_ids`: only points of these stores. `near`: only those whose widest disc touches this
    lon/lat shape."""

    mall_id: UUID | None = None
    level: int | None = None
    kind: EvidenceKind | None = None
    store_ids: Collection[UUID] | None = None
    near: BaseGeometry | None = None


class Reachable(NamedTuple):
    """A published zone by a point: what hearing the point needs to know of it. `geometry` in lon/lat."""

    point_id: UUID
    zone_id: UUID
    store_id: UUID | None
    name: str
    levels: Sequence[int]
    geometry: BaseGeometry
    min_confidence: float


async def save_point(session: Session, tenant_id: TenantId, row: EvidencePoint) -> None:
    """Write a new or changed point; Conflict when its identity is another's already."""
    row.tenant_id = tenant_id
    kind = EvidenceKind(row.kind)  # after a failed flush the row cannot be read any more
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        raise errors.Conflict(_TAKEN[kind]) from error


async def change_point(
    session: Session, tenant_id: TenantId, row: EvidencePoint, changes: dict[str, Any], now: datetime
) -> None:
    """Set columns of a loaded, locked point and raise its version."""
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
    await save_point(session, tenant_id, row)


async def list_points(
    session: Session, tenant_id: TenantId, wanted: PointFilter = PointFilter(), page: Page | None = None
) -> Sequence[EvidencePoint]:
    """Evidence points that pass the filter."""
    query = select(EvidencePoint).where(EvidencePoint.tenant_id == tenant_id)
    for column, value in (
        (EvidencePoint.mall_id, wanted.mall_id),
        (EvidencePoint.level, wanted.level),
        (EvidencePoint.kind, wanted.kind),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.store_ids is not None:
        query = query.where(EvidencePoint.store_id.in_(wanted.store_ids))
    if wanted.near is not None:
        query = query.where(func.ST_Intersects(func.ST_GeomFromText(wanted.near.wkt, 4326), _widest_box()))
    query = query.order_by(EvidencePoint.id)
    if page is not None:
        query = (query if page.after is None else query.where(EvidencePoint.id > page.after)).limit(page.limit + 1)
    return (await session.execute(query)).scalars().all()


def _widest_box() -> Any:
    """A box in degrees that holds the widest disc of a point."""
    radius = func.coalesce(EvidencePoint.radius_m, CHECK_IN_REACH_M)
    latitude = func.ST_Y(EvidencePoint.point)
    shrink = func.greatest(func.cos(func.radians(latitude)), 0.01)
    return func.ST_Expand(EvidencePoint.point, radius / (METRES_PER_DEG * shrink))


async def list_reachable(session: Session, tenant_id: TenantId, point_ids: Collection[UUID]) -> list[Reachable]:
    """The published zones whose shape meets the box around a point's widest disc; sensitive ones are left out."""
    rows = await session.execute(
        select(EvidencePoint.id, ZoneVersion)
        .join(
            ZoneVersion,
            and_(
                ZoneVersion.tenant_id == EvidencePoint.tenant_id,
                func.ST_Intersects(ZoneVersion.geom, _widest_box()),
                ZoneVersion.sensitivity == Sensitivity.NONE.value,
            ),
        )
        .join(
            Zone,
            and_(
                Zone.tenant_id == ZoneVersion.tenant_id,
                Zone.id == ZoneVersion.zone_id,
                Zone.published_version == ZoneVersion.version,
            ),
        )
        .where(
            EvidencePoint.tenant_id == tenant_id,
            EvidencePoint.id.in_(point_ids),
            Zone.deleted_at.is_(None),
        )
        .order_by(EvidencePoint.id, ZoneVersion.zone_id)
    )
    return [_reachable(point_id, v) for point_id, v in rows]


def _reachable(point_id: UUID, v: ZoneVersion) -> Reachable:
    needs = ZoneRules.of(v.rules, outdoor=v.mall_id is None).min_confidence
    return Reachable(point_id, v.zone_id, v.store_id, v.name, v.levels, v.geom, needs)


async def list_placed(
    session: Session, tenant_id: TenantId, wanted: PointFilter = PointFilter()
) -> list[PlacedEvidence]:
    """The points that pass the filter, as matching reads them."""
    return [_placed(row) for row in await list_points(session, tenant_id, wanted)]


def _placed(row: EvidencePoint) -> PlacedEvidence:
    """A point as matching reads it."""
    kind = EvidenceKind(row.kind)
    beacon = (row.uuid, row.major, row.minor)
    return PlacedEvidence(
        id=row.id,
        kind=kind,
        identity=beacon if kind is EvidenceKind.BEACON else row.bssid or row.code,  # type: ignore[arg-type]
        name=row.name,
        store_id=row.store_id,
        level=row.level,
        lon=row.point.x,
        lat=row.point.y,
        radius_m=TIGHTEST_M if row.radius_m is None else row.radius_m,
        rssi_at_1m=DEFAULT_RSSI_AT_1M.get(kind, 0) if row.rssi_at_1m is None else row.rssi_at_1m,
    )


async def find_by_code(session: Session, tenant_id: TenantId, code: str) -> EvidencePoint | None:
    """The tenant's check-in point with this code (normal form)."""
    query = select(EvidencePoint).where(EvidencePoint.tenant_id == tenant_id, EvidencePoint.code == code)
    return (await session.execute(query)).scalar_one_or_none()


async def find_owner_of_code(session: Session, code: str) -> EvidencePoint | None:
    """The check-in point of any tenant with this code (cross-tenant: whoever scans a poster has no credential yet)."""
    query = select(EvidencePoint).where(EvidencePoint.code == code).order_by(EvidencePoint.tenant_id).limit(1)
    return (await session.execute(query)).scalar_one_or_none()

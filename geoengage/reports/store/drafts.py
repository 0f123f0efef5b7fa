"""SQL behind lint, preview and ghost: what lies around a drawn zone, and the stored positions near it.

Positions are read of devices that consent to location at this moment; test devices only where the caller asks for them.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, or_, select, text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.presence.rules.state import Fix
from geoengage.venues.models import Level, Store, Zone, ZoneVersion
from geoengage.venues.rules import PublishedZone

MOST_NEIGHBOURS = 500  # a catchment area may hold every shop of a town


async def find_timezone(session: Session, tenant_id: TenantId, mall_id: UUID | None, store_id: UUID | None) -> str:
    """The time zone of a zone there: the mall's, else the store's, else the tenant's."""
    row = await session.execute(
        text(
            "SELECT coalesce("
            " (SELECT timezone FROM mall WHERE tenant_id = :tenant_id AND id = CAST(:mall_id AS uuid)),"
            " (SELECT timezone FROM store WHERE tenant_id = :tenant_id AND id = CAST(:store_id AS uuid)),"
            " (SELECT timezone FROM tenant WHERE id = :tenant_id))"
        ),
        {"tenant_id": tenant_id, "mall_id": mall_id, "store_id": store_id},
    )
    return str(row.scalar_one())


async def find_category(session: Session, tenant_id: TenantId, store_id: UUID | None) -> str | None:
    """What a store sells, in the tenant's own word."""
    query = select(Store.category).where(Store.tenant_id == tenant_id, Store.id == store_id)
    return None if store_id is None else (await session.execute(query)).scalar_one_or_none()


async def list_outlines(
    session: Session, tenant_id: TenantId, mall_id: UUID | None, levels: Sequence[int]
) -> dict[int, BaseGeometry]:
    """Outlines (lon/lat) of these floors of a mall; a floor that it does not have is missing."""
    query = select(Level.ordinal, Level.geom).where(
        Level.tenant_id == tenant_id, Level.mall_id == mall_id, Level.ordinal.in_(levels)
    )
    return {row.ordinal: row.geom for row in await session.execute(query)}


async def list_neighbours(session: Session, tenant_id: TenantId, draft: PublishedZone) -> list[Any]:
    """Zones that touch a draft's box on a common floor (outdoors: other outdoor zones), without itself.

    Rows of (zone_id, store_id, name, geom in lon/lat): the newest edit of each, and the published one where it differs;
    500 at most.
    """
    query = (
        select(ZoneVersion.zone_id, ZoneVersion.store_id, ZoneVersion.name, ZoneVersion.geom)
        .join(Zone, (Zone.tenant_id == ZoneVersion.tenant_id) & (Zone.id == ZoneVersion.zone_id))
        .where(
            ZoneVersion.tenant_id == tenant_id,
            Zone.deleted_at.is_(None),
            or_(ZoneVersion.version == Zone.version, ZoneVersion.version == Zone.published_version),
            ZoneVersion.zone_id != draft.zone_id,
            ZoneVersion.mall_id.is_not_distinct_from(draft.mall_id),
            func.ST_Intersects(ZoneVersion.geom, func.ST_MakeEnvelope(*draft.geometry.bounds, 4326)),
        )
        .order_by(ZoneVersion.zone_id, ZoneVersion.version.desc())
        .limit(MOST_NEIGHBOURS)
    )
    if draft.levels:
        query = query.where(or_(*(ZoneVersion.levels.any_() == level for level in sorted(draft.levels))))
    return list(await session.execute(query))


@dataclass(frozen=True, slots=True)
class Near:
    """Pings in or around a box of lon/lat, from `since` to `until`.

    A ping counts when its accuracy circle, made `margin_m` wider, can touch the box. `tests`: test devices count too.
    """

    box: tuple[float, float, float, float]
    margin_m: float
    since: datetime
    until: datetime
    tests: bool


# What is near a box: degrees of its accuracy and the margin on each side. Written once, used in both questions.
_NEAR = """
  FROM ping p JOIN device d ON d.tenant_id = p.tenant_id AND d.id = p.device_id AND p.verdict IS NULL
  WHERE p.tenant_id = :tenant_id AND p.event_at BETWEEN :since AND :until AND NOT p.late
    AND p.run_from BETWEEN CAST(:since AS timestamptz) - interval '1 hour' AND :until
    AND d.location = 'granted' AND (:tests OR NOT d.is_test)
    AND p.lat BETWEEN :south - (p.accuracy_m + :margin) / 111319.0 AND :north + (p.accuracy_m + :margin) / 111319.0
    AND p.lon BETWEEN :west - (p.accuracy_m + :margin) / (111319.0 * :cos)
      AND :east + (p.accuracy_m + :margin) / (111319.0 * :cos)
"""


def _parameters(tenant_id: TenantId, near: Near) -> dict[str, Any]:
    west, south, east, north = near.box
    farthest = min(88.0, max(abs(south), abs(north)) + 1.0)
    return {
        "tenant_id": tenant_id, "since": near.since, "until": near.until, "tests": near.tests,
        "margin": near.margin_m, "west": west, "south": south, "east": east, "north": north,
        "cos": float(np.cos(np.radians(farthest))),
    }  # fmt: skip


async def list_devices_near(session: Session, tenant_id: TenantId, near: Near, limit: int) -> list[tuple[UUID, UUID]]:
    """(device, person) of the devices with a ping near the box, by device id; `limit` at most."""
    rows = await session.execute(
        text(f"SELECT DISTINCT d.id, coalesce(d.profile_id, d.id) {_NEAR} ORDER BY d.id LIMIT :limit"),
        _parameters(tenant_id, near) | {"limit": limit},
    )
    return [(row[0], row[1]) for row in rows]


async def find_median_accuracy(
    session: Session, tenant_id: TenantId, near: Near, levels: Sequence[int], fewest: int
) -> float | None:
    """The median of the accuracies that devices reported near the box on these floors, or without saying the floor.

    Of each device its own median counts, so that a talkative one has one voice; None with fewer than `fewest` devices.
    What was filled in for a phone that named no accuracy is left out: it says nothing of the place.
    """
    sql = (
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY m), count(*) FROM (SELECT"  # noqa: S608 - constants only
        f" percentile_cont(0.5) WITHIN GROUP (ORDER BY p.accuracy_m) AS m {_NEAR}"
        " AND (p.level IS NULL OR cardinality(CAST(:levels AS int[])) = 0 OR p.level = ANY(CAST(:levels AS int[])))"
        " AND (p.trust > 0.8 OR p.accuracy_m <> (SELECT default_accuracy_m FROM tenant WHERE id = :tenant_id))"
        " GROUP BY d.id) per_device"
    )
    median, devices = (await session.execute(text(sql), _parameters(tenant_id, near) | {"levels": list(levels)})).one()
    return float(median) if devices >= fewest else None


async def list_streams(
    session: Session, tenant_id: TenantId, device_ids: Sequence[UUID], since: datetime, until: datetime, limit: int
) -> dict[UUID, list[Fix]]:
    """All fixes of devices in order of time, those that came late left out; of at most `limit` rows.

    A device whose consent has ended meanwhile is missing.
    """
    rows = await session.execute(
        text(
            "SELECT p.device_id, p.event_at, p.at, p.lon, p.lat, p.accuracy_m, p.level, p.trust, p.source, p.speed_mps"
            " FROM ping p JOIN device d ON d.tenant_id = p.tenant_id AND d.id = p.device_id AND p.verdict IS NULL"
            " WHERE p.tenant_id = :tenant_id AND p.device_id = ANY(CAST(:ids AS uuid[])) AND NOT p.late"
            " AND p.event_at BETWEEN :since AND :until AND d.location = 'granted'"
            " AND p.run_from BETWEEN CAST(:since AS timestamptz) - interval '1 hour' AND :until"
            " ORDER BY p.device_id, p.event_at, p.at LIMIT :limit"
        ),
        {"tenant_id": tenant_id, "ids": list(device_ids), "since": since, "until": until, "limit": limit},
    )
    streams: dict[UUID, list[Fix]] = defaultdict(list)
    for device_id, *fix in rows:
        streams[device_id].append(Fix(*fix))
    return dict(streams)

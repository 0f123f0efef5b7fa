"""Zone events and visits for people to read, newest first, with paging."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which zone events to list. `store_ids` None: of the whole tenant."""

    zone_id: UUID | None = None
    device_id: UUID | None = None
    kind: str | None = None
    after: datetime | None = None
    store_ids: frozenset[UUID] | None = None


_OWN_ZONES = (
    "(CAST(:stores AS uuid[]) IS NULL OR x.zone_id IN"
    " (SELECT z.id FROM zone z WHERE z.tenant_id = :tenant_id AND z.store_id = ANY(:stores)))"
)


async def list_zone_events(
    session: Session, tenant_id: TenantId, wanted: EventFilter, *, offset_id: UUID | None, limit: int
) -> list[Any]:
    """Zone events, newest recorded first; `offset_id` is the last one of the page before."""
    rows = await session.execute(
        text(
            "SELECT x.* FROM zone_event x LEFT JOIN zone_event o ON o.tenant_id = :tenant_id AND o.id = :offset_id"  # noqa: S608 - constants only
            " WHERE x.tenant_id = :tenant_id AND (CAST(:zone_id AS uuid) IS NULL OR x.zone_id = :zone_id)"
            " AND (CAST(:device_id AS uuid) IS NULL OR x.device_id = :device_id)"
            " AND (CAST(:kind AS text) IS NULL OR x.kind = :kind)"
            " AND (CAST(:after AS timestamptz) IS NULL OR x.recorded_at > :after)"
            f" AND {_OWN_ZONES}"
            " AND (CAST(:offset_id AS uuid) IS NULL OR (x.recorded_at, x.id) < (o.recorded_at, o.id))"
            " ORDER BY x.recorded_at DESC, x.id DESC LIMIT :limit"
        ),
        {
            "tenant_id": tenant_id,
            "zone_id": wanted.zone_id,
            "device_id": wanted.device_id,
            "kind": wanted.kind,
            "after": wanted.after,
            "stores": None if wanted.store_ids is None else list(wanted.store_ids),
            "offset_id": offset_id,
            "limit": limit,
        },
    )
    return list(rows)


@dataclass(frozen=True, slots=True)
class VisitFilter:
    """Which visits to list. `store_ids` None: of the whole tenant."""

    zone_id: UUID | None = None
    device_id: UUID | None = None
    is_open: bool | None = None
    store_ids: frozenset[UUID] | None = None


async def list_visits(
    session: Session, tenant_id: TenantId, wanted: VisitFilter, *, before: UUID | None, limit: int
) -> list[Any]:
    """Visits, newest first (their ids sort by time); `before` is the last one of the page before."""
    rows = await session.execute(
        text(
            "SELECT x.* FROM visit x WHERE x.tenant_id = :tenant_id"  # noqa: S608 - constants only
            " AND (CAST(:zone_id AS uuid) IS NULL OR x.zone_id = :zone_id)"
            " AND (CAST(:device_id AS uuid) IS NULL OR x.device_id = :device_id)"
            " AND (CAST(:is_open AS bool) IS NULL OR (x.exited_at IS NULL) = :is_open)"
            f" AND {_OWN_ZONES} AND (CAST(:before AS uuid) IS NULL OR x.id < :before)"
            " ORDER BY x.id DESC LIMIT :limit"
        ),
        {
            "tenant_id": tenant_id,
            "zone_id": wanted.zone_id,
            "device_id": wanted.device_id,
            "is_open": wanted.is_open,
            "stores": None if wanted.store_ids is None else list(wanted.store_ids),
            "before": before,
            "limit": limit,
        },
    )
    return list(rows)

"""SQL of retention: what each tenant chose, deleting what has grown old, dropping partitions, what a run deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from geoengage.kit import partitions
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, id_time, lowest_id, new_id
from geoengage.privacy.models import RetentionRun
from geoengage.privacy.retention import Aged

SLICE = timedelta(days=1)
_POSITIONS = "positions"  # this one is a column of the tenant, because the ping path reads it


@dataclass(frozen=True, slots=True)
class Keeper:
    """A tenant, its time zone, and for how many days it chose to keep what."""

    tenant_id: TenantId
    timezone: str
    chosen: dict[str, int]


async def list_tenants(session: Session) -> list[Keeper]:
    """All tenants (cross-tenant: retention)."""
    rows = await session.execute(
        text(
            "SELECT t.id, t.timezone, jsonb_build_object('positions', t.ping_retention_days) || coalesce("
            "(SELECT jsonb_object_agg(kind, days) FROM retention_setting r WHERE r.tenant_id = t.id), '{}') AS chosen"
            " FROM tenant t ORDER BY t.id"
        )
    )
    return [Keeper(TenantId(row.id), row.timezone, row.chosen) for row in rows]


async def get_days(session: Session, tenant_id: TenantId) -> dict[str, int]:
    """For how many days a tenant chose to keep what; kinds that it did not choose are left out."""
    rows = await session.execute(
        text(
            "SELECT kind, days FROM retention_setting WHERE tenant_id = :tenant_id"
            " UNION ALL SELECT 'positions', ping_retention_days FROM tenant WHERE id = :tenant_id"
        ),
        {"tenant_id": tenant_id},
    )
    return {row.kind: row.days for row in rows}


async def set_days(session: Session, tenant_id: TenantId, days: Mapping[str, int], now: datetime) -> None:
    """Keep these kinds for so many days from the next run on."""
    for kind, value in days.items():
        statement = (
            "UPDATE tenant SET ping_retention_days = :days, version = version + 1 WHERE id = :tenant_id"
            if kind == _POSITIONS
            else "INSERT INTO retention_setting (tenant_id, kind, days, changed_at)"
            " VALUES (:tenant_id, :kind, :days, :now) ON CONFLICT (tenant_id, kind)"
            " DO UPDATE SET days = excluded.days, changed_at = excluded.changed_at"
        )
        await session.execute(text(statement), {"tenant_id": tenant_id, "kind": kind, "days": value, "now": now})


async def delete_aged(
    session: Session, tenant_id: TenantId, table: Aged, before: datetime, timezone: str
) -> tuple[int, bool]:
    """Delete a tenant's rows of the oldest day before `before`, after writing what is kept of them.

    Returns how many went, and whether there may be more.
    """
    oldest = await session.execute(
        text(
            f"SELECT {table.column} FROM {table.name} WHERE tenant_id = :tenant_id"  # noqa: S608 - the table of kinds
            f" AND {table.column} < :until AND {table.only} ORDER BY {table.column} LIMIT 1"
        ),
        {"tenant_id": tenant_id, "until": _bound(table, before)},
    )
    first = oldest.scalar_one_or_none()
    if first is None:
        return 0, False
    since = id_time(first) if isinstance(first, UUID) else first
    span = {"since": _bound(table, since), "until": _bound(table, min(since + SLICE, before))}
    await _keep_totals(session, tenant_id, table, span, timezone)
    gone = await session.execute(
        text(
            f"DELETE FROM {table.name} WHERE tenant_id = :tenant_id"  # noqa: S608 - the table of kinds
            f" AND {table.column} >= :since AND {table.column} < :until AND {table.only}"
        ),
        {"tenant_id": tenant_id} | span,
    )
    return int(getattr(gone, "rowcount", 0)), True


async def drop_old_partitions(
    session: Session, table: Aged, before: datetime, timezones: Mapping[TenantId, str]
) -> dict[TenantId, int]:
    """Drop the partitions of a table that all tenants have done with, after writing what is kept of them.

    Returns how many rows of which tenant went with them (cross-tenant: retention).
    """
    gone: dict[TenantId, int] = {}
    for old in await partitions.list_before(session, table.name, before):
        rows = await session.execute(text(f"SELECT tenant_id, count(*) FROM {old.name} GROUP BY 1"))  # noqa: S608
        span = {"since": _bound(table, old.starts), "until": _bound(table, old.ends)}
        for tenant_id, count in rows:
            await _keep_totals(session, TenantId(tenant_id), table, span, timezones.get(tenant_id, "UTC"))
            gone[TenantId(tenant_id)] = gone.get(TenantId(tenant_id), 0) + count
        await session.execute(text(f"DROP TABLE {old.name}"))
    return gone


async def _keep_totals(
    session: Session, tenant_id: TenantId, table: Aged, span: Mapping[str, Any], timezone: str
) -> None:
    if table.total:
        await session.execute(text(table.total), {"tenant_id": tenant_id, "zone": timezone} | dict(span))


def _bound(table: Aged, moment: datetime) -> UUID | datetime:
    return lowest_id(moment) if table.column == "id" else moment


async def insert_run(
    session: Session, tenant_id: TenantId, kind: str, table: str, rows: int, before: datetime, now: datetime
) -> None:
    """Note what a run deleted of a tenant."""
    run = RetentionRun(
        tenant_id=tenant_id, id=new_id(now), at=now, kind=kind, table_name=table, rows=rows, before=before
    )
    session.add(run)
    await session.flush()


async def list_runs(session: Session, tenant_id: TenantId, after: UUID | None, limit: int) -> Sequence[RetentionRun]:
    """What runs deleted, the newest first, below `after`."""
    query = select(RetentionRun).where(RetentionRun.tenant_id == tenant_id)
    if after is not None:
        query = query.where(RetentionRun.id < after)
    return (await session.execute(query.order_by(RetentionRun.id.desc()).limit(limit))).scalars().all()

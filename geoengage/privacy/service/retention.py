"""Deleting what has grown old: row by row where a tenant keeps it shorter than another, by partition where none does.

Every step is a transaction of its own, with the note of what it deleted; a run that is killed goes on where it was.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from geoengage.kit import partitions
from geoengage.kit.db import Sessions, transaction
from geoengage.kit.ids import TenantId
from geoengage.privacy import retention, store

LOG_DAYS = 14


async def delete_old(sessions: Sessions, now: datetime) -> int:
    """One run over all tenants and kinds; returns how many rows went."""
    async with transaction(sessions, None) as session:  # cross-tenant: retention
        keepers = await store.list_tenants(session)
    deleted = 0
    for kind, entry in retention.KINDS.items():
        days = {k.tenant_id: retention.days_of(k.chosen)[kind] for k in keepers}
        zones = {k.tenant_id: k.timezone for k in keepers}
        longest = max(days.values(), default=entry.usual)
        for table in entry.tables:
            async with transaction(sessions, None) as session:
                by_partition = await partitions.is_partitioned(session, table.name)
            for tenant_id, kept in days.items():
                if not by_partition or kept < longest:
                    before = retention.before(kept, now)
                    deleted += await _delete_rows(sessions, tenant_id, kind, table, before, zones[tenant_id], now)
            if by_partition:
                deleted += await _drop(sessions, kind, table, retention.before(longest, now), zones, now)
    return deleted


async def _delete_rows(
    sessions: Sessions,
    tenant_id: TenantId,
    kind: str,
    table: retention.Aged,
    before: datetime,
    timezone: str,
    now: datetime,
) -> int:
    deleted, more = 0, True
    while more:
        async with transaction(sessions, tenant_id) as session:
            gone, more = await store.delete_aged(session, tenant_id, table, before, timezone)
            if gone:
                await store.insert_run(session, tenant_id, kind, table.name, gone, before, now)
            more = more and gone > 0
            deleted += gone
    return deleted


async def _drop(
    sessions: Sessions,
    kind: str,
    table: retention.Aged,
    before: datetime,
    zones: Mapping[TenantId, str],
    now: datetime,
) -> int:
    async with transaction(sessions, None) as session:  # cross-tenant: a partition is everybody's
        gone = await store.drop_old_partitions(session, table, before, zones)
        for tenant_id, rows in gone.items():
            if tenant_id in zones:
                await store.insert_run(session, tenant_id, kind, table.name, rows, before, now)
    return sum(gone.values())


def delete_old_logs(folder: Path, now: datetime) -> int:
    """Log files that nobody has written to for 14 days; returns how many went."""
    old = [
        path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.is_file() and now.timestamp() - path.stat().st_mtime > LOG_DAYS * 86_400
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)

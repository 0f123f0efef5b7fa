"""Stored pings: COPY in, known times out, old ones deleted. Callers hold the locks of the devices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.presence.rules.fixes import Rejected
from geoengage.presence.rules.state import Fix, Said


async def list_known_times(
    session: Session, tenant_id: TenantId, device_ids: Sequence[UUID], since: datetime, until: datetime
) -> set[tuple[UUID, datetime]]:
    """(device, time as sent) of stored pings whose event time lies between the two moments: for finding duplicates."""
    rows = await session.execute(
        text(
            "SELECT device_id, at FROM ping WHERE tenant_id = :tenant_id AND device_id = ANY(:ids)"
            " AND event_at BETWEEN :since AND :until"
        ),
        {"tenant_id": tenant_id, "ids": list(device_ids), "since": since, "until": until},
    )
    return {(row[0], row[1]) for row in rows}


async def insert_pings(
    session: Session,
    tenant_id: TenantId,
    pings: Sequence[tuple[UUID, Fix, bool]],
    received_at: datetime,
) -> None:
    """COPY (device, fix, late) rows. Callers hold the devices' locks and have left duplicates out."""
    raw = await (await session.connection()).get_raw_connection()
    connection: Any = raw.driver_connection
    async with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY ping (tenant_id, device_id, event_at, at, received_at, lon, lat, accuracy_m, level, speed_mps,"
            " source, trust, late, said_zone_id, said_left, verdict) FROM STDIN"
        ) as copy,
    ):
        for device_id, fix, late in pings:
            await copy.write_row(
                (
                    *(tenant_id, device_id, fix.at, fix.sent_at, received_at, fix.lon, fix.lat),
                    *(fix.accuracy_m, fix.level, fix.speed_mps, fix.source, fix.trust, late),
                    *(fix.said or (None, None)),
                    fix.verdict,
                )
            )


async def list_fixes(session: Session, tenant_id: TenantId, device_id: UUID, after: datetime | None) -> list[Fix]:
    """The stored fixes of a locked device with a later event time (None: all), in order, each with its verdict."""
    rows = await session.execute(
        text(
            "SELECT event_at, at, lon, lat, accuracy_m, level, trust, source, speed_mps, said_zone_id, said_left,"
            " verdict FROM ping WHERE tenant_id = :tenant_id AND device_id = :device_id"
            " AND (CAST(:after AS timestamptz) IS NULL OR event_at > :after) ORDER BY event_at, at"
        ),
        {"tenant_id": tenant_id, "device_id": device_id, "after": after},
    )
    return [_fix(row) for row in rows]


def _fix(row: Any) -> Fix:
    said = None if row.said_zone_id is None else Said(row.said_zone_id, row.said_left)
    return Fix(*row[:9], said, row.verdict)  # type: ignore[call-arg]


async def set_verdicts(session: Session, tenant_id: TenantId, fixes: Sequence[tuple[UUID, Fix]]) -> None:
    """Note of stored fixes (device, fix) whether they are believed, as `fix.verdict` has it now."""
    await session.execute(
        text(
            "UPDATE ping p SET verdict = n.verdict FROM unnest(CAST(:devices AS uuid[]), CAST(:times AS timestamptz[]),"
            " CAST(:sent AS timestamptz[]), CAST(:verdicts AS text[])) AS n (device_id, event_at, at, verdict)"
            " WHERE p.tenant_id = :tenant_id AND p.device_id = n.device_id AND p.event_at = n.event_at AND p.at = n.at"
        ),
        {
            "tenant_id": tenant_id,
            "devices": [device_id for device_id, _ in fixes],
            "times": [fix.at for _, fix in fixes],
            "sent": [fix.sent_at for _, fix in fixes],
            "verdicts": [fix.verdict for _, fix in fixes],
        },
    )


async def insert_rejections(
    session: Session,
    tenant_id: TenantId,
    rejections: Sequence[tuple[UUID, datetime | None, Rejected]],
    received_at: datetime,
) -> None:
    """Note refused pings, without coordinates."""
    await session.execute(
        text(
            "INSERT INTO ping_rejection (tenant_id, device_id, received_at, n, at, reason)"
            " SELECT :tenant_id, device_id, :received_at, n, at, reason FROM unnest("
            " CAST(:devices AS uuid[]), CAST(:times AS timestamptz[]), CAST(:reasons AS text[]))"
            " WITH ORDINALITY AS r (device_id, at, reason, n) ON CONFLICT DO NOTHING"
        ),
        {
            "tenant_id": tenant_id,
            "received_at": received_at,
            "devices": [r[0] for r in rejections],
            "times": [r[1] for r in rejections],
            "reasons": [r[2].value for r in rejections],
        },
    )


async def delete_old_pings(session: Session, now: datetime) -> None:
    """Apply each tenant's own ping retention inside partitions that others still need (cross-tenant: retention)."""
    await session.execute(
        text(
            "DELETE FROM ping p USING tenant t WHERE t.id = p.tenant_id"
            " AND p.event_at < CAST(:now AS timestamptz) - make_interval(days => t.ping_retention_days)"
        ),
        {"now": now},
    )

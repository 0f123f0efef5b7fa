"""What the engine decided: visits, who is inside, zone events, timers. Writes are idempotent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.presence.rules.run import Span

LONGEST_VISIT = timedelta(days=8)  # of those that can still change; older pings are not taken


@dataclass(slots=True)
class VisitChange:
    """What one group does to one visit. `is_new`: entered in this group; `last_dwell_s` 0: the mark was retracted;
    `is_gone`: it never was; `revised`: what it is now as a whole."""

    visit_id: UUID
    device_id: UUID
    zone_id: UUID
    zone_version: int
    entered_at: datetime
    is_new: bool = False
    exited_at: datetime | None = None
    exit_reason: str | None = None
    last_dwell_s: int | None = None
    is_gone: bool = False
    revised: Span | None = None


_VISITS = (
    "unnest(CAST(:ids AS uuid[]), CAST(:devices AS uuid[]), CAST(:zones AS uuid[]), CAST(:versions AS int[]),"
    " CAST(:entered AS timestamptz[]), CAST(:exited AS timestamptz[]), CAST(:reasons AS text[]),"
    " CAST(:dwells AS int[])) AS n (id, device_id, zone_id, zone_version, entered_at, exited_at, exit_reason,"
    " last_dwell_s)"
)
_INSERT = (
    "INSERT INTO visit (tenant_id, id, device_id, zone_id, zone_version, entered_at, exited_at, exit_reason,"  # noqa: S608 - constants only
    " last_dwell_s) SELECT :tenant_id, n.id, n.device_id, n.zone_id, n.zone_version, n.entered_at, n.exited_at,"
    f" n.exit_reason, nullif(n.last_dwell_s, 0) FROM {_VISITS} ON CONFLICT DO NOTHING"
)
_UPDATE = (
    "UPDATE visit v SET exited_at = coalesce(n.exited_at, v.exited_at),"  # noqa: S608 - constants only
    " exit_reason = coalesce(n.exit_reason, v.exit_reason),"
    " last_dwell_s = nullif(coalesce(n.last_dwell_s, v.last_dwell_s), 0)"
    f" FROM {_VISITS} WHERE v.tenant_id = :tenant_id AND v.id = n.id"
)
_DELETE = f"DELETE FROM visit v USING {_VISITS} WHERE v.tenant_id = :tenant_id AND v.id = n.id"  # noqa: S608 - constants only
_REVISE = (
    "UPDATE visit v SET entered_at = n.entered_at, exited_at = n.exited_at, exit_reason = n.exit_reason,"  # noqa: S608 - constants only
    " last_dwell_s = nullif(n.last_dwell_s, 0), revision = v.revision + 1"
    f" FROM {_VISITS} WHERE v.tenant_id = :tenant_id AND v.id = n.id"
)
_GONE = (
    f"DELETE FROM zone_occupant o USING {_VISITS} WHERE o.tenant_id = :tenant_id AND o.zone_id = n.zone_id"  # noqa: S608 - constants only
    " AND o.device_id = n.device_id"
)
_CAME = (
    "INSERT INTO zone_occupant (tenant_id, zone_id, device_id, entered_at) SELECT :tenant_id, zone_id, device_id,"  # noqa: S608 - constants only
    f" entered_at FROM {_VISITS} ON CONFLICT DO NOTHING"
)


async def write_visits(session: Session, tenant_id: TenantId, changes: Sequence[VisitChange]) -> None:
    """Insert new visits, update the others; keep `zone_occupant` in step (of revised devices: `replace_occupancy`)."""
    new, gone = [c for c in changes if c.is_new], [c for c in changes if c.is_gone]
    revised = [_whole(c, c.revised) for c in changes if c.revised is not None]
    old = [c for c in changes if not (c.is_new or c.is_gone or c.revised)]
    # Who left and came back in one group is inside: first those who left.
    for statement, concerned in (
        (_DELETE, gone),
        (_REVISE, revised),
        (_INSERT, new),
        (_UPDATE, old),
        (_GONE, [c for c in old if c.exited_at is not None]),
        (_CAME, [c for c in new if c.exited_at is None]),
    ):
        if concerned:
            await send(session, statement, _visit_parameters(tenant_id, concerned))


def _whole(change: VisitChange, span: Span) -> VisitChange:
    """A visit as it is after a revision."""
    return replace(
        change,
        entered_at=span.entered_at,
        exited_at=span.exited_at,
        exit_reason=span.exit_reason,
        last_dwell_s=span.last_dwell_s,
    )


async def list_spans(
    session: Session, tenant_id: TenantId, device_ids: Sequence[UUID], since: datetime
) -> dict[UUID, list[Span]]:
    """Visits of locked devices that were open at a moment or began later, by device.

    A visit's id is of the moment at which it was first believed to begin, which a revision moves by hours at most.
    """
    rows = await session.execute(
        text(
            "SELECT device_id, id, zone_id, zone_version, entered_at, exited_at, exit_reason,"
            " coalesce(last_dwell_s, 0), revision FROM visit"
            " WHERE tenant_id = :tenant_id AND device_id = ANY(:ids) AND id >= :lowest"
            " AND (exited_at IS NULL OR exited_at >= :since OR entered_at >= :since)"
        ),
        {
            "tenant_id": tenant_id,
            "ids": list(device_ids),
            "since": since,
            "lowest": lowest_id(since - LONGEST_VISIT),
        },
    )
    found: dict[UUID, list[Span]] = {}
    for device_id, *span in rows:
        found.setdefault(device_id, []).append(Span(*span))
    return found


async def replace_occupancy(
    session: Session, tenant_id: TenantId, inside: Mapping[UUID, Mapping[UUID, datetime]]
) -> None:
    """Write anew in which zones devices are, and since when."""
    await send(
        session,
        "DELETE FROM zone_occupant WHERE tenant_id = :tenant_id AND device_id = ANY(:ids)",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(inside)},
    )
    rows = [(device_id, *zone) for device_id, zones in inside.items() for zone in zones.items()]
    await send(
        session,
        "INSERT INTO zone_occupant (tenant_id, device_id, zone_id, entered_at) SELECT :tenant_id, n.* FROM"
        " unnest(CAST(:devices AS uuid[]), CAST(:zones AS uuid[]), CAST(:since AS timestamptz[])) AS n",
        {
            "tenant_id": tenant_id,
            "devices": pgarrays.uuids(r[0] for r in rows),
            "zones": pgarrays.uuids(r[1] for r in rows),
            "since": pgarrays.times(r[2] for r in rows),
        },
    )


def _visit_parameters(tenant_id: TenantId, changes: Sequence[VisitChange]) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "ids": pgarrays.uuids(c.visit_id for c in changes),
        "devices": pgarrays.uuids(c.device_id for c in changes),
        "zones": pgarrays.uuids(c.zone_id for c in changes),
        "versions": pgarrays.ints([c.zone_version for c in changes]),
        "entered": pgarrays.times(c.entered_at for c in changes),
        "exited": pgarrays.times_or_null(c.exited_at for c in changes),
        "reasons": pgarrays.texts_or_null(c.exit_reason for c in changes),
        "dwells": pgarrays.ints_or_null(c.last_dwell_s for c in changes),
    }


async def insert_zone_events(session: Session, tenant_id: TenantId, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store zone events (JSON-ready mappings with the columns' names). Idempotent by their hashed id."""
    await send(
        session,
        "INSERT INTO zone_event (tenant_id, id, at, kind, device_id, zone_id, zone_version, visit_id, dwell_s,"
        " confidence, evidence, reason, by_silence, late, recorded_at, details)"
        " SELECT :tenant_id, r.* FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, at timestamptz,"
        " kind text, device_id uuid, zone_id uuid, zone_version int, visit_id uuid, dwell_s int, confidence float8,"
        " evidence text, reason text, by_silence bool, late bool, recorded_at timestamptz, details jsonb)"
        " ON CONFLICT DO NOTHING",
        {"tenant_id": tenant_id, "rows": msgspec.json.encode(rows).decode()},
    )


async def write_timers(
    session: Session, tenant_id: TenantId, timers: Mapping[tuple[UUID, UUID], datetime | None]
) -> None:
    """Set or (None) remove the timers of (device, zone)."""
    gone = [key for key, due in timers.items() if due is None]
    due = {key: at for key, at in timers.items() if at is not None}
    if gone:
        await send(
            session,
            "DELETE FROM timer t USING unnest(CAST(:devices AS uuid[]), CAST(:zones AS uuid[])) AS g (device_id,"
            " zone_id) WHERE t.tenant_id = :tenant_id AND t.device_id = g.device_id AND t.zone_id = g.zone_id",
            {
                "tenant_id": tenant_id,
                "devices": pgarrays.uuids(k[0] for k in gone),
                "zones": pgarrays.uuids(k[1] for k in gone),
            },
        )
    if due:
        await send(
            session,
            "INSERT INTO timer (tenant_id, device_id, zone_id, due_at) SELECT :tenant_id, n.* FROM"
            " unnest(CAST(:devices AS uuid[]), CAST(:zones AS uuid[]), CAST(:due AS timestamptz[])) AS n"
            " ON CONFLICT (tenant_id, device_id, zone_id) DO UPDATE SET due_at = excluded.due_at",
            {
                "tenant_id": tenant_id,
                "devices": pgarrays.uuids(k[0] for k in due),
                "zones": pgarrays.uuids(k[1] for k in due),
                "due": pgarrays.times(due.values()),
            },
        )


async def tenants_with_due_timers(session: Session, now: datetime) -> list[TenantId]:
    """Tenants with a timer to fire or zones that have changed (cross-tenant: the worker serves all)."""
    found = await send(
        session,
        "SELECT tenant_id FROM timer WHERE due_at <= :now UNION SELECT tenant_id FROM zone_change WHERE due_at <= :now",
        {"now": now},
    )
    return [TenantId(t) for (t,) in found.rows]


async def tenants_with_timers(session: Session) -> list[TenantId]:
    """Tenants with any timer, due or not (cross-tenant: the worker serves all)."""
    found = await send(
        session, "SELECT id FROM tenant t WHERE EXISTS (SELECT FROM timer WHERE timer.tenant_id = t.id)", {}
    )
    return [TenantId(t) for (t,) in found.rows]


async def list_due_timers(
    session: Session, tenant_id: TenantId, now: datetime, *, limit: int, device_ids: Sequence[UUID] | None = None
) -> list[tuple[UUID, UUID]]:
    """(device, zone) of timers that are due; of some devices only, when given."""
    rows = await session.execute(
        text(
            "SELECT device_id, zone_id FROM timer WHERE tenant_id = :tenant_id AND due_at <= :now"
            " AND (CAST(:ids AS uuid[]) IS NULL OR device_id = ANY(:ids)) ORDER BY due_at LIMIT :limit"
        ),
        {"tenant_id": tenant_id, "now": now, "ids": device_ids, "limit": limit},
    )
    return [(row[0], row[1]) for row in rows]

"""SQL of the ping path. The device's row is the lock: whoever holds it may read and write everything about the device."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.presence.rules.fixes import Rejected
from geoengage.presence.rules.state import DeviceState, Fix, ZoneState

_ZONES = msgspec.json.Decoder(dict[UUID, ZoneState])


@dataclass(frozen=True, slots=True)
class LockedDevice:
    """A device row under our lock. `may_locate`: location consent is granted at this moment."""

    device_id: UUID
    may_locate: bool
    token_version: int
    is_test: bool


@dataclass(frozen=True, slots=True)
class PingPolicy:
    """What the tenant says about pings, and the epoch of its zones."""

    default_accuracy_m: float
    reject_mocked: bool
    ping_retention_days: int
    epoch: int


_LOCK = (
    "SELECT id, location = 'granted', token_version, is_test FROM device"
    " WHERE tenant_id = :tenant_id AND id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE"
)


async def lock_devices(
    session: Session, tenant_id: TenantId, device_ids: Sequence[UUID], *, skip_locked: bool = False
) -> dict[UUID, LockedDevice]:
    """Lock device rows in id order (FOR NO KEY UPDATE) until the end of the transaction; unknown ids are left out."""
    rows = await session.execute(
        text(_LOCK + " SKIP LOCKED" if skip_locked else _LOCK),
        {"tenant_id": tenant_id, "ids": sorted(device_ids)},
    )
    return {row[0]: LockedDevice(*row) for row in rows}


async def list_states(session: Session, tenant_id: TenantId, device_ids: Sequence[UUID]) -> dict[UUID, DeviceState]:
    """The states of locked devices. A statement of its own, so that it sees what the last holder of the lock wrote."""
    rows = await session.execute(
        text(
            "SELECT device_id, last_at, last_sent_at, lon, lat, accuracy_m, level, level_at, connector_at, skew_s,"
            " interval_s, version, zones::text FROM device_state"
            " WHERE tenant_id = :tenant_id AND device_id = ANY(:ids)"
        ),
        {"tenant_id": tenant_id, "ids": list(device_ids)},
    )
    return {row[0]: DeviceState(*(*row[:12], _ZONES.decode(row[12]))) for row in rows}


async def get_ping_policy(session: Session, tenant_id: TenantId) -> PingPolicy:
    """The tenant's policy and epoch, in one look-up."""
    row = await session.execute(
        text(
            "SELECT t.default_accuracy_m, t.reject_mocked, t.ping_retention_days, coalesce(e.n, 0)"
            " FROM tenant t LEFT JOIN venue_epoch e ON e.tenant_id = t.id WHERE t.id = :tenant_id"
        ),
        {"tenant_id": tenant_id},
    )
    return PingPolicy(*row.one())


async def list_outlines(session: Session, tenant_id: TenantId) -> dict[UUID, BaseGeometry]:
    """The ground that each mall covers, all levels together, lon/lat."""
    rows = await session.execute(
        text("SELECT mall_id, ST_AsBinary(ST_Union(geom)) FROM level WHERE tenant_id = :tenant_id GROUP BY mall_id"),
        {"tenant_id": tenant_id},
    )
    return {row[0]: shapely.from_wkb(bytes(row[1])) for row in rows}


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
            "COPY ping (tenant_id, device_id, event_at, at, received_at, lon, lat, accuracy_m, level, source, trust,"
            " late) FROM STDIN"
        ) as copy,
    ):
        for device_id, fix, late in pings:
            await copy.write_row(
                (
                    *(tenant_id, device_id, fix.at, fix.sent_at, received_at, fix.lon, fix.lat),
                    *(fix.accuracy_m, fix.level, fix.source, fix.trust, late),
                )
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


_STATE_COLUMNS = (
    "last_at, last_sent_at, lon, lat, accuracy_m, level, level_at, connector_at, skew_s, interval_s, version, zones"
)
_UPSERT_STATES = text(
    f"INSERT INTO device_state AS s (tenant_id, device_id, {_STATE_COLUMNS})"  # noqa: S608 - constants only
    f" SELECT :tenant_id, device_id, {_STATE_COLUMNS} FROM unnest(CAST(:ids AS uuid[]), CAST(:last_at AS timestamptz[]),"
    " CAST(:last_sent_at AS timestamptz[]), CAST(:lon AS float8[]), CAST(:lat AS float8[]), CAST(:acc AS float8[]),"
    " CAST(:level AS int[]), CAST(:level_at AS timestamptz[]), CAST(:connector_at AS timestamptz[]),"
    " CAST(:skew AS float8[]), CAST(:interval AS float8[]), CAST(:version AS int[]), CAST(:zones AS jsonb[]))"
    f" AS n (device_id, {_STATE_COLUMNS})"
    " ON CONFLICT (tenant_id, device_id) DO UPDATE SET last_at = excluded.last_at, last_sent_at = excluded.last_sent_at,"
    " lon = excluded.lon, lat = excluded.lat, accuracy_m = excluded.accuracy_m, level = excluded.level,"
    " level_at = excluded.level_at, connector_at = excluded.connector_at, skew_s = excluded.skew_s,"
    " interval_s = excluded.interval_s, version = excluded.version, zones = excluded.zones"
)


async def upsert_states(session: Session, tenant_id: TenantId, states: Sequence[DeviceState]) -> None:
    """Write the states of locked devices, one row each."""
    await session.execute(
        _UPSERT_STATES,
        {
            "tenant_id": tenant_id,
            "ids": [s.device_id for s in states],
            "last_at": [s.last_at for s in states],
            "last_sent_at": [s.last_sent_at for s in states],
            "lon": [s.lon for s in states],
            "lat": [s.lat for s in states],
            "acc": [s.accuracy_m for s in states],
            "level": [s.level for s in states],
            "level_at": [s.level_at for s in states],
            "connector_at": [s.connector_at for s in states],
            "skew": [s.skew_s for s in states],
            "interval": [s.interval_s for s in states],
            "version": [s.version + 1 for s in states],
            "zones": [msgspec.json.encode(dict(s.zones)).decode() for s in states],
        },
    )


@dataclass(slots=True)
class VisitChange:
    """What one group does to one visit. `is_new`: entered in this group."""

    visit_id: UUID
    device_id: UUID
    zone_id: UUID
    zone_version: int
    entered_at: datetime
    is_new: bool = False
    exited_at: datetime | None = None
    exit_reason: str | None = None
    last_dwell_s: int | None = None


_VISITS = (
    "unnest(CAST(:ids AS uuid[]), CAST(:devices AS uuid[]), CAST(:zones AS uuid[]), CAST(:versions AS int[]),"
    " CAST(:entered AS timestamptz[]), CAST(:exited AS timestamptz[]), CAST(:reasons AS text[]), CAST(:dwells AS int[]))"
    " AS n (id, device_id, zone_id, zone_version, entered_at, exited_at, exit_reason, last_dwell_s)"
)


async def write_visits(session: Session, tenant_id: TenantId, changes: Sequence[VisitChange]) -> None:
    """Insert new visits, update the others; keep `zone_occupant` in step. Idempotent."""
    new, old = [c for c in changes if c.is_new], [c for c in changes if not c.is_new]
    if new:
        await session.execute(
            text(
                "INSERT INTO visit (tenant_id, id, device_id, zone_id, zone_version, entered_at, exited_at, exit_reason,"  # noqa: S608 - constants only
                f" last_dwell_s) SELECT :tenant_id, n.* FROM {_VISITS} ON CONFLICT DO NOTHING"
            ),
            _visit_parameters(tenant_id, new),
        )
    if old:
        await session.execute(
            text(
                "UPDATE visit v SET exited_at = coalesce(n.exited_at, v.exited_at),"  # noqa: S608 - constants only
                " exit_reason = coalesce(n.exit_reason, v.exit_reason),"
                " last_dwell_s = coalesce(n.last_dwell_s, v.last_dwell_s)"
                f" FROM {_VISITS} WHERE v.tenant_id = :tenant_id AND v.id = n.id"
            ),
            _visit_parameters(tenant_id, old),
        )
    came = [c for c in new if c.exited_at is None]
    if came:
        await session.execute(
            text(
                "INSERT INTO zone_occupant (tenant_id, zone_id, device_id, entered_at) SELECT :tenant_id, zone_id,"  # noqa: S608 - constants only
                f" device_id, entered_at FROM {_VISITS} ON CONFLICT DO NOTHING"
            ),
            _visit_parameters(tenant_id, came),
        )
    gone = [c for c in old if c.exited_at is not None]
    if gone:
        await session.execute(
            text(
                f"DELETE FROM zone_occupant o USING {_VISITS} WHERE o.tenant_id = :tenant_id AND o.zone_id = n.zone_id"  # noqa: S608 - constants only
                " AND o.device_id = n.device_id"
            ),
            _visit_parameters(tenant_id, gone),
        )


def _visit_parameters(tenant_id: TenantId, changes: Sequence[VisitChange]) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "ids": [c.visit_id for c in changes],
        "devices": [c.device_id for c in changes],
        "zones": [c.zone_id for c in changes],
        "versions": [c.zone_version for c in changes],
        "entered": [c.entered_at for c in changes],
        "exited": [c.exited_at for c in changes],
        "reasons": [c.exit_reason for c in changes],
        "dwells": [c.last_dwell_s for c in changes],
    }


async def insert_zone_events(session: Session, tenant_id: TenantId, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store zone events (JSON-ready mappings with the columns' names). Idempotent by their hashed id."""
    await session.execute(
        text(
            "INSERT INTO zone_event (tenant_id, id, at, kind, device_id, zone_id, zone_version, visit_id, dwell_s,"
            " confidence, evidence, reason, by_silence, late, recorded_at, details)"
            " SELECT :tenant_id, r.* FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, at timestamptz,"
            " kind text, device_id uuid, zone_id uuid, zone_version int, visit_id uuid, dwell_s int, confidence float8,"
            " evidence text, reason text, by_silence bool, late bool, recorded_at timestamptz, details jsonb)"
            " ON CONFLICT DO NOTHING"
        ),
        {"tenant_id": tenant_id, "rows": msgspec.json.encode(rows).decode()},
    )


async def write_timers(
    session: Session, tenant_id: TenantId, timers: Mapping[tuple[UUID, UUID], datetime | None]
) -> None:
    """Set or (None) remove the timers of (device, zone)."""
    gone = [key for key, due in timers.items() if due is None]
    due = {key: at for key, at in timers.items() if at is not None}
    if gone:
        await session.execute(
            text(
                "DELETE FROM timer t USING unnest(CAST(:devices AS uuid[]), CAST(:zones AS uuid[])) AS g (device_id,"
                " zone_id) WHERE t.tenant_id = :tenant_id AND t.device_id = g.device_id AND t.zone_id = g.zone_id"
            ),
            {"tenant_id": tenant_id, "devices": [k[0] for k in gone], "zones": [k[1] for k in gone]},
        )
    if due:
        await session.execute(
            text(
                "INSERT INTO timer (tenant_id, device_id, zone_id, due_at) SELECT :tenant_id, n.* FROM"
                " unnest(CAST(:devices AS uuid[]), CAST(:zones AS uuid[]), CAST(:due AS timestamptz[])) AS n"
                " ON CONFLICT (tenant_id, device_id, zone_id) DO UPDATE SET due_at = excluded.due_at"
            ),
            {
                "tenant_id": tenant_id,
                "devices": [k[0] for k in due],
                "zones": [k[1] for k in due],
                "due": list(due.values()),
            },
        )


async def tenants_with_due_timers(session: Session, now: datetime) -> list[TenantId]:
    """Tenants with a timer to fire (cross-tenant: the worker serves all)."""
    rows = await session.execute(text("SELECT DISTINCT tenant_id FROM timer WHERE due_at <= :now"), {"now": now})
    return [TenantId(t) for t in rows.scalars()]


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


async def list_occupants(session: Session, tenant_id: TenantId, zone_id: UUID, *, limit: int = 200) -> list[UUID]:
    """Devices inside a zone, in id order."""
    rows = await session.execute(
        text(
            "SELECT device_id FROM zone_occupant WHERE tenant_id = :tenant_id AND zone_id = :zone_id"
            " ORDER BY device_id LIMIT :limit"
        ),
        {"tenant_id": tenant_id, "zone_id": zone_id, "limit": limit},
    )
    return list(rows.scalars())


async def forget_positions(session: Session, tenant_id: TenantId, device_id: UUID) -> None:
    """Delete all coordinates of a device: pings, state, timers. Visits and events hold none and stay."""
    for table in ("ping", "ping_rejection", "device_state", "timer", "zone_occupant"):
        await session.execute(
            text(f"DELETE FROM {table} WHERE tenant_id = :tenant_id AND device_id = :device_id"),  # noqa: S608 - constants only
            {"tenant_id": tenant_id, "device_id": device_id},
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


# --- reading for people -------------------------------------------------------------------------------------------


async def check_token(session: Session, tenant_id: TenantId, device_id: UUID, token_version: int) -> None:
    """Raise Unauthenticated unless the device exists and its token is of the current version."""
    row = await session.execute(
        text("SELECT token_version FROM device WHERE tenant_id = :tenant_id AND id = :device_id"),
        {"tenant_id": tenant_id, "device_id": device_id},
    )
    if row.scalar() != token_version:
        raise errors.Unauthenticated("this device token was revoked; register the device again")


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

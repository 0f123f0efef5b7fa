"""Device rows and their states. The device's row is the lock: whoever holds it may read and write all about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import NoResultFound

from geoengage.kit import errors, pgarrays
from geoengage.kit.db import Session, pipelined, send
from geoengage.kit.ids import TenantId
from geoengage.presence.rules.relocation import Relocation
from geoengage.presence.rules.state import DeviceState, Track, ZoneState

_ZONES = msgspec.json.Decoder(dict[UUID, ZoneState])


class LockedDevice(NamedTuple):
    """A device row under our lock. `may_locate`: location consent is granted at this moment. `relocation`: how its
    positions are moved."""

    device_id: UUID
    may_locate: bool
    token_version: int
    relocation: Relocation | None = None


@dataclass(frozen=True, slots=True)
class PingPolicy:
    """What the tenant says about pings, and the epoch of its zones."""

    default_accuracy_m: float
    reject_mocked: bool
    ping_retention_days: int
    epoch: int


_LOCK = (
    "SELECT id, location = 'granted', token_version, relocation FROM device"
    " WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE"
)


async def lock_devices(
    session: Session, tenant_id: TenantId, device_ids: Sequence[UUID], *, skip_locked: bool = False
) -> dict[UUID, LockedDevice]:
    """Lock device rows in id order (FOR NO KEY UPDATE) until the end of the transaction; unknown ids are left out."""
    rows = await session.execute(
        text(_LOCK + " SKIP LOCKED" if skip_locked else _LOCK),
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(device_ids)},
    )
    return {row[0]: _device(row) for row in rows}


def _device(row: Any) -> LockedDevice:
    return LockedDevice(row[0], row[1], row[2], Relocation.of(row[3]))


_LIST_STATES = (
    "SELECT device_id, last_at, last_sent_at, lon, lat, accuracy_m, level, level_at, connector_at, skew_s,"
    " interval_s, version, trust, source, settled_at, venue_at, checkpoint_at,"
    " level_weight, track::text, zones::text FROM device_state"
    " WHERE tenant_id = :tenant_id AND device_id = ANY(:ids)"
)
_TRACK = msgspec.json.Decoder(Track)
_NOWHERE: dict[UUID, ZoneState] = {}  # most devices are in no zone


async def list_states(session: Session, tenant_id: TenantId, device_ids: Sequence[UUID]) -> dict[UUID, DeviceState]:
    """The states of locked devices. A statement of its own, so that it sees what the last holder of the lock wrote."""
    rows = await session.execute(text(_LIST_STATES), {"tenant_id": tenant_id, "ids": pgarrays.uuids(device_ids)})
    return {row[0]: _state(row) for row in rows}


def _state(row: Any) -> DeviceState:
    track, zones = row[-2:]
    known = None if track is None else _TRACK.decode(track)
    return DeviceState(*(*row[:-2], known, _NOWHERE if zones == "{}" else _ZONES.decode(zones)))


_POLICY = "SELECT t.default_accuracy_m, t.reject_mocked, t.ping_retention_days, coalesce(e.n, 0)"
_OF_TENANT = " FROM tenant t LEFT JOIN venue_epoch e ON e.tenant_id = t.id WHERE t.id = :tenant_id"


async def get_ping_policy(session: Session, tenant_id: TenantId) -> PingPolicy:
    """The tenant's policy and epoch, in one look-up."""
    row = await session.execute(text(_POLICY + _OF_TENANT), {"tenant_id": tenant_id})
    return PingPolicy(*row.one())


class Admission(NamedTuple):
    """What is to be known before a group is decided on. `live_keys`: those of the keys asked for that are not revoked.
    `locked`, `states`: the devices asked for, under our lock."""

    policy: PingPolicy
    live_keys: frozenset[UUID]
    locked: dict[UUID, LockedDevice]
    states: dict[UUID, DeviceState]


_ADMIT = (
    f"{_POLICY},"  # noqa: S608 - constants only
    " ARRAY(SELECT c.id FROM credential c WHERE c.tenant_id = t.id AND c.id = ANY(:keys) AND c.revoked_at IS NULL),"
    " set_config('lock_timeout', :wait, true)" + _OF_TENANT
)


async def admit(
    session: Session, tenant_id: TenantId, key_ids: Sequence[UUID], device_ids: Sequence[UUID], wait_ms: int
) -> Admission:
    """The tenant's policy and epoch, which keys still hold, then `lock_devices` and `list_states`, in one trip.

    `wait_ms` limits every wait for a lock in this transaction from here on.
    """
    whole = {"tenant_id": tenant_id, "keys": pgarrays.uuids(key_ids), "wait": f"{wait_ms}ms"}
    some = {"tenant_id": tenant_id, "ids": pgarrays.uuids(device_ids)}
    async with pipelined(session):
        tenant = await send(session, _ADMIT, whole)
        locked, states = await send(session, _LOCK, some), await send(session, _LIST_STATES, some)
    if not tenant.rows:
        raise NoResultFound
    row = tenant.rows[0]
    return Admission(
        PingPolicy(*row[:4]),
        frozenset(row[4]),
        {r[0]: _device(r) for r in locked.rows},
        {r[0]: _state(r) for r in states.rows},
    )


_STATE_COLUMNS = (
    "last_at, last_sent_at, lon, lat, accuracy_m, level, level_at, connector_at, skew_s, interval_s, version, trust,"
    " source, settled_at, venue_at, checkpoint_at, level_weight, track, zones"
)
_UPSERT_STATES = (
    f"INSERT INTO device_state AS s (tenant_id, device_id, {_STATE_COLUMNS})"  # noqa: S608 - constants only
    f" SELECT :tenant_id, device_id, {_STATE_COLUMNS} FROM unnest("
    " CAST(:ids AS uuid[]), CAST(:last_at AS timestamptz[]), CAST(:last_sent_at AS timestamptz[]),"
    " CAST(:lon AS float8[]), CAST(:lat AS float8[]), CAST(:acc AS float8[]), CAST(:level AS int[]),"
    " CAST(:level_at AS timestamptz[]), CAST(:connector_at AS timestamptz[]), CAST(:skew AS float8[]),"
    " CAST(:interval AS float8[]), CAST(:version AS int[]), CAST(:trust AS float8[]), CAST(:source AS text[]),"
    " CAST(:settled_at AS timestamptz[]), CAST(:venue_at AS timestamptz[]), CAST(:checkpoint_at AS timestamptz[]),"
    " CAST(:level_weight AS float8[]), CAST(:track AS jsonb[]), CAST(:zones AS jsonb[]))"
    f" AS n (device_id, {_STATE_COLUMNS}) ON CONFLICT (tenant_id, device_id) DO UPDATE SET"
    " last_at = excluded.last_at, last_sent_at = excluded.last_sent_at, lon = excluded.lon, lat = excluded.lat,"
    " accuracy_m = excluded.accuracy_m, level = excluded.level, level_at = excluded.level_at,"
    " connector_at = excluded.connector_at, skew_s = excluded.skew_s, interval_s = excluded.interval_s,"
    " version = excluded.version, trust = excluded.trust, source = excluded.source, settled_at = excluded.settled_at,"
    " venue_at = excluded.venue_at, checkpoint_at = excluded.checkpoint_at, level_weight = excluded.level_weight,"
    " track = excluded.track, zones = excluded.zones"
)


async def upsert_states(session: Session, tenant_id: TenantId, states: Sequence[DeviceState]) -> None:
    """Write the states of locked devices, one row each."""
    given = {
        "tenant_id": tenant_id,
        "ids": pgarrays.uuids(s.device_id for s in states),
        "last_at": pgarrays.times(s.last_at for s in states),
        "last_sent_at": pgarrays.times(s.last_sent_at for s in states),
        "lon": pgarrays.floats([s.lon for s in states]),
        "lat": pgarrays.floats([s.lat for s in states]),
        "acc": pgarrays.floats([s.accuracy_m for s in states]),
        "level": pgarrays.ints_or_null(s.level for s in states),
        "level_at": pgarrays.times_or_null(s.level_at for s in states),
        "connector_at": pgarrays.times_or_null(s.connector_at for s in states),
        "skew": pgarrays.floats([s.skew_s for s in states]),
        "interval": pgarrays.floats([s.interval_s for s in states]),
        "version": pgarrays.ints([s.version + 1 for s in states]),
        "trust": pgarrays.floats([s.trust for s in states]),
        "source": pgarrays.texts(s.source for s in states),
        "settled_at": pgarrays.times(s.settled_at for s in states),
        "venue_at": pgarrays.times(s.venue_at for s in states),
        "checkpoint_at": pgarrays.times(s.checkpoint_at for s in states),
        "level_weight": pgarrays.floats([s.level_weight for s in states]),
        "track": pgarrays.jsons_or_null(None if s.track is None else msgspec.json.encode(s.track) for s in states),
        "zones": pgarrays.jsons(msgspec.json.encode(s.zones) if s.zones else b"{}" for s in states),
    }
    await send(session, _UPSERT_STATES, given)


async def forget_positions(session: Session, tenant_id: TenantId, device_ids: Sequence[UUID]) -> None:
    """Delete all coordinates of devices: pings, state, timers, where they were moved from. Visits and events hold none
    and stay."""
    for table in ("ping_run", "ping_rejection", "checkpoint", "device_state", "timer", "zone_occupant"):
        await session.execute(
            text(f"DELETE FROM {table} WHERE tenant_id = :tenant_id AND device_id = ANY(:ids)"),  # noqa: S608 - constants only
            {"tenant_id": tenant_id, "ids": list(device_ids)},
        )
    await session.execute(
        text(
            "UPDATE device SET relocation = NULL"
            " WHERE tenant_id = :tenant_id AND id = ANY(:ids) AND relocation IS NOT NULL"
        ),
        {"tenant_id": tenant_id, "ids": list(device_ids)},
    )


async def set_relocation(session: Session, tenant_id: TenantId, device_id: UUID, relocation: Relocation) -> None:
    """Move a locked device's positions from now on."""
    await session.execute(
        text("UPDATE device SET relocation = :relocation WHERE tenant_id = :tenant_id AND id = :device_id").bindparams(
            bindparam("relocation", type_=JSONB)
        ),
        {"tenant_id": tenant_id, "device_id": device_id, "relocation": relocation.as_row()},
    )


async def find_device(session: Session, tenant_id: TenantId, device_id: UUID, token_version: int) -> LockedDevice:
    """A device by its token, without a lock; Unauthenticated when the token is not of the current version."""
    rows = await session.execute(
        text(
            "SELECT id, location = 'granted', token_version, relocation FROM device"
            " WHERE tenant_id = :tenant_id AND id = :device_id AND token_version = :version"
        ),
        {"tenant_id": tenant_id, "device_id": device_id, "version": token_version},
    )
    row = rows.one_or_none()
    if row is None:
        raise errors.Unauthenticated("this device token was revoked; register the device again")
    return _device(row)

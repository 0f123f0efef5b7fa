"""Stored pings: runs of records in and out (`rules/records.py`), known times, old ones deleted.

Callers hold the locks of the devices.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text

from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.presence.rules.fixes import Rejected
from geoengage.presence.rules.records import (
    EPOCH,
    US,
    Run,
    RunKey,
    fixes_of,
    micros,
    moment,
    with_verdicts,
)
from geoengage.presence.rules.state import Fix, Said, by_time

RUN_SPAN = timedelta(hours=1)  # a run begins at most so long before its last fix

_RUNS = text(
    "SELECT device_id, event_at, at, last_at, source, late, said_zone_id, said_left, fixes FROM ping_run"
    " WHERE tenant_id = :tenant_id AND device_id = ANY(:ids)"
    " AND event_at >= coalesce(CAST(:first AS timestamptz), '-infinity')"
    " AND last_at >= coalesce(CAST(:since AS timestamptz), '-infinity')"
    " AND event_at <= coalesce(CAST(:until AS timestamptz), 'infinity')"
)


async def _list_runs(
    session: Session,
    tenant_id: TenantId,
    device_ids: Sequence[UUID],
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Run]:
    """The runs that reach into a span of event time; None: without end."""
    first = None if since is None else since - RUN_SPAN
    rows = await session.execute(
        _RUNS, {"tenant_id": tenant_id, "ids": list(device_ids), "first": first, "since": since, "until": until}
    )
    return [
        Run(
            RunKey(device_id, (event_at - at) // US, source, late, None if zone is None else Said(zone, left)),
            micros(event_at),
            micros(last_at),
            fixes,
        )
        for device_id, event_at, at, last_at, source, late, zone, left, fixes in rows
    ]


async def list_known_times(
    session: Session, tenant_id: TenantId, device_ids: Sequence[UUID], since: datetime, until: datetime
) -> set[tuple[UUID, datetime]]:
    """(device, time as sent) of stored pings whose event time lies between the two moments: for finding duplicates."""
    runs = await _list_runs(session, tenant_id, device_ids, since, until)
    return {(run.key.device_id, fix.sent_at) for run in runs for fix in fixes_of(run) if since <= fix.at <= until}


_COPY = (
    "COPY ping_run (tenant_id, device_id, event_at, at, last_at, received_at, late, source, said_zone_id, said_left,"
    " fixes) FROM STDIN (FORMAT binary)"
)
_UUID, _TIME, _BOOL = (">i4", "V16"), (">i4", ">i8"), (">i4", "V1")
# What of a row has a fixed length, as COPY wants it: the number of columns, and each with its length before it.
_HEAD = np.dtype(
    [("columns", ">i2")]
    + [
        (f"{part}_{name}", kind)
        for name, kinds in (
            ("tenant", _UUID), ("device", _UUID), ("event_at", _TIME), ("at", _TIME), ("last_at", _TIME),
            ("received_at", _TIME), ("late", _BOOL),
        )
        for part, kind in zip(("length", "value"), kinds, strict=True)
    ]
)  # fmt: skip
_LENGTHS = {"tenant": 16, "device": 16, "event_at": 8, "at": 8, "last_at": 8, "received_at": 8, "late": 1}
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_PG_EPOCH_US = micros(datetime(2000, 1, 1, tzinfo=EPOCH.tzinfo))  # times of the database count from 2000


async def insert_runs(session: Session, tenant_id: TenantId, runs: Sequence[Run], received_at: datetime) -> None:
    """COPY runs, of which duplicates have been left out.

    Binary and made of arrays: writing row by row costs ten times as much as the database needs.
    """
    raw = await (await session.connection()).get_raw_connection()
    connection: Any = raw.driver_connection
    async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        await copy.write(_copy_data(tenant_id, runs, received_at))


def _copy_data(tenant_id: TenantId, runs: Sequence[Run], received_at: datetime) -> bytes:
    first = np.array([r.first_us for r in runs], dtype=np.int64) - _PG_EPOCH_US
    heads = np.zeros(len(runs), dtype=_HEAD)
    heads["columns"] = 11
    for name, length in _LENGTHS.items():
        heads[f"length_{name}"] = length
    heads["value_tenant"] = np.void(tenant_id.bytes)
    heads["value_device"] = np.frombuffer(b"".join([r.key.device_id.bytes for r in runs]), dtype="V16")
    heads["value_event_at"] = first
    heads["value_at"] = first - np.array([r.key.skew_us for r in runs], dtype=np.int64)
    heads["value_last_at"] = np.array([r.last_us for r in runs], dtype=np.int64) - _PG_EPOCH_US
    heads["value_received_at"] = micros(received_at) - _PG_EPOCH_US
    heads["value_late"] = np.frombuffer(bytes(r.key.late for r in runs), dtype="V1")
    head, size = heads.tobytes(), _HEAD.itemsize
    tails: dict[tuple[str, Said | None], bytes] = {}
    parts = [_SIGNATURE]
    for n, run in enumerate(runs):
        kind = (run.key.source, run.key.said)
        if kind not in tails:
            tails[kind] = _tail(*kind)
        parts += (head[n * size : (n + 1) * size], tails[kind], _sized(run.fixes))
    return b"".join((*parts, b"\xff\xff"))


def _tail(source: str, said: Said | None) -> bytes:
    told = (None, None) if said is None else (said.zone_id.bytes, bytes([said.left]))
    return b"".join(map(_sized, (source.encode(), *told)))


def _sized(value: bytes | None) -> bytes:
    """A value with its length before it; None is NULL."""
    return b"\xff\xff\xff\xff" if value is None else len(value).to_bytes(4) + value


async def list_fixes(session: Session, tenant_id: TenantId, device_id: UUID, after: datetime | None) -> list[Fix]:
    """The stored fixes of a locked device with a later event time (None: all), in order, each with its verdict."""
    runs = await _list_runs(session, tenant_id, [device_id], after)
    fixes = (fix for run in runs for fix in fixes_of(run))
    return sorted((fix for fix in fixes if after is None or fix.at > after), key=by_time)


async def set_verdicts(session: Session, tenant_id: TenantId, fixes: Sequence[tuple[UUID, Fix]]) -> None:
    """Note of stored fixes (device, fix) whether they are believed, as `fix.verdict` has it now."""
    verdicts = {(device_id, fix.at, fix.sent_at): fix.verdict for device_id, fix in fixes}
    ids, times = list({device_id for device_id, _ in fixes}), [fix.at for _, fix in fixes]
    runs = await _list_runs(session, tenant_id, ids, min(times), max(times))
    changed = [judged for run in runs if (judged := with_verdicts(run, verdicts)) is not run]
    await session.execute(
        text(
            "UPDATE ping_run p SET fixes = n.fixes FROM unnest(CAST(:devices AS uuid[]), CAST(:times AS timestamptz[]),"
            " CAST(:sent AS timestamptz[]), CAST(:fixes AS bytea[])) AS n (device_id, event_at, at, fixes)"
            " WHERE p.tenant_id = :tenant_id AND p.device_id = n.device_id AND p.event_at = n.event_at AND p.at = n.at"
        ),
        {
            "tenant_id": tenant_id,
            "devices": [run.key.device_id for run in changed],
            "times": [moment(run.first_us) for run in changed],
            "sent": [moment(run.first_us - run.key.skew_us) for run in changed],
            "fixes": [run.fixes for run in changed],
        },
    )


async def insert_rejections(
    session: Session,
    tenant_id: TenantId,
    rejections: Sequence[tuple[UUID, datetime | None, Rejected]],
    received_at: datetime,
) -> None:
    """Note refused pings, without coordinates."""
    await send(
        session,
        "INSERT INTO ping_rejection (tenant_id, device_id, received_at, n, at, reason)"
        " SELECT :tenant_id, device_id, :received_at, n, at, reason FROM unnest("
        " CAST(:devices AS uuid[]), CAST(:times AS timestamptz[]), CAST(:reasons AS text[]))"
        " WITH ORDINALITY AS r (device_id, at, reason, n) ON CONFLICT DO NOTHING",
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
            "DELETE FROM ping_run p USING tenant t WHERE t.id = p.tenant_id"
            " AND p.last_at < CAST(:now AS timestamptz) - make_interval(days => t.ping_retention_days)"
        ),
        {"now": now},
    )

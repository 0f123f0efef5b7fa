"""Stored pings: runs of records in and out (`rules/records.py`), known times, old ones deleted.

Callers hold the locks of the devices.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import text

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.presence.rules.fixes import Rejected
from geoengage.presence.rules.records import (
    US,
    PlainRuns,
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


_INSERT_RUNS = (
    "INSERT INTO ping_run (tenant_id, received_at, device_id, event_at, at, last_at, late, source, said_zone_id,"
    " said_left, fixes) SELECT :tenant_id, :received_at, n.* FROM unnest(CAST(:devices AS uuid[]),"
    " CAST(:event_at AS timestamptz[]), CAST(:at AS timestamptz[]), CAST(:last_at AS timestamptz[]),"
    " CAST(:late AS bool[]), CAST(:sources AS text[]), CAST(:zones AS uuid[]), CAST(:said_left AS bool[]),"
    " CAST(:fixes AS bytea[])) AS n"
)


async def insert_runs(session: Session, tenant_id: TenantId, runs: Sequence[Run], received_at: datetime) -> None:
    """Store runs, of which duplicates have been left out."""
    keys = [r.key for r in runs]
    first = np.array([r.first_us for r in runs])
    await send(
        session,
        _INSERT_RUNS,
        {
            "tenant_id": tenant_id,
            "received_at": received_at,
            "devices": pgarrays.uuids(k.device_id for k in keys),
            "event_at": pgarrays.moments(first),
            "at": pgarrays.moments(first - np.array([k.skew_us for k in keys])),
            "last_at": pgarrays.moments(np.array([r.last_us for r in runs])),
            "late": pgarrays.bools_or_null(k.late for k in keys),
            "sources": pgarrays.texts(k.source for k in keys),
            "zones": pgarrays.uuids_or_null(None if k.said is None else k.said.zone_id for k in keys),
            "said_left": pgarrays.bools_or_null(None if k.said is None else k.said.left for k in keys),
            "fixes": pgarrays.blobs(r.fixes for r in runs),
        },
    )


_INSERT_PLAIN_RUNS = (
    "INSERT INTO ping_run (tenant_id, received_at, device_id, event_at, at, last_at, late, source, fixes)"
    " SELECT :tenant_id, :received_at, device_id, event_at, at, last_at, false, source, fixes"
    " FROM unnest(CAST(:devices AS uuid[]), CAST(:event_at AS timestamptz[]), CAST(:at AS timestamptz[]),"
    " CAST(:last_at AS timestamptz[]), CAST(:sources AS text[]), CAST(:fixes AS bytea[]))"
    " AS n (device_id, event_at, at, last_at, source, fixes)"
)


async def insert_plain_runs(session: Session, tenant_id: TenantId, runs: PlainRuns, received_at: datetime) -> None:
    """The same for runs that have come as columns."""
    await send(
        session,
        _INSERT_PLAIN_RUNS,
        {
            "tenant_id": tenant_id,
            "received_at": received_at,
            "devices": pgarrays.uuids(runs.devices),
            "event_at": pgarrays.moments(runs.first_us),
            "at": pgarrays.moments(runs.first_us - runs.skew_us),
            "last_at": pgarrays.moments(runs.last_us),
            "sources": pgarrays.texts(runs.sources),
            "fixes": pgarrays.blobs(runs.fixes),
        },
    )


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
            "devices": pgarrays.uuids(r[0] for r in rejections),
            "times": pgarrays.times_or_null(r[1] for r in rejections),
            "reasons": pgarrays.texts(r[2].value for r in rejections),
        },
    )

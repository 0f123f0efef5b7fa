"""Checkpoints: whole device states of some moments, from which a late fix lets everything be decided anew."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.presence.rules.state import DeviceState

_STATE = msgspec.json.Decoder(DeviceState)


async def insert_checkpoints(session: Session, tenant_id: TenantId, states: Sequence[DeviceState]) -> None:
    """Keep states of locked devices, each at the moment up to which it has decided everything."""
    await send(
        session,
        "INSERT INTO checkpoint (tenant_id, device_id, at, state) SELECT :tenant_id, n.* FROM"
        " unnest(CAST(:devices AS uuid[]), CAST(:times AS timestamptz[]), CAST(:states AS jsonb[])) AS n"
        " ON CONFLICT (tenant_id, device_id, at) DO UPDATE SET state = excluded.state",
        {
            "tenant_id": tenant_id,
            "devices": pgarrays.uuids(s.device_id for s in states),
            "times": pgarrays.times(s.decided_at for s in states),
            "states": pgarrays.jsons(msgspec.json.encode(s) for s in states),
        },
    )


async def rewind_checkpoints(
    session: Session, tenant_id: TenantId, to: Mapping[UUID, datetime]
) -> dict[UUID, DeviceState]:
    """The newest checkpoint of locked devices before a moment of each; those of later are deleted, being wrong now."""
    wanted = {"tenant_id": tenant_id, "devices": list(to), "times": list(to.values())}
    moments = "unnest(CAST(:devices AS uuid[]), CAST(:times AS timestamptz[])) AS n (device_id, at)"
    await session.execute(
        text(
            f"DELETE FROM checkpoint c USING {moments}"  # noqa: S608 - constants only
            " WHERE c.tenant_id = :tenant_id AND c.device_id = n.device_id AND c.at >= n.at"
        ),
        wanted,
    )
    rows = await session.execute(
        text(
            "SELECT DISTINCT ON (c.device_id) c.device_id, c.state::text"  # noqa: S608 - constants only
            f" FROM checkpoint c JOIN {moments} ON c.device_id = n.device_id"
            " WHERE c.tenant_id = :tenant_id ORDER BY c.device_id, c.at DESC"
        ),
        wanted,
    )
    return {row[0]: _STATE.decode(row[1]) for row in rows}


async def find_checkpoint(
    session: Session, tenant_id: TenantId, device_id: UUID, before: datetime
) -> DeviceState | None:
    """The newest checkpoint of a device that was taken before a moment; takes no lock."""
    rows = await session.execute(
        text(
            "SELECT state::text FROM checkpoint WHERE tenant_id = :tenant_id AND device_id = :device_id"
            " AND at < :before ORDER BY at DESC LIMIT 1"
        ),
        {"tenant_id": tenant_id, "device_id": device_id, "before": before},
    )
    found = rows.scalar_one_or_none()
    return None if found is None else _STATE.decode(found)

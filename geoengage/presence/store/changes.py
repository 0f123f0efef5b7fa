"""Zones that change at a moment, and the devices that this may concern."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id

LONGEST_SILENCE = timedelta(hours=4)  # whoever was last heard of before that is inside nowhere (`WATCHED_TIMEOUT_S`)


@dataclass(frozen=True, slots=True)
class DueChange:
    """Zones that have changed at `due_at`; `after` is the last device that has been given its fate."""

    id: UUID
    due_at: datetime
    zone_ids: Sequence[UUID]
    after: UUID | None


async def insert_zone_change(session: Session, tenant_id: TenantId, zone_ids: Sequence[UUID], due_at: datetime) -> None:
    """Note that zones change at a moment."""
    await session.execute(
        text("INSERT INTO zone_change (tenant_id, id, due_at, zone_ids) VALUES (:tenant_id, :id, :due_at, :zone_ids)"),
        {"tenant_id": tenant_id, "id": new_id(), "due_at": due_at, "zone_ids": list(zone_ids)},
    )


async def claim_zone_change(session: Session, tenant_id: TenantId, now: datetime) -> DueChange | None:
    """The oldest change that is due and that nobody else is at, locked."""
    rows = await session.execute(
        text(
            "SELECT id, due_at, zone_ids, after FROM zone_change WHERE tenant_id = :tenant_id AND due_at <= :now"
            " ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED"
        ),
        {"tenant_id": tenant_id, "now": now},
    )
    row = rows.one_or_none()
    return None if row is None else DueChange(*row)


async def move_zone_change(session: Session, tenant_id: TenantId, id_: UUID, after: UUID | None) -> None:
    """Note how far a claimed change has come; None: it is done."""
    done = "DELETE FROM zone_change WHERE tenant_id = :tenant_id AND id = :id"
    go_on = "UPDATE zone_change SET after = :after WHERE tenant_id = :tenant_id AND id = :id"
    await session.execute(
        text(done if after is None else go_on),
        {"tenant_id": tenant_id, "id": id_} | ({} if after is None else {"after": after}),
    )


async def list_concerned(
    session: Session,
    tenant_id: TenantId,
    change: DueChange,
    box: tuple[float, float, float, float] | None,
    *,
    limit: int,
) -> list[UUID]:
    """The next devices, in id order, that are inside a changed zone or were last seen in the box (west, south, east,
    north). Goes along the key of the states, and no further than for so many."""
    west, south, east, north = box or (None, None, None, None)
    rows = await session.execute(
        text(
            "(SELECT device_id FROM zone_occupant WHERE tenant_id = :tenant_id AND zone_id = ANY(:zone_ids)"
            " AND device_id > :after ORDER BY 1 LIMIT :limit)"
            " UNION (SELECT device_id FROM device_state WHERE tenant_id = :tenant_id AND last_at > :since"
            " AND lon BETWEEN CAST(:west AS float8) AND CAST(:east AS float8)"
            " AND lat BETWEEN CAST(:south AS float8) AND CAST(:north AS float8)"
            " AND device_id > :after ORDER BY 1 LIMIT :limit) ORDER BY 1 LIMIT :limit"
        ),
        {
            "tenant_id": tenant_id, "zone_ids": list(change.zone_ids), "since": change.due_at - LONGEST_SILENCE,
            "west": west, "south": south, "east": east, "north": north, "after": change.after or UUID(int=0),
            "limit": limit,
        },
    )  # fmt: skip
    return list(rows.scalars())

"""People in campaigns that do not run: those of a paused one sleep, those of one that is over have left."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from geoengage.campaigns.entries import Entry, Moved
from geoengage.campaigns.rules import Ended
from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId


async def put_to_rest(session: Session, tenant_id: TenantId, resting: Sequence[Entry], now: datetime) -> list[Moved]:
    """Where people stand whose campaign is not in force: until it begins, until it is activated, or nowhere."""
    if not resting:
        return []
    found = await send(
        session,
        "SELECT id, status, valid_from, deleted_at IS NOT NULL OR coalesce(valid_to <= :now, false) AS over"
        " FROM campaign WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids({e.campaign_id for e in resting}), "now": now},
    )
    campaigns: dict[UUID, tuple[str, datetime | None, bool]] = {r[0]: (r[1], r[2], r[3]) for r in found.rows}
    moved = []
    for entry in resting:
        status, valid_from, over = campaigns.get(entry.campaign_id, ("", None, True))
        wake_at = valid_from if status == "active" and valid_from is not None and valid_from > now else None
        moved.append(Moved(entry, entry.spot, wake_at, end=Ended.CAMPAIGN_OVER if over else None))
    return moved

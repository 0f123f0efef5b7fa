"""A segment or list on which something rests is not taken away."""

from datetime import datetime
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.segments.store.uses import list_uses


class InUse(errors.Conflict):
    """Something rests on it; `used_by` lists what."""

    code = "in-use"
    title = "Something else rests on it"


async def check_unused(session: Session, tenant_id: TenantId, id_: UUID, now: datetime) -> None:
    """Raise InUse while a campaign that has not finished or a segment names this segment or list."""
    used = (await list_uses(session, tenant_id, [id_], now)).get(id_, [])
    if used:
        named = ", ".join(f"the {use.kind} “{use.name}”" for use in used[:5])
        more = f" and {len(used) - 5} more" if len(used) > 5 else ""
        raise InUse(
            f"{named}{more} would lose it; change or delete what rests on it first",
            used_by=[{"kind": use.kind, "id": str(use.id), "name": use.name, "status": use.status} for use in used],
        )
